using System.Text.Json;

namespace Frazil.Iceberg;

/// <summary>
/// A table's or view's schema: a struct with an id and identifier fields. Immutable. A schema read from stored metadata is parsed when somebody first looks at
/// its fields, since most of a table's schemas are history; until then only its id is known, and it is written back as it was.
/// </summary>
public sealed class Schema
{
    private readonly SourceSlice source;
    private Content? content;
    private SchemaIndex? index;

    /// <param name="schemaId">The id.</param>
    /// <param name="fields">The columns, in order.</param>
    /// <param name="identifierFieldIds">The ids of the fields that identify a row; null for none.</param>
    public Schema(int schemaId, IReadOnlyList<NestedField> fields, IReadOnlyList<int>? identifierFieldIds = null)
        : this(schemaId, new Content(new StructType(fields), identifierFieldIds ?? []))
    {
    }

    private Schema(int schemaId, Content content)
    {
        SchemaId = schemaId;
        this.content = content;
    }

    private Schema(int schemaId, SourceSlice source)
    {
        SchemaId = schemaId;
        this.source = source;
    }

    /// <summary>The id, unique in its table; -1 where a request means "the last one added".</summary>
    public int SchemaId { get; }

    /// <summary>The columns, in order.</summary>
    /// <exception cref="CatalogException">400 when the stored schema is invalid.</exception>
    public IReadOnlyList<NestedField> Fields => Parsed.Struct.Fields;

    /// <summary>The columns as a struct.</summary>
    public StructType AsStruct => Parsed.Struct;

    /// <summary>The ids of the fields that identify a row.</summary>
    public IReadOnlyList<int> IdentifierFieldIds => Parsed.IdentifierFieldIds;

    /// <summary>The highest field id, nested fields, elements, keys and values included; 0 for a schema without columns.</summary>
    public int HighestFieldId => Index.HighestId;

    /// <summary>Whether it is written as it was read, since nothing in it had to be made up.</summary>
    internal bool IsAsRead => !source.Utf8.IsEmpty;

    private Content Parsed => content ??= ParseContent(source.Utf8);

    private SchemaIndex Index => index ??= new SchemaIndex(Fields);

    /// <summary>The field of this id, at any depth; null when there is none.</summary>
    public NestedField? Find(int id) => Index.Find(id)?.Field;

    /// <summary>
    /// The field of this full name, whose parts are joined by dots: <c>a.b</c>, <c>list.element</c>, <c>map.value.x</c>. <c>element</c> and <c>value</c> may be left out
    /// in front of a struct's field. Null when there is none.
    /// </summary>
    /// <param name="name">The full name.</param>
    /// <param name="caseSensitive">Whether letter case matters. When not, and several match, the first in the schema's order is meant.</param>
    public NestedField? Find(string name, bool caseSensitive = true) => Index.Find(name, caseSensitive)?.Field;

    /// <summary>The full name of a field, or null when there is none of this id.</summary>
    public string? FullNameOf(int id) => Index.Find(id)?.Path.ToString();

    /// <summary>The field that holds this one, or null for a column and for an unknown id.</summary>
    public NestedField? ParentOf(int id) => Index.Find(id)?.Parent?.Field;

    /// <summary>All fields at every depth, parents before children.</summary>
    public IEnumerable<NestedField> AllFields() => Index.All;

    /// <summary>Whether both have the same columns (ids, names, types, docs and defaults, in order) and the same identifier fields. Schema ids are not compared.</summary>
    public bool SameStructAs(Schema other) =>
        Parsed.Struct.Equals(other.Parsed.Struct)
        && Parsed.Unknown == other.Parsed.Unknown
        && IdentifierFieldIds.Count == other.IdentifierFieldIds.Count
        && IdentifierFieldIds.Order().SequenceEqual(other.IdentifierFieldIds.Order());

    /// <summary>The hash that goes with <see cref="SameStructAs"/>.</summary>
    internal int StructHash()
    {
        var hash = new HashCode();
        hash.Add(Parsed.Struct);
        hash.Add(Parsed.Unknown);
        foreach (var id in IdentifierFieldIds.Order())
        {
            hash.Add(id);
        }

        return hash.ToHashCode();
    }

    /// <summary>The same schema under another id.</summary>
    public Schema WithId(int schemaId) => new(schemaId, Parsed);

    /// <summary>Reads a schema that a client sent: normalised, without the members that are null.</summary>
    /// <param name="element">The schema's JSON. Without <c>schema-id</c>, the id is 0.</param>
    /// <param name="source">The document it is part of, of which defaults and unknown members stay slices; empty to copy them.</param>
    /// <exception cref="CatalogException">400 when it is not a schema.</exception>
    public static Schema Read(JsonElement element, ReadOnlyMemory<byte> source)
    {
        element.RequireObject("schema");
        return new(element.OptionalInt32("schema-id") ?? 0, ReadContent(element, source));
    }

    /// <summary>Writes the schema as an object.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        if (source.TryWriteTo(writer))
        {
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("type", "struct");
        writer.WriteNumber("schema-id", SchemaId);
        if (IdentifierFieldIds.Count > 0)
        {
            writer.WriteStartArray("identifier-field-ids");
            foreach (var id in IdentifierFieldIds)
            {
                writer.WriteNumberValue(id);
            }

            writer.WriteEndArray();
        }

        NestedField.WriteAll(writer, Fields);
        Parsed.Unknown.WriteTo(writer);
        writer.WriteEndObject();
    }

    /// <summary>As Java's messages have it: the fields in braces, one a line.</summary>
    public override string ToString() => $"table {{\n{string.Concat(Fields.Select(field => $"  {field}\n"))}}}";

    /// <summary>A schema of stored metadata, kept as a slice. Without an id of its own it is parsed at once and gets <paramref name="defaultId"/>.</summary>
    internal static Schema ReadStored(ReadOnlyMemory<byte> slice, int defaultId = 0)
    {
        var cursor = new JsonCursor(slice);
        cursor.EnterDocument("schema");
        int? id = null;
        while (cursor.NextMember())
        {
            if (cursor.Is("schema-id"u8))
            {
                id = id is null ? cursor.OptionalInt32("schema-id") : throw CatalogException.BadRequest("Cannot parse schema: duplicate member schema-id");
            }
            else
            {
                cursor.SkipValue();
            }
        }

        return id is { } known ? new Schema(known, new SourceSlice(slice)) : new Schema(defaultId, ParseContent(slice));
    }

    /// <summary>Reads all of a stored schema now, so that a mistake in it shows.</summary>
    /// <exception cref="CatalogException">400 when it is invalid.</exception>
    internal void ReadFully() => _ = Index;

    private static Content ParseContent(ReadOnlyMemory<byte> slice)
    {
        using var document = Json.Parse(slice);
        return ReadContent(document.RootElement, slice);
    }

    private static Content ReadContent(JsonElement element, ReadOnlyMemory<byte> source)
    {
        if (!element.RequiredString("type").Equals("struct", StringComparison.OrdinalIgnoreCase))
        {
            throw CatalogException.BadRequest("Cannot parse schema: its type is not struct");
        }

        return new Content(new StructType(NestedField.ReadAll(element, source)), element.OptionalInt32s("identifier-field-ids") ?? [])
        {
            Unknown = UnknownMembers.Of(element, source, "type", "schema-id", "identifier-field-ids", "fields"),
        };
    }

    private sealed record Content(StructType Struct, IReadOnlyList<int> IdentifierFieldIds)
    {
        public UnknownMembers Unknown { get; init; }
    }
}
