
namespace Frazil.Local;

/// <summary>Every message that the local host logs.</summary>
internal static partial class Log
{
    [LoggerMessage(100, LogLevel.Information, "Frazil {version} listens on {url}")]
    public static partial void Listening(ILogger logger, string version, string url);

    [LoggerMessage(101, LogLevel.Information, "Catalog '{catalog}' keeps tables in {location}; names and pointers are in {store}")]
    public static partial void Serving(ILogger logger, string catalog, string location, string store);

    [LoggerMessage(102, LogLevel.Information, "No credentials are asked for: whoever reaches this address may read and change everything")]
    public static partial void Open(ILogger logger);

    [LoggerMessage(103, LogLevel.Warning, "{address} CAN BE REACHED FROM OTHER MACHINES AND NO CREDENTIALS ARE ASKED FOR: anyone who reaches it may read, change and drop every table")]
    public static partial void Exposed(ILogger logger, string address);

    [LoggerMessage(104, LogLevel.Warning, "{warning}")]
    public static partial void Careless(ILogger logger, string warning);

    [LoggerMessage(105, LogLevel.Information, "Stopping: no new connections, up to {seconds} s for requests under way (again to stop at once)")]
    public static partial void Stopping(ILogger logger, double seconds);

    [LoggerMessage(106, LogLevel.Information, "Stopped")]
    public static partial void Stopped(ILogger logger);

    [LoggerMessage(107, LogLevel.Warning, "Stopped with requests unfinished after {seconds} s")]
    public static partial void CutOff(ILogger logger, double seconds);

    [LoggerMessage(108, LogLevel.Warning, "Catalog '{catalog}' kept its tables in {before} until now and keeps new ones in {now}; for the old ones say --allow-location {before}")]
    public static partial void Moved(ILogger logger, string catalog, string before, string now);

    [LoggerMessage(109, LogLevel.Information, "Job {job}: {done} done, {failed} failed, {files} files deleted")]
    public static partial void JobDone(ILogger logger, string job, int done, int failed, long files);

    [LoggerMessage(110, LogLevel.Error, "Job {job} failed; it runs again at its next time")]
    public static partial void JobFailed(ILogger logger, string job, Exception exception);

    [LoggerMessage(111, LogLevel.Warning, "Refused {method} {path}: {reason}")]
    public static partial void Guarded(ILogger logger, string method, string path, string reason);

    [LoggerMessage(112, LogLevel.Information, "Metrics and traces are sent to {url} by OTLP ({protocol})")]
    public static partial void Exporting(ILogger logger, string url, string protocol);

    [LoggerMessage(130, LogLevel.Information, "At most {connections} connections at a time: the system's limit of open files (ulimit -n) allows no more")]
    public static partial void FewConnections(ILogger logger, int connections);

    [LoggerMessage(114, LogLevel.Information, "{files} unfinished files of killed processes were deleted below {folder}")]
    public static partial void Swept(ILogger logger, int files, string folder);

    [LoggerMessage(115, LogLevel.Warning, "Unfinished files of killed processes could not be looked for; it is tried again at the next start")]
    public static partial void NotSwept(ILogger logger, Exception exception);

    [LoggerMessage(113, LogLevel.Information, "Credentials are asked for: those of the client '{clientId}'")]
    public static partial void Closed(ILogger logger, string clientId);
}
