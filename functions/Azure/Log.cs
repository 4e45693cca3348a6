using Microsoft.Extensions.Logging;

namespace Frazil.AzureFunctions;

/// <summary>Every message that the Functions host logs.</summary>
internal static partial class Log
{
    [LoggerMessage(300, LogLevel.Information, "Catalog '{Catalog}' keeps tables in {Location}")]
    public static partial void Serving(ILogger logger, string catalog, string location);

    [LoggerMessage(301, LogLevel.Error, "The catalog '{Catalog}' could not be ensured; the next request tries again")]
    public static partial void NotEnsured(ILogger logger, string catalog, Exception exception);

    [LoggerMessage(302, LogLevel.Information, "Job {Job}: {Done} done, {Failed} failed, {FilesDeleted} files deleted, more is due: {IsMore}")]
    public static partial void JobDone(ILogger logger, string job, int done, int failed, long filesDeleted, bool isMore);

    [LoggerMessage(303, LogLevel.Error, "Job {Job} failed; it runs again at its next time")]
    public static partial void JobFailed(ILogger logger, string job, Exception exception);
}
