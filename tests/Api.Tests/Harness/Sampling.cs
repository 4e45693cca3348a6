namespace Frazil.Api.Tests;

/// <summary>
/// At which calls of an undisturbed run a test tries what it tries. In memory at every one; in a world that is slow (real stores) at those that tell the most, since what a store promises is
/// held by its own suite, and what follows from the promises is tried in memory.
/// </summary>
public static class Sampling
{
    private const int MaxDeaths = 6;

    /// <summary>
    /// Where a process dies. In a slow world only deaths that leave different states behind: before the first change and after each change (a death at a read leaves what the change
    /// before it left), of the deletions of files only one in the middle, and no more than six of all.
    /// </summary>
    public static IEnumerable<(int Number, bool AfterWork)> Deaths(World world, IReadOnlyList<Call> calls)
    {
        if (!world.IsSlow)
        {
            return calls.SelectMany(call => new[] { (call.Number, false), (call.Number, true) });
        }

        var changes = calls.Where(call => call.IsChange).ToArray();
        var deletions = changes.Where(call => call.Kind == CallKind.DeleteFile).ToArray();
        (int, bool)[] deaths =
        [
            (changes[0].Number, false), .. changes.Where(call => call.Kind != CallKind.DeleteFile).Concat(deletions.Skip(deletions.Length / 2).Take(1)).Select(call => (call.Number, true)),
        ];
        var step = (deaths.Length + MaxDeaths - 1) / MaxDeaths;
        return deaths.Where((_, i) => i % step == 0 || i == deaths.Length - 1);
    }

    /// <summary>Before which calls another process acts. In a slow world only before each write, when all that the write goes by has been read.</summary>
    public static IEnumerable<int> Turns(World world, IReadOnlyList<Call> calls) =>
        calls.Where(call => !world.IsSlow || call.Kind == CallKind.Write).Select(call => call.Number);
}
