using Amazon.Lambda.Core;
using Amazon.Lambda.RuntimeSupport;
using Frazil.AwsBackend;
using Frazil.Iceberg;
using Microsoft.Extensions.Logging;

namespace Frazil.Lambda;

/// <summary>Runs the job that an event names, <c>{"job":"purge"}</c>, for as long as the invocation has time.</summary>
internal sealed class JobsFunction(
    LambdaSettings settings, Func<string, string?> environment, TimeProvider clock, EmbeddedMetrics metrics, Invocation invocation, ILogger logger)
{
    /// <summary>What is left of an invocation when no new piece is begun: time to finish the one under way. A sixth of it, within these bounds.</summary>
    private static readonly TimeSpan LeastReserve = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan MostReserve = TimeSpan.FromMinutes(2);

    /// <summary>What is left when a piece that is not done is given up, to say so before Lambda ends the process. Of the reserve at most half.</summary>
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(5);

    private readonly Lazy<Jobs> jobs = new(() =>
    {
        var ids = new IdSource();
        var parts = new AwsParts(settings.Region, environment, clock, ids);
        return new Operations(parts.OpenStore(settings.Table), parts.OpenStorage, new FrazilOptions { DefaultCatalog = settings.Catalog }, clock, ids).Jobs;
    });

    /// <summary>Takes events until Lambda ends the process.</summary>
    public async Task RunAsync()
    {
        Func<Stream, ILambdaContext, Task<Stream>> handler = HandleAsync;
        using var bootstrap = LambdaBootstrapBuilder.Create(handler).Build();
        await bootstrap.RunAsync();
    }

    /// <exception cref="InvalidDataException">The event names no job: the invocation fails, and is seen.</exception>
    private async Task<Stream> HandleAsync(Stream input, ILambdaContext context)
    {
        invocation.Begin(context);
        try
        {
            var job = await ReadJobAsync(input);
            var result = await RunAsync(job, context.RemainingTime);
            Log.JobDone(logger, result.Job, result.Done, result.Failed, result.FilesDeleted, result.IsMore);
            return new MemoryStream(Json.Write(result, static (writer, result) => result.WriteTo(writer)), writable: false);
        }
        finally
        {
            metrics.Flush(new KeyValuePair<string, string>("awsRequestId", invocation.RequestId));
        }
    }

    private async Task<JobResult> RunAsync(string job, TimeSpan remaining)
    {
        var reserve = remaining / 6 < LeastReserve ? LeastReserve : remaining / 6 > MostReserve ? MostReserve : remaining / 6;
        var lastWords = reserve / 2 < LastWords ? reserve / 2 : LastWords;
        using var cutOff = new CancellationTokenSource(AtLeastZero(remaining - lastWords), clock);
        try
        {
            return await jobs.Value.RunAsync(job, AtLeastZero(remaining - reserve), cutOff.Token);
        }
        catch (OperationCanceledException) when (cutOff.IsCancellationRequested)
        {
            Log.JobCutOff(logger, job);
            return new JobResult(job, 0, 0, 0, IsMore: true);
        }
        catch (Exception exception)
        {
            Log.JobFailed(logger, job, exception);
            throw;
        }
    }

    private async Task<string> ReadJobAsync(Stream input)
    {
        try
        {
            using var buffer = new MemoryStream();
            await input.CopyToAsync(buffer);
            using var document = Json.Parse(buffer.ToArray());
            var job = document.RootElement.RequireObject("event").RequiredString("job");
            return JobList.All.Any(known => known.Name == job)
                ? job
                : throw CatalogException.BadRequest($"there is no such job; there are {string.Join(", ", JobList.All.Select(known => known.Name))}");
        }
        catch (CatalogException exception)
        {
            Log.NoJob(logger, exception.Message);
            throw new InvalidDataException($"The event must be like {{\"job\":\"{JobList.Purge}\"}}: {exception.Message}", exception);
        }
    }

    private static TimeSpan AtLeastZero(TimeSpan time) => time < TimeSpan.Zero ? TimeSpan.Zero : time;
}
