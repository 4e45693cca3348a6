namespace Frazil.Iceberg;

/// <summary>
/// What is asked of a metadata file that somebody brings, beyond that it can be read: whatever makes the Java reference refuse to open the table, or a commit fail for
/// ever after. (docs/adr/0013-metadata-of-others.md)
/// </summary>
internal static class ForeignRules
{
    /// <summary>The end of the year 9999. A time beyond it is a mistake, which the table's own time would have to follow for ever.</summary>
    public const long LatestTimestampMs = 253_402_300_799_999;

    /// <exception cref="CatalogException">400 when the file breaks a rule.</exception>
    public static void Check(TableMetadata metadata)
    {
        UuidText.Require(metadata.Uuid);
        if (metadata.LastUpdatedMs is < 0 or > LatestTimestampMs)
        {
            throw Invalid($"last-updated-ms {metadata.LastUpdatedMs} is not between 0 and {LatestTimestampMs}");
        }

        RequireRoom(metadata);
        TablePropertyRules.Check(metadata.Properties, metadata.FormatVersion);
        CheckSchemas(metadata);
        CheckSpecs(metadata);
        CheckOrders(metadata);
        foreach (var (name, reference) in metadata.Refs)
        {
            reference.CheckRetention(name);
        }

        foreach (var snapshot in metadata.Snapshots)
        {
            snapshot.ReadFully();
        }

        foreach (var file in metadata.Statistics)
        {
            file.CheckBlobs();
        }

        CheckKeys(metadata);
    }

    /// <summary>The next commit counts on from what the file says.</summary>
    private static void RequireRoom(TableMetadata metadata)
    {
        (string What, bool IsUsedUp)[] counts =
        [
            ("last-sequence-number", metadata.LastSequenceNumber == long.MaxValue),
            ("next-row-id", metadata.NextRowId == long.MaxValue),
            ("last-column-id", metadata.LastColumnId == int.MaxValue),
            ("last-partition-id", metadata.LastPartitionId == int.MaxValue || metadata.PartitionSpecs.Any(spec => spec.HighestFieldId == int.MaxValue)),
            ("schema-id", metadata.Schemas.Any(schema => schema.SchemaId == int.MaxValue)),
            ("spec-id", metadata.PartitionSpecs.Any(spec => spec.SpecId == int.MaxValue)),
            ("order-id", metadata.SortOrders.Any(order => order.OrderId == int.MaxValue)),
        ];
        foreach (var (what, isUsedUp) in counts)
        {
            if (isUsedUp)
            {
                throw Invalid($"No {what} is left above the highest there is");
            }
        }
    }

    private static void CheckSchemas(TableMetadata metadata)
    {
        foreach (var schema in metadata.Schemas)
        {
            SchemaRules.CheckReadable(schema);
            if (schema.HighestFieldId > metadata.LastColumnId)
            {
                throw Invalid($"last-column-id {metadata.LastColumnId} is below the field id {schema.HighestFieldId} of schema {schema.SchemaId}");
            }
        }
    }

    private static void CheckSpecs(TableMetadata metadata)
    {
        var schema = metadata.CurrentSchema;
        foreach (var spec in metadata.PartitionSpecs)
        {
            SpecRules.CheckHistory(spec, schema);
        }

        SpecRules.Check(metadata.DefaultSpec, schema);
    }

    private static void CheckOrders(TableMetadata metadata)
    {
        foreach (var order in metadata.SortOrders)
        {
            if (order.IsUnsorted != (order.OrderId == SortOrder.Unsorted.OrderId))
            {
                throw Invalid(order.IsUnsorted ? $"sort order {order.OrderId} has no fields: the unsorted order is 0" : "sort order 0 has fields: it is the unsorted order");
            }

            SpecRules.CheckHistory(order);
        }

        SpecRules.Check(metadata.DefaultSortOrder, metadata.CurrentSchema);
    }

    private static void CheckKeys(TableMetadata metadata)
    {
        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var key in metadata.EncryptionKeys)
        {
            key.CheckMetadata();
            if (!ids.Add(key.KeyId))
            {
                throw Invalid($"encryption key {key.KeyId} is there twice");
            }
        }
    }

    private static CatalogException Invalid(string message) => CatalogException.BadRequest(message);
}
