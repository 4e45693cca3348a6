using System.IO.Hashing;
using System.Runtime.InteropServices;
using Frazil.Entities;
using Frazil.Iceberg;

namespace Frazil;

/// <summary>
/// A metadata file's content. Files never change, so every form of it is made once and kept while the cache has room: the JSON text, its deflated form
/// (to be spliced into a gzip answer), what stands before it in an answer, and for tables the form with referenced snapshots only.
/// </summary>
public sealed class MetadataDocument
{
    /// <summary>What is parsed in next to nothing.</summary>
    private const int SmallBytes = 64 * 1024;

    /// <summary>Bytes that a parsed form and the text of a changed one take for each byte of the text.</summary>
    private const long ParsedFactor = 3;

    /// <summary>Bytes of a text from which on only its deflated form is kept: so much of it is in names that come again and again that a tenth remains.</summary>
    public const int MinPackedBytes = 1024 * 1024;

    /// <summary>Bytes that a document takes beside its forms: its own objects, its place in the cache, headers of arrays.</summary>
    internal const int OwnBytes = 640;

    /// <summary>Instead of the form with referenced snapshots, where that is the document itself: a shared form must not keep the text of the one that made it.</summary>
    private static readonly MetadataDocument Itself = new("", default(ReadOnlyMemory<byte>));

    private readonly ReadOnlyMemory<byte> text;

    // Of a document that is kept deflated: the text as long as somebody else holds it, or as the collector has not come by, so that commits in a row need not inflate it each.
    private readonly WeakReference<byte[]>? unpacked;

    private readonly Once<DeflatedText> deflated = new();
    private readonly Once<MetadataDocument> referenced = new();
    private readonly Once<MetadataDocument> named = new();
    private readonly Once<byte[]> opening = new();
    private readonly Once<Crc32> checksum = new();
    private string? tag;
    private string? referencedTag;
    private TableMetadata? table;
    private ViewMetadata? view;

    /// <summary>The uuid that the text got although the file has none; null when it is the file's own.</summary>
    private string? givenUuid;

    /// <param name="location">The file.</param>
    /// <param name="json">Its text, decompressed.</param>
    public MetadataDocument(string location, ReadOnlyMemory<byte> json)
    {
        Location = location;
        text = json;
        Length = json.Length;
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
        : this(location, json) => (this.view, Kind) = (view, TableKind.View);

    /// <summary>The same without its text. Forms are shared.</summary>
    private MetadataDocument(MetadataDocument whole)
    {
        Location = whole.Location;
        Length = whole.Length;
        Kind = whole.Kind;
        givenUuid = whole.givenUuid;
        deflated = whole.deflated;
        referenced = whole.referenced;
        named = whole.named;
        opening = whole.opening;
        checksum = whole.checksum;
        unpacked = new(whole.text.Length == whole.TextBytes && MemoryMarshal.TryGetArray(whole.text, out var array) ? array.Array! : null!);
    }

    /// <summary>
    /// A file that anybody may have written, checked to be one whole object of metadata, so that its text can be passed on unparsed ever after. Text that is of an old form is
    /// written anew, as clients are to see it.
    /// </summary>
    /// <exception cref="CatalogException">400 when it is not.</exception>
    public static MetadataDocument Read(string location, ReadOnlyMemory<byte> json, TableKind kind)
    {
        if (kind == TableKind.View)
        {
            var view = ViewMetadata.Parse(json);
            return new(location, view.IsOfOldForm ? view.ToJson() : json) { Kind = kind };
        }

        var table = TableMetadata.Parse(json);
        return new(location, table.IsOfOldForm ? table.ToJson() : json) { givenUuid = table.HasUuid ? null : table.Uuid };
    }

    /// <summary>
    /// The document as the table of this uuid has it: a file that has no uuid of its own (format version 1) shows that of the pointer that leads to it. Made once, like every form, since one pointer leads to a file.
    /// </summary>
    public MetadataDocument WithUuid(string uuid)
    {
        if (givenUuid is null || givenUuid == uuid)
        {
            return this;
        }

        var made = Get(named, document => document.MakeNamed(uuid));
        return made.givenUuid == uuid ? made : MakeNamed(uuid);
    }

    /// <summary>The uuid that is shown although the file has none; null when it shows the file's own.</summary>
    internal string? GivenUuid => givenUuid;

    /// <summary>Whether it is a table's or a view's.</summary>
    public TableKind Kind { get; private init; } = TableKind.Table;

    /// <summary>The file's location, as the pointer spells it.</summary>
    public string Location { get; }

    /// <summary>Bytes of the JSON text.</summary>
    public int Length { get; }

    /// <summary>The JSON text: byte for byte as stored, unless that is of an old form. Of a document that is kept deflated it is made anew.</summary>
    public ReadOnlyMemory<byte> Json
    {
        get
        {
            if (Unpacked is { } whole)
            {
                return whole;
            }

            Measures.Current?.Hold(Length);
            var made = Deflated.ToText();
            unpacked!.SetTarget(made);
            return made;
        }
    }

    /// <summary>The JSON text if it is at hand, or null: then <see cref="Deflated"/> is, and can be read as a stream.</summary>
    public ReadOnlyMemory<byte>? Unpacked => unpacked is null ? text : unpacked.TryGetTarget(out var made) ? made : (ReadOnlyMemory<byte>?)null;

    /// <summary>The text deflated, where it is at hand (<see cref="Unpacked"/> is null) or nobody else has the document: to make it may take long.</summary>
    public DeflatedText Deflated => Get(deflated, static document => document.MakeDeflated());

    /// <summary>What stands before the text in an answer: the beginning of the object, the location unless there is none, and the member's name.</summary>
    public ReadOnlyMemory<byte> Opening => Get(opening, static document => MakeOpening(document.Location));

    /// <summary>Bytes that the document takes with the forms made so far.</summary>
    public long Size => OwnBytes + (sizeof(char) * Location.Length) + TextBytes
        + (deflated.Made?.Size ?? 0) + (opening.Made?.Length ?? 0) + (named.Made?.Size ?? 0) + (referenced.Made is { } other && other != Itself ? other.Size : 0);

    /// <summary>Where the document is kept, so that it can tell when it grows.</summary>
    internal MetadataFiles.Entry? Entry { get; set; }

    /// <summary>Bytes of the array that the text is in.</summary>
    private int TextBytes => MemoryMarshal.TryGetArray(text, out var array) && array.Array is { } whole ? whole.Length : text.Length;

    /// <summary>The entity tag of an answer that holds it.</summary>
    public string Tag(bool referencedSnapshotsOnly)
    {
        // Made twice by two who ask at once: that costs less than keeping the second from it.
        ref var known = ref referencedSnapshotsOnly ? ref referencedTag : ref tag;
        return known ??= EntityTag.Of(Location, referencedSnapshotsOnly);
    }

    /// <summary>The text deflated.</summary>
    public ValueTask<DeflatedText> DeflatedAsync(CancellationToken cancellationToken) => GetAsync(deflated, static document => document.MakeDeflated(), cancellationToken);

    /// <summary>The form that <c>snapshots=refs</c> asks for.</summary>
    /// <exception cref="CatalogException">503 or 413 when there is no memory to make it.</exception>
    public async ValueTask<MetadataDocument> ReferencedAsync(CancellationToken cancellationToken)
    {
        var made = await GetAsync(referenced, static document => document.MakeReferenced(), cancellationToken);
        if (made == Itself)
        {
            return this;
        }

        made.Entry ??= Entry; // its own forms are counted, too
        return made;
    }

    /// <summary>The checksum of <see cref="Opening"/> and the text, to go on from. Asked for when an answer is being sent, where nothing may be refused any more: it holds no memory.</summary>
    public async ValueTask<Crc32> ChecksumAsync(CancellationToken cancellationToken) => (await GetAsync(checksum, static document => document.MakeChecksum(), cancellationToken)).Clone();

    /// <summary>The text as table metadata. Parsed anew by each caller unless this document was written by this process just now, since a parsed form is large.</summary>
    public TableMetadata ToTable()
    {
        if (table is null && Length > SmallBytes)
        {
            Measures.Current?.Hold(ParsedFactor * Length);
        }

        return table ?? TableMetadata.Parse(Json);
    }

    /// <summary>The text as view metadata.</summary>
    public ViewMetadata ToView() => view ?? ViewMetadata.Parse(Json);

    /// <summary>What is kept of it: without the parsed form, which keeps other documents' memory alive, and when it is large without its text.</summary>
    internal MetadataDocument ToKeep()
    {
        if (Length >= MinPackedBytes && unpacked is null)
        {
            _ = Deflated;
            return new(this);
        }

        table = null;
        view = null;
        return this;
    }

    private static byte[] MakeOpening(string location) => Iceberg.Json.Write(location, static (writer, location) =>
    {
        writer.WriteStartObject();
        if (location.Length > 0)
        {
            writer.WriteString("metadata-location", location);
        }

        writer.WritePropertyName("metadata");
    });

    private T Get<T>(Once<T> part, Func<MetadataDocument, T> make)
        where T : class
    {
        if (part.Made is { } made)
        {
            return made;
        }

        made = part.Get(this, make);
        Entry?.Grow();
        return made;
    }

    private MetadataDocument MakeNamed(string uuid)
    {
        var made = new MetadataDocument(Location, (ToTable() with { Uuid = uuid }).ToJson()) { givenUuid = uuid }.ToKeep();
        made.Entry = Entry; // it grows with this one
        return made;
    }

    private async ValueTask<T> GetAsync<T>(Once<T> part, Func<MetadataDocument, T> make, CancellationToken cancellationToken)
        where T : class
    {
        if (part.Made is { } made)
        {
            return made;
        }

        made = await part.GetAsync(this, make, cancellationToken);
        Entry?.Grow();
        return made;
    }

    private DeflatedText MakeDeflated() => DeflatedText.Of(Json);

    private Crc32 MakeChecksum()
    {
        var crc = new Crc32();
        crc.Append(Opening.Span);
        if (Unpacked is { } whole)
        {
            crc.Append(whole.Span);
            return crc;
        }

        using var stream = Deflated.Open();
        crc.Append(stream);
        return crc;
    }

    private MetadataDocument MakeReferenced()
    {
        var full = ToTable();
        var reduced = full.WithReferencedSnapshotsOnly();
        return ReferenceEquals(full, reduced) || reduced.Snapshots.Count == full.Snapshots.Count ? Itself : new MetadataDocument(Location, reduced.ToJson()).ToKeep();
    }
}
