using System.Text.Json;

namespace Frazil.Iceberg;

/// <summary>
/// A table's metadata, of format version 1, 2 or 3: what its metadata file says. Immutable; <see cref="TableMetadataBuilder"/> makes the next one.
/// Unknown members are kept, and what does not change is written back as it was read.
/// </summary>
/// <remarks>
/// The metadata keeps the document it was parsed from alive. Schemas other than the current one, and the summaries of snapshots, are parsed on first use and may
/// throw then; <see cref="ReadFully"/> reads them all.
/// </remarks>
public sealed record TableMetadata
{
    /// <summary>The highest format version this catalog reads and writes.</summary>
    public const int MaxFormatVersion = 3;

    /// <summary>The format version of a new table that asks for none.</summary>
    public const int DefaultFormatVersion = 2;

    /// <summary>The first format version with row lineage and <c>next-row-id</c>.</summary>
    public const int RowLineageFormatVersion = 3;

    private Dictionary<long, Snapshot>? snapshotsById;

    internal TableMetadata()
    {
    }

    /// <summary>1, 2 or 3.</summary>
    public required int FormatVersion { get; init; }

    /// <summary>The table's identity, whatever its name. Where a file of version 1 has none, it is made of the file (<see cref="HasUuid"/>).</summary>
    public required string Uuid { get; init; }

    /// <summary>Whether the document that this was parsed from says the uuid.</summary>
    public bool HasUuid { get; internal init; } = true;

    /// <summary>
    /// Whether the document that this was parsed from must not be shown to clients as it is: it leaves out members that later versions of the specification ask for
    /// (lists of schemas, specs and orders, the uuid), or holds nulls or a byte order mark that not every reader takes. <see cref="ToJson"/> has what they are to see.
    /// </summary>
    public bool IsOfOldForm { get; internal init; }

    /// <summary>The table's base location, without a slash at its end.</summary>
    public required string Location { get; init; }

    /// <summary>The highest sequence number given out; 0 in version 1.</summary>
    public required long LastSequenceNumber { get; init; }

    /// <summary>When the metadata was written, in milliseconds since 1970. Never goes back.</summary>
    public required long LastUpdatedMs { get; init; }

    /// <summary>The highest field id ever given out.</summary>
    public required int LastColumnId { get; init; }

    /// <summary>All schemas, in the order of the document.</summary>
    public required IReadOnlyList<Schema> Schemas { get; init; }

    /// <summary>The id of the current schema, which is one of <see cref="Schemas"/>.</summary>
    public required int CurrentSchemaId { get; init; }

    /// <summary>All partition specs, in the order of the document.</summary>
    public required IReadOnlyList<PartitionSpec> PartitionSpecs { get; init; }

    /// <summary>The id of the spec that writers use, which is one of <see cref="PartitionSpecs"/>.</summary>
    public required int DefaultSpecId { get; init; }

    /// <summary>The highest partition field id ever given out; 999 when there is none.</summary>
    public required int LastPartitionId { get; init; }

    /// <summary>All sort orders, in the order of the document.</summary>
    public required IReadOnlyList<SortOrder> SortOrders { get; init; }

    /// <summary>The id of the order that writers use, which is one of <see cref="SortOrders"/>.</summary>
    public required int DefaultSortOrderId { get; init; }

    /// <summary>The table's properties, in the order of the document.</summary>
    public required IReadOnlyDictionary<string, string> Properties { get; init; }

    /// <summary>The snapshot of <c>main</c>, or null when there is none.</summary>
    public required long? CurrentSnapshotId { get; init; }

    /// <summary>All snapshots, in the order of the document. Ids are unique.</summary>
    public required IReadOnlyList<Snapshot> Snapshots
    {
        get;
        init
        {
            field = value;
            snapshotsById = null;
        }
    }

    /// <summary>Which snapshot was current since when, oldest first.</summary>
    public required IReadOnlyList<SnapshotLogEntry> SnapshotLog { get; init; }

    /// <summary>The earlier metadata files, oldest first.</summary>
    public required IReadOnlyList<MetadataLogEntry> MetadataLog { get; init; }

    /// <summary>Branches and tags by name. <c>main</c> is there exactly when there is a current snapshot.</summary>
    public required IReadOnlyDictionary<string, SnapshotReference> Refs { get; init; }

    /// <summary>Statistics files.</summary>
    public required IReadOnlyList<StatisticsFile> Statistics { get; init; }

    /// <summary>Partition statistics files.</summary>
    public required IReadOnlyList<PartitionStatisticsFile> PartitionStatistics { get; init; }

    /// <summary>The next row id to give out; null before version 3.</summary>
    public required long? NextRowId { get; init; }

    /// <summary>Encrypted keys (version 3).</summary>
    public required IReadOnlyList<EncryptedKey> EncryptionKeys { get; init; }

    internal UnknownMembers Unknown { get; init; }

    /// <summary>The current schema.</summary>
    public Schema CurrentSchema => Schema(CurrentSchemaId)!;

    /// <summary>The current snapshot, or null when there is none.</summary>
    public Snapshot? CurrentSnapshot => CurrentSnapshotId is { } id ? Snapshot(id) : null;

    /// <summary>The spec that writers use.</summary>
    public PartitionSpec DefaultSpec => PartitionSpecs.First(spec => spec.SpecId == DefaultSpecId);

    /// <summary>The order that writers use.</summary>
    public SortOrder DefaultSortOrder => SortOrders.First(order => order.OrderId == DefaultSortOrderId);

    /// <summary>The schema of an id, or null.</summary>
    public Schema? Schema(int id) => Schemas.FirstOrDefault(schema => schema.SchemaId == id);

    /// <summary>The snapshot of an id, or null. Constant time.</summary>
    public Snapshot? Snapshot(long id)
    {
        if (snapshotsById is null)
        {
            TryIndexSnapshots(out _);
        }

        return snapshotsById!.GetValueOrDefault(id);
    }

    /// <summary>Reads a metadata file.</summary>
    /// <param name="utf8Json">The file's bytes, uncompressed; see <see cref="MetadataLocation.Decode"/>. They must not change while the metadata lives.</param>
    /// <exception cref="CatalogException">400 <c>BadRequestException</c> when it is malformed, or when what it says contradicts itself.</exception>
    public static TableMetadata Parse(ReadOnlyMemory<byte> utf8Json) => TableMetadataReader.Read(utf8Json);

    /// <summary>The metadata file's bytes: compact JSON, in an array of exactly its size.</summary>
    public byte[] ToJson() => Json.Write(this, static (writer, metadata) => metadata.WriteTo(writer));

    /// <summary>Writes the metadata as an object.</summary>
    public void WriteTo(Utf8JsonWriter writer) => TableMetadataWriter.Write(writer, this);

    /// <summary>
    /// The form of <c>snapshots=refs</c>: only the snapshots that a branch or tag names, and only their statistics. For answers; it must never be stored.
    /// </summary>
    public TableMetadata WithReferencedSnapshotsOnly()
    {
        var referenced = Refs.Values.Select(reference => reference.SnapshotId).ToHashSet(IdComparer.Instance);
        if (Snapshots.All(snapshot => referenced.Contains(snapshot.SnapshotId)))
        {
            return this;
        }

        bool IsHidden(long id) => Snapshot(id) is not null && !referenced.Contains(id);
        return this with
        {
            Snapshots = [.. Snapshots.Where(snapshot => referenced.Contains(snapshot.SnapshotId))],
            Statistics = [.. Statistics.Where(file => !IsHidden(file.SnapshotId))],
            PartitionStatistics = [.. PartitionStatistics.Where(file => !IsHidden(file.SnapshotId))],
        };
    }

    /// <summary>
    /// The metadata of a new table, as createTable and a staged create answer it: field ids anew from 1, level by level, with identifier fields, spec and order
    /// translated to them; the reserved properties left out, of which <c>format-version</c> chooses the version.
    /// </summary>
    /// <param name="schema">The schema, with ids of the client's choice.</param>
    /// <param name="spec">The partition spec over those ids, or null for none.</param>
    /// <param name="order">The sort order over those ids, or null for none.</param>
    /// <param name="location">The table's location.</param>
    /// <param name="properties">The requested properties.</param>
    /// <param name="uuid">The table's uuid.</param>
    /// <param name="now">The time.</param>
    /// <exception cref="CatalogException">400 when the request makes no valid table.</exception>
    public static TableMetadata Create(
        Schema schema,
        PartitionSpec? spec,
        SortOrder? order,
        string location,
        IReadOnlyDictionary<string, string> properties,
        Guid uuid,
        DateTimeOffset now) => NewTable.Create(schema, spec, order, location, properties, uuid, now);

    /// <summary>
    /// Every member that names a place in storage where the table's files are, with the member's name: what a check of locations has to look at. Lazy, since a table may
    /// name ten thousand. The metadata log is not among them: it is history, and may tell of where the table was before it was moved.
    /// </summary>
    public IEnumerable<(string What, string Location)> Locations()
    {
        yield return ("location", Location);

        foreach (var found in TableProperties.Locations(Properties))
        {
            yield return found;
        }

        foreach (var found in Snapshots.SelectMany(snapshot => snapshot.Locations()))
        {
            yield return found;
        }

        foreach (var file in Statistics)
        {
            yield return ("statistics-path", file.StatisticsPath);
        }

        foreach (var file in PartitionStatistics)
        {
            yield return ("statistics-path", file.StatisticsPath);
        }
    }

    /// <summary>Indexes the snapshots by id; false when an id is there twice.</summary>
    internal bool TryIndexSnapshots(out long duplicate)
    {
        var index = new Dictionary<long, Snapshot>(Snapshots.Count, IdComparer.Instance);
        duplicate = 0;
        var isUnique = true;
        foreach (var snapshot in Snapshots)
        {
            if (!index.TryAdd(snapshot.SnapshotId, snapshot))
            {
                (isUnique, duplicate) = (false, snapshot.SnapshotId);
            }
        }

        snapshotsById = index;
        return isUnique;
    }

    /// <summary>
    /// Reads also what is otherwise parsed on first use, and asks of all of it what the Java reference asks when it opens a table, so that every mistake of a foreign
    /// file shows: registerTable's check. It is not asked of tables that are there already.
    /// </summary>
    /// <exception cref="CatalogException">400 when something in it is malformed or invalid.</exception>
    public void ReadFully()
    {
        try
        {
            ForeignRules.Check(this);
        }
        catch (CatalogException exception)
        {
            throw new CatalogException(ErrorKind.BadRequest, $"Invalid table metadata: {exception.Message}", exception);
        }
    }
}
