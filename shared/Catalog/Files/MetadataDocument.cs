using System.IO.Compression;
using Frazil.Iceberg;

namespace Frazil;

/// <summary>
/// A metadata file's content. Files never change, so every form of it is made once and kept while the cache has room: the JSON text, its deflated form
/// (to be spliced into a gzip answer), and for tables the form with referenced snapshots only.
/// </summary>
public sealed class MetadataDocument
{
    /// <summary>What is parsed in next to nothing.</summary>
    private const int SmallBytes = 64 * 1024;

    /// <summary>Bytes that a parsed form and the text of a changed one take for each byte of the text.</summary>
    private const long ParsedFactor = 3;

    private readonly Once<byte[]> deflated = new();
    private readonly Once<MetadataDocument> referenced = new();
    private TableMetadata? table;
    private ViewMetadata? view;

    /// <param name="location">The file.</param>
    /// <param name="json">Its text, decompressed.</param>
    public MetadataDocument(string location, ReadOnlyMemory<byte> json)
    {
        Location = location;
        Json = json;
    }

    /// <param name="location">The file.</param>
    /// <param name="json">Its text.</param>
    /// <param name="table">The same, parsed.</param>
    public MetadataDocument(string location, ReadOnlyMemory<byte> json, TableMetadata table)
        : this(location, json) => this.table = table;

    /// <param name="location">The file.</param>
    /// <param name="json">Its text.</param>
    /// <param name="view">The same, parsed.</param>
    public MetadataDocument(string location, ReadOnlyMemory<byte> json, ViewMetadata view)
        : this(location, json) => this.view = view;

    /// <summary>The file's location, as the pointer spells it.</summary>
    public string Location { get; }

    /// <summary>The JSON text, byte for byte as stored.</summary>
    public ReadOnlyMemory<byte> Json { get; }

    /// <summary>Bytes that the forms made so far take.</summary>
    public long Size => Json.Length + (deflated.Made?.Length ?? 0) + (referenced.Made?.Size ?? 0);

    /// <summary>The text as table metadata. Parsed anew by each caller unless this document was written by this process just now, since a parsed form is large.</summary>
    public TableMetadata ToTable()
    {
        if (table is null && Json.Length > SmallBytes)
        {
            Measures.Current?.Hold(ParsedFactor * Json.Length);
        }

        return table ?? TableMetadata.Parse(Json);
    }

    /// <summary>The text as view metadata.</summary>
    public ViewMetadata ToView() => view ?? ViewMetadata.Parse(Json);

    /// <summary>Lets go of the parsed form, which keeps other documents' memory alive.</summary>
    public void Forget()
    {
        table = null;
        view = null;
    }

    /// <summary>
    /// The text as a raw deflate stream (RFC 1951) that is not finished and ends on a byte boundary, so that other deflate blocks can precede and follow it.
    /// </summary>
    public ReadOnlyMemory<byte> Deflated => deflated.Get(Json, Deflate);

    /// <summary>The form that <c>snapshots=refs</c> asks for.</summary>
    public MetadataDocument Referenced => referenced.Get(this, static document => document.MakeReferenced());

    private static byte[] Deflate(ReadOnlyMemory<byte> json)
    {
        using var buffer = new MemoryStream((json.Length / 4) + 64);
        var deflate = new DeflateStream(buffer, CompressionLevel.Fastest, leaveOpen: true);
        deflate.Write(json.Span);
        deflate.Flush();
        var result = buffer.GetBuffer().AsSpan(0, (int)buffer.Length).ToArray();
        deflate.Dispose(); // writes the final block, after what was taken
        return result;
    }

    private MetadataDocument MakeReferenced()
    {
        var full = ToTable();
        var reduced = full.WithReferencedSnapshotsOnly();
        return ReferenceEquals(full, reduced) || reduced.Snapshots.Count == full.Snapshots.Count ? new(Location, Json) : new(Location, reduced.ToJson());
    }
}
