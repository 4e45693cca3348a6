using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Frazil.LambdaEmulator;

/// <summary>HTTP requests as events of payload 2.0, and the function's answers as HTTP responses.</summary>
internal static class HttpEvents
{
    private const string Stage = "$default";

    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // What concerns one connection only, and the length, which a door counts itself.
    private static readonly HashSet<string> NotForwarded = new(StringComparer.OrdinalIgnoreCase)
    {
        "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "content-length",
    };

    public static byte[] FromRequest(HttpContext http, byte[] body, DoorKind kind)
    {
        var request = http.Request;
        var (path, query) = Target(http, kind);
        var domain = kind == DoorKind.FunctionUrl ? "frazil.lambda-url.us-east-1.on.aws" : "frazil.execute-api.us-east-1.amazonaws.com";
        var now = DateTimeOffset.UtcNow;
        var payload = new JsonObject
        {
            ["version"] = "2.0",
            ["routeKey"] = Stage,
            ["rawPath"] = path,
            ["rawQueryString"] = query,
            ["headers"] = Headers(request, body.Length, domain),
            ["requestContext"] = new JsonObject
            {
                ["accountId"] = kind == DoorKind.FunctionUrl ? "anonymous" : "123456789012",
                ["apiId"] = "frazil",
                ["domainName"] = domain,
                ["domainPrefix"] = "frazil",
                ["http"] = new JsonObject
                {
                    ["method"] = request.Method,
                    ["path"] = path,
                    ["protocol"] = request.Protocol,
                    ["sourceIp"] = "127.0.0.1",
                    ["userAgent"] = request.Headers.UserAgent.ToString(),
                },
                ["requestId"] = Guid.NewGuid().ToString(),
                ["routeKey"] = Stage,
                ["stage"] = Stage,
                ["time"] = now.ToString("dd/MMM/yyyy:HH:mm:ss +0000", CultureInfo.InvariantCulture),
                ["timeEpoch"] = now.ToUnixTimeMilliseconds(),
            },
        };
        if (request.Headers.Cookie is [{ } cookies])
        {
            payload["cookies"] = new JsonArray([.. cookies.Split("; ").Select(cookie => JsonValue.Create(cookie))]);
        }

        var isText = IsText(request);
        payload["isBase64Encoded"] = body.Length > 0 && !isText;
        if (body.Length > 0)
        {
            payload["body"] = isText ? Encoding.UTF8.GetString(body) : Convert.ToBase64String(body);
        }

        return Encoding.UTF8.GetBytes(payload.ToJsonString(Json));
    }

    public static async Task AnswerAsync(HttpContext http, InvocationResult result, DoorKind kind)
    {
        if (result.IsFailure)
        {
            await (kind == DoorKind.FunctionUrl
                ? RefuseAsync(http, StatusCodes.Status502BadGateway, "Internal Server Error")
                : RefuseAsync(http, StatusCodes.Status500InternalServerError, "Internal Server Error"));
            return;
        }

        var answer = JsonNode.Parse(result.Payload.Span) as JsonObject ?? throw new InvalidOperationException($"The function's answer is no object: {result.Text}");
        var response = http.Response;
        response.StatusCode = (int)answer["statusCode"]!;
        foreach (var (name, value) in answer["headers"] as JsonObject ?? [])
        {
            // A door counts the bytes itself and speaks HTTP to the client in its own way.
            if (!NotForwarded.Contains(name) && value is not null)
            {
                response.Headers[name] = (string?)value;
            }
        }

        foreach (var cookie in answer["cookies"] as JsonArray ?? [])
        {
            response.Headers.Append(HeaderNames.SetCookie, (string?)cookie);
        }

        if ((string?)answer["body"] is { Length: > 0 } text && !HttpMethods.IsHead(http.Request.Method) && response.StatusCode is not (204 or 304))
        {
            var body = (bool?)answer["isBase64Encoded"] == true ? Convert.FromBase64String(text) : Encoding.UTF8.GetBytes(text);
            response.ContentLength = body.Length;
            await response.Body.WriteAsync(body);
        }
    }

    /// <summary>The door's own answer: the function was not reached, or has failed.</summary>
    public static Task RefuseAsync(HttpContext http, int status, string message)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        return http.Response.WriteAsync($$"""{"Message":"{{message}}"}""");
    }

    private static (string Path, string Query) Target(HttpContext http, DoorKind kind)
    {
        var target = http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var question = target.IndexOf('?', StringComparison.Ordinal);
        var (path, query) = question < 0 ? (target, "") : (target[..question], target[(question + 1)..]);
        return kind == DoorKind.HttpApi ? (Uri.UnescapeDataString(path).Split('?')[0], query) : (path, query);
    }

    private static JsonObject Headers(HttpRequest request, int length, string domain)
    {
        var headers = new JsonObject();
        foreach (var (name, values) in request.Headers)
        {
            if (!NotForwarded.Contains(name) && !name.Equals("cookie", StringComparison.OrdinalIgnoreCase))
            {
                headers[name.ToLowerInvariant()] = string.Join(',', values.ToArray());
            }
        }

        headers["host"] = domain;
        headers["content-length"] = length.ToString(CultureInfo.InvariantCulture);
        headers["x-amzn-trace-id"] = $"Root=1-{DateTimeOffset.UtcNow.ToUnixTimeSeconds():x8}-{Guid.NewGuid().ToString("N")[..24]}";
        headers["x-forwarded-for"] = "127.0.0.1";
        headers["x-forwarded-port"] = "443";
        headers["x-forwarded-proto"] = "https";
        return headers;
    }

    /// <summary>A body is text for these types only, and never when it is compressed. A form is base64.</summary>
    private static bool IsText(HttpRequest request) =>
        StringValues.IsNullOrEmpty(request.Headers.ContentEncoding)
        && MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
        && (type.Type.Equals("text", StringComparison.OrdinalIgnoreCase)
            || (type.Type.Equals("application", StringComparison.OrdinalIgnoreCase)
                && (type.SubTypeWithoutSuffix.Value is "json" or "javascript" or "xml" || type.Suffix.Value is "json" or "xml")));
}
