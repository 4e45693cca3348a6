namespace Frazil;

/// <summary>The same for many, at once: I/O that does not depend on each other.</summary>
internal static class Parallel
{
    /// <summary>Waits for two that are under way, whatever fails; then throws the failure of the first before that of the second.</summary>
    public static async ValueTask<(TFirst, TSecond)> BothAsync<TFirst, TSecond>(ValueTask<TFirst> first, ValueTask<TSecond> second)
    {
        var (one, other) = (first.AsTask(), second.AsTask());
        await Task.WhenAll(one, other);
        return (await one, await other);
    }

    /// <summary>
    /// Runs an action for each item. Waits for all of them, whatever fails, so that nothing is still at work when the caller cleans up;
    /// then throws the failure that says least (an unknown outcome before a refusal).
    /// </summary>
    public static async ValueTask<TResult[]> EachAsync<TItem, TResult>(IReadOnlyList<TItem> items, Func<TItem, ValueTask<TResult>> action)
    {
        if (items.Count == 1)
        {
            return [await action(items[0])];
        }

        var tasks = items.Select(item => action(item).AsTask()).ToArray();
        try
        {
            return await Task.WhenAll(tasks);
        }
        catch (Exception first)
        {
            var unknown = tasks.Select(task => task.Exception?.InnerException).FirstOrDefault(failure => failure is not null && !Failures.CertainlyNothingHappened(failure));
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(unknown ?? first);
            throw;
        }
    }
}
