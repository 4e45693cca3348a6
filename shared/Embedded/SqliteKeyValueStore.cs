using Frazil.Storage;
using Microsoft.Data.Sqlite;

namespace Frazil.EmbeddedBackend;

/// <summary>
/// The store contract on one SQLite file: write-ahead log, an fsync before every answer, reads that never wait for writes. Several processes may share the file on a local disk (not over a network file system).
/// </summary>
/// <remarks>
/// Concurrent writes share an fsync. A write whose cancellation comes after it was taken up is finished and answered all the same.
/// Beyond the contract's exceptions: <see cref="InvalidDataException"/> for a damaged file, <see cref="IOException"/> for a failing disk; with either, nothing was applied.
/// A lock of another process is waited for once; a file that was deleted, moved or replaced under way is noticed by the next write, and everything is refused until it is back.
/// Dispose it to finish what is queued and to fold the log into the file.
/// </remarks>
public sealed class SqliteKeyValueStore : IKeyValueStore, IAsyncDisposable
{
    /// <summary>Reading connections kept open between calls. More are opened when more threads read at once, and closed again.</summary>
    private const int MaxIdleReaders = 16;

    /// <summary>How long what <see cref="CheckAsync"/> found is taken for true: whoever may ask whether the store is well must not keep its disk busy by that.</summary>
    private static readonly TimeSpan CheckTime = TimeSpan.FromSeconds(1);

    /// <summary>How long a read waits for another process that has locked the whole file, which is rare: its thread serves requests.</summary>
    private static readonly TimeSpan MaxReadWait = TimeSpan.FromSeconds(1);

    private readonly SqliteFiles files;
    private readonly TimeSpan busyTimeout;
    private readonly TimeSpan readWait;
    private readonly TimeProvider clock;
    private readonly SqliteWriter writer;
    private readonly Lock gate = new();
    private readonly Stack<SqliteReader> idle = [];
    private Task? check;
    private long checkedAt;
    private bool disposed;

    /// <summary>Opens the file, and makes it and its folder when missing.</summary>
    /// <param name="path">A path on a local disk.</param>
    /// <param name="clock">The time by which rows end; the system's by default.</param>
    /// <exception cref="InvalidDataException">The file is not a store of this version: no SQLite database, damaged, of another application, or of a later layout.</exception>
    /// <exception cref="StoreUnavailableException">The file cannot be opened or made, or another process keeps it locked.</exception>
    public SqliteKeyValueStore(string path, TimeProvider? clock = null)
        : this(path, SqliteDatabase.BusyTimeout, clock)
    {
    }

    internal SqliteKeyValueStore(string path, TimeSpan busyTimeout, TimeProvider? clock = null, Disk? disk = null)
    {
        this.clock = clock ?? TimeProvider.System;
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        files = new SqliteFiles(Path.GetFullPath(path), disk ?? Disk.Native);
        this.busyTimeout = busyTimeout;
        readWait = busyTimeout < MaxReadWait ? busyTimeout : MaxReadWait;
        SqliteDatabase.Prepare(files.Path, busyTimeout);
        files.LearnDatabase();
        writer = new SqliteWriter(files, busyTimeout, this.clock);
    }

    /// <inheritdoc/>
    public ValueTask<Item?> ReadAsync(string partition, string id, CancellationToken cancellationToken)
    {
        Ids.CheckPartition(partition);
        Ids.Check(id);
        cancellationToken.ThrowIfCancellationRequested();
        return new(Read(reader => reader.Read(partition, id)));
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<Item?>> ReadManyAsync(string partition, IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        Ids.CheckPartition(partition);
        Ids.CheckMany(ids);
        cancellationToken.ThrowIfCancellationRequested();
        return new(ids.Count == 0 ? [] : Read(reader => reader.ReadMany(partition, ids)));
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<Item>> ListAsync(string partition, string prefix, string? after, int limit, CancellationToken cancellationToken)
    {
        Ids.CheckPartition(partition);
        var range = Ids.Range(prefix, after, limit);
        cancellationToken.ThrowIfCancellationRequested();
        return new(range is null ? [] : Read(reader => reader.List(partition, range, limit)));
    }

    /// <inheritdoc/>
    public ValueTask<WriteResult> WriteAsync(string partition, string commitId, IReadOnlyList<Write> writes, CancellationToken cancellationToken)
    {
        Batches.Check(partition, commitId, writes);
        cancellationToken.ThrowIfCancellationRequested();
        return new(writer.WriteAsync(partition, commitId, writes, cancellationToken));
    }

    /// <inheritdoc/>
    /// <remarks>On a connection of its own, like another process: rows that have ended are in nobody's way, and a batch of deletions takes one turn among the writers.</remarks>
    public ValueTask<int> SweepAsync(string partition, int limit, CancellationToken cancellationToken)
    {
        Ids.CheckPartition(partition);
        cancellationToken.ThrowIfCancellationRequested();
        files.RequireNotGone();
        try
        {
            using var connection = SqliteDatabase.Open(files.Path, busyTimeout, readOnly: false);
            using var sweep = connection.Prepare(
                """
                DELETE FROM item WHERE (partition, folder, name) IN
                    (SELECT partition, folder, name FROM item WHERE partition = $partition AND ends <= $now ORDER BY ends LIMIT $limit)
                """,
                "$partition", "$now", "$limit");
            sweep.Bind(partition, clock.GetUtcNow().ToUnixTimeSeconds(), limit);
            return new(sweep.ExecuteNonQuery());
        }
        catch (SqliteException failure)
        {
            throw SqliteDatabase.Translate(failure, files.Path);
        }
    }

    /// <inheritdoc/>
    public async ValueTask CheckAsync(CancellationToken cancellationToken)
    {
        Task current;
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            if (check is null || (check.IsCompleted && TimeProvider.System.GetElapsedTime(checkedAt) > CheckTime))
            {
                (check, checkedAt) = (writer.CheckAsync(CancellationToken.None), TimeProvider.System.GetTimestamp());
            }

            current = check;
        }

        await current.WaitAsync(cancellationToken);
    }

    /// <summary>Takes no more writes, finishes the queued ones, closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (gate)
        {
            disposed = true;
        }

        await writer.DisposeAsync();
        while (idle.TryPop(out var reader))
        {
            reader.Dispose();
        }
    }

    private T Read<T>(Func<SqliteReader, T> read)
    {
        files.RequireNotGone();
        var reader = Rent();
        try
        {
            reader ??= new SqliteReader(files.Path, readWait, clock);
            var result = read(reader);
            if (TryKeep(reader))
            {
                reader = null;
            }

            return result;
        }
        catch (SqliteException failure)
        {
            throw SqliteDatabase.Translate(failure, files.Path);
        }
        finally
        {
            // A reader that failed may be in the midst of a snapshot; it is not used again.
            reader?.Dispose();
        }
    }

    private SqliteReader? Rent()
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            return idle.TryPop(out var reader) ? reader : null;
        }
    }

    private bool TryKeep(SqliteReader reader)
    {
        lock (gate)
        {
            if (disposed || idle.Count >= MaxIdleReaders)
            {
                return false;
            }

            idle.Push(reader);
            return true;
        }
    }
}
