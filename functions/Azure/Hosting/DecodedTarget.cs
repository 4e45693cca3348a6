using System.Buffers;
using System.Text;
using Frazil.Api;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Frazil.AzureFunctions;

/// <summary>
/// The target that a client sent. Azure decodes paths twice on the way to a worker: its front end makes <c>/</c> of <c>%2F</c> and of a backslash and takes segments away that are a dot
/// or two, and the host behind it decodes and encodes anew. The front end keeps what it received in a header, and that is what is read here. Where no front end stands before the host,
/// the target is made again from the decoded path; one in which something may have been lost is refused, and no name is made that could not be told from another: answering about
/// another name than the one that was meant would be worse than not answering.
/// </summary>
internal static class DecodedTarget
{
    /// <summary>In which App Service's front end hands over path and query as it received them, byte for byte.</summary>
    public const string SentHeader = "X-WAWS-Unencoded-URL";

    private const string Slash =
        "This host cannot tell a slash within a name (%2F) from the characters '%2F': Azure Functions decodes paths. Use names without either, or a catalog on another host";

    private const string Plus =
        "This host cannot tell a space that was sent as '+' from a plus sign: Azure Functions decodes paths. Send spaces as %20, and use names without '+', or a catalog on another host";

    private const string Dots =
        "This host cannot tell a path that ends in a slash from one that ends in '.' or '..': Azure Functions removes them. Leave the slash out, and use names other than these two";

    private const string Contradiction =
        "This host cannot tell which path was sent: the header " + SentHeader + " speaks of another one than that which arrived. Only Azure's front end sets this header; leave it out";

    // Names that hold one of these would arrive as others. The catalog has no names that are a dot or two.
    private static readonly DecodedPaths Decoded = new("Azure Functions without its front end", "/+\\") { IsLost = HasEscapedSlash };

    /// <summary>Gives a request the target that its client sent, or the reason why it cannot be told.</summary>
    public static void Restore(HttpContext http)
    {
        var path = http.Request.Path.Value ?? "/";
        var request = http.Features.GetRequiredFeature<IHttpRequestFeature>();
        var sent = http.Request.Headers[SentHeader];
        if (sent.Count == 0)
        {
            http.Features.Set(Decoded);
            request.RawTarget = Encode(path) + http.Request.QueryString.Value;
            Refuse(http, Refuse(path));
        }
        else if (sent is [{ } target] && IsOf(target, path))
        {
            request.RawTarget = target;
        }
        else
        {
            Refuse(http, Contradiction);
        }
    }

    /// <summary>Why a decoded path cannot be told from another, or null.</summary>
    public static string? Refuse(string path) => path switch
    {
        _ when HasEscapedSlash(path) => Slash,
        _ when path.Contains('+', StringComparison.Ordinal) => Plus,
        _ when path.Length > 1 && path[^1] == '/' => Dots,
        _ => null,
    };

    /// <summary>Encodes a decoded path, segment by segment.</summary>
    public static string Encode(string path) => string.Join('/', path.Split('/').Select(Uri.EscapeDataString));

    /// <summary>
    /// Whether a decoded path is what is left of a target. How often it was decoded is not known, so both are decoded until nothing is left to decode; what the header may say beyond the
    /// path is then only what decoding loses. A target in absolute form counts as its path, as it does everywhere.
    /// </summary>
    public static bool IsOf(string target, string path)
    {
        var sent = RequestTarget.Parse(target).Path;
        return sent.StartsWith('/') && Least(sent).SequenceEqual(Least(path));
    }

    private static bool HasEscapedSlash(string text) => text.Contains("%2F", StringComparison.OrdinalIgnoreCase);

    private static void Refuse(HttpContext http, string? reason)
    {
        if (reason is not null)
        {
            http.Features.Set(new UnclearTarget(reason));
        }
    }

    /// <summary>What is left of a path when everything that Azure may do to it was done as often as it can be.</summary>
    private static byte[] Least(string path)
    {
        var bytes = DecodeWholly(Encoding.UTF8.GetBytes(path));
        List<byte[]> segments = [];
        foreach (var range in bytes.SplitAny(Separators))
        {
            switch (bytes[range])
            {
                case [] or [(byte)'.']:
                    break;
                case [(byte)'.', (byte)'.']:
                    segments.RemoveRange(Math.Max(0, segments.Count - 1), Math.Min(1, segments.Count));
                    break;
                case var segment:
                    segments.Add([(byte)'/', .. segment]);
                    break;
            }
        }

        return [.. segments.SelectMany(segment => segment)];
    }

    private static SearchValues<byte> Separators { get; } = SearchValues.Create("/\\"u8);

    // In one pass: what an escape was decoded to may be the end of a further one.
    private static ReadOnlySpan<byte> DecodeWholly(byte[] bytes)
    {
        var length = 0;
        foreach (var next in bytes)
        {
            bytes[length++] = next;
            while (length >= 3 && bytes.AsSpan(length - 3, 3) is [(byte)'%', var high, var low] && char.IsAsciiHexDigit((char)high) && char.IsAsciiHexDigit((char)low))
            {
                length -= 2;
                bytes[length - 1] = Convert.FromHexString([(char)high, (char)low])[0];
            }
        }

        return bytes.AsSpan(0, length);
    }
}
