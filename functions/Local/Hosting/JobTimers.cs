namespace Frazil.Local;

/// <summary>Runs the timed jobs as a cloud's timers would: each at its own pace, from one period after the start on.</summary>
internal sealed class JobTimers(Jobs jobs, TimeProvider clock, ILogger logger)
{
    /// <summary>Runs until cancelled; a run under way ends at its next safe point.</summary>
    public Task RunAsync(CancellationToken stopping) => Task.WhenAll(JobList.All.Select(job => RunAsync(job, stopping)));

    private async Task RunAsync(TimedJob job, CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(job.Every, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
            {
                await RunOnceAsync(job, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    private async Task RunOnceAsync(TimedJob job, CancellationToken stopping)
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
