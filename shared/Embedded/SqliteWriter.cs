using Frazil.Storage;
using Microsoft.Data.Sqlite;

namespace Frazil.EmbeddedBackend;

/// <summary>
/// The one connection that writes, on a thread of its own. Batches that wait together are committed together, so that any number of callers share one fsync:
/// each is decided on its own inside the transaction, and none is answered before COMMIT has returned.
/// </summary>
/// <remarks>
/// A batch's conditions are all checked before its first row is written, under the write lock; so a refused batch leaves nothing behind, and an accepted one fails only when the database itself does.
/// Then the whole group is rolled back and its batches are tried one by one, so that nobody pays for another's failure - unless COMMIT itself failed in a way that leaves the outcome open.
/// </remarks>
internal sealed class SqliteWriter
{
    /// <summary>Batches in one transaction.</summary>
    private const int MaxGroup = 256;

    /// <summary>Bytes of values in one transaction, unless one batch alone has more.</summary>
    private const int MaxGroupBytes = 8 * 1024 * 1024;

    /// <summary>Batches that may wait. The next one is throttled.</summary>
    private const int MaxWaiting = 8192;

    private readonly string path;
    private readonly TimeSpan busyTimeout;
    private readonly TimeProvider clock;
    private readonly object gate = new();
    private readonly Queue<PendingBatch> waiting = [];
    private readonly TaskCompletionSource finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private SqliteWriteConnection? connection;
    private bool closed;

    public SqliteWriter(string path, TimeSpan busyTimeout, TimeProvider clock)
    {
        this.clock = clock;
        this.path = path;
        this.busyTimeout = busyTimeout;
        new Thread(Run) { IsBackground = true, Name = "SQLite writer" }.Start();
    }

    public Task<WriteResult> WriteAsync(string partition, string commitId, IReadOnlyList<Write> writes, CancellationToken cancellationToken)
    {
        var batch = new PendingBatch(partition, commitId, writes);
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(closed, typeof(SqliteKeyValueStore));
            if (waiting.Count >= MaxWaiting)
            {
                throw new StoreThrottledException($"{MaxWaiting} batches wait for the database {path} already");
            }

            waiting.Enqueue(batch);
            Monitor.Pulse(gate);
        }

        return batch.WaitAsync(cancellationToken);
    }

    /// <summary>Takes nothing more; ends when what waits has been written.</summary>
    public Task CloseAsync()
    {
        lock (gate)
        {
            closed = true;
            Monitor.Pulse(gate);
        }

        return finished.Task;
    }

    private void Run()
    {
        while (Take() is { } group)
        {
            Settle(group);
        }

        Disconnect();
        finished.SetResult();
    }

    private List<PendingBatch>? Take()
    {
        lock (gate)
        {
            while (true)
            {
                var group = new List<PendingBatch>();
                for (var bytes = 0L; group.Count < MaxGroup && waiting.TryPeek(out var next) && (group.Count == 0 || bytes + next.Bytes <= MaxGroupBytes); bytes += next.Bytes)
                {
                    if (waiting.Dequeue().TryTake())
                    {
                        group.Add(next);
                    }
                }

                if (group.Count > 0)
                {
                    return group;
                }

                if (closed)
                {
                    return null;
                }

                Monitor.Wait(gate);
            }
        }
    }

    private void Settle(List<PendingBatch> group)
    {
        if (TryCommit(group) is not { } failure)
        {
            return;
        }

        if (failure.IsUnclear || group.Count == 1)
        {
            group.ForEach(batch => batch.Fail(failure.IsUnclear ? Unknown(batch, failure) : failure.Cause));
            return;
        }

        group.ForEach(batch => Settle([batch]));
    }

    /// <summary>Commits a group and answers its batches. When it gives a failure, none was answered, and nothing was applied unless the failure is unclear.</summary>
    private Failure? TryCommit(List<PendingBatch> group)
    {
        var committing = false;
        try
        {
            connection ??= new SqliteWriteConnection(path, busyTimeout, clock);
            connection.Begin();
            var results = group.ConvertAll(batch => connection.Apply(batch.Partition, batch.CommitId, batch.Writes));
            committing = true;
            connection.Commit();
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
            return new Failure(SqliteDatabase.Translate(exception, path), IsUnclear: committing && exception.SqliteErrorCode != SQLitePCL.raw.SQLITE_FULL);
        }
#pragma warning disable CA1031 // whatever it is, it is the callers' to hear of; the thread must live
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Disconnect();
            return new Failure(exception, IsUnclear: committing);
        }
    }

    /// <summary>Closing rolls an open transaction back. The next group opens a fresh connection.</summary>
    private void Disconnect()
    {
        try
        {
            connection?.Dispose();
        }
        catch (SqliteException)
        {
            // The file is in trouble, and whoever uses it next will be told.
        }

        connection = null;
    }

    private static UnknownOutcomeException Unknown(PendingBatch batch, Failure failure) =>
        new($"Batch {batch.CommitId} may or may not have been committed: {failure.Cause.Message}", failure.Cause);

    private sealed record Failure(Exception Cause, bool IsUnclear);
}

/// <summary>A batch that waits for the writer, and its caller for it.</summary>
internal sealed class PendingBatch(string partition, string commitId, IReadOnlyList<Write> writes)
{
    private readonly TaskCompletionSource<WriteResult> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int isTaken;

    public string Partition => partition;

    public string CommitId => commitId;

    public IReadOnlyList<Write> Writes => writes;

    public long Bytes { get; } = writes.Sum(write => (long)(Batches.NewValue(write)?.Length ?? 0));

    /// <summary>Whether the writer gets it. It does not when the caller cancelled before; afterwards a cancellation comes too late and is not heeded.</summary>
    public bool TryTake() => Interlocked.Exchange(ref isTaken, 1) == 0;

    public void Succeed(WriteResult result) => completion.TrySetResult(result);

    public void Fail(Exception exception) => completion.TrySetException(exception);

    public async Task<WriteResult> WaitAsync(CancellationToken cancellationToken)
    {
        using var registration = cancellationToken.UnsafeRegister(
            static (state, token) =>
            {
                var batch = (PendingBatch)state!;
                if (batch.TryTake())
                {
                    batch.completion.TrySetCanceled(token);
                }
            },
            this);
        return await completion.Task;
    }
}
