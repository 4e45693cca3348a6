using System.Text.Json;
using Frazil.FunctionsHost;

namespace Frazil.Functions.Tests;

/// <summary>Where tables may lie when their files are blobs.</summary>
[Trait("Needs", "azurite")]
public sealed class LocationTests
{
    private const string Schema = """{"type":"struct","schema-id":0,"fields":[]}""";

    [Fact]
    public async Task A_location_elsewhere_is_refused_in_the_words_of_the_specification()
    {
        await using var worker = await Worker.StartOnBlobsAsync();
        await worker.SignInAsync();
        await worker.SayAsync("POST /v1/default/namespaces", 200, """{"namespace":["a"]}""");
        var container = worker.Warehouse["abfss://".Length..worker.Warehouse.IndexOf('@', StringComparison.Ordinal)];
        string[] elsewhere =
        [
            $"abfss://{container}@other.dfs.core.windows.net/warehouse/a",
            $"abfss://{container}@devstoreaccount1.dfs.core.chinacloudapi.cn/warehouse/a",
            "abfss://another@devstoreaccount1.dfs.core.windows.net/warehouse/a",
            $"https://other.blob.core.windows.net/{container}/warehouse/a",
            $"abfss://{container}@/warehouse/a",
            $"abfss://devstoreaccount1.dfs.core.windows.net/{container}/warehouse/a",
            "s3://bucket/warehouse/a",
            "file:///tmp/a",
        ];
        foreach (var location in elsewhere)
        {
            AssertRefused(await worker.SendAsync("POST /v1/default/namespaces/a/tables", $$"""{"name":"t","schema":{{Schema}},"location":"{{location}}"}"""));
            AssertRefused(await worker.SendAsync("POST /v1/default/namespaces", $$$"""{"namespace":["b"],"properties":{"location":"{{{location}}}"}}"""));
            AssertRefused(await worker.SendAsync("POST /v1/default/namespaces/a/register", $$"""{"name":"t","metadata-location":"{{location}}/metadata/00000-x.metadata.json"}"""));
        }

        await worker.SayAsync("HEAD /v1/default/namespaces/a/tables/t", 404);
        await worker.SayAsync("HEAD /v1/default/namespaces/b", 404);
    }

    [Theory]
    [InlineData("wasbs://{0}@devstoreaccount1.blob.core.windows.net/warehouse/own")]
    [InlineData("https://devstoreaccount1.dfs.core.windows.net/{0}/warehouse/own")]
    public async Task Another_spelling_of_the_same_place_is_the_same_place(string location)
    {
        await using var worker = await Worker.StartOnBlobsAsync();
        await worker.SignInAsync();
        var container = worker.Warehouse["abfss://".Length..worker.Warehouse.IndexOf('@', StringComparison.Ordinal)];
        location = location.Replace("{0}", container, StringComparison.Ordinal);
        await worker.SayAsync("POST /v1/default/namespaces", 200, """{"namespace":["a"]}""");
        await worker.SayAsync("POST /v1/default/namespaces/a/tables", 200, $$"""{"name":"t","schema":{{Schema}},"location":"{{location}}"}""");
        await worker.SayAsync("GET /v1/default/namespaces/a/tables/t", 200);

        // Whoever names it in the usual way meets the one that is there.
        await worker.SayAsync("POST /v1/default/namespaces/a/tables", 403, $$"""{"name":"u","schema":{{Schema}},"location":"{{worker.Warehouse}}/own"}""");
    }

    [Fact]
    public async Task A_location_that_Trino_makes_of_a_name_is_a_location()
    {
        await using var worker = await Worker.StartOnBlobsAsync();
        await worker.SignInAsync();
        await worker.SayAsync("POST /v1/default/namespaces", 200, """{"namespace":["a"]}""");
        foreach (var (name, location) in ((string, string)[])[("t", "/a?b&c-0f8c3f7e"), ("u", "/a?b&d-0f8c3f7e"), ("v", "/a#%25 b|<c>-0f8c3f7e"), ("w", "/a")])
        {
            await worker.SayAsync("POST /v1/default/namespaces/a/tables", 200, $$"""{"name":"{{name}}","schema":{{Schema}},"location":"{{worker.Warehouse}}{{location}}"}""");
            await worker.SayAsync($"POST /v1/default/namespaces/a/tables/{name}", 200, $$$"""{"updates":[{"action":"set-properties","updates":{"of":"{{{name}}}"}}]}""");
        }

        foreach (var name in (string[])["t", "u", "v", "w"])
        {
            Assert.Contains($"\"of\":\"{name}\"", await worker.SayAsync($"GET /v1/default/namespaces/a/tables/{name}", 200), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_worker_whose_catalog_is_in_an_account_that_it_does_not_reach_ends_and_says_why()
    {
        var ended = await Assert.ThrowsAsync<WorkerException>(() => Worker.StartOnBlobsAsync((SettingNames.CatalogAllowedLocations, "abfss://lake@other.dfs.core.windows.net/warehouse")));
        Assert.Contains("Frazil cannot start: ", ended.Message, StringComparison.Ordinal);
        Assert.Contains("in the storage account 'other', which this server does not reach; it reaches devstoreaccount1", ended.Message, StringComparison.Ordinal);
    }

    private static void AssertRefused(HttpResponseMessage answer)
    {
        using (answer)
        {
            using var error = JsonDocument.Parse(answer.Content.ReadAsStream());
            var text = error.RootElement.GetRawText();
            Assert.True((int)answer.StatusCode is 400 or 403, $"{(int)answer.StatusCode}: {text}");
            Assert.True(error.RootElement.GetProperty("error").GetProperty("type").GetString() is "BadRequestException" or "ForbiddenException", text);
        }
    }
}
