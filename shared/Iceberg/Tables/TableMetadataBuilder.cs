namespace Frazil.Iceberg;

/// <summary>What a builder made.</summary>
/// <param name="Metadata">The new metadata; the current one itself when nothing changed.</param>
/// <param name="HasChanges">Whether anything changed. When not, no file is written and no pointer moved.</param>
/// <param name="ExpiredMetadataLog">The entries of the current metadata log that the new one no longer has.</param>
public sealed record TableMetadataChange(TableMetadata Metadata, bool HasChanges, IReadOnlyList<MetadataLogEntry> ExpiredMetadataLog);

/// <summary>
/// The only place where table metadata changes: applies updates in order, and refuses those that would make it invalid. An update that changes nothing leaves no
/// trace. Every update takes time in proportion to its own size, whatever the table's. Not thread-safe; used once.
/// </summary>
/// <remarks>
/// What is refused is 400 <c>ValidationException</c>, but for stale sequence numbers and row ids: these are 409 <c>CommitFailedException</c>
/// <c>Validation failed, please retry: …</c>, since the client can make them anew from fresh metadata.
/// </remarks>
public sealed partial class TableMetadataBuilder
{
    private readonly TableMetadata? current;
    private readonly string? currentLocation;
    private OrderedMap<string, string>? properties;
    private int formatVersion;
    private string? uuid;
    private string? location;
    private bool hasChanges;

    private TableMetadataBuilder(TableMetadata current, string currentLocation)
    {
        this.current = current;
        this.currentLocation = currentLocation;
        formatVersion = current.FormatVersion;
        uuid = current.Uuid;
        location = current.Location;
        lastSequenceNumber = current.LastSequenceNumber;
        nextRowId = current.NextRowId ?? 0;
        currentSnapshotId = current.CurrentSnapshotId;
        lastColumnId = current.LastColumnId;
        currentSchemaId = current.CurrentSchemaId;
        defaultSpecId = current.DefaultSpecId;
        lastPartitionId = current.LastPartitionId;
        defaultSortOrderId = current.DefaultSortOrderId;
    }

    private TableMetadataBuilder(int formatVersion) => this.formatVersion = formatVersion;

    /// <summary>Starts from a table's metadata.</summary>
    /// <param name="current">The current metadata.</param>
    /// <param name="currentMetadataLocation">Where it is stored, which the new metadata log gets.</param>
    public static TableMetadataBuilder From(TableMetadata current, string currentMetadataLocation) => new(current, currentMetadataLocation);

    /// <summary>
    /// Starts a new table. Its format version is that of the first <see cref="TableUpdate.UpgradeFormatVersion"/>, which is no upgrade then, else 2. The updates are
    /// not applied yet.
    /// </summary>
    /// <exception cref="CatalogException">400 when the format version is not supported.</exception>
    public static TableMetadataBuilder ForCreate(IReadOnlyList<TableUpdate> updates)
    {
        var version = updates.OfType<TableUpdate.UpgradeFormatVersion>().FirstOrDefault()?.FormatVersion ?? TableMetadata.DefaultFormatVersion;
        return version is >= 1 and <= TableMetadata.MaxFormatVersion
            ? new(version)
            : throw CatalogException.Validation($"Unsupported format version: v{version} (supported: v{TableMetadata.MaxFormatVersion})");
    }

    /// <summary>Applies updates in order.</summary>
    /// <exception cref="CatalogException">400 or 409 when one is refused. The builder must not be used any further.</exception>
    public TableMetadataBuilder Apply(IEnumerable<TableUpdate> updates)
    {
        foreach (var update in updates)
        {
            Apply(update);
        }

        return this;
    }

    /// <summary>Applies an update.</summary>
    /// <exception cref="CatalogException">400 or 409 when it is refused. The builder must not be used any further.</exception>
    public TableMetadataBuilder Apply(TableUpdate update)
    {
        switch (update)
        {
            case TableUpdate.AssignUuid assign: AssignUuid(assign.Uuid); break;
            case TableUpdate.UpgradeFormatVersion upgrade: UpgradeFormatVersion(upgrade.FormatVersion); break;
            case TableUpdate.AddSchema add: AddSchema(add.Schema); break;
            case TableUpdate.SetCurrentSchema set: SetCurrentSchema(set.SchemaId); break;
            case TableUpdate.RemoveSchemas remove: RemoveSchemas(remove.SchemaIds); break;
            case TableUpdate.AddSpec add: AddSpec(add.Spec); break;
            case TableUpdate.SetDefaultSpec set: SetDefaultSpec(set.SpecId); break;
            case TableUpdate.RemovePartitionSpecs remove: RemovePartitionSpecs(remove.SpecIds); break;
            case TableUpdate.AddSortOrder add: AddSortOrder(add.SortOrder); break;
            case TableUpdate.SetDefaultSortOrder set: SetDefaultSortOrder(set.SortOrderId); break;
            case TableUpdate.AddSnapshot add: AddSnapshot(add.Snapshot); break;
            case TableUpdate.SetSnapshotRef set: SetSnapshotRef(set.RefName, set.Reference); break;
            case TableUpdate.RemoveSnapshotRef remove: RemoveSnapshotRef(remove.RefName); break;
            case TableUpdate.RemoveSnapshots remove: RemoveSnapshots(remove.SnapshotIds); break;
            case TableUpdate.SetLocation set: SetLocation(set.Location); break;
            case TableUpdate.SetProperties set: SetProperties(set.Updates); break;
            case TableUpdate.RemoveProperties remove: RemoveProperties(remove.Removals); break;
            case TableUpdate.SetStatistics set: SetStatistics(set.Statistics); break;
            case TableUpdate.RemoveStatistics remove: RemoveStatistics(remove.SnapshotId); break;
            case TableUpdate.SetPartitionStatistics set: SetPartitionStatistics(set.PartitionStatistics); break;
            case TableUpdate.RemovePartitionStatistics remove: RemovePartitionStatistics(remove.SnapshotId); break;
            case TableUpdate.AddEncryptionKey add: AddEncryptionKey(add.EncryptionKey); break;
            case TableUpdate.RemoveEncryptionKey remove: RemoveEncryptionKey(remove.KeyId); break;
            default: throw new ArgumentOutOfRangeException(nameof(update), update, "no such update");
        }

        return this;
    }

    private OrderedMap<string, string> Properties => properties ??= Ordered(current?.Properties, StringComparer.Ordinal);

    private static OrderedMap<TKey, TValue> Ordered<TKey, TValue>(IEnumerable<KeyValuePair<TKey, TValue>>? items, IEqualityComparer<TKey> comparer)
        where TKey : notnull
    {
        var map = new OrderedMap<TKey, TValue>(comparer);
        foreach (var (key, value) in items ?? [])
        {
            map.Set(key, value);
        }

        return map;
    }

    private void AssignUuid(string assigned)
    {
        if (uuid is not null && !UuidText.Same(uuid, assigned))
        {
            throw CatalogException.Validation("Cannot reassign uuid");
        }

        hasChanges |= uuid is null;
        uuid ??= assigned;
    }

    private void UpgradeFormatVersion(int version)
    {
        if (version > TableMetadata.MaxFormatVersion)
        {
            throw CatalogException.Validation(
                $"Cannot upgrade table to unsupported format version: v{version} (supported: v{TableMetadata.MaxFormatVersion})");
        }

        if (version < formatVersion)
        {
            throw CatalogException.Validation($"Cannot downgrade v{formatVersion} table to v{version}");
        }

        hasChanges |= version != formatVersion;
        formatVersion = version;
    }

    private void SetLocation(string moved)
    {
        hasChanges |= moved != location;
        location = moved;
    }

    private void SetProperties(IReadOnlyDictionary<string, string> updates)
    {
        foreach (var (name, value) in updates)
        {
            if (!Properties.TryGet(name, out var existing) || existing != value)
            {
                Properties.Set(name, value);
                hasChanges = true;
            }
        }
    }

    private void RemoveProperties(IReadOnlyList<string> removals)
    {
        foreach (var name in removals)
        {
            hasChanges |= Properties.Remove(name);
        }
    }
}
