using System.Net;
using System.Text.Json;
using Frazil.Api;
using Frazil.AzureFunctions;
using Frazil.FunctionsHost;

namespace Frazil.Functions.Tests;

/// <summary>The real worker under a host that speaks its protocol.</summary>
[Trait("Needs", "azurite")]
public sealed class WorkerTests : IAsyncLifetime
{
    private const string Schema = """{"type":"struct","schema-id":0,"fields":[{"id":1,"name":"id","required":true,"type":"long"}]}""";

    private Worker worker = null!;

    public async Task InitializeAsync() => worker = await Worker.StartAsync();

    public async Task DisposeAsync() => await worker.DisposeAsync();

    [Fact]
    public void The_worker_tells_every_operation_and_job_as_a_function()
    {
        Assert.Equal(
            RouteTable.Routes.Select(route => route.OperationId).Append("wildcard").Order(StringComparer.Ordinal),
            worker.Host.Functions.Where(function => function.Route is not null).Select(function => function.Name).Order(StringComparer.Ordinal));
        Assert.Equal(
            JobList.All.ToDictionary(job => job.Name, job => job.Schedule),
            worker.Host.Functions.Where(function => function.Schedule is not null).ToDictionary(function => function.Name, function => function.Schedule!));
        Assert.DoesNotContain("WorkerOpenTelemetryEnabled", worker.Host.Capabilities.Keys);
    }

    [Fact]
    public async Task A_request_is_counted_for_the_operation_that_it_is()
    {
        await worker.SayAsync("GET /v1/config", 200);
        await worker.SignInAsync();
        await worker.SayAsync("POST /v1/default/namespaces", 200, """{"namespace":["a"]}""");
        await worker.SayAsync("GET /v1/default/namespaces", 200);
        await worker.SayAsync("HEAD /v1/default/namespaces/a", 204);
        await worker.SayAsync("POST /v1/default/namespaces/a/tables", 200, $$"""{"name":"t","schema":{{Schema}}}""");
        await worker.SayAsync("GET /v1/default/namespaces/a/tables/t", 200);
        await worker.SayAsync("POST /v1/default/namespaces/a/tables/t", 200, """{"requirements":[],"updates":[{"action":"set-properties","updates":{"a":"b"}}]}""");
        await worker.SayAsync("POST /v1/default/namespaces/a/tables/t/plan", 406, "{}");
        await worker.SayAsync("GET /management/v1/warehouse", 200);
        await worker.SayAsync("HEAD /v1/default/namespaces/a/views/v", 404);
        await worker.SayAsync("GET /catalog/v1/default/namespaces", 200);
        await worker.SayAsync("GET /v1/namespaces", 200);
        await worker.SayAsync("GET /health/ready", 200);
        await worker.SayAsync("GET /nothing/here", 404);
        await worker.SayAsync("GET /", 200);
        await worker.SayAsync("PATCH /v1/default/namespaces", 405);

        Assert.Equal(
            new Dictionary<string, int>
            {
                ["getConfig"] = 1,
                ["getToken"] = 1,
                ["createNamespace"] = 1,
                ["listNamespaces"] = 1,
                ["namespaceExists"] = 1,
                ["createTable"] = 1,
                ["loadTable"] = 1,
                ["updateTable"] = 1,
                ["planTableScan"] = 1,
                ["listWarehouses"] = 1,
                ["viewExists"] = 1,
                ["wildcard"] = 6,
            },
            worker.Host.Calls.ToDictionary());
    }

    [Fact]
    public async Task Without_a_token_nothing_is_told()
    {
        await worker.SayAsync("GET /v1/default/namespaces", 401);
        await worker.SayAsync("GET /api/catalog/v1/default/namespaces", 401);
        await worker.SayAsync("GET /management/v1/warehouse", 401);
        await worker.SayAsync("GET /v1/default/namespaces", 401, null, ("Authorization", "Bearer no"));
    }

    [Theory]
    [InlineData("a%20b", "a b")]
    [InlineData("100%25", "100%")]
    [InlineData("a%2520b", "a%20b")]
    [InlineData("%C3%A4.%F0%9F%A7%8A", "ä.🧊")]
    [InlineData("a%3Fb%23c", "a?b#c")]
    [InlineData("a%251Fb", "a%1Fb")]
    [InlineData("a&b=c;d,e:f@g", "a&b=c;d,e:f@g")]
    public async Task Odd_names_are_found_under_the_path_that_means_them(string path, string name)
    {
        await worker.SignInAsync();
        await worker.SayAsync("POST /v1/default/namespaces", 200, JsonSerializer.Serialize(new { @namespace = new[] { name } }));
        await worker.SayAsync("POST /v1/default/namespaces", 200, JsonSerializer.Serialize(new { @namespace = new[] { name, name } }));
        await worker.SayAsync($"HEAD /v1/default/namespaces/{path}", 204);
        using var found = JsonDocument.Parse(await worker.SayAsync($"GET /v1/default/namespaces/{path}%1F{path}", 200));
        Assert.Equal([name, name], found.RootElement.GetProperty("namespace").EnumerateArray().Select(level => level.GetString()!));
    }

    [Fact]
    public async Task A_large_table_is_loaded_whole()
    {
        await worker.SignInAsync();
        await worker.SayAsync("POST /v1/default/namespaces", 200, """{"namespace":["a"]}""");
        await worker.SayAsync("POST /v1/default/namespaces/a/tables", 200, $$"""{"name":"t","schema":{{Schema}}}""");
        var text = new string('x', 7 * 1024 * 1024);
        await worker.SayAsync("POST /v1/default/namespaces/a/tables/t", 200, $$$"""{"requirements":[],"updates":[{"action":"set-properties","updates":{"large":"{{{text}}}"}}]}""");
        Assert.Contains(text, await worker.SayAsync("GET /v1/default/namespaces/a/tables/t", 200), StringComparison.Ordinal);
        using var loaded = await worker.SendAsync("GET /v1/default/namespaces/a/tables/t", null, ("Accept-Encoding", "gzip"));
        Assert.Equal(HttpStatusCode.OK, loaded.StatusCode);
        Assert.Equal("gzip", Assert.Single(loaded.Content.Headers.ContentEncoding));
        await worker.SayAsync("GET /v1/default/namespaces/a/tables/t", 304, null, ("If-None-Match", loaded.Headers.ETag!.ToString()));
    }

    [Fact]
    public async Task The_worker_ends_in_good_order_when_its_host_says_so()
    {
        await worker.SayAsync("GET /health/live", 200);
        Assert.Equal(0, await worker.Host.StopAsync());
    }
}

/// <summary>Workers that must not start, or start without what they need.</summary>
[Trait("Needs", "azurite")]
public sealed class StartTests
{
    [Theory]
    [InlineData(SettingNames.SecretSource, "")]
    [InlineData(SettingNames.RootSecret, "")]
    [InlineData(SettingNames.RootSecret, "too short")]
    public async Task A_worker_without_a_root_secret_ends_and_says_why(string variable, string text)
    {
        var exception = await Assert.ThrowsAsync<WorkerException>(() => Worker.StartAsync((variable, text)));
        Assert.Contains("exit code 1", exception.Message, StringComparison.Ordinal);
        Assert.Contains("Frazil cannot start", exception.Message, StringComparison.Ordinal);
        Assert.Contains("secret", exception.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_worker_whose_store_is_away_lives_and_is_not_ready()
    {
        // Nothing listens on the discard port.
        await using var worker = await Worker.StartAsync((SettingNames.AzureTablesEndpoint, "http://127.0.0.1:9/devstoreaccount1"));
        await worker.SayAsync("GET /health/live", 200);
        await worker.SayAsync("GET /health/ready", 503);
        await Assert.ThrowsAsync<WorkerException>(() => worker.Host.FireAsync(JobList.Sweep));
    }
}

/// <summary>Timers, as Azure's host fires them.</summary>
[Trait("Needs", "azurite")]
public sealed class TimerTests
{
    [Fact]
    public async Task Purge_deletes_the_files_of_a_dropped_table_and_no_others()
    {
        const string Schema = """{"type":"struct","schema-id":0,"fields":[]}""";
        await using var worker = await Worker.StartAsync((DevelopmentSettings.KeepDroppedSeconds, "0"));
        await worker.SignInAsync();
        await worker.SayAsync("POST /v1/default/namespaces", 200, """{"namespace":["a"]}""");
        await worker.SayAsync("POST /v1/default/namespaces/a/tables", 200, $$"""{"name":"dropped","schema":{{Schema}}}""");
        await worker.SayAsync("POST /v1/default/namespaces/a/tables", 200, $$"""{"name":"kept","schema":{{Schema}}}""");
        Assert.Equal(2, Files(worker).Length);
        await worker.SayAsync("DELETE /v1/default/namespaces/a/tables/dropped?purgeRequested=true", 204);

        await worker.Host.FireAsync(JobList.Expire);
        await worker.Host.FireAsync(JobList.Purge, isPastDue: true);

        Assert.Contains("kept", Assert.Single(Files(worker)), StringComparison.Ordinal);
        Assert.Contains(worker.Host.Logs, line => line.Contains("Job purge: 1 done, 0 failed, 1 files deleted", StringComparison.Ordinal));
        await worker.SayAsync("GET /v1/default/namespaces/a/tables/kept", 200);
    }

    [Fact]
    public async Task Every_job_runs_on_an_empty_catalog()
    {
        await using var worker = await Worker.StartAsync();
        foreach (var job in JobList.All)
        {
            await worker.Host.FireAsync(job.Name);
            Assert.Contains(worker.Host.Logs, line => line.Contains($"Job {job.Name}: 0 done, 0 failed", StringComparison.Ordinal));
        }
    }

    private static string[] Files(Worker worker) => Directory.GetFiles(new Uri(worker.Warehouse).LocalPath, "*", SearchOption.AllDirectories);
}
