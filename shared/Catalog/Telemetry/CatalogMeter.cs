using System.Diagnostics.Metrics;
using Frazil.Iceberg;

namespace Frazil;

/// <summary>
/// The instruments of <see cref="MetricList"/>, in one meter named <see cref="MetricList.Namespace"/>. Whoever listens (Prometheus text, CloudWatch, OTLP) is the host's
/// business; where nobody does, counting costs a few nanoseconds. Tags are given in the order of <see cref="Metric.Tags"/>.
/// </summary>
public static class CatalogMeter
{
    // In milliseconds: from a cached pointer read to a commit under load.
    private static readonly double[] Milliseconds = [0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000];
    private static readonly double[] Bytes = [1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864];
    private static readonly double[] Seconds = [0, 60, 300, 900, 3600, 14_400, 86_400, 604_800];
    private static readonly double[] Attempts = [1, 2, 3, 5, 10, 20, Limits.MaxCommitAttempts];

    /// <summary>The meter.</summary>
    public static Meter Meter { get; } = new(MetricList.Namespace);

    /// <summary><see cref="MetricList.Requests"/>.</summary>
    public static Counter<long> Requests { get; } = Counter(MetricList.Requests);

    /// <summary><see cref="MetricList.RequestDuration"/>.</summary>
    public static Histogram<double> RequestDuration { get; } = Histogram(MetricList.RequestDuration, Milliseconds);

    /// <summary><see cref="MetricList.ColdStart"/>.</summary>
    public static Counter<long> ColdStart { get; } = Counter(MetricList.ColdStart);

    /// <summary><see cref="MetricList.MetadataBytes"/>.</summary>
    public static Histogram<double> MetadataBytes { get; } = Histogram(MetricList.MetadataBytes, Bytes);

    /// <summary><see cref="MetricList.Auth"/>.</summary>
    public static Counter<long> Auth { get; } = Counter(MetricList.Auth);

    /// <summary><see cref="MetricList.OversizeResponses"/>.</summary>
    public static Counter<long> OversizeResponses { get; } = Counter(MetricList.OversizeResponses);

    internal static Counter<long> Commits { get; } = Counter(MetricList.Commits);

    internal static Histogram<double> CommitAttempts { get; } = Histogram(MetricList.CommitAttempts, Attempts);

    internal static Counter<long> CasConflicts { get; } = Counter(MetricList.CasConflicts);

    internal static Counter<long> Orphans { get; } = Counter(MetricList.Orphans);

    internal static Counter<long> MetadataCache { get; } = Counter(MetricList.MetadataCache);

    internal static Counter<long> Loads { get; } = Counter(MetricList.Loads);

    internal static Histogram<double> StoreLatency { get; } = Histogram(MetricList.StoreLatency, Milliseconds);

    internal static Histogram<double> FileLatency { get; } = Histogram(MetricList.FileLatency, Milliseconds);

    internal static Counter<long> StoreThrottled { get; } = Counter(MetricList.StoreThrottled);

    internal static Counter<long> Idempotency { get; } = Counter(MetricList.Idempotency);

    internal static Counter<long> PurgedTables { get; } = Counter(MetricList.PurgedTables);

    internal static Counter<long> PurgedFiles { get; } = Counter(MetricList.PurgedFiles);

    internal static Counter<long> PurgeErrors { get; } = Counter(MetricList.PurgeErrors);

    internal static Histogram<double> PurgeLag { get; } = Histogram(MetricList.PurgeLag, Seconds);

    internal static Counter<long> JobRuns { get; } = Counter(MetricList.JobRuns);

    internal static Counter<long> DeadLetters { get; } = Counter(MetricList.DeadLetters);

    /// <summary>Shows a process's metadata cache as <see cref="MetricList.MetadataCacheSize"/>. To be called once a process.</summary>
    public static void Observe(MetadataFiles files) =>
        Meter.CreateObservableGauge(MetricList.MetadataCacheSize.Name, () => files.CachedBytes, MetricList.MetadataCacheSize.Unit, MetricList.MetadataCacheSize.Meaning);

    /// <summary>Counts one attempt of a commit: its result is null when the race was lost.</summary>
    /// <param name="number">Which attempt, from 1.</param>
    /// <param name="attempt">The attempt.</param>
    internal static async ValueTask<T?> CountCommitAsync<T>(int number, ValueTask<T?> attempt)
        where T : class
    {
        if (Measures.Current is { } measures)
        {
            measures.Attempts = number;
        }

        try
        {
            var result = await attempt;
            if (result is not null)
            {
                Commits.Add(1, Outcome("ok"));
                CommitAttempts.Record(number);
                return result;
            }
        }
        catch (CatalogException exception)
        {
            // A commit that asks for something impossible is no commit that failed.
            if (exception.Kind is ErrorKind.CommitFailed or ErrorKind.CommitStateUnknown)
            {
                Commits.Add(1, Outcome(exception.Kind == ErrorKind.CommitFailed ? "conflict" : "unknown"));
                CommitAttempts.Record(number);
            }

            throw;
        }

        CasConflicts.Add(1);
        if (number == Limits.MaxCommitAttempts)
        {
            Commits.Add(1, Outcome("retry_exhausted"));
            CommitAttempts.Record(number);
        }

        return null;
    }

    /// <summary>Counts a run of a job that came to its end.</summary>
    /// <param name="result">What it did.</param>
    /// <param name="isFailed">Whether it failed for a catalog: then what it did counts, and the run does not, so that a job that never gets through is missed.</param>
    internal static void CountRun(JobResult result, bool isFailed)
    {
        if (!isFailed)
        {
            JobRuns.Add(1, new("job", result.Job), Outcome(result.IsMore ? "out_of_time" : "ok"));
        }

        if (result.Job == JobList.Purge)
        {
            AddIfAny(PurgedTables, result.Done);
            AddIfAny(PurgedFiles, result.FilesDeleted);
            AddIfAny(PurgeErrors, result.Failed);
        }
    }

    /// <summary>The tag of a result.</summary>
    public static KeyValuePair<string, object?> Outcome(string outcome) => new("outcome", outcome);

    internal static KeyValuePair<string, object?> Mode(string mode) => new("mode", mode);

    internal static KeyValuePair<string, object?> Hit { get; } = new("result", "hit");

    internal static KeyValuePair<string, object?> Miss { get; } = new("result", "miss");

    private static void AddIfAny(Counter<long> counter, long count)
    {
        if (count > 0)
        {
            counter.Add(count);
        }
    }

    private static Counter<long> Counter(Metric metric) => Meter.CreateCounter<long>(metric.Name, metric.Unit, metric.Meaning);

    private static Histogram<double> Histogram(Metric metric, double[] boundaries) =>
        Meter.CreateHistogram(metric.Name, metric.Unit, metric.Meaning, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = boundaries });
}
