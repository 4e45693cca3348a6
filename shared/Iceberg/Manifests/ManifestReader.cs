using System.Runtime.CompilerServices;

namespace Frazil.Iceberg.Manifests;

/// <summary>
/// Reads a manifest of format versions 1 to 3 (table specification, "Manifests"), one entry at a time. What a reader holds is bounded by
/// <see cref="ManifestLimits"/>, however long the manifest and whoever wrote it.
/// </summary>
public sealed class ManifestReader : IDisposable
{
    private const int DataFileId = 2;
    private const int PartitionId = 102;

    private readonly AvroFile file;
    private readonly ManifestFile manifest;
    private readonly ManifestProjection projection;
    private bool isRead;

    private ManifestReader(AvroFile file, ManifestFile? manifest, string path, long? snapshotId, ManifestProjection projection)
    {
        this.file = file;
        this.projection = projection;
        Metadata = ManifestMetadata.Of(file);
        PartitionType = PartitionTypeOf(file.Type);
        this.manifest = manifest ?? new ManifestFile
        {
            ManifestPath = path,
            PartitionSpecId = Metadata.PartitionSpecId,
            AddedSnapshotId = snapshotId,
        };
    }

    /// <summary>What the manifest says of itself.</summary>
    public ManifestMetadata Metadata { get; }

    /// <summary>The fields of the entries' partition tuples.</summary>
    public PartitionType PartitionType { get; }

    /// <summary>Opens a manifest that a manifest list names.</summary>
    /// <param name="stream">The manifest. It is read forwards from where it stands, need not be seekable, and stays the caller's to dispose.</param>
    /// <param name="manifest">The list's description, from which entries inherit; also names the file in messages.</param>
    /// <param name="projection">What is wanted of each entry.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="CatalogException">400 <see cref="ErrorKind.Validation"/> when it is no manifest, is damaged, or is past a limit.</exception>
    public static ValueTask<ManifestReader> OpenAsync(
        Stream stream, ManifestFile manifest, ManifestProjection projection, CancellationToken cancellationToken) =>
        OpenAsync(stream, manifest, manifest.ManifestPath, null, projection, cancellationToken);

    /// <summary>Opens a manifest that a snapshot of format version 1 names itself (<c>manifests</c> in table metadata), without a manifest list.</summary>
    /// <param name="stream">As above.</param>
    /// <param name="path">Where the manifest is, for messages.</param>
    /// <param name="snapshotId">The snapshot, which entries without their own snapshot id inherit.</param>
    /// <param name="projection">As above.</param>
    /// <param name="cancellationToken">As above.</param>
    /// <exception cref="CatalogException">As above.</exception>
    public static ValueTask<ManifestReader> OpenEmbeddedAsync(
        Stream stream, string path, long snapshotId, ManifestProjection projection, CancellationToken cancellationToken) =>
        OpenAsync(stream, null, path, snapshotId, projection, cancellationToken);

    /// <summary>The entries in the order of the file, deleted ones among them. A manifest can be read once.</summary>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="CatalogException">400 <see cref="ErrorKind.Validation"/> when the manifest is damaged or past a limit.</exception>
    /// <exception cref="InvalidOperationException">It was read before.</exception>
    public async IAsyncEnumerable<ManifestEntry> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (isRead)
        {
            throw new InvalidOperationException("A manifest is read forwards and once: open it again.");
        }

        isRead = true;
        var read = new EntryReader<ManifestEntry>(ReadEntry);
        var nextRowId = manifest.FirstRowId;
        while (await file.HasNextAsync(cancellationToken))
        {
            var entry = file.Read(read);
            if (manifest.Content == ManifestContent.Data)
            {
                entry = WithRowId(entry, ref nextRowId);
            }

            yield return entry;
        }
    }

    /// <inheritdoc />
    public void Dispose() => file.Dispose();

    internal static CatalogException Missing(string name, int id) => CatalogException.Validation($"the manifest has no field '{name}' (id {id})");

    private static async ValueTask<ManifestReader> OpenAsync(
        Stream stream, ManifestFile? manifest, string path, long? snapshotId, ManifestProjection projection, CancellationToken cancellationToken)
    {
        var file = await AvroFile.OpenAsync(stream, path, cancellationToken);
        try
        {
            return new ManifestReader(file, manifest, path, snapshotId, projection);
        }
        catch (CatalogException exception)
        {
            file.Dispose();
            throw file.Unreadable(exception);
        }
    }

    private static PartitionType PartitionTypeOf(AvroType.Record entry) =>
        Find(entry, DataFileId) is { } dataFile && Find(dataFile, PartitionId) is { } partition ? PartitionType.Of(partition) : PartitionType.Unpartitioned;

    private static AvroType.Record? Find(AvroType.Record record, int fieldId) =>
        record.Fields.FirstOrDefault(field => field.FieldId == fieldId)?.Type as AvroType.Record;

    private ManifestEntry ReadEntry(ref AvroDecoder decoder, AvroType.Record type) => new(ref decoder, type, manifest, projection);

    /// <summary>
    /// Numbers the rows of live files without a first row id, one file after the other from the manifest's on. A manifest without one is of a table from
    /// before row lineage, and so are its files' rows, whatever they say.
    /// </summary>
    private ManifestEntry WithRowId(ManifestEntry entry, ref long? nextRowId)
    {
        if (nextRowId is not { } rowId)
        {
            return entry.DataFile.FirstRowId is null ? entry : entry with { DataFile = entry.DataFile with { FirstRowId = null } };
        }

        if (entry.DataFile.FirstRowId is not null || !entry.IsLive)
        {
            return entry;
        }

        var records = entry.DataFile.RecordCount;
        nextRowId = records >= 0 && rowId <= long.MaxValue - records
            ? rowId + records
            : throw file.Unreadable(CatalogException.Validation($"row ids from {rowId} on cannot number {records} records"));
        return entry with { DataFile = entry.DataFile with { FirstRowId = rowId } };
    }
}
