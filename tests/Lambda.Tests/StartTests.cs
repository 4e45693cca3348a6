using System.Text.Json;
using Frazil.HostStory;
using Frazil.LambdaEmulator;

namespace Frazil.Lambda.Tests;

/// <summary>A function that is set up wrongly does not start, and says why. One whose store is away starts, and says that. Neither needs an emulator.</summary>
public sealed class StartTests
{
    private const string Nowhere = "http://127.0.0.1:9/"; // the discard port: nobody listens

    private static readonly Dictionary<string, string> Good = new()
    {
        ["FRAZIL__ENTRY"] = "api",
        ["FRAZIL__STORE"] = "dynamodb",
        ["FRAZIL__DYNAMODB__TABLE"] = "frazil",
        ["FRAZIL__CATALOG__BASELOCATION"] = "s3://bucket/warehouse",
        ["FRAZIL__AUTH__SECRETSOURCE"] = "env:FRAZIL__AUTH__ROOTSECRET",
        ["FRAZIL__AUTH__ROOTSECRET"] = StoryHost.ClientSecret,
        ["AWS_ENDPOINT_URL"] = Nowhere,
        ["AWS_ACCESS_KEY_ID"] = "test",
        ["AWS_SECRET_ACCESS_KEY"] = "test",
    };

    [Theory]
    [InlineData("FRAZIL__ENTRY", null, "FRAZIL__ENTRY is not set")]
    [InlineData("FRAZIL__ENTRY", "web", "it must be api or jobs")]
    [InlineData("FRAZIL__STORE", "azuretables", "a Lambda function serves dynamodb only")]
    [InlineData("FRAZIL__DYNAMODB__TABLE", "", "FRAZIL__DYNAMODB__TABLE is not set")]
    [InlineData("FRAZIL__CATALOG__BASELOCATION", null, "FRAZIL__CATALOG__BASELOCATION is not set")]
    [InlineData("FRAZIL__CATALOG__BASELOCATION", "file:///tmp/warehouse", "s3:// locations only")]
    [InlineData("FRAZIL__CATALOG__BASELOCATION", "s3://bucket/../other", "FRAZIL__CATALOG__BASELOCATION")]
    [InlineData("FRAZIL__CATALOG__ALLOWEDLOCATIONS", "s3://other/a, abfss://c@a.dfs.core.windows.net/x", "s3:// locations only")]
    [InlineData("FRAZIL__AUTH__SECRETSOURCE", null, "everybody could read and change everything")]
    [InlineData("FRAZIL__AUTH__SECRETSOURCE", "", "everybody could read and change everything")]
    [InlineData("FRAZIL__AUTH__SECRETSOURCE", StoryHost.ClientSecret, "It must be ssm:NAME, secretsmanager:NAME or env:VARIABLE")]
    public async Task A_setting_that_is_wrong_keeps_the_api_from_starting(string variable, string? value, string expected)
    {
        await using var function = Function(environment =>
        {
            environment.Remove(variable);
            if (value is not null)
            {
                environment[variable] = value;
            }
        });

        var result = await function.InvokeAsync("""{"version":"2.0"}""");
        Assert.True(result.IsFailure, result.Text);
        Assert.Contains("Runtime.ExitError", result.Text, StringComparison.Ordinal);
        var line = JsonDocument.Parse(Assert.Single(function.Output)).RootElement;
        Assert.Equal("FATAL", line.GetProperty("level").GetString());
        Assert.Contains(expected, line.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain(StoryHost.ClientSecret, function.Output[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_that_is_away_is_a_503_that_may_be_tried_again()
    {
        await using var client = await LambdaClient.OpenAsync(Function(_ => { }));

        var (status, body, response) = await client.SendAsync("GET /v1/config");
        Assert.Equal(503, status);
        Assert.Contains("\"type\":\"SlowDownException\"", body, StringComparison.Ordinal);
        Assert.NotNull(response.Headers.RetryAfter);
        await client.SendAsync("GET /health/live", 200);
        Assert.Equal(503, (await client.SendAsync("GET /health/ready")).Status);
        Assert.Equal(1, client.Api.StartCount);

        // The line can be found as a request's, and the alarm for the server's errors counts it.
        var line = client.Log().First(line => line.TryGetProperty("operation", out _));
        Assert.Equal(("ERROR", 503, "failed"), (line.GetProperty("level").GetString(), line.GetProperty("status").GetInt32(), line.GetProperty("outcome").GetString()));
        Assert.Contains("could not be opened", line.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(response.Headers.TryGetValues("X-Request-Id", out var ids) ? ids.Single() : line.GetProperty("awsRequestId").GetString(), line.GetProperty("requestId").GetString());
        Assert.Equal(2, client.Log().Where(line => line.TryGetProperty("_aws", out _) && line.GetProperty("status").GetString() == "5xx").Sum(line => line.GetProperty("catalog.requests").GetInt32()));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"detail":{"job":"purge"}}""")]
    [InlineData("""{"job":"backup"}""")]
    public async Task An_event_that_names_no_job_fails_and_says_what_one_looks_like(string payload)
    {
        await using var function = Function(environment => environment["FRAZIL__ENTRY"] = "jobs");

        var result = await function.InvokeAsync(payload);
        Assert.True(result.IsFailure, result.Text);
        Assert.Contains("{\\\"job\\\":\\\"purge\\\"}", result.Text.Replace("\\u0022", "\\\"", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains(function.Output, line => line.Contains("An event that is no job", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_jobs_ask_for_no_secret_and_fail_when_the_store_is_away()
    {
        await using var function = Function(environment =>
        {
            environment["FRAZIL__ENTRY"] = "jobs";
            environment.Remove("FRAZIL__AUTH__SECRETSOURCE");
            environment.Remove("FRAZIL__AUTH__ROOTSECRET");
        });

        var result = await function.InvokeAsync("""{"job":"purge"}""");
        Assert.True(result.IsFailure, result.Text);
        Assert.Contains(function.Output, line => line.Contains("Job purge failed", StringComparison.Ordinal));
        Assert.Equal(1, function.InstanceCount);
    }

    private static LambdaFunction Function(Action<Dictionary<string, string>> change)
    {
        var environment = new Dictionary<string, string>(Good);
        change(environment);
        return new LambdaFunction(new LambdaOptions { Program = Built.Lambda, Environment = environment, Timeout = TimeSpan.FromSeconds(60) });
    }
}
