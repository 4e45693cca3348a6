using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Frazil.Hosts.Tests;

/// <summary>A span as a collector sees it.</summary>
public sealed record Span(string TraceId, string Id, string ParentId, string Name, ulong Kind, IReadOnlyDictionary<string, string> Tags);

/// <summary>A collector of OTLP over HTTP: takes what is sent, and reads of it what tests ask for.</summary>
public sealed class Collector : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly WebApplication app;
    private readonly ConcurrentQueue<(string Path, byte[] Body)> received = new();
    private readonly SemaphoreSlim arrived = new(0);

    private Collector(WebApplication app) => this.app = app;

    /// <summary>Where it listens.</summary>
    public string Url => app.Urls.Single();

    /// <summary>Everything that came, as it came.</summary>
    public IReadOnlyList<(string Path, byte[] Body)> Received => [.. received];

    /// <summary>Every span so far.</summary>
    public IReadOnlyList<Span> Spans =>
        [.. from message in received where message.Path == "/v1/traces"
            from resource in Many(message.Body, 1)
            from scope in Many(resource, 2)
            from span in Many(scope, 2)
            select ReadSpan(span)];

    /// <summary>The names of every metric so far.</summary>
    public IReadOnlyCollection<string> Metrics =>
        [.. (from message in received where message.Path == "/v1/metrics"
             from resource in Many(message.Body, 1)
             from scope in Many(resource, 2)
             from metric in Many(scope, 2)
             select Text(metric, 1)).Distinct()];

    /// <summary>The attributes of what sent the metrics and spans.</summary>
    public IReadOnlyDictionary<string, string> Resource =>
        (from message in received
         from resource in Many(message.Body, 1)
         from description in Many(resource, 1)
         select Tags(description, 1)).First();

    public static async Task<Collector> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var collector = new Collector(builder.Build());
        collector.app.Run(collector.TakeAsync);
        await collector.app.StartAsync();
        return collector;
    }

    /// <summary>Waits until what has come satisfies.</summary>
    public async Task UntilAsync(Func<Collector, bool> isEnough)
    {
        while (!isEnough(this))
        {
            Assert.True(await arrived.WaitAsync(Patience), $"Nothing more came; there are {string.Join(", ", received.Select(message => message.Path).Distinct())}.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        arrived.Dispose();
    }

    private async Task TakeAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        Assert.Equal("application/x-protobuf", http.Request.ContentType);
        received.Enqueue((http.Request.Path, body.ToArray()));
        arrived.Release();
    }

    private static Span ReadSpan(ReadOnlyMemory<byte> span) => new(
        Hex(span, 1), Hex(span, 2), Hex(span, 4), Text(span, 5), Fields(span).Single(field => field.Number == 6).Value, Tags(span, 9));

    /// <summary>Attributes whose values are texts or whole numbers.</summary>
    private static Dictionary<string, string> Tags(ReadOnlyMemory<byte> message, int number) => Many(message, number).ToDictionary(
        tag => Text(tag, 1),
        tag => Fields(Many(tag, 2).Single()).Select(value => value.Number == 1 ? Encoding.UTF8.GetString(value.Bytes.Span) : value.Value.ToString(System.Globalization.CultureInfo.InvariantCulture)).Single());

    private static string Text(ReadOnlyMemory<byte> message, int number) => Encoding.UTF8.GetString(Many(message, number).Single().Span);

    private static string Hex(ReadOnlyMemory<byte> message, int number) => Convert.ToHexStringLower(Many(message, number).SingleOrDefault().Span);

    private static IEnumerable<ReadOnlyMemory<byte>> Many(ReadOnlyMemory<byte> message, int number) => Fields(message).Where(field => field.Number == number).Select(field => field.Bytes);

    /// <summary>The fields of a protobuf message, whatever it is.</summary>
    private static List<(int Number, ulong Value, ReadOnlyMemory<byte> Bytes)> Fields(ReadOnlyMemory<byte> message)
    {
        List<(int, ulong, ReadOnlyMemory<byte>)> fields = [];
        for (var at = 0; at < message.Length;)
        {
            var key = Varint(message.Span, ref at);
            var length = (key & 7) switch
            {
                0 => 0,
                1 => 8,
                2 => (int)Varint(message.Span, ref at),
                5 => 4,
                var type => throw new InvalidDataException($"no such wire type: {type}"),
            };
            var value = (key & 7) == 0 ? Varint(message.Span, ref at) : 0;
            fields.Add(((int)(key >> 3), value, message.Slice(at, length)));
            at += length;
        }

        return fields;
    }

    private static ulong Varint(ReadOnlySpan<byte> bytes, ref int at)
    {
        for (var (value, shift) = (0UL, 0); ; shift += 7)
        {
            var part = bytes[at++];
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }
    }
}
