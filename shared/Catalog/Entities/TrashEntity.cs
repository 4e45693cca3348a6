using System.Text.Json;
using Frazil.Iceberg;

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

    /// <summary>Reads a row's value.</summary>
    public static TrashEntity Read(ReadOnlyMemory<byte> value)
    {
        using var document = Json.Parse(value);
        return Read(document.RootElement);
    }

    /// <summary>The row's value.</summary>
    public byte[] ToValue() => Json.Write(this, static (writer, row) => row.WriteTo(writer));

    internal static TrashEntity Read(JsonElement row) => new()
    {
        Table = TableEntity.Read(row.RequiredObject("table")),
        Name = new TableIdentifier(new Namespace(row.OptionalStrings("namespace") ?? []), row.RequiredString("name")),
        DroppedAt = DateTimeOffset.FromUnixTimeMilliseconds(row.RequiredInt64("dropped-at-ms")),
        DueAt = DateTimeOffset.FromUnixTimeMilliseconds(row.RequiredInt64("due-at-ms")),
        Purge = row.RequiredBoolean("purge"),
    };

    internal void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WritePropertyName("table");
        Table.WriteTo(writer);
        writer.WriteStrings("namespace", Name.Namespace.Levels);
        writer.WriteString("name", Name.Name);
        writer.WriteNumber("dropped-at-ms", DroppedAt.ToUnixTimeMilliseconds());
        writer.WriteNumber("due-at-ms", DueAt.ToUnixTimeMilliseconds());
        writer.WriteBoolean("purge", Purge);
        writer.WriteEndObject();
    }
}
