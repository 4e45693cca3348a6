using System.Net;
using System.Runtime.Versioning;
using Microsoft.Data.Sqlite;

namespace Frazil.Hosts.Tests;

/// <summary>A server whose store or disk is in trouble says so: in its readiness, and to whoever asks for a change.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class StoreTroubleTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private string Store => folder.Join("data/frazil.sqlite");

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_store_that_is_deleted_under_way_takes_no_more_commits_and_is_not_ready()
    {
        await using var server = await ServeAsync();
        Assert.Equal("ok", await ReadinessAsync(server));
        File.Delete(Store);

        await AssertRefusedAsync(server, "the file of its database was deleted, moved or replaced while it was in use");
        Assert.Equal("the file of its database was deleted, moved or replaced while it was in use", await ReadinessAsync(server));
        await server.GetAsync("/v1/namespaces/n/tables/t", HttpStatusCode.ServiceUnavailable);
        Assert.False(File.Exists(Store));
    }

    [Fact]
    public async Task A_store_that_another_program_holds_is_waited_for_once_and_told_of()
    {
        await using var server = await ServeAsync();
        using (var foreign = new SqliteConnection($"Data Source={Store};Pooling=False"))
        {
            foreign.Open();
            using var command = foreign.CreateCommand();
            command.CommandText = "BEGIN IMMEDIATE";
            command.ExecuteNonQuery();

            // What was found a moment ago is taken for true for a second.
            var readiness = "ok";
            for (var attempt = 0; attempt < 20 && readiness == "ok"; attempt++)
            {
                await Task.Delay(200);
                readiness = await ReadinessAsync(server);
            }

            Assert.Equal("the store did not answer within 2 s", readiness);
            await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => AssertRefusedAsync(server, "another program has locked its database and did not let go in time")));
        }

        await server.PostAsync("/v1/namespaces/n/tables/t", Requests.SetProperty("color", "green"));
        Assert.Equal("green", (await server.PropertiesAsync("t"))["color"]);
    }

    private async Task<FrazilProcess> ServeAsync()
    {
        var server = await FrazilProcess.ServeAsync(folder.Path, "--data", folder.Join("data"));
        await server.CreateTableAsync("t");
        return server;
    }

    private static async Task AssertRefusedAsync(FrazilProcess server, string reason)
    {
        var answer = await server.PostAsync("/v1/namespaces/n/tables/t", Requests.SetProperty("color", "blue"), HttpStatusCode.ServiceUnavailable);
        Assert.Equal("ServiceUnavailableException", answer.GetProperty("error").GetProperty("type").GetString());
        Assert.Equal($"The catalog cannot work at the moment: {reason}. Nothing was changed", answer.GetProperty("error").GetProperty("message").GetString());
    }

    private static async Task<string?> ReadinessAsync(FrazilProcess server)
    {
        using var answer = await server.Client.GetAsync("/health/ready");
        var body = System.Text.Json.JsonSerializer.Deserialize<System.Text.Json.JsonElement>(await answer.Content.ReadAsStringAsync());
        Assert.Equal(body.TryGetProperty("reason", out _), answer.StatusCode == HttpStatusCode.ServiceUnavailable);
        return answer.StatusCode == HttpStatusCode.OK ? "ok" : body.GetProperty("reason").GetString();
    }
}
