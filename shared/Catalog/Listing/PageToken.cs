using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil;

/// <summary>
/// Paging of lists as the REST specification has it. Without <c>pageToken</c> a list is whole; with an empty one it begins in pages; a token goes on after the last
/// row of the page before. A token belongs to one list: it begins with a digest of it.
/// </summary>
/// <param name="Token">The parameter as sent, or null when absent.</param>
/// <param name="Size">The page size asked for, or null.</param>
public sealed record Paging(string? Token, int? Size)
{
    private const int DigestBytes = 8;

    /// <summary>The whole list.</summary>
    public static readonly Paging None = new(null, null);

    /// <summary>Whether the answer is one page rather than everything.</summary>
    public bool IsPaged => Token is not null;

    /// <summary>Rows in a page, at most.</summary>
    public int PageSize => Math.Min(Size ?? Limits.MaxPageSize, Limits.MaxPageSize);

    /// <summary>The id to go on after, or null to begin.</summary>
    /// <param name="list">Names the list: its partition and prefix.</param>
    /// <param name="prefix">What the id begins with.</param>
    /// <exception cref="CatalogException">400 when the token is not one that this list gave.</exception>
    public string? After(string list, string prefix)
    {
        if (string.IsNullOrEmpty(Token))
        {
            return null;
        }

        if (!Base64Url.IsValid(Token))
        {
            throw Refused();
        }

        var bytes = Base64Url.DecodeFromChars(Token);
        if (bytes.Length <= DigestBytes || !bytes.AsSpan(0, DigestBytes).SequenceEqual(Digest(list)))
        {
            throw Refused();
        }

        var name = bytes.AsSpan(DigestBytes);
        return Utf8.IsValid(name) && prefix + Encoding.UTF8.GetString(name) is var id && Ids.FaultIn(id) is null ? id : throw Refused();
    }

    /// <summary>The token that goes on after a row.</summary>
    public static string Next(string list, string prefix, string id) =>
        Base64Url.EncodeToString([.. Digest(list), .. Encoding.UTF8.GetBytes(id[prefix.Length..])]);

    private static ReadOnlySpan<byte> Digest(string list) => SHA256.HashData(Encoding.UTF8.GetBytes(list)).AsSpan(0, DigestBytes);

    private static CatalogException Refused() => CatalogException.BadRequest("Invalid pageToken: it was not given by this list");
}
