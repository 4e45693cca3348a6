namespace Frazil;

// This file stands alone (no other type of ours): the infrastructure program compiles it too, so that no alarm watches a metric that nobody sends.

/// <summary>How a metric adds up.</summary>
public enum MetricKind
{
    /// <summary>A count of events; sums.</summary>
    Counter,

    /// <summary>Measured values; percentiles.</summary>
    Histogram,

    /// <summary>How much there is at the moment.</summary>
    Gauge,
}

/// <summary>A metric of the one vocabulary that every host exports.</summary>
/// <param name="Name">Its name, the same in CloudWatch, Azure Monitor and OTLP.</param>
/// <param name="Kind">How it adds up.</param>
/// <param name="Unit">A UCUM unit: <c>ms</c>, <c>s</c>, <c>By</c>, or <c>1</c> for counts.</param>
/// <param name="Tags">Every dimension it carries; few values each, never the name of a table.</param>
/// <param name="DimensionSets">
/// The sets of dimensions under which CloudWatch keeps it (each combination of values is a metric that is paid for); an empty set is the total.
/// </param>
/// <param name="Meaning">What is counted or measured.</param>
public sealed record Metric(
    string Name, MetricKind Kind, string Unit, IReadOnlyList<string> Tags, IReadOnlyList<IReadOnlyList<string>> DimensionSets, string Meaning);

/// <summary>The metric vocabulary. Low-cardinality tags only: names of tables and principals belong into logs.</summary>
public static class MetricList
{
    /// <summary>The CloudWatch namespace, and the name of the .NET meter.</summary>
    public const string Namespace = "Frazil";

    /// <summary>Requests answered; <c>route</c> is the operationId, <c>status</c> the class of the answer (<c>2xx</c> to <c>5xx</c>).</summary>
    public static Metric Requests { get; } =
        Count("catalog.requests", ["route", "status"], [[], ["status"]], "Requests answered, by route and class of status.");

    /// <summary>Time from the first byte of a request to the last of its answer.</summary>
    public static Metric RequestDuration { get; } = Measure("catalog.request.duration", "ms", ["route"], [["route"]], "Duration of a request.");

    /// <summary>First requests of a new process.</summary>
    public static Metric ColdStart { get; } = Count("catalog.cold_start", [], [[]], "First requests of a new process.");

    /// <summary>Commits by <c>outcome</c>: <c>ok</c>, <c>conflict</c>, <c>retry_exhausted</c>, <c>unknown</c>.</summary>
    public static Metric Commits { get; } = Count("catalog.commit", ["outcome"], [["outcome"]], "Commits of tables and views, by outcome.");

    /// <summary>Attempts that a commit took.</summary>
    public static Metric CommitAttempts { get; } = Measure("catalog.commit.attempts", "1", [], [[]], "Attempts that a commit took.");

    /// <summary>Conditional writes that another writer won.</summary>
    public static Metric CasConflicts { get; } = Count("catalog.commit.cas_conflicts", [], [[]], "Conditional writes that another writer won.");

    /// <summary>Metadata files that a commit left behind: certainly no table names them, and they could not be deleted.</summary>
    public static Metric Orphans { get; } = Count("catalog.tx.orphans", [], [[]], "Metadata files that no table names and that could not be deleted.");

    /// <summary>Size of a metadata file as it is sent; <c>gz</c> is <c>true</c> when it is compressed.</summary>
    public static Metric MetadataBytes { get; } = Measure("catalog.metadata.bytes", "By", ["gz"], [[]], "Size of a table's metadata as it is sent.");

    /// <summary>Metadata cache, by <c>result</c>: <c>hit</c> or <c>miss</c>.</summary>
    public static Metric MetadataCache { get; } = Count("catalog.metadata.cache", ["result"], [["result"]], "Look-ups in the metadata cache, by result.");

    /// <summary>Bytes that the metadata cache holds.</summary>
    public static Metric MetadataCacheSize { get; } = new("catalog.metadata.cache.size", MetricKind.Gauge, "By", [], [], "Bytes that the metadata cache holds.");

    /// <summary>Loads by <c>mode</c>: <c>all</c>, <c>refs</c>, <c>304</c>.</summary>
    public static Metric Loads { get; } = Count("catalog.load", ["mode"], [["mode"]], "Loads of tables and views, by mode.");

    /// <summary>Time of one operation on the key-value store.</summary>
    public static Metric StoreLatency { get; } = Measure("catalog.store.latency", "ms", ["store", "op"], [["op"]], "Duration of an operation on the store.");

    /// <summary>Time of one operation on the files of a warehouse.</summary>
    public static Metric FileLatency { get; } = Measure("catalog.file.latency", "ms", ["store", "op"], [["op"]], "Duration of an operation on a warehouse's files.");

    /// <summary>Operations that the store refused for the rate.</summary>
    public static Metric StoreThrottled { get; } = Count("catalog.store.throttled", ["store"], [[]], "Operations that the store refused for the rate.");

    /// <summary>Authentication, by <c>outcome</c>: <c>ok</c> or <c>denied</c>.</summary>
    public static Metric Auth { get; } = Count("catalog.auth", ["outcome"], [["outcome"]], "Authentications, by outcome.");

    /// <summary>Requests with an idempotency key, by <c>outcome</c>: <c>new</c>, <c>replay</c>, <c>mismatch</c>.</summary>
    public static Metric Idempotency { get; } = Count("catalog.idempotency", ["outcome"], [["outcome"]], "Requests with an idempotency key, by outcome.");

    /// <summary>Tables purged.</summary>
    public static Metric PurgedTables { get; } = Count("catalog.purge.tables", [], [[]], "Tables whose files were purged.");

    /// <summary>Files purged.</summary>
    public static Metric PurgedFiles { get; } = Count("catalog.purge.files", [], [[]], "Files that purge deleted.");

    /// <summary>Purge steps that failed and will be tried again.</summary>
    public static Metric PurgeErrors { get; } = Count("catalog.purge.errors", [], [[]], "Steps of a purge that failed.");

    /// <summary>
    /// How long what was due first, of the trash and of the purges that are not done, has waited since its due time; sent by every run of <see cref="JobList.Purge"/>, 0 when nothing
    /// waits.
    /// </summary>
    public static Metric PurgeLag { get; } =
        Measure("catalog.purge.lag_seconds", "s", [], [[]], "How long what was due first, in the trash or of the purges that are not done, has waited since.");

    /// <summary>Runs of timed jobs that came to their end, by <c>outcome</c>: <c>ok</c>, or <c>out_of_time</c> when work that is due was left. A run that failed for a catalog is none.</summary>
    public static Metric JobRuns { get; } = Count("catalog.job.runs", ["job", "outcome"], [["job"]], "Runs of a timed job that came to their end.");

    /// <summary>Tasks given up after their last attempt.</summary>
    public static Metric DeadLetters { get; } = Count("catalog.task.dead_letters", [], [[]], "Tasks given up after their last attempt.");

    /// <summary>Answers refused because the host cannot carry them.</summary>
    public static Metric OversizeResponses { get; } = Count("catalog.response.oversize", [], [[]], "Answers too large for the host.");

    /// <summary>Every metric.</summary>
    public static IReadOnlyList<Metric> All { get; } =
    [
        Requests, RequestDuration, ColdStart, Commits, CommitAttempts, CasConflicts, Orphans, MetadataBytes, MetadataCache, MetadataCacheSize, Loads, StoreLatency,
        FileLatency, StoreThrottled, Auth, Idempotency, PurgedTables, PurgedFiles, PurgeErrors, PurgeLag, JobRuns, DeadLetters, OversizeResponses,
    ];

    private static Metric Count(string name, IReadOnlyList<string> tags, IReadOnlyList<IReadOnlyList<string>> sets, string meaning) =>
        new(name, MetricKind.Counter, "1", tags, sets, meaning);

    private static Metric Measure(string name, string unit, IReadOnlyList<string> tags, IReadOnlyList<IReadOnlyList<string>> sets, string meaning) =>
        new(name, MetricKind.Histogram, unit, tags, sets, meaning);
}
