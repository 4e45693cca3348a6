using System.Text.Json;

namespace Frazil.Iceberg;

/// <summary>A type of Iceberg's type system: a primitive, a struct, a list or a map. Types are values: equal when they say the same.</summary>
/// <remarks>
/// Hashes take in all that equality does, by way of <see cref="HashCode"/>, whose seed nobody knows: what clients send by the thousand is looked up by them, and the
/// hash that the compiler makes for a record is a sum that can be made to come out the same.
/// </remarks>
public abstract record IcebergType
{
    private protected IcebergType()
    {
    }

    /// <summary>The fields directly below this type: a struct's fields, a list's <c>element</c>, a map's <c>key</c> and <c>value</c>; none of a primitive.</summary>
    public abstract IReadOnlyList<NestedField> Children { get; }

    /// <summary>Reads a type: a string for a primitive, else an object whose <c>type</c> is struct, list or map.</summary>
    /// <param name="element">The type's JSON.</param>
    /// <param name="source">The document it is part of, of which defaults and unknown members stay slices; empty to copy them.</param>
    /// <exception cref="CatalogException">400 for anything that is not a type.</exception>
    public static IcebergType Read(JsonElement element, ReadOnlyMemory<byte> source)
    {
        if (element.ValueKind == JsonValueKind.String)
        {
            return PrimitiveType.Parse(element.AsString("type"));
        }

        return element.RequireObject("type").RequiredString("type").ToLowerInvariant() switch
        {
            "struct" => StructType.ReadStruct(element, source),
            "list" => ListType.ReadList(element, source),
            "map" => MapType.ReadMap(element, source),
            var other => throw CatalogException.BadRequest($"Cannot parse type: unknown nested type {other}"),
        };
    }

    /// <summary>Writes the type as a value.</summary>
    public abstract void WriteTo(Utf8JsonWriter writer);
}

/// <summary>An ordered list of named fields.</summary>
/// <param name="Fields">The fields, in order.</param>
public sealed record StructType(IReadOnlyList<NestedField> Fields) : IcebergType
{
    internal UnknownMembers Unknown { get; init; }

    /// <inheritdoc />
    public override IReadOnlyList<NestedField> Children => Fields;

    /// <inheritdoc />
    public bool Equals(StructType? other) => other is not null && Fields.SequenceEqual(other.Fields) && Unknown == other.Unknown;

    /// <inheritdoc />
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var field in Fields)
        {
            hash.Add(field);
        }

        hash.Add(Unknown);
        return hash.ToHashCode();
    }

    /// <inheritdoc />
    public override string ToString() => $"struct<{string.Join(", ", Fields)}>";

    internal static StructType ReadStruct(JsonElement element, ReadOnlyMemory<byte> source) =>
        new(NestedField.ReadAll(element, source)) { Unknown = UnknownMembers.Of(element, source, "type", "fields") };

    /// <inheritdoc />
    public override void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "struct");
        NestedField.WriteAll(writer, Fields);
        Unknown.WriteTo(writer);
        writer.WriteEndObject();
    }
}

/// <summary>A list. Its element is a field without a name of its own.</summary>
/// <param name="ElementId">The element's field id.</param>
/// <param name="Element">The element's type.</param>
/// <param name="ElementRequired">Whether elements may not be null.</param>
public sealed record ListType(int ElementId, IcebergType Element, bool ElementRequired) : IcebergType
{
    internal UnknownMembers Unknown { get; init; }

    /// <inheritdoc />
    public override IReadOnlyList<NestedField> Children => [new(ElementId, "element", Element, ElementRequired)];

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(ElementId, Element, ElementRequired, Unknown);

    /// <inheritdoc />
    public override string ToString() => $"list<{Element}>";

    internal static ListType ReadList(JsonElement element, ReadOnlyMemory<byte> source) =>
        new(element.RequiredInt32("element-id"), Read(element.RequiredMember("element"), source), element.RequiredBoolean("element-required"))
        {
            Unknown = UnknownMembers.Of(element, source, "type", "element-id", "element", "element-required"),
        };

    /// <inheritdoc />
    public override void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "list");
        writer.WriteNumber("element-id", ElementId);
        writer.WritePropertyName("element");
        Element.WriteTo(writer);
        writer.WriteBoolean("element-required", ElementRequired);
        Unknown.WriteTo(writer);
        writer.WriteEndObject();
    }
}

/// <summary>A map. Its key and its value are fields without names of their own; a key is always required.</summary>
/// <param name="KeyId">The key's field id.</param>
/// <param name="Key">The key's type.</param>
/// <param name="ValueId">The value's field id.</param>
/// <param name="Value">The value's type.</param>
/// <param name="ValueRequired">Whether values may not be null.</param>
public sealed record MapType(int KeyId, IcebergType Key, int ValueId, IcebergType Value, bool ValueRequired) : IcebergType
{
    internal UnknownMembers Unknown { get; init; }

    /// <inheritdoc />
    public override IReadOnlyList<NestedField> Children => [new(KeyId, "key", Key, Required: true), new(ValueId, "value", Value, ValueRequired)];

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(KeyId, Key, ValueId, Value, ValueRequired, Unknown);

    /// <inheritdoc />
    public override string ToString() => $"map<{Key}, {Value}>";

    internal static MapType ReadMap(JsonElement element, ReadOnlyMemory<byte> source) =>
        new(
            element.RequiredInt32("key-id"),
            Read(element.RequiredMember("key"), source),
            element.RequiredInt32("value-id"),
            Read(element.RequiredMember("value"), source),
            element.RequiredBoolean("value-required"))
        {
            Unknown = UnknownMembers.Of(element, source, "type", "key-id", "key", "value-id", "value", "value-required"),
        };

    /// <inheritdoc />
    public override void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "map");
        writer.WriteNumber("key-id", KeyId);
        writer.WritePropertyName("key");
        Key.WriteTo(writer);
        writer.WriteNumber("value-id", ValueId);
        writer.WritePropertyName("value");
        Value.WriteTo(writer);
        writer.WriteBoolean("value-required", ValueRequired);
        Unknown.WriteTo(writer);
        writer.WriteEndObject();
    }
}

/// <summary>A field of a struct, or the element of a list, or the key or value of a map.</summary>
/// <param name="Id">The field id, unique in its schema and never used again in its table.</param>
/// <param name="Name">The name, unique in its struct.</param>
/// <param name="Type">The type.</param>
/// <param name="Required">Whether values may not be null.</param>
/// <param name="Doc">A comment, or null.</param>
public sealed record NestedField(int Id, string Name, IcebergType Type, bool Required, string? Doc = null)
{
    /// <summary>What rows written before the field was added have (format version 3), as JSON of a single value; empty when none.</summary>
    public RawJson InitialDefault { get; init; }

    /// <summary>What writers that do not know the field write (format version 3), as JSON of a single value; empty when none.</summary>
    public RawJson WriteDefault { get; init; }

    internal UnknownMembers Unknown { get; init; }

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(Id, Name, Type, Required, Doc, InitialDefault, WriteDefault, Unknown);

    /// <summary>Reads a field of a struct.</summary>
    /// <exception cref="CatalogException">400 when id, name, type or required is missing or of the wrong kind.</exception>
    public static NestedField Read(JsonElement element, ReadOnlyMemory<byte> source)
    {
        element.RequireObject("field");
        return new(
            element.RequiredInt32("id"),
            element.RequiredString("name"),
            IcebergType.Read(element.RequiredMember("type"), source),
            element.RequiredBoolean("required"),
            element.OptionalString("doc"))
        {
            InitialDefault = element.TryMember("initial-default", out var initial) ? new RawJson(initial.Raw(source)) : default,
            WriteDefault = element.TryMember("write-default", out var write) ? new RawJson(write.Raw(source)) : default,
            Unknown = UnknownMembers.Of(element, source, "id", "name", "type", "required", "doc", "initial-default", "write-default"),
        };
    }

    /// <summary>Writes the field as an object.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteNumber("id", Id);
        writer.WriteString("name", Name);
        writer.WriteBoolean("required", Required);
        writer.WritePropertyName("type");
        Type.WriteTo(writer);
        writer.WriteOptional("doc", Doc);
        WriteDefaultOf(writer, "initial-default", InitialDefault);
        WriteDefaultOf(writer, "write-default", WriteDefault);
        Unknown.WriteTo(writer);
        writer.WriteEndObject();
    }

    /// <summary>As Java's messages have it: <c>1: id: required long</c>.</summary>
    public override string ToString() => $"{Id}: {Name}: {(Required ? "required" : "optional")} {Type}";

    internal static IReadOnlyList<NestedField> ReadAll(JsonElement element, ReadOnlyMemory<byte> source) =>
        element.RequiredList("fields", field => Read(field, source));

    internal static void WriteAll(Utf8JsonWriter writer, IReadOnlyList<NestedField> fields)
    {
        writer.WriteStartArray("fields");
        foreach (var field in fields)
        {
            field.WriteTo(writer);
        }

        writer.WriteEndArray();
    }

    private static void WriteDefaultOf(Utf8JsonWriter writer, string name, RawJson value)
    {
        if (!value.IsEmpty)
        {
            writer.WritePropertyName(name);
            value.WriteTo(writer);
        }
    }
}
