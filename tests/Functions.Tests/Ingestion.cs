using System.Collections.Concurrent;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Frazil.Functions.Tests;

/// <summary>Where Application Insights takes telemetry, on this machine.</summary>
public sealed class Ingestion : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly WebApplication app;
    private readonly ConcurrentQueue<JsonElement> items = new();
    private readonly SemaphoreSlim arrived = new(0);

    private Ingestion(WebApplication app) => this.app = app;

    /// <summary>What an app's <c>APPLICATIONINSIGHTS_CONNECTION_STRING</c> says for it.</summary>
    public string ConnectionString => $"InstrumentationKey=11111111-2222-3333-4444-555555555555;IngestionEndpoint={app.Urls.Single()}/;LiveEndpoint={app.Urls.Single()}/";

    /// <summary>Everything that was sent so far, as sent.</summary>
    public string Text => string.Join('\n', items.Select(item => item.GetRawText()));

    public static async Task<Ingestion> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var ingestion = new Ingestion(builder.Build());
        ingestion.app.Run(ingestion.TakeAsync);
        await ingestion.app.StartAsync();
        return ingestion;
    }

    /// <summary>The data of one kind: <c>RequestData</c>, <c>RemoteDependencyData</c>, <c>MessageData</c> or <c>MetricData</c>.</summary>
    public IReadOnlyList<JsonElement> Of(string kind) =>
        [.. items.Where(item => item.GetProperty("data").GetProperty("baseType").GetString() == kind).Select(item => item.GetProperty("data").GetProperty("baseData"))];

    /// <summary>The same, of one trace.</summary>
    public IReadOnlyList<JsonElement> In(string trace, string kind) =>
        [.. items.Where(item => item.GetProperty("data").GetProperty("baseType").GetString() == kind && item.GetProperty("tags").TryGetProperty("ai.operation.id", out var id) && id.GetString() == trace)
            .Select(item => item.GetProperty("data").GetProperty("baseData"))];

    /// <summary>Waits until what was sent satisfies.</summary>
    public async Task UntilAsync(Func<Ingestion, bool> isEnough)
    {
        while (!isEnough(this))
        {
            Assert.True(await arrived.WaitAsync(Patience), $"Nothing more came: {Text}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        arrived.Dispose();
    }

    private async Task TakeAsync(HttpContext http)
    {
        if (!http.Request.Path.Value!.EndsWith("/track", StringComparison.Ordinal))
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound; // live metrics and the like
            return;
        }

        using var body = new MemoryStream();
        await using (var plain = http.Request.Headers.ContentEncoding == "gzip" ? new GZipStream(http.Request.Body, CompressionMode.Decompress) : http.Request.Body)
        {
            await plain.CopyToAsync(body);
        }

        var lines = Encoding.UTF8.GetString(body.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (var line in lines)
        {
            items.Enqueue(JsonSerializer.Deserialize<JsonElement>(line));
        }

        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync($$"""{"itemsReceived":{{lines.Length}},"itemsAccepted":{{lines.Length}},"errors":[]}""");
        arrived.Release();
    }
}
