using Microsoft.Azure.Functions.Worker;

namespace Frazil.AzureFunctions;

/// <summary>A timer for each job of <see cref="JobList"/>, by its name.</summary>
public static class JobFunctions
{
    [Function(JobList.Expire)]
    public static Task Expire([TimerTrigger(JobList.ExpireSchedule)] TimerInfo timer, FunctionContext context) => context.RunAsync(JobList.Expire);

    [Function(JobList.Purge)]
    public static Task Purge([TimerTrigger(JobList.PurgeSchedule)] TimerInfo timer, FunctionContext context) => context.RunAsync(JobList.Purge);

    [Function(JobList.Sweep)]
    public static Task Sweep([TimerTrigger(JobList.SweepSchedule)] TimerInfo timer, FunctionContext context) => context.RunAsync(JobList.Sweep);
}
