using Frazil.Iceberg;

namespace Frazil.Storage;

/// <summary>
/// One call of a service, sent again while that can help: a bounded number of times, each wait twice as long and shortened by chance, so that those who collided do not collide again.
/// </summary>
/// <param name="time">For waits.</param>
/// <param name="ids">For chance.</param>
/// <param name="understand">What a failure means.</param>
public sealed class Attempts(TimeProvider time, IdSource ids, Func<Exception, Failure> understand)
{
    /// <summary>Requests of one call.</summary>
    public const int Max = 6;

    /// <summary>When no further request is made, counted from the first.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(40);

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    private readonly long began = time.GetTimestamp();
    private int made = 1;

    /// <summary>Whether a request was sent whose outcome is open: what it asked for may have been done, or be yet.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>Asks until there is an answer: for what may be asked any number of times, such as a read.</summary>
    /// <param name="ask">Asks.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="CatalogException">What <paramref name="ask"/> throws of this kind goes through, as does an <see cref="ArgumentException"/>: they are answers.</exception>
    public async Task<T> AskAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        while (true)
        {
            try
            {
                return await ask(cancellationToken);
            }
            catch (Exception failure) when (failure is not (CatalogException or ArgumentException))
            {
                cancellationToken.ThrowIfCancellationRequested();
                var understood = understand(failure);
                if (!await IsAnotherAsync(understood, cancellationToken))
                {
                    throw understood.Meaning;
                }
            }
        }
    }

    /// <summary>
    /// Sends what must take effect once. A request that was sent is not cancelled: that would only make its outcome open. And while one is open a refusal proves little, since it may be that
    /// request's own doing: <paramref name="judge"/> sees <see cref="IsOpen"/>.
    /// </summary>
    /// <param name="send">Sends.</param>
    /// <param name="judge">What a failure answers when it is an answer, a refusal above all; else null.</param>
    /// <param name="resolve">Told what the last failure was when no more is sent and the outcome is open: finds out, or throws <see cref="UnknownOutcomeException"/>.</param>
    public async Task<T> SendAsync<T>(Func<Task<T>> send, Func<Exception, Task<T>?> judge, Func<Exception, Task<T>> resolve)
    {
        while (true)
        {
            try
            {
                return await send();
            }
            catch (Exception failure)
            {
                if (judge(failure) is { } answer)
                {
                    return await answer;
                }

                var understood = understand(failure);
                IsOpen |= understood.Kind == FailureKind.Unclear;
                if (!await IsAnotherAsync(understood, CancellationToken.None))
                {
                    return IsOpen ? await resolve(failure) : throw understood.Meaning;
                }
            }
        }
    }

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

    /// <summary>Begins anew after progress.</summary>
    public void Reset() => made = 1;

    private async Task<bool> IsAnotherAsync(Failure failure, CancellationToken cancellationToken) =>
        failure.Kind is not (FailureKind.Rejected or FailureKind.NotFound) && await NextAsync(cancellationToken);
}
