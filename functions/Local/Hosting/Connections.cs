using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Frazil.Local;

/// <summary>
/// Bounds the connections of the process by what the system lets it open, since a process that can open nothing any more serves nobody. When there is no room for a new one, the
/// connection that has been idle longest makes room, first of those that never asked anything: so nobody who just holds connections keeps others out. One with a request under way
/// is never closed.
/// </summary>
internal sealed class Connections(IConnectionListenerFactory transport, int limit, TimeProvider clock) : IConnectionListenerFactory
{
    /// <summary>Connections at a time, whatever the system allows.</summary>
    public const int Max = 10_000;

    /// <summary>Files that are open besides: the store, the log, the runtime's own.</summary>
    private const int Reserved = 64;

    /// <summary>How long a connection whose last answer may be on its way still is not idle.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan ClosingTime = TimeSpan.FromSeconds(1);

    private readonly HashSet<Seat> taken = [];
    private readonly Lock gate = new();

    /// <summary>As many as leave each request a file or a connection to a store of its own.</summary>
    /// <param name="openFiles">How many files the process may have open; null for any number.</param>
    public static int LimitFor(long? openFiles) => (int)Math.Clamp(((openFiles ?? long.MaxValue) - Reserved) / 2, 1, Max);

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new Listener(await transport.BindAsync(endpoint, cancellationToken), this);

    private async ValueTask<bool> TryAdmitAsync(ConnectionContext connection)
    {
        if (TryTake(connection))
        {
            return true;
        }

        if (LongestIdle() is not { } victim)
        {
            return false;
        }

        victim.Close();
        try
        {
            await victim.Closed.WaitAsync(ClosingTime, clock);
        }
        catch (TimeoutException)
        {
            return false;
        }

        return TryTake(connection);
    }

    private bool TryTake(ConnectionContext connection)
    {
        var seat = new Seat(connection, clock);
        lock (gate)
        {
            if (taken.Count >= limit)
            {
                return false;
            }

            taken.Add(seat);
        }

        connection.Features.Set(seat);
        connection.ConnectionClosed.UnsafeRegister(_ => Release(seat), null);
        return true;
    }

    private void Release(Seat seat)
    {
        lock (gate)
        {
            taken.Remove(seat);
        }

        seat.SetClosed();
    }

    /// <summary>The connection that can best be done without, claimed so that no request begins on it any more; null when all are in use.</summary>
    private Seat? LongestIdle()
    {
        lock (gate)
        {
            while (taken.Where(seat => seat.IsIdle(Grace)).MinBy(static seat => (seat.HasServed, seat.Since)) is { } idle)
            {
                if (idle.TryClaim())
                {
                    return idle;
                }
            }

            return null;
        }
    }

    /// <summary>What is known of one connection.</summary>
    internal sealed class Seat(ConnectionContext connection, TimeProvider clock)
    {
        private const int Idle = 0;
        private const int Busy = 1;
        private const int Closing = 2;

        private readonly TaskCompletionSource closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int state;

        /// <summary>Whether a request came on it.</summary>
        public bool HasServed { get; private set; }

        /// <summary>When it became idle.</summary>
        public long Since { get; private set; } = clock.GetTimestamp();

        /// <summary>Done when it is closed.</summary>
        public Task Closed => closed.Task;

        /// <summary>A request begins. False when the connection is being closed: nothing may be done for it.</summary>
        public bool TryBegin() => Interlocked.CompareExchange(ref state, Busy, Idle) == Idle;

        /// <summary>The request has ended.</summary>
        public void End()
        {
            HasServed = true;
            Since = clock.GetTimestamp();
            Volatile.Write(ref state, Idle);
        }

        public bool IsIdle(TimeSpan grace) => Volatile.Read(ref state) == Idle && (!HasServed || clock.GetElapsedTime(Since) >= grace);

        public bool TryClaim() => Interlocked.CompareExchange(ref state, Closing, Idle) == Idle;

        public void Close() => connection.Abort(new ConnectionAbortedException("Idle, and others want to connect"));

        public void SetClosed() => closed.TrySetResult();
    }

    private sealed class Listener(IConnectionListener inner, Connections connections) : IConnectionListener
    {
        public EndPoint EndPoint => inner.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (await inner.AcceptAsync(cancellationToken) is { } connection)
            {
                if (await connections.TryAdmitAsync(connection))
                {
                    return connection;
                }

                connection.Abort();
                await connection.DisposeAsync();
            }

            return null;
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => inner.UnbindAsync(cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
