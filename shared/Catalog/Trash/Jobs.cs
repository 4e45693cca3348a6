using System.Runtime.ExceptionServices;
using System.Text.Json;
using Frazil.Entities;
using Frazil.Storage;

namespace Frazil;

/// <summary>What a run of a job did, for logs and metrics.</summary>
/// <param name="Job">Its name.</param>
/// <param name="Done">What it finished: tables expired, purged, or rows swept.</param>
/// <param name="Failed">What it could not finish.</param>
/// <param name="FilesDeleted">Files deleted.</param>
/// <param name="IsMore">Whether work that is due was left for want of time.</param>
public sealed record JobResult(string Job, int Done, int Failed, long FilesDeleted, bool IsMore)
{
    /// <summary>Writes it as JSON.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("job", Job);
        writer.WriteNumber("done", Done);
        writer.WriteNumber("failed", Failed);
        writer.WriteNumber("files-deleted", FilesDeleted);
        writer.WriteBoolean("is-more", IsMore);
        writer.WriteEndObject();
    }
}

/// <summary>
/// The timed jobs of <see cref="JobList"/>. Each run takes what is due, one leased piece after the other, while its time lasts; the next run goes on.
/// A run may end anywhere, and two may run at once.
/// </summary>
public sealed class Jobs(Catalogs catalogs, DeletedTables trash, Tasks tasks, Changes changes, TimeProvider clock)
{
    private const int ExpirePage = 100;

    /// <summary>Runs a job over every catalog.</summary>
    /// <param name="job">A name of <see cref="JobList"/>.</param>
    /// <param name="budget">How long it may begin new pieces; with none left it begins nothing. A run that was begun gets on in every catalog, and a piece that was begun is finished, or ends with <paramref name="cancellationToken"/>.</param>
    /// <param name="cancellationToken">Ends the run; what was done stays done.</param>
    /// <remarks>When the job fails for one catalog, the others have their turn first; then the failure is thrown.</remarks>
    /// <exception cref="ArgumentException">There is no such job.</exception>
    public async ValueTask<JobResult> RunAsync(string job, TimeSpan budget, CancellationToken cancellationToken)
    {
        using var span = Spans.StartJob(job);
        var deadline = clock.GetUtcNow() + budget;
        Func<CallContext, DateTimeOffset, CancellationToken, ValueTask<JobResult>> run = job switch
        {
            JobList.Expire => ExpireAsync,
            JobList.Purge => PurgeAsync,
            JobList.Sweep => SweepAsync,
            _ => throw new ArgumentException($"no job '{job}'; there are {string.Join(", ", JobList.All.Select(known => known.Name))}", nameof(job)),
        };
        if (budget <= TimeSpan.Zero)
        {
            // Not a run: it is not counted as one either, so that a timer that never leaves time is noticed.
            return new JobResult(job, 0, 0, 0, IsMore: true);
        }

        var total = new JobResult(job, 0, 0, 0, false);
        ExceptionDispatchInfo? failure = null;
        DateTimeOffset? oldest = null;
        foreach (var name in await catalogs.ListAsync(cancellationToken))
        {
            try
            {
                if (await catalogs.FindAsync(name, cancellationToken) is not { } catalog)
                {
                    continue;
                }

                var call = CallContext.OfSystem(catalog);
                total = Sum(total, await run(call, deadline, cancellationToken));
                if (job == JobList.Purge)
                {
                    oldest = Earlier(oldest, Earlier(await trash.OldestDueAsync(call, cancellationToken), await tasks.OldestDueAsync(call, cancellationToken)));
                }
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                // A catalog whose storage cannot be opened, say, must not keep the others waiting.
                failure ??= ExceptionDispatchInfo.Capture(exception);
            }
        }

        CatalogMeter.CountRun(total, isFailed: failure is not null);
        if (job == JobList.Purge)
        {
            CatalogMeter.PurgeLag.Record(oldest is { } longest ? Math.Max(0, (clock.GetUtcNow() - longest).TotalSeconds) : 0);
        }

        if (failure is not null)
        {
            span.Failed(failure.SourceException);
            failure.Throw();
        }

        return total;
    }

    private static DateTimeOffset? Earlier(DateTimeOffset? one, DateTimeOffset? other) => one is null || other < one ? other ?? one : one;

    private static JobResult Sum(JobResult total, JobResult result) => total with
    {
        Done = total.Done + result.Done,
        Failed = total.Failed + result.Failed,
        FilesDeleted = total.FilesDeleted + result.FilesDeleted,
        IsMore = total.IsMore || result.IsMore,
    };

    /// <summary>What a purge of a table in the trash, or of a task, would delete, at most <paramref name="limit"/> of it.</summary>
    public static async ValueTask<(IReadOnlyList<string> Files, long Total, long Skipped)> PreviewPurgeAsync(
        CallContext call, TableEntity table, int limit, CancellationToken cancellationToken)
    {
        var purge = new Purge(call.Catalog, table);
        return (await purge.PreviewAsync(limit, cancellationToken), purge.Deleted, purge.Skipped);
    }

    private async ValueTask<JobResult> ExpireAsync(CallContext call, DateTimeOffset deadline, CancellationToken cancellationToken)
    {
        var done = 0;
        while (true)
        {
            var (expired, isMore) = await trash.ExpireAsync(call, ExpirePage, cancellationToken);
            done += expired;
            if (!isMore || expired == 0 || clock.GetUtcNow() >= deadline)
            {
                return new JobResult(JobList.Expire, done, 0, 0, isMore);
            }
        }
    }

    private async ValueTask<JobResult> PurgeAsync(CallContext call, DateTimeOffset deadline, CancellationToken cancellationToken)
    {
        var result = new JobResult(JobList.Purge, 0, 0, 0, false);
        await foreach (var (task, version) in tasks.LeaseDueAsync(call, cancellationToken))
        {
            var run = new PurgeRun(call, tasks, changes.Store, clock, task, version, deadline);
            var end = await run.RunAsync(cancellationToken);
            result = result with
            {
                Done = result.Done + (end == RunEnd.Done ? 1 : 0),
                Failed = result.Failed + (end == RunEnd.Failed ? 1 : 0),
                FilesDeleted = result.FilesDeleted + run.FilesDeleted,
            };
            if (clock.GetUtcNow() >= deadline)
            {
                return result with { IsMore = true };
            }
        }

        return result;
    }

    private async ValueTask<JobResult> SweepAsync(CallContext call, DateTimeOffset deadline, CancellationToken cancellationToken)
    {
        // First what ends by itself, which reads no row: nothing that is wrong with one keeps it from going.
        var (swept, some) = (0, 1);
        while (some > 0 && clock.GetUtcNow() < deadline)
        {
            some = await changes.Store.SweepAsync(call.Catalog.Partition, IKeyValueStore.MaxBatch, cancellationToken);
            swept += some;
        }

        var tables = await EndedTables.SweepAsync(changes, call, clock, deadline, cancellationToken);
        var isMore = await EarlierRows.GiveEndsAsync(changes, call, clock, deadline, cancellationToken);
        return new JobResult(JobList.Sweep, swept + tables.Swept, 0, 0, some > 0 || tables.IsMore || isMore);
    }
}
