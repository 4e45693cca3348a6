using System.Diagnostics;
using System.Net;
using Frazil.Iceberg;
using Frazil.Security;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Frazil.Api;

/// <summary>What is logged and counted of a request, gathered on its way.</summary>
internal sealed class RequestRecord
{
    /// <summary>Characters of a request id that is taken over from a client.</summary>
    private const int MaxIdLength = 128;

    /// <summary>Characters of a path that are logged.</summary>
    private const int MaxPathLength = 1024;

    /// <summary>Characters of a metadata location that are logged.</summary>
    private const int MaxLocationLength = 1024;

    private const string Aborted = "aborted";
    private const string Denied = "denied";

    private static readonly string[] StatusClasses = ["0xx", "1xx", "2xx", "3xx", "4xx", "5xx"];

    private readonly long started;
    private readonly string path;
    private readonly Measures measures;
    private readonly ActivityContext client;
    private readonly IPAddress? address;
    private string? shown;
    private Activity? span;
    private ApiRequest? request;
    private bool isService;

    public RequestRecord(HttpContext http, RequestTarget target, Operations operations)
    {
        measures = Measures.Begin(operations.Memory);
        started = operations.Clock.GetTimestamp();
        Method = SafeText.Show(RequestTarget.Shorten(http.Request.Method));
        path = target.Path;
        var given = http.Request.Headers[FrazilPipeline.RequestIdHeader].ToString();
        Id = IsId(given) ? given : operations.Ids.NewId().ToString("N");
        address = http.Connection.RemoteIpAddress;
        var headers = http.Request.Headers;
        var isTraced = ActivityContext.TryParse(headers.TraceParent.ToString(), headers.TraceState.ToString(), isRemote: true, out client);
        TraceId = Activity.Current?.TraceId.ToHexString() ?? (isTraced ? client.TraceId.ToHexString() : null);
    }

    /// <summary>Names the request in logs and in its answer.</summary>
    public string Id { get; }

    /// <summary>The trace of which the request is part (W3C Trace Context): as the host or the client says, else our own. Null when there is none.</summary>
    public string? TraceId { get; private set; }

    /// <summary>Whether it is the process's first.</summary>
    public bool IsColdStart { get; init; }

    /// <summary>Whether reads that went well are logged for debugging only.</summary>
    public bool HidesReads { get; init; }

    /// <summary>The specification's operationId, or the name of a page; <c>none</c> when no route fits.</summary>
    public string Operation { get; private set; } = "none";

    /// <summary>The path as sent, without its query, and cut when it is very long.</summary>
    public string Path => shown ??= SafeText.ShowPath(path.Length <= MaxPathLength ? path : path[..MaxPathLength]);

    /// <summary>Whether an answer that is no error means that something was changed.</summary>
    public bool IsChange => request is { Route.IsIdempotent: true, IsStaged: false };

    private string Method { get; }

    private string Route { get; set; } = "";

    /// <summary>Lets go of the memory that the request held.</summary>
    public void Release() => measures.Release();

    /// <summary>Begins the request's span, when somebody traces.</summary>
    public Activity? StartSpan()
    {
        span = Spans.StartRequest(Method, client);
        TraceId = span?.TraceId.ToHexString() ?? TraceId;
        return span;
    }

    public void Found(ServiceRoute route) => (Operation, Route, isService) = (route.Name, route.Path, true);

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

        var outcome = answer.Refusal is { } refusal ? OutcomeOf(refusal.Kind) : answer.Status == StatusCodes.Status304NotModified ? "not_modified" : "ok";
        Describe(http, answer, outcome);
        var level = LevelOf(answer.Status);
        if (logger.IsEnabled(level))
        {
            Write(level, elapsed, http.Response.ContentLength ?? 0, answer, outcome, logger);
        }
    }

    /// <summary>Logs that nobody waited for the answer. It counts as no request: what was done of it, and how it would have ended, is not known.</summary>
    public void Abort(Operations operations, ILogger logger)
    {
        span?.SetTag("outcome", Aborted);
        var elapsed = operations.Clock.GetElapsedTime(started).TotalMilliseconds;
        Log.Aborted(logger, HidesReads ? LogLevel.Debug : LogLevel.Information, Method, Path, Operation, elapsed, Id, TraceId, Aborted);
    }

    /// <summary>What the span says of the request; no secret, no body, no query.</summary>
    private void Describe(HttpContext http, Answer answer, string outcome)
    {
        if (span is null)
        {
            return;
        }

        span.DisplayName = Operation;
        span.SetTag("route", Operation);
        span.SetTag("outcome", outcome);
        span.SetTag("http.request.method", Method);
        span.SetTag("http.response.status_code", answer.Status);
        span.SetTag("url.scheme", http.Request.Scheme);
        span.SetTag("url.path", Path);
        SetTag("server.address", http.Request.Host.HasValue ? http.Request.Host.Host : null);
        span.SetTag("catalog.request_id", Id);
        SetTag("http.route", Route.Length > 0 ? Route : null);
        SetTag("catalog.name", request?.CatalogText);
        SetTag("catalog.table", request?.TableText);
        SetTag("catalog.principal", Principal);
        SetTag("catalog.commit_id", measures.CommitId);
        SetTag("error.type", answer.Refusal is { } refusal ? CatalogException.TypeOf(refusal.Kind) : null);
        if (answer.Status >= StatusCodes.Status500InternalServerError)
        {
            span.SetStatus(ActivityStatusCode.Error);
        }

        void SetTag(string name, string? value)
        {
            if (value is not null)
            {
                span.SetTag(name, value);
            }
        }
    }

    private void Write(LogLevel level, double elapsed, long bytes, Answer answer, string outcome, ILogger logger)
    {
        var catalog = request?.CatalogText;
        var table = request?.TableText;
        var tableId = measures.TableId?.ToString();
        var location = measures.MetadataLocation is { Length: > MaxLocationLength } whole ? whole[..MaxLocationLength] : measures.MetadataLocation;
        int? attempts = measures.Attempts > 0 ? measures.Attempts : null;
        var (auth, kv, files) = (OrNone(measures.AuthMs), OrNone(measures.StoreMs), OrNone(measures.FileMs));
        bool? isCold = IsColdStart ? true : null;
        if (answer.Refusal is { } refusal)
        {
            var error = CatalogException.TypeOf(refusal.Kind);
            Log.Refused(
                logger, level, Method, Path, answer.Status, Operation, elapsed, error, refusal.Message, bytes, outcome, Principal, catalog, table,
                Route, Id, TraceId, tableId, measures.CommitId, location, attempts, auth, kv, files, isCold, outcome == Denied ? Address : null);
        }
        else
        {
            Log.Answered(
                logger, level, Method, Path, answer.Status, Operation, elapsed, bytes, outcome, Principal, catalog, table,
                Route, Id, TraceId, tableId, measures.CommitId, location, attempts, auth, kv, files, isCold);
        }

        static double? OrNone(double milliseconds) => milliseconds > 0 ? milliseconds : null;
    }

    /// <summary>Who was at the other end, for whoever asks who guesses; null where that is this machine's own front.</summary>
    private string? Address => address is null || IPAddress.IsLoopback(address) ? null : address.ToString();

    private string? Principal => request is null || request.Caller == Caller.Anonymous ? null : request.Caller.Principal;

    /// <summary>
    /// What probes ask, and where people watch also reads that went well and questions whether something exists, is of interest only to whoever looks for trouble; a 5xx was
    /// logged as an error already.
    /// </summary>
    private LogLevel LevelOf(int status)
    {
        var isRead = Method is "GET" or "HEAD";
        var isQuiet = isRead && (status < StatusCodes.Status400BadRequest || status == StatusCodes.Status404NotFound);
        return isQuiet && (isService || HidesReads) ? LogLevel.Debug : LogLevel.Information;
    }

    private static string OutcomeOf(ErrorKind kind) => kind switch
    {
        ErrorKind.CommitStateUnknown => "unknown",
        ErrorKind.SlowDown => "throttled",
        ErrorKind.NotAuthorized or ErrorKind.Forbidden => Denied,
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

        return SafeText.IsSafe(text);
    }
}
