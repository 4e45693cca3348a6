using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil;

/// <summary>How one try of a task ended.</summary>
internal enum RunEnd
{
    /// <summary>The task is done.</summary>
    Done,

    /// <summary>The try failed; the task is scheduled again, or given up.</summary>
    Failed,

    /// <summary>The time was over: the next run goes on.</summary>
    Interrupted,

    /// <summary>The task is somebody else's by now, or was cancelled.</summary>
    Lost,
}

/// <summary>One try of a purge task, under its lease.</summary>
internal sealed class PurgeRun(
    CallContext call, Tasks tasks, IKeyValueStore store, TimeProvider clock, TaskEntity leased, string version, DateTimeOffset deadline)
{
    private const int MaxAttempts = 10;

    private static readonly TimeSpan SignOfLifeEvery = Tasks.LeaseTime / 10;

    private readonly Purge purge = new(call.Catalog, leased.Subject.Table, leased.Position);
    private readonly TaskEntity before = leased;
    private TaskEntity task = leased;
    private DateTimeOffset lastSign = clock.GetUtcNow();

    /// <summary>Files that this try deleted.</summary>
    public long FilesDeleted => purge.Deleted;

    /// <summary>Runs it.</summary>
    /// <exception cref="OperationCanceledException">The token ended it; the task goes on in the next run.</exception>
    public async ValueTask<RunEnd> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (!task.HoldsClaims)
            {
                await ClaimAsync(cancellationToken);
            }

            await purge.RunAsync(() => IsPauseDue, PauseAsync, RequireLease, cancellationToken);
            foreach (var location in Claims.Of(task.Subject.Table))
            {
                await call.Catalog.Files.RemoveEmptyFoldersAsync(location.Text, cancellationToken);
            }

            await EndAsync(cancellationToken);
            return RunEnd.Done;
        }
        catch (OutOfTimeException)
        {
            await GiveBackAsync();
            return RunEnd.Interrupted;
        }
        catch (LostLeaseException)
        {
            await tasks.AcknowledgeAsync(call, task.Id, CancellationToken.None);
            return RunEnd.Lost;
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            // Also where a part made a failure of it, such as of a connection that was closed under it.
            await GiveBackAsync();
            cancellationToken.ThrowIfCancellationRequested();
            throw;
        }
        catch (Exception exception)
        {
            // What is wrong with the table's files, or with where they are, is so in the next try too.
            var isFinal = exception is CatalogException { Kind: ErrorKind.Validation or ErrorKind.BadRequest or ErrorKind.Forbidden };
            await tasks.ReplaceAsync(call, tasks.Failed(Counted(), exception.Message, isFinal), version, []);
            return RunEnd.Failed;
        }
    }

    private bool IsPauseDue => clock.GetUtcNow() is var now && (now >= deadline || now - lastSign >= SignOfLifeEvery);

    /// <summary>
    /// Takes the table's locations for the time of the purge. When another table is there by now, nothing is deleted: what looks like garbage may be in use.
    /// </summary>
    private async ValueTask ClaimAsync(CancellationToken cancellationToken)
    {
        Claim[] claims = [.. Claims.Of(task.Subject.Table).Select(location => new Claim(location, task.Subject.Table.Id))];
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var next = task with { HoldsClaims = true };
            if (await tasks.ReplaceAsync(call, next, version, [], claims) is { } moved)
            {
                (task, version) = (next, moved);
                return;
            }

            await RequireOwnTaskAsync(cancellationToken);
        }

        throw new IOException("Others claimed locations in every try");
    }

    /// <summary>A sign of life that also keeps what is done; the end of the run when its time is over, but not before it got on at all.</summary>
    private async ValueTask PauseAsync()
    {
        var now = clock.GetUtcNow();
        if (now >= deadline && purge.Position != before.Position)
        {
            throw new OutOfTimeException();
        }

        if (now - lastSign < SignOfLifeEvery)
        {
            return;
        }

        var next = Counted() with { LeasedUntil = now + Tasks.LeaseTime };
        version = await tasks.ReplaceAsync(call, next, version, []) ?? throw new LostLeaseException();
        task = next;
        lastSign = now;
    }

    /// <summary>A worker that slept past its lease must not delete any more: the task may have been cancelled, and the files be in use again.</summary>
    private void RequireLease()
    {
        if (clock.GetUtcNow() >= task.LeasedUntil)
        {
            throw new LostLeaseException();
        }
    }

    private async ValueTask EndAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var ended = Counted() with
            {
                State = TaskState.Success,
                EndedAt = clock.GetUtcNow(),
                LeasedUntil = null,
                HoldsClaims = false,
                Message = purge.IsMetadataMissing && before is { Attempt: 1, FilesDeleted: 0 } ? "The metadata file was not there: no file of the table could be found" : null,
            };
            var released = await Claims.ReleaseAsync(store, call, task.Subject.Table, cancellationToken);
            if (await tasks.ReplaceAsync(call, ended, version, released) is not null)
            {
                return;
            }

            await RequireOwnTaskAsync(cancellationToken);
        }

        throw new IOException("The task's claims were changed by others in every try");
    }

    /// <summary>Not a failure: the next run goes on where this one was.</summary>
    private async ValueTask GiveBackAsync()
    {
        var next = Counted() with { State = TaskState.Scheduled, ScheduledFor = clock.GetUtcNow(), LeasedUntil = null };
        await tasks.ReplaceAsync(call, next with { Attempt = next.Attempt - 1 }, version, []);
    }

    private async ValueTask RequireOwnTaskAsync(CancellationToken cancellationToken)
    {
        if (await store.ReadAsync(call.Catalog.Partition, Keys.Task(task.Id), cancellationToken) is not { } item || item.Version != version)
        {
            throw new LostLeaseException();
        }
    }

    /// <summary>The task with what this try did. Having got on makes it a first try again: a large table may take more runs, and more deaths of workers, than the tries of a task that stands still.</summary>
    private TaskEntity Counted() => task with
    {
        Attempt = purge.Position == before.Position ? task.Attempt : 1,
        Position = purge.Position,
        FilesDeleted = before.FilesDeleted + purge.Deleted,
        FilesSkipped = before.FilesSkipped + purge.Skipped,
    };

    private sealed class OutOfTimeException() : Exception("the run's time is over");

    private sealed class LostLeaseException() : Exception("somebody else has the task now, or it was cancelled");
}
