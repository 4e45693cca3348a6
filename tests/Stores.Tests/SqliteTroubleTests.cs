using System.Diagnostics;
using System.Text;
using Frazil.EmbeddedBackend;
using Frazil.Storage;
using Microsoft.Data.Sqlite;

namespace Frazil.Stores.Tests;

/// <summary>The store's file is deleted, locked or on a full disk while it is in use: nothing is acknowledged that is lost, and what is wrong is said.</summary>
public sealed class SqliteTroubleTests
{
    private readonly string path = TemporaryFolder.NewFile("catalog.db");
    private int commits;

    [Theory]
    [InlineData("")]
    [InlineData("-wal")]
    [InlineData("-shm")]
    public async Task A_file_that_is_deleted_under_way_ends_commits_and_reads(string suffix)
    {
        await using var store = new SqliteKeyValueStore(path);
        await CreateAsync(store, "a");
        await store.CheckAsync(default);
        File.Delete(path + suffix);

        var failure = await Assert.ThrowsAsync<StoreUnavailableException>(() => CreateAsync(store, "b"));
        Assert.Equal("the file of its database was deleted, moved or replaced while it was in use", failure.Reason);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.ReadAsync("p", "a", default).AsTask());
        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.ReadManyAsync("p", ["a"], default).AsTask());
        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.CheckAsync(default).AsTask().ContinueWith(_ => CreateAsync(store, "c")).Unwrap());
        Assert.Equal(suffix.Length > 0, File.Exists(path));
    }

    [Fact]
    public async Task A_file_that_another_took_the_place_of_is_not_written_to()
    {
        await using var store = new SqliteKeyValueStore(path);
        await CreateAsync(store, "a");
        var other = TemporaryFolder.NewFile("catalog.db");
        await using (var second = new SqliteKeyValueStore(other))
        {
            await CreateAsync(second, "other");
        }

        File.Move(other, path, overwrite: true);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => CreateAsync(store, "b"));
    }

    [Fact]
    public async Task A_file_that_is_put_back_is_used_again()
    {
        await using var store = new SqliteKeyValueStore(path);
        await CreateAsync(store, "a");
        var aside = Path.Join(Path.GetDirectoryName(path), "aside");
        File.Move(path, aside);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => CreateAsync(store, "b"));
        File.Move(aside, path);
        Assert.True(await CreateAsync(store, "c"));
        Assert.NotNull(await store.ReadAsync("p", "a", default));
        Assert.Null(await store.ReadAsync("p", "b", default));
    }

    [Fact]
    public async Task However_many_wait_for_a_lock_each_waits_once()
    {
        var patience = TimeSpan.FromSeconds(1);
        await using var store = new SqliteKeyValueStore(path, patience);
        await CreateAsync(store, "a");
        using var foreign = new SqliteConnection($"Data Source={path};Pooling=False");
        foreign.Open();
        Run(foreign, "BEGIN IMMEDIATE");

        var began = Stopwatch.GetTimestamp();
        var waits = new List<Task<TimeSpan>>();
        for (var i = 0; i < 40; i++)
        {
            waits.Add(WaitAsync(i));
            await Task.Delay(20);
        }

        var longest = (await Task.WhenAll(waits)).Max();
        var all = Stopwatch.GetElapsedTime(began);

        // The driver polls for a second where SQLite itself does not wait.
        Assert.True(longest < (3 * patience) + TimeSpan.FromSeconds(2), $"one waited {longest}");
        Assert.True(all < 8 * patience, $"all waited {all}, one after the other");

        Run(foreign, "COMMIT");
        Assert.True(await CreateAsync(store, "after"));

        async Task<TimeSpan> WaitAsync(int i)
        {
            var since = Stopwatch.GetTimestamp();
            var failure = await Assert.ThrowsAsync<StoreUnavailableException>(() => CreateAsync(store, $"w{i}"));
            Assert.Equal("another program has locked its database and did not let go in time", failure.Reason);
            return Stopwatch.GetElapsedTime(since);
        }
    }

    [Fact]
    public async Task A_check_tells_of_a_lock_and_changes_nothing()
    {
        await using var store = new SqliteKeyValueStore(path, TimeSpan.FromMilliseconds(50));
        await CreateAsync(store, "a");
        using var foreign = new SqliteConnection($"Data Source={path};Pooling=False");
        foreign.Open();
        Run(foreign, "BEGIN IMMEDIATE");
        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.CheckAsync(default).AsTask());
        Run(foreign, "COMMIT");
        var item = await store.ReadAsync("p", "a", default);
        Assert.NotNull(item);
    }

    [Fact]
    public async Task A_check_tells_of_a_disk_that_is_full()
    {
        await using var store = new SqliteKeyValueStore(path, TimeSpan.FromSeconds(1), disk: new FullDisk());
        Assert.Equal("the disk of its database is full", (await Assert.ThrowsAsync<StoreUnavailableException>(() => store.CheckAsync(default).AsTask())).Reason);
    }

    [Fact]
    public void What_is_wrong_with_a_disk_is_said_without_a_path()
    {
        Assert.Equal("the disk of its database is full", Reason(SQLitePCL.raw.SQLITE_FULL));
        Assert.Equal("its database is read-only", Reason(SQLitePCL.raw.SQLITE_READONLY));
        Assert.Equal("its database cannot be opened", Reason(SQLitePCL.raw.SQLITE_CANTOPEN));

        string Reason(int code) => Assert.IsType<StoreUnavailableException>(SqliteDatabase.Translate(new SqliteException("x", code), path)).Reason;
    }

    private async Task<bool> CreateAsync(SqliteKeyValueStore store, string id) =>
        (await store.WriteAsync("p", $"c{Interlocked.Increment(ref commits)}", [new Write.Create(id, Encoding.UTF8.GetBytes(id))], default)).IsApplied;

    private static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    /// <summary>A disk that says that it is full.</summary>
    private sealed class FullDisk : Disk
    {
        public override FileIdentity? IdentityOf(string path) => Native.IdentityOf(path);

        public override Microsoft.Win32.SafeHandles.SafeFileHandle Open(string path) => throw new IOException("full");

        public override bool TryName(string temporary, string path) => throw new IOException("full");

        public override void SyncFolder(string folder) => throw new IOException("full");

        public override long FreeBytes(string folder) => 0;
    }
}
