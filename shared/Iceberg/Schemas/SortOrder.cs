using System.Text.Json;

namespace Frazil.Iceberg;

/// <summary>A field of a sort order.</summary>
/// <param name="SourceId">The column's field id; the first one of a transform of several columns.</param>
/// <param name="Transform">How the sorted value comes from the column.</param>
/// <param name="Direction"><c>asc</c> or <c>desc</c>.</param>
/// <param name="NullOrder"><c>nulls-first</c> or <c>nulls-last</c>.</param>
public sealed record SortField(int SourceId, Transform Transform, string Direction, string NullOrder)
{
    /// <summary>The columns of a transform of several (format version 3, <c>source-ids</c>); empty for the usual transform of one.</summary>
    public IReadOnlyList<int> SourceIds { get; init; } = [];

    internal UnknownMembers Unknown { get; init; }

    /// <inheritdoc />
    public bool Equals(SortField? other) =>
        other is not null && SourceId == other.SourceId && Transform == other.Transform && Direction == other.Direction && NullOrder == other.NullOrder
        && SourceIds.SequenceEqual(other.SourceIds) && Unknown == other.Unknown;

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(SourceId, Transform.Text, Direction, NullOrder, HashOf(SourceIds), Unknown);

    /// <summary>Reads a sort field.</summary>
    /// <exception cref="CatalogException">400 when a member is missing or of the wrong kind.</exception>
    public static SortField Read(JsonElement element, ReadOnlyMemory<byte> source)
    {
        element.RequireObject("sort field");
        var sources = element.OptionalInt32s("source-ids") ?? [];
        return new(
            element.OptionalInt32("source-id") ?? (sources.Count > 0 ? sources[0] : throw Json.Missing("source-id")),
            Transform.Parse(element.RequiredString("transform")),
            OneOf("direction", element.RequiredString("direction"), "asc", "desc"),
            OneOf("null-order", element.RequiredString("null-order"), "nulls-first", "nulls-last"))
        {
            SourceIds = sources.Count > 1 ? sources : [],
            Unknown = UnknownMembers.Of(element, source, "source-id", "source-ids", "transform", "direction", "null-order"),
        };
    }

    /// <summary>Writes the field as an object.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("transform", Transform.Text);
        WriteSource(writer, SourceId, SourceIds);
        writer.WriteString("direction", Direction);
        writer.WriteString("null-order", NullOrder);
        Unknown.WriteTo(writer);
        writer.WriteEndObject();
    }

    /// <summary>As Java's messages have it: <c>identity(1) ASC NULLS FIRST</c>.</summary>
    public override string ToString() => $"{Transform}({SourceId}) {Direction.ToUpperInvariant()} {NullOrder.Replace('-', ' ').ToUpperInvariant()}";

    internal static void WriteSource(Utf8JsonWriter writer, int sourceId, IReadOnlyList<int> sourceIds)
    {
        if (sourceIds.Count == 0)
        {
            writer.WriteNumber("source-id", sourceId);
            return;
        }

        writer.WriteStartArray("source-ids");
        foreach (var id in sourceIds)
        {
            writer.WriteNumberValue(id);
        }

        writer.WriteEndArray();
    }

    /// <summary>Whether a field of a spec or order names its only column in a list, as version 3 may and not every reader understands.</summary>
    internal static bool HasSourceList(JsonElement specOrOrder) =>
        specOrOrder.GetProperty("fields").EnumerateArray().Any(field => field.TryMember("source-ids", out var ids) && ids.GetArrayLength() == 1);

    internal static int HashOf(IReadOnlyList<int> ids)
    {
        var hash = new HashCode();
        foreach (var id in ids)
        {
            hash.Add(id);
        }

        return hash.ToHashCode();
    }

    private static string OneOf(string name, string value, string one, string other)
    {
        var lower = value.ToLowerInvariant();
        return lower == one || lower == other ? lower : throw CatalogException.BadRequest($"Cannot parse '{name}': expected {one} or {other}, got {value}");
    }
}

/// <summary>How the rows of a table's files are sorted.</summary>
/// <param name="OrderId">The id, unique in its table; 0 is the unsorted order.</param>
/// <param name="Fields">The fields, in order; none when unsorted.</param>
public sealed record SortOrder(int OrderId, IReadOnlyList<SortField> Fields)
{
    /// <summary>The id, unique in its table; 0 is the unsorted order.</summary>
    public int OrderId { get; } = OrderId;

    /// <summary>The fields, in order; none when unsorted.</summary>
    public IReadOnlyList<SortField> Fields { get; } = Fields;

    /// <summary>The order of a table that is not sorted.</summary>
    public static SortOrder Unsorted { get; } = new(0, []);

    /// <summary>Whether there is no field.</summary>
    public bool IsUnsorted => Fields.Count == 0;

    internal UnknownMembers Unknown { get; init; }

    private SourceSlice Source { get; init; }

    /// <summary>Whether it is written as it was read, since nothing in it had to be made up.</summary>
    internal bool IsAsRead => !Source.Utf8.IsEmpty;

    /// <inheritdoc />
    public bool Equals(SortOrder? other) => other is not null && OrderId == other.OrderId && Fields.SequenceEqual(other.Fields);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(OrderId, FieldsHash());

    /// <summary>Reads an order that a client sent.</summary>
    /// <exception cref="CatalogException">400 when a member is missing or of the wrong kind.</exception>
    public static SortOrder Read(JsonElement element, ReadOnlyMemory<byte> source)
    {
        element.RequireObject("sort order");
        var fields = element.RequiredList("fields", field => SortField.Read(field, source));
        return new(element.OptionalInt32("order-id") ?? (fields.Count == 0 ? 0 : 1), fields) { Unknown = UnknownMembers.Of(element, source, "order-id", "fields") };
    }

    /// <summary>Writes the order as an object.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        if (Source.TryWriteTo(writer))
        {
            return;
        }

        writer.WriteStartObject();
        writer.WriteNumber("order-id", OrderId);
        writer.WriteStartArray("fields");
        foreach (var field in Fields)
        {
            field.WriteTo(writer);
        }

        writer.WriteEndArray();
        Unknown.WriteTo(writer);
        writer.WriteEndObject();
    }

    internal int FieldsHash()
    {
        var hash = new HashCode();
        foreach (var field in Fields)
        {
            hash.Add(field);
        }

        return hash.ToHashCode();
    }

    /// <summary>The same order under another id and with other fields, to be written anew.</summary>
    internal SortOrder Rewritten(int orderId, IReadOnlyList<SortField> fields) => new(orderId, fields) { Unknown = Unknown };

    /// <summary>An order of stored metadata, written back as it was.</summary>
    internal static SortOrder ReadStored(ReadOnlyMemory<byte> slice)
    {
        using var document = Json.Parse(slice);
        var element = document.RootElement.RequireObject("sort order");
        _ = element.RequiredInt32("order-id");
        var order = Read(element, slice);
        return SortField.HasSourceList(element) ? order : order with { Source = new SourceSlice(slice) };
    }
}
