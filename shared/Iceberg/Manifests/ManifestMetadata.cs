using System.Globalization;
using System.Text;

namespace Frazil.Iceberg.Manifests;

/// <summary>What a manifest says of itself in its header (table specification, "Manifests").</summary>
/// <param name="FormatVersion">The format version it was written for (<c>format-version</c>); 1 when it does not say.</param>
/// <param name="Content">What its files are (<c>content</c>); data when it does not say.</param>
/// <param name="PartitionSpecId">The id of its partition spec (<c>partition-spec-id</c>); 0 when it does not say.</param>
/// <param name="PartitionSpec">The fields of that spec as JSON in UTF-8 (<c>partition-spec</c>), not checked; null when absent.</param>
/// <param name="SchemaId">The id of the table's schema then (<c>schema-id</c>); null when absent.</param>
/// <param name="Schema">That schema as JSON in UTF-8 (<c>schema</c>), not checked; null when absent.</param>
public sealed record ManifestMetadata(
    int FormatVersion, ManifestContent Content, int PartitionSpecId, ReadOnlyMemory<byte>? PartitionSpec, int? SchemaId, ReadOnlyMemory<byte>? Schema)
{
    internal static ManifestMetadata Of(AvroFile file)
    {
        var version = Number(file, "format-version") ?? 1;
        if (version is < 1 or > ManifestLimits.MaxFormatVersion)
        {
            throw CatalogException.Validation($"manifests of format version {version} are not supported; the highest is {ManifestLimits.MaxFormatVersion}");
        }

        return new ManifestMetadata(
            version,
            ContentOf(file),
            Number(file, "partition-spec-id") ?? 0,
            file.HeaderValue("partition-spec"),
            Number(file, "schema-id"),
            file.HeaderValue("schema"));
    }

    private static ManifestContent ContentOf(AvroFile file) => Text(file, "content") switch
    {
        null or "data" => ManifestContent.Data,
        "deletes" => ManifestContent.Deletes,
        var other => throw CatalogException.Validation($"the header has the unknown content '{other}'"),
    };

    private static int? Number(AvroFile file, string key)
    {
        var text = Text(file, key);
        if (text is null)
        {
            return null;
        }

        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw CatalogException.Validation($"the header has no number in '{key}' but '{text}'");
    }

    private static string? Text(AvroFile file, string key) => file.HeaderValue(key) is { } value ? Encoding.UTF8.GetString(value.Span) : null;
}
