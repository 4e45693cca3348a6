namespace Frazil.Iceberg;

/// <summary>What the catalog asks of the properties it understands, whenever they are set.</summary>
internal static class TablePropertyRules
{
    /// <exception cref="CatalogException">400 when a property's value is none of those it may have.</exception>
    public static void Check(IReadOnlyDictionary<string, string> properties, int formatVersion)
    {
        _ = TableProperties.Int32(properties, TableProperties.PreviousVersionsMax, TableProperties.PreviousVersionsMaxDefault);
        _ = MetadataLocation.UsesGzip(properties);
        if (formatVersion < TableProperties.EncryptionFormatVersion && properties.ContainsKey(TableProperties.EncryptionKeyId))
        {
            throw CatalogException.Validation(
                $"Invalid properties for v{formatVersion}: {TableProperties.EncryptionKeyId} is not supported until v{TableProperties.EncryptionFormatVersion}");
        }
    }
}
