using Frazil.Storage;

namespace Frazil.Stores.Tests;

public abstract partial class KeyValueStoreTests
{
    /// <summary>The time by which the store's rows end.</summary>
    protected ShiftedClock Clock { get; } = new();

    /// <summary>Whether the store removes what has ended without being asked.</summary>
    protected virtual bool RemovesByItself => false;

    [Fact]
    public async Task A_row_is_there_until_its_end_and_absent_from_then_on()
    {
        var end = DateTimeOffset.FromUnixTimeSeconds((Clock.GetUtcNow() + TimeSpan.FromMinutes(10)).ToUnixTimeSeconds());
        await ApplyAsync(Ending("f/a", end), Create("f/b", "2"), Ending("f/c", end - TimeSpan.FromMilliseconds(1)), Ending("f/d", end + TimeSpan.FromMinutes(1)));

        Assert.Equal(end, (await ReadAsync("f/a"))!.ExpiresAt);
        Assert.Null((await ReadAsync("f/b"))!.ExpiresAt);
        Assert.Equal([end, null, end, end + TimeSpan.FromMinutes(1)], (await Store.ListAsync(Partition, "f/", null, 10, default)).Select(item => item.ExpiresAt));
        Clock.Shift(TimeSpan.FromMinutes(10));

        Assert.Null(await ReadAsync("f/a"));
        Assert.Equal(["f/b", "f/d"], await ListAsync("f/"));
        Assert.Equal([null, "f/b", null, "f/d"], (await Store.ReadManyAsync(Partition, ["f/a", "f/b", "f/c", "f/d"], default)).Select(item => item?.Id));
    }

    [Fact]
    public async Task A_row_past_its_end_is_in_nobodys_way()
    {
        await ApplyAsync(Ending("a", Soon), Ending("f/b", Soon));
        Clock.Shift(TimeSpan.FromHours(1));

        await ApplyAsync(Create("a", "2"));
        var commitId = NewCommitId();
        Write[] batch = [Create("f/b", "3") with { ExpiresAt = Soon }, Create("f/c", "4"), Create("g/d", "5")];
        Assert.True((await WriteAsync(commitId, batch)).IsApplied);
        Assert.True((await WriteAsync(commitId, batch)).IsApplied);
        Assert.False((await WriteAsync(Create("f/b", "6"))).IsApplied);

        await HoldAsync(("a", "2"), ("f/b", "3"), ("f/c", "4"), ("g/d", "5"));
        Clock.Shift(TimeSpan.FromHours(1));
        await HoldAsync(("a", "2"), ("f/b", null), ("f/c", "4"));
    }

    [Fact]
    public async Task A_creation_over_an_ended_row_is_refused_when_another_write_of_its_batch_is()
    {
        await ApplyAsync(Ending("f/a", Soon), Create("f/b", "1"));
        Clock.Shift(TimeSpan.FromHours(1));

        Assert.Equal("f/b", (await WriteAsync(Create("f/a", "2"), Create("f/b", "2"))).RefusedBy);
        Assert.Equal("f/b", (await WriteAsync(Create("f/b", "2"), Create("f/a", "2"))).RefusedBy);

        await HoldAsync(("f/a", null), ("f/b", "1"));
    }

    [Fact]
    public async Task Of_many_creations_over_an_ended_row_one_is_applied()
    {
        await ApplyAsync(Ending("f/a", Soon));
        Clock.Shift(TimeSpan.FromHours(1));

        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => WriteAsync(Create("f/a", $"{i}"), Create($"g/{i}", "x")))));

        Assert.Single(results, result => result.IsApplied);
        Assert.Equal($"g/{await ValueOf("f/a")}", Assert.Single(await ListAsync("g/")));
    }

    [Fact]
    public async Task A_replacement_gives_an_end_and_takes_it_away()
    {
        await ApplyAsync(Ending("a", Soon), Create("b", "1"));
        await ApplyAsync(new Write.Replace("a", Bytes("2"), await VersionOf("a")), new Write.Replace("b", Bytes("2"), await VersionOf("b")) { ExpiresAt = Soon });
        Clock.Shift(TimeSpan.FromHours(1));

        await HoldAsync(("a", "2"), ("b", null));
        await SweepAsync();
        await HoldAsync(("a", "2"), ("b", null));
    }

    [Fact]
    public async Task A_page_of_a_list_is_full_whatever_has_ended_in_between()
    {
        for (var i = 0; i < 90; i += 30)
        {
            await ApplyAsync([.. Enumerable.Range(i, 30).Select(n => n % 10 == 0 ? Create($"f/{n:00}") : Ending($"f/{n:00}", Soon))]);
        }

        Clock.Shift(TimeSpan.FromHours(1));

        Assert.Equal(["f/00", "f/10", "f/20", "f/30"], await ListAsync("f/", limit: 4));
        Assert.Equal(["f/40", "f/50", "f/60", "f/70"], await ListAsync("f/", "f/30", limit: 4));
        Assert.Equal(["f/80"], await ListAsync("f/", "f/70", limit: 4));
    }

    [Fact]
    public async Task A_sweep_removes_what_has_ended_first_first_and_nothing_else()
    {
        await ApplyAsync([.. Enumerable.Range(0, 20).Select(i => Ending($"f/{i:00}", Soon + TimeSpan.FromMinutes(20 - i)))]);
        await ApplyAsync(Ending("f/later", Soon + TimeSpan.FromDays(1)), Create("f/never"), Ending("f/twice", Soon));
        await ApplyAsync(new Write.Replace("f/twice", Bytes("2"), await VersionOf("f/twice")) { ExpiresAt = Soon + TimeSpan.FromDays(1) });
        Assert.Equal(0, await Store.SweepAsync(Partition, 100, default));
        Clock.Shift(TimeSpan.FromHours(2));

        var swept = await Store.SweepAsync(Partition, 5, default);
        Assert.Equal(RemovesByItself ? 0 : 5, swept);
        swept += await SweepAsync();

        Assert.InRange(swept, RemovesByItself ? 0 : 20, RemovesByItself ? 0 : 21); // A store may count the end that a row had before.
        Assert.Equal(["f/later", "f/never", "f/twice"], await ListAsync("f/"));
        Clock.Shift(-TimeSpan.FromHours(2));
        Assert.Equal(RemovesByItself ? 23 : 3, (await ListAsync("f/")).Length);
        Assert.Equal(0, await Store.SweepAsync("another/" + Partition, 100, default));
    }

    [Fact]
    public async Task A_write_with_an_end_counts_twice()
    {
        Write[] writes = [.. Enumerable.Range(0, IKeyValueStore.MaxBatch / 2).Select(i => Ending($"f/{i:00}", Soon))];
        await ApplyAsync(writes);
        Assert.Equal(IKeyValueStore.MaxBatch / 2, (await ListAsync("f/")).Length);

        await RefusesAsync("MaxBatch", [.. writes.Select(write => Ending("g" + write.Id, Soon)), Create("g/one-more")]);
    }

    private DateTimeOffset Soon => Clock.GetUtcNow() + TimeSpan.FromMinutes(10);

    private static Write.Create Ending(string id, DateTimeOffset end) => Create(id, "1") with { ExpiresAt = end };

    private async Task<int> SweepAsync()
    {
        var swept = 0;
        while (await Store.SweepAsync(Partition, 100, default) is > 0 and var some)
        {
            swept += some;
        }

        return swept;
    }
}

/// <summary>The system's time, and more.</summary>
public sealed class ShiftedClock : TimeProvider
{
    private TimeSpan shift;

    public void Shift(TimeSpan by) => shift += by;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + shift;
}
