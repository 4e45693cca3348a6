namespace Frazil.Api.Tests;

/// <summary>A clock that stands until it is moved, and moves by as much as somebody waits: waiting takes no time. It may step back, as clocks do.</summary>
public sealed class TestClock : TimeProvider
{
    private readonly Lock gate = new();
    private DateTimeOffset now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private long timestamp = 1_000_000;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Milliseconds since 1970.</summary>
    public long Milliseconds => GetUtcNow().ToUnixTimeMilliseconds();

    public override DateTimeOffset GetUtcNow()
    {
        lock (gate)
        {
            return now;
        }
    }

    public override long GetTimestamp()
    {
        lock (gate)
        {
            return timestamp;
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Instant();
        if (dueTime >= TimeSpan.Zero)
        {
            Advance(dueTime);
            ThreadPool.QueueUserWorkItem(_ => timer.Fire(callback, state));
        }

        return timer;
    }

    /// <summary>Time goes by.</summary>
    public void Advance(TimeSpan time)
    {
        lock (gate)
        {
            now += time;
            timestamp += time.Ticks;
        }
    }

    /// <summary>Somebody sets the clock back. What has gone by stays gone by.</summary>
    public void StepBack(TimeSpan time)
    {
        lock (gate)
        {
            now -= time;
        }
    }

    private sealed class Instant : ITimer
    {
        private volatile bool isDisposed;

        public void Fire(TimerCallback callback, object? state)
        {
            if (!isDisposed)
            {
                callback(state);
            }
        }

        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose() => isDisposed = true;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
