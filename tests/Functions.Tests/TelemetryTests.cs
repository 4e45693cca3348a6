using System.Text.Json;

namespace Frazil.Functions.Tests;

/// <summary>What Application Insights gets of a worker: the tables that the workbook, the alerts and docs/operations.md ask.</summary>
[Trait("Needs", "azurite")]
public sealed class TelemetryTests : IAsyncLifetime
{
    private const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";

    private Ingestion ingestion = null!;
    private Worker worker = null!;

    public async Task InitializeAsync()
    {
        ingestion = await Ingestion.StartAsync();

        // Every span: a fast machine sends these requests within a second, and of that the exporter takes a few traces only.
        worker = await Worker.StartAsync(
            ("APPLICATIONINSIGHTS_CONNECTION_STRING", ingestion.ConnectionString),
            ("APPLICATIONINSIGHTS_STATSBEAT_DISABLED", "true"),
            ("OTEL_TRACES_SAMPLER", "always_on"));
    }

    public async Task DisposeAsync()
    {
        await worker.DisposeAsync();
        await ingestion.DisposeAsync();
    }

    [Fact]
    public async Task Requests_calls_lines_and_metrics_arrive_and_none_shows_a_secret()
    {
        Assert.Equal("True", worker.Host.Capabilities["WorkerOpenTelemetryEnabled"]);
        await worker.SayAsync("GET /v1/default/namespaces", 401, null, ("Authorization", "Bearer hunter2"));
        await worker.SignInAsync();
        await worker.SayAsync("POST /v1/default/namespaces", 200, """{"namespace":["a"],"properties":{"token":"hunter2"}}""");
        await worker.SayAsync("POST /v1/default/namespaces/a/tables", 200, """{"name":"t","schema":{"type":"struct","fields":[]}}""", ("traceparent", $"00-{Trace}-00f067aa0ba902b7-01"), ("X-Request-Id", "mine"), ("X-Iceberg-Access-Delegation", "hunter2"));
        await worker.SayAsync("GET /v1/default/namespaces/a/tables/t?credential=hunter2", 200);
        await worker.Host.FireAsync(JobList.Purge);
        Assert.Equal(0, await worker.Host.StopAsync());

        await ingestion.UntilAsync(ingestion => ingestion.Of("MetricData").Any(data => Metric(data) == "catalog.job.runs"));
        RequestsAreNamedByTheirOperation();
        TheTraceIsTheClientsAndShowsEachCall();
        EachRequestIsALine();
        MetricsAreThoseOfTheVocabulary();
        Assert.DoesNotContain("hunter2", ingestion.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(Worker.Secret, ingestion.Text, StringComparison.Ordinal);
    }

    /// <summary>AppRequests. The name is the route's template, as of Azure's own rows; the operation is a property, which those do not have.</summary>
    private void RequestsAreNamedByTheirOperation()
    {
        var requests = ingestion.Of("RequestData");
        Assert.Equal(
            [("listNamespaces", "401", false), ("getToken", "200", true), ("createNamespace", "200", true), ("createTable", "200", true), ("loadTable", "200", true)],
            requests.Select(request => (Property(request, "route"), Member(request, "responseCode"), request.GetProperty("success").GetBoolean())));
        Assert.Equal("GET /v1/{prefix}/namespaces/{namespace}/tables/{table}", Member(requests[^1], "name"));
        Assert.Equal(("ok", "default", "a.t", "root"), (Property(requests[^1], "outcome"), Property(requests[^1], "catalog.name"), Property(requests[^1], "catalog.table"), Property(requests[^1], "catalog.principal")));
    }

    /// <summary>AppDependencies.</summary>
    private void TheTraceIsTheClientsAndShowsEachCall()
    {
        var calls = ingestion.In(Trace, "RemoteDependencyData");
        Assert.Contains(calls, call => Member(call, "name") == "function createTable");
        Assert.Superset(
            new HashSet<string?> { "store read", "store write", "file create" },
            calls.Where(call => Property(call, "op") is not null).Select(call => Member(call, "name")).ToHashSet());
        Assert.Equal("mine", Property(Assert.Single(ingestion.In(Trace, "RequestData")), "catalog.request_id"));
        Assert.Contains(ingestion.Of("RemoteDependencyData"), call => Member(call, "name") == "job purge");
    }

    /// <summary>AppTraces: the fields by the names that they have on every host.</summary>
    private void EachRequestIsALine()
    {
        var lines = ingestion.Of("MessageData").Where(line => Property(line, "operation") is not null).ToArray();
        Assert.Equal(["listNamespaces", "getToken", "createNamespace", "createTable", "loadTable"], lines.Select(line => Property(line, "operation")));
        Assert.Equal("True", Property(lines[0], "coldStart"));
        Assert.Equal(("denied", "401"), (Property(lines[0], "outcome"), Property(lines[0], "status")));
        Assert.Equal(("mine", Trace, "root", "default"), (Property(lines[3], "requestId"), Property(lines[3], "traceId"), Property(lines[3], "principal"), Property(lines[3], "catalog")));
        Assert.All(["commitId", "metadataLocation", "tableId", "durationMs", "kvMs", "objectMs", "authMs"], name => Assert.False(string.IsNullOrEmpty(Property(lines[3], name)), name));
    }

    /// <summary>AppMetrics.</summary>
    private void MetricsAreThoseOfTheVocabulary()
    {
        var ours = ingestion.Of("MetricData").Where(data => Metric(data).StartsWith("catalog.", StringComparison.Ordinal)).ToArray();
        Assert.All(ours, data =>
        {
            var metric = Assert.Single(MetricList.All, metric => metric.Name == Metric(data));
            Assert.Equal(metric.Tags.Order(StringComparer.Ordinal), Names(data).Order(StringComparer.Ordinal));
        });
        Assert.Contains(ours, data => Metric(data) == "catalog.requests" && Property(data, "route") == "loadTable" && Property(data, "status") == "2xx");
        Assert.Contains(ours, data => Metric(data) == "catalog.auth" && Property(data, "outcome") == "denied");
        Assert.Contains(ours, data => Metric(data) == "catalog.job.runs" && Property(data, "job") == "purge");
    }

    private static string Metric(JsonElement data) => data.GetProperty("metrics")[0].GetProperty("name").GetString()!;

    private static IEnumerable<string> Names(JsonElement data) => data.TryGetProperty("properties", out var properties) ? properties.EnumerateObject().Select(property => property.Name) : [];

    private static string? Member(JsonElement data, string name) => data.GetProperty(name).GetString();

    private static string? Property(JsonElement data, string name) =>
        data.TryGetProperty("properties", out var properties) && properties.TryGetProperty(name, out var value) ? value.GetString() : null;
}
