namespace Frazil.Iceberg;

/// <summary>The rules of a table's two logs: in the order of time, but for the skew of the clocks of several writers.</summary>
internal static class MetadataLogs
{
    /// <summary>How far a log may seem to go back, in milliseconds.</summary>
    public const long ClockSkewMs = 60_000;

    /// <summary>Both logs ascend, and the metadata is not older than their ends.</summary>
    /// <exception cref="CatalogException">400 when not.</exception>
    public static void Check(TableMetadata metadata)
    {
        CheckAscending(metadata.SnapshotLog, static entry => entry.TimestampMs, metadata.LastUpdatedMs, "snapshot log");
        CheckAscending(metadata.MetadataLog, static entry => entry.TimestampMs, metadata.LastUpdatedMs, "metadata log");
    }

    /// <summary>Whether a time is before another by more than clocks may differ.</summary>
    public static bool IsBefore(long timestampMs, long previousMs) => (Int128)timestampMs - previousMs < -ClockSkewMs;

    private static void CheckAscending<T>(IReadOnlyList<T> log, Func<T, long> timestamp, long lastUpdatedMs, string what)
    {
        if (log.Count == 0)
        {
            return;
        }

        for (var at = 1; at < log.Count; at++)
        {
            if (IsBefore(timestamp(log[at]), timestamp(log[at - 1])))
            {
                throw CatalogException.Validation($"the {what} is not sorted by time: {timestamp(log[at])} follows {timestamp(log[at - 1])}");
            }
        }

        if (IsBefore(lastUpdatedMs, timestamp(log[^1])))
        {
            throw CatalogException.Validation($"invalid update timestamp {lastUpdatedMs}: before last {what} entry at {timestamp(log[^1])}");
        }
    }
}
