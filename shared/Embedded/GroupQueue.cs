namespace Frazil.EmbeddedBackend;

/// <summary>Work that waits for the thread that does it, and its caller for it.</summary>
/// <typeparam name="T">What comes of it.</typeparam>
internal abstract class Pending<T>
{
    private readonly TaskCompletionSource<T> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int isTaken;

    /// <summary>Bytes that it writes.</summary>
    public abstract long Bytes { get; }

    /// <summary>Whether the thread gets it. It does not when the caller cancelled before; afterwards a cancellation comes too late and is not heeded.</summary>
    public bool TryTake() => Interlocked.Exchange(ref isTaken, 1) == 0;

    public void Succeed(T result) => completion.TrySetResult(result);

    public void Fail(Exception exception) => completion.TrySetException(exception);

    public async Task<T> WaitAsync(CancellationToken cancellationToken)
    {
        using var registration = cancellationToken.UnsafeRegister(
            static (state, token) =>
            {
                var pending = (Pending<T>)state!;
                if (pending.TryTake())
                {
                    pending.completion.TrySetCanceled(token);
                }
            },
            this);
        return await completion.Task;
    }
}

/// <summary>
/// A queue whose work one thread does in groups: what comes while a group is at the disk makes up the next one, so that any number of callers share what a group costs.
/// The thread comes with the first work, and goes when none has come for a while.
/// </summary>
/// <typeparam name="TWork">The work.</typeparam>
/// <typeparam name="T">What comes of it.</typeparam>
/// <param name="name">The thread's name.</param>
/// <param name="limits">What a group has at most, and how much may wait.</param>
/// <param name="settle">Does a group; answers each of its work, and throws nothing.</param>
internal sealed class GroupQueue<TWork, T>(string name, GroupLimits limits, Action<List<TWork>> settle)
    where TWork : Pending<T>
{
    /// <summary>How long the thread waits for work before it goes.</summary>
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(10);

    private readonly object gate = new();
    private readonly Queue<TWork> waiting = [];
    private readonly TaskCompletionSource finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool isRunning;
    private bool isClosed;

    /// <summary>Lets work wait for its turn. False when too much waits already.</summary>
    /// <exception cref="ObjectDisposedException">The queue is closed.</exception>
    public bool TryAdd(TWork work)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(isClosed, this);
            if (waiting.Count >= limits.Waiting)
            {
                return false;
            }

            waiting.Enqueue(work);
            if (isRunning)
            {
                Monitor.Pulse(gate);
            }
            else
            {
                isRunning = true;
                new Thread(Run) { IsBackground = true, Name = name }.Start();
            }

            return true;
        }
    }

    /// <summary>Takes nothing more; ends when what waits has been done.</summary>
    public Task CloseAsync()
    {
        lock (gate)
        {
            isClosed = true;
            if (isRunning)
            {
                Monitor.Pulse(gate);
            }
            else
            {
                finished.TrySetResult();
            }
        }

        return finished.Task;
    }

    private void Run()
    {
        while (Take() is { } group)
        {
            settle(group);
        }
    }

    /// <summary>The next group; null when the thread is to go.</summary>
    private List<TWork>? Take()
    {
        lock (gate)
        {
            while (true)
            {
                var group = new List<TWork>();
                for (var bytes = 0L; group.Count < limits.Count && waiting.TryPeek(out var next) && (group.Count == 0 || bytes + next.Bytes <= limits.Bytes); bytes += next.Bytes)
                {
                    if (waiting.Dequeue().TryTake())
                    {
                        group.Add(next);
                    }
                }

                if (group.Count > 0)
                {
                    return group;
                }

                if (isClosed || !Monitor.Wait(gate, IdleTime))
                {
                    if (waiting.Count > 0)
                    {
                        continue;
                    }

                    isRunning = false;
                    if (isClosed)
                    {
                        finished.TrySetResult();
                    }

                    return null;
                }
            }
        }
    }
}

/// <summary>What a group has at most.</summary>
/// <param name="Count">Pieces of work.</param>
/// <param name="Bytes">Bytes, unless one piece alone has more.</param>
/// <param name="Waiting">Pieces that may wait.</param>
internal sealed record GroupLimits(int Count, long Bytes, int Waiting);
