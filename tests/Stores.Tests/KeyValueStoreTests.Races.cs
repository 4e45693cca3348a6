using System.Globalization;
using Frazil.Storage;

namespace Frazil.Stores.Tests;

public abstract partial class KeyValueStoreTests
{
    [Fact]
    public async Task Five_writers_lose_no_increment()
    {
        await ApplyAsync(Create("counter", "0"));
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 10; i++)
            {
                await IncrementAsync(Store, "counter");
            }
        })));
        Assert.Equal("50", await ValueOf("counter"));
    }

    [Fact]
    public async Task Of_sixteen_creators_one_wins()
    {
        for (var round = 0; round < 5; round++)
        {
            var id = $"f/{round}";
            var results = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(() => WriteAsync(Create(id, $"{i}")))));
            var winner = Assert.Single(Enumerable.Range(0, 16), i => results[i].IsApplied);
            Assert.Equal($"{winner}", await ValueOf(id));
        }
    }

    [Fact]
    public async Task Transfers_keep_the_sum()
    {
        // Each moves one from one row to the next in a batch; a half batch or a lost update would change the sum.
        string[] accounts = ["x/0", "y/1", "z/2", "3"];
        await ApplyAsync([.. accounts.Select(id => Create(id, "100"))]);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(async () =>
        {
            for (var i = 0; i < 8; i++)
            {
                var (from, to) = (accounts[(worker + i) % 4], accounts[(worker + i + 1 + (i % 3)) % 4]);
                while (true)
                {
                    var rows = await Store.ReadManyAsync(Partition, [from, to], default);
                    if (await TryWriteAsync(Store, new Write.Replace(from, Plus(rows[0]!, -1), rows[0]!.Version), new Write.Replace(to, Plus(rows[1]!, 1), rows[1]!.Version)))
                    {
                        break;
                    }
                }
            }
        })));

        var sum = 0;
        foreach (var id in accounts)
        {
            sum += int.Parse((await ValueOf(id))!, CultureInfo.InvariantCulture);
        }

        Assert.Equal(400, sum);
    }

    [Fact]
    public async Task A_batch_over_two_rows_has_one_winner()
    {
        for (var round = 0; round < 5; round++)
        {
            var (first, second) = ($"f/{round}", $"g/{round}");
            var results = await Task.WhenAll(
                Enumerable.Range(0, 8).Select(i => Task.Run(() => WriteAsync(i % 2 == 0 ? [Create(first, $"{i}"), Create(second, $"{i}")] : [Create(second, $"{i}"), Create(first, $"{i}")]))));
            var winner = Assert.Single(Enumerable.Range(0, 8), i => results[i].IsApplied);
            await HoldAsync((first, $"{winner}"), (second, $"{winner}"));
        }
    }

    /// <summary>Adds one to a number, whoever else does.</summary>
    protected async Task IncrementAsync(IKeyValueStore store, string id)
    {
        while (true)
        {
            var row = (await store.ReadAsync(Partition, id, default))!;
            if (await TryWriteAsync(store, new Write.Replace(id, Plus(row, 1), row.Version)))
            {
                return;
            }
        }
    }

    /// <summary>Throttled is not applied, and tried again.</summary>
    protected async Task<bool> TryWriteAsync(IKeyValueStore store, params Write[] writes)
    {
        try
        {
            return (await store.WriteAsync(Partition, NewCommitId(), writes, default)).IsApplied;
        }
        catch (StoreThrottledException)
        {
            return false;
        }
    }

    private static ReadOnlyMemory<byte> Plus(Item row, int change) => Bytes($"{int.Parse(Text(row), CultureInfo.InvariantCulture) + change}");
}
