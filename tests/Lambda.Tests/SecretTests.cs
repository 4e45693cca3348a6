using Frazil.HostStory;
using Microsoft.AspNetCore.Http;

namespace Frazil.Lambda.Tests;

/// <summary>The root secret: read once from its keeper, never shown, and no door is open while it is missing.</summary>
[Trait("Needs", "dynamodb")]
[Trait("Needs", "s3")]
public sealed class SecretTests
{
    [Fact]
    public async Task An_instance_reads_the_secret_once()
    {
        await using var cloud = await Cloud.CreateAsync();
        await using var client = await LambdaClient.OpenAsync(cloud.Function("api"));
        await client.SignInAsync();
        await client.SendAsync("GET /v1/default/namespaces", 200);

        Assert.Equal(1, cloud.ParameterReads);
    }

    [Fact]
    public async Task While_the_secret_cannot_be_read_nobody_gets_in_and_afterwards_the_same_instance_serves()
    {
        await using var cloud = await Cloud.CreateAsync();
        cloud.Parameter = async http =>
        {
            http.Response.StatusCode = 400;
            await http.Response.WriteAsync($$"""{"__type":"AccessDeniedException","message":"not for you: {{StoryHost.ClientSecret}}"}""");
        };
        await using var client = await LambdaClient.OpenAsync(cloud.Function("api"));
        foreach (var request in (string[])["GET /v1/config", "GET /v1/default/namespaces", "POST /v1/oauth/tokens", "DELETE /v1/default/namespaces/n"])
        {
            Assert.Equal(503, (await client.SendAsync(request)).Status);
        }

        Assert.Contains(client.Api.Output, line => line.Contains($"The secret in ParameterStore {Cloud.ParameterName} cannot be read: 400 AccessDeniedException", StringComparison.Ordinal));
        cloud.Parameter = null;
        await client.SignInAsync();
        Assert.Equal(1, client.Api.StartCount);
        Assert.DoesNotContain(client.Api.Output, line => line.Contains(StoryHost.ClientSecret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_secret_that_was_thought_up_is_refused()
    {
        await using var cloud = await Cloud.CreateAsync();
        cloud.Parameter = http => http.Response.WriteAsync("""{"Parameter":{"Value":"correct horse"}}""");
        await using var client = await LambdaClient.OpenAsync(cloud.Function("api"));

        Assert.Equal(503, (await client.SendAsync("GET /v1/config")).Status);
        Assert.Contains(client.Api.Output, line => line.Contains("it is too short", StringComparison.Ordinal));
        Assert.DoesNotContain(client.Api.Output, line => line.Contains("correct horse", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Every_route_but_config_and_tokens_wants_a_token()
    {
        await using var cloud = await Cloud.CreateAsync();
        await using var client = await LambdaClient.OpenAsync(cloud.Function("api"));
        var endpoints = (await client.SendAsync("GET /v1/config", 200)).GetProperty("endpoints").EnumerateArray().Select(endpoint => endpoint.GetString()!).ToArray();
        Assert.True(endpoints.Length > 20, string.Join('\n', endpoints));
        string[] management = ["GET /management/v1/warehouse", "POST /management/v1/job/purge/run", "POST /management/v1/warehouse/default/task/list"];
        foreach (var endpoint in endpoints.Concat(management))
        {
            var target = endpoint.Replace("{prefix}", "default", StringComparison.Ordinal).Replace("{", "", StringComparison.Ordinal).Replace("}", "", StringComparison.Ordinal);
            foreach (var path in (string[])[target, target.Replace("/v1/default", "/v1", StringComparison.Ordinal), target.Replace(" /v1", " /api/catalog/v1", StringComparison.Ordinal)])
            {
                Assert.True((await client.SendAsync(path)).Status == 401, path);
            }
        }
    }
}
