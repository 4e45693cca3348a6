using System.Text.Json;

namespace Frazil.Lambda.Tests;

/// <summary>What CloudWatch gets: structured lines under Lambda's request ids, and metrics in the embedded format.</summary>
[Trait("Needs", "dynamodb")]
[Trait("Needs", "s3")]
public sealed class ObservabilityTests : IAsyncLifetime
{
    private const string Schema = """{"type":"struct","fields":[{"id":1,"name":"id","required":true,"type":"long"}]}""";

    private Cloud cloud = null!;
    private LambdaClient client = null!;

    public async Task InitializeAsync()
    {
        cloud = await Cloud.CreateAsync();
        client = await LambdaClient.OpenAsync(cloud.Function("api"));
    }

    public async Task DisposeAsync()
    {
        await client.DisposeAsync();
        await cloud.DisposeAsync();
    }

    [Fact]
    public async Task Every_line_is_an_object_and_an_answer_names_the_invocation()
    {
        await client.SignInAsync();
        var (_, _, response) = await client.SendAsync("POST /v1/default/namespaces", """{"namespace":["n"]}""");
        var id = Assert.Single(response.Headers.GetValues("X-Request-Id"));

        var lines = client.Log(); // parses, or the test has failed
        var line = Assert.Single(lines, line => line.TryGetProperty("operation", out var operation) && operation.GetString() == "createNamespace");
        Assert.Equal((id, id), (line.GetProperty("requestId").GetString(), line.GetProperty("awsRequestId").GetString()));
        Assert.Equal("INFO", line.GetProperty("level").GetString());
        Assert.True(line.GetProperty("timestamp").TryGetDateTimeOffset(out _));
        Assert.StartsWith("Root=1-", line.GetProperty("xrayTraceId").GetString(), StringComparison.Ordinal);
        Assert.False(line.TryGetProperty("coldStart", out _));
        Assert.True(lines[0].GetProperty("coldStart").GetBoolean());
    }

    [Fact]
    public async Task Each_request_is_one_line_that_tells_what_was_written_and_never_a_secret()
    {
        const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        await client.SendAsync("GET /v1/default/namespaces?token=hunter2", null, ("X-Request-Id", "r-0"), ("Cookie", "session=hunter2"));
        await client.SignInAsync();
        await client.SendAsync("POST /v1/default/namespaces", """{"namespace":["n"],"properties":{"token":"hunter2"}}""", ("X-Request-Id", "r-1"), ("X-Iceberg-Access-Delegation", "hunter2"));
        await client.SendAsync("POST /v1/default/namespaces/n/tables", $$$"""{"name":"t","schema":{{{Schema}}}}""", ("X-Request-Id", "r-2"), ("traceparent", $"00-{Trace}-00f067aa0ba902b7-01"));
        await client.SendAsync("GET /v1/default/namespaces/n/tables/t", null, ("X-Request-Id", "r-3"));
        await client.SendAsync("POST /v1/oauth/tokens", "grant_type=client_credentials&client_id=root&client_secret=hunter2", ("X-Request-Id", "r-4"));

        var log = client.Log();
        var lines = Enumerable.Range(0, 5).Select(i => Assert.Single(log, line => line.TryGetProperty("requestId", out var id) && id.GetString() == $"r-{i}")).ToArray();
        Assert.Equal(["listNamespaces", "createNamespace", "createTable", "loadTable", "getToken"], lines.Select(line => Text(line, "operation")));
        Assert.Equal(["denied", "ok", "ok", "ok"], lines.Take(4).Select(line => Text(line, "outcome")));
        Assert.Equal([null, "root", "root", "root", null], lines.Select(line => Text(line, "principal")));
        Assert.Equal((Trace, "default", "/v1/{prefix}/namespaces/{namespace}/tables"), (Text(lines[2], "traceId"), Text(lines[2], "catalog"), Text(lines[2], "route")));
        Assert.All(["commitId", "metadataLocation", "tableId"], name => Assert.False(string.IsNullOrEmpty(Text(lines[2], name)), name));
        Assert.All(["durationMs", "kvMs", "objectMs", "authMs"], name => Assert.True(lines[2].GetProperty(name).GetDouble() > 0, name));
        Assert.True(lines[0].GetProperty("coldStart").GetBoolean());
        Assert.All(lines.Skip(1), line => Assert.False(line.TryGetProperty("coldStart", out _)));
        Assert.All(log, line => Assert.DoesNotContain("hunter2", line.GetRawText(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_client_s_own_request_id_is_kept_beside_Lambda_s()
    {
        await client.SignInAsync();
        var (_, _, response) = await client.SendAsync("POST /v1/default/namespaces", """{"namespace":["n"]}""", ("X-Request-Id", "mine-1"));
        Assert.Equal("mine-1", Assert.Single(response.Headers.GetValues("X-Request-Id")));
        var line = Assert.Single(client.Log(), line => line.TryGetProperty("requestId", out var id) && id.GetString() == "mine-1");
        Assert.NotEqual("mine-1", line.GetProperty("awsRequestId").GetString());
    }

    [Fact]
    public async Task Metrics_of_a_load_are_one_line_and_a_cold_start_is_counted_once()
    {
        await client.SignInAsync();
        await client.SendAsync("POST /v1/default/namespaces", 200, """{"namespace":["n"]}""");
        await client.SendAsync("POST /v1/default/namespaces/n/tables", 200, $$$"""{"name":"t","schema":{{{Schema}}}}""");
        var before = Metrics().Count;
        await client.SendAsync("GET /v1/default/namespaces/n/tables/t", 200);

        var metrics = Metrics();
        var load = Assert.Single(metrics.Skip(before));
        Assert.Equal("loadTable", load.GetProperty("route").GetString());
        Assert.Equal("2xx", load.GetProperty("status").GetString());
        Assert.Equal(1, load.GetProperty("catalog.requests").GetInt32());
        Assert.Equal(JsonValueKind.Number, load.GetProperty("catalog.request.duration").ValueKind);
        Assert.Equal(1, load.GetProperty("catalog.load").GetInt32());
        Assert.Equal("hit", load.GetProperty("result").GetString());
        Assert.True(load.TryGetProperty("catalog.store.latency", out _));
        Assert.Equal(1, metrics.Sum(line => line.TryGetProperty("catalog.cold_start", out var count) ? count.GetInt32() : 0));
        Assert.All(metrics, line => Assert.NotEqual("", line.GetProperty("awsRequestId").GetString()));

        // Every value of a dimension that a directive names is there, or CloudWatch drops the line.
        Assert.All(
            from line in metrics
            from directive in line.GetProperty("_aws").GetProperty("CloudWatchMetrics").EnumerateArray()
            from set in directive.GetProperty("Dimensions").EnumerateArray()
            from name in set.EnumerateArray()
            select (line, name.GetString()!),
            pair => Assert.False(string.IsNullOrEmpty(pair.line.GetProperty(pair.Item2).GetString())));
    }

    [Fact]
    public async Task Refused_credentials_are_counted()
    {
        await client.SendAsync("GET /v1/default/namespaces", 401);
        Assert.Contains(Metrics(), line => line.TryGetProperty("catalog.auth", out _) && line.GetProperty("outcome").GetString() == "denied");
    }

    [Fact]
    public async Task The_level_of_the_function_s_logging_configuration_holds()
    {
        await using var quiet = await LambdaClient.OpenAsync(cloud.Function("api", change: environment => environment["AWS_LAMBDA_LOG_LEVEL"] = "WARN"));
        await quiet.SignInAsync();
        await quiet.SendAsync("POST /v1/default/namespaces", 200, """{"namespace":["n"]}""");
        Assert.All(quiet.Log(), line => Assert.True(line.TryGetProperty("_aws", out _), line.GetRawText()));
    }

    private static string? Text(JsonElement line, string name) => line.TryGetProperty(name, out var value) ? value.GetString() : null;

    private List<JsonElement> Metrics() => [.. client.Log().Where(line => line.TryGetProperty("_aws", out _))];
}
