using System.Text;
using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil.Api.Tests.Files;

/// <summary>What the cache of metadata files keeps, and how it comes to it.</summary>
public sealed class MetadataCacheTests
{
    private const string Base = "memory://lake";
    private const int MegaByte = 1024 * 1024;

    private readonly HeldFiles files = new();
    private readonly Catalog catalog;

    public MetadataCacheTests() => catalog = new Catalog(
        new CatalogEntity { Id = Guid.NewGuid(), Name = "c", Storage = new StorageProfile { Type = StorageType.Memory, BaseLocation = Base }, CreatedAt = DateTimeOffset.UnixEpoch }, files);

    [Fact]
    public async Task A_file_that_many_ask_for_at_once_is_read_once()
    {
        var location = await WriteAsync("t", MetadataDocumentTests.Json(3));
        var cache = new MetadataFiles(MegaByte);
        files.Hold();

        var asked = Enumerable.Range(0, 20).Select(_ => cache.ReadAsync(catalog, location, TableKind.Table, default).AsTask()).ToArray();
        files.LetGo();

        Assert.Single((await Task.WhenAll(asked)).Distinct());
        Assert.Equal(1, files.Reads);
        Assert.Equal((20L, 0L), (cache.Misses, cache.Hits));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(MetadataDocument.MinPackedBytes)] // kept deflated
    public async Task What_a_file_without_uuid_shows_is_made_once_and_counted(int padding)
    {
        const string Uuid = "0e7f6a3c-51a4-4c0a-9c0e-2f5f6f1c7a11";
        var location = await WriteAsync("t", Encoding.UTF8.GetBytes($$"""
            {"format-version":1,"location":"{{Base}}/t","last-updated-ms":1,"last-column-id":1,"schema":{"type":"struct","fields":[{"id":1,"name":"x","required":false,"type":"long"}]},"partition-spec":[],"properties":{"p":"{{new string('p', padding)}}"} }
            """));
        var cache = new MetadataFiles(16 * MegaByte);
        var first = (await cache.ReadAsync(catalog, location, TableKind.Table, default)).WithUuid(Uuid);
        var bytes = cache.CachedBytes;

        var second = (await cache.ReadAsync(catalog, location, TableKind.Table, default)).WithUuid(Uuid);
        _ = second.Deflated;
        _ = second.Opening;

        Assert.Same((await cache.ReadAsync(catalog, location, TableKind.Table, default)).WithUuid(Uuid), second);
        Assert.Equal(Uuid, second.ToTable().Uuid);
        Assert.Equal(first.Json.ToArray(), second.Json.ToArray());
        Assert.True(cache.CachedBytes > bytes, $"{bytes}, then {cache.CachedBytes}");
        Assert.Equal(1, files.Reads);
        var other = Guid.NewGuid().ToString();
        Assert.Equal(other, (await cache.ReadAsync(catalog, location, TableKind.Table, default)).WithUuid(other).ToTable().Uuid);
    }

    [Fact]
    public async Task Whoever_goes_away_takes_the_file_from_nobody()
    {
        var location = await WriteAsync("t", MetadataDocumentTests.Json(3));
        var cache = new MetadataFiles(MegaByte);
        using var gone = new CancellationTokenSource();
        files.Hold();
        var first = cache.ReadAsync(catalog, location, TableKind.Table, gone.Token).AsTask();
        var second = cache.ReadAsync(catalog, location, TableKind.Table, default).AsTask();

        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        files.LetGo();

        Assert.Equal(location, (await second).Location);
        Assert.Equal(1, files.Reads);
    }

    [Fact]
    public async Task A_failure_is_told_to_all_who_waited_and_to_nobody_after_them()
    {
        var location = $"{Base}/t/metadata/1.metadata.json";
        var cache = new MetadataFiles(MegaByte);
        files.Hold();
        var asked = Enumerable.Range(0, 3).Select(_ => cache.ReadAsync(catalog, location, TableKind.Table, default).AsTask()).ToArray();
        files.LetGo();
        foreach (var one in asked)
        {
            Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<CatalogException>(() => one)).Kind);
        }

        await WriteAsync("t", MetadataDocumentTests.Json(3));

        Assert.Equal(location, (await cache.ReadAsync(catalog, location, TableKind.Table, default)).Location);
    }

    [Fact]
    public async Task What_is_larger_than_an_eighth_is_kept_when_it_is_asked_for_again()
    {
        var cache = new MetadataFiles(MegaByte);
        var small = await WriteAsync("small", Text(100_000));
        var large = await WriteAsync("large", Text(140_000));
        var huge = await WriteAsync("huge", Text(MegaByte - 100));

        Assert.Equal([1, 1, 1], await ReadsAsync(small));
        Assert.Equal([1, 2, 2], await ReadsAsync(large));
        Assert.Equal([1, 2, 3], await ReadsAsync(huge));

        async Task<List<int>> ReadsAsync(string location)
        {
            List<int> reads = [];
            var before = files.Reads;
            for (var i = 0; i < 3; i++)
            {
                await cache.ReadAsync(catalog, location, TableKind.Table, default);
                reads.Add(files.Reads - before);
            }

            return reads;
        }
    }

    [Fact]
    public async Task Of_a_large_file_only_the_deflated_form_is_kept()
    {
        var cache = new MetadataFiles(64 * MegaByte);
        var json = MetadataDocumentTests.Json(20_000);
        var location = await WriteAsync("t", json);
        Assert.True(json.Length > MetadataDocument.MinPackedBytes);

        await cache.ReadAsync(catalog, location, TableKind.Table, default);
        var kept = await cache.ReadAsync(catalog, location, TableKind.Table, default);

        Assert.True(cache.CachedBytes < json.Length / 4, $"{cache.CachedBytes} of {json.Length}");
        Assert.Equal(json.Length, kept.Length);
        Assert.Equal(json, kept.Json.ToArray());
        Assert.Equal(json, kept.Deflated.ToText());
        Assert.Equal(20_000, kept.ToTable().Snapshots.Count);
        Assert.Single((await kept.ReferencedAsync(default)).ToTable().Snapshots);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public async Task The_form_with_referenced_snapshots_of_a_large_file_is_not_kept_as_text_either(int snapshots, bool isWhole)
    {
        var cache = new MetadataFiles(64 * MegaByte);
        var json = System.Text.Encoding.UTF8.GetBytes(System.Text.Encoding.UTF8.GetString(MetadataDocumentTests.Json(snapshots))
            .Replace("\"properties\":{}", $"\"properties\":{{\"large\":\"{new string('x', 2 * MegaByte)}\"}}", StringComparison.Ordinal));
        var read = await cache.ReadAsync(catalog, await WriteAsync("t", json), TableKind.Table, default);
        var kept = await cache.ReadAsync(catalog, read.Location, TableKind.Table, default);
        Assert.NotSame(read, kept);

        var first = await read.ReferencedAsync(default);
        var second = await kept.ReferencedAsync(default);

        Assert.Equal(isWhole, first == read);
        Assert.Equal(isWhole, second == kept);
        Assert.Single(second.ToTable().Snapshots);
        Assert.True(cache.CachedBytes < json.Length / 4, $"{cache.CachedBytes} of {json.Length}");
    }

    [Fact]
    public async Task That_there_was_no_memory_is_told_to_whoever_had_none_and_the_next_reads_the_file()
    {
        var document = new MetadataDocument($"{Base}/t/metadata/1.gz.metadata.json", MetadataDocumentTests.Json(100));
        await MetadataFiles.CreateAsync(new Catalog(catalog.Entity, files), document, default);
        var cache = new MetadataFiles(MegaByte);
        files.Hold();

        var refused = Enumerable.Range(0, 3).Select(_ => AskAsync(1)).ToArray();
        var served = Enumerable.Range(0, 3).Select(_ => AskAsync(MegaByte)).ToArray();
        files.LetGo();

        Assert.Equal(ErrorKind.PayloadTooLarge, (await Assert.ThrowsAsync<CatalogException>(() => refused[0])).Kind);
        Assert.All(await Task.WhenAll(served), one => Assert.Equal(document.Length, one.Length));
        Assert.InRange(files.Reads, 2, 4);

        async Task<MetadataDocument> AskAsync(long memory)
        {
            Measures.Begin(new MemoryBudget(memory));
            return await cache.ReadAsync(catalog, document.Location, TableKind.Table, default);
        }
    }

    [Fact]
    public async Task The_cache_counts_every_form_when_it_is_made_and_never_holds_more_than_it_may()
    {
        var cache = new MetadataFiles(MegaByte);
        var location = await WriteAsync("t", MetadataDocumentTests.Json(500));
        var document = await cache.ReadAsync(catalog, location, TableKind.Table, default);
        var size = cache.CachedBytes;
        Assert.InRange(size, document.Length + (2 * location.Length) + 1, document.Length + 2048);

        _ = document.Deflated;
        Assert.Equal(size += document.Deflated.Size, cache.CachedBytes);
        var referenced = await document.ReferencedAsync(default);
        Assert.Equal(size += referenced.Size, cache.CachedBytes);
        _ = referenced.Deflated;
        Assert.Equal(size += referenced.Deflated.Size, cache.CachedBytes);
        _ = document.Opening;
        Assert.Equal(size + document.Opening.Length, cache.CachedBytes);

        for (var i = 0; i < 1000; i++)
        {
            cache.Keep(catalog, new MetadataDocument($"{Base}/{i}/metadata/1.metadata.json", Text(1000 + i)));
            Assert.InRange(cache.CachedBytes, 1, MegaByte);
        }

        var full = cache.CachedBytes;
        _ = await document.ChecksumAsync(default);
        Assert.Equal(full, cache.CachedBytes); // it has left long ago
    }

    [Fact]
    public async Task A_load_serves_what_is_kept_although_the_file_is_gone_and_a_new_process_says_that_it_is()
    {
        var location = await WriteAsync("t", MetadataDocumentTests.Json(3));
        var cache = new MetadataFiles(MegaByte);
        await cache.ReadAsync(catalog, location, TableKind.Table, default);
        await files.DeleteAsync(location, default);

        Assert.Equal(location, (await cache.ReadAsync(catalog, location, TableKind.Table, default)).Location);
        Assert.Equal(
            ErrorKind.NotFound, (await Assert.ThrowsAsync<CatalogException>(() => new MetadataFiles(MegaByte).ReadAsync(catalog, location, TableKind.Table, default).AsTask())).Kind);
    }

    /// <summary>Metadata of about so many bytes.</summary>
    private static byte[] Text(int length) => [.. MetadataDocumentTests.Json(1), .. Enumerable.Repeat((byte)' ', length - 900)];

    private async Task<string> WriteAsync(string table, byte[] json)
    {
        var location = $"{Base}/{table}/metadata/1.metadata.json";
        Assert.True(await files.CreateAsync(location, json, default));
        return location;
    }

    /// <summary>Files whose reads can be held back.</summary>
    private sealed class HeldFiles : IObjectStore
    {
        private readonly InMemoryObjectStore inner = new(Base);
        private TaskCompletionSource? held;
        private int reads;

        public int Reads => reads;

        public void Hold() => held = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void LetGo() => held!.SetResult();

        public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(string location, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref reads);
            await (held?.Task ?? Task.CompletedTask).WaitAsync(cancellationToken);
            return await inner.ReadAsync(location, cancellationToken);
        }

        public ValueTask<Stream?> OpenReadAsync(string location, CancellationToken cancellationToken) => inner.OpenReadAsync(location, cancellationToken);

        public ValueTask<bool> CreateAsync(string location, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => inner.CreateAsync(location, content, cancellationToken);

        public ValueTask DeleteAsync(string location, CancellationToken cancellationToken) => inner.DeleteAsync(location, cancellationToken);

        public IAsyncEnumerable<string> ListAsync(string folder, CancellationToken cancellationToken) => inner.ListAsync(folder, cancellationToken);
    }
}
