using System.Text.Json;

namespace Frazil.Api.Tests;

/// <summary>Snapshots and references, through HTTP.</summary>
public sealed class SnapshotTests : CatalogTests
{
    private string location = "";

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        location = (await Catalog.CreateTableAsync("ns", "t")).Ok().Metadata.GetProperty("location").GetString()!;
    }

    [Fact]
    [Trait("Behaviour", "187")]
    public async Task An_append_becomes_current_at_its_own_time()
    {
        var at = Clock.Milliseconds + 5;

        var metadata = (await CommitAsync(Sample.Append(10, 1, location, timestamp: at))).Ok().Metadata;

        Assert.Equal(10, metadata.GetProperty("current-snapshot-id").GetInt64());
        Assert.Equal(1, metadata.GetProperty("last-sequence-number").GetInt64());
        Assert.Equal($$$"""[{"snapshot-id":10,"timestamp-ms":{{{at}}}}]""", metadata.GetProperty("snapshot-log").GetRawText());
        Assert.Equal("branch", metadata.GetProperty("refs").GetProperty("main").GetProperty("type").GetString());
    }

    [Fact]
    [Trait("Behaviour", "188")]
    [Trait("Behaviour", "189")]
    [Trait("Behaviour", "190")]
    public async Task Ids_are_new_and_sequence_numbers_grow()
    {
        (await CommitAsync(Sample.Append(10, 5, location))).Ok();

        await RefusedAsync(Sample.AddSnapshot(10, 6, location, 10), "Snapshot already exists for id: 10");
        (await CommitAsync(Sample.AddSnapshot(11, 5, location, 10))).Error(
            409, "CommitFailedException", "Cannot add snapshot with sequence number 5 older than last sequence number 5");
        var replaced = (await CommitAsync(Sample.Append(12, 3, location))).Ok().Metadata;
        Assert.Equal(5, replaced.GetProperty("last-sequence-number").GetInt64());
    }

    [Fact]
    [Trait("Behaviour", "191")]
    public async Task Rows_of_v3_are_numbered()
    {
        (await CommitAsync("""{"action":"upgrade-format-version","format-version":3}""")).Ok();

        await RefusedAsync(Sample.AddSnapshot(10, 1, location), "first-row-id");
        var first = (await CommitAsync(Sample.AddSnapshot(10, 1, location, more: ""","first-row-id":0,"added-rows":7"""))).Ok().Metadata;
        Assert.Equal(7, first.GetProperty("next-row-id").GetInt64());
        (await CommitAsync(Sample.AddSnapshot(11, 2, location, 10, more: ""","first-row-id":3,"added-rows":1"""))).Error(409, "CommitFailedException", "row");
    }

    [Fact]
    [Trait("Behaviour", "192")]
    public async Task A_snapshot_alone_is_staged()
    {
        (await CommitAsync(Sample.Append(10, 1, location))).Ok();

        var metadata = (await CommitAsync(Sample.AddSnapshot(11, 2, location, 10))).Ok().Metadata;

        Assert.Equal([10L, 11], SnapshotsOf(metadata));
        Assert.Equal(10, metadata.GetProperty("current-snapshot-id").GetInt64());
        Assert.Equal([10L], LogOf(metadata));
    }

    [Fact]
    [Trait("Behaviour", "193")]
    public async Task Retention_is_set_and_cleared_with_its_reference()
    {
        (await CommitAsync(Sample.Append(10, 1, location))).Ok();
        const string Retention = ""","min-snapshots-to-keep":3,"max-snapshot-age-ms":4,"max-ref-age-ms":5""";

        var set = (await CommitAsync(Sample.SetRef("b", 10, more: Retention))).Ok().Metadata.GetProperty("refs").GetProperty("b");
        Assert.Equal([3, 4, 5], new[] { "min-snapshots-to-keep", "max-snapshot-age-ms", "max-ref-age-ms" }.Select(member => set.GetProperty(member).GetInt32()));

        var cleared = (await CommitAsync(Sample.SetRef("b", 10))).Ok().Metadata.GetProperty("refs").GetProperty("b");
        Assert.Equal(["snapshot-id", "type"], cleared.EnumerateObject().Select(member => member.Name).Order());
    }

    [Theory]
    [InlineData("main", 77, "branch", "", "Cannot set main to unknown snapshot: 77")]
    [InlineData("main", 10, "tag", "", "main")]
    [InlineData("x", 10, "tag", ""","min-snapshots-to-keep":1""", "")]
    [InlineData("x", 10, "tag", ""","max-snapshot-age-ms":1""", "")]
    [InlineData("x", 10, "branch", ""","min-snapshots-to-keep":0""", "")]
    [InlineData("x", 10, "branch", ""","max-ref-age-ms":-1""", "")]
    [Trait("Behaviour", "194")]
    public async Task A_reference_that_cannot_be_is_400(string name, long snapshot, string type, string more, string message)
    {
        (await CommitAsync(Sample.Append(10, 1, location))).Ok();

        var reply = await CommitAsync(Sample.SetRef(name, snapshot, type, more));

        reply.Error(400, reply.Json.GetProperty("error").GetProperty("type").GetString()!, message);
    }

    [Fact]
    [Trait("Behaviour", "195")]
    public async Task A_rollback_is_logged_at_the_time_it_happened()
    {
        (await CommitAsync(Sample.Append(10, 1, location, timestamp: Clock.Milliseconds))).Ok();
        (await CommitAsync(Sample.Append(11, 2, location, 10, Clock.Milliseconds + 1))).Ok();
        Clock.Advance(TimeSpan.FromMinutes(5));

        var metadata = (await CommitAsync(Sample.SetRef("main", 10))).Ok().Metadata;

        Assert.Equal(10, metadata.GetProperty("current-snapshot-id").GetInt64());
        Assert.Equal([10L, 11, 10], LogOf(metadata));
        Assert.Equal(Clock.Milliseconds, metadata.GetProperty("snapshot-log")[2].GetProperty("timestamp-ms").GetInt64());
    }

    [Fact]
    [Trait("Behaviour", "196")]
    public async Task References_are_removed_and_without_main_nothing_is_current()
    {
        (await CommitAsync($"{Sample.Append(10, 1, location)},{Sample.SetRef("b", 10)}")).Ok();

        var metadata = (await CommitAsync("""{"action":"remove-snapshot-ref","ref-name":"b"},{"action":"remove-snapshot-ref","ref-name":"main"},{"action":"remove-snapshot-ref","ref-name":"missing"}""")).Ok().Metadata;

        Assert.Equal("{}", metadata.GetProperty("refs").GetRawText());
        Assert.Equal(-1, metadata.GetProperty("current-snapshot-id").GetInt64());
        Assert.Equal([10L], SnapshotsOf(metadata));
    }

    [Fact]
    [Trait("Behaviour", "197")]
    public async Task Removed_snapshots_take_along_what_names_them()
    {
        for (var id = 10; id <= 13; id++)
        {
            (await CommitAsync(Sample.Append(id, id, location, id == 10 ? null : id - 1, Clock.Milliseconds + id))).Ok();
        }

        (await CommitAsync(
            $"{Sample.SetRef("old", 11, "tag")}," + $$$"""{"action":"set-statistics","statistics":{"snapshot-id":11,"statistics-path":"{{{location}}}/s","file-size-in-bytes":1,"file-footer-size-in-bytes":1,"blob-metadata":[]}}""")).Ok();

        var metadata = (await CommitAsync("""{"action":"remove-snapshots","snapshot-ids":[11,99]}""")).Ok().Metadata;

        Assert.Equal([10L, 12, 13], SnapshotsOf(metadata));
        Assert.Equal([12L, 13], LogOf(metadata));
        Assert.False(metadata.GetProperty("refs").TryGetProperty("old", out _));
        Assert.Equal("[]", metadata.GetProperty("statistics").GetRawText());
    }

    [Fact]
    [Trait("Behaviour", "198")]
    public async Task A_snapshot_that_was_current_to_nobody_is_not_logged()
    {
        var reply = (await CommitAsync($"{Sample.Append(10, 1, location)},{Sample.Append(11, 2, location, 10)}")).Ok();

        Assert.Equal([11L], LogOf(reply.Metadata));
    }

    [Theory]
    [InlineData(9223372036854775807)]
    [InlineData(9007199254740993)]
    [Trait("Behaviour", "209")]
    public async Task Ids_of_64_bits_are_exact(long id)
    {
        (await CommitAsync(Sample.Append(id, 1, location))).Ok();

        var loaded = (await Catalog.Through(await World.StartAsync()).LoadTableAsync("ns", "t", "?snapshots=refs")).Ok();
        Assert.Equal(id, loaded.Metadata.GetProperty("current-snapshot-id").GetInt64());
        Assert.Contains($"\"snapshot-id\":{id}", loaded.Text, StringComparison.Ordinal);
        (await Catalog.CommitAsync("ns", "t", Sample.AssertRef("main", id), Sample.SetProperty("k", "v"))).Ok();
    }

    private static long[] SnapshotsOf(JsonElement metadata) => [.. metadata.GetProperty("snapshots").EnumerateArray().Select(snapshot => snapshot.GetProperty("snapshot-id").GetInt64())];

    private static long[] LogOf(JsonElement metadata) => [.. metadata.GetProperty("snapshot-log").EnumerateArray().Select(entry => entry.GetProperty("snapshot-id").GetInt64())];

    private Task<Reply> CommitAsync(string updates) => Catalog.CommitAsync("ns", "t", "", updates);

    private async Task RefusedAsync(string updates, string message) => (await CommitAsync(updates)).Error(400, "ValidationException", message);
}
