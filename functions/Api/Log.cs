using Microsoft.Extensions.Logging;

namespace Frazil.Api;

/// <summary>Every message that the API logs.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "{Operation} {Catalog} {Path} answered {Status} in {ElapsedMs:0.0} ms ({Bytes} bytes)")]
    public static partial void Answered(ILogger logger, string operation, string catalog, string path, int status, double elapsedMs, long bytes);

    [LoggerMessage(2, LogLevel.Error, "{Operation} {Path} failed")]
    public static partial void Failed(ILogger logger, string operation, string path, Exception exception);

    [LoggerMessage(3, LogLevel.Warning, "{Operation} {Path}: nobody can tell whether the change was made")]
    public static partial void Unknown(ILogger logger, string operation, string path, Exception exception);

    [LoggerMessage(4, LogLevel.Warning, "{Operation} {Path}: the store is throttling")]
    public static partial void Throttled(ILogger logger, string operation, string path, Exception exception);
}
