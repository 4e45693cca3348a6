using System.Globalization;

namespace Frazil.Api.Tests;

/// <summary>What a request asks of the store and of the storage: the price of it, and most of its time where they are in a network.</summary>
public sealed class OperationCountTests : CatalogTests
{
    /// <summary>The letters of calls: r a read, R a read of many, l a list, w a batch, and f, c, d a file read, made, deleted.</summary>
    private const string Letters = "rRlwfcd";

    [Fact]
    public async Task A_load_reads_the_pointer_and_no_file_that_is_in_the_cache()
    {
        var table = (await Catalog.CreateTableAsync("ns", "t")).Ok();

        Assert.Equal("r", await CallsAsync(async () => (await Catalog.LoadTableAsync("ns", "t")).Ok()));
        Assert.Equal("r", await CallsAsync(async () => Assert.Equal(304, (await Catalog.LoadTableAsync("ns", "t", "", ("If-None-Match", table.ETag!))).Status)));
        Assert.Equal("r", await CallsAsync(async () => Assert.Equal(204, (await Catalog.HeadAsync("/namespaces/ns/tables/t")).Status)));
    }

    [Fact]
    public async Task A_commit_reads_the_pointer_makes_one_file_and_writes_one_batch()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();

        Assert.Equal("rcw", await CallsAsync(async () => (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("k", "v"))).Ok()));
        Assert.Equal("rrcw", await CallsAsync(async () =>
            (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("k", "w"), ("Idempotency-Key", "01890a5d-ac96-774b-bcce-b302099a8057"))).Ok()));
    }

    [Fact]
    public async Task A_transaction_over_three_tables_reads_three_pointers_makes_three_files_and_writes_one_batch()
    {
        string[] names = ["a", "b", "c"];
        foreach (var name in names)
        {
            (await Catalog.CreateTableAsync("ns", name)).Ok();
        }

        var changes = names.Select(name => $$"""{"identifier":{{Sample.Identifier(("ns", name))}},"requirements":[],"updates":[{{Sample.SetProperty("k", "v")}}]}""");

        Assert.Equal("rrrcccw", await CallsAsync(async () => (await Catalog.PostAsync("/transactions/commit", $$"""{"table-changes":[{{string.Join(',', changes)}}]}""")).NoContent()));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(40)]
    public async Task A_creation_asks_the_same_however_many_siblings_there_are(int siblings)
    {
        for (var i = 0; i < siblings; i++)
        {
            (await Catalog.CreateTableAsync("ns", i.ToString(CultureInfo.InvariantCulture))).Ok(); // the first has the folder held
        }

        // Namespace and name; then the file and the batch.
        Assert.Equal("rrcw", await CallsAsync(async () => (await Catalog.CreateTableAsync("ns", "t")).Ok()));
        Assert.Equal("rrcw", await CallsAsync(async () => (await Catalog.CreateViewAsync("ns", "v")).Ok()));

        // Where the location is the client's: besides, the version of locations; folders below; the locations above and below.
        Assert.Equal("rrrlRlcw", await CallsAsync(async () => (await Catalog.CreateTableAsync("ns", "at", $""","location":"{Catalog.Base}/at" """)).Ok()));

        // The parent; the locations at and above.
        Assert.Equal("rRw", await CallsAsync(async () => (await Catalog.CreateNamespaceAsync("ns", "child")).Ok()));
    }

    [Fact]
    public async Task What_a_creation_reads_independently_of_each_other_it_asks_for_at_once()
    {
        (await Catalog.CreateTableAsync("ns", "first")).Ok();
        Seam.Clear();
        Gate[] firsts = [HoldFirst("ns/"), HoldFirst("tv/")];
        Gate[] seconds = [Seam.HoldBefore(call => call.Kind == CallKind.ReadMany), Seam.HoldBefore(call => call.Kind == CallKind.List && call.Target.StartsWith("loc/", StringComparison.Ordinal))];

        var creation = Catalog.CreateTableAsync("ns", "t", $""","location":"{Catalog.Base}/t" """);
        try
        {
            await AllReachedAsync(firsts);
            await AllReachedAsync(seconds);
        }
        finally
        {
            OpenAll([.. firsts, .. seconds]);
        }

        (await creation).Ok();

        Gate HoldFirst(string prefix) => Seam.HoldBefore(call => call.Kind == CallKind.Read && call.Target.StartsWith(prefix, StringComparison.Ordinal));

        static void OpenAll(Gate[] gates) => Array.ForEach(gates, gate => gate.Open());

        static async Task AllReachedAsync(Gate[] gates)
        {
            // Only if each is held while the others are under way do all of them get there.
            await Task.WhenAll(gates.Select(gate => gate.Reached)).WaitAsync(TimeSpan.FromSeconds(60));
            OpenAll(gates);
        }
    }

    [Fact]
    public async Task A_drop_reads_what_it_moves_and_writes_one_batch()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();

        Assert.Equal("rrw", await CallsAsync(async () => (await Catalog.DeleteAsync("/namespaces/ns/tables/t")).NoContent()));
    }

    private async Task<string> CallsAsync(Func<Task> request)
    {
        Seam.Clear();
        await request();
        return string.Concat(Seam.Calls.Select(call => Letters[(int)call.Kind]));
    }
}
