using Frazil.Iceberg;
using Frazil.Security;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Frazil.Api;

/// <summary>What is logged and counted of a request, gathered on its way.</summary>
internal sealed class RequestRecord
{
    /// <summary>The header in which a client may name its request, and in which every answer repeats the name.</summary>
    public const string IdHeader = "X-Request-Id";

    /// <summary>Characters of a request id that is taken over from a client.</summary>
    private const int MaxIdLength = 128;

    /// <summary>Characters of a path that are logged.</summary>
    private const int MaxPathLength = 1024;

    // traceparent of W3C Trace Context: 00-<32 hex>-<16 hex>-<2 hex>.
    private const int TraceIdStart = 3;
    private const int TraceIdLength = 32;
    private const int TraceParentLength = 55;

    private static readonly string[] StatusClasses = ["0xx", "1xx", "2xx", "3xx", "4xx", "5xx"];

    private readonly long started;
    private ApiRequest? request;

    public RequestRecord(HttpContext http, RequestTarget target, Operations operations)
    {
        started = operations.Clock.GetTimestamp();
        Method = RequestTarget.Shorten(http.Request.Method);
        Path = target.Path.Length <= MaxPathLength ? target.Path : target.Path[..MaxPathLength];
        var given = http.Request.Headers[IdHeader].ToString();
        Id = IsId(given) ? given : operations.Ids.NewId().ToString("N");
        TraceId = ReadTraceId(http.Request.Headers.TraceParent.ToString());
    }

    /// <summary>Names the request in logs and in its answer.</summary>
    public string Id { get; }

    /// <summary>The trace of which the client says that the request is part, or null.</summary>
    public string? TraceId { get; }

    /// <summary>The specification's operationId, or the name of a page; <c>none</c> when no route fits.</summary>
    public string Operation { get; private set; } = "none";

    /// <summary>The path as sent, without its query, and cut when it is very long.</summary>
    public string Path { get; }

    private string Method { get; }

    private string Route { get; set; } = "";

    public void Found(ServiceRoute route) => (Operation, Route) = (route.Name, route.Path);

    public void Found(ApiRequest api)
    {
        request = api;
        (Operation, Route) = (api.Route.OperationId, api.Route.Template);
    }

    /// <summary>Counts and logs the answer.</summary>
    public void Complete(HttpContext http, Answer answer, Operations operations, ILogger logger)
    {
        var elapsed = operations.Clock.GetElapsedTime(started).TotalMilliseconds;
        var route = new KeyValuePair<string, object?>("route", Operation);
        CatalogMeter.Requests.Add(1, route, new("status", StatusClasses[answer.Status / 100]));
        CatalogMeter.RequestDuration.Record(elapsed, route);

        var level = LevelOf(answer.Status);
        if (!logger.IsEnabled(level))
        {
            return;
        }

        var catalog = request is { Route.NeedsCatalog: true } ? request.Prefix ?? operations.Options.DefaultCatalog : null;
        var table = request?.TableText;
        var principal = request is null || request.Caller == Caller.Anonymous ? null : request.Caller.Principal;
        var bytes = http.Response.ContentLength ?? 0;
        if (answer.Refusal is { } refusal)
        {
            var (error, outcome) = (CatalogException.TypeOf(refusal.Kind), OutcomeOf(refusal.Kind));
            Log.Refused(logger, level, Method, Path, answer.Status, Operation, elapsed, error, refusal.Message, bytes, outcome, principal, catalog, table, Route, Id, TraceId);
        }
        else
        {
            var outcome = answer.Status == StatusCodes.Status304NotModified ? "not_modified" : "ok";
            Log.Answered(logger, level, Method, Path, answer.Status, Operation, elapsed, bytes, outcome, principal, catalog, table, Route, Id, TraceId);
        }
    }

    /// <summary>Reads that went well, and questions whether something exists, are of interest only to whoever looks for trouble; a 5xx was logged as an error already.</summary>
    private LogLevel LevelOf(int status)
    {
        var isRead = Method is "GET" or "HEAD";
        return isRead && (status < 400 || status == StatusCodes.Status404NotFound) ? LogLevel.Debug : LogLevel.Information;
    }

    private static string OutcomeOf(ErrorKind kind) => kind switch
    {
        ErrorKind.CommitStateUnknown => "unknown",
        ErrorKind.SlowDown => "throttled",
        ErrorKind.NotAuthorized or ErrorKind.Forbidden => "denied",
        _ => CatalogException.CodeOf(kind) switch
        {
            StatusCodes.Status404NotFound => "not_found",
            StatusCodes.Status409Conflict => "conflict",
            >= 500 => "failed",
            _ => "refused",
        },
    };

    private static bool IsId(string text)
    {
        if (text.Length is 0 or > MaxIdLength)
        {
            return false;
        }

        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.' or ':' or '/' or '=' or '+'))
            {
                return false;
            }
        }

        return true;
    }

    private static string? ReadTraceId(string traceParent)
    {
        if (traceParent.Length < TraceParentLength || traceParent[TraceIdStart - 1] != '-' || traceParent[TraceIdStart + TraceIdLength] != '-')
        {
            return null;
        }

        foreach (var c in traceParent.AsSpan(TraceIdStart, TraceIdLength))
        {
            if (!char.IsAsciiHexDigitLower(c))
            {
                return null;
            }
        }

        return traceParent.Substring(TraceIdStart, TraceIdLength);
    }
}
