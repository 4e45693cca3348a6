using Frazil.Iceberg;

namespace Frazil.Entities;

/// <summary>What an id stands for: management routes name namespaces, tables and views by id, and a rename changes the name only.</summary>
/// <param name="Namespace">The namespace, or the one that holds the table or view.</param>
/// <param name="Name">The table's or view's name, or null when the id is a namespace's.</param>
public sealed record Identity(Namespace Namespace, string? Name)
{
    /// <summary>Reads a row's value.</summary>
    public static Identity Read(ReadOnlyMemory<byte> value)
    {
        using var document = Json.Parse(value);
        var row = document.RootElement;
        return new Identity(new Namespace(row.OptionalStrings("namespace") ?? []), row.OptionalString("name"));
    }

    /// <summary>The row's value.</summary>
    public byte[] ToValue() => Json.Write(this, static (writer, row) =>
    {
        writer.WriteStartObject();
        writer.WriteStrings("namespace", row.Namespace.Levels);
        writer.WriteOptional("name", row.Name);
        writer.WriteEndObject();
    });
}
