using System.Text.Json;
using Frazil.Iceberg;

namespace Frazil.Entities;

/// <summary>A namespace as stored.</summary>
public sealed record NamespaceEntity
{
    /// <summary>Its identity, which a rename of names would not change.</summary>
    public required Guid Id { get; init; }

    /// <summary>Its properties.</summary>
    public required IReadOnlyDictionary<string, string> Properties { get; init; }

    /// <summary>The ids of the namespaces above it, outermost first: rights that are inherited are found without a walk. Null in rows of earlier versions, until their next write.</summary>
    public IReadOnlyList<Guid>? Parents { get; init; }

    /// <summary>Where its tables go that bring no location, as it was decided once. Null where nobody decided yet.</summary>
    public string? Folder { get; init; }

    /// <summary>Set while a drop looks for what the namespace holds: nothing may be made in it. A mark that a crash left behind is cleared by whoever finds it old.</summary>
    public DateTimeOffset? DroppingSince { get; init; }

    /// <summary>Whether it may not be dropped.</summary>
    public bool Protected { get; init; }

    /// <summary>Reads a row's value.</summary>
    public static NamespaceEntity Read(ReadOnlyMemory<byte> value)
    {
        using var document = Json.Parse(value);
        var row = document.RootElement;
        return new NamespaceEntity
        {
            Id = Guid.Parse(row.RequiredString("id")),
            Properties = row.OptionalStringMap("properties") ?? [],
            Parents = ReadParents(row),
            Folder = row.OptionalString("folder"),
            DroppingSince = row.OptionalInt64("dropping-since-ms") is { } ms ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : null,
            Protected = row.OptionalBoolean("protected") ?? false,
        };
    }

    /// <summary>The row's value.</summary>
    public byte[] ToValue() => Json.Write(this, static (writer, row) =>
    {
        writer.WriteStartObject();
        writer.WriteString("id", row.Id);
        writer.WriteStringMap("properties", row.Properties);
        WriteParents(writer, row.Parents);
        writer.WriteOptional("folder", row.Folder);
        writer.WriteOptional("dropping-since-ms", row.DroppingSince?.ToUnixTimeMilliseconds());
        if (row.Protected)
        {
            writer.WriteBoolean("protected", true);
        }

        writer.WriteEndObject();
    });

    internal static IReadOnlyList<Guid>? ReadParents(JsonElement row) => row.OptionalStrings("parents") is { } parents ? [.. parents.Select(Guid.Parse)] : null;

    internal static void WriteParents(Utf8JsonWriter writer, IReadOnlyList<Guid>? parents)
    {
        if (parents is null)
        {
            return;
        }

        writer.WriteStartArray("parents");
        foreach (var parent in parents)
        {
            writer.WriteStringValue(parent);
        }

        writer.WriteEndArray();
    }
}

/// <summary>What a name in a namespace stands for.</summary>
public enum TableKind
{
    /// <summary>An Iceberg table.</summary>
    Table,

    /// <summary>An Iceberg view.</summary>
    View,
}

/// <summary>The pointer of a table or view: the row that names its current metadata file. Moving it is the commit.</summary>
public sealed record TableEntity
{
    /// <summary>Table or view.</summary>
    public required TableKind Kind { get; init; }

    /// <summary>The identity inside the catalog: names may be renamed and metadata replaced, this stays.</summary>
    public required Guid Id { get; init; }

    /// <summary><c>table-uuid</c> or <c>view-uuid</c> of the metadata.</summary>
    public required string Uuid { get; init; }

    /// <summary>The location of the metadata, as the metadata spells it.</summary>
    public required string Location { get; init; }

    /// <summary>The current metadata file.</summary>
    public required string MetadataLocation { get; init; }

    /// <summary>How often the pointer was moved.</summary>
    public required long Version { get; init; }

    /// <summary>The locations that this table claims for itself, canonical: where it is, where it was, and paths of its properties outside of that.</summary>
    public required IReadOnlyList<string> Claims { get; init; }

    /// <summary>The ids of the namespaces above it, outermost first, that which holds it last. Null in rows of earlier versions, until their next write.</summary>
    public IReadOnlyList<Guid>? Parents { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the pointer last moved.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Whether the metadata file was made elsewhere and registered here: its files are not this catalog's to purge.</summary>
    public bool Registered { get; init; }

    /// <summary>Whether it may not be dropped.</summary>
    public bool Protected { get; init; }

    /// <summary>Reads a row's value.</summary>
    public static TableEntity Read(ReadOnlyMemory<byte> value)
    {
        using var document = Json.Parse(value);
        return Read(document.RootElement);
    }

    /// <summary>The row's value.</summary>
    public byte[] ToValue() => Json.Write(this, static (writer, row) => row.WriteTo(writer));

    /// <summary>Only the kind of a row's value: what a list has to know of each row, without the cost of all the rest.</summary>
    internal static TableKind ReadKind(ReadOnlyMemory<byte> value)
    {
        var reader = new Utf8JsonReader(value.Span);
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == 1 && reader.ValueTextEquals("kind"u8))
            {
                reader.Read();
                return reader.ValueTextEquals("view"u8) ? TableKind.View : TableKind.Table;
            }
        }

        throw Json.Missing("kind");
    }

    internal static TableEntity Read(JsonElement row) => new()
    {
        Kind = row.RequiredString("kind") == "view" ? TableKind.View : TableKind.Table,
        Id = Guid.Parse(row.RequiredString("id")),
        Uuid = row.RequiredString("uuid"),
        Location = row.RequiredString("location"),
        MetadataLocation = row.RequiredString("metadata-location"),
        Version = row.RequiredInt64("version"),
        Claims = row.OptionalStrings("claims") ?? [],
        Parents = NamespaceEntity.ReadParents(row),
        CreatedAt = DateTimeOffset.FromUnixTimeMilliseconds(row.RequiredInt64("created-at-ms")),
        UpdatedAt = DateTimeOffset.FromUnixTimeMilliseconds(row.RequiredInt64("updated-at-ms")),
        Registered = row.OptionalBoolean("registered") ?? false,
        Protected = row.OptionalBoolean("protected") ?? false,
    };

    internal void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("kind", Kind == TableKind.View ? "view" : "table");
        writer.WriteString("id", Id);
        writer.WriteString("uuid", Uuid);
        writer.WriteString("location", Location);
        writer.WriteString("metadata-location", MetadataLocation);
        writer.WriteNumber("version", Version);
        writer.WriteStrings("claims", Claims);
        NamespaceEntity.WriteParents(writer, Parents);
        writer.WriteNumber("created-at-ms", CreatedAt.ToUnixTimeMilliseconds());
        writer.WriteNumber("updated-at-ms", UpdatedAt.ToUnixTimeMilliseconds());
        if (Registered)
        {
            writer.WriteBoolean("registered", true);
        }

        if (Protected)
        {
            writer.WriteBoolean("protected", true);
        }

        writer.WriteEndObject();
    }
}
