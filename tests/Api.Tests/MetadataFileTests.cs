using System.Globalization;

namespace Frazil.Api.Tests;

public sealed class MetadataFileTestsInMemory() : MetadataFileTests(new MemoryWorld());

public sealed class MetadataFileTestsEmbedded() : MetadataFileTests(new EmbeddedWorld());

/// <summary>What commits leave behind in storage.</summary>
public abstract class MetadataFileTests(World world) : CatalogTests(world)
{
    [Theory]
    [InlineData("3", 3)]
    [InlineData("0", 1)]
    [InlineData("-5", 1)]
    [Trait("Behaviour", "204")]
    public async Task The_metadata_log_names_what_was_and_is_cut(string limit, int kept)
    {
        List<Reply> history = [(await Catalog.CreateTableAsync("ns", "t", $$$""","properties":{"write.metadata.previous-versions-max":"{{{limit}}}"}""")).Ok()];
        for (var i = 0; i < 6; i++)
        {
            Clock.Advance(TimeSpan.FromSeconds(1));
            history.Add((await SetAsync("k", $"{i}")).Ok());
        }

        var log = history[^1].Metadata.GetProperty("metadata-log").EnumerateArray().ToArray();

        Assert.Equal(history.SkipLast(1).TakeLast(kept).Select(reply => reply.MetadataLocation), log.Select(entry => entry.GetProperty("metadata-file").GetString()));
        Assert.Equal(
            history.SkipLast(1).TakeLast(kept).Select(reply => reply.Metadata.GetProperty("last-updated-ms").GetInt64()),
            log.Select(entry => entry.GetProperty("timestamp-ms").GetInt64()));
        Assert.All(history, reply => Assert.True(World.Files.ReadAsync(reply.MetadataLocation, default).AsTask().GetAwaiter().GetResult() is not null));
    }

    [Fact]
    [Trait("Behaviour", "205")]
    public async Task Files_that_leave_the_log_are_deleted_when_that_is_asked_for()
    {
        List<string> files = [(await Catalog.CreateTableAsync("ns", "t", ""","properties":{"write.metadata.previous-versions-max":"2","write.metadata.delete-after-commit.enabled":"true"}""")).Ok().MetadataLocation];
        for (var i = 0; i < 5; i++)
        {
            files.Add((await SetAsync("k", $"{i}")).Ok().MetadataLocation);
        }

        Assert.Equal(files.TakeLast(3), await World.ListFilesAsync());
        (await SetAsync("write.metadata.delete-after-commit.enabled", "false")).Ok();
        (await SetAsync("k", "last")).Ok();
        Assert.Equal(5, (await World.ListFilesAsync()).Count);
    }

    [Fact]
    [Trait("Behaviour", "205")]
    public async Task A_file_outside_of_the_tables_locations_is_not_deleted()
    {
        var neighbour = (await Catalog.CreateTableAsync("ns", "neighbour")).Ok().MetadataLocation;
        var staged = (await Catalog.CreateTableAsync("ns", "x", $$""","stage-create":true,"location":"{{Catalog.Base}}/adopted" """)).Ok().Metadata.GetRawText();
        var hostile = staged.Replace("\"metadata-log\":[]", $$"""{{"\"metadata-log\":["}}{"timestamp-ms":{{Clock.Milliseconds}},"metadata-file":"{{neighbour}}"}]""", StringComparison.Ordinal)
            .Replace("\"properties\":{", "\"properties\":{\"write.metadata.previous-versions-max\":\"1\",\"write.metadata.delete-after-commit.enabled\":\"true\",", StringComparison.Ordinal);
        await Catalog.WriteFileAsync(Catalog.Base + "/adopted/metadata/00001-x.metadata.json", hostile);
        (await Catalog.PostAsync("/namespaces/ns/register", $$"""{"name":"t","metadata-location":"{{Catalog.Base}}/adopted/metadata/00001-x.metadata.json"}""")).Ok();

        var committed = (await SetAsync("k", "v")).Ok();

        Assert.DoesNotContain(neighbour, committed.Text, StringComparison.Ordinal);
        Assert.True(await Catalog.FileExistsAsync(neighbour));
    }

    [Theory]
    [InlineData("load")]
    [InlineData("load only references")]
    [InlineData("commit")]
    [InlineData("transaction")]
    [InlineData("unregister")]
    [Trait("Behaviour", "205")]
    public async Task Whoever_read_the_pointer_before_commits_deleted_its_file_reads_it_again(string what)
    {
        for (var number = 0; ; number++)
        {
            var table = $"t{number}";
            (await Catalog.CreateTableAsync("ns", table, ""","properties":{"write.metadata.previous-versions-max":"1","write.metadata.delete-after-commit.enabled":"true"}""")).Ok();
            var slow = await World.StartAsync();
            var isReached = false;
            slow.Seam.Clear();
            slow.Seam.Before(call => call.Number == number, async _ =>
            {
                isReached = true;
                foreach (var value in (string[])["1", "2", "3"])
                {
                    (await Catalog.CommitAsync("ns", table, "", Sample.SetProperty("k", value))).Ok();
                }
            });
            var through = Catalog.Through(slow);

            var reply = what switch
            {
                "load" => await through.LoadTableAsync("ns", table),
                "load only references" => await through.LoadTableAsync("ns", table, "?snapshots=refs"),
                "commit" => await through.CommitAsync("ns", table, "", Sample.SetProperty("other", "v")),
                "transaction" => await through.PostAsync("/transactions/commit", $$$"""{"table-changes":[{"identifier":{{{Sample.Identifier(("ns", table))}}},"requirements":[],"updates":[{{{Sample.SetProperty("other", "v")}}}]}]}"""),
                _ => await through.SendAsync("POST", $"/namespaces/ns/tables/{table}/unregister", null),
            };

            if (!isReached)
            {
                Assert.InRange(number, 3, 20);
                return;
            }

            Assert.True(reply.Status is 200 or 204, $"{what}, held before call {number}: {reply.Text}");
            if (reply.Status == 200 && slow.Seam.Calls.Any(call => call.Kind == CallKind.ReadFile && call.Number >= number))
            {
                Assert.Equal("3", reply.Metadata.GetProperty("properties").GetProperty("k").GetString());
            }
        }
    }

    [Fact]
    [Trait("Behaviour", "205")]
    public async Task A_load_that_meets_the_drop_and_purge_of_its_table_says_that_there_is_no_such_table()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        (await Catalog.CreateViewAsync("ns", "v")).Ok();
        var slow = await World.StartAsync();
        foreach (var (kind, name, type) in (IEnumerable<(string, string, string)>)[("tables", "t", "NoSuchTableException"), ("views", "v", "NoSuchViewException")])
        {
            var location = (await Catalog.GetAsync($"/namespaces/ns/{kind}/{name}")).Ok().MetadataLocation;
            slow.Seam.Clear();
            slow.Seam.Before(call => call.Kind == CallKind.ReadFile, async _ =>
            {
                (await Catalog.DeleteAsync($"/namespaces/ns/{kind}/{name}")).NoContent();
                await World.Files.DeleteAsync(location, CancellationToken.None);
            });

            (await Catalog.Through(slow).GetAsync($"/namespaces/ns/{kind}/{name}")).Error(404, type);
        }
    }

    [Fact]
    [Trait("Behaviour", "206")]
    public async Task Metadata_can_be_compressed()
    {
        var created = (await Catalog.CreateTableAsync("ns", "t", ""","properties":{"write.metadata.compression-codec":"GZip"}""")).Ok();

        Assert.EndsWith(".gz.metadata.json", created.MetadataLocation, StringComparison.Ordinal);
        var stored = (await World.Files.ReadAsync(created.MetadataLocation, CancellationToken.None))!.Value;
        Assert.Equal([0x1f, 0x8b], stored[..2].ToArray());
        Assert.Equal(created.Metadata.GetRawText(), (await Catalog.Through(await World.StartAsync()).LoadTableAsync("ns", "t")).Ok().Metadata.GetRawText());
        Assert.EndsWith(".gz.metadata.json", (await SetAsync("k", "v")).Ok().MetadataLocation, StringComparison.Ordinal);
        (await SetAsync("write.metadata.compression-codec", "lzma")).Error(400, "ValidationException", "lzma");
        (await Catalog.CreateTableAsync("ns", "u", ""","properties":{"write.metadata.compression-codec":"lzma"}""")).Error(400, "ValidationException", "lzma");
    }

    [Fact]
    [Trait("Behaviour", "207")]
    public async Task Files_are_numbered()
    {
        List<string> files = [(await Catalog.CreateTableAsync("ns", "t")).Ok().MetadataLocation];
        for (var i = 0; i < 11; i++)
        {
            files.Add((await SetAsync("k", $"{i}")).Ok().MetadataLocation);
        }

        Assert.All(files, (file, i) => Assert.Contains("/metadata/" + i.ToString("D5", CultureInfo.InvariantCulture) + "-", file, StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Behaviour", "208")]
    public async Task Time_does_not_go_back_with_the_clock()
    {
        var location = (await Catalog.CreateTableAsync("ns", "t")).Ok().Metadata.GetProperty("location").GetString()!;
        var before = (await SetAsync("k", "1")).Ok().Metadata.GetProperty("last-updated-ms").GetInt64();
        Clock.StepBack(TimeSpan.FromHours(3));

        var after = (await Catalog.CommitAsync("ns", "t", "", $"{Sample.AddSnapshot(1, 1, location, timestamp: before)},{Sample.SetRef("main", 1)}")).Ok().Metadata;

        Assert.Equal(before, after.GetProperty("last-updated-ms").GetInt64());
        (await SetAsync("k", "2")).Ok();
        (await Catalog.Through(await World.StartAsync()).LoadTableAsync("ns", "t")).Ok();
    }

    [Fact]
    [Trait("Behaviour", "210")]
    public async Task Property_values_survive_whatever_they_hold()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        var value = "雪 \" \\ \n \u0001 𝄞 </script> " + new string('x', 64 * 1024);

        (await SetAsync("ключ \"k\"", value)).Ok();

        var loaded = (await Catalog.Through(await World.StartAsync()).LoadTableAsync("ns", "t")).Ok();
        Assert.Equal(value, loaded.Metadata.GetProperty("properties").GetProperty("ключ \"k\"").GetString());
    }

    [Fact]
    [Trait("Behaviour", "211")]
    public async Task A_commit_to_a_missing_table_is_404()
    {
        (await Catalog.CreateViewAsync("ns", "v")).Ok();

        (await SetAsync("k", "v")).Error(404, "NoSuchTableException", "Table does not exist: ns.t");
        (await Catalog.CommitAsync("ns", "v", "", Sample.SetProperty("k", "v"))).Error(404, "NoSuchTableException");
        (await Catalog.CommitAsync("missing", "t", "", Sample.SetProperty("k", "v"))).Error(404, "NoSuchTableException");
    }

    [Fact]
    [Trait("Behaviour", "212")]
    public async Task Neither_table_changes_when_the_body_names_another_than_the_path()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        (await Catalog.CreateTableAsync("ns", "other")).Ok();

        (await Catalog.PostAsync("/namespaces/ns/tables/t", $$$"""{"identifier":{"namespace":["ns"],"name":"other"},"requirements":[],"updates":[{{{Sample.SetProperty("k", "v")}}}]}""")).Error(400, "BadRequestException", "ns.other");

        Assert.Null(await PropertyAsync("t"));
        Assert.Null(await PropertyAsync("other"));

        async Task<string?> PropertyAsync(string table) =>
            (await Catalog.LoadTableAsync("ns", table)).Ok().Metadata.GetProperty("properties").TryGetProperty("k", out var value) ? value.GetString() : null;
    }

    [Fact]
    public async Task Unknown_members_of_a_registered_file_survive_commits()
    {
        var staged = (await Catalog.CreateTableAsync("ns", "x", $$""","stage-create":true,"location":"{{Catalog.Base}}/adopted" """)).Ok().Metadata.GetRawText();
        await Catalog.WriteFileAsync(Catalog.Base + "/adopted/metadata/00001-x.metadata.json", staged[..^1] + ""","from-the-future":{"n":12345678901234567890}}""");
        (await Catalog.PostAsync("/namespaces/ns/register", $$"""{"name":"t","metadata-location":"{{Catalog.Base}}/adopted/metadata/00001-x.metadata.json"}""")).Ok();

        Assert.Equal("""{"n":12345678901234567890}""", (await SetAsync("k", "v")).Ok().Metadata.GetProperty("from-the-future").GetRawText());
    }

    [Fact]
    public async Task A_commit_takes_two_calls_of_the_store_and_one_new_file()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        Seam.Clear();

        (await SetAsync("k", "v")).Ok();

        Assert.Equal([CallKind.Read, CallKind.CreateFile, CallKind.Write], Seam.Calls.Select(call => call.Kind));
        Assert.Single(Seam.Calls[^1].Writes);
    }

    private Task<Reply> SetAsync(string name, string value) => Catalog.CommitAsync("ns", "t", "", Sample.SetProperty(name, value));
}
