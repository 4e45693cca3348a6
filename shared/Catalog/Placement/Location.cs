using System.Security.Cryptography;
using System.Text;
using Frazil.Iceberg;

namespace Frazil;

/// <summary>
/// A place in object storage or a file system in its one canonical form. Every comparison of locations goes through here:
/// aliases of a scheme (<c>s3a</c>, <c>file:/x</c>, <c>wasbs</c>, a blob's <c>https</c> address) are one location, and what could mean two things is refused.
/// The text that a client sent is what metadata keeps; the canonical form is for checks and keys only.
/// </summary>
public sealed class Location : IEquatable<Location>
{
    private readonly string[] segments;

    private Location(string scheme, string[] segments, string text)
    {
        Scheme = scheme;
        this.segments = segments;
        Text = text;
    }

    /// <summary><c>file</c>, <c>s3</c>, <c>abfss</c>, <c>gs</c> or <c>memory</c>.</summary>
    public string Scheme { get; }

    /// <summary>The canonical text, without a trailing slash: <c>s3://bucket/key</c>, <c>file:///path</c>, <c>abfss://container@account.dfs.core.windows.net/path</c>.</summary>
    public string Text { get; }

    /// <summary>The parts after the authority.</summary>
    public ReadOnlySpan<string> Path => segments.AsSpan(1);

    /// <summary>Reads a location.</summary>
    /// <param name="text">As a client or a metadata file has it.</param>
    /// <param name="what">What it is, for the error.</param>
    /// <exception cref="CatalogException">400 when it is not a location this catalog understands, or could be read two ways.</exception>
    public static Location Parse(string text, string what = "location")
    {
        if (text.Length is 0 or > Limits.MaxLocationLength)
        {
            throw Refused(what, text, $"it must have 1 to {Limits.MaxLocationLength} characters");
        }

        foreach (var c in text)
        {
            if (char.IsControl(c) || c is '\\' or '*' or '\uFFFD')
            {
                throw Refused(what, text, "it holds a character that is not allowed in a location");
            }
        }

        if (char.IsWhiteSpace(text[0]) || char.IsWhiteSpace(text[^1]))
        {
            throw Refused(what, text, "it begins or ends with white space");
        }

        if (text.Contains("%2e", StringComparison.OrdinalIgnoreCase) || text.Contains("%2f", StringComparison.OrdinalIgnoreCase) || text.Contains("%5c", StringComparison.OrdinalIgnoreCase))
        {
            throw Refused(what, text, "it holds an encoded dot, slash or backslash");
        }

        var (scheme, authority, path) = Split(text, what);
        var parts = path.Trim('/').Length == 0 ? [] : path.Trim('/').Split('/');
        if (scheme == "file")
        {
            parts = [.. parts.Where(part => part.Length > 0)];
        }

        if (parts.Any(part => part is "" or "." or ".."))
        {
            throw Refused(what, text, "it holds an empty, '.' or '..' segment");
        }

        if (parts.Length + 1 > Limits.MaxLocationDepth)
        {
            throw Refused(what, text, $"it has more than {Limits.MaxLocationDepth} segments, the authority included");
        }

        var canonical = $"{scheme}://{authority}{(parts.Length == 0 ? "" : "/" + string.Join('/', parts))}";
        return new Location(scheme, [$"{scheme}://{authority}", .. parts], canonical);
    }

    /// <summary>Whether this is <paramref name="other"/> or lies below it.</summary>
    public bool IsWithin(Location other) =>
        segments.Length >= other.segments.Length && segments.AsSpan(0, other.segments.Length).SequenceEqual(other.segments);

    /// <summary>
    /// The part of a claim's key that stands for this location: a fixed-length digest of each segment, so that what lies below a location is one range of keys
    /// whatever its names hold and however long they are.
    /// </summary>
    public string Key => KeyOf(segments);

    /// <summary>The keys of the locations above this one, outermost first.</summary>
    public IEnumerable<string> AncestorKeys
    {
        get
        {
            for (var length = 1; length < segments.Length; length++)
            {
                yield return KeyOf(segments.AsSpan(0, length));
            }
        }
    }

    /// <summary>How many segments it has, the authority included.</summary>
    public int Depth => segments.Length;

    /// <summary>
    /// The keys of the locations directly above each segment of this one, but not its last, that could be a name which the catalog gave to a table or view (<see cref="Names.Given"/>);
    /// with <paramref name="andLast"/> its last one too.
    /// </summary>
    internal IEnumerable<string> KeysAboveGivenNames(bool andLast)
    {
        for (var i = 1; i < (andLast ? segments.Length : segments.Length - 1); i++)
        {
            if (Names.IsGiven(segments[i]))
            {
                yield return KeyOf(segments.AsSpan(0, i));
            }
        }
    }

    /// <inheritdoc />
    public bool Equals(Location? other) => other is not null && Text == other.Text;

    /// <inheritdoc />
    public override bool Equals(object? obj) => Equals(obj as Location);

    /// <inheritdoc />
    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Text);

    /// <inheritdoc />
    public override string ToString() => Text;

    private static string KeyOf(ReadOnlySpan<string> segments)
    {
        var key = new StringBuilder(segments.Length * 17);
        Span<byte> digest = stackalloc byte[32];
        foreach (var segment in segments)
        {
            SHA256.HashData(Encoding.UTF8.GetBytes(segment), digest);
            key.Append(Convert.ToHexStringLower(digest[..8])).Append('!');
        }

        return key.ToString();
    }

    private static (string Scheme, string Authority, string Path) Split(string text, string what)
    {
        if (text[0] == '/')
        {
            return ("file", "", text);
        }

        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0)
        {
            throw Refused(what, text, "it has no scheme");
        }

        var scheme = text[..colon].ToLowerInvariant();
        var rest = text[(colon + 1)..];
        var hasAuthority = rest.StartsWith("//", StringComparison.Ordinal);
        var (authority, path) = hasAuthority ? Cut(rest[2..]) : ("", rest);
        return scheme switch
        {
            "file" when authority is "" or "localhost" && path.StartsWith('/') => ("file", "", path),
            "s3" or "s3a" or "s3n" when IsBucket(authority) => ("s3", authority, path),
            "gs" when IsBucket(authority) => ("gs", authority, path),
            "memory" when IsBucket(authority) => ("memory", authority, path),
            "abfs" or "abfss" or "wasb" or "wasbs" or "https" => Azure(scheme, authority, path) ?? throw Refused(what, text, "it is no address of Azure storage"),
            _ => throw Refused(what, text, "its scheme or authority is not one this catalog serves"),
        };
    }

    private static (string Authority, string Path) Cut(string rest)
    {
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? (rest, "") : (rest[..slash], rest[slash..]);
    }

    private static bool IsBucket(string name) => name.Length is > 0 and <= 255 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');

    private static (string, string, string)? Azure(string scheme, string authority, string path)
    {
        string container;
        string host;
        if (scheme == "https")
        {
            // A URL: what follows may be a signature, and signatures give access.
            if (path.AsSpan().IndexOfAny('?', '#') >= 0)
            {
                return null;
            }

            host = authority.ToLowerInvariant();
            var (first, rest) = Cut(path.TrimStart('/'));
            (container, path) = (first, rest);
        }
        else
        {
            var at = authority.IndexOf('@', StringComparison.Ordinal);
            if (at <= 0)
            {
                return null;
            }

            (container, host) = (authority[..at], authority[(at + 1)..].ToLowerInvariant());
        }

        var dot = host.IndexOf('.', StringComparison.Ordinal);
        if (dot <= 0 || !IsBucket(container) || !host[..dot].All(char.IsAsciiLetterOrDigit))
        {
            return null;
        }

        var suffix = host[(dot + 1)..];
        foreach (var kind in (ReadOnlySpan<string>)["dfs.", "blob."])
        {
            if (suffix.StartsWith(kind, StringComparison.Ordinal) && suffix[kind.Length..].All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-'))
            {
                return ("abfss", $"{container}@{host[..dot]}.dfs.{suffix[kind.Length..]}", path);
            }
        }

        return null;
    }

    private static CatalogException Refused(string what, string text, string why) =>
        CatalogException.BadRequest($"Invalid {what} '{(text.Length <= 200 ? text : text[..200] + "...")}': {why}");
}
