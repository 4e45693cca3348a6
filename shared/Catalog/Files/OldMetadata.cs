using Frazil.Entities;
using Frazil.Iceberg;

namespace Frazil;

/// <summary>Metadata files that left the log of their table, which commits delete where the table asks for it (<c>write.metadata.delete-after-commit.enabled</c>).</summary>
internal static class OldMetadata
{
    /// <summary>Whether commits to a table delete the metadata files that leave its log.</summary>
    public static bool IsDeleted(TableMetadata metadata) =>
        metadata.Properties.TryGetValue("write.metadata.delete-after-commit.enabled", out var enabled) && enabled.Equals("true", StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// The files that left the metadata log and are to be deleted once the commit is made; only such as are inside the table's own locations, and that the new metadata and its
    /// pointer name no more. (A log may hold a file twice, or the current one: not every writer kept it well.)
    /// </summary>
    public static IReadOnlyList<string> ToDelete(TableMetadataChange change, TableEntity entity)
    {
        if (change.ExpiredMetadataLog.Count == 0 || !IsDeleted(change.Metadata))
        {
            return [];
        }

        var own = Claims.Of(entity);
        var metadata = change.Metadata;
        var named = metadata.MetadataLog.Select(entry => entry.MetadataFile)
            .Concat(metadata.Statistics.Select(file => file.StatisticsPath))
            .Concat(metadata.PartitionStatistics.Select(file => file.StatisticsPath))
            .Append(entity.MetadataLocation)
            .Select(Parse).OfType<Location>().ToHashSet();
        return
        [
            .. change.ExpiredMetadataLog.Select(entry => entry.MetadataFile).Distinct(StringComparer.Ordinal)
                .Where(IsMetadataFile)
                .Where(file => Parse(file) is { } location && own.Any(location.IsWithin) && !named.Contains(location)),
        ];
    }

    private static bool IsMetadataFile(string file) => file.EndsWith(".metadata.json", StringComparison.Ordinal) || file.EndsWith(".metadata.json.gz", StringComparison.Ordinal);

    private static Location? Parse(string text)
    {
        try
        {
            return Location.Parse(text);
        }
        catch (CatalogException)
        {
            return null;
        }
    }
}
