using System.Diagnostics;
using System.Globalization;
using Frazil.Entities;
using Frazil.Iceberg.Manifests;
using Frazil.Storage;

namespace Frazil.Api.Tests;

/// <summary>Memory is measured, so nothing else may run beside it.</summary>
[CollectionDefinition(nameof(LargePurgeTests), DisableParallelization = true)]
public sealed class LargePurgeCollection;

/// <summary>The purge of a table with very many files, in a storage that makes up its manifests as they are read and only counts what is deleted.</summary>
[Collection(nameof(LargePurgeTests))]
public sealed class LargePurgeTests(Xunit.Abstractions.ITestOutputHelper output)
{
    private const int EntriesOfManifest = 10_000;

    /// <summary>Bytes that a purge may hold at once, however many files the table has. A path has about 150 bytes in memory: 10^5 of them would not fit, let alone 10^6.</summary>
    private const long MaxLiveBytes = 8 << 20;

    /// <summary>100,000 files, or as many as <c>FRAZIL_PURGE_FILES</c> says; docs/operations.md has the figure of 1,000,000.</summary>
    [Fact]
    public async Task A_table_of_very_many_files_is_purged_in_bounded_memory()
    {
        var count = int.Parse(Environment.GetEnvironmentVariable("FRAZIL_PURGE_FILES") ?? "100000", CultureInfo.InvariantCulture);
        var world = new LargeWorld(count / EntriesOfManifest);
        await using var server = await world.StartAsync();
        var catalog = await server.OpenAsync("default");
        (await catalog.CreateNamespaceAsync("ns")).Ok();
        (await catalog.CreateTableAsync("ns", "large", $$""","location":"{{LargeObjectStore.Table}}" """)).Ok();
        (await catalog.CommitAsync("ns", "large", "", Sample.Append(1, 1, LargeObjectStore.Table))).Ok();
        (await catalog.DeleteAsync("/namespaces/ns/tables/large?purgeRequested=true&force=true")).NoContent();

        // Without the seam, which remembers every call.
        var operations = new Operations(world.Store, _ => world.Large, new FrazilOptions(), world.Clock, new IdSource());
        world.Large.BeginToMeasure();
        var watch = Stopwatch.StartNew();

        var result = await operations.Jobs.RunAsync(JobList.Purge, TimeSpan.FromHours(1), CancellationToken.None);

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{count} files: {watch.Elapsed.TotalSeconds:F1} s, at most {world.Large.PeakBytes / 1024.0 / 1024:F2} MiB more live than before"));
        Assert.Equal(1, result.Done);
        Assert.Equal(count, world.Large.DataFilesDeleted);
        Assert.Equal(count + (count / EntriesOfManifest) + 3, result.FilesDeleted);
        Assert.True(world.Large.Samples >= count / EntriesOfManifest, $"{world.Large.Samples} samples");
        Assert.True(world.Large.PeakBytes < MaxLiveBytes, $"{world.Large.PeakBytes} bytes");
        Assert.Equal(0, world.Large.OpenWhileDeleting);
    }

    [Fact]
    public async Task Nothing_is_read_from_while_files_are_deleted_however_many_manifests_there_are()
    {
        const int Manifests = (2 * 4096) + 1; // three pieces of them
        var large = new LargeObjectStore(Manifests, entriesOfBlock: 2, blocksOfManifest: 1);
        var world = new LargeWorld(large);
        await using var server = await world.StartAsync();
        var catalog = await server.OpenAsync("default");
        (await catalog.CreateNamespaceAsync("ns")).Ok();
        (await catalog.CreateTableAsync("ns", "large", $$""","location":"{{LargeObjectStore.Table}}" """)).Ok();
        (await catalog.CommitAsync("ns", "large", "", Sample.Append(1, 1, LargeObjectStore.Table))).Ok();
        (await catalog.DeleteAsync("/namespaces/ns/tables/large?purgeRequested=true&force=true")).NoContent();
        var operations = new Operations(world.Store, _ => large, new FrazilOptions(), world.Clock, new IdSource());

        Assert.Equal(1, (await operations.Jobs.RunAsync(JobList.Purge, TimeSpan.FromHours(1), CancellationToken.None)).Done);

        Assert.Equal(2L * Manifests, large.DataFilesDeleted);
        Assert.Equal(0, large.OpenWhileDeleting);
    }

    [Fact]
    public async Task A_large_manifest_is_not_read_again_and_again()
    {
        const int Blocks = 200;
        var large = new LargeObjectStore(manifests: 1, entriesOfBlock: 500, Blocks);
        var world = new LargeWorld(large);
        await using var server = await world.StartAsync();
        var catalog = await server.OpenAsync("default");
        (await catalog.CreateNamespaceAsync("ns")).Ok();
        (await catalog.CreateTableAsync("ns", "large", $$""","location":"{{LargeObjectStore.Table}}" """)).Ok();
        (await catalog.CommitAsync("ns", "large", "", Sample.Append(1, 1, LargeObjectStore.Table))).Ok();
        (await catalog.DeleteAsync("/namespaces/ns/tables/large?purgeRequested=true&force=true")).NoContent();
        var operations = new Operations(world.Store, _ => large, new FrazilOptions(), world.Clock, new IdSource());

        Assert.Equal(1, (await operations.Jobs.RunAsync(JobList.Purge, TimeSpan.FromHours(1), CancellationToken.None)).Done);

        Assert.Equal(Blocks * 500, large.DataFilesDeleted);
        Assert.True(large.BlocksRead < 3 * Blocks, $"{large.BlocksRead} blocks read of {Blocks}");
        Assert.Equal(0, large.OpenWhileDeleting);
    }
}

/// <summary>A world with one table that has very many files.</summary>
internal sealed class LargeWorld : World
{
    public LargeWorld(int manifests)
        : this(new LargeObjectStore(manifests))
    {
    }

    public LargeWorld(LargeObjectStore large)
        : base(static clock => new InMemoryKeyValueStore(clock), large, StorageType.Memory, "memory://warehouse") => Large = large;

    public LargeObjectStore Large { get; }

    public override World Another() => new LargeWorld(Large.Manifests);
}

/// <summary>Makes up manifests as they are read, counts deletions, and looks how much memory is in use at every five thousandth.</summary>
internal sealed class LargeObjectStore(int manifests, int entriesOfBlock = 500, int blocksOfManifest = 20) : IObjectStore
{
    public const string Table = "memory://warehouse/default/large";

    public int Manifests => manifests;

    private const int SampleEvery = 5_000;

    private readonly InMemoryObjectStore inner = new("memory://warehouse/");
    private long before;
    private long deleted;
    private long peak;
    private int open;
    private int openWhileDeleting;

    public long DataFilesDeleted => deleted;

    /// <summary>Streams that were open when a file was deleted, at most.</summary>
    public int OpenWhileDeleting => openWhileDeleting;

    /// <summary>Blocks of manifests that were read.</summary>
    public int BlocksRead { get; private set; }

    public long PeakBytes => peak;

    public int Samples { get; private set; }

    public void BeginToMeasure() => before = GC.GetTotalMemory(forceFullCollection: true);

    public ValueTask<ReadOnlyMemory<byte>?> ReadAsync(string location, CancellationToken cancellationToken) => inner.ReadAsync(location, cancellationToken);

    public ValueTask<bool> CreateAsync(string location, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => inner.CreateAsync(location, content, cancellationToken);

    public IAsyncEnumerable<string> ListAsync(string folder, CancellationToken cancellationToken) => inner.ListAsync(folder, cancellationToken);

    public ValueTask<Stream?> OpenReadAsync(string location, CancellationToken cancellationToken)
    {
        if (location == $"{Table}/metadata/snap-1.avro")
        {
            var paths = Enumerable.Range(0, manifests).Select(number => AvroSchemas.ListEntry($"{Table}/metadata/{Text(number)}.avro"));
            return new(Open([AvroBytes.File(AvroSchemas.List(), manifests, [.. paths])]));
        }

        return new(Open(Manifest(Path.GetFileNameWithoutExtension(location))));
    }

    private PiecesStream Open(IEnumerable<byte[]> pieces)
    {
        Interlocked.Increment(ref open);
        return new PiecesStream(pieces, () => Interlocked.Decrement(ref open));
    }

    public ValueTask DeleteAsync(string location, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref open) is > 0 and var count)
        {
            openWhileDeleting = Math.Max(openWhileDeleting, count);
        }

        if (!location.StartsWith($"{Table}/data/", StringComparison.Ordinal))
        {
            return inner.DeleteAsync(location, cancellationToken);
        }

        if (Interlocked.Increment(ref deleted) % SampleEvery == 0)
        {
            Samples++;
            peak = Math.Max(peak, GC.GetTotalMemory(forceFullCollection: true) - before);
        }

        return default;
    }

    private IEnumerable<byte[]> Manifest(string number)
    {
        yield return AvroBytes.Header(AvroSchemas.Manifest());
        for (var block = 0; block < blocksOfManifest; block++)
        {
            BlocksRead++;
            var entries = Enumerable.Range(block * entriesOfBlock, entriesOfBlock)
                .SelectMany(entry => AvroSchemas.ManifestEntry(path: $"{Table}/data/{number}/{Text(entry)}-0b3f7c1e-5d0e-4a36-8a55-3ce8f1a2b9d4.parquet"));
            yield return AvroBytes.Block(entriesOfBlock, [.. entries]);
        }
    }

    private static string Text(int number) => number.ToString("D8", CultureInfo.InvariantCulture);
}

/// <summary>Reads what is made piece by piece.</summary>
internal sealed class PiecesStream(IEnumerable<byte[]> pieces, Action closed) : Stream
{
    private readonly IEnumerator<byte[]> rest = pieces.GetEnumerator();
    private ReadOnlyMemory<byte> piece;
    private bool isClosed;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        while (piece.IsEmpty)
        {
            if (!rest.MoveNext())
            {
                return 0;
            }

            piece = rest.Current;
        }

        var length = Math.Min(buffer.Length, piece.Length);
        piece.Span[..length].CopyTo(buffer);
        piece = piece[length..];
        return length;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing && !isClosed)
        {
            isClosed = true;
            closed();
        }

        rest.Dispose();
        base.Dispose(disposing);
    }
}
