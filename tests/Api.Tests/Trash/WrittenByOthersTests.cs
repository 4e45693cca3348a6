using System.Text.Json.Nodes;
using Frazil.Iceberg.Manifests;

namespace Frazil.Api.Tests;

public sealed class WrittenByOthersTestsInMemory() : WrittenByOthersTests(new MemoryWorld())
{
    [Theory]
    [InlineData("java-v1-gzip", 1)]
    [InlineData("java-v3-uncompressed", 3)]
    [InlineData("java-upgraded", 3)]
    [InlineData("py-v2-gzip", 2)]
    [InlineData("py-v2-snappy", 2)]
    [InlineData("py-v2-zstd", 2)]
    public Task A_purge_leaves_no_object_whatever_the_codec(string table, int version) => PurgeAsync(table, version);
}

public sealed class WrittenByOthersTestsEmbedded() : WrittenByOthersTests(new EmbeddedWorld());

[Trait("Needs", "dynamodb")]
[Trait("Needs", "s3")]
public sealed class WrittenByOthersTestsAws() : WrittenByOthersTests(new AwsWorld());

[Trait("Needs", "azurite")]
public sealed class WrittenByOthersTestsAzure() : WrittenByOthersTests(new AzureWorld());

/// <summary>Tables whose manifests and manifest lists Iceberg's Java library and PyIceberg wrote, moved to where the table is, on their way through the trash.</summary>
public abstract class WrittenByOthersTests(World world) : TableFilesTests(world)
{
    // Every format version, and both writers; all codecs of both are tried in memory.
    [Theory]
    [InlineData("py-v1-null", 1)]
    [InlineData("java-v2-snappy", 2)]
    [InlineData("java-v3-zstd", 3)]
    [Trait("Behaviour", "133")]
    [Trait("Behaviour", "135")]
    public Task When_its_time_is_over_a_purge_leaves_no_object_of_the_table_and_everything_else(string table, int version) => PurgeAsync(table, version);

    protected async Task PurgeAsync(string table, int version)
    {
        var above = await MakeAsync("other", $"{Catalog.Base}/place/t-2", table, version);
        var location = await MakeAsync("t", $"{Catalog.Base}/place/t", table, version);
        var young = await MakeAsync("young", $"{Catalog.Base}/place/s", table, version);
        var uuid = (await Catalog.LoadTableAsync("ns", "t")).Ok().Metadata.GetProperty("table-uuid").GetString()!;
        (await DropAsync("t", "?purgeRequested=true")).NoContent();
        Clock.Advance(Week - TimeSpan.FromMilliseconds(1));
        (await DropAsync("young", "?purgeRequested=true")).NoContent();
        var files = await World.ListFilesAsync();
        await RunEveryJobAsync();
        Assert.Equal(files, await World.ListFilesAsync());
        Clock.Advance(TimeSpan.FromMilliseconds(1));

        await RunEveryJobAsync();

        Assert.Empty(await World.ListFilesAsync(location));
        Assert.Equal(files.Where(file => !file.StartsWith(location + "/", StringComparison.Ordinal)), await World.ListFilesAsync());
        Assert.NotEmpty(await World.ListFilesAsync(above));
        Assert.NotEmpty(await World.ListFilesAsync(young));
        Assert.Equal("gone", await StandingAsync(uuid));
        Assert.Equal("success", StatusOf(await TaskAsync()));
        (await Catalog.LoadTableAsync("ns", "other")).Ok();
        (await UndropAsync(await TrashedAsync("young"))).NoContent();
        (await Catalog.LoadTableAsync("ns", "young")).Ok();
    }

    [Fact]
    [Trait("Behaviour", "133")]
    public async Task An_undrop_at_the_last_moment_keeps_everything()
    {
        await MakeAsync("t", $"{Catalog.Base}/place/t", "java-v2-snappy", 2);
        var before = (await Catalog.LoadTableAsync("ns", "t")).Ok();
        (await DropAsync("t", "?purgeRequested=true")).NoContent();
        var id = await TrashedAsync("t");
        var files = await World.ListFilesAsync();
        Clock.Advance(Week - TimeSpan.FromMilliseconds(1));
        await RunEveryJobAsync();

        (await UndropAsync(id)).NoContent();

        Clock.Advance(TimeSpan.FromDays(365));
        await RunEveryJobAsync();
        Assert.Equal(files, await World.ListFilesAsync());
        Assert.Equal(before.Text, (await Catalog.LoadTableAsync("ns", "t")).Ok().Text);
        Assert.Equal("live ns.t", await StandingAsync(before.Metadata.GetProperty("table-uuid").GetString()!));
        Assert.Empty(await TasksAsync());
    }

    private async Task RunEveryJobAsync()
    {
        foreach (var job in JobList.All)
        {
            await RunAsync(job.Name);
        }
    }

    /// <summary>A table at a location with the snapshots, manifests and files of one that others wrote.</summary>
    private async Task<string> MakeAsync(string name, string location, string written, int version)
    {
        (await Catalog.CreateTableAsync("ns", name, $$$""","location":"{{{location}}}","properties":{"format-version":"{{{version}}}"}""")).Ok();
        string Move(string path) => path.Replace($"file:///tmp/iceberg-fixtures/{written}", location, StringComparison.Ordinal)
            .Replace($"/tmp/iceberg-fixtures/{written}", location, StringComparison.Ordinal).Replace($"s3://bucket/{written}", location, StringComparison.Ordinal);
        var description = JsonNode.Parse(Fixtures.Read(written + ".json"))!;
        var manifests = description["manifests"]!.AsArray().Select(manifest => manifest!).ToArray();
        var paths = manifests.SelectMany(manifest => manifest["entries"]!.AsArray()).Select(entry => Move((string)entry!["file_path"]!)).Distinct().ToArray();
        Assert.All(paths, path => Assert.StartsWith(location + "/", path, StringComparison.Ordinal));
        await MakeFilesAsync(paths);
        foreach (var manifest in manifests)
        {
            await PutAsync(Move((string)manifest["manifest_path"]!), AvroRelocation.Relocate(Fixtures.Read((string)manifest["file"]!), Move));
        }

        var number = 0;
        foreach (var list in description["lists"]!.AsArray().Select(list => (string)list!["file"]!))
        {
            number++;
            await PutAsync($"{location}/metadata/snap-{number}.avro", AvroRelocation.Relocate(Fixtures.Read(list), Move));
            (await Catalog.CommitAsync("ns", name, "", $"{AddSnapshot(number, location, version)},{Sample.SetRef("main", number)}")).Ok();
        }

        Assert.Equal(paths.Length + manifests.Length + number + number + 1, (await World.ListFilesAsync(location)).Count);
        return location;
    }

    private static string AddSnapshot(int number, string location, int version) => Sample.AddSnapshot(
        number, version == 1 ? 0 : number, location, number == 1 ? null : number - 1, more: version < 3 ? "" : $""","first-row-id":{number * 10},"added-rows":10""");
}
