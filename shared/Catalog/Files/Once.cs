namespace Frazil;

/// <summary>
/// A part of a shared object that is made when it is first asked for: once, by whoever asks first, while the others wait for it. What is read is one reference, so nobody
/// sees half of it. A failure is told to whoever met it and is not kept: the next one tries again.
/// </summary>
/// <typeparam name="T">The part.</typeparam>
internal sealed class Once<T>
    where T : class
{
    private volatile T? made;

    /// <summary>The part, or null as long as nobody asked for it.</summary>
    public T? Made => made;

    /// <summary>The part.</summary>
    /// <param name="from">What it is made from.</param>
    /// <param name="make">Makes it; must not ask for the same part.</param>
    public T Get<TSource>(TSource from, Func<TSource, T> make)
    {
        if (made is { } done)
        {
            return done;
        }

        // Nobody else sees this object, and there are very many: a lock of its own would be as large as what it guards.
        lock (this)
        {
            return made ??= make(from);
        }
    }
}
