using System.Text.Json;

namespace Frazil.Iceberg;

/// <summary>Writes table metadata in the order of the Java reference, with the members that it always writes.</summary>
internal static class TableMetadataWriter
{
    private const int NoSnapshot = -1;

    public static void Write(Utf8JsonWriter writer, TableMetadata metadata)
    {
        writer.WriteStartObject();
        writer.WriteNumber("format-version", metadata.FormatVersion);
        writer.WriteString("table-uuid", metadata.Uuid);
        writer.WriteString("location", metadata.Location);
        if (metadata.FormatVersion > 1)
        {
            writer.WriteNumber("last-sequence-number", metadata.LastSequenceNumber);
        }

        writer.WriteNumber("last-updated-ms", metadata.LastUpdatedMs);
        writer.WriteNumber("last-column-id", metadata.LastColumnId);
        WriteSchemas(writer, metadata);
        WriteSpecs(writer, metadata);
        writer.WriteNumber("default-sort-order-id", metadata.DefaultSortOrderId);
        WriteAll(writer, "sort-orders", metadata.SortOrders, static (order, to) => order.WriteTo(to));
        writer.WriteStringMap("properties", metadata.Properties);
        WriteSnapshots(writer, metadata);
        WriteAll(writer, "statistics", metadata.Statistics, static (file, to) => file.WriteTo(to));
        WriteAll(writer, "partition-statistics", metadata.PartitionStatistics, static (file, to) => file.WriteTo(to));
        WriteAll(writer, "snapshot-log", metadata.SnapshotLog, static (entry, to) => entry.WriteTo(to));
        WriteAll(writer, "metadata-log", metadata.MetadataLog, static (entry, to) => entry.WriteTo(to));
        metadata.Unknown.WriteTo(writer);
        writer.WriteEndObject();
    }

    private static void WriteSchemas(Utf8JsonWriter writer, TableMetadata metadata)
    {
        if (metadata.FormatVersion == 1)
        {
            writer.WritePropertyName("schema");
            metadata.CurrentSchema.WriteTo(writer);
        }

        writer.WriteNumber("current-schema-id", metadata.CurrentSchemaId);
        WriteAll(writer, "schemas", metadata.Schemas, static (schema, to) => schema.WriteTo(to));
    }

    private static void WriteSpecs(Utf8JsonWriter writer, TableMetadata metadata)
    {
        if (metadata.FormatVersion == 1)
        {
            writer.WritePropertyName("partition-spec");
            metadata.DefaultSpec.WriteFieldsTo(writer);
        }

        writer.WriteNumber("default-spec-id", metadata.DefaultSpecId);
        WriteAll(writer, "partition-specs", metadata.PartitionSpecs, static (spec, to) => spec.WriteTo(to));
        writer.WriteNumber("last-partition-id", metadata.LastPartitionId);
    }

    private static void WriteSnapshots(Utf8JsonWriter writer, TableMetadata metadata)
    {
        // No current snapshot is -1 up to version 2, which older readers rely on, and null from version 3.
        if (metadata.CurrentSnapshotId is null && metadata.FormatVersion >= TableMetadata.RowLineageFormatVersion)
        {
            writer.WriteNull("current-snapshot-id");
        }
        else
        {
            writer.WriteNumber("current-snapshot-id", metadata.CurrentSnapshotId ?? NoSnapshot);
        }

        if (metadata.FormatVersion >= TableMetadata.RowLineageFormatVersion)
        {
            writer.WriteNumber("next-row-id", metadata.NextRowId ?? 0);
        }

        if (metadata.EncryptionKeys.Count > 0)
        {
            WriteAll(writer, "encryption-keys", metadata.EncryptionKeys, static (key, to) => key.WriteTo(to));
        }

        writer.WriteStartObject("refs");
        foreach (var (name, reference) in metadata.Refs)
        {
            writer.WritePropertyName(name);
            reference.WriteTo(writer);
        }

        writer.WriteEndObject();
        WriteAll(writer, "snapshots", metadata.Snapshots, static (snapshot, to) => snapshot.WriteTo(to));
    }

    private static void WriteAll<T>(Utf8JsonWriter writer, string name, IReadOnlyList<T> items, Action<T, Utf8JsonWriter> write)
    {
        writer.WriteStartArray(name);
        foreach (var item in items)
        {
            write(item, writer);
        }

        writer.WriteEndArray();
    }
}
