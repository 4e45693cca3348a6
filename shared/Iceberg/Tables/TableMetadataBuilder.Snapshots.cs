namespace Frazil.Iceberg;

/// <content>Snapshots, references, statistics and keys.</content>
public sealed partial class TableMetadataBuilder
{
    private readonly Dictionary<long, Snapshot> added = new(IdComparer.Instance);
    private readonly List<Snapshot> addedInOrder = [];
    private readonly HashSet<long> everAdded = new(IdComparer.Instance);
    private readonly HashSet<long> removed = new(IdComparer.Instance);
    private readonly List<(long SnapshotId, long? TimestampMs)> newLog = [];
    private OrderedMap<string, SnapshotReference>? refs;
    private Dictionary<long, HashSet<string>>? refsOfSnapshot;
    private OrderedMap<long, StatisticsFile>? statistics;
    private OrderedMap<long, PartitionStatisticsFile>? partitionStatistics;
    private OrderedMap<string, EncryptedKey>? encryptionKeys;
    private long lastSequenceNumber;
    private long nextRowId;
    private long? currentSnapshotId;

    private OrderedMap<string, SnapshotReference> Refs => refs ??= Ordered(current?.Refs, StringComparer.Ordinal);

    private OrderedMap<long, StatisticsFile> Statistics =>
        statistics ??= Ordered(current?.Statistics.Select(file => KeyValuePair.Create(file.SnapshotId, file)), IdComparer.Instance);

    private OrderedMap<long, PartitionStatisticsFile> PartitionStatistics =>
        partitionStatistics ??= Ordered(current?.PartitionStatistics.Select(file => KeyValuePair.Create(file.SnapshotId, file)), IdComparer.Instance);

    private OrderedMap<string, EncryptedKey> EncryptionKeys =>
        encryptionKeys ??= Ordered(current?.EncryptionKeys.Select(key => KeyValuePair.Create(key.KeyId, key)), StringComparer.Ordinal);

    private Snapshot? FindSnapshot(long id) => added.TryGetValue(id, out var snapshot) ? snapshot : removed.Contains(id) ? null : current?.Snapshot(id);

    private void AddSnapshot(Snapshot snapshot)
    {
        RequireForSnapshot(current is not null || Schemas.Count > 0, "schema");
        RequireForSnapshot(current is not null || Specs.Count > 0, "partition spec");
        RequireForSnapshot(current is not null || Orders.Count > 0, "sort order");
        if (FindSnapshot(snapshot.SnapshotId) is not null)
        {
            throw CatalogException.Validation($"Snapshot already exists for id: {snapshot.SnapshotId}");
        }

        if (snapshot.TimestampMs is < 0 or > ForeignRules.LatestTimestampMs)
        {
            throw CatalogException.Validation($"Cannot add snapshot {snapshot.SnapshotId}: timestamp-ms {snapshot.TimestampMs} is not between 0 and {ForeignRules.LatestTimestampMs}");
        }

        CheckSequence(snapshot);
        if (formatVersion >= TableMetadata.RowLineageFormatVersion)
        {
            nextRowId = NextRowIdAfter(snapshot);
        }

        lastSequenceNumber = Math.Max(lastSequenceNumber, snapshot.SequenceNumber);
        added.Add(snapshot.SnapshotId, snapshot);
        addedInOrder.Add(snapshot);
        everAdded.Add(snapshot.SnapshotId);
        hasChanges = true;
    }

    private static void RequireForSnapshot(bool isThere, string what)
    {
        if (!isThere)
        {
            throw CatalogException.Validation($"Attempting to add a snapshot before a {what} is added");
        }
    }

    private void CheckSequence(Snapshot snapshot)
    {
        if (formatVersion == 1)
        {
            if (snapshot.SequenceNumber != 0)
            {
                throw CatalogException.Validation($"Sequence number must be 0 in v1: {snapshot.SequenceNumber}");
            }

            return;
        }

        if (!snapshot.HasManifestList)
        {
            throw CatalogException.Validation($"Cannot add snapshot {snapshot.SnapshotId} without a manifest list: required since v2");
        }

        if (snapshot.SequenceNumber < 0)
        {
            throw CatalogException.Validation($"Cannot add snapshot {snapshot.SnapshotId}: sequence number {snapshot.SequenceNumber} is negative");
        }

        if (snapshot.SequenceNumber <= lastSequenceNumber && snapshot.ParentSnapshotId is not null)
        {
            throw Stale($"Cannot add snapshot with sequence number {snapshot.SequenceNumber} older than last sequence number {lastSequenceNumber}");
        }
    }

    /// <summary>
    /// The rows of a snapshot are numbered from its first row id. That may lie above the table's next row id; the numbers between are skipped, so that none is
    /// given out twice.
    /// </summary>
    private long NextRowIdAfter(Snapshot snapshot)
    {
        var first = snapshot.FirstRowId ?? throw CatalogException.Validation("Cannot add a snapshot: first-row-id is null");
        if (first < nextRowId)
        {
            throw Stale($"Cannot add a snapshot, first-row-id is behind table next-row-id: {first} < {nextRowId}");
        }

        var rows = snapshot.AddedRows ?? throw CatalogException.Validation("Cannot add a snapshot: added-rows is null");
        return rows >= 0 && rows <= long.MaxValue - first
            ? first + rows
            : throw CatalogException.Validation($"Cannot add a snapshot: invalid added-rows {rows} from first-row-id {first}");
    }

    private static CatalogException Stale(string message) => CatalogException.CommitFailed($"Validation failed, please retry: {message}");

    private void SetSnapshotRef(string name, SnapshotReference reference)
    {
        if (Refs.TryGet(name, out var existing) && existing == reference)
        {
            return;
        }

        reference.CheckRetention(name);
        var snapshot = FindSnapshot(reference.SnapshotId)
            ?? throw CatalogException.Validation($"Cannot set {name} to unknown snapshot: {reference.SnapshotId}");
        if (name == SnapshotReference.Main)
        {
            currentSnapshotId = reference.SnapshotId;
            newLog.Add((reference.SnapshotId, everAdded.Contains(reference.SnapshotId) ? snapshot.TimestampMs : null));
        }

        PutRef(name, existing, reference);
    }

    private void RemoveSnapshotRef(string name)
    {
        if (Refs.TryGet(name, out var existing))
        {
            PutRef(name, existing, reference: null);
        }
    }

    private void PutRef(string name, SnapshotReference? existing, SnapshotReference? reference)
    {
        hasChanges = true;
        if (existing is not null && refsOfSnapshot?.TryGetValue(existing.SnapshotId, out var names) == true)
        {
            names.Remove(name);
        }

        if (reference is not null)
        {
            Refs.Set(name, reference);
            if (refsOfSnapshot is not null)
            {
                NamesOf(reference.SnapshotId).Add(name);
            }

            return;
        }

        Refs.Remove(name);
        currentSnapshotId = name == SnapshotReference.Main ? null : currentSnapshotId;
    }

    private HashSet<string> NamesOf(long snapshotId)
    {
        if (!refsOfSnapshot!.TryGetValue(snapshotId, out var names))
        {
            refsOfSnapshot[snapshotId] = names = new(StringComparer.Ordinal);
        }

        return names;
    }

    private void RemoveSnapshots(IReadOnlyList<long> ids)
    {
        if (refsOfSnapshot is null)
        {
            refsOfSnapshot = new(IdComparer.Instance);
            foreach (var (name, reference) in Refs.InOrder())
            {
                NamesOf(reference.SnapshotId).Add(name);
            }
        }

        foreach (var id in ids)
        {
            if (FindSnapshot(id) is not null)
            {
                RemoveSnapshot(id);
            }
        }
    }

    private void RemoveSnapshot(long id)
    {
        hasChanges = true;
        added.Remove(id);
        removed.Add(id);
        RemoveStatistics(id);
        RemovePartitionStatistics(id);
        if (refsOfSnapshot!.Remove(id, out var names))
        {
            foreach (var name in names)
            {
                RemoveSnapshotRef(name);
            }
        }
    }

    private void SetStatistics(StatisticsFile file)
    {
        hasChanges |= !Statistics.TryGet(file.SnapshotId, out var existing) || existing != file;
        Statistics.Set(file.SnapshotId, file);
    }

    private void RemoveStatistics(long snapshotId) => hasChanges |= Statistics.Remove(snapshotId);

    private void SetPartitionStatistics(PartitionStatisticsFile file)
    {
        hasChanges |= !PartitionStatistics.TryGet(file.SnapshotId, out var existing) || existing != file;
        PartitionStatistics.Set(file.SnapshotId, file);
    }

    private void RemovePartitionStatistics(long snapshotId) => hasChanges |= PartitionStatistics.Remove(snapshotId);

    private void AddEncryptionKey(EncryptedKey key)
    {
        if (formatVersion < TableProperties.EncryptionFormatVersion)
        {
            throw CatalogException.Validation(
                $"Cannot add an encryption key to a v{formatVersion} table: encryption is not supported until v{TableProperties.EncryptionFormatVersion}");
        }

        if (!EncryptionKeys.TryGet(key.KeyId, out _))
        {
            EncryptionKeys.Set(key.KeyId, key);
            hasChanges = true;
        }
    }

    private void RemoveEncryptionKey(string keyId) => hasChanges |= EncryptionKeys.Remove(keyId);
}
