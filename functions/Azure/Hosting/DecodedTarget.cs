using Frazil.Api;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Frazil.AzureFunctions;

/// <summary>
/// The target that a client sent, made again from what Azure's host leaves of it. That host decodes the path and encodes it anew, and three things are lost on the way: whether a
/// <c>%2F</c> was a slash within a name or these three characters, whether a plus was a space or a plus, and segments that are a dot or two. A target in which such a thing may have
/// been is refused: answering about another name than the one that was meant would be worse than not answering.
/// </summary>
internal static class DecodedTarget
{
    private const string Slash =
        "This host cannot tell a slash within a name (%2F) from the characters '%2F': Azure Functions decodes paths. Use names without either, or a catalog on another host";

    private const string Plus =
        "This host cannot tell a space that was sent as '+' from a plus sign: Azure Functions decodes paths. Send spaces as %20, and use names without '+', or a catalog on another host";

    private const string Dots =
        "This host cannot tell a path that ends in a slash from one that ends in '.' or '..': Azure Functions removes them. Leave the slash out, and use names other than these two";

    /// <summary>Gives a request the target that its client sent, as far as it can be told, or the reason why not.</summary>
    public static void Restore(HttpContext http)
    {
        var path = http.Request.Path.Value ?? "/";
        if (Refuse(path) is { } reason)
        {
            http.Features.Set(new UnclearTarget(reason));
        }

        http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget = Encode(path) + http.Request.QueryString.Value;
    }

    /// <summary>Why the path cannot be told from another, or null.</summary>
    public static string? Refuse(string path) => path switch
    {
        _ when path.Contains("%2F", StringComparison.OrdinalIgnoreCase) => Slash,
        _ when path.Contains('+', StringComparison.Ordinal) => Plus,
        _ when path.Length > 1 && path[^1] == '/' => Dots,
        _ => null,
    };

    /// <summary>Encodes a decoded path, segment by segment.</summary>
    public static string Encode(string path) => string.Join('/', path.Split('/').Select(Uri.EscapeDataString));
}
