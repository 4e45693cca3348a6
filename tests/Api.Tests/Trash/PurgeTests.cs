using System.Text.Json;
using Frazil.Entities;
using Frazil.Iceberg.Manifests;

namespace Frazil.Api.Tests;

/// <summary>A test with tables that have real manifests and files.</summary>
public abstract class TableFilesTests(World world) : TrashTests(world)
{
    /// <summary>
    /// Makes a table with every kind of file: two snapshots that share a manifest, data and delete files, statistics of both kinds, and two old metadata files. Thirteen files below its location.
    /// </summary>
    protected async Task<string> MakeTableAsync(string name, string more = "")
    {
        var location = (await Catalog.CreateTableAsync("ns", name, more)).Ok().Metadata.GetProperty("location").GetString()!;
        await MakeManifestAsync($"{location}/metadata/m1.avro", $"{location}/data/a.parquet", $"{location}/data/b.parquet");
        await MakeManifestAsync($"{location}/metadata/m2.avro", $"{location}/data/c.parquet", $"{location}/data/d-deletes.parquet");
        await MakeListAsync($"{location}/metadata/snap-1.avro", $"{location}/metadata/m1.avro");
        await MakeListAsync($"{location}/metadata/snap-2.avro", $"{location}/metadata/m1.avro", $"{location}/metadata/m2.avro");
        await MakeFilesAsync($"{location}/metadata/s.puffin", $"{location}/metadata/p.stats");
        (await Catalog.CommitAsync("ns", name, "", Sample.Append(1, 1, location))).Ok();
        var statistics = $$"""{"snapshot-id":2,"statistics-path":"{{location}}/metadata/s.puffin","file-size-in-bytes":1,"file-footer-size-in-bytes":1,"blob-metadata":[]}""";
        var partitions = $$"""{"snapshot-id":2,"statistics-path":"{{location}}/metadata/p.stats","file-size-in-bytes":1}""";
        (await Catalog.CommitAsync("ns", name, "", $$"""
            {{Sample.Append(2, 2, location, parent: 1)}},{"action":"set-statistics","statistics":{{statistics}}},{"action":"set-partition-statistics","partition-statistics":{{partitions}}}
            """)).Ok();
        Assert.Equal(13, (await World.ListFilesAsync(location)).Count);
        return location;
    }

    protected async Task MakeManifestAsync(string location, params string[] paths)
    {
        await MakeFilesAsync([.. paths.Where(path => path.StartsWith(World.Root, StringComparison.Ordinal))]);
        await PutAsync(location, AvroBytes.File(AvroSchemas.Manifest(), paths.Length, [.. paths.Select(path => AvroSchemas.ManifestEntry(path: path))]));
    }

    protected Task MakeListAsync(string location, params string[] manifests) =>
        PutAsync(location, AvroBytes.File(AvroSchemas.List(), manifests.Length, [.. manifests.Select(AvroSchemas.ListEntry)]));

    protected Task MakeFilesAsync(params string[] locations) =>
        Task.WhenAll(locations.Select(location => World.Files.CreateAsync(location, "rows"u8.ToArray(), CancellationToken.None).AsTask()));

    protected async Task PutAsync(string location, byte[] content) => Assert.True(await World.Files.CreateAsync(location, content, CancellationToken.None));

    protected async Task DeleteFileAsync(string location)
    {
        Assert.NotNull(await World.Files.ReadAsync(location, CancellationToken.None));
        await World.Files.DeleteAsync(location, CancellationToken.None);
    }

    /// <summary>Drops with a purge, and lets the time in the trash go by.</summary>
    protected async Task DropAndExpireAsync(string name)
    {
        (await DropAsync(name, "?purgeRequested=true")).NoContent();
        Clock.Advance(Week);
        Assert.Equal(1, (await RunAsync(JobList.Expire)).Done);
    }

    /// <summary>The only task.</summary>
    protected async Task<JsonElement> TaskAsync() => Assert.Single(await TasksAsync());

    protected Task<Reply> ControlAsync(JsonElement task, string action) => Management.PostAsync(
        "/task/control", $$"""{"action":{"action-type":"{{action}}"},"task-ids":["{{task.GetProperty("task-id").GetString()}}"]}""");

    protected static string StatusOf(JsonElement task) => task.GetProperty("status").GetString()!;
}

public sealed class PurgeTestsInMemory() : PurgeTests(new MemoryWorld());

public sealed class PurgeTestsEmbedded() : PurgeTests(new EmbeddedWorld());

[Trait("Needs", "dynamodb")]
[Trait("Needs", "s3")]
public sealed class PurgeTestsAws() : PurgeTests(new AwsWorld());

[Trait("Needs", "azurite")]
public sealed class PurgeTestsAzure() : PurgeTests(new AzureWorld());

public abstract class PurgeTests(World world) : TableFilesTests(world)
{
    [Fact]
    [Trait("Behaviour", "133")]
    public async Task Purge_deletes_every_file_of_a_table_when_its_time_in_the_trash_is_over()
    {
        var location = await MakeTableAsync("t");
        var uuid = (await Catalog.LoadTableAsync("ns", "t")).Ok().Metadata.GetProperty("table-uuid").GetString()!;
        (await DropAsync("t", "?purgeRequested=true")).NoContent();
        Clock.Advance(Week - TimeSpan.FromMilliseconds(1));
        Assert.Equal(0, (await RunAsync(JobList.Expire)).Done);
        Assert.Equal(0, (await RunAsync(JobList.Purge)).Done);
        Assert.Equal(13, (await World.ListFilesAsync(location)).Count);
        Clock.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal(1, (await RunAsync(JobList.Expire)).Done);
        Assert.Equal("task Scheduled", await StandingAsync(uuid));
        var result = await RunAsync(JobList.Purge);

        Assert.Equal(new JobResult(JobList.Purge, 1, 0, 13, false), result);
        Assert.Empty(await World.ListFilesAsync(location));
        Assert.Equal("gone", await StandingAsync(uuid));
        var task = await TaskAsync();
        Assert.Equal("success", StatusOf(task));
        Assert.Equal(13, task.GetProperty("files-deleted").GetInt64());
        Assert.Equal(0, task.GetProperty("files-skipped").GetInt64());
        (await Catalog.CreateTableAsync("ns", "u", $$""","location":"{{location}}" """)).Ok();
    }

    [Fact]
    [Trait("Behaviour", "135")]
    public async Task Purge_deletes_what_the_metadata_reaches_and_never_a_prefix()
    {
        var location = await MakeTableAsync("t", $$""","location":"{{Catalog.Base}}/place/t" """);
        var neighbour = await MakeTableAsync("u", $$""","location":"{{Catalog.Base}}/place/t2" """);
        await MakeFilesAsync($"{location}/data/of-nobody.parquet");
        (await Catalog.RenameAsync("tables", ("ns", "t"), ("ns", "renamed"))).NoContent();
        var kept = (await World.ListFilesAsync(neighbour)).Append($"{location}/data/of-nobody.parquet").Order(StringComparer.Ordinal).ToArray();

        await DropAndExpireAsync("renamed");
        await RunAsync(JobList.Purge);

        Assert.Equal(kept, await World.ListFilesAsync());
        (await Catalog.LoadTableAsync("ns", "u")).Ok();
    }

    [Fact]
    public async Task Expiry_without_a_purge_forgets_the_table_and_keeps_every_file()
    {
        var location = await MakeTableAsync("t");
        var created = (await Catalog.LoadTableAsync("ns", "t")).Ok();
        var files = await World.ListFilesAsync();
        (await DropAsync("t")).NoContent();
        Clock.Advance(Week);

        Assert.Equal(1, (await RunAsync(JobList.Expire)).Done);
        await RunAsync(JobList.Purge);

        Assert.Equal("gone", await StandingAsync(created.Metadata.GetProperty("table-uuid").GetString()!));
        Assert.Empty(await TasksAsync());
        Assert.Equal(files, await World.ListFilesAsync());
        (await RegisterAsync("again", created.MetadataLocation)).Ok();
        Assert.Equal(13, (await World.ListFilesAsync(location)).Count);
    }

    [Fact]
    public async Task Files_outside_of_the_tables_own_locations_are_left_alone_and_counted()
    {
        var neighbour = await MakeTableAsync("u");
        var location = (await Catalog.CreateTableAsync("ns", "t")).Ok().Metadata.GetProperty("location").GetString()!;
        await MakeManifestAsync($"{Catalog.Base}/shared/m.avro", $"{location}/data/seen-by-nobody.parquet");
        await MakeManifestAsync(
            $"{location}/metadata/m.avro", $"{location}/data/a.parquet", $"{neighbour}/data/a.parquet", $"{Catalog.Base}/shared/x.parquet", $"{location}-2/x.parquet", "s3://elsewhere/x");
        await MakeListAsync($"{location}/metadata/snap-1.avro", $"{location}/metadata/m.avro", $"{Catalog.Base}/shared/m.avro", $"{neighbour}/metadata/m1.avro");
        (await Catalog.CommitAsync("ns", "t", "", Sample.Append(1, 1, location))).Ok();
        var before = await World.ListFilesAsync();

        await DropAndExpireAsync("t");
        await RunAsync(JobList.Purge);

        var gone = before.Except(await World.ListFilesAsync()).ToArray();
        Assert.Equal(5, gone.Length);
        Assert.All(gone, file => Assert.StartsWith(location + "/", file, StringComparison.Ordinal));
        Assert.DoesNotContain($"{location}/data/seen-by-nobody.parquet", gone);
        var task = await TaskAsync();
        Assert.Equal(5, task.GetProperty("files-deleted").GetInt64());
        Assert.Equal(6, task.GetProperty("files-skipped").GetInt64());
    }

    [Fact]
    [Trait("Behaviour", "136")]
    public async Task A_table_with_gc_disabled_is_not_purged()
    {
        var location = await MakeTableAsync("t", ""","properties":{"gc.enabled":"False"}""");

        (await DropAsync("t", "?purgeRequested=true")).Error(400, "ValidationException", "GC is disabled");
        (await Catalog.DeleteAsync("/namespaces/ns?recursive=true&purge=true")).Error(400, "ValidationException", "GC is disabled");
        (await Catalog.DeleteAsync("/namespaces/ns?recursive=true&purge=true&force=true")).Error(400, "ValidationException", "GC is disabled");
        Assert.Equal(["t"], await Catalog.NamesAsync("ns"));
        (await DropAsync("t")).NoContent();
        (await Management.PostAsync($"/deleted-tabulars/{await TrashedAsync("t")}/purge", "")).Error(400, "ValidationException", "GC is disabled");
        (await Management.PostAsync($"/deleted-tabulars/{await TrashedAsync("t")}/purge?dryRun=true", "")).Error(400, "ValidationException", "GC is disabled");

        Assert.Empty(await TasksAsync());
        Assert.Equal(13, (await World.ListFilesAsync(location)).Count);
    }

    [Fact]
    public async Task A_registered_table_is_never_purged()
    {
        var location = await MakeTableAsync("t");
        var file = (await Catalog.LoadTableAsync("ns", "t")).Ok().MetadataLocation;
        (await Catalog.SendAsync("POST", "/namespaces/ns/tables/t/unregister", null)).Ok();
        (await RegisterAsync("t", file)).Ok();

        (await DropAsync("t", "?purgeRequested=true")).NoContent();

        Assert.False(Assert.Single(await TrashAsync()).GetProperty("purge").GetBoolean());
        (await Management.PostAsync($"/deleted-tabulars/{await TrashedAsync("t")}/purge", "")).Error(400, "ValidationException", "registered");
        Clock.Advance(Week);
        Assert.Equal(1, (await RunAsync(JobList.Expire)).Done);
        Assert.Equal(0, (await RunAsync(JobList.Purge)).FilesDeleted);
        (await RegisterAsync("t", file)).Ok();
        (await DropAsync("t", "?purgeRequested=true&force=true")).NoContent();
        Assert.Empty(await TasksAsync());
        Assert.Equal(13, (await World.ListFilesAsync(location)).Count);
    }

    [Fact]
    public async Task A_hard_drop_with_purge_deletes_at_the_next_run()
    {
        await SetDeleteProfileAsync(DeleteProfile.Hard);
        var location = await MakeTableAsync("t");
        (await DropAsync("t", "?purgeRequested=true")).NoContent();

        Assert.Equal(13, (await RunAsync(JobList.Purge)).FilesDeleted);

        Assert.Empty(await World.ListFilesAsync(location));
        Assert.Equal("success", StatusOf(await TaskAsync()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/deeper")]
    public async Task A_purge_whose_location_another_table_took_meanwhile_deletes_nothing(string below)
    {
        await SetDeleteProfileAsync(DeleteProfile.Hard);
        var location = await MakeTableAsync("t", $$""","location":"{{Catalog.Base}}/place/t" """);
        (await DropAsync("t", "?purgeRequested=true")).NoContent();
        (await Catalog.CreateTableAsync("ns", "u", $$""","location":"{{location}}{{below}}" """)).Ok();

        Assert.Equal(new JobResult(JobList.Purge, 0, 1, 0, false), await RunAsync(JobList.Purge));

        Assert.Equal(14, (await World.ListFilesAsync(location)).Count);
        var task = await TaskAsync();
        Assert.Equal("failed", StatusOf(task));
        Assert.Contains("conflicts with the location of another table", task.GetProperty("message").GetString(), StringComparison.Ordinal);
        (await DropAsync("u", "?force=true")).NoContent();
        (await ControlAsync(task, "run-now")).NoContent();
        Assert.Equal(1, (await RunAsync(JobList.Purge)).Done);
    }

    [Fact]
    public async Task A_table_that_was_registered_again_before_its_purge_keeps_its_files()
    {
        await SetDeleteProfileAsync(DeleteProfile.Hard);
        var location = await MakeTableAsync("t");
        var file = (await Catalog.LoadTableAsync("ns", "t")).Ok().MetadataLocation;
        (await DropAsync("t", "?purgeRequested=true")).NoContent();
        (await RegisterAsync("t", file)).Ok();

        await RunAsync(JobList.Purge);

        Assert.Equal("failed", StatusOf(await TaskAsync()));
        Assert.Equal(13, (await World.ListFilesAsync(location)).Count);
    }

    [Theory]
    [InlineData("metadata/m1.avro", "data/a.parquet", "data/b.parquet")]
    [InlineData("metadata/snap-2.avro", "data/c.parquet", "data/d-deletes.parquet", "metadata/m2.avro")]
    [InlineData("data/a.parquet")]
    [InlineData("metadata/s.puffin")]
    public async Task A_file_that_is_missing_does_not_keep_the_others(string missing, params string[] unreachable)
    {
        var location = await MakeTableAsync("t");
        await DeleteFileAsync($"{location}/{missing}");

        await DropAndExpireAsync("t");
        await RunAsync(JobList.Purge);

        Assert.Equal(unreachable.Select(file => $"{location}/{file}"), await World.ListFilesAsync(location));
        Assert.Equal("success", StatusOf(await TaskAsync()));
    }

    [Fact]
    public async Task Without_its_metadata_file_a_purge_ends_and_says_so()
    {
        var location = await MakeTableAsync("t");
        (await DropAsync("t", "?purgeRequested=true")).NoContent();
        await DeleteFileAsync((await World.ListFilesAsync(location)).Single(file => Path.GetFileName(file).StartsWith("00002-", StringComparison.Ordinal)));
        Clock.Advance(Week);
        await RunAsync(JobList.Expire);

        Assert.Equal(new JobResult(JobList.Purge, 1, 0, 0, false), await RunAsync(JobList.Purge));

        var task = await TaskAsync();
        Assert.Equal("success", StatusOf(task));
        Assert.Contains("metadata file was not there", task.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(12, (await World.ListFilesAsync(location)).Count);
    }

    [Theory]
    [InlineData("metadata/m2.avro")]
    [InlineData("metadata/snap-2.avro")]
    public async Task A_file_that_cannot_be_understood_fails_the_task_and_no_file_that_others_name_is_deleted(string corrupt)
    {
        var location = await MakeTableAsync("t");
        await DeleteFileAsync($"{location}/{corrupt}");
        await PutAsync($"{location}/{corrupt}", [.. "Obj\u0001"u8, 1, 2, 3]);

        await DropAndExpireAsync("t");
        Assert.Equal(new JobResult(JobList.Purge, 0, 1, 0, false), await RunAsync(JobList.Purge));

        Assert.Equal(13, (await World.ListFilesAsync(location)).Count);
        var task = await TaskAsync();
        Assert.Equal("failed", StatusOf(task));
        Assert.Contains(corrupt, task.GetProperty("message").GetString(), StringComparison.Ordinal);
        (await Catalog.CreateTableAsync("ns", "u", $$""","location":"{{location}}" """)).Error(403, "ForbiddenException");
        (await ControlAsync(task, "cancel")).NoContent();
        (await Catalog.CreateTableAsync("ns", "u", $$""","location":"{{location}}" """)).Ok();
    }

    [Fact]
    public async Task The_purge_of_a_view_deletes_its_metadata_file()
    {
        var file = (await Catalog.CreateViewAsync("ns", "v")).Ok().MetadataLocation;
        (await DropAsync("v", kind: "views")).NoContent();

        (await Management.PostAsync($"/deleted-tabulars/{await TrashedAsync("v")}/purge", "")).Ok();
        await RunAsync(JobList.Purge);

        Assert.False(await Catalog.FileExistsAsync(file));
        Assert.Equal("success", StatusOf(await TaskAsync()));
    }

    [Fact]
    public async Task A_dry_run_tells_what_would_go_and_changes_nothing()
    {
        var location = await MakeTableAsync("t");
        (await DropAsync("t")).NoContent();
        var files = await World.ListFilesAsync(location);

        var preview = (await Management.PostAsync($"/deleted-tabulars/{await TrashedAsync("t")}/purge?dryRun=true", "")).Ok().Json;

        Assert.Equal(13, preview.GetProperty("files-to-delete").GetInt64());
        Assert.Equal(files, preview.GetProperty("files").EnumerateArray().Select(file => file.GetString()!).Order(StringComparer.Ordinal));
        Assert.Equal(files, await World.ListFilesAsync(location));
        Assert.Single(await TrashAsync());
        Assert.Empty(await TasksAsync());
    }

    [Fact]
    public async Task Purge_now_ends_the_time_in_the_trash()
    {
        var location = await MakeTableAsync("t");
        (await DropAsync("t")).NoContent();

        var id = (await Management.PostAsync($"/deleted-tabulars/{await TrashedAsync("t")}/purge", "")).Ok().Json.GetProperty("task-id").GetString();

        Assert.Empty(await TrashAsync());
        Assert.Equal("scheduled", (await Management.GetAsync($"/task/by-id/{id}")).Ok().Json.GetProperty("status").GetString());
        Assert.Equal(1, (await new ApiClient(Server, "/management/v1").PostAsync("/job/purge/run", "")).Ok().Json.GetProperty("done").GetInt32());
        Assert.Empty(await World.ListFilesAsync(location));
        Assert.Equal("success", (await Management.GetAsync($"/task/by-id/{id}")).Ok().Json.GetProperty("status").GetString());
    }

    [Fact]
    public async Task Sweep_forgets_tasks_and_idempotency_records_when_their_time_is_over()
    {
        var key = ("Idempotency-Key", Guid.CreateVersion7().ToString());
        (await Catalog.CreateTableAsync("ns", "keyed", "", key)).Ok();
        await MakeTableAsync("t");
        await DropAndExpireAsync("t");
        await RunAsync(JobList.Purge);
        Assert.Equal(World.RemovesEndedRows ? 0 : 1, (await RunAsync(JobList.Sweep)).Done); // the record, a week old
        Clock.Advance(Tasks.RetentionTime - TimeSpan.FromSeconds(1));
        Assert.Equal(1, (await RunAsync(JobList.Sweep)).Done); // what was kept beside the table
        Assert.Single(await TasksAsync());
        Clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(World.RemovesEndedRows ? 0 : 1, (await RunAsync(JobList.Sweep)).Done);

        Assert.Empty(await TasksAsync());
    }
}
