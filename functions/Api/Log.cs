using Microsoft.Extensions.Logging;

namespace Frazil.Api;

#pragma warning disable SYSLIB1015 // what a text does not show is meant for structured logs

/// <summary>Every message that the API logs.</summary>
internal static partial class Log
{
    [LoggerMessage(EventId = 1, Message = "{method} {path} {status} {operation} {durationMs:0.0} ms, {bytes} bytes")]
    public static partial void Answered(
        ILogger logger, LogLevel level, string method, string path, int status, string operation, double durationMs, long bytes,
        string outcome, string? principal, string? catalog, string? table, string route, string requestId, string? traceId,
        string? tableId, string? commitId, string? metadataLocation, int? attempts, double? authMs, double? kvMs, double? objectMs, bool? coldStart);

    [LoggerMessage(EventId = 2, Message = "{method} {path} {status} {operation} {durationMs:0.0} ms: {error}: {reason}")]
    public static partial void Refused(
        ILogger logger, LogLevel level, string method, string path, int status, string operation, double durationMs, string error, string reason, long bytes,
        string outcome, string? principal, string? catalog, string? table, string route, string requestId, string? traceId,
        string? tableId, string? commitId, string? metadataLocation, int? attempts, double? authMs, double? kvMs, double? objectMs, bool? coldStart, string? address);

    [LoggerMessage(3, LogLevel.Error, "{operation} {path} failed (request {requestId})")]
    public static partial void Failed(ILogger logger, string operation, string path, string requestId, string? traceId, Exception exception);

    [LoggerMessage(4, LogLevel.Error, "{operation} {path}: nobody can tell whether the change was made (request {requestId})")]
    public static partial void Unknown(ILogger logger, string operation, string path, string requestId, string? traceId, Exception exception);

    [LoggerMessage(5, LogLevel.Warning, "{operation} {path}: cannot be done now, and the client is asked to come again (request {requestId})")]
    public static partial void Throttled(ILogger logger, string operation, string path, string requestId, string? traceId, Exception exception);

    [LoggerMessage(EventId = 6, Message = "{method} {path} {operation}: the client went away after {durationMs:0.0} ms (request {requestId})")]
    public static partial void Aborted(ILogger logger, LogLevel level, string method, string path, string operation, double durationMs, string requestId, string? traceId, string outcome);
}
