using Microsoft.Extensions.Logging;

namespace Frazil.Lambda;

#pragma warning disable SYSLIB1015 // what a text does not show is meant for structured logs

/// <summary>Every message that the Lambda host logs.</summary>
internal static partial class Log
{
    [LoggerMessage(200, LogLevel.Critical, "The function cannot start: {reason}")]
    public static partial void CannotStart(ILogger logger, string reason);

    [LoggerMessage(201, LogLevel.Error, "The catalog could not be opened; the next request tries again: {reason}")]
    public static partial void NotOpened(ILogger logger, string reason, string requestId, int status, string operation, string outcome, Exception exception);

    [LoggerMessage(202, LogLevel.Information, "Job {job}: {done} done, {failed} failed, {filesDeleted} files deleted, more is due: {isMore}")]
    public static partial void JobDone(ILogger logger, string job, int done, int failed, long filesDeleted, bool isMore);

    [LoggerMessage(203, LogLevel.Warning, "Job {job} was cut off at its deadline; the next run goes on where it was")]
    public static partial void JobCutOff(ILogger logger, string job);

    [LoggerMessage(204, LogLevel.Error, "Job {job} failed; it runs again at its next time")]
    public static partial void JobFailed(ILogger logger, string job, Exception exception);

    [LoggerMessage(205, LogLevel.Error, "An event that is no job: {reason}")]
    public static partial void NoJob(ILogger logger, string reason);
}
