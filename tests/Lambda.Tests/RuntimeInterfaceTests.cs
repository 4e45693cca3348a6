using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Frazil.HostStory;
using Frazil.LambdaEmulator;

namespace Frazil.Lambda.Tests;

/// <summary>Starts, deaths and deadlines as AWS' own Runtime Interface Emulator has them.</summary>
[Trait("Needs", "rie")]
public sealed class RuntimeInterfaceTests
{
    private const string Table = "/v1/default/namespaces/n/tables/t";
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(8);

    [Fact]
    [Trait("Needs", "dynamodb")]
    [Trait("Needs", "s3")]
    public async Task The_first_request_starts_the_function_and_those_behind_it_find_it_running()
    {
        await using var cloud = await Cloud.CreateAsync();
        await using var api = await cloud.UnderRuntimeInterfaceAsync("api");
        await using var door = await FrontDoor.OpenAsync(api.InvokeAsync, DoorKind.FunctionUrl, 0, api.InvokeAsync);
        using var http = new HttpClient { BaseAddress = door.Url };
        Assert.Equal(0, api.StartCount);

        await SignInAsync(http);
        Assert.Equal(200, (int)(await http.GetAsync("/v1/config")).StatusCode);

        Assert.Equal(1, api.StartCount);
        var reports = api.Output.Where(line => line.Contains("REPORT RequestId", StringComparison.Ordinal)).ToArray();
        Assert.Contains("Init Duration", reports[0], StringComparison.Ordinal);
        Assert.All(reports[1..], report => Assert.DoesNotContain("Init Duration", report, StringComparison.Ordinal));
        Assert.Contains(api.Output, line => line.Contains("INIT RTDONE(status: success)", StringComparison.Ordinal));
    }

    [Theory]
    [Trait("Needs", "dynamodb")]
    [Trait("Needs", "s3")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_function_that_dies_in_a_commit_is_started_anew_and_its_commit_is_made_once(bool hasLanded)
    {
        await using var cloud = await Cloud.CreateAsync();
        await using var rows = await Wire.OpenAsync(Cloud.Required("FRAZIL_TEST_DYNAMODB"));
        await using var api = await cloud.UnderRuntimeInterfaceAsync("api", environment => environment["AWS_ENDPOINT_URL_DYNAMODB"] = rows.Url);
        await using var door = await FrontDoor.OpenAsync(api.InvokeAsync, DoorKind.FunctionUrl, 0, api.InvokeAsync);
        using var http = new HttpClient { BaseAddress = door.Url };
        await SignInAsync(http);
        var uuid = await CreateTableAsync(http);

        var left = 1;
        Func<WireRequest, CancellationToken, Task> die = (request, _) => Task.FromResult(request.IsRowWrite && Interlocked.Decrement(ref left) == 0 && api.Kill());
        (rows.Before, rows.After) = (hasLanded ? null : die, hasLanded ? die : null);
        var commit = $$$"""{"requirements":[{"type":"assert-table-uuid","uuid":"{{{uuid}}}"}],"updates":[{"action":"set-properties","updates":{"w":"1"}}]}""";
        http.DefaultRequestHeaders.Add("Idempotency-Key", "0199b3a0-0000-7000-8000-000000000001");
        Assert.Equal(502, (await SendAsync(http, HttpMethod.Post, Table, commit)).Status);
        Assert.Equal(200, (await SendAsync(http, HttpMethod.Post, Table, commit)).Status);

        var loaded = await SendAsync(http, HttpMethod.Get, Table);
        Assert.Contains("/00001-", loaded.Body.GetProperty("metadata-location").GetString(), StringComparison.Ordinal);
        Assert.Equal(2, api.StartCount);
    }

    [Theory]
    [Trait("Needs", "dynamodb")]
    [Trait("Needs", "s3")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_commit_that_ran_out_of_the_functions_time_has_happened_or_not_and_the_next_instance_goes_on(bool hasLanded)
    {
        await using var cloud = await Cloud.CreateAsync();
        await using var rows = await Wire.OpenAsync(Cloud.Required("FRAZIL_TEST_DYNAMODB"));
        string uuid;
        await using (var first = await cloud.UnderRuntimeInterfaceAsync("api"))
        {
            await using var entrance = await FrontDoor.OpenAsync(first.InvokeAsync, DoorKind.FunctionUrl, 0, first.InvokeAsync);
            using var client = new HttpClient { BaseAddress = entrance.Url };
            await SignInAsync(client);
            uuid = await CreateTableAsync(client);
        }

        await using var api = await cloud.UnderRuntimeInterfaceAsync("api", environment => environment["AWS_ENDPOINT_URL_DYNAMODB"] = rows.Url, Short);
        await using var door = await FrontDoor.OpenAsync(api.InvokeAsync, DoorKind.FunctionUrl, 0, api.InvokeAsync);
        using var http = new HttpClient { BaseAddress = door.Url };
        await SignInAsync(http);
        var stuck = 0;
        Func<WireRequest, CancellationToken, Task> hold = (request, given) =>
            request.IsRowWrite && Interlocked.Increment(ref stuck) == 1 ? Task.Delay(Timeout.Infinite, given) : Task.CompletedTask;
        (rows.Before, rows.After) = (hasLanded ? null : hold, hasLanded ? hold : null);
        var commit = $$$"""{"requirements":[{"type":"assert-table-uuid","uuid":"{{{uuid}}}"}],"updates":[{"action":"set-properties","updates":{"w":"1"}}]}""";

        Assert.Equal(502, (await SendAsync(http, HttpMethod.Post, Table, commit)).Status);
        var loaded = await SendAsync(http, HttpMethod.Get, Table);
        Assert.Contains(hasLanded ? "/00001-" : "/00000-", loaded.Body.GetProperty("metadata-location").GetString(), StringComparison.Ordinal);
        Assert.Equal((1, 2), (stuck, api.StartCount));
    }

    [Fact]
    public async Task A_function_that_cannot_start_says_why_in_its_log_and_fails_each_invocation()
    {
        await using var api = await RuntimeInterfaceEmulator.StartAsync(
            Cloud.Required("FRAZIL_TEST_RIE"), new LambdaOptions { Program = Built.Lambda, Environment = new Dictionary<string, string> { ["FRAZIL__ENTRY"] = "web" } });
        for (var time = 0; time < 2; time++)
        {
            var result = await api.InvokeAsync("""{"version":"2.0"}"""u8.ToArray());
            Assert.True(result.IsFailure, result.Text);
        }

        // Each time it was started anew.
        Assert.Equal(2, api.Output.Count(line => line.Contains("FATAL", StringComparison.Ordinal) && line.Contains("it must be api or jobs", StringComparison.Ordinal)));
        Assert.Contains(api.Output, line => line.Contains("Runtime.ExitError", StringComparison.Ordinal));
    }

    private static async Task SignInAsync(HttpClient http)
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = StoryHost.ClientId,
            ["client_secret"] = StoryHost.ClientSecret,
        });
        using var response = await http.PostAsync("/v1/oauth/tokens", form);
        var body = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, body);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", JsonDocument.Parse(body).RootElement.GetProperty("access_token").GetString());
    }

    private static async Task<(int Status, JsonElement Body)> SendAsync(HttpClient http, HttpMethod method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };
        using var response = await http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return ((int)response.StatusCode, text.Length == 0 ? default : JsonDocument.Parse(text).RootElement);
    }

    private static async Task<string> CreateTableAsync(HttpClient http)
    {
        Assert.Equal(200, (await SendAsync(http, HttpMethod.Post, "/v1/default/namespaces", """{"namespace":["n"]}""")).Status);
        var (status, table) = await SendAsync(
            http, HttpMethod.Post, "/v1/default/namespaces/n/tables", """{"name":"t","schema":{"type":"struct","fields":[{"id":1,"name":"id","required":true,"type":"long"}]}}""");
        Assert.Equal(200, status);
        return table.GetProperty("metadata").GetProperty("table-uuid").GetString()!;
    }
}
