using Amazon.Lambda.APIGatewayEvents;
using Frazil.Api;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Frazil.Lambda;

/// <summary>
/// The raw request target of an event. A function URL hands the path on as the client sent it. An HTTP API hands it on decoded: <c>%2F</c> has become a slash, and cannot be told from one,
/// an encoded question mark has ended the path, and a plus sign may have been <c>%2B</c>.
/// </summary>
internal static class EventTarget
{
    /// <summary>Function URLs have hosts like <c>id.lambda-url.eu-central-1.on.aws</c>, also behind a distribution; whatever else sends payload 2.0 decodes.</summary>
    private const string FunctionUrlHost = ".lambda-url.";

    private static readonly DecodedPaths Decoded = new("An HTTP API in front of AWS Lambda", "/?+");

    /// <summary>Puts the target where the pipeline looks for it.</summary>
    public static void Restore(HttpContext http, APIGatewayHttpApiV2ProxyRequest request)
    {
        var path = request.RawPath ?? "/";
        if (request.RequestContext?.DomainName?.Contains(FunctionUrlHost, StringComparison.OrdinalIgnoreCase) != true)
        {
            path = Encode(WithoutStage(path, request.RequestContext?.Stage));
            http.Features.Set(Decoded);
        }

        http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget = string.IsNullOrEmpty(request.RawQueryString) ? path : $"{path}?{request.RawQueryString}";
    }

    private static string WithoutStage(string path, string? stage) =>
        stage is { Length: > 0 } and not "$default" && path.StartsWith($"/{stage}/", StringComparison.Ordinal) ? path[(stage.Length + 1)..] : path;

    private static string Encode(string path) => string.Join('/', path.Split('/').Select(Uri.EscapeDataString));
}
