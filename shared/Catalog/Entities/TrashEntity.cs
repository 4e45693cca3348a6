using System.Text.Json;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil.Entities;

/// <summary>A dropped table or view that can be undropped until its due time.</summary>
public sealed record TrashEntity
{
    /// <summary>The pointer as it was.</summary>
    public required TableEntity Table { get; init; }

    /// <summary>The name it had.</summary>
    public required TableIdentifier Name { get; init; }

    /// <summary>When it was dropped.</summary>
    public required DateTimeOffset DroppedAt { get; init; }

    /// <summary>When its time is over: fixed at the drop.</summary>
    public required DateTimeOffset DueAt { get; init; }

    /// <summary>Whether its files are to be deleted then (<c>purgeRequested</c> at the drop).</summary>
    public required bool Purge { get; init; }

    /// <summary>Members that this version does not know.</summary>
    internal UnknownMembers Unknown { get; init; }

    /// <summary>Reads a row.</summary>
    /// <exception cref="CatalogException">500 when it is damaged, or a newer version wrote it.</exception>
    public static TrashEntity Read(Item item) => Rows.Read(item, static (ref row) => Read(ref row));

    /// <summary>The row's value.</summary>
    public byte[] ToValue() => Rows.Write(this, static (writer, row) => row.WriteMembers(writer));

    internal static TrashEntity Read(ref RowReader row)
    {
        TableEntity? table = null;
        List<string>? levels = null;
        string? name = null;
        DateTimeOffset? droppedAt = null, dueAt = null;
        bool? purge = null;
        UnknownMembers unknown = default;
        row.Enter();
        while (row.Next())
        {
            if (row.Is("table"u8))
            {
                table = TableEntity.Read(ref row);
            }
            else if (row.Is("namespace"u8))
            {
                levels = row.Strings();
            }
            else if (row.Is("name"u8))
            {
                name = row.String();
            }
            else if (row.Is("dropped-at-ms"u8))
            {
                droppedAt = row.Time();
            }
            else if (row.Is("due-at-ms"u8))
            {
                dueAt = row.Time();
            }
            else if (row.Is("purge"u8))
            {
                purge = row.Boolean();
            }
            else
            {
                row.Keep(ref unknown);
            }
        }

        return new TrashEntity
        {
            Table = table ?? throw RowReader.Missing("table"),
            Name = new TableIdentifier(new Namespace(levels ?? []), name ?? throw RowReader.Missing("name")),
            DroppedAt = droppedAt ?? throw RowReader.Missing("dropped-at-ms"),
            DueAt = dueAt ?? throw RowReader.Missing("due-at-ms"),
            Purge = purge ?? throw RowReader.Missing("purge"),
            Unknown = unknown,
        };
    }

    internal void WriteMembers(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("table");
        Table.WriteMembers(writer);
        writer.WriteEndObject();
        writer.WriteStrings("namespace", Name.Namespace.Levels);
        writer.WriteString("name", Name.Name);
        writer.WriteNumber("dropped-at-ms", DroppedAt.ToUnixTimeMilliseconds());
        writer.WriteNumber("due-at-ms", DueAt.ToUnixTimeMilliseconds());
        writer.WriteBoolean("purge", Purge);
        Unknown.WriteTo(writer);
    }
}
