using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;

namespace Frazil.Lambda.Tests;

/// <summary>Instances that end in the middle of a request: nothing that was acknowledged is lost, nothing happens twice, and whoever comes back finds out what happened.</summary>
[Trait("Needs", "dynamodb")]
[Trait("Needs", "s3")]
public sealed class DeathTests : IAsyncLifetime
{
    private const string Table = "/v1/default/namespaces/n/tables/t";
    private const string Schema = """{"type":"struct","fields":[{"id":1,"name":"id","required":true,"type":"long"}]}""";

    private Cloud cloud = null!;
    private Wire rows = null!;
    private Wire files = null!;

    public async Task InitializeAsync()
    {
        cloud = await Cloud.CreateAsync();
        rows = await Wire.OpenAsync(Cloud.Required("FRAZIL_TEST_DYNAMODB"));
        files = await Wire.OpenAsync(Cloud.Required("FRAZIL_TEST_S3"));
    }

    public async Task DisposeAsync()
    {
        await rows.DisposeAsync();
        await files.DisposeAsync();
        await cloud.DisposeAsync();
    }

    [Fact]
    public async Task Commits_that_race_through_many_instances_are_each_there_once_although_instances_die()
    {
        const int writers = 4, commitsOfEach = 12;
        await using var client = await OpenAsync(instances: writers);
        var uuid = await CreateTableAsync(client);

        // Every now and then a change of rows costs an instance its life, before the row is written or after it was.
        int asked = 0, written = 0, deaths = 0;
        rows.Before = (request, _) => Task.FromResult(request.IsRowWrite && Interlocked.Increment(ref asked) % 14 == 7 && Die());
        rows.After = (request, _) => Task.FromResult(request.IsRowWrite && Interlocked.Increment(ref written) % 14 == 0 && Die());
        var fates = new ConcurrentDictionary<string, int>();
        await Task.WhenAll(Enumerable.Range(0, writers).Select(async writer =>
        {
            for (var number = 0; number < commitsOfEach; number++)
            {
                var key = $"w{writer}-{number}";
                fates[key] = (await client.SendAsync($"POST {Table}", Commit(uuid, key))).Status;
            }
        }));
        (rows.Before, rows.After) = (null, null);

        var loaded = await client.SendAsync($"GET {Table}", 200);
        var found = loaded.GetProperty("metadata").GetProperty("properties").EnumerateObject().Select(property => property.Name).Where(fates.ContainsKey).ToHashSet();
        var acknowledged = fates.Where(fate => fate.Value == 200).Select(fate => fate.Key).ToHashSet();
        var refused = fates.Where(fate => fate.Value is 409 or 503).Select(fate => fate.Key).ToHashSet();
        var told = $"{string.Join(", ", fates.CountBy(fate => fate.Value))}; {deaths} deaths, {found.Count} found, {client.Api.StartCount} instances";

        Assert.Empty(acknowledged.Except(found));
        Assert.Empty(refused.Intersect(found));
        Assert.All(fates, fate => Assert.True(fate.Value is 200 or 409 or 500 or 502 or 503, told));
        Assert.Equal(found.Count, VersionOf(loaded));
        Assert.True(acknowledged.Count > writers * commitsOfEach / 2, told);
        Assert.True(deaths >= 3 && client.Api.StartCount > writers && fates.Values.Contains(502), told);

        bool Die() => client.Api.KillBusy() && Interlocked.Increment(ref deaths) > 0;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_commit_whose_instance_died_and_that_comes_again_with_its_key_is_made_once(bool hasLanded)
    {
        await using var client = await OpenAsync();
        var uuid = await CreateTableAsync(client);
        var left = 1;
        Func<WireRequest, CancellationToken, Task> die = (request, _) => Task.FromResult(request.IsRowWrite && Interlocked.Decrement(ref left) == 0 && client.Api.KillBusy());
        (rows.Before, rows.After) = (hasLanded ? null : die, hasLanded ? die : null);
        var key = ("Idempotency-Key", "0199b3a0-0000-7000-8000-000000000001");

        var first = await client.SendAsync($"POST {Table}", Commit(uuid, "w"), key);
        Assert.Equal(502, first.Status);
        var second = await client.SendAsync($"POST {Table}", Commit(uuid, "w"), key);
        Assert.Equal(200, second.Status);

        Assert.Equal(1, VersionOf(JsonDocument.Parse(second.Body).RootElement));
        Assert.Equal(1, VersionOf(await client.SendAsync($"GET {Table}", 200)));
        Assert.Equal(2, client.Api.StartCount);
    }

    [Theory]
    [InlineData("file")]
    [InlineData("row before")]
    [InlineData("row after")]
    public async Task A_request_that_ran_out_of_its_functions_time_has_happened_or_not_and_the_next_instance_goes_on(string at)
    {
        await using var client = await OpenAsync();
        var uuid = await CreateTableAsync(client);
        Func<WireRequest, bool> isStuck = at == "file" ? request => request.Method == "PUT" : request => request.IsRowWrite;
        var stuck = 0;
        Func<WireRequest, CancellationToken, Task> hold = (request, given) =>
            isStuck(request) && Interlocked.Increment(ref stuck) == 1 ? Task.Delay(Timeout.Infinite, given) : Task.CompletedTask;
        (files.Before, rows.Before, rows.After) = (at == "file" ? hold : null, at == "row before" ? hold : null, at == "row after" ? hold : null);

        // Short for the request that is stuck alone: on a busy machine an instance takes seconds to start.
        var patience = client.Api.Options.Timeout;
        client.Api.Options.Timeout = TimeSpan.FromSeconds(4);
        Assert.Equal(502, (await client.SendAsync($"POST {Table}", Commit(uuid, "w"))).Status);
        client.Api.Options.Timeout = patience;

        Assert.Equal(1, stuck);
        Assert.Equal(at == "row after" ? 1 : 0, VersionOf(await client.SendAsync($"GET {Table}", 200)));
        Assert.Equal(at == "row after" ? 2 : 1, VersionOf(await client.SendAsync($"POST {Table}", 200, Commit(uuid, "x"))));
        Assert.Equal(2, client.Api.StartCount);
    }

    private static int VersionOf(JsonElement table) => int.Parse(
        Path.GetFileName(table.GetProperty("metadata-location").GetString()!).Split('-')[0], CultureInfo.InvariantCulture);

    private static string Commit(string uuid, string key) =>
        $$$"""{"requirements":[{"type":"assert-table-uuid","uuid":"{{{uuid}}}"}],"updates":[{"action":"set-properties","updates":{"{{{key}}}":"1"}}]}""";

    private async Task<LambdaClient> OpenAsync(int instances = 1)
    {
        var client = await LambdaClient.OpenAsync(cloud.Function("api", instances, environment =>
        {
            environment["AWS_ENDPOINT_URL_DYNAMODB"] = rows.Url;
            environment["AWS_ENDPOINT_URL_S3"] = files.Url;
        }));
        await client.SignInAsync();
        return client;
    }

    private static async Task<string> CreateTableAsync(LambdaClient client)
    {
        await client.SendAsync("POST /v1/default/namespaces", 200, """{"namespace":["n"]}""");
        var created = await client.SendAsync("POST /v1/default/namespaces/n/tables", 200, $$$"""{"name":"t","schema":{{{Schema}}}}""");
        return created.GetProperty("metadata").GetProperty("table-uuid").GetString()!;
    }
}
