using System.IO.Hashing;
using Frazil.Entities;
using Frazil.Iceberg;

namespace Frazil;

/// <summary>
/// Metadata files: read by location through a byte-bounded cache (a file never changes, so the cache cannot be stale), written once under fresh names.
/// </summary>
/// <remarks>A file that is in the cache is served while it is there, as far as that can be told without a request over a network: ADR 0022.</remarks>
/// <param name="capacity">Bytes that the cache may hold; what is used least recently leaves first. 0 to cache nothing.</param>
public sealed class MetadataFiles(long capacity)
{
    /// <summary>What is larger than this part of the cache is kept only when it is asked for again, so that one reader of large tables does not empty it.</summary>
    public const int LargeShare = 8;

    /// <summary>Large files of which it is remembered that they were asked for once.</summary>
    private const int MaxSeenOnce = 64;

    private readonly Dictionary<Key, LinkedListNode<Entry>> byLocation = [];
    private readonly LinkedList<Entry> byUse = new();
    private readonly Dictionary<Key, Task<MetadataDocument>> underWay = [];
    private readonly Queue<Key> seenOnce = new();
    private readonly Lock gate = new();
    private long size;
    private long hits;
    private long misses;

    /// <summary>Bytes the cache holds.</summary>
    public long CachedBytes
    {
        get
        {
            lock (gate)
            {
                return size;
            }
        }
    }

    /// <summary>How often a document was asked for and was there.</summary>
    public long Hits => Interlocked.Read(ref hits);

    /// <summary>How often it had to be read, or waited for while somebody else read it.</summary>
    public long Misses => Interlocked.Read(ref misses);

    /// <summary>The document at a location that the catalog itself names. Who asks for a file that is being read waits for that; whoever goes away stops it for nobody.</summary>
    /// <exception cref="CatalogException">404 <c>NotFoundException</c> when there is no such file; 500 when it is damaged, which no client can help.</exception>
    public ValueTask<MetadataDocument> ReadAsync(Catalog catalog, string location, TableKind kind, CancellationToken cancellationToken)
    {
        var reading = ReadForeignAsync(catalog, location, kind, cancellationToken);
        return reading.IsCompletedSuccessfully ? reading : OfOwnAsync(reading, location);
    }

    /// <summary>The document at a location that a client names.</summary>
    /// <exception cref="CatalogException">404 <c>NotFoundException</c> when there is no such file; 400 when it is no whole object of metadata.</exception>
    public ValueTask<MetadataDocument> ReadForeignAsync(Catalog catalog, string location, TableKind kind, CancellationToken cancellationToken)
    {
        var key = new Key(catalog.Partition, location, kind);
        Task<MetadataDocument>? reading;
        TaskCompletionSource<MetadataDocument>? own = null;
        MetadataDocument? cached;
        lock (gate)
        {
            cached = Find(key);
            if (cached is not null)
            {
                hits++;
                reading = null;
            }
            else
            {
                misses++;
                if (!underWay.TryGetValue(key, out reading))
                {
                    own = new(TaskCreationOptions.RunContinuationsAsynchronously);
                    reading = own.Task;
                    underWay.Add(key, reading);
                }
            }
        }

        if (cached is not null)
        {
            CatalogMeter.MetadataCache.Add(1, CatalogMeter.Hit);
            return catalog.Files.ExistsNearby(location) is false ? throw Missing(location) : new(cached);
        }

        CatalogMeter.MetadataCache.Add(1, CatalogMeter.Miss);
        if (own is null)
        {
            return WaitAsync(catalog, key, reading!, cancellationToken);
        }

        _ = FetchAsync(catalog, key, own);
        return new(reading!.WaitAsync(cancellationToken));
    }

    /// <summary>The entity tag of the answer that holds a table's file: out of the cache when it is there, else made from its name alone.</summary>
    public string Tag(Catalog catalog, string location, bool referencedSnapshotsOnly)
    {
        MetadataDocument? cached;
        lock (gate)
        {
            cached = Find(new(catalog.Partition, location, TableKind.Table));
        }

        return cached?.Tag(referencedSnapshotsOnly) ?? EntityTag.Of(location, referencedSnapshotsOnly);
    }

    /// <summary>Stored table metadata that is looked at once and not kept.</summary>
    /// <exception cref="CatalogException">When the file is damaged: 500, since no client can help, or of another <paramref name="damage"/>.</exception>
    internal static TableMetadata ParseTable(string location, ReadOnlyMemory<byte> stored, ErrorKind damage = ErrorKind.Internal)
    {
        try
        {
            return TableMetadata.Parse(MetadataLocation.Decode(stored, Limits.MaxMetadataBytes));
        }
        catch (CatalogException exception) when (exception.Kind == ErrorKind.BadRequest)
        {
            throw Damaged(location, exception, damage);
        }
    }

    /// <summary>Looks past the cache whether a file is there.</summary>
    /// <exception cref="CatalogException">404 <c>NotFoundException</c> when it is not.</exception>
    internal static async ValueTask RequireThereAsync(Catalog catalog, string location, CancellationToken cancellationToken)
    {
        await using var stream = await catalog.Files.OpenReadAsync(location, cancellationToken) ?? throw Missing(location);
    }

    /// <summary>Writes a new file. Its name is fresh, so a file that is there already means that this very write was repeated, or that an id is not unique.</summary>
    /// <exception cref="CatalogException">400 when it is larger than what is ever read again; 500 when it cannot be written.</exception>
    public static async ValueTask CreateAsync(Catalog catalog, MetadataDocument document, CancellationToken cancellationToken)
    {
        if (document.Length > Limits.MaxMetadataBytes)
        {
            throw CatalogException.BadRequest($"The metadata would be larger than the limit of {Limits.MaxMetadataBytes} bytes");
        }

        if (Measures.Current is { } measures)
        {
            measures.MetadataLocation = document.Location;
        }

        cancellationToken.ThrowIfCancellationRequested();

        // Compressed once, for the file and for every answer.
        var content = MetadataLocation.IsGzip(document.Location) ? document.Deflated.ToGzip(Crc32.HashToUInt32(document.Json.Span)) : document.Json;
        if (!await catalog.Files.CreateAsync(document.Location, content, cancellationToken))
        {
            throw new CatalogException(ErrorKind.Internal, $"A file is already at the fresh metadata location {document.Location}");
        }
    }

    /// <summary>Keeps a document that was just committed: the next load and the next commit will ask for it.</summary>
    public void Keep(Catalog catalog, MetadataDocument document) => Keep(new Key(catalog.Partition, document.Location, document.Kind), document);

    /// <summary>Deletes a file that certainly no pointer names. Failing to is no failure of the request: the file is garbage.</summary>
    public static async ValueTask DeleteQuietlyAsync(Catalog catalog, string location)
    {
        try
        {
            await catalog.Files.DeleteAsync(location, CancellationToken.None);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // Garbage stays until somebody sweeps it.
            CatalogMeter.Orphans.Add(1);
        }
    }

    private static async ValueTask<MetadataDocument> OfOwnAsync(ValueTask<MetadataDocument> reading, string location)
    {
        try
        {
            return await reading;
        }
        catch (CatalogException exception) when (exception.Kind == ErrorKind.BadRequest)
        {
            throw Damaged(location, exception);
        }
    }

    private static CatalogException Damaged(string location, CatalogException exception, ErrorKind damage = ErrorKind.Internal) =>
        new(damage, $"The metadata file {location} is damaged: {exception.Message}", exception);

    private static CatalogException Missing(string location) => new(ErrorKind.NotFound, $"Failed to open input stream for file: {location}");

    /// <summary>Waits for a file that somebody else reads. That there was no memory for it can be due to what that one held beside: then whoever waited tries for itself.</summary>
    private async ValueTask<MetadataDocument> WaitAsync(Catalog catalog, Key key, Task<MetadataDocument> reading, CancellationToken cancellationToken)
    {
        try
        {
            return await reading.WaitAsync(cancellationToken);
        }
        catch (CatalogException exception) when (MemoryBudget.IsRefusal(exception))
        {
            return await ReadForeignAsync(catalog, key.Location, key.Kind, cancellationToken);
        }
    }

    /// <summary>Reads a file for all who wait for it. It ends with the file, and not with the first of them who goes away.</summary>
    private async Task FetchAsync(Catalog catalog, Key key, TaskCompletionSource<MetadataDocument> reading)
    {
        try
        {
            var stored = await catalog.Files.ReadAsync(key.Location, CancellationToken.None) ?? throw Missing(key.Location);
            if (MetadataLocation.IsGzip(stored.Span))
            {
                Measures.Current?.Hold(MetadataLocation.DecodedLength(stored.Span, Limits.MaxMetadataBytes));
            }

            var document = MetadataDocument.Read(key.Location, MetadataLocation.Decode(stored, Limits.MaxMetadataBytes), key.Kind);
            Keep(key, document);
            End(key);
            reading.SetResult(document);
        }
        catch (Exception exception)
        {
            End(key);
            reading.SetException(exception);
            _ = reading.Task.Exception; // told to whoever waits, if anybody still does
        }
    }

    private void End(Key key)
    {
        lock (gate)
        {
            underWay.Remove(key);
        }
    }

    private MetadataDocument? Find(Key key)
    {
        if (!byLocation.TryGetValue(key, out var node))
        {
            return null;
        }

        if (byUse.First != node)
        {
            byUse.Remove(node);
            byUse.AddFirst(node);
        }

        return node.Value.Document;
    }

    private void Keep(Key key, MetadataDocument document)
    {
        if (capacity == 0)
        {
            return;
        }

        var kept = document.ToKeep(); // outside of the lock, since it may take long
        lock (gate)
        {
            if (byLocation.ContainsKey(key) || !IsAdmitted(key, kept.Size))
            {
                return;
            }

            var entry = new Entry(this, key, kept);
            entry.Node = byUse.AddFirst(entry);
            byLocation.Add(key, entry.Node);
            kept.Entry = entry;
            document.Entry = entry;
            Count(entry);
        }
    }

    private bool IsAdmitted(Key key, long bytes)
    {
        if (bytes <= capacity / LargeShare)
        {
            return true;
        }

        if (bytes > capacity)
        {
            return false;
        }

        if (seenOnce.Contains(key))
        {
            return true;
        }

        if (seenOnce.Count == MaxSeenOnce)
        {
            seenOnce.Dequeue();
        }

        seenOnce.Enqueue(key);
        return false;
    }

    /// <summary>Takes account of what an entry takes now, and makes room.</summary>
    private void Count(Entry entry)
    {
        var now = entry.Document.Size;
        size += now - entry.Counted;
        entry.Counted = now;
        while (size > capacity && byUse.Last is { } last)
        {
            byUse.RemoveLast();
            byLocation.Remove(last.Value.Key);
            last.Value.Node = null;
            size -= last.Value.Counted;
        }
    }

    /// <summary>What a document is found by.</summary>
    internal readonly record struct Key(string Partition, string Location, TableKind Kind);

    /// <summary>A document that is kept.</summary>
    internal sealed class Entry(MetadataFiles files, Key key, MetadataDocument document)
    {
        public Key Key { get; } = key;

        public MetadataDocument Document { get; } = document;

        /// <summary>Its place in the order of use; null when it has left.</summary>
        public LinkedListNode<Entry>? Node { get; set; }

        public long Counted { get; set; }

        /// <summary>Another form was made.</summary>
        public void Grow()
        {
            lock (files.gate)
            {
                if (Node is not null)
                {
                    files.Count(this);
                }
            }
        }
    }
}
