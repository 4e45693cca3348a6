using System.Globalization;

namespace Frazil.Iceberg;

/// <summary>Makes the metadata of a new table out of what a createTable request says.</summary>
internal static class NewTable
{
    private const string ParquetCompression = "write.parquet.compression-codec";

    private static readonly string[] CommitProperties =
        ["commit.retry.num-retries", "commit.retry.min-wait-ms", "commit.retry.max-wait-ms", "commit.retry.total-timeout-ms"];

    public static TableMetadata Create(
        Schema schema,
        PartitionSpec? spec,
        SortOrder? order,
        string location,
        IReadOnlyDictionary<string, string> properties,
        Guid uuid,
        DateTimeOffset now)
    {
        var version = FormatVersion(properties);
        schema.ReadFully();
        CheckProperties(properties, schema);

        var ids = new FreshIds();
        var fresh = ids.Assign(schema, schemaId: 0);
        SchemaRules.Check(fresh, version);
        var freshSpec = Translate(spec ?? PartitionSpec.Unpartitioned, ids);
        SpecRules.CheckNew(freshSpec, fresh);
        var freshOrder = Translate(order ?? SortOrder.Unsorted, ids);
        SpecRules.CheckNew(freshOrder, fresh);

        return new TableMetadata
        {
            FormatVersion = version,
            Uuid = uuid.ToString(),
            Location = TableLocation.Normalise(location),
            LastSequenceNumber = 0,
            LastUpdatedMs = now.ToUnixTimeMilliseconds(),
            LastColumnId = fresh.HighestFieldId,
            Schemas = [fresh],
            CurrentSchemaId = fresh.SchemaId,
            PartitionSpecs = [freshSpec],
            DefaultSpecId = freshSpec.SpecId,
            LastPartitionId = freshSpec.HighestFieldId,
            SortOrders = [freshOrder],
            DefaultSortOrderId = freshOrder.OrderId,
            Properties = Stored(properties),
            CurrentSnapshotId = null,
            Snapshots = [],
            SnapshotLog = [],
            MetadataLog = [],
            Refs = new Dictionary<string, SnapshotReference>(StringComparer.Ordinal),
            Statistics = [],
            PartitionStatistics = [],
            NextRowId = version < TableMetadata.RowLineageFormatVersion ? null : 0,
            EncryptionKeys = [],
        };
    }

    private static int FormatVersion(IReadOnlyDictionary<string, string> properties)
    {
        var version = TableProperties.Int32(properties, TableProperties.FormatVersion, TableMetadata.DefaultFormatVersion);
        return version is >= 1 and <= TableMetadata.MaxFormatVersion
            ? version
            : throw CatalogException.Validation($"Unsupported format version: v{version} (supported: v{TableMetadata.MaxFormatVersion})");
    }

    private static void CheckProperties(IReadOnlyDictionary<string, string> properties, Schema schema)
    {
        TablePropertyRules.Check(properties, FormatVersion(properties));
        foreach (var name in CommitProperties)
        {
            if (properties.TryGetValue(name, out var text) && !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            {
                throw CatalogException.Validation($"Table property {name} must have non negative integer value, but was {text}");
            }
        }

        foreach (var name in properties.Keys.Where(name => name.StartsWith(TableProperties.MetricsColumnPrefix, StringComparison.Ordinal)))
        {
            var column = name[TableProperties.MetricsColumnPrefix.Length..];
            if (schema.Find(column) is null)
            {
                throw CatalogException.Validation($"Invalid metrics config, could not find column {column} from table prop {name} in the schema");
            }
        }
    }

    private static Dictionary<string, string> Stored(IReadOnlyDictionary<string, string> properties)
    {
        var stored = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in properties)
        {
            if (!TableProperties.Reserved.Contains(name))
            {
                stored[name] = value;
            }
        }

        stored.TryAdd(ParquetCompression, "zstd");
        return stored;
    }

    private static PartitionSpec Translate(PartitionSpec spec, FreshIds ids) => spec.Rewritten(
        0,
        [
            .. spec.Fields.Select((field, at) => field with
            {
                FieldId = PartitionSpec.FirstFieldId + at,
                SourceId = ids.Of(field.SourceId) ?? throw CatalogException.Validation($"Cannot find source column for partition field: {field}"),
            }),
        ]);

    private static SortOrder Translate(SortOrder order, FreshIds ids) => order.IsUnsorted
        ? SortOrder.Unsorted
        : order.Rewritten(
            1,
            [
                .. order.Fields.Select(field => field with
                {
                    SourceId = ids.Of(field.SourceId) ?? throw CatalogException.Validation($"Cannot find source column for sort field: {field}"),
                }),
            ]);
}
