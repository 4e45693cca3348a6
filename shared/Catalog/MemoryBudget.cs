using Frazil.Iceberg;

namespace Frazil;

/// <summary>
/// What the requests of a process may hold at once, all together: bodies, metadata files that were read for them, and what is made of these. A request that would take more is
/// asked to come again, before the memory is taken: one that ran out of it would fail others, too.
/// </summary>
/// <param name="capacity">Bytes.</param>
public sealed class MemoryBudget(long capacity)
{
    /// <summary>What a process takes before it answers anything: code, connections, the rows of many small requests.</summary>
    public const long BaseBytes = 96L * 1024 * 1024;

    /// <summary>The budget of a process that has less than it should: a small catalog is served all the same.</summary>
    public const long MinBytes = 16L * 1024 * 1024;

    private long held;

    /// <summary>Bytes that there are.</summary>
    public long Capacity { get; } = capacity;

    /// <summary>Bytes that requests hold now.</summary>
    public long Held => Interlocked.Read(ref held);

    /// <summary>
    /// Bytes for this process: half of what its memory limit (a container's, a function's, the machine's) leaves beside the cache. The other half is for what is not counted one by one:
    /// small objects, buffers of connections, and garbage that was not collected yet.
    /// </summary>
    /// <param name="cacheBytes">Bytes that metadata is cached in.</param>
    public static long OfProcess(long cacheBytes) => Math.Max(MinBytes, (GC.GetGCMemoryInfo().TotalAvailableMemoryBytes - cacheBytes - BaseBytes) / 2);

    /// <summary>Whether a failure is that there was no memory: for this request, which may say nothing about another.</summary>
    internal static bool IsRefusal(CatalogException failure) => failure.InnerException is InsufficientMemoryException;

    /// <summary>Takes some.</summary>
    /// <param name="bytes">How much.</param>
    /// <param name="before">What the same request has taken before.</param>
    /// <exception cref="CatalogException">503 when there is not enough now; 413 when there would never be.</exception>
    internal void Take(long bytes, long before)
    {
        if (bytes > Capacity - before)
        {
            throw new CatalogException(
                ErrorKind.PayloadTooLarge, $"This takes more memory than the {Capacity} bytes that this server has for requests: ask for less, send less at a time, or give the server more memory",
                new InsufficientMemoryException());
        }

        if (Interlocked.Add(ref held, bytes) > Capacity)
        {
            Return(bytes);
            throw new CatalogException(ErrorKind.SlowDown, "This server has no memory for the request at the moment: others hold it. Nothing was changed; try again later", new InsufficientMemoryException());
        }
    }

    /// <summary>Gives it back.</summary>
    internal void Return(long bytes) => Interlocked.Add(ref held, -bytes);
}
