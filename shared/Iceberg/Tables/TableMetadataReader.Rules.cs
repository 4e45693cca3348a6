namespace Frazil.Iceberg;

/// <content>What the parts of a document must be for it to be valid metadata, and what stands for the parts that early versions leave out.</content>
internal sealed partial class TableMetadataReader
{
    private const int NoSnapshot = -1;

    private TableMetadata ToMetadata(ReadOnlyMemory<byte> utf8)
    {
        var version = Required(formatVersion, "format-version");
        if (version is < 1 or > TableMetadata.MaxFormatVersion)
        {
            throw Invalid($"cannot read unsupported version {version} (supported: 1 to {TableMetadata.MaxFormatVersion})");
        }

        var (allSchemas, currentSchema) = ResolveSchemas(version);
        var (allSpecs, defaultSpec) = ResolveSpecs(version);
        var (allOrders, defaultOrder) = ResolveOrders(version);
        var lastSequence = version == 1 ? 0 : NotNegative(Required(lastSequenceNumber, "last-sequence-number"), "last-sequence-number");
        var current = ResolveCurrentSnapshot(lastSequence);
        var metadata = new TableMetadata
        {
            FormatVersion = version,
            Uuid = uuid ?? (version == 1 ? UuidText.OfFile(utf8.Span) : throw Json.Missing("table-uuid")),
            HasUuid = uuid is not null,
            Location = TableLocation.Normalise(location ?? throw Json.Missing("location")),
            LastSequenceNumber = lastSequence,
            LastUpdatedMs = Required(lastUpdatedMs, "last-updated-ms"),
            LastColumnId = Required(lastColumnId, "last-column-id"),
            Schemas = allSchemas,
            CurrentSchemaId = currentSchema,
            PartitionSpecs = allSpecs,
            DefaultSpecId = defaultSpec,
            LastPartitionId = lastPartitionId ?? (version == 1 ? allSpecs.Max(spec => spec.HighestFieldId) : throw Json.Missing("last-partition-id")),
            IsOfOldForm = isOfOldForm || uuid is null || lastPartitionId is null || allSchemas.Exists(schema => !schema.IsAsRead) || allSpecs.Exists(spec => !spec.IsAsRead) || allOrders.Exists(order => !order.IsAsRead),
            SortOrders = allOrders,
            DefaultSortOrderId = defaultOrder,
            Properties = properties ?? [],
            CurrentSnapshotId = current,
            Snapshots = snapshots,
            SnapshotLog = snapshotLog,
            MetadataLog = metadataLog ?? [],
            Refs = refs,
            Statistics = statistics ?? [],
            PartitionStatistics = partitionStatistics ?? [],
            NextRowId = version < TableMetadata.RowLineageFormatVersion ? null : NotNegative(Required(nextRowId, "next-row-id"), "next-row-id"),
            EncryptionKeys = encryptionKeys ?? [],
            Unknown = UnknownMembers.Of(unknown),
        };
        CheckRefs(metadata);
        MetadataLogs.Check(metadata);
        return metadata;
    }

    private (List<Schema> Schemas, int Current) ResolveSchemas(int version)
    {
        if (schemas is null)
        {
            if (version > 1)
            {
                throw Json.Missing("schemas");
            }

            isOfOldForm = true;
            schemas = [Schema.ReadStored(WithoutNulls(singleSchema ?? throw Json.Missing("schema")))];
            currentSchemaId = schemas[0].SchemaId;
        }

        RequireUnique(schemas, schema => schema.SchemaId, "schema");
        var current = Required(currentSchemaId, "current-schema-id");
        var schema = schemas.Find(schema => schema.SchemaId == current) ?? throw Invalid($"cannot find schema with current-schema-id={current} from schemas");
        schema.ReadFully();
        return (schemas, current);
    }

    private (List<PartitionSpec> Specs, int Default) ResolveSpecs(int version)
    {
        if (specs is null)
        {
            if (version > 1)
            {
                throw Json.Missing("partition-specs");
            }

            isOfOldForm = true;
            specs = [PartitionSpec.ReadStoredFields(WithoutNulls(singleSpec ?? throw Json.Missing("partition-spec")))];
            defaultSpecId = specs[0].SpecId;
        }

        RequireUnique(specs, spec => spec.SpecId, "partition spec");
        var defaultId = Required(defaultSpecId, "default-spec-id");
        return specs.Exists(spec => spec.SpecId == defaultId)
            ? (specs, defaultId)
            : throw Invalid($"cannot find partition spec with default-spec-id={defaultId} from partition-specs");
    }

    private (List<SortOrder> Orders, int Default) ResolveOrders(int version)
    {
        if (orders is null)
        {
            if (version > 1)
            {
                throw Json.Missing("sort-orders");
            }

            isOfOldForm = true;
            orders = [];
            defaultSortOrderId = SortOrder.Unsorted.OrderId;
        }

        RequireUnique(orders, order => order.OrderId, "sort order");
        var defaultId = Required(defaultSortOrderId, "default-sort-order-id");
        if (orders.Exists(order => order.OrderId == defaultId))
        {
            return (orders, defaultId);
        }

        // The unsorted order needs no entry to be understood, and some writers leave it out.
        return defaultId == SortOrder.Unsorted.OrderId
            ? ([.. orders, SortOrder.Unsorted], defaultId)
            : throw Invalid($"cannot find sort order with default-sort-order-id={defaultId} from sort-orders");
    }

    private long? ResolveCurrentSnapshot(long lastSequence)
    {
        foreach (var snapshot in snapshots)
        {
            if (snapshot.SequenceNumber > lastSequence)
            {
                throw Invalid($"snapshot {snapshot.SnapshotId} has sequence number {snapshot.SequenceNumber}, greater than last sequence number {lastSequence}");
            }
        }

        var current = currentSnapshotId is NoSnapshot ? null : currentSnapshotId;
        if (current is { } id)
        {
            // Files from before branches have no references: their current snapshot is main.
            refs.TryAdd(SnapshotReference.Main, new SnapshotReference(id, SnapshotReferenceType.Branch));
        }

        return current;
    }

    private static void CheckRefs(TableMetadata metadata)
    {
        if (!metadata.TryIndexSnapshots(out var duplicate))
        {
            throw Invalid($"snapshot {duplicate} is there twice");
        }

        if (metadata.CurrentSnapshotId is { } current && metadata.Snapshot(current) is null)
        {
            throw Invalid($"cannot find current snapshot {current}");
        }

        foreach (var (name, reference) in metadata.Refs)
        {
            if (metadata.Snapshot(reference.SnapshotId) is null)
            {
                throw Invalid($"snapshot {reference.SnapshotId} for reference {name} does not exist in the existing snapshots list");
            }
        }

        var main = metadata.Refs.GetValueOrDefault(SnapshotReference.Main);
        if (main is not null && main.SnapshotId != metadata.CurrentSnapshotId)
        {
            throw Invalid(metadata.CurrentSnapshotId is { } id
                ? $"current snapshot ID does not match main branch ({id} != {main.SnapshotId})"
                : $"current snapshot is not set, but main branch exists: {main.SnapshotId}");
        }
    }

    private static void RequireUnique<T>(List<T> items, Func<T, int> id, string what)
    {
        var ids = new HashSet<int>(items.Count, IdComparer.Instance);
        foreach (var item in items)
        {
            if (!ids.Add(id(item)))
            {
                throw Invalid($"{what} {id(item)} is there twice");
            }
        }
    }

    private static T Required<T>(T? value, string name)
        where T : struct => value ?? throw Json.Missing(name);

    private static long NotNegative(long value, string name) => value >= 0 ? value : throw Invalid($"{name} must not be negative, but is {value}");

    private static CatalogException Invalid(string message) => CatalogException.BadRequest(message);
}
