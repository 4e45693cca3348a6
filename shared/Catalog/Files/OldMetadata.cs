using Frazil.Entities;
using Frazil.Iceberg;

namespace Frazil;

/// <summary>Metadata files that left the log of their table, which commits delete where the table asks for it (<c>write.metadata.delete-after-commit.enabled</c>).</summary>
internal static class OldMetadata
{
    /// <summary>Whether commits to a table delete the metadata files that leave its log.</summary>
    public static bool IsDeleted(TableMetadata metadata) =>
        metadata.Properties.TryGetValue("write.metadata.delete-after-commit.enabled", out var enabled) && enabled.Equals("true", StringComparison.OrdinalIgnoreCase);

    /// <summary>The files that left the metadata log and are to be deleted once the commit is made; only such as are inside the table's own locations.</summary>
    public static IReadOnlyList<string> ToDelete(TableMetadataChange change, TableEntity entity)
    {
        if (change.ExpiredMetadataLog.Count == 0 || !IsDeleted(change.Metadata))
        {
            return [];
        }

        var own = Claims.Of(entity);
        return [.. change.ExpiredMetadataLog.Select(entry => entry.MetadataFile).Where(file => IsOwnMetadataFile(file, own))];
    }

    private static bool IsOwnMetadataFile(string file, IReadOnlyList<Location> own)
    {
        try
        {
            var location = Location.Parse(file);
            return (file.EndsWith(".metadata.json", StringComparison.Ordinal) || file.EndsWith(".metadata.json.gz", StringComparison.Ordinal)) && own.Any(location.IsWithin);
        }
        catch (CatalogException)
        {
            return false;
        }
    }
}
