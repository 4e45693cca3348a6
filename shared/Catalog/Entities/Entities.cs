using System.Text.Json;
using Frazil.Iceberg;
using Frazil.Storage;

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

    /// <summary>Whether a row among the claims holds the folder (<see cref="Keys.Folder"/>): then nobody claims a location at or above it, and tables can go there without a look.</summary>
    public bool HoldsFolder { get; init; }

    /// <summary>Set while a drop looks for what the namespace holds: nothing may be made in it. A mark that a crash left behind is cleared by whoever finds it old.</summary>
    public DateTimeOffset? DroppingSince { get; init; }

    /// <summary>Whether it may not be dropped.</summary>
    public bool Protected { get; init; }

    /// <summary>Members that this version does not know.</summary>
    internal UnknownMembers Unknown { get; init; }

    /// <summary>Reads a row.</summary>
    /// <exception cref="CatalogException">500 when it is damaged, or a newer version wrote it.</exception>
    public static NamespaceEntity Read(Item item) => Rows.Read(item, static (ref row) =>
    {
        Guid? id = null;
        Dictionary<string, string>? properties = null;
        List<Guid>? parents = null;
        string? folder = null;
        var holdsFolder = false;
        DateTimeOffset? droppingSince = null;
        var isProtected = false;
        UnknownMembers unknown = default;
        row.Enter();
        while (row.Next())
        {
            if (row.Is("id"u8))
            {
                id = row.Guid();
            }
            else if (row.Is("protected"u8))
            {
                isProtected = row.Boolean();
            }
            else if (row.Is("properties"u8))
            {
                properties = row.StringMap();
            }
            else if (row.Is("parents"u8))
            {
                parents = row.Guids();
            }
            else if (row.Is("folder"u8))
            {
                folder = row.String();
            }
            else if (row.Is("holds-folder"u8))
            {
                holdsFolder = row.Boolean();
            }
            else if (row.Is("dropping-since-ms"u8))
            {
                droppingSince = row.Time();
            }
            else
            {
                row.Keep(ref unknown);
            }
        }

        return new NamespaceEntity
        {
            Id = id ?? throw RowReader.Missing("id"),
            Properties = properties ?? [],
            Parents = parents,
            Folder = folder,
            HoldsFolder = holdsFolder,
            DroppingSince = droppingSince,
            Protected = isProtected,
            Unknown = unknown,
        };
    });

    /// <summary>The row's value.</summary>
    public byte[] ToValue() => Rows.Write(this, static (writer, row) =>
    {
        Head.Write(writer, row.Id, row.Protected);
        writer.WriteStringMap("properties", row.Properties);
        WriteParents(writer, row.Parents);
        writer.WriteOptional("folder", row.Folder);
        if (row.HoldsFolder)
        {
            writer.WriteBoolean("holds-folder", true);
        }

        writer.WriteOptional("dropping-since-ms", row.DroppingSince?.ToUnixTimeMilliseconds());
        row.Unknown.WriteTo(writer);
    });

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

    /// <summary>Members that this version does not know.</summary>
    internal UnknownMembers Unknown { get; init; }

    /// <summary>Reads a row.</summary>
    /// <exception cref="CatalogException">500 when it is damaged, or a newer version wrote it.</exception>
    public static TableEntity Read(Item item) => Rows.Read(item, static (ref row) => Read(ref row));

    /// <summary>The row's value.</summary>
    public byte[] ToValue() => Rows.Write(this, static (writer, row) => row.WriteMembers(writer));

    internal static TableEntity Read(ref RowReader row)
    {
        TableKind? kind = null;
        Guid? id = null;
        string? uuid = null, location = null, metadataLocation = null;
        long? version = null;
        List<string>? claims = null;
        List<Guid>? parents = null;
        DateTimeOffset? createdAt = null, updatedAt = null;
        bool isRegistered = false, isProtected = false;
        UnknownMembers unknown = default;
        row.Enter();
        while (row.Next())
        {
            if (row.Is("kind"u8))
            {
                kind = Head.ReadKind(ref row);
            }
            else if (row.Is("id"u8))
            {
                id = row.Guid();
            }
            else if (row.Is("protected"u8))
            {
                isProtected = row.Boolean();
            }
            else if (row.Is("uuid"u8))
            {
                uuid = row.String();
            }
            else if (row.Is("location"u8))
            {
                location = row.String();
            }
            else if (row.Is("metadata-location"u8))
            {
                metadataLocation = row.String();
            }
            else if (row.Is("version"u8))
            {
                version = row.Int64();
            }
            else if (row.Is("claims"u8))
            {
                claims = row.Strings();
            }
            else if (row.Is("parents"u8))
            {
                parents = row.Guids();
            }
            else if (row.Is("created-at-ms"u8))
            {
                createdAt = row.Time();
            }
            else if (row.Is("updated-at-ms"u8))
            {
                updatedAt = row.Time();
            }
            else if (row.Is("registered"u8))
            {
                isRegistered = row.Boolean();
            }
            else
            {
                row.Keep(ref unknown);
            }
        }

        return new TableEntity
        {
            Kind = kind ?? throw RowReader.Missing("kind"),
            Id = id ?? throw RowReader.Missing("id"),
            Uuid = uuid ?? throw RowReader.Missing("uuid"),
            Location = location ?? throw RowReader.Missing("location"),
            MetadataLocation = metadataLocation ?? throw RowReader.Missing("metadata-location"),
            Version = version ?? throw RowReader.Missing("version"),
            Claims = claims ?? [],
            Parents = parents,
            CreatedAt = createdAt ?? throw RowReader.Missing("created-at-ms"),
            UpdatedAt = updatedAt ?? throw RowReader.Missing("updated-at-ms"),
            Registered = isRegistered,
            Protected = isProtected,
            Unknown = unknown,
        };
    }

    internal void WriteMembers(Utf8JsonWriter writer)
    {
        Head.Write(writer, Kind, Id, Protected);
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

        Unknown.WriteTo(writer);
    }
}

/// <summary>What a list has to know of each row of namespaces, tables and views. These members stand first, so that a list reads no further.</summary>
/// <param name="Kind">Table or view; null for a namespace.</param>
/// <param name="Id">The id.</param>
/// <param name="Protected">Whether it may not be dropped.</param>
internal readonly record struct Head(TableKind? Kind, Guid Id, bool Protected)
{
    /// <summary>Reads a row as far as is needed.</summary>
    /// <exception cref="CatalogException">500 when it is damaged, or a newer version wrote it.</exception>
    public static Head Read(Item item) => Rows.Read(item, static (ref row) =>
    {
        TableKind? kind = null;
        Guid? id = null;
        var isProtected = false;
        row.Enter();
        while (row.Next())
        {
            if (row.Is("kind"u8))
            {
                kind = ReadKind(ref row);
            }
            else if (row.Is("id"u8))
            {
                id = row.Guid();
            }
            else if (row.Is("protected"u8))
            {
                isProtected = row.Boolean();
            }
            else if (row.HasFormat)
            {
                break;
            }
            else
            {
                row.SkipMember();
            }
        }

        return new Head(kind, id ?? throw RowReader.Missing("id"), isProtected);
    });

    /// <summary>Writes the members of a namespace.</summary>
    public static void Write(Utf8JsonWriter writer, Guid id, bool isProtected)
    {
        writer.WriteString("id"u8, id);
        if (isProtected)
        {
            writer.WriteBoolean("protected"u8, true);
        }
    }

    /// <summary>Writes the members of a table or view.</summary>
    public static void Write(Utf8JsonWriter writer, TableKind kind, Guid id, bool isProtected)
    {
        writer.WriteString("kind"u8, kind == TableKind.View ? "view"u8 : "table"u8);
        Write(writer, id, isProtected);
    }

    /// <summary>Reads a kind. Another one would be the work of a newer version, and is not to be taken for a table.</summary>
    public static TableKind ReadKind(ref RowReader row) =>
        row.IsText("table"u8) ? TableKind.Table : row.IsText("view"u8) ? TableKind.View : throw new FormatException($"there is no kind '{row.String()}'");
}
