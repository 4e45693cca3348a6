using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil.Entities;

/// <summary>
/// The root client as stored, in the project's partition: what checks its secret, never the secret. That there is such a row also says that the catalogs of this store ask for credentials.
/// </summary>
public sealed record RootEntity
{
    /// <summary>The client id.</summary>
    public required string ClientId { get; init; }

    /// <summary>The key of hash and tokens; null when the secret is given to each process from outside, and nothing of it is stored.</summary>
    public byte[]? Key { get; init; }

    /// <summary>The secret's hash under the key.</summary>
    public byte[]? SecretHash { get; init; }

    /// <summary>When these credentials were made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Members that this version does not know.</summary>
    internal UnknownMembers Unknown { get; init; }

    /// <summary>Reads a row.</summary>
    /// <exception cref="CatalogException">500 when it is damaged, or a newer version wrote it.</exception>
    public static RootEntity Read(Item item) => Rows.Read(item, static (ref row) =>
    {
        string? clientId = null;
        byte[]? key = null;
        byte[]? secretHash = null;
        DateTimeOffset? createdAt = null;
        UnknownMembers unknown = default;
        row.Enter();
        while (row.Next())
        {
            if (row.Is("client-id"u8))
            {
                clientId = row.String();
            }
            else if (row.Is("key"u8))
            {
                key = Convert.FromBase64String(row.String());
            }
            else if (row.Is("secret-hash"u8))
            {
                secretHash = Convert.FromBase64String(row.String());
            }
            else if (row.Is("created-at-ms"u8))
            {
                createdAt = DateTimeOffset.FromUnixTimeMilliseconds(row.Int64());
            }
            else
            {
                row.Keep(ref unknown);
            }
        }

        return new RootEntity
        {
            ClientId = clientId ?? throw new FormatException("it has no client-id"),
            Key = key,
            SecretHash = (key is null) == (secretHash is null) ? secretHash : throw new FormatException("it has half of its credentials"),
            CreatedAt = createdAt ?? throw new FormatException("it has no created-at-ms"),
            Unknown = unknown,
        };
    });

    /// <summary>The row's value.</summary>
    public byte[] ToValue() => Rows.Write(this, static (writer, row) =>
    {
        writer.WriteString("client-id", row.ClientId);
        writer.WriteOptional("key", row.Key is null ? null : Convert.ToBase64String(row.Key));
        writer.WriteOptional("secret-hash", row.SecretHash is null ? null : Convert.ToBase64String(row.SecretHash));
        writer.WriteNumber("created-at-ms", row.CreatedAt.ToUnixTimeMilliseconds());
        row.Unknown.WriteTo(writer);
    });
}
