using System.Text.Json;

namespace Frazil.Iceberg;

/// <summary>
/// Reads table metadata from a file, which may be anybody's. One pass over the document cuts it into items; small items are parsed, large ones kept as slices.
/// </summary>
internal sealed partial class TableMetadataReader
{
    private readonly HashSet<string> seen = new(StringComparer.Ordinal);
    private readonly List<(string Name, RawJson Value)> unknown = [];
    private readonly Dictionary<string, SnapshotReference> refs = new(StringComparer.Ordinal);
    private readonly List<Snapshot> snapshots = [];
    private readonly List<SnapshotLogEntry> snapshotLog = [];
    private int? formatVersion;
    private string? uuid;
    private string? location;
    private long? lastSequenceNumber;
    private long? lastUpdatedMs;
    private int? lastColumnId;
    private ReadOnlyMemory<byte>? singleSchema;
    private List<Schema>? schemas;
    private int? currentSchemaId;
    private ReadOnlyMemory<byte>? singleSpec;
    private List<PartitionSpec>? specs;
    private int? defaultSpecId;
    private int? lastPartitionId;
    private List<SortOrder>? orders;
    private int? defaultSortOrderId;
    private Dictionary<string, string>? properties;
    private long? currentSnapshotId;
    private long? nextRowId;
    private List<MetadataLogEntry>? metadataLog;
    private List<StatisticsFile>? statistics;
    private List<PartitionStatisticsFile>? partitionStatistics;
    private List<EncryptedKey>? encryptionKeys;
    private bool isOfOldForm;

    private TableMetadataReader()
    {
    }

    public static TableMetadata Read(ReadOnlyMemory<byte> utf8)
    {
        var text = Json.WithoutByteOrderMark(utf8);
        var reader = new TableMetadataReader { isOfOldForm = text.Length < utf8.Length };
        try
        {
            Json.RequireUtf8(text.Span);
            reader.ReadDocument(text);
            return reader.ToMetadata(utf8);
        }
        catch (JsonException exception)
        {
            throw new CatalogException(ErrorKind.BadRequest, $"Malformed table metadata: {exception.Message}", exception);
        }
        catch (CatalogException exception)
        {
            throw new CatalogException(ErrorKind.BadRequest, $"Invalid table metadata: {exception.Message}", exception);
        }
    }

    private void ReadDocument(ReadOnlyMemory<byte> utf8)
    {
        var cursor = new JsonCursor(utf8);
        cursor.EnterDocument("table metadata");
        while (cursor.NextMember())
        {
            var name = cursor.Name();
            if (!seen.Add(name))
            {
                throw CatalogException.BadRequest($"duplicate member {name}");
            }

            if (ReadScalar(ref cursor, name) || ReadCollection(ref cursor, name))
            {
                isOfOldForm |= cursor.IsNull && name != "current-snapshot-id";
            }
            else
            {
                unknown.Add((name, new RawJson(cursor.SliceValue())));
            }
        }

        cursor.LeaveDocument();
    }

    private bool ReadScalar(ref JsonCursor cursor, string name)
    {
        switch (name)
        {
            case "format-version": formatVersion = cursor.OptionalInt32(name); break;
            case "table-uuid": uuid = cursor.OptionalString(name); break;
            case "location": location = cursor.OptionalString(name); break;
            case "last-sequence-number": lastSequenceNumber = cursor.OptionalInt64(name); break;
            case "last-updated-ms": lastUpdatedMs = cursor.OptionalInt64(name); break;
            case "last-column-id": lastColumnId = cursor.OptionalInt32(name); break;
            case "current-schema-id": currentSchemaId = cursor.OptionalInt32(name); break;
            case "default-spec-id": defaultSpecId = cursor.OptionalInt32(name); break;
            case "last-partition-id": lastPartitionId = cursor.OptionalInt32(name); break;
            case "default-sort-order-id": defaultSortOrderId = cursor.OptionalInt32(name); break;
            case "current-snapshot-id": currentSnapshotId = cursor.OptionalInt64(name); break;
            case "next-row-id": nextRowId = cursor.OptionalInt64(name); break;
            default: return false;
        }

        return true;
    }

    private bool ReadCollection(ref JsonCursor cursor, string name)
    {
        switch (name)
        {
            case "schema": singleSchema = cursor.EnterValue() ? cursor.SliceCurrent() : null; break;
            case "schemas": schemas = ReadAll(ref cursor, name, slice => Schema.ReadStored(slice)); break;
            case "partition-spec": singleSpec = cursor.EnterValue() ? cursor.SliceCurrent() : null; break;
            case "partition-specs": specs = ReadAll(ref cursor, name, PartitionSpec.ReadStored); break;
            case "sort-orders": orders = ReadAll(ref cursor, name, SortOrder.ReadStored); break;
            case "properties": properties = ReadOne(ref cursor, ReadProperties); break;
            case "refs": ReadRefs(ref cursor); break;
            case "snapshots": ReadSnapshots(ref cursor); break;
            case "snapshot-log": ReadSnapshotLog(ref cursor); break;
            case "metadata-log": metadataLog = ReadAll(ref cursor, name, MetadataLogEntry.ReadStored); break;
            case "statistics": statistics = ReadAll(ref cursor, name, StatisticsFile.ReadStored); break;
            case "partition-statistics": partitionStatistics = ReadAll(ref cursor, name, PartitionStatisticsFile.ReadStored); break;
            case "encryption-keys": encryptionKeys = ReadAll(ref cursor, name, EncryptedKey.ReadStored); break;
            default: return false;
        }

        return true;
    }

    private static T? ReadOne<T>(ref JsonCursor cursor, Func<ReadOnlyMemory<byte>, T> read)
        where T : class => cursor.EnterValue() ? read(cursor.SliceCurrent()) : null;

    private List<T>? ReadAll<T>(ref JsonCursor cursor, string name, Func<ReadOnlyMemory<byte>, T> read)
    {
        if (!cursor.EnterArray(name))
        {
            return null;
        }

        var items = new List<T>();
        while (cursor.NextItem())
        {
            items.Add(read(WithoutNulls(cursor.SliceCurrent())));
        }

        return items;
    }

    private ReadOnlyMemory<byte> WithoutNulls(ReadOnlyMemory<byte> item)
    {
        if (!NullMembers.AreIn(item))
        {
            return item;
        }

        isOfOldForm = true;
        return NullMembers.LeftOut(item);
    }

    private static Dictionary<string, string> ReadProperties(ReadOnlyMemory<byte> slice)
    {
        using var document = Json.Parse(slice);
        return document.RootElement.RequireObject("properties").AsStringMap("properties");
    }

    private void ReadRefs(ref JsonCursor cursor)
    {
        if (!cursor.EnterValue())
        {
            return;
        }

        cursor.RequireObject("refs");
        while (cursor.NextMember())
        {
            var name = cursor.Name();
            if (!refs.TryAdd(name, SnapshotReference.ReadStored(WithoutNulls(cursor.SliceValue()))))
            {
                throw CatalogException.BadRequest($"duplicate reference {name}");
            }
        }
    }

    private void ReadSnapshots(ref JsonCursor cursor)
    {
        var isThere = cursor.EnterArray("snapshots");
        while (isThere && cursor.NextItem())
        {
            var snapshot = Snapshot.ReadStored(ref cursor);
            snapshots.Add(NullMembers.AreIn(snapshot.Utf8) ? Snapshot.ReadStored(WithoutNulls(snapshot.Utf8)) : snapshot);
        }
    }

    private void ReadSnapshotLog(ref JsonCursor cursor)
    {
        var isThere = cursor.EnterArray("snapshot-log");
        while (isThere && cursor.NextItem())
        {
            snapshotLog.Add(SnapshotLogEntry.ReadStored(ref cursor));
        }
    }
}
