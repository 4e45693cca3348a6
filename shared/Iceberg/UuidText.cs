using System.Security.Cryptography;

namespace Frazil.Iceberg;

/// <summary>Uuids of tables and views, which stay the text they were given as.</summary>
internal static class UuidText
{
    /// <exception cref="CatalogException">400 when the text is no uuid.</exception>
    public static string Require(string text) => Guid.TryParseExact(text, "D", out _) ? text : throw CatalogException.BadRequest($"Cannot parse 'uuid': not a UUID: {text}");

    /// <summary>
    /// The uuid of a table whose first writers gave it none (format version 1): made of the file, so that everybody who asks is told the same, until a commit writes it down.
    /// </summary>
    public static string OfFile(ReadOnlySpan<byte> utf8)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(utf8, digest);
        digest[6] = (byte)((digest[6] & 0x0F) | 0x80);   // RFC 9562: version 8, made in a way of one's own
        digest[8] = (byte)((digest[8] & 0x3F) | 0x80);
        return new Guid(digest[..16], bigEndian: true).ToString();
    }

    /// <summary>Whether both are the same uuid; letter case does not matter.</summary>
    public static bool Same(string? one, string? other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);
}
