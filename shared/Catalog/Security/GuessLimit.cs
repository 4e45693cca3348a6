using System.Net;
using System.Net.Sockets;

namespace Frazil.Security;

/// <summary>
/// Keeps secrets from being guessed by trying: wrong ones are counted by the address that they come from and for the process, and whoever has used up its tries is
/// refused before anything is compared, if it can be told from others. Only different secrets are guesses: a client that repeats an old one costs nobody else a try.
/// </summary>
/// <remarks>
/// An address that has signed in within the last hour is not held up by the guesses of others. A caller without an address of its own (this machine, a front that hides it) is
/// counted with the process alone, and may be the owner whoever guessed before: its secret is compared first, and only a wrong one is told to wait. Everything is in memory, bounded, and per process: a new process begins anew.
/// </remarks>
public sealed class GuessLimit(TimeProvider clock)
{
    /// <summary>Wrong secrets from one address before it has to wait.</summary>
    public const int SourceTries = 20;

    /// <summary>After which one more of them is allowed.</summary>
    public static readonly TimeSpan SourceInterval = TimeSpan.FromSeconds(3);

    /// <summary>Wrong secrets from everywhere before strangers have to wait.</summary>
    public const int ProcessTries = 100;

    /// <summary>After which one more of them is allowed.</summary>
    public static readonly TimeSpan ProcessInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Addresses that are remembered.</summary>
    public const int MaxSources = 4096;

    private static readonly TimeSpan TrustTime = TimeSpan.FromHours(1);

    private readonly Dictionary<UInt128, Source> sources = [];
    private readonly Lock gate = new();
    private readonly long started = clock.GetTimestamp();
    private readonly Source everybody = new();

    /// <summary>Whether an address tells nobody apart, so that to refuse it unheard would let any stranger lock out the owner.</summary>
    public static bool IsShared(IPAddress? address) => KeyOf(address) is null;

    /// <summary>How long an address has to wait before it may try again; null when it may now.</summary>
    public TimeSpan? WaitOf(IPAddress? address)
    {
        lock (gate)
        {
            var now = Now;
            var source = KeyOf(address) is { } key ? sources.GetValueOrDefault(key) : null;
            var wait = source?.WaitAt(now, SourceTries, SourceInterval) ?? TimeSpan.Zero;
            if (source is null || !source.IsTrustedAt(now))
            {
                wait = TimeSpan.FromTicks(Math.Max(wait.Ticks, everybody.WaitAt(now, ProcessTries, ProcessInterval).Ticks));
            }

            return wait > TimeSpan.Zero ? wait : null;
        }
    }

    /// <summary>Counts a wrong secret.</summary>
    /// <param name="address">Where it came from, if that is known.</param>
    /// <param name="guess">Id and secret. Only a hash of them is kept.</param>
    public void Wrong(IPAddress? address, string guess)
    {
        lock (gate)
        {
            var now = Now;
            var hash = string.GetHashCode(guess, StringComparison.Ordinal); // of a key of this process
            if ((KeyOf(address) is { } key ? Of(key, now) : everybody)?.LastGuess == hash)
            {
                return;
            }

            if (KeyOf(address) is { } known)
            {
                Of(known, now)?.Count(now, SourceInterval, hash);
            }

            everybody.Count(now, ProcessInterval, hash);
        }
    }

    /// <summary>Takes note of the right one.</summary>
    public void Right(IPAddress? address)
    {
        lock (gate)
        {
            if (KeyOf(address) is { } key && Of(key, Now) is { } source)
            {
                source.SignedInAt = Now;
            }
        }
    }

    private TimeSpan Now => clock.GetElapsedTime(started);

    /// <summary>What is known of an address. Null when there is no room for a new one: then it counts with the process alone.</summary>
    private Source? Of(UInt128 key, TimeSpan now)
    {
        if (sources.TryGetValue(key, out var source))
        {
            return source;
        }

        if (sources.Count >= MaxSources)
        {
            foreach (var (old, forgettable) in sources)
            {
                if (forgettable.IsForgettableAt(now))
                {
                    sources.Remove(old);
                }
            }
        }

        return sources.Count >= MaxSources ? null : sources[key] = new Source();
    }

    /// <summary>An IPv4 address, or the network of an IPv6 address, all of which one customer has; null where it tells nobody apart.</summary>
    private static UInt128? KeyOf(IPAddress? address)
    {
        if (address is null || IPAddress.IsLoopback(address))
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        _ = (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).TryWriteBytes(bytes, out _);
        if (address.AddressFamily == AddressFamily.InterNetworkV6 && !address.IsIPv4MappedToIPv6)
        {
            bytes[8..].Clear();
            bytes[15] = 6;
        }

        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    private sealed class Source
    {
        // When all tries will be there again.
        private TimeSpan full;

        public int? LastGuess { get; private set; }

        public TimeSpan? SignedInAt { get; set; }

        public TimeSpan WaitAt(TimeSpan now, int tries, TimeSpan interval) => full - now - (interval * (tries - 1));

        public void Count(TimeSpan now, TimeSpan interval, int guess)
        {
            full = (full > now ? full : now) + interval;
            LastGuess = guess;
        }

        public bool IsTrustedAt(TimeSpan now) => SignedInAt is { } then && now - then < TrustTime;

        public bool IsForgettableAt(TimeSpan now) => full <= now && !IsTrustedAt(now);
    }
}
