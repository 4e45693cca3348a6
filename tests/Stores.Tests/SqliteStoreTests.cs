using Frazil.EmbeddedBackend;
using Frazil.Storage;
using Microsoft.Data.Sqlite;

namespace Frazil.Stores.Tests;

public sealed class SqliteKeyValueStoreTests : KeyValueStoreTests
{
    private readonly string path = TemporaryFolder.NewFile("catalog.db");

    public SqliteKeyValueStoreTests() => Store = new SqliteKeyValueStore(path, Clock);

    protected override IKeyValueStore Store { get; }

    private SqliteKeyValueStore Reopened() => new(path);

    [Theory]
    [InlineData("WAL")]
    [InlineData("DELETE")] // as VACUUM INTO leaves a copy
    public async Task A_file_of_a_version_that_knew_no_ends_is_opened_and_stays_open_to_it(string journal)
    {
        var earlier = TemporaryFolder.NewFile("earlier.db");
        await using (var connection = new SqliteConnection($"Data Source={earlier};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = $"""
                PRAGMA journal_mode = {journal};
                CREATE TABLE item (partition TEXT NOT NULL, folder TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (partition, folder, name)) STRICT, WITHOUT ROWID;
                PRAGMA application_id = 1179802188; PRAGMA user_version = 1;
                INSERT INTO item (partition, folder, name, version, value) VALUES ('p', 'f/', 'a', 'v1', x'31');
                """;
            command.ExecuteNonQuery();
            await using (var store = new SqliteKeyValueStore(earlier, Clock))
            {
                Assert.Equal("1", Text((await store.ReadAsync("p", "f/a", default))!));
                Assert.True((await store.WriteAsync("p", "v2", [Create("f/b", "2") with { ExpiresAt = Clock.GetUtcNow() + TimeSpan.FromMinutes(1) }], default)).IsApplied);
            }

            command.CommandText = """
                INSERT INTO item (partition, folder, name, version, value) VALUES ('p', 'f/', 'c', 'v3', x'33') ON CONFLICT DO UPDATE SET version = excluded.version, value = excluded.value;
                """;
            command.ExecuteNonQuery();
        }

        Clock.Shift(TimeSpan.FromHours(1));
        await using var again = new SqliteKeyValueStore(earlier, Clock);
        Assert.Equal(["f/a", "f/c"], (await again.ListAsync("p", "f/", null, 10, default)).Select(item => item.Id));
        Assert.Equal(1, await again.SweepAsync("p", 10, default));
    }

    [Fact]
    public async Task What_was_written_is_there_when_the_file_is_opened_again()
    {
        await ApplyAsync(Create("a", "1"), Create("f/b", "2"));
        var before = (await ReadAsync("a"))!;
        await DisposeAsync();

        await using var again = Reopened();
        var after = (await again.ReadAsync(Partition, "a", default))!;
        Assert.Equal((Text(before), before.Version, before.CommitId), (Text(after), after.Version, after.CommitId));
        Assert.Single(await again.ListAsync(Partition, "f/", null, 10, default));
    }

    [Fact]
    public async Task Two_openings_of_one_file_see_each_other_and_lose_no_increment()
    {
        await ApplyAsync(Create("counter", "0"));
        await using var other = Reopened();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            for (var i = 0; i < 25; i++)
            {
                await IncrementAsync(worker % 2 == 0 ? Store : other, "counter");
            }
        })));
        Assert.Equal("200", await ValueOf("counter"));
        Assert.Equal("200", Text((await other.ReadAsync(Partition, "counter", default))!));
    }

    [Fact]
    public async Task Writes_that_wait_are_finished_before_the_store_is_closed()
    {
        var writes = Enumerable.Range(0, 200).Select(i => WriteAsync(Create($"f/{i:000}"))).ToList();
        await DisposeAsync();
        Assert.All(await Task.WhenAll(writes), result => Assert.True(result.IsApplied));
        await using (var again = Reopened())
        {
            Assert.Equal(200, (await again.ListAsync(Partition, "f/", null, 1000, default)).Count);
        }

        await Assert.ThrowsAsync<ObjectDisposedException>(() => WriteAsync(Create("late")));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => ReadAsync("late"));
    }

    [Fact]
    public async Task A_cancelled_write_was_either_not_applied_or_is_answered()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 400).Select(i => Task.Run(async () =>
        {
            using var cancellation = new CancellationTokenSource();
            var write = Store.WriteAsync(Partition, NewCommitId(), [Create($"f/{i:000}")], cancellation.Token).AsTask();
            if (i % 2 == 0)
            {
                await cancellation.CancelAsync();
            }

            try
            {
                return (Id: $"f/{i:000}", (await write).IsApplied);
            }
            catch (OperationCanceledException)
            {
                return (Id: $"f/{i:000}", IsApplied: false);
            }
        })));

        Assert.All(outcomes.Where((_, i) => i % 2 == 1), outcome => Assert.True(outcome.IsApplied));
        Assert.Equal(outcomes.Where(outcome => outcome.IsApplied).Select(outcome => outcome.Id), await ListAsync("f/"));
    }

    [Fact]
    public async Task A_write_that_waits_can_be_cancelled_and_one_that_was_taken_up_cannot()
    {
        await ApplyAsync(Create("ready"));
        using var foreign = new SqliteConnection($"Data Source={path};Pooling=False");
        foreign.Open();
        Run(foreign, "BEGIN IMMEDIATE");

        // A group is taken up and waits for the lock; those behind it (a group has at most 256) wait in the queue. Each is cancelled or taken up, never both.
        using var cancellation = new CancellationTokenSource();
        Task<WriteResult>[] writes = [.. Enumerable.Range(0, 300).Select(i => Store.WriteAsync(Partition, NewCommitId(), [Create($"f/{i:000}")], cancellation.Token).AsTask())];
        await cancellation.CancelAsync();
        Run(foreign, "COMMIT");

        await Task.WhenAll(writes.Select(write => write.ContinueWith(_ => { }, TaskScheduler.Default)));
        Assert.Contains(writes, write => write.IsCanceled);
        Assert.All(writes, write => Assert.True(write.IsCanceled || write.Result.IsApplied));
        Assert.Equal(Enumerable.Range(0, 300).Where(i => !writes[i].IsCanceled).Select(i => $"f/{i:000}"), await ListAsync("f/"));
    }

    [Fact]
    public async Task One_batch_that_the_database_refuses_does_not_take_its_neighbours_along()
    {
        await ApplyAsync(Create("ready"));
        using var foreign = new SqliteConnection($"Data Source={path};Pooling=False");
        foreign.Open();
        Run(foreign, "CREATE TRIGGER refuse BEFORE INSERT ON item WHEN NEW.name = '13' BEGIN SELECT RAISE(FAIL, 'no thirteen'); END");
        Run(foreign, "BEGIN IMMEDIATE");
        Task<WriteResult>[] writes = [.. Enumerable.Range(0, 20).Select(i => WriteAsync(Create($"g/{i:00}"), Create($"f/{i:00}")))];
        Run(foreign, "COMMIT");

        for (var i = 0; i < writes.Length; i++)
        {
            if (i == 13)
            {
                Assert.Contains("no thirteen", (await Assert.ThrowsAsync<IOException>(() => writes[13])).Message);
            }
            else
            {
                Assert.True((await writes[i]).IsApplied);
            }
        }

        Assert.Equal(Enumerable.Range(0, 20).Where(i => i != 13).Select(i => $"f/{i:00}"), await ListAsync("f/"));
        Assert.Equal(Enumerable.Range(0, 20).Where(i => i != 13).Select(i => $"g/{i:00}"), await ListAsync("g/"));
    }

    [Fact]
    public async Task A_lock_that_another_process_keeps_is_told_and_applies_nothing()
    {
        await using var impatient = new SqliteKeyValueStore(path, busyTimeout: TimeSpan.FromMilliseconds(50));
        await ApplyAsync(Create("a", "1"));
        using var foreign = new SqliteConnection($"Data Source={path};Pooling=False");
        foreign.Open();
        Run(foreign, "BEGIN IMMEDIATE");

        await Assert.ThrowsAsync<StoreUnavailableException>(() => impatient.WriteAsync(Partition, NewCommitId(), [Create("b")], default).AsTask());
        Assert.Equal("1", Text((await impatient.ReadAsync(Partition, "a", default))!));
        Run(foreign, "COMMIT");
        Assert.Null(await impatient.ReadAsync(Partition, "b", default));
        Assert.True((await impatient.WriteAsync(Partition, NewCommitId(), [Create("b")], default)).IsApplied);
    }

    [Fact]
    public async Task A_damaged_file_says_so()
    {
        for (var i = 0; i < 20; i++)
        {
            await ApplyAsync([.. Enumerable.Range(0, 50).Select(j => Create($"f/{i:00}{j:00}", new string('v', 500)))]);
        }

        await DisposeAsync();
        using (var file = File.OpenWrite(path))
        {
            file.Position = 4096;
            file.Write(new byte[file.Length - 4096]);
        }

        await using var damaged = Reopened();
        Assert.Contains("damaged", (await Assert.ThrowsAsync<InvalidDataException>(() => damaged.ReadAsync(Partition, "f/0000", default).AsTask())).Message);
        Assert.Contains("damaged", (await Assert.ThrowsAsync<InvalidDataException>(() => damaged.WriteAsync(Partition, NewCommitId(), [Create("a")], default).AsTask())).Message);
    }

    internal static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
