using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Frazil.FunctionsHost;

/// <summary>
/// What App Service's front end makes of a path before the host sees it: it is decoded, slashes and backslashes in it part segments, and segments that are empty, a dot or two dots are gone.
/// Beside that it hands over what it received, in a header of its own.
/// </summary>
internal static class FrontEnd
{
    private const string SentHeader = "X-WAWS-Unencoded-URL";

    public static Task InvokeAsync(HttpContext http, RequestDelegate next)
    {
        var target = http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        http.Request.Headers[SentHeader] = target;
        http.Request.Path = Canonical(http.Request.Path.Value ?? "/");
        return next(http);
    }

    // The server has decoded all but slashes already.
    private static PathString Canonical(string path)
    {
        List<string> segments = [];
        foreach (var segment in path.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase).Split('/', '\\'))
        {
            switch (segment)
            {
                case "" or ".":
                    break;
                case "..":
                    segments.RemoveRange(Math.Max(0, segments.Count - 1), Math.Min(1, segments.Count));
                    break;
                default:
                    segments.Add(segment);
                    break;
            }
        }

        return "/" + string.Join('/', segments);
    }
}
