using System.Text.Json;

namespace Frazil.Iceberg;

/// <summary>
/// A table's state at one moment. Kept as the JSON it was read from; only what the catalog itself needs is read at once, since a table may have ten thousand.
/// </summary>
public sealed record Snapshot
{
    private Snapshot(in Parts parts, ReadOnlyMemory<byte> utf8)
    {
        SnapshotId = parts.SnapshotId ?? throw Json.Missing("snapshot-id");
        TimestampMs = parts.TimestampMs ?? throw Json.Missing("timestamp-ms");
        ParentSnapshotId = parts.ParentSnapshotId is -1 ? null : parts.ParentSnapshotId;   // -1: how old writers say "none"
        SequenceNumber = parts.SequenceNumber ?? 0;
        SchemaId = parts.SchemaId;
        FirstRowId = parts.FirstRowId;
        AddedRows = parts.AddedRows;
        HasManifestList = parts.HasManifestList;
        Utf8 = utf8;
        if (!parts.HasManifestList && !parts.HasManifests)
        {
            throw Json.Missing("manifest-list");
        }
    }

    /// <summary>The id, any 64-bit integer.</summary>
    public long SnapshotId { get; }

    /// <summary>The snapshot this one was made from, or null.</summary>
    public long? ParentSnapshotId { get; }

    /// <summary>The order of commits; 0 in format version 1.</summary>
    public long SequenceNumber { get; }

    /// <summary>When it was made, in milliseconds since 1970, by the writer's clock.</summary>
    public long TimestampMs { get; }

    /// <summary>The current schema when it was made, or null.</summary>
    public int? SchemaId { get; }

    /// <summary>The first row id of its added rows (format version 3), or null.</summary>
    public long? FirstRowId { get; }

    /// <summary>How many row ids it takes (format version 3), or null.</summary>
    public long? AddedRows { get; }

    /// <summary>Whether it names a manifest list. Only version 1 has snapshots that list their manifests instead.</summary>
    public bool HasManifestList { get; }

    /// <summary>The snapshot's JSON.</summary>
    public ReadOnlyMemory<byte> Utf8 { get; }

    /// <summary>Where the manifest list is, or null. Read anew on every use.</summary>
    public string? ManifestList => HasManifestList ? ReadManifestList() : null;

    /// <summary>Where the manifests are when there is no manifest list (format version 1). Read anew on every use.</summary>
    public IReadOnlyList<string> Manifests => HasManifestList ? [] : ReadMember("manifests", static (element, name) => element.OptionalStrings(name)) ?? [];

    /// <summary>What the commit did; empty when it does not say. Read anew on every use.</summary>
    /// <exception cref="CatalogException">400 when the stored summary is not a map of strings.</exception>
    public IReadOnlyDictionary<string, string> Summary => ReadMember("summary", static (element, name) => element.OptionalStringMap(name)) ?? [];

    /// <summary>The id of the key that encrypts the manifest list, or null. Read anew on every use.</summary>
    public string? KeyId => ReadMember("key-id", static (element, name) => element.OptionalString(name));

    /// <inheritdoc />
    public bool Equals(Snapshot? other) => other is not null && SnapshotId == other.SnapshotId && new RawJson(Utf8) == new RawJson(other.Utf8);

    /// <inheritdoc />
    public override int GetHashCode() => SnapshotId.GetHashCode();

    /// <summary>Reads a snapshot that a client sent: normalised, without the members that are null.</summary>
    /// <exception cref="CatalogException">400 when a member is missing or of the wrong kind.</exception>
    public static Snapshot Read(JsonElement element, ReadOnlyMemory<byte> source)
    {
        _ = source;   // nothing of the request is kept
        element.RequireObject("snapshot");
        _ = element.OptionalStringMap("summary");
        var normalised = SourceSlice.Normalised(element, static member => member.NameEquals("parent-snapshot-id"u8) && member.Value.GetRawText() == "-1");
        return ReadStored(normalised.Utf8);
    }

    /// <summary>Writes the snapshot as an object, as it was read.</summary>
    public void WriteTo(Utf8JsonWriter writer) => writer.WriteRawValue(Utf8.Span, skipInputValidation: true);

    /// <summary>Where its files are, each with the name of the member that says so.</summary>
    public IEnumerable<(string What, string Location)> Locations()
    {
        if (ManifestList is { } list)
        {
            yield return ("manifest-list", list);
        }

        foreach (var manifest in Manifests)
        {
            yield return ("manifests", manifest);
        }
    }

    /// <summary>Reads a snapshot of stored metadata.</summary>
    internal static Snapshot ReadStored(ReadOnlyMemory<byte> slice)
    {
        var cursor = new JsonCursor(slice);
        cursor.EnterDocument("snapshot");
        return ReadStored(ref cursor);
    }

    /// <summary>Reads the object at which the cursor stands, as a slice of the cursor's document.</summary>
    internal static Snapshot ReadStored(ref JsonCursor cursor)
    {
        cursor.RequireObject("snapshot");
        var start = cursor.Start;
        var parts = default(Parts);
        while (cursor.NextMember())
        {
            parts.ReadMember(ref cursor);
        }

        return new Snapshot(parts, cursor.SliceFrom(start));
    }

    /// <summary>Reads what is otherwise read on use, so that a mistake in it shows.</summary>
    /// <exception cref="CatalogException">400 when there is one.</exception>
    internal void ReadFully()
    {
        using var document = Json.Parse(Utf8);
        _ = document.RootElement.OptionalStringMap("summary");
        _ = document.RootElement.OptionalString("key-id");
        if (FirstRowId is { } first)
        {
            var rows = AddedRows ?? throw CatalogException.BadRequest($"Snapshot {SnapshotId} has a first-row-id but no added-rows");
            if (first < 0 || rows < 0)
            {
                throw CatalogException.BadRequest($"Snapshot {SnapshotId} has a negative first-row-id or added-rows");
            }
        }
    }

    /// <summary>Without a tree of the snapshot, since the location check asks it of every snapshot of a table.</summary>
    private string? ReadManifestList()
    {
        var cursor = new JsonCursor(Utf8);
        cursor.EnterDocument("snapshot");
        while (cursor.NextMember())
        {
            if (cursor.Is("manifest-list"u8))
            {
                return cursor.OptionalString("manifest-list");
            }

            cursor.SkipValue();
        }

        return null;
    }

    private T? ReadMember<T>(string name, Func<JsonElement, string, T?> read)
    {
        using var document = Json.Parse(Utf8);
        return read(document.RootElement, name);
    }

    private struct Parts
    {
        private int seen;

        public long? SnapshotId;
        public long? ParentSnapshotId;
        public long? SequenceNumber;
        public long? TimestampMs;
        public int? SchemaId;
        public long? FirstRowId;
        public long? AddedRows;
        public bool HasManifestList;
        public bool HasManifests;

        public void ReadMember(ref JsonCursor cursor)
        {
            if (cursor.Is("snapshot-id"u8))
            {
                SnapshotId = Once(0, "snapshot-id", cursor.OptionalInt64("snapshot-id"));
            }
            else if (cursor.Is("parent-snapshot-id"u8))
            {
                ParentSnapshotId = Once(1, "parent-snapshot-id", cursor.OptionalInt64("parent-snapshot-id"));
            }
            else if (cursor.Is("sequence-number"u8))
            {
                SequenceNumber = Once(2, "sequence-number", cursor.OptionalInt64("sequence-number"));
            }
            else if (cursor.Is("timestamp-ms"u8))
            {
                TimestampMs = Once(3, "timestamp-ms", cursor.OptionalInt64("timestamp-ms"));
            }
            else if (cursor.Is("schema-id"u8))
            {
                SchemaId = Once(4, "schema-id", cursor.OptionalInt32("schema-id"));
            }
            else if (cursor.Is("first-row-id"u8))
            {
                FirstRowId = Once(5, "first-row-id", cursor.OptionalInt64("first-row-id"));
            }
            else if (cursor.Is("added-rows"u8))
            {
                AddedRows = Once(6, "added-rows", cursor.OptionalInt64("added-rows"));
            }
            else
            {
                ReadFiles(ref cursor);
            }
        }

        private void ReadFiles(ref JsonCursor cursor)
        {
            if (cursor.Is("manifest-list"u8))
            {
                HasManifestList = Once(7, "manifest-list", cursor.RequireStringOrNull("manifest-list"));
            }
            else if (cursor.Is("manifests"u8))
            {
                HasManifests = Once(8, "manifests", cursor.EnterArray("manifests"));
                while (HasManifests && cursor.NextItem())
                {
                    _ = cursor.String("manifests");
                }
            }
            else
            {
                cursor.SkipValue();
            }
        }

        private T Once<T>(int member, string name, T value)
        {
            if ((seen & (1 << member)) != 0)
            {
                throw CatalogException.BadRequest($"Cannot parse snapshot: duplicate member {name}");
            }

            seen |= 1 << member;
            return value;
        }
    }
}
