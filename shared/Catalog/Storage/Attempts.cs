using Frazil.Iceberg;

namespace Frazil.Storage;

/// <summary>How often and how soon one call asks again: a bounded number of times, each wait twice as long and shortened by chance, so that those who collided do not collide again.</summary>
/// <param name="time">For waits.</param>
/// <param name="ids">For chance.</param>
public sealed class Attempts(TimeProvider time, IdSource ids)
{
    /// <summary>Requests of one call.</summary>
    public const int Max = 6;

    /// <summary>When no further request is made, counted from the first.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(40);

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    private readonly long began = time.GetTimestamp();
    private int made = 1;

    /// <summary>Waits for the next turn; false when there is none.</summary>
    public async Task<bool> NextAsync(CancellationToken cancellationToken)
    {
        if (made >= Max || time.GetElapsedTime(began) > Patience)
        {
            return false;
        }

        var longest = Math.Min(FirstWait.TotalMilliseconds * (1 << (made - 1)), LongestWait.TotalMilliseconds);
        await Task.Delay(TimeSpan.FromMilliseconds(longest * (0.5 + (0.5 * ids.NextChance()))), time, cancellationToken);
        made++;
        return true;
    }

    /// <summary>Asks until there is an answer: for what may be asked any number of times, such as a read.</summary>
    /// <param name="act">Asks.</param>
    /// <param name="understand">What a failure means to the caller, and whether asking again is of no use.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="CatalogException">What <paramref name="act"/> throws of this kind goes through, as does an <see cref="ArgumentException"/>: they are answers.</exception>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> act, Func<Exception, (Exception Meaning, bool IsFinal)> understand, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        while (true)
        {
            try
            {
                return await act(cancellationToken);
            }
            catch (Exception failure) when (failure is not (CatalogException or ArgumentException))
            {
                cancellationToken.ThrowIfCancellationRequested();
                var (meaning, isFinal) = understand(failure);
                if (isFinal || !await NextAsync(cancellationToken))
                {
                    throw meaning;
                }
            }
        }
    }

    /// <summary>Begins anew after progress.</summary>
    public void Reset() => made = 1;
}
