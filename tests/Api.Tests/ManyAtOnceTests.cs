using System.Globalization;

namespace Frazil.Api.Tests;

public sealed class ManyAtOnceTestsInMemory() : ManyAtOnceTests(new MemoryWorld());

public sealed class ManyAtOnceTestsEmbedded() : ManyAtOnceTests(new EmbeddedWorld());

/// <summary>Many at once, through two processes.</summary>
public abstract class ManyAtOnceTests(World world) : CatalogTests(world)
{
    private const int Many = 20;

    [Fact]
    [Trait("Behaviour", "93")]
    public async Task Of_many_creates_of_one_name_one_succeeds()
    {
        var replies = await AllAsync((catalog, _) => catalog.CreateTableAsync("ns", "t"));

        var created = Assert.Single(replies, reply => reply.Status == 200);
        Assert.All(replies.Where(reply => reply != created), reply => reply.Error(409, "AlreadyExistsException", "Table already exists: ns.t"));
        Assert.Equal(created.MetadataLocation, (await Catalog.LoadTableAsync("ns", "t")).Ok().MetadataLocation);
        Assert.Equal([created.MetadataLocation], await World.ListFilesAsync());
        await CatalogState.ReadAsync(World, Catalog.Name);
    }

    [Fact]
    [Trait("Behaviour", "213")]
    public async Task Many_commits_whose_requirements_hold_all_succeed()
    {
        var uuid = (await Catalog.CreateTableAsync("ns", "t")).Ok().Metadata.GetProperty("table-uuid").GetString()!;

        var replies = await AllAsync((catalog, i) => catalog.CommitAsync("ns", "t", Sample.AssertUuid(uuid), Sample.SetProperty($"k{i}", "v")));

        Assert.All(replies, reply => reply.Ok());
        var metadata = (await Catalog.LoadTableAsync("ns", "t")).Ok().Metadata;
        Assert.Equal(Many, metadata.GetProperty("properties").EnumerateObject().Count(property => property.Name.StartsWith('k')));
        Assert.Equal(Many, metadata.GetProperty("metadata-log").GetArrayLength());
        Assert.Equal(Many + 1, (await World.ListFilesAsync()).Count);
    }

    [Fact]
    [Trait("Behaviour", "214")]
    [Trait("Behaviour", "216")]
    public async Task Of_many_appends_to_one_snapshot_one_succeeds_in_each_round()
    {
        var location = (await Catalog.CreateTableAsync("ns", "t")).Ok().Metadata.GetProperty("location").GetString()!;
        long? current = null;
        for (var round = 1; round <= 3; round++)
        {
            var replies = await AllAsync((catalog, i) =>
                catalog.CommitAsync("ns", "t", Sample.AssertRef("main", current), Sample.Append((round * 100) + i, round, location, current, Clock.Milliseconds)));

            var won = Assert.Single(replies, reply => reply.Status == 200);
            Assert.All(replies.Where(reply => reply != won), reply => reply.Error(409, "CommitFailedException", "Requirement failed"));
            current = won.Metadata.GetProperty("current-snapshot-id").GetInt64();
        }

        Assert.Equal(3, (await Catalog.LoadTableAsync("ns", "t")).Ok().Metadata.GetProperty("snapshots").GetArrayLength());
        Assert.Equal(4, (await World.ListFilesAsync()).Count);
    }

    [Fact]
    [Trait("Behaviour", "237")]
    public async Task Two_replaces_of_a_view_get_the_versions_2_and_3()
    {
        (await Catalog.CreateViewAsync("ns", "v")).Ok();
        var other = await World.StartAsync();
        var gate = Seam.HoldBefore(call => call.Kind == CallKind.Write);
        var held = Catalog.ReplaceViewAsync("ns", "v", "", Sample.NewViewVersion("select 'a'"));
        await gate.Reached;

        var faster = (await Catalog.Through(other).ReplaceViewAsync("ns", "v", "", Sample.NewViewVersion("select 'b'"))).Ok();
        gate.Open();
        var slower = (await held).Ok();

        Assert.Equal(2, faster.Metadata.GetProperty("current-version-id").GetInt32());
        Assert.Equal(3, slower.Metadata.GetProperty("current-version-id").GetInt32());
    }

    [Fact]
    [Trait("Behaviour", "248")]
    public async Task A_reader_never_sees_half_a_transaction()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        (await Catalog.CreateTableAsync("ns", "t2")).Ok();
        var reader = Catalog.Through(await World.StartAsync());
        List<(int First, int Second)> seen = [];
        for (var call = 0; ; call++)
        {
            Seam.Clear();
            var gate = Seam.HoldBefore(other => other.Number == call);
            var value = call.ToString(CultureInfo.InvariantCulture);
            var commit = Catalog.PostAsync("/transactions/commit", Mutations.Transaction(("t", ""), ("t2", "")).Replace("yes", "v" + value, StringComparison.Ordinal));
            var isHeld = await Task.WhenAny(commit, gate.Reached) != commit;

            seen.Add((await LogAsync("t"), await LogAsync("t2")));
            gate.Open();
            (await commit).NoContent();
            seen.Add((await LogAsync("t"), await LogAsync("t2")));
            if (!isHeld)
            {
                break;
            }
        }

        Assert.All(seen, pair => Assert.Equal(pair.First, pair.Second));
        Assert.True(seen[^1].First > 3);

        async Task<int> LogAsync(string table) => (await reader.LoadTableAsync("ns", table)).Ok().Metadata.GetProperty("metadata-log").GetArrayLength();
    }

    private async Task<Reply[]> AllAsync(Func<CatalogClient, int, Task<Reply>> request)
    {
        var other = Catalog.Through(await World.StartAsync());
        return await Task.WhenAll(Enumerable.Range(0, Many).Select(i => Task.Run(() => request(i % 2 == 0 ? Catalog : other, i))));
    }
}
