using Frazil.Iceberg;

namespace Frazil;

/// <summary>
/// Metadata files: read by location through a byte-bounded cache (a file never changes, so the cache cannot be stale), written once under fresh names.
/// </summary>
/// <param name="capacity">Bytes that the cache may hold; what is used least recently leaves first. 0 to cache nothing.</param>
public sealed class MetadataFiles(long capacity)
{
    private readonly Dictionary<(string Catalog, string Location), LinkedListNode<Entry>> byLocation = [];
    private readonly LinkedList<Entry> byUse = new();
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

    /// <summary>How often it had to be read.</summary>
    public long Misses => Interlocked.Read(ref misses);

    /// <summary>The document at a location.</summary>
    /// <exception cref="CatalogException">404 <c>NotFoundException</c> when there is no such file; 400 when it is no readable file.</exception>
    public async ValueTask<MetadataDocument> ReadAsync(Catalog catalog, string location, CancellationToken cancellationToken)
    {
        var key = (catalog.Partition, location);

        // Outside of the lock: asking the file system takes longer than everything else here.
        if (Find(key) is { } cached && catalog.Files.ExistsNearby(location) is not false)
        {
            Interlocked.Increment(ref hits);
            CatalogMeter.MetadataCache.Add(1, CatalogMeter.Result("hit"));
            return cached;
        }

        Interlocked.Increment(ref misses);
        CatalogMeter.MetadataCache.Add(1, CatalogMeter.Result("miss"));
        var stored = await catalog.Files.ReadAsync(location, cancellationToken)
            ?? throw Missing(location);
        if (MetadataLocation.IsGzip(stored.Span))
        {
            Measures.Current?.Hold(MetadataLocation.DecodedLength(stored.Span, Limits.MaxMetadataBytes));
        }

        var document = new MetadataDocument(location, MetadataLocation.Decode(stored, Limits.MaxMetadataBytes));
        Keep(key, document);
        return document;
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
        if (document.Json.Length > Limits.MaxMetadataBytes)
        {
            throw CatalogException.BadRequest($"The metadata would be larger than the limit of {Limits.MaxMetadataBytes} bytes");
        }

        if (Measures.Current is { } measures)
        {
            measures.MetadataLocation = document.Location;
        }

        cancellationToken.ThrowIfCancellationRequested();
        var content = MetadataLocation.IsGzip(document.Location) ? MetadataLocation.Encode(document.Json) : document.Json;
        if (!await catalog.Files.CreateAsync(document.Location, content, cancellationToken))
        {
            throw new CatalogException(ErrorKind.Internal, $"A file is already at the fresh metadata location {document.Location}");
        }
    }

    /// <summary>Keeps a document that was just committed: the next load and the next commit will ask for it.</summary>
    public void Keep(Catalog catalog, MetadataDocument document)
    {
        document.Forget();
        Keep((catalog.Partition, document.Location), document);
    }

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

    private static CatalogException Missing(string location) => new(ErrorKind.NotFound, $"Failed to open input stream for file: {location}");

    private MetadataDocument? Find((string, string) key)
    {
        lock (gate)
        {
            if (!byLocation.TryGetValue(key, out var node))
            {
                return null;
            }

            byUse.Remove(node);
            byUse.AddFirst(node);
            Measure(node.Value);
            return node.Value.Document;
        }
    }

    private void Keep((string, string) key, MetadataDocument document)
    {
        lock (gate)
        {
            if (document.Size > capacity || byLocation.ContainsKey(key))
            {
                return;
            }

            var node = byUse.AddFirst(new Entry(key, document));
            byLocation.Add(key, node);
            Measure(node.Value);
        }
    }

    /// <summary>Takes account of forms that were made since, and makes room.</summary>
    private void Measure(Entry entry)
    {
        var now = entry.Document.Size;
        size += now - entry.Counted;
        entry.Counted = now;
        while (size > capacity && byUse.Last is { } last)
        {
            byUse.RemoveLast();
            byLocation.Remove(last.Value.Key);
            size -= last.Value.Counted;
        }
    }

    private sealed class Entry((string, string) key, MetadataDocument document)
    {
        public (string, string) Key { get; } = key;

        public MetadataDocument Document { get; } = document;

        public long Counted { get; set; }
    }
}
