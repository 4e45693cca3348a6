using Frazil.Entities;
using Frazil.Iceberg;

namespace Frazil;

/// <summary>One try of a purge task, under its lease.</summary>
internal sealed class PurgeRun(
    Catalog catalog, Tasks tasks, StoreWriter writer, TimeProvider clock, TaskEntity task, string version, DateTimeOffset deadline)
{
    private static readonly TimeSpan SignOfLifeEvery = Tasks.LeaseTime / 5;

    private readonly Purge purge = new(catalog, task.Subject.Table);
    private DateTimeOffset lastSign = clock.GetUtcNow();

    /// <summary>Runs it.</summary>
    /// <returns>What the task is now, and whether it is done.</returns>
    public async ValueTask<(TaskEntity Task, bool IsDone)> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (!task.HoldsClaims && !await ClaimAsync(cancellationToken))
            {
                return (task, false);
            }

            await purge.RunAsync(StayAliveAsync, cancellationToken);
            return await EndAsync(cancellationToken);
        }
        catch (OutOfTimeException)
        {
            // Not a failure: the next run walks the tree again and finds less of it.
            return await GiveBackAsync(Counted() with { State = TaskState.Scheduled, ScheduledFor = clock.GetUtcNow(), Attempt = task.Attempt - 1, LeasedUntil = null });
        }
        catch (LostLeaseException)
        {
            return (task, false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return await GiveBackAsync(tasks.Failed(Counted(), exception.Message, isFinal: exception is CatalogException { Kind: ErrorKind.Validation or ErrorKind.BadRequest or ErrorKind.Forbidden }));
        }
    }

    /// <summary>
    /// Takes the table's locations for the time of the purge. When another table is there by now, nothing is deleted: what looks like garbage may be in use.
    /// </summary>
    private async ValueTask<bool> ClaimAsync(CancellationToken cancellationToken)
    {
        const int MaxAttempts = 10;
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var claims = await Claims.ClaimAsync(writer, catalog, task.Subject.Table.Id, Claims.Of(task.Subject.Table), cancellationToken);
            var next = task with { HoldsClaims = true };
            if (await tasks.ReplaceAsync(catalog, next, version, claims, cancellationToken) is { } moved)
            {
                (task, version) = (next, moved);
                return true;
            }

            if ((await tasks.GetAsync(catalog, task.Id, cancellationToken)).State != TaskState.Running)
            {
                throw new LostLeaseException();
            }
        }

        await GiveBackAsync(tasks.Failed(task, "Others claimed locations in every try", isFinal: false));
        return false;
    }

    private async ValueTask StayAliveAsync()
    {
        var now = clock.GetUtcNow();
        if (now >= deadline)
        {
            throw new OutOfTimeException();
        }

        if (now - lastSign < SignOfLifeEvery)
        {
            return;
        }

        var next = Counted() with { LeasedUntil = now + Tasks.LeaseTime };
        version = await tasks.ReplaceAsync(catalog, next, version, [], CancellationToken.None) ?? throw new LostLeaseException();
        task = next;
        lastSign = now;
    }

    private async ValueTask<(TaskEntity Task, bool IsDone)> EndAsync(CancellationToken cancellationToken)
    {
        const int MaxAttempts = 10;
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var ended = Counted() with { State = TaskState.Success, EndedAt = clock.GetUtcNow(), LeasedUntil = null, HoldsClaims = false, Message = null };
            var released = await Claims.ReleaseAsync(writer, catalog, task.Subject.Table, cancellationToken);
            if (await tasks.ReplaceAsync(catalog, ended, version, released, cancellationToken) is not null)
            {
                return (ended, true);
            }

            if ((await tasks.GetAsync(catalog, task.Id, cancellationToken)).State != TaskState.Running)
            {
                return (task, false);
            }
        }

        return (task, false);
    }

    private async ValueTask<(TaskEntity Task, bool IsDone)> GiveBackAsync(TaskEntity next)
    {
        await tasks.ReplaceAsync(catalog, next, version, [], CancellationToken.None);
        return (next, false);
    }

    private TaskEntity Counted() => task with { FilesDeleted = purge.Deleted, FilesSkipped = purge.Skipped };

    private sealed class OutOfTimeException() : Exception("the run's time is over");

    private sealed class LostLeaseException() : Exception("somebody else has the task now, or it was cancelled");
}
