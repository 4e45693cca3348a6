using System.Text.Json;

namespace Frazil.Api.Tests;

public sealed class TableLoadTests : CatalogTests
{
    [Fact]
    [Trait("Behaviour", "109")]
    public async Task Load_gives_the_files_content_and_its_location()
    {
        var created = (await Catalog.CreateTableAsync("ns", "t")).Ok();
        var committed = (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("k", "v"))).Ok();

        foreach (var server in (Server[])[Server, await World.StartAsync()])
        {
            var loaded = (await Catalog.Through(server).LoadTableAsync("ns", "t")).Ok();
            Assert.NotEqual(created.MetadataLocation, loaded.MetadataLocation);
            Assert.Equal(committed.MetadataLocation, loaded.MetadataLocation);
            Assert.Equal(await Catalog.ReadFileAsync(loaded.MetadataLocation), loaded.Metadata.GetRawText());
        }
    }

    [Fact]
    [Trait("Behaviour", "110")]
    public async Task Load_of_a_missing_table_is_404() =>
        Assert.Equal("Table does not exist: ns.t", (await Catalog.LoadTableAsync("ns", "t")).Error(404, "NoSuchTableException"));

    [Fact]
    [Trait("Behaviour", "111")]
    [Trait("Behaviour", "113")]
    public async Task Load_in_a_missing_namespace_is_404_of_a_table()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();

        (await Catalog.LoadTableAsync("missing", "t")).Error(404, "NoSuchTableException", "Table does not exist: missing.t");
        (await Catalog.LoadTableAsync("ns%1Ft", "files")).Error(404, "NoSuchTableException", "Table does not exist: ns.t.files");
    }

    [Fact]
    [Trait("Behaviour", "112")]
    [Trait("Behaviour", "127")]
    public async Task A_view_is_no_table()
    {
        (await Catalog.CreateViewAsync("ns", "v")).Ok();

        (await Catalog.LoadTableAsync("ns", "v")).Error(404, "NoSuchTableException", "Table does not exist: ns.v");
        Assert.Equal(404, (await Catalog.HeadAsync("/namespaces/ns/tables/v")).Status);
    }

    [Fact]
    [Trait("Behaviour", "114")]
    public async Task A_missing_metadata_file_is_404_and_named()
    {
        var location = (await Catalog.CreateTableAsync("ns", "t")).Ok().MetadataLocation;
        await World.Files.DeleteAsync(location, CancellationToken.None);

        var message = (await Catalog.Through(await World.StartAsync()).LoadTableAsync("ns", "t")).Error(404, "NotFoundException");

        Assert.Equal($"Failed to open input stream for file: {location}", message);
    }

    [Fact]
    [Trait("Behaviour", "115")]
    [Trait("Behaviour", "116")]
    public async Task Snapshots_are_all_there_in_order_unless_only_referenced_ones_are_asked_for()
    {
        await MakeSnapshotsAsync();

        var all = (await Catalog.LoadTableAsync("ns", "t")).Ok();
        var explicitly = (await Catalog.LoadTableAsync("ns", "t", "?snapshots=all")).Ok();
        var refs = (await Catalog.LoadTableAsync("ns", "t", "?snapshots=refs")).Ok();

        Assert.Equal([1L, 2, 3, 4], SnapshotsOf(all));
        Assert.Equal(all.Text, explicitly.Text);
        Assert.Equal([2L, 4], SnapshotsOf(refs));
        foreach (var member in (string[])["refs", "snapshot-log", "current-snapshot-id", "last-sequence-number"])
        {
            Assert.Equal(all.Metadata.GetProperty(member).GetRawText(), refs.Metadata.GetProperty(member).GetRawText());
        }

        Assert.Equal(all.MetadataLocation, refs.MetadataLocation);
    }

    [Fact]
    [Trait("Behaviour", "117")]
    public async Task Snapshots_of_another_kind_are_400()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();

        (await Catalog.LoadTableAsync("ns", "t", "?snapshots=bogus")).Error(400, "BadRequestException", "snapshots");
    }

    [Fact]
    [Trait("Behaviour", "118")]
    public async Task A_commit_after_a_load_of_referenced_snapshots_loses_none()
    {
        await MakeSnapshotsAsync();
        (await Catalog.LoadTableAsync("ns", "t", "?snapshots=refs")).Ok();

        var committed = (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("k", "v"))).Ok();

        Assert.Equal([1L, 2, 3, 4], SnapshotsOf(committed));
        using var stored = JsonDocument.Parse((await Catalog.ReadFileAsync(committed.MetadataLocation))!);
        Assert.Equal(4, stored.RootElement.GetProperty("snapshots").GetArrayLength());
    }

    [Fact]
    [Trait("Behaviour", "127")]
    public async Task Head_tells_whether_a_table_exists()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();

        (await Catalog.HeadAsync("/namespaces/ns/tables/t")).NoContent();
        var missing = await Catalog.HeadAsync("/namespaces/ns/tables/missing");
        Assert.Equal(404, missing.Status);
        Assert.Empty(missing.Body);
    }

    [Theory]
    [InlineData("?referenced-by=ns%1Fv")]
    [InlineData("?referenced-by=ns%1Fv,other%1Fin%2Cner%1Fw")]
    [InlineData("?referenced-by=")]
    public async Task The_chain_of_views_is_accepted(string query)
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();

        (await Catalog.LoadTableAsync("ns", "t", query)).Ok();
        (await Catalog.GetAsync($"/namespaces/ns/tables/t/credentials{query}")).Ok();
    }

    [Fact]
    [Trait("Limit", nameof(Limits.MaxReferencedBy))]
    public async Task An_endless_or_malformed_chain_of_views_is_400()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();

        var message = (await Catalog.LoadTableAsync("ns", "t", $"?referenced-by={string.Join(',', Enumerable.Repeat("ns%1Fv", Limits.MaxReferencedBy + 1))}"))
            .Error(400, "BadRequestException", "referenced-by");
        Assert.Contains($"{Limits.MaxReferencedBy}", message, StringComparison.Ordinal);
        (await Catalog.LoadTableAsync("ns", "t", "?referenced-by=v")).Error(400, "BadRequestException", "referenced-by");
        (await Catalog.LoadTableAsync("ns", "t", "?referenced-by=ns%1Fv,,ns%1Fw")).Error(400, "BadRequestException");
    }

    [Fact]
    public async Task A_load_takes_one_read_of_the_store_and_at_most_one_of_a_file()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        var fresh = await World.StartAsync();
        await fresh.OpenAsync(Catalog.Name);
        Assert.Equal(404, (await Catalog.Through(fresh).HeadAsync("/namespaces/ns/tables/x")).Status);
        fresh.Seam.Clear();

        (await Catalog.Through(fresh).LoadTableAsync("ns", "t")).Ok();
        Assert.Equal([CallKind.Read, CallKind.ReadFile], fresh.Seam.Calls.Select(call => call.Kind));

        fresh.Seam.Clear();
        (await Catalog.Through(fresh).LoadTableAsync("ns", "t")).Ok();
        Assert.Equal([CallKind.Read], fresh.Seam.Calls.Select(call => call.Kind));
    }

    private static long[] SnapshotsOf(Reply reply) => [.. reply.Metadata.GetProperty("snapshots").EnumerateArray().Select(snapshot => snapshot.GetProperty("snapshot-id").GetInt64())];

    private async Task MakeSnapshotsAsync()
    {
        var location = (await Catalog.CreateTableAsync("ns", "t")).Ok().Metadata.GetProperty("location").GetString()!;
        for (var id = 1; id <= 4; id++)
        {
            (await Catalog.CommitAsync("ns", "t", "", Sample.Append(id, id, location, id == 1 ? null : id - 1, Clock.Milliseconds + id))).Ok();
        }

        (await Catalog.CommitAsync("ns", "t", "", Sample.SetRef("kept", 2, "tag"))).Ok();
    }
}
