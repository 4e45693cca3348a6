using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Frazil.Api.Tests.Files;
using Frazil.Entities;
using Frazil.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Frazil.Api.Tests;

/// <summary>Answers of metadata that is kept deflated, where there is no memory left for anything: what they answer may have been done already.</summary>
public sealed class PackedAnswerTests : CatalogTests
{
    private const string Location = "memory://lake/t/metadata/1.metadata.json";

    private static readonly JsonSerializerOptions AsItIs = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Theory]
    [InlineData("gzip")]
    [InlineData("identity")]
    public async Task It_is_sent_without_memory_for_the_text(string encoding)
    {
        var json = MetadataDocumentTests.Json(20_000);
        var document = await PackAsync(json);
        var measures = Measures.Begin(new MemoryBudget(1));
        var http = new DefaultHttpContext();
        http.Request.Headers.AcceptEncoding = encoding;
        var sent = new MemoryStream();
        http.Response.Body = sent;

        await Answer.Spliced(document, "}"u8.ToArray()).SendAsync(http);

        measures.Release();
        Assert.Equal(sent.Length, http.Response.ContentLength);
        sent.Position = 0;
        using var text = new MemoryStream();
        await (encoding == "gzip" ? new GZipStream(sent, CompressionMode.Decompress) : (Stream)sent).CopyToAsync(text);
        Assert.Equal([.. document.Opening.Span, .. json, (byte)'}'], text.ToArray());
    }

    [Fact]
    public async Task Whether_a_host_carries_it_is_found_out_without_memory_for_the_text()
    {
        // Characters of every length, at every place of what is counted at once.
        var text = string.Concat(Enumerable.Range(0, 40_000).Select(i => "a\"\\é✓🧊"[..(i % 6)] + "🧊"));
        var properties = $"\"properties\":{JsonSerializer.Serialize(new Dictionary<string, string> { ["k"] = text }, AsItIs)}";
        var json = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(MetadataDocumentTests.Json(20_000)).Replace("\"properties\":{}", properties, StringComparison.Ordinal));
        var document = await PackAsync(json);
        var whole = Encoding.UTF8.GetString([.. document.Opening.Span, .. json, (byte)'}']);
        var size = JsonEncodedText.Encode(whole, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes.Length;
        var measures = Measures.Begin(new MemoryBudget(1));

        Assert.Equal(200, await StatusAsync(size));
        Assert.Equal(500, await StatusAsync(size - 1));
        measures.Release();

        async Task<int> StatusAsync(long limit)
        {
            var http = new DefaultHttpContext();
            http.Features.Set(new AnswerLimit("test", limit));
            return (await Answer.Spliced(document, "}"u8.ToArray()).WithinAsync(http, isApplied: true)).Status;
        }
    }

    [Fact]
    public async Task An_answer_that_cannot_be_sent_is_logged_and_counted_and_the_host_breaks_it_off()
    {
        var http = new DefaultHttpContext();
        http.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(new BrokenStream()));
        http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget = "/v1/config";
        http.Request.Method = "GET";
        var log = new LogLines();
        using var factory = LoggerFactory.Create(builder => builder.AddProvider(log));

        await Assert.ThrowsAsync<IOException>(() => new FrazilPipeline(Server.Operations, factory.CreateLogger<FrazilPipeline>()).InvokeAsync(http));

        Assert.Contains(log.All, line => line.Contains("getConfig", StringComparison.Ordinal) && line.Contains("failed", StringComparison.Ordinal));
        Assert.Contains(log.All, line => line.Contains("getConfig", StringComparison.Ordinal) && line.Contains("could not be sent", StringComparison.Ordinal));
    }

    /// <summary>A large document as the cache has it, after the collector came by.</summary>
    private static async Task<MetadataDocument> PackAsync(byte[] json)
    {
        var catalog = new Catalog(
            new CatalogEntity { Id = Guid.NewGuid(), Name = "c", Storage = new StorageProfile { Type = StorageType.Memory, BaseLocation = "memory://lake" }, CreatedAt = DateTimeOffset.UnixEpoch },
            new InMemoryObjectStore("memory://lake"));
        var cache = new MetadataFiles(64 * 1024 * 1024);
        Keep(cache, catalog, json);
        var document = await cache.ReadAsync(catalog, Location, TableKind.Table, default);
        for (var i = 0; document.Unpacked is not null; i++)
        {
            Assert.True(i < 100, "somebody keeps the text");
            await Task.Yield();
            GC.Collect();
        }

        return document;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Keep(MetadataFiles cache, Catalog catalog, byte[] json) => cache.Keep(catalog, new MetadataDocument(Location, json.ToArray()));

    private sealed class BrokenStream : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => throw new IOException("broken");

        public override Task FlushAsync(CancellationToken cancellationToken) => throw new IOException("broken");
    }
}
