using System.Threading.Channels;

namespace Frazil.Local;

/// <summary>Runs the timed jobs as a cloud's timers would: each at its own pace, from one period after the start on. A purge also runs as soon as there is one to do.</summary>
internal sealed class JobTimers(TimeProvider clock)
{
    // One run finds all that is due, so one wish is as good as many. The first is for what an earlier process left.
    private readonly Channel<bool> purges = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Has the purge run soon.</summary>
    public void PurgeSoon() => purges.Writer.TryWrite(true);

    /// <summary>Runs until cancelled; a run under way ends at its next safe point.</summary>
    public async Task RunAsync(Jobs jobs, ILogger logger, CancellationToken stopping)
    {
        PurgeSoon();
        await Task.WhenAll([PurgeAsync(jobs, logger, stopping), .. JobList.All.Select(job => RunAsync(jobs, job, logger, stopping))]);
    }

    private async Task PurgeAsync(Jobs jobs, ILogger logger, CancellationToken stopping)
    {
        var job = JobList.All.Single(job => job.Name == JobList.Purge);
        try
        {
            await foreach (var _ in purges.Reader.ReadAllAsync(stopping))
            {
                await RunOnceAsync(jobs, job, logger, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    private async Task RunAsync(Jobs jobs, TimedJob job, ILogger logger, CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(job.Every, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
            {
                await RunOnceAsync(jobs, job, logger, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    private static async Task RunOnceAsync(Jobs jobs, TimedJob job, ILogger logger, CancellationToken stopping)
    {
        try
        {
            var result = await jobs.RunAsync(job.Name, job.Every, stopping);
            if (result.Done + result.Failed > 0)
            {
                Log.JobDone(logger, result.Job, result.Done, result.Failed, result.FilesDeleted);
            }
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            Log.JobFailed(logger, job.Name, exception);
        }
    }
}
