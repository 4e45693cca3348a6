using System.Net;

namespace Frazil.Local;

/// <summary>
/// Keeps web pages out. A server that asks for no credentials trusts whoever can reach it, and every page that its owner opens can send requests to loopback:
/// with the page's own <c>Origin</c>, or under a host name of the page's that was made to mean 127.0.0.1. No catalog client does either.
/// </summary>
/// <param name="isOff">Whether something else protects it: credentials that no web page has, or so whoever runs this said.</param>
internal sealed class LocalGuard(bool isOff)
{
    /// <summary>Why a request is refused, or null.</summary>
    public string? Refuses(HttpRequest request)
    {
        if (isOff)
        {
            return null;
        }

        var host = request.Host;
        if (host.HasValue && !IsOurs(host.Host))
        {
            return $"This server asks for no credentials and so answers to addresses and to localhost only, not to the host name '{Shorten(host.Host)}'. Run it with --insecure to allow any";
        }

        var origin = request.Headers.Origin.ToString();
        var site = request.Headers["Sec-Fetch-Site"].ToString();
        if (origin.Length == 0 && site is not ("" or "same-origin" or "none") && request.Method is not ("GET" or "HEAD"))
        {
            // Browsers leave Origin out of some requests, and say this instead. A link to a page of ours changes nothing.
            return $"This server asks for no credentials and so changes nothing for web pages elsewhere (Sec-Fetch-Site: {Shorten(site)}). Run it with --insecure to allow it";
        }

        return origin.Length == 0 || (Uri.TryCreate(origin, UriKind.Absolute, out var page) && page.Authority.Equals(host.Value, StringComparison.OrdinalIgnoreCase))
            ? null
            : $"This server asks for no credentials and so takes no requests from web pages elsewhere ({Shorten(origin)}). Run it with --insecure to allow them";
    }

    private static bool IsOurs(string name) =>
        name.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || name.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
        || IPAddress.TryParse(name, out _)

        // What containers call the machine that they run on.
        || name.Equals("host.docker.internal", StringComparison.OrdinalIgnoreCase)
        || name.Equals("host.containers.internal", StringComparison.OrdinalIgnoreCase)
        || name.Equals(Environment.MachineName, StringComparison.OrdinalIgnoreCase);

    private static string Shorten(string text) => text.Length <= 100 ? text : text[..100];
}
