namespace Frazil.Api.Tests;

public sealed class TransactionTestsInMemory() : TransactionTests(new MemoryWorld());

public sealed class TransactionTestsEmbedded() : TransactionTests(new EmbeddedWorld());

public abstract class TransactionTests(World world) : CatalogTests(world)
{
    [Fact]
    [Trait("Behaviour", "243")]
    public async Task Two_tables_change_together()
    {
        await MakeAsync("a", "b");
        Seam.Clear();

        (await CommitAsync(Change("a", "1"), Change("b", "1"))).NoContent();

        Assert.Equal(1, Seam.Count(CallKind.Write));
        Assert.Equal("1", await ValueAsync("a"));
        Assert.Equal("1", await ValueAsync("b"));
    }

    [Fact]
    [Trait("Behaviour", "244")]
    public async Task A_requirement_that_fails_keeps_all_tables_as_they_are()
    {
        await MakeAsync("a", "b");
        var before = await PointersAsync();

        (await CommitAsync(Change("a", "1"), Change("b", "1", Sample.AssertRef("main", 5)))).Error(409, "CommitFailedException", "Requirement failed: branch or tag main is missing, expected 5");
        (await CommitAsync(Change("a", "1", Sample.AssertRef("main", 5)), Change("b", "1"))).Error(409, "CommitFailedException", "Requirement failed");

        Assert.Equal(before, await PointersAsync());
    }

    [Fact]
    [Trait("Behaviour", "245")]
    public async Task A_missing_table_keeps_all_tables_as_they_are()
    {
        await MakeAsync("a");
        var before = await PointersAsync();

        (await CommitAsync(Change("a", "1"), Change("missing", "1"))).Error(404, "NoSuchTableException", "Table does not exist: ns.missing");
        (await CommitAsync(Change("missing", "1"), Change("a", "1"))).Error(404, "NoSuchTableException");

        Assert.Equal(before, await PointersAsync());
    }

    [Fact]
    public async Task An_update_that_is_refused_keeps_all_tables_as_they_are()
    {
        await MakeAsync("a", "b");
        var before = await PointersAsync();

        (await CommitAsync(Change("a", "1"), """{"identifier":{"namespace":["ns"],"name":"b"},"requirements":[],"updates":[{"action":"set-current-schema","schema-id":9}]}"""))
            .Error(400, "ValidationException", "unknown schema");

        Assert.Equal(before, await PointersAsync());
    }

    [Theory]
    [InlineData("""{"table-changes":[{"requirements":[],"updates":[]}]}""", "identifier")]
    [InlineData("""{"table-changes":[{"identifier":{"name":"a"},"requirements":[],"updates":[]}]}""", "namespace")]
    [InlineData("""{"table-changes":[{"identifier":{"namespace":["ns"],"name":"a"},"requirements":[]}]}""", "updates")]
    [InlineData("""{"table-changes":[5]}""", "table-changes")]
    [InlineData("""{}""", "table-changes")]
    [Trait("Behaviour", "246")]
    public async Task An_entry_that_names_no_table_is_400(string body, string missing)
    {
        await MakeAsync("a");

        (await Catalog.PostAsync("/transactions/commit", body)).Error(400, "BadRequestException", missing);
    }

    [Fact]
    [Trait("Behaviour", "246")]
    public async Task A_transaction_of_nothing_is_done() => (await CommitAsync()).NoContent();

    [Fact]
    [Trait("Behaviour", "247")]
    public async Task A_table_that_comes_twice_is_changed_in_order()
    {
        await MakeAsync("a", "b");
        var location = (await Catalog.LoadTableAsync("ns", "a")).Ok().Metadata.GetProperty("location").GetString()!;

        (await CommitAsync(
            $$$"""{"identifier":{"namespace":["ns"],"name":"a"},"requirements":[{{{Sample.AssertRef("main", null)}}}],"updates":[{{{Sample.Append(1, 1, location)}}}]}""",
            Change("b", "1"),
            $$$"""{"identifier":{"namespace":["ns"],"name":"a"},"requirements":[{{{Sample.AssertRef("main", 1)}}}],"updates":[{{{Sample.Append(2, 2, location, 1)}}}]}""")).NoContent();

        var metadata = (await Catalog.LoadTableAsync("ns", "a")).Ok().Metadata;
        Assert.Equal(2, metadata.GetProperty("current-snapshot-id").GetInt64());
        Assert.Equal(2, metadata.GetProperty("snapshots").GetArrayLength());
        Assert.Equal(1, metadata.GetProperty("metadata-log").GetArrayLength());
        (await CommitAsync(Change("a", "1", Sample.AssertRef("main", 2)), Change("a", "2", Sample.AssertRef("main", 1)))).Error(409, "CommitFailedException", "branch main has changed");
        Assert.Null(await ValueAsync("a"));
    }

    [Fact]
    [Trait("Behaviour", "250")]
    [Trait("Limit", nameof(Limits.MaxTransactionTables))]
    public async Task More_tables_than_a_batch_holds_are_400()
    {
        string[] names = [.. Enumerable.Range(0, Limits.MaxTransactionTables + 1).Select(i => $"t{i}")];
        await MakeAsync(names);
        var before = await PointersAsync();
        Seam.Clear();

        (await CommitAsync([.. names.Select(name => Change(name, "1"))])).Error(400, "BadRequestException", $"{Limits.MaxTransactionTables}");

        Assert.DoesNotContain(Seam.Calls, call => call.IsChange);
        Assert.Equal(before, await PointersAsync());
        (await CommitAsync([.. names.Skip(1).Select(name => Change(name, "1"))])).NoContent();
        Assert.Equal("1", await ValueAsync(names[^1]));
    }

    [Fact]
    [Trait("Limit", nameof(Limits.MaxTransactionChanges))]
    public async Task More_changes_than_a_transaction_may_have_are_400_even_to_one_table()
    {
        await MakeAsync("t");
        string[] changes = [.. Enumerable.Range(0, Limits.MaxTransactionChanges + 1).Select(i => Change("t", $"{i}"))];

        (await CommitAsync(changes)).Error(400, "BadRequestException", $"{Limits.MaxTransactionChanges}");

        (await CommitAsync(changes[1..])).NoContent();
        Assert.Equal($"{Limits.MaxTransactionChanges}", await ValueAsync("t"));
    }

    [Fact]
    [Trait("Behaviour", "250")]
    public async Task More_creates_than_a_batch_holds_are_400_and_leave_nothing()
    {
        var creates = Enumerable.Range(0, 60).Select(i => $$$"""{"identifier":{"namespace":["ns"],"name":"n{{{i}}}"},"requirements":[{{{Sample.AssertCreate}}}],"updates":[{{{Sample.CreateUpdates}}}]}""").ToArray();

        (await CommitAsync(creates)).Error(400, "BadRequestException", $"{Storage.IKeyValueStore.MaxBatch}");

        Assert.Empty(await Catalog.NamesAsync("ns"));
        Assert.Empty(await World.ListFilesAsync());
        (await CommitAsync(creates[..20])).NoContent();
        Assert.Equal(20, (await Catalog.NamesAsync("ns")).Count);
    }

    [Theory]
    [InlineData("/x", "/x")]
    [InlineData("/x", "/x/y")]
    [InlineData("/x/y", "/x")]
    public async Task Tables_made_in_one_transaction_do_not_overlap(string first, string second)
    {
        var reply = await CommitAsync(Create("a", first), Create("b", second));

        reply.Error(403, "ForbiddenException", "overlap");
        Assert.Empty(await Catalog.NamesAsync("ns"));
        (await CommitAsync(Create("a", first), Create("b", first + "y"))).NoContent();

        string Create(string name, string location) =>
            $$$"""{"identifier":{"namespace":["ns"],"name":"{{{name}}}"},"requirements":[{{{Sample.AssertCreate}}}],"updates":[{{{Sample.CreateUpdates}}},{"action":"set-location","location":"{{{Catalog.Base}}}{{{location}}}"}]}""";
    }

    private static string Change(string table, string value, string requirements = "") =>
        $$$"""{"identifier":{"namespace":["ns"],"name":"{{{table}}}"},"requirements":[{{{requirements}}}],"updates":[{{{Sample.SetProperty("k", value)}}}]}""";

    private Task<Reply> CommitAsync(params string[] changes) => Catalog.PostAsync("/transactions/commit", $$"""{"table-changes":[{{string.Join(',', changes)}}]}""");

    private async Task MakeAsync(params string[] names)
    {
        foreach (var name in names)
        {
            (await Catalog.CreateTableAsync("ns", name)).Ok();
        }
    }

    private async Task<string?> ValueAsync(string table) =>
        (await Catalog.LoadTableAsync("ns", table)).Ok().Metadata.GetProperty("properties").TryGetProperty("k", out var value) ? value.GetString() : null;

    private async Task<string[]> PointersAsync()
    {
        List<string> pointers = [];
        foreach (var name in await Catalog.NamesAsync("ns"))
        {
            pointers.Add((await Catalog.LoadTableAsync("ns", name)).Ok().MetadataLocation);
        }

        return [.. pointers, .. await World.ListFilesAsync()];
    }
}
