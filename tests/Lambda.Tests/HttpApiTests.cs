using System.Text.Json;
using Frazil.LambdaEmulator;

namespace Frazil.Lambda.Tests;

/// <summary>Behind an HTTP API paths arrive decoded: what survives that works, and what does not is refused.</summary>
[Trait("Needs", "dynamodb")]
[Trait("Needs", "s3")]
public sealed class HttpApiTests : IAsyncLifetime
{
    private const string Schema = """{"type":"struct","fields":[{"id":1,"name":"id","required":true,"type":"long"}]}""";

    private Cloud cloud = null!;
    private LambdaClient client = null!;

    public async Task InitializeAsync()
    {
        cloud = await Cloud.CreateAsync();
        client = await LambdaClient.OpenAsync(cloud.Function("api"), DoorKind.HttpApi);
        await client.SignInAsync();
    }

    public async Task DisposeAsync()
    {
        await client.DisposeAsync();
        await cloud.DisposeAsync();
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("two words")]
    [InlineData("100% of a%2Fb")]
    [InlineData("ödd.🧊#&=")]
    public async Task A_name_that_survives_decoding_is_found_again(string name)
    {
        var json = JsonSerializer.Serialize(name);
        await client.SendAsync("POST /v1/default/namespaces", 200, $$"""{"namespace":[{{json}}]}""");
        await client.SendAsync("POST /v1/default/namespaces", 200, $$"""{"namespace":[{{json}},"below"]}""");
        var path = $"/v1/default/namespaces/{Uri.EscapeDataString(name)}%1Fbelow";
        await client.SendAsync($"POST {path}/tables", 200, $$$"""{"name":{{{json}}},"schema":{{{Schema}}}}""");
        var loaded = await client.SendAsync($"GET {path}/tables/{Uri.EscapeDataString(name)}?snapshots=all", 200);
        Assert.Equal(cloud.Warehouse, loaded.GetProperty("metadata").GetProperty("location").GetString()![..cloud.Warehouse.Length]);
        Assert.Equal(404, (await client.SendAsync($"GET {path}/tables/{Uri.EscapeDataString(name + "x")}")).Status);
    }

    [Theory]
    [InlineData("a/b")]
    [InlineData("a?b")]
    [InlineData("a+b")]
    public async Task A_name_that_could_not_be_told_from_another_is_not_made(string name)
    {
        var json = JsonSerializer.Serialize(name);
        await client.SendAsync("POST /v1/default/namespaces", 200, """{"namespace":["n"]}""");
        await client.SendAsync("POST /v1/default/namespaces/n/tables", 200, $$$"""{"name":"t","schema":{{{Schema}}}}""");
        string[] requests =
        [
            $$"""POST /v1/default/namespaces {"namespace":["n",{{json}}]}""",
            $$$"""POST /v1/default/namespaces/n/tables {"name":{{{json}}},"schema":{{{Schema}}}}""",
            $$"""POST /v1/default/namespaces/n/register {"name":{{json}},"metadata-location":"{{cloud.Warehouse}}/m.json"}""",
            $$$"""POST /v1/default/tables/rename {"source":{"namespace":["n"],"name":"t"},"destination":{"namespace":["n"],"name":{{{json}}}}}""",
            $$$"""POST /v1/default/transactions/commit {"table-changes":[{"identifier":{"namespace":["n"],"name":{{{json}}}},"requirements":[{"type":"assert-create"}],"updates":[]}]}""",
        ];
        foreach (var request in requests)
        {
            var body = request.IndexOf('{', StringComparison.Ordinal);
            var (status, text, _) = await client.SendAsync(request[..(body - 1)], request[body..]);
            Assert.True(status == 400 && text.Contains("could not be told from another", StringComparison.Ordinal), $"{request}: {status} {text}");
        }
    }

    [Fact]
    public async Task A_plus_sign_in_a_path_is_refused_since_it_may_have_been_a_space()
    {
        await client.SendAsync("POST /v1/default/namespaces", 200, """{"namespace":["a b"]}""");
        foreach (var path in (string[])["a+b", "a%2Bb"])
        {
            var (status, body, _) = await client.SendAsync($"DELETE /v1/default/namespaces/{path}");
            Assert.True(status == 400, body);
        }

        Assert.Equal(204, (await client.SendAsync("DELETE /v1/default/namespaces/a%20b")).Status);
    }

    [Fact]
    public async Task Columns_and_properties_may_hold_what_names_may_not()
    {
        await client.SendAsync("POST /v1/default/namespaces", 200, """{"namespace":["n"],"properties":{"name":"a/b","namespace":"a?b"}}""");
        await client.SendAsync(
            "POST /v1/default/namespaces/n/tables", 200, """{"name":"t","properties":{"name":"x/y"},"schema":{"type":"struct","fields":[{"id":1,"name":"a/b?c+d","required":true,"type":"long"}]}}""");
    }
}
