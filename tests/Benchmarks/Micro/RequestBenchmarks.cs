using System.IO.Pipelines;
using BenchmarkDotNet.Attributes;
using Frazil.Api;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Frazil.Benchmarks.Micro;

/// <summary>From a request's target to its route.</summary>
[MicroConfig]
public class RoutingBenchmarks
{
    private const string LoadTable = "/v1/default/namespaces/accounting%1Ftax/tables/invoices?snapshots=refs";

    private readonly string text = LoadTable;
    private readonly RequestTarget target = RequestTarget.Parse(LoadTable);

    [Benchmark]
    public RequestTarget ParseTarget() => RequestTarget.Parse(text);

    [Benchmark]
    public Route? FindRoute() => RouteTable.Find("GET", target, out _, out _, out _);

    [Benchmark]
    public string? Query() => target.Query("snapshots");
}

/// <summary>The answer to a load: spliced around the stored bytes, plain or gzip, and sent to nowhere.</summary>
[MicroConfig]
public class AnswerBenchmarks
{
    private static readonly byte[] After = ",\"config\":{}}"u8.ToArray();

    private Answer answer = null!;

    [Params(10, 10_000)]
    public int Snapshots { get; set; }

    [GlobalSetup]
    public void SetUp() => answer = Answer.Spliced(new MetadataDocument(Documents.Location, Documents.WithSnapshots(Snapshots)), After, "\"tag\"");

    [Benchmark]
    public ValueTask Plain() => answer.SendAsync(NewContext(acceptEncoding: null));

    [Benchmark]
    public ValueTask Gzip() => answer.SendAsync(NewContext("gzip"));

    private static DefaultHttpContext NewContext(string? acceptEncoding)
    {
        var http = new DefaultHttpContext();
        http.Features.Set<IHttpResponseBodyFeature>(new NowhereFeature());
        http.Request.Method = "GET";
        http.Request.Headers.AcceptEncoding = acceptEncoding;
        return http;
    }

    /// <summary>A body that is thrown away.</summary>
    private sealed class NowhereFeature : IHttpResponseBodyFeature
    {
        public Stream Stream => Stream.Null;

        public PipeWriter Writer { get; } = new Nowhere();

        public Task CompleteAsync() => Task.CompletedTask;

        public void DisableBuffering()
        {
        }

        public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task StartAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;
    }

    private sealed class Nowhere : PipeWriter
    {
        private static readonly byte[] Buffer = new byte[1024 * 1024];

        public override void Advance(int bytes)
        {
        }

        public override void CancelPendingFlush()
        {
        }

        public override void Complete(Exception? exception = null)
        {
        }

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => default;

        public override Memory<byte> GetMemory(int sizeHint = 0) => Buffer;

        public override Span<byte> GetSpan(int sizeHint = 0) => Buffer;
    }
}
