namespace Frazil.Api.Tests;

/// <summary>
/// At which calls of an undisturbed run a test tries what it tries. In memory at every one; in a world that is slow (real stores) at those that tell the most, since what a store promises is
/// held by its own suite, and what follows from the promises is tried in memory.
/// </summary>
public static class Sampling
{
    /// <summary>
    /// Where a process dies. In a slow world only deaths that leave different states behind: before the first change and after each change (a death at a read leaves what the change
    /// before it left); and of the deletions of files only the first, one in the middle and the last.
    /// </summary>
    public static IEnumerable<(int Number, bool AfterWork)> Deaths(World world, IReadOnlyList<Call> calls)
    {
        if (!world.IsSlow)
        {
            return calls.SelectMany(call => new[] { (call.Number, false), (call.Number, true) });
        }

        var changes = calls.Where(call => call.IsChange).ToArray();
        var deletions = changes.Where(call => call.Kind == CallKind.DeleteFile).ToArray();
        Call[] few = deletions.Length == 0 ? [] : [deletions[0], deletions[deletions.Length / 2], deletions[^1]];
        return changes.Where(call => call.Kind != CallKind.DeleteFile).Concat(few).Select(call => (call.Number, true)).Prepend((changes[0].Number, false)).Distinct();
    }

    /// <summary>Before which calls another process acts. In a slow world only before each write, when all that the write goes by has been read.</summary>
    public static IEnumerable<int> Turns(World world, IReadOnlyList<Call> calls) =>
        calls.Where(call => !world.IsSlow || call.Kind == CallKind.Write).Select(call => call.Number);
}
