using System.Globalization;

namespace Frazil.Iceberg;

/// <summary>The table properties that the catalog itself understands.</summary>
public static class TableProperties
{
    /// <summary>Where metadata files go, instead of <c>metadata</c> under the table's location.</summary>
    public const string MetadataPath = "write.metadata.path";

    /// <summary>How metadata files are compressed: <c>none</c> or <c>gzip</c>. Without it, large ones are (<see cref="MetadataLocation.GzipAboveBytes"/>).</summary>
    public const string MetadataCompressionCodec = "write.metadata.compression-codec";

    /// <summary>How many earlier metadata files the metadata log keeps.</summary>
    public const string PreviousVersionsMax = "write.metadata.previous-versions-max";

    /// <summary>How many earlier metadata files the metadata log keeps by default.</summary>
    public const int PreviousVersionsMaxDefault = 100;

    /// <summary>Whether metadata files that leave the metadata log are deleted.</summary>
    public const string DeleteAfterCommitEnabled = "write.metadata.delete-after-commit.enabled";

    /// <summary>In a create request: the format version.</summary>
    public const string FormatVersion = "format-version";

    internal const string EncryptionKeyId = "encryption.key-id";
    internal const int EncryptionFormatVersion = 3;
    internal const string MetricsColumnPrefix = "write.metadata.metrics.column.";

    /// <summary>The properties that name a place in storage.</summary>
    public static IReadOnlyList<string> LocationProperties { get; } =
        ["write.data.path", MetadataPath, "write.object-storage.path", "write.folder-storage.path"];

    /// <summary>Properties that stand for other members of metadata. A create request may hold them; they are not stored.</summary>
    public static IReadOnlySet<string> Reserved { get; } = new HashSet<string>(StringComparer.Ordinal)
    {
        FormatVersion,
        "uuid",
        "snapshot-count",
        "current-snapshot-id",
        "current-snapshot-summary",
        "current-snapshot-timestamp-ms",
        "current-schema",
        "default-partition-spec",
        "default-sort-order",
    };

    /// <summary>The places in storage that properties name.</summary>
    public static IEnumerable<(string What, string Location)> Locations(IReadOnlyDictionary<string, string> properties)
    {
        foreach (var name in LocationProperties)
        {
            if (properties.TryGetValue(name, out var location))
            {
                yield return (name, location);
            }
        }
    }

    /// <summary>A property that is a 32-bit integer.</summary>
    /// <exception cref="CatalogException">400 when it is something else.</exception>
    public static int Int32(IReadOnlyDictionary<string, string> properties, string name, int defaultValue)
    {
        if (!properties.TryGetValue(name, out var text))
        {
            return defaultValue;
        }

        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw CatalogException.Validation($"Property {name} must have an integer value, but was {text}");
    }

    /// <summary>Whether a property says <c>true</c>; letter case does not matter, and everything else is false.</summary>
    public static bool Boolean(IReadOnlyDictionary<string, string> properties, string name, bool defaultValue) =>
        properties.TryGetValue(name, out var text) ? text.Equals("true", StringComparison.OrdinalIgnoreCase) : defaultValue;
}
