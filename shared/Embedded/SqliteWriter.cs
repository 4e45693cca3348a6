using Frazil.Storage;
using Microsoft.Data.Sqlite;

namespace Frazil.EmbeddedBackend;

/// <summary>
/// The one connection that writes, on a thread of its own. Batches that wait together are committed together, so that any number of callers share one fsync:
/// each is decided on its own inside the transaction, and none is answered before COMMIT has returned.
/// </summary>
/// <remarks>
/// A batch's conditions are all checked before its first row is written, under the write lock; so a refused batch leaves nothing behind, and an accepted one fails only when the database itself does.
/// Then the whole group is rolled back and its batches are tried one by one, so that nobody pays for another's failure - unless it failed before the first, as when another process holds the lock,
/// or COMMIT itself failed in a way that leaves the outcome open.
/// </remarks>
internal sealed class SqliteWriter : IAsyncDisposable
{
    /// <summary>Batches and bytes of values in one transaction; batches that may wait: the next one is throttled.</summary>
    private static readonly GroupLimits Limits = new(Count: 256, Bytes: 8 * 1024 * 1024, Waiting: 8192);

    /// <summary>Bytes that must be left on the disk for the store to count as able to write: room for its log, and for the files of some commits.</summary>
    private const long MinFreeBytes = 16 * 1024 * 1024;

    private readonly SqliteFiles files;
    private readonly TimeSpan busyTimeout;
    private readonly TimeProvider clock;
    private readonly GroupQueue<PendingBatch, WriteResult> queue;
    private SqliteWriteConnection? connection;

    public SqliteWriter(SqliteFiles files, TimeSpan busyTimeout, TimeProvider clock)
    {
        this.clock = clock;
        this.files = files;
        this.busyTimeout = busyTimeout;
        queue = new("SQLite writer", Limits, Settle);
    }

    public Task<WriteResult> WriteAsync(string partition, string commitId, IReadOnlyList<Write> writes, CancellationToken cancellationToken)
    {
        var batch = new PendingBatch(partition, commitId, writes);
        return queue.TryAdd(batch)
            ? batch.WaitAsync(cancellationToken)
            : throw new StoreThrottledException($"{Limits.Waiting} batches wait for the database {files.Path} already");
    }

    /// <summary>Writes nothing in the way of a batch.</summary>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        await WriteAsync("", "", [], cancellationToken);
        if (files.FreeBytes < MinFreeBytes)
        {
            throw new StoreUnavailableException("the disk of its database is full", $"The disk of {files.Path} has less than {MinFreeBytes} bytes left");
        }
    }

    /// <summary>Takes nothing more; ends when what waits has been written.</summary>
    public async ValueTask DisposeAsync()
    {
        await queue.CloseAsync();
        Disconnect();
    }

    private void Settle(List<PendingBatch> group)
    {
        if (TryCommit(group) is not { } failure)
        {
            return;
        }

        if (failure.IsUnclear || failure.ConcernsAll || group.Count == 1)
        {
            group.ForEach(batch => batch.Fail(failure.IsUnclear ? Unknown(batch, failure) : failure.Cause));
            return;
        }

        group.ForEach(batch => Settle([batch]));
    }

    /// <summary>Commits a group and answers its batches. When it gives a failure, none was answered, and nothing was applied unless the failure is unclear.</summary>
    private Failure? TryCommit(List<PendingBatch> group)
    {
        var (begun, committing) = (false, false);
        try
        {
            Connect();
            files.Check();
            connection!.Begin(Patience(group));
            begun = true;
            var results = group.ConvertAll(batch => connection.Apply(batch.Partition, batch.CommitId, batch.Writes));
            committing = true;
            connection.Commit();
            files.Check();
            for (var i = 0; i < results.Count; i++)
            {
                group[i].Succeed(results[i]);
            }

            return null;
        }
        catch (SqliteException exception)
        {
            Disconnect();

            // A COMMIT that fails for another reason may have left a whole commit in the log, unseen now, that a recovery after a crash brings to life: nobody can tell.
            // A full disk fails before the frame that makes it a commit is whole, so that one is clear.
            return new Failure(SqliteDatabase.Translate(exception, files.Path), IsUnclear: committing && exception.SqliteErrorCode != SQLitePCL.raw.SQLITE_FULL, ConcernsAll: !begun);
        }
#pragma warning disable CA1031 // whatever it is, it is the callers' to hear of; the thread must live
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Disconnect();
            return new Failure(exception, IsUnclear: committing, ConcernsAll: !begun);
        }
    }

    private void Connect()
    {
        if (connection is null)
        {
            // Before the file is opened: what is in its place may be another one by now.
            files.Check();
            connection = new SqliteWriteConnection(files.Path, clock);
            files.Learn();
        }
    }

    /// <summary>How long a group may wait for another process's lock: a batch waits once, and what it has waited for the group before it counts.</summary>
    private TimeSpan Patience(List<PendingBatch> group)
    {
        var left = busyTimeout - group.Max(batch => TimeProvider.System.GetElapsedTime(batch.Since));
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    /// <summary>Closing rolls an open transaction back. The next group opens a fresh connection.</summary>
    private void Disconnect()
    {
        if (connection is null)
        {
            return;
        }

        files.Forget();
        try
        {
            connection.Dispose();
        }
        catch (SqliteException)
        {
            // The file is in trouble, and whoever uses it next will be told.
        }

        connection = null;
    }

    private static UnknownOutcomeException Unknown(PendingBatch batch, Failure failure) =>
        new($"Batch {batch.CommitId} may or may not have been committed: {failure.Cause.Message}", failure.Cause);

    /// <param name="Cause">What failed.</param>
    /// <param name="IsUnclear">Whether nobody can tell what was applied.</param>
    /// <param name="ConcernsAll">Whether it came before any batch was looked at: no batch fares better by itself.</param>
    private sealed record Failure(Exception Cause, bool IsUnclear, bool ConcernsAll);
}

/// <summary>A batch that waits for the writer, and its caller for it.</summary>
internal sealed class PendingBatch(string partition, string commitId, IReadOnlyList<Write> writes) : Pending<WriteResult>
{
    public string Partition => partition;

    public string CommitId => commitId;

    public IReadOnlyList<Write> Writes => writes;

    /// <summary>Since when it waits.</summary>
    public long Since { get; } = TimeProvider.System.GetTimestamp();

    public override long Bytes { get; } = writes.Sum(write => (long)(Batches.NewValue(write)?.Length ?? 0));
}
