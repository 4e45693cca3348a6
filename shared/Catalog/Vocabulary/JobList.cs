namespace Frazil;

// This file stands alone (no other type of ours): the infrastructure program compiles it too, so that a stack cannot forget a job.

/// <summary>A job that a timer starts: its name is what the timer sends, logs and metrics show.</summary>
/// <param name="Name">Lower case, unique; the value of <c>job</c> in the payload <c>{"job":"purge"}</c> and in metrics.</param>
/// <param name="Every">Time between two runs; whole minutes.</param>
/// <param name="Schedule">The same as a six-field NCRONTAB expression, for timers that want one.</param>
/// <param name="Purpose">One sentence for the console.</param>
public sealed record TimedJob(string Name, TimeSpan Every, string Schedule, string Purpose);

/// <summary>The timed jobs of a catalog. Hosts run them by name and each deployment schedules every one of them.</summary>
public static class JobList
{
    /// <summary>Moves what lies in the trash past its due time on to purge, or forgets it.</summary>
    public const string Expire = "expire";

    /// <summary>Deletes the files that the metadata of dropped tables reaches.</summary>
    public const string Purge = "purge";

    /// <summary>Removes idempotency records, finished tasks, and what was kept beside tables that are gone, past their time.</summary>
    public const string Sweep = "sweep";

    /// <summary>Every timed job, by name.</summary>
    public static IReadOnlyList<TimedJob> All { get; } =
    [
        new(Expire, TimeSpan.FromMinutes(15), "0 */15 * * * *", "Moves what lies in the trash past its due time on to purge."),
        new(Purge, TimeSpan.FromMinutes(15), "0 */15 * * * *", "Deletes the files of tables that were dropped with purge or whose trash is due."),
        new(Sweep, TimeSpan.FromHours(1), "0 0 * * * *", "Removes idempotency records, finished tasks, and what was kept beside tables that are gone, past their time."),
    ];
}
