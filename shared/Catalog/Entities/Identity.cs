using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil.Entities;

/// <summary>What an id stands for: management routes name namespaces, tables and views by id, and a rename changes the name only.</summary>
/// <param name="Namespace">The namespace, or the one that holds the table or view.</param>
/// <param name="Name">The table's or view's name, or null when the id is a namespace's.</param>
public sealed record Identity(Namespace Namespace, string? Name)
{
    /// <summary>Members that this version does not know.</summary>
    internal UnknownMembers Unknown { get; init; }

    /// <summary>Reads a row.</summary>
    /// <exception cref="CatalogException">500 when it is damaged, or a newer version wrote it.</exception>
    public static Identity Read(Item item) => Rows.Read(item, static (ref row) =>
    {
        List<string>? levels = null;
        string? name = null;
        UnknownMembers unknown = default;
        row.Enter();
        while (row.Next())
        {
            if (row.Is("namespace"u8))
            {
                levels = row.Strings();
            }
            else if (row.Is("name"u8))
            {
                name = row.String();
            }
            else
            {
                row.Keep(ref unknown);
            }
        }

        return new Identity(new Namespace(levels ?? []), name) { Unknown = unknown };
    });

    /// <summary>The row's value.</summary>
    public byte[] ToValue() => Rows.Write(this, static (writer, row) =>
    {
        writer.WriteStrings("namespace", row.Namespace.Levels);
        writer.WriteOptional("name", row.Name);
        row.Unknown.WriteTo(writer);
    });
}
