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

    internal static Counter<long> Commits { get; } = Counter(MetricList.Commits);

    internal static Histogram<double> CommitAttempts { get; } = Histogram(MetricList.CommitAttempts, Attempts);

    internal static Counter<long> CasConflicts { get; } = Counter(MetricList.CasConflicts);

    internal static Counter<long> MetadataCache { get; } = Counter(MetricList.MetadataCache);

    internal static Counter<long> Loads { get; } = Counter(MetricList.Loads);

    internal static Histogram<double> StoreLatency { get; } = Histogram(MetricList.StoreLatency, Milliseconds);

    internal static Histogram<double> FileLatency { get; } = Histogram(MetricList.FileLatency, Milliseconds);

    internal static Counter<long> StoreThrottled { get; } = Counter(MetricList.StoreThrottled);

    internal static Counter<long> Idempotency { get; } = Counter(MetricList.Idempotency);

    /// <summary>Shows a process's metadata cache as <see cref="MetricList.MetadataCacheSize"/>. To be called once a process.</summary>
    public static void Observe(MetadataFiles files) =>
        Meter.CreateObservableGauge(MetricList.MetadataCacheSize.Name, () => files.CachedBytes, MetricList.MetadataCacheSize.Unit, MetricList.MetadataCacheSize.Meaning);

    /// <summary>Counts one attempt of a commit: its result is null when the race was lost.</summary>
    /// <param name="number">Which attempt, from 1.</param>
    /// <param name="attempt">The attempt.</param>
    internal static async ValueTask<T?> CountCommitAsync<T>(int number, ValueTask<T?> attempt)
        where T : class
    {
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

    internal static KeyValuePair<string, object?> Outcome(string outcome) => new("outcome", outcome);

    internal static KeyValuePair<string, object?> Mode(string mode) => new("mode", mode);

    internal static KeyValuePair<string, object?> Result(string result) => new("result", result);

    private static Counter<long> Counter(Metric metric) => Meter.CreateCounter<long>(metric.Name, metric.Unit, metric.Meaning);

    private static Histogram<double> Histogram(Metric metric, double[] boundaries) =>
        Meter.CreateHistogram(metric.Name, metric.Unit, metric.Meaning, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = boundaries });
}
