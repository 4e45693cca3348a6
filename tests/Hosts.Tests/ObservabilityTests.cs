using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Frazil.Hosts.Tests;

/// <summary>What a server tells about itself: logs, metrics, health, and its own description.</summary>
public sealed partial class ObservabilityTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Every_line_of_the_json_log_is_an_object_that_tells_about_its_request()
    {
        const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        await using var server = await FrazilProcess.ServeAsync(folder.Path, "--json");
        await server.CreateTableAsync("t");
        await server.PostAsync("/v1/namespaces/n/tables/t", Requests.SetProperty("a", "b"));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/namespaces/n/tables/t?token=hunter2")
        {
            Headers = { { "X-Request-Id", "client-7" }, { "traceparent", $"00-{Trace}-00f067aa0ba902b7-01" }, { "Authorization", "Bearer hunter3" } },
        };
        using var answer = await server.Client.SendAsync(request);
        Assert.Equal("client-7", answer.Headers.GetValues("X-Request-Id").Single());
        await server.GetAsync("/v1/namespaces/n/tables/none%0Asuch", HttpStatusCode.NotFound);
        await server.StopAsync();

        var lines = server.Output.Select(line => JsonSerializer.Deserialize<JsonElement>(line)).ToArray();
        Assert.All(lines, line => Assert.All(["time", "level", "message"], name => line.GetProperty(name).GetString()));
        var load = lines.Single(line => Text(line, "requestId") == "client-7");
        Assert.Equal(
            (Trace, "loadTable", "/v1/{prefix}/namespaces/{namespace}/tables/{table}", "default", "n.t", 200, "ok"),
            (Text(load, "traceId"), Text(load, "operation"), Text(load, "route"), Text(load, "catalog"), Text(load, "table"), load.GetProperty("status").GetInt32(), Text(load, "outcome")));
        Assert.True(load.GetProperty("durationMs").GetDouble() > 0);
        Assert.Equal(answer.Content.Headers.ContentLength, load.GetProperty("bytes").GetInt64());
        var missing = lines.Single(line => Text(line, "outcome") == "not_found" && Text(line, "operation") == "loadTable");
        Assert.Equal(("NoSuchTableException", "n.none\\u000asuch"), (Text(missing, "error"), Text(missing, "table")));
        Assert.DoesNotContain(server.Output, line => line.Contains("hunter", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Each_request_is_one_line_of_the_json_log_and_a_change_s_line_tells_what_was_written()
    {
        await using var server = await FrazilProcess.ServeAsync(folder.Path, "--json");
        (string Method, string Path, string? Body)[] requests =
        [
            ("GET", "/v1/config", null),
            ("POST", "/v1/namespaces", """{"namespace":["n"]}"""),
            ("POST", "/v1/namespaces/n/tables", """{"name":"t","schema":{"type":"struct","fields":[]}}"""),
            ("POST", "/v1/namespaces/n/tables/t", Requests.SetProperty("a", "b")),
            ("GET", "/v1/namespaces/n/tables/t", null),
            ("HEAD", "/v1/namespaces/n/tables/none", null),
            ("GET", "/nothing", null),
            ("PATCH", "/v1/namespaces", "{}"),
            ("GET", "/health/live", null),
            ("POST", "/v1/namespaces", "nonsense"),
            ("GET", "/management/v1/warehouse/default/deleted-tabulars", null),
        ];
        for (var i = 0; i < requests.Length; i++)
        {
            using var request = new HttpRequestMessage(new HttpMethod(requests[i].Method), requests[i].Path)
            {
                Content = requests[i].Body is { } body ? new StringContent(body) : null,
                Headers = { { "X-Request-Id", $"r-{i}" } },
            };
            (await server.Client.SendAsync(request)).Dispose();
        }

        var loaded = await server.GetAsync("/v1/namespaces/n/tables/t");
        await server.StopAsync();

        var lines = server.Output.Select(line => JsonSerializer.Deserialize<JsonElement>(line)).ToArray();
        var lineOf = Enumerable.Range(0, requests.Length).Select(i => Assert.Single(lines, line => Text(line, "requestId") == $"r-{i}")).ToArray();
        Assert.True(lineOf[0].GetProperty("coldStart").GetBoolean());
        Assert.All(lineOf.Skip(1), line => Assert.False(line.TryGetProperty("coldStart", out _)));
        Assert.Equal(
            ["getConfig", "createNamespace", "createTable", "updateTable", "loadTable", "tableExists", "none", "none", "live", "createNamespace", "listDeletedTabulars"], lineOf.Select(line => Text(line, "operation")));
        Assert.Equal(["ok", "ok", "ok", "ok", "ok", "not_found", "not_found", "refused", "ok", "refused", "ok"], lineOf.Select(line => Text(line, "outcome")));
        Assert.All([1, 2, 3], i => Assert.Matches("^[0-9a-f]{32}$", Text(lineOf[i], "commitId")!));
        Assert.All([1, 2, 3, 4, 5, 9, 10], i => Assert.Equal("default", Text(lineOf[i], "catalog")));
        Assert.All([0, 4, 5, 9, 10], i => Assert.Null(Text(lineOf[i], "commitId")));
        Assert.Equal(loaded.GetProperty("metadata-location").GetString(), Text(lineOf[3], "metadataLocation"));
        Assert.Equal(1, lineOf[3].GetProperty("attempts").GetInt32());
        Assert.Equal(Text(lineOf[2], "tableId"), Text(lineOf[3], "tableId"));
        Assert.All([2, 3], i => Assert.All(["kvMs", "objectMs"], name => Assert.InRange(lineOf[i].GetProperty(name).GetDouble(), 0, 60_000)));
        Assert.True(lineOf[3].GetProperty("kvMs").GetDouble() > 0);
        Assert.False(lineOf[0].TryGetProperty("objectMs", out _));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task No_log_and_no_trace_shows_what_a_client_keeps_secret(bool isJson)
    {
        await using var collector = await Collector.StartAsync();
        await using var server = await FrazilProcess.ServeAsync(folder.Path, ["--auth", "--otlp", collector.Url, "--log-level", "debug", .. isJson ? new[] { "--json" } : []]);
        var root = await SecretAsync(server);
        using var form = new FormUrlEncodedContent([new("grant_type", "client_credentials"), new("client_id", "root"), new("client_secret", root)]);
        using var granted = await server.Client.PostAsync("/v1/oauth/tokens", form);
        var token = JsonSerializer.Deserialize<JsonElement>(await granted.Content.ReadAsStringAsync()).GetProperty("access_token").GetString()!;

        string[] authorizations = ["Bearer hunter2-bearer", "Basic aHVudGVyMjpodW50ZXIy", "hunter2-scheme", $"Bearer {token}"];
        string[] bodies =
        [
            """{"namespace":["n"],"properties":{"s3.secret-access-key":"hunter2-property"}}""",
            """{"namespace":["n"],"properties":{"s3.secret-access-key":"hunter2-property"}""",
            """{"namespace":"hunter2-type"}""",
            """{"requirements":[{"type":"hunter2-requirement"}],"updates":[{"action":"set-properties","updates":{"token":"hunter2-update"}}]}""",
            "grant_type=client_credentials&client_id=root&client_secret=hunter2-form",
            "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=hunter2-subject&subject_token_type=x",
        ];
        foreach (var authorization in authorizations)
        {
            foreach (var body in bodies)
            {
                foreach (var path in new[] { "/v1/namespaces", "/v1/namespaces/n/tables", "/v1/namespaces/n/tables/t", "/v1/oauth/tokens", "/none" })
                {
                    using var request = new HttpRequestMessage(HttpMethod.Post, path + "?token=hunter2-query&credential=hunter2-query")
                    {
                        Content = new StringContent(body, null, body[0] == '{' ? "application/json" : "application/x-www-form-urlencoded"),
                    };
                    request.Headers.TryAddWithoutValidation("Authorization", authorization);
                    request.Headers.TryAddWithoutValidation("X-Iceberg-Access-Delegation", "hunter2-delegation");
                    request.Headers.TryAddWithoutValidation("X-Iceberg-Token", "hunter2-iceberg");
                    request.Headers.TryAddWithoutValidation("X-Amz-Security-Token", "hunter2-session");
                    request.Headers.TryAddWithoutValidation("Cookie", "session=hunter2-cookie");
                    request.Headers.TryAddWithoutValidation("Idempotency-Key", "hunter2-key");
                    (await server.Client.SendAsync(request)).Dispose();
                }
            }
        }

        await server.StopAsync();
        Assert.True(server.Output.Count > 100);
        Assert.Contains(collector.Spans, span => span.Name == "createNamespace");
        string[] secrets = ["hunter2", "aHVudGVyMjpodW50ZXIy", root, token];
        Assert.All(server.Output, line => Assert.All(secrets, secret => Assert.DoesNotContain(secret, line, StringComparison.Ordinal)));
        Assert.DoesNotContain("hunter2", server.Errors, StringComparison.Ordinal);
        Assert.All(collector.Received, message => Assert.All(secrets, secret => Assert.DoesNotContain(secret, System.Text.Encoding.Latin1.GetString(message.Body), StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_log_for_people_shows_changes_and_refusals_but_reads_only_on_request()
    {
        await using var server = await FrazilProcess.ServeAsync(folder.Path);
        await server.CreateTableAsync("t");
        await server.GetAsync("/v1/namespaces/n/tables/t");
        await server.PostAsync("/v1/namespaces/n/tables", "{}", HttpStatusCode.BadRequest);
        await server.StopAsync();

        Assert.Contains(server.Output, line => line.Contains("POST /v1/namespaces/n/tables 200 createTable", StringComparison.Ordinal));
        Assert.Contains(server.Output, line => line.Contains("400 createTable", StringComparison.Ordinal) && line.Contains("missing field: name", StringComparison.Ordinal));
        Assert.DoesNotContain(server.Output, line => line.Contains("loadTable", StringComparison.Ordinal));

        await using var verbose = await FrazilProcess.ServeAsync(folder.Path, "--log-level", "debug");
        await verbose.GetAsync("/v1/namespaces/n/tables/t");
        await verbose.LineAsync(line => line.Contains("GET /v1/namespaces/n/tables/t 200 loadTable", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("with space")]
    [InlineData("semi;colon")]
    public async Task A_request_id_that_could_forge_a_log_is_replaced(string id)
    {
        await using var server = await FrazilProcess.ServeAsync(folder.Path);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/health/live");
        request.Headers.TryAddWithoutValidation("X-Request-Id", id);

        using var answer = await server.Client.SendAsync(request);

        Assert.Matches("^[0-9a-f]{32}$", answer.Headers.GetValues("X-Request-Id").Single());
    }

    [Fact]
    public async Task Metrics_are_Prometheus_text_under_the_names_of_the_vocabulary()
    {
        await using var server = await FrazilProcess.ServeAsync(folder.Path);
        await server.CreateTableAsync("t");
        await server.PostAsync("/v1/namespaces/n/tables/t", Requests.SetProperty("a", "b"));
        await server.PostAsync("/v1/namespaces/n/tables/t", """{"requirements":[{"type":"assert-table-uuid","uuid":"00000000-0000-0000-0000-000000000000"}],"updates":[]}""", HttpStatusCode.Conflict);
        await server.GetAsync("/v1/namespaces/n/tables/t");
        await server.GetAsync("/v1/namespaces/n/tables/t?snapshots=refs");

        using var answer = await server.Client.GetAsync("/metrics");
        var text = await answer.Content.ReadAsStringAsync();

        Assert.Equal("text/plain", answer.Content.Headers.ContentType!.MediaType);
        Assert.All(text.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Matches(PrometheusLine(), line));
        var samples = text.Split('\n').Where(line => line.Length > 0 && line[0] != '#').ToDictionary(line => line[..line.LastIndexOf(' ')], line => line[(line.LastIndexOf(' ') + 1)..]);
        Assert.Equal("1", samples["catalog_requests_total{route=\"createTable\",status=\"2xx\"}"]);
        Assert.Equal("1", samples["catalog_requests_total{route=\"updateTable\",status=\"4xx\"}"]);
        Assert.Equal("2", samples["catalog_request_duration_milliseconds_count{route=\"updateTable\"}"]);
        Assert.Equal("1", samples["catalog_commit_total{outcome=\"ok\"}"]);
        Assert.Equal("1", samples["catalog_commit_total{outcome=\"conflict\"}"]);
        Assert.Equal("1", samples["catalog_load_total{mode=\"all\"}"]);
        Assert.Equal("1", samples["catalog_load_total{mode=\"refs\"}"]);
        Assert.Equal("1", samples["catalog_cold_start_total"]);
        Assert.True(double.Parse(samples["catalog_store_latency_milliseconds_count{store=\"sqlite\",op=\"write\"}"], System.Globalization.CultureInfo.InvariantCulture) >= 4);
        Assert.Equal("2", samples["catalog_file_latency_milliseconds_count{store=\"file\",op=\"create\"}"]);
        Assert.NotEqual("0", samples["catalog_metadata_cache_size_bytes"]);
        Assert.Contains(samples.Keys, name => name.StartsWith("dotnet_process_memory_working_set_bytes", StringComparison.Ordinal));

        // Every metric of ours that is shown is one of the vocabulary.
        var known = MetricList.All.Select(metric => metric.Name.Replace('.', '_')).ToArray();
        Assert.All(FamilyName().Matches(text).Select(match => match.Groups[1].Value), family => Assert.Contains(known, name => family.StartsWith(name, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task It_lives_is_ready_and_describes_every_route()
    {
        await using var server = await FrazilProcess.ServeAsync(folder.Path);

        Assert.Equal("ok", (await server.GetAsync("/health/live")).GetProperty("status").GetString());
        Assert.Equal("ok", (await server.GetAsync("/health/ready")).GetProperty("status").GetString());
        var paths = (await server.GetAsync("/openapi")).GetProperty("paths");
        foreach (var route in Api.RouteTable.Routes)
        {
            Assert.Equal(route.OperationId, paths.GetProperty(route.Template).GetProperty(route.Method.ToLowerInvariant()).GetProperty("operationId").GetString());
        }

        using var page = await server.Client.GetAsync("/");
        Assert.Equal("text/html", page.Content.Headers.ContentType!.MediaType);
        var html = await page.Content.ReadAsStringAsync();
        Assert.Contains("/v1/config", html, StringComparison.Ordinal);
        Assert.DoesNotMatch("(src|href)=\"//|<script|@import|url\\(", html);

        // The address that it was asked under, and where the metrics are.
        Assert.Contains($"uri=\"http://{server.Url.Authority}\")", html, StringComparison.Ordinal);
        Assert.Contains("href=\"/metrics\"", html, StringComparison.Ordinal);
        Assert.DoesNotContain("credential=", html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("lake.example.org", null, "uri=\"http://lake.example.org\", credential=\"CLIENT_ID:SECRET\")")]
    [InlineData("lake.example.org", "https", "uri=\"https://lake.example.org\", credential=\"CLIENT_ID:SECRET\")")]
    [InlineData("a\"onload=x", null, "uri=\"http://localhost:8181\", credential=\"CLIENT_ID:SECRET\")")]
    public async Task The_page_shows_the_address_that_it_was_asked_under_and_the_credential_that_is_asked_for(string host, string? scheme, string shown)
    {
        await using var server = await FrazilProcess.ServeAsync(folder.Path, "--auth");
        using var connection = new System.Net.Sockets.TcpClient(server.Url.Host, server.Url.Port);
        var forwarded = scheme is null ? "" : $"X-Forwarded-Proto: {scheme}\r\n";
        await connection.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: {host}\r\n{forwarded}Connection: close\r\n\r\n"));
        using var reader = new StreamReader(connection.GetStream());
        var answer = await reader.ReadToEndAsync().WaitAsync(FrazilProcess.Patience);

        // Kestrel itself refuses a host that cannot be one.
        Assert.True(answer.Contains(shown, StringComparison.Ordinal) || (host.Contains('"', StringComparison.Ordinal) && answer.StartsWith("HTTP/1.1 400", StringComparison.Ordinal)), answer);
    }

    [Fact]
    [Trait("Behaviour", "295")]
    public async Task With_credentials_the_log_tells_who_asked_and_never_a_secret()
    {
        await using var server = await FrazilProcess.ServeAsync(folder.Path, "--auth", "--json");
        await server.GetAsync("/v1/namespaces", HttpStatusCode.Unauthorized);
        server.Client.DefaultRequestHeaders.Authorization = new("Bearer", "nonsense");
        await server.GetAsync("/v1/namespaces", HttpStatusCode.Unauthorized);
        server.Client.DefaultRequestHeaders.Authorization = null;

        // The secret is told on standard error alone.
        var secret = await SecretAsync(server);
        using var form = new FormUrlEncodedContent([new("grant_type", "client_credentials"), new("client_id", "root"), new("client_secret", secret)]);
        using var granted = await server.Client.PostAsync("/v1/oauth/tokens", form);
        var token = JsonSerializer.Deserialize<JsonElement>(await granted.Content.ReadAsStringAsync()).GetProperty("access_token").GetString()!;
        server.Client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        await server.GetAsync("/v1/namespaces");
        await server.StopAsync();

        var lines = server.Output.Select(line => JsonSerializer.Deserialize<JsonElement>(line)).Where(line => Text(line, "operation") == "listNamespaces").ToArray();
        Assert.Equal([(null, "denied"), (null, "denied"), ("root", "ok")], lines.Select(line => (Text(line, "principal"), Text(line, "outcome"))));
        Assert.DoesNotContain(server.Output, line => line.Contains(secret, StringComparison.Ordinal) || line.Contains(token, StringComparison.Ordinal));
    }

    /// <summary>The root client's secret, as the first start shows it: as a sentence, or as a line of JSON.</summary>
    private static async Task<string> SecretAsync(FrazilProcess server)
    {
        var line = await server.ErrorLineAsync(line => line.Contains("root credentials", StringComparison.Ordinal));
        return line.StartsWith('{') ? JsonSerializer.Deserialize<JsonElement>(line).GetProperty("clientSecret").GetString()! : line.Split(':')[^1];
    }

    private static string? Text(JsonElement line, string name) => line.TryGetProperty(name, out var value) ? value.GetString() : null;

    [GeneratedRegex("""^(# (HELP|TYPE) [a-zA-Z_:][a-zA-Z0-9_:]* .*|[a-zA-Z_:][a-zA-Z0-9_:]*(\{[a-zA-Z_]\w*="([^"\\\n]|\\.)*"(,[a-zA-Z_]\w*="([^"\\\n]|\\.)*")*\})? [-+0-9.eEInfNa]+)$""")]
    private static partial Regex PrometheusLine();

    [GeneratedRegex("^# TYPE (catalog_[a-z_]+)", RegexOptions.Multiline)]
    private static partial Regex FamilyName();
}
