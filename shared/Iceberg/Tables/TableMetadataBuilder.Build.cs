namespace Frazil.Iceberg;

/// <content>Puts the parts together.</content>
public sealed partial class TableMetadataBuilder
{
    /// <summary>Makes the new metadata.</summary>
    /// <param name="now">The time. The metadata's own time never goes back, whatever the clock says.</param>
    /// <param name="newUuid">Makes a uuid for a table that has none yet.</param>
    /// <param name="defaultLocation">The location of a new table whose updates name none.</param>
    /// <exception cref="CatalogException">400 when the updates together make no valid table.</exception>
    public TableMetadataChange Build(DateTimeOffset now, Func<Guid> newUuid, string? defaultLocation)
    {
        if (current is not null && !hasChanges)
        {
            return new(current, HasChanges: false, []);
        }

        CompleteCreate(defaultLocation);
        var newProperties = properties?.ToDictionary() ?? current?.Properties ?? new Dictionary<string, string>(StringComparer.Ordinal);
        if (current is null || properties is not null || formatVersion != current.FormatVersion)
        {
            TablePropertyRules.Check(newProperties, formatVersion);
        }

        CheckDefaults();
        var earliest = Math.Max(now.ToUnixTimeMilliseconds(), current?.LastUpdatedMs ?? long.MinValue);
        var snapshotLog = BuildSnapshotLog(earliest);
        var (metadataLog, expired) = BuildMetadataLog(newProperties);
        var metadata = new TableMetadata
        {
            FormatVersion = formatVersion,
            Uuid = uuid ?? newUuid().ToString(),
            Location = location!,
            LastSequenceNumber = lastSequenceNumber,
            LastUpdatedMs = snapshotLog.Count == 0 ? earliest : Math.Max(earliest, snapshotLog[^1].TimestampMs),
            LastColumnId = lastColumnId,
            Schemas = schemas?.ToList() ?? current!.Schemas,
            CurrentSchemaId = currentSchemaId,
            PartitionSpecs = specs?.ToList() ?? current!.PartitionSpecs,
            DefaultSpecId = defaultSpecId,
            LastPartitionId = lastPartitionId,
            SortOrders = orders?.ToList() ?? current!.SortOrders,
            DefaultSortOrderId = defaultSortOrderId,
            Properties = newProperties,
            CurrentSnapshotId = currentSnapshotId,
            Snapshots = BuildSnapshots(),
            SnapshotLog = snapshotLog,
            MetadataLog = metadataLog,
            Refs = refs?.ToDictionary() ?? current?.Refs ?? new Dictionary<string, SnapshotReference>(StringComparer.Ordinal),
            Statistics = statistics?.Values() ?? current?.Statistics ?? [],
            PartitionStatistics = partitionStatistics?.Values() ?? current?.PartitionStatistics ?? [],
            NextRowId = formatVersion >= TableMetadata.RowLineageFormatVersion ? nextRowId : null,
            EncryptionKeys = encryptionKeys?.Values() ?? current?.EncryptionKeys ?? [],
            Unknown = current?.Unknown ?? default,
        };
        return new(metadata, HasChanges: true, expired);
    }

    /// <summary>A create needs a schema and a location. Partitioning and sorting default to none.</summary>
    private void CompleteCreate(string? defaultLocation)
    {
        if (current is not null)
        {
            return;
        }

        if (Schemas.Count == 0)
        {
            throw CatalogException.Validation("Cannot create a table without a schema");
        }

        location ??= TableLocation.Normalise(defaultLocation ?? throw CatalogException.Validation("Cannot create a table without a location"));
        if (Specs.Count == 0)
        {
            Specs.Add(PartitionSpec.Unpartitioned);
        }

        if (Orders.Find(SortOrder.Unsorted.OrderId) is null && defaultSortOrderId == SortOrder.Unsorted.OrderId)
        {
            Orders.Add(SortOrder.Unsorted);
        }
    }

    /// <summary>What writers will use must fit the current schema. History need not, and neither what was there before and nobody touched.</summary>
    private void CheckDefaults()
    {
        if (schemas is null && specs is null && orders is null)
        {
            return;
        }

        var schema = Schemas.Find(currentSchemaId) ?? throw CatalogException.Validation($"Cannot find the current schema: {currentSchemaId}");
        if (current is null || schema.SchemaId != current.CurrentSchemaId || defaultSpecId != current.DefaultSpecId)
        {
            SpecRules.Check(Specs.Find(defaultSpecId) ?? throw CatalogException.Validation($"Cannot find the default partition spec: {defaultSpecId}"), schema);
        }

        if (current is null || schema.SchemaId != current.CurrentSchemaId || defaultSortOrderId != current.DefaultSortOrderId)
        {
            SpecRules.Check(Orders.Find(defaultSortOrderId) ?? throw CatalogException.Validation($"Cannot find the default sort order: {defaultSortOrderId}"), schema);
        }
    }

    private IReadOnlyList<Snapshot> BuildSnapshots()
    {
        var before = current?.Snapshots ?? [];
        if (addedInOrder.Count == 0 && removed.Count == 0)
        {
            return before;
        }

        var snapshots = new List<Snapshot>(before.Count + addedInOrder.Count);
        snapshots.AddRange(removed.Count == 0 ? before : before.Where(snapshot => !removed.Contains(snapshot.SnapshotId)));
        snapshots.AddRange(addedInOrder.Where(snapshot => ReferenceEquals(added.GetValueOrDefault(snapshot.SnapshotId), snapshot)));
        return snapshots;
    }

    /// <summary>
    /// Two corrections. A snapshot that was added and made current, but is no longer at the end of this same commit, was never current to anybody. And where an
    /// expired snapshot leaves a gap, the history before the gap goes too, since it would seem to reach to the gap's end.
    /// </summary>
    private IReadOnlyList<SnapshotLogEntry> BuildSnapshotLog(long now)
    {
        var before = current?.SnapshotLog ?? [];
        if (newLog.Count == 0 && removed.Count == 0)
        {
            return before;
        }

        var intermediate = newLog.Select(entry => entry.SnapshotId).Where(id => everAdded.Contains(id) && id != currentSnapshotId).ToHashSet(IdComparer.Instance);
        var log = new List<SnapshotLogEntry>(before.Count + newLog.Count);
        foreach (var entry in before)
        {
            Keep(entry);
        }

        // The end of the old log as it was, even when its entry is gone: time does not go back within one commit.
        var latest = before.Count == 0 ? long.MinValue : before[^1].TimestampMs;
        foreach (var (snapshotId, timestamp) in newLog)
        {
            var at = timestamp ?? Math.Max(now, latest);
            if (!intermediate.Contains(snapshotId))
            {
                // A snapshot's own time is kept as far as writers' clocks may differ; beyond that it became current no earlier than the one before it.
                at = MetadataLogs.IsBefore(at, latest) ? latest : at;
                latest = at;
            }

            Keep(new SnapshotLogEntry(at, snapshotId));
        }

        // Files of other writers may have no log, or one that does not end in the current snapshot. What is written does.
        if (currentSnapshotId is { } currentId && (log.Count == 0 || log[^1].SnapshotId != currentId))
        {
            log.Add(new SnapshotLogEntry(Math.Max(FindSnapshot(currentId)!.TimestampMs, latest), currentId));
        }

        return log;

        void Keep(SnapshotLogEntry entry)
        {
            if (removed.Count > 0 && FindSnapshot(entry.SnapshotId) is null)
            {
                log.Clear();
            }
            else if (!intermediate.Contains(entry.SnapshotId))
            {
                log.Add(entry);
            }
        }
    }

    private (IReadOnlyList<MetadataLogEntry> Log, IReadOnlyList<MetadataLogEntry> Expired) BuildMetadataLog(IReadOnlyDictionary<string, string> newProperties)
    {
        if (current is null)
        {
            return ([], []);
        }

        var limit = Math.Max(1, TableProperties.Int32(newProperties, TableProperties.PreviousVersionsMax, TableProperties.PreviousVersionsMaxDefault));
        var surplus = Math.Max(0, current.MetadataLog.Count - limit + 1);
        return (
            [.. current.MetadataLog.Skip(surplus), new MetadataLogEntry(current.LastUpdatedMs, currentLocation!)],
            [.. current.MetadataLog.Take(surplus)]);
    }
}
