namespace Frazil;

/// <summary>
/// A part of a shared object that is made when it is first asked for: once, by whoever asks first, while the others wait for it without a thread. What is read is one reference, so nobody
/// sees half of it. A failure is told to whoever met it and is not kept, since it may be due to what that one held or gave up: who waited tries again.
/// </summary>
/// <typeparam name="T">The part.</typeparam>
internal sealed class Once<T>
    where T : class
{
    // Nothing, then what tells that somebody is done with trying, then the part. There are very many of these: a field for each would be as large as some parts.
    private volatile object? state;

    /// <summary>The part, or null as long as it is not made.</summary>
    public T? Made => state as T;

    /// <summary>The part, where it takes next to nothing to make, or where nobody else can be making it: who meets another at it does not wait, and makes one for itself.</summary>
    /// <param name="from">What it is made from.</param>
    /// <param name="make">Makes it; must not ask for the same part.</param>
    public T Get<TSource>(TSource from, Func<TSource, T> make)
    {
        var asked = GetAsync(from, make, CancellationToken.None);
        return asked.IsCompletedSuccessfully ? asked.Result : make(from);
    }

    /// <summary>The part.</summary>
    /// <param name="from">What it is made from.</param>
    /// <param name="make">Makes it, before this returns; must not ask for the same part.</param>
    /// <param name="cancellationToken">Ends the wait for somebody else who makes it.</param>
    public async ValueTask<T> GetAsync<TSource>(TSource from, Func<TSource, T> make, CancellationToken cancellationToken)
    {
        while (true)
        {
            switch (state)
            {
                case T made:
                    return made;
                case TaskCompletionSource other:
                    await other.Task.WaitAsync(cancellationToken);
                    break;
                default:
                    var own = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                    if (Interlocked.CompareExchange(ref state, own, null) is null)
                    {
                        return Make(from, make, own);
                    }

                    break;
            }
        }
    }

    private T Make<TSource>(TSource from, Func<TSource, T> make, TaskCompletionSource own)
    {
        T? made = null;
        try
        {
            return made = make(from);
        }
        finally
        {
            state = made;
            own.SetResult();
        }
    }
}
