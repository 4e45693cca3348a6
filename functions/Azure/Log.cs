using Microsoft.Extensions.Logging;

namespace Frazil.AzureFunctions;

/// <summary>Every message that the Functions host logs.</summary>
internal static partial class Log
{
    [LoggerMessage(300, LogLevel.Information, "Catalog '{catalog}' keeps tables in {location}")]
    public static partial void Serving(ILogger logger, string catalog, string location);

    [LoggerMessage(301, LogLevel.Error, "The catalog '{catalog}' could not be ensured; the next request tries again")]
    public static partial void NotEnsured(ILogger logger, string catalog, Exception exception);

    [LoggerMessage(302, LogLevel.Information, "Job {job}: {done} done, {failed} failed, {filesDeleted} files deleted, more is due: {isMore}")]
    public static partial void JobDone(ILogger logger, string job, int done, int failed, long filesDeleted, bool isMore);

    [LoggerMessage(303, LogLevel.Error, "Job {job} failed; it runs again at its next time")]
    public static partial void JobFailed(ILogger logger, string job, Exception exception);
}
