using System.Net;
using System.Text;

namespace Frazil.Hosts.Tests;

/// <summary>Metrics and traces of a real server in a real collector.</summary>
public sealed class OtlpTests : IAsyncLifetime, IDisposable
{
    private const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string Parent = "00f067aa0ba902b7";

    private readonly TemporaryFolder folder = new();
    private Collector collector = null!;

    public async Task InitializeAsync() => collector = await Collector.StartAsync();

    public async Task DisposeAsync() => await collector.DisposeAsync();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_commit_is_a_trace_below_the_client_s_span_with_a_span_for_each_call()
    {
        await using var server = await ServeAsync("--otlp", collector.Url, "--json");
        await server.CreateTableAsync("t");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/namespaces/n/tables/t")
        {
            Content = new StringContent(Requests.SetProperty("a", "b"), Encoding.UTF8, "application/json"),
            Headers = { { "traceparent", $"00-{Trace}-{Parent}-01" }, { "X-Request-Id", "mine" } },
        };
        Assert.Equal(HttpStatusCode.OK, (await server.Client.SendAsync(request)).StatusCode);

        await collector.UntilAsync(collector => collector.Spans.Any(span => span.TraceId == Trace && span.Name == "updateTable"));
        var trace = collector.Spans.Where(span => span.TraceId == Trace).ToArray();
        var route = Assert.Single(trace, span => span.Name == "updateTable");
        Assert.Equal((Parent, 2UL), (route.ParentId, route.Kind));
        Assert.Equal(
            ("updateTable", "ok", "POST", "200", "/v1/{prefix}/namespaces/{namespace}/tables/{table}", "default", "n.t", "mine"),
            (route.Tags["route"], route.Tags["outcome"], route.Tags["http.request.method"], route.Tags["http.response.status_code"], route.Tags["http.route"], route.Tags["catalog.name"], route.Tags["catalog.table"], route.Tags["catalog.request_id"]));
        var calls = trace.Where(span => span != route).ToArray();
        Assert.Equal(["file create", "store read", "store write"], calls.Select(span => span.Name).Distinct().Order(StringComparer.Ordinal));
        Assert.All(calls, call => Assert.Equal((route.Id, 3UL, call.Name.Split(' ')[1]), (call.ParentId, call.Kind, call.Tags["op"])));
        Assert.Equal(route.Tags["catalog.commit_id"], calls.Single(call => call.Name == "store write").Tags["catalog.commit_id"]);
        var line = await server.LineAsync(line => line.Contains("\"requestId\":\"mine\"", StringComparison.Ordinal));
        Assert.Contains($"\"commitId\":\"{route.Tags["catalog.commit_id"]}\"", line, StringComparison.Ordinal);
        Assert.Contains($"\"traceId\":\"{Trace}\"", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_arrive_under_the_names_of_the_vocabulary_and_so_do_the_runtime_s()
    {
        await using var server = await ServeAsync("--otlp", collector.Url + "/");
        await server.CreateTableAsync("t");
        await server.GetAsync("/v1/namespaces/n/tables/t");
        await server.GetAsync("/v1/namespaces/n/tables/none", HttpStatusCode.NotFound);

        string[] expected = ["catalog.requests", "catalog.request.duration", "catalog.cold_start", "catalog.load", "catalog.store.latency", "catalog.file.latency", "catalog.metadata.cache.size"];
        await collector.UntilAsync(collector => expected.All(collector.Metrics.Contains));
        Assert.All(collector.Metrics.Where(name => name.StartsWith("catalog.", StringComparison.Ordinal)), name => Assert.Contains(MetricList.All, metric => metric.Name == name));
        Assert.Contains("dotnet.gc.collections", collector.Metrics);
        Assert.Equal("frazil", collector.Resource["service.name"]);
    }

    [Fact]
    public async Task The_standard_environment_variable_is_enough_and_what_is_left_is_sent_at_the_end()
    {
        var environment = new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Url,
            ["OTEL_SERVICE_NAME"] = "mine",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "600000",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "600000",
        };
        await using var server = await FrazilProcess.ServeAsync(folder.Path, environment, "serve", "--port", "0");
        await server.GetAsync("/v1/config");
        Assert.Equal(0, await server.StopAsync());

        Assert.Contains(collector.Spans, span => span.Name == "getConfig");
        Assert.Contains("catalog.requests", collector.Metrics);
        Assert.Equal("mine", collector.Resource["service.name"]);
        Assert.Contains(server.Output, line => line.Contains($"Metrics and traces are sent to {collector.Url}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_trace_that_the_client_does_not_record_is_not_sent()
    {
        await using var server = await ServeAsync("--otlp", collector.Url);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/config") { Headers = { { "traceparent", $"00-{Trace}-{Parent}-00" } } };
        (await server.Client.SendAsync(request)).EnsureSuccessStatusCode();
        await server.GetAsync("/v1/namespaces");
        Assert.Equal(0, await server.StopAsync());

        Assert.Contains(collector.Spans, span => span.Name == "listNamespaces");
        Assert.DoesNotContain(collector.Spans, span => span.TraceId == Trace);
    }

    [Fact]
    public async Task A_collector_that_is_away_keeps_nobody_waiting()
    {
        // Nothing listens on the discard port.
        await using var server = await ServeAsync("--otlp", "http://127.0.0.1:9");
        await server.CreateTableAsync("t");
        Assert.Equal(0, await server.StopAsync());
        Assert.Equal("", server.Errors);
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "collector", "OTEL_EXPORTER_OTLP_ENDPOINT must be an http or https URL")]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "OTEL_EXPORTER_OTLP_PROTOCOL is 'http/json'; there are http/protobuf and grpc")]
    [InlineData("FRAZIL__OTLP", "collector", "FRAZIL__OTLP must be an http or https URL")]
    public async Task What_cannot_be_used_is_refused_at_the_start(string variable, string text, string message)
    {
        var environment = new Dictionary<string, string> { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Url, [variable] = text };
        var (exitCode, _, errors) = await FrazilProcess.RunAsync(folder.Path, environment, "serve", "--port", "0");
        Assert.NotEqual(0, exitCode);
        Assert.Contains(message, errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_collector_nothing_of_the_exporter_is_loaded()
    {
        if (!OperatingSystem.IsLinux())
        {
            return; // what a process has loaded is told by /proc
        }

        await using var server = await FrazilProcess.ServeAsync(folder.Path);
        await server.CreateTableAsync("t");
        var maps = await File.ReadAllTextAsync($"/proc/{server.Id}/maps");
        Assert.Contains("frazil", maps, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("OpenTelemetry", maps, StringComparison.Ordinal);
    }

    private Task<FrazilProcess> ServeAsync(params string[] arguments) => FrazilProcess.ServeAsync(
        folder.Path,
        new Dictionary<string, string> { ["OTEL_BSP_SCHEDULE_DELAY"] = "100", ["OTEL_METRIC_EXPORT_INTERVAL"] = "200" },
        ["serve", "--port", "0", .. arguments]);
}
