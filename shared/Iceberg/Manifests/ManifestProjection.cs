namespace Frazil.Iceberg.Manifests;

/// <summary>
/// Which parts of an entry are wanted. The others are passed over without a copy. Always read are status, snapshot id and sequence numbers, and of the file its
/// content, path, format, record count, size, first row id, and the three fields of deletion vectors.
/// </summary>
public sealed record ManifestProjection
{
    /// <summary>What tells which files there are: what a purge needs.</summary>
    public static ManifestProjection Files { get; } = new();

    /// <summary>Everything there is.</summary>
    public static ManifestProjection Everything { get; } = new() { Partition = true, Statistics = true, Details = true };

    /// <summary>Whether to read the partition tuple.</summary>
    public bool Partition { get; init; }

    /// <summary>Whether to read the six maps of column statistics.</summary>
    public bool Statistics { get; init; }

    /// <summary>The columns whose statistics are wanted, by field id; null for all.</summary>
    public IReadOnlySet<int>? StatisticsFieldIds { get; init; }

    /// <summary>Whether to read key metadata, split offsets, equality ids and the sort order's id.</summary>
    public bool Details { get; init; }
}
