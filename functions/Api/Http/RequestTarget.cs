using System.Text;
using Frazil.Iceberg;

namespace Frazil.Api;

/// <summary>
/// The request's target as the client sent it, taken apart before anything decodes it: split at slashes first, then each segment decoded, since a name may hold
/// a slash (<c>%2F</c>), and levels of a namespace are parted by <c>%1F</c>. In the path a plus sign is itself, but from clients that write a space so; in the query it is a space.
/// </summary>
public sealed class RequestTarget
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Segments into which a path is taken apart; more than any route has. What follows stays one, with its slashes, so that a path of nothing but slashes costs nothing.</summary>
    public const int MaxSegments = 16;

    private readonly string[] segments;
    private readonly bool isPlusASpace;

    private RequestTarget(string path, string[] segments, string query, bool isPlusASpace)
    {
        this.isPlusASpace = isPlusASpace;
        Path = path;
        this.segments = segments;
        QueryText = query;
    }

    /// <summary>The path, encoded, for logs and fingerprints.</summary>
    public string Path { get; }

    /// <summary>The segments of the path, still encoded. Empty ones (a doubled or trailing slash) are left out.</summary>
    public IReadOnlyList<string> Segments => segments;

    internal ReadOnlyMemory<string> AllSegments => segments;

    /// <summary>The query, encoded.</summary>
    public string QueryText { get; }

    /// <summary>Takes a target apart. An absolute form (<c>http://host/path</c>) counts as its path.</summary>
    /// <param name="rawTarget">As it was sent.</param>
    /// <param name="clientVersion">
    /// What the client says of itself (<c>X-Client-Version</c>). Iceberg's Java client encodes names as forms are encoded, with a plus sign for a space, and says
    /// <c>Apache Iceberg 1.10.0 (commit …)</c>; all others mean a plus sign.
    /// </param>
    public static RequestTarget Parse(string rawTarget, string? clientVersion = null)
    {
        var target = rawTarget;
        if (!target.StartsWith('/') && target.IndexOf("://", StringComparison.Ordinal) is > 0 and var scheme)
        {
            var slash = target.IndexOf('/', scheme + 3);
            target = slash < 0 ? "/" : target[slash..];
        }

        var question = target.IndexOf('?', StringComparison.Ordinal);
        var path = question < 0 ? target : target[..question];
        return new RequestTarget(path, path.Split('/', MaxSegments, StringSplitOptions.RemoveEmptyEntries), question < 0 ? "" : target[(question + 1)..], clientVersion?.StartsWith("Apache Iceberg", StringComparison.Ordinal) == true);
    }

    /// <summary>Decodes a segment of the path. A percent sign without two hex digits stands for itself, as some clients send it.</summary>
    /// <exception cref="CatalogException">400 for bytes that are not UTF-8.</exception>
    public string Name(string segment) => Decode(segment, isPlusASpace, isPercentItself: true);

    /// <summary>Decodes a segment of the path that is a namespace: as <see cref="DecodeNamespace"/>, by the rules of <see cref="Name"/>.</summary>
    /// <exception cref="CatalogException">400 for bytes that are not UTF-8, and for empty levels.</exception>
    public Namespace NamespaceOf(string segment, string separator) => new(Name(WithUnitSeparator(segment, separator)).Split('\u001F'));

    /// <summary>A query parameter, decoded, or null when absent. When it is there more than once the first counts.</summary>
    /// <exception cref="CatalogException">400 for an escape that is none.</exception>
    public string? Query(string name)
    {
        foreach (var part in QueryText.AsSpan().Split('&'))
        {
            var pair = QueryText.AsSpan(part);
            var equals = pair.IndexOf('=');
            var key = equals < 0 ? pair : pair[..equals];
            if (key.SequenceEqual(name) || (key.Contains('%') && Decode(key.ToString()) == name))
            {
                return equals < 0 ? "" : Decode(pair[(equals + 1)..].ToString());
            }
        }

        return null;
    }

    /// <summary>A query parameter that is a boolean in any case (<c>True</c>, as Python writes it), or null when absent.</summary>
    /// <exception cref="CatalogException">400 when it is something else.</exception>
    public bool? QueryBoolean(string name) => Query(name) switch
    {
        null => null,
        var text when text.Equals("true", StringComparison.OrdinalIgnoreCase) => true,
        var text when text.Equals("false", StringComparison.OrdinalIgnoreCase) => false,
        var text => throw CatalogException.BadRequest($"Invalid {name}: '{Shorten(text)}' is neither true nor false"),
    };

    /// <summary>Decodes a part of the query.</summary>
    /// <exception cref="CatalogException">400 for a percent sign without two hex digits, and for bytes that are not UTF-8.</exception>
    public static string Decode(string encoded) => Decode(encoded, isPlusASpace: true, isPercentItself: false);

    private static string Decode(string encoded, bool isPlusASpace, bool isPercentItself)
    {
        if (encoded.AsSpan().IndexOfAny('%', '+') < 0)
        {
            return encoded;
        }

        var bytes = new byte[encoded.Length * 3];
        var length = 0;
        for (var i = 0; i < encoded.Length; i++)
        {
            var c = encoded[i];
            if (c == '%')
            {
                if (i + 2 >= encoded.Length || !char.IsAsciiHexDigit(encoded[i + 1]) || !char.IsAsciiHexDigit(encoded[i + 2]))
                {
                    if (isPercentItself)
                    {
                        bytes[length++] = (byte)c;
                        continue;
                    }

                    throw CatalogException.BadRequest($"Invalid path or query: '{Shorten(encoded)}' has a percent sign that is not followed by two hex digits");
                }

                bytes[length++] = (byte)((Convert.ToInt32(encoded[i + 1].ToString(), 16) << 4) | Convert.ToInt32(encoded[i + 2].ToString(), 16));
                i += 2;
            }
            else if (c == '+' && isPlusASpace)
            {
                bytes[length++] = (byte)' ';
            }
            else if (c < 0x80)
            {
                bytes[length++] = (byte)c;
            }
            else
            {
                // A server that is lenient about bytes outside of ASCII hands them over decoded already.
                var take = char.IsHighSurrogate(c) && i + 1 < encoded.Length ? 2 : 1;
                length += Encoding.UTF8.GetBytes(encoded.AsSpan(i, take), bytes.AsSpan(length));
                i += take - 1;
            }
        }

        try
        {
            return StrictUtf8.GetString(bytes, 0, length);
        }
        catch (DecoderFallbackException)
        {
            throw CatalogException.BadRequest($"Invalid path or query: '{Shorten(encoded)}' is not UTF-8");
        }
    }

    /// <summary>The levels of a namespace in a parameter: parted by <c>%1F</c>, or by the separator that this server advertises.</summary>
    /// <param name="encoded">The parameter, still encoded.</param>
    /// <param name="separator">The advertised separator, URL-encoded.</param>
    /// <exception cref="CatalogException">400 for bad escapes and for empty levels.</exception>
    public static Namespace DecodeNamespace(string encoded, string separator) => new(Decode(WithUnitSeparator(encoded, separator)).Split('\u001F'));

    /// <summary>The raw text of a query parameter, or null.</summary>
    public string? RawQuery(string name)
    {
        foreach (var part in QueryText.AsSpan().Split('&'))
        {
            var pair = QueryText.AsSpan(part);
            if (pair.StartsWith(name, StringComparison.Ordinal) && (pair.Length == name.Length || pair[name.Length] == '='))
            {
                return pair.Length == name.Length ? "" : pair[(name.Length + 1)..].ToString();
            }
        }

        return null;
    }

    private static string WithUnitSeparator(string encoded, string separator) => separator.Equals("%1F", StringComparison.OrdinalIgnoreCase)
        ? encoded
        : encoded.Replace(separator, "%1F", StringComparison.OrdinalIgnoreCase);

    internal static string Shorten(string text) => text.Length <= 100 ? text : text[..100] + "...";
}
