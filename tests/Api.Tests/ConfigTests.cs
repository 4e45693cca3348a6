using System.Text.Json;
using System.Xml;
using Frazil.Entities;

namespace Frazil.Api.Tests;

public sealed class ConfigTests : CatalogTests
{
    [Fact]
    [Trait("Behaviour", "1")]
    [Trait("Behaviour", "8")]
    public async Task Config_has_defaults_and_overrides_as_objects()
    {
        var config = (await Server.Api.GetAsync("/config")).Ok().Json;

        Assert.Equal(JsonValueKind.Object, config.GetProperty("defaults").ValueKind);
        Assert.Equal(JsonValueKind.Object, config.GetProperty("overrides").ValueKind);
    }

    [Fact]
    [Trait("Behaviour", "2")]
    public async Task Config_of_a_warehouse_gives_its_prefix()
    {
        await Server.OpenAsync("other");

        var config = (await Server.Api.GetAsync("/config?warehouse=other")).Ok().Json;

        var prefix = config.GetProperty("overrides").GetProperty("prefix").GetString();
        Assert.Equal("other", prefix);
        (await Server.Api.GetAsync($"/{prefix}/namespaces")).Ok();
    }

    [Fact]
    [Trait("Behaviour", "2")]
    public async Task A_warehouse_may_be_named_by_its_base_location_exactly()
    {
        var other = await Server.OpenAsync("other");

        Assert.Equal("other", await PrefixOfAsync(other.Base));
        Assert.Equal("other", await PrefixOfAsync(other.Base + "/"));
        Assert.Equal("default", await PrefixOfAsync(Catalog.Base));
        foreach (var near in (string[])[other.Base + "/below", other.Base[..^1], other.Base.ToUpperInvariant()])
        {
            (await Server.Api.GetAsync($"/config?warehouse={Uri.EscapeDataString(near)}")).Error(404, "NoSuchWarehouseException");
        }

        // Anybody may ask, so asking costs the store nothing.
        Seam.Clear();
        Assert.Equal("other", await PrefixOfAsync(other.Base));
        (await Server.Api.GetAsync("/config?warehouse=s3%3A%2F%2Fguessed%2Fplace")).Error(404, "NoSuchWarehouseException");
        Assert.DoesNotContain(Seam.Calls, call => call.Kind == CallKind.List);

        async Task<string?> PrefixOfAsync(string location) =>
            (await Server.Api.GetAsync($"/config?warehouse={Uri.EscapeDataString(location)}")).Ok().Json.GetProperty("overrides").GetProperty("prefix").GetString();
    }

    [Theory]
    [InlineData("?warehouse=unknown")]
    [InlineData("?warehouse=un%20known%2F..")]
    [Trait("Behaviour", "3")]
    public async Task Config_of_an_unknown_warehouse_is_404(string query) =>
        (await Server.Api.GetAsync("/config" + query)).Error(404, "NoSuchWarehouseException", "Warehouse does not exist");

    [Theory]
    [InlineData("")]
    [InlineData("?warehouse=")]
    public async Task Config_without_a_warehouse_is_that_of_the_default_catalog(string query) =>
        Assert.Equal("default", (await Server.Api.GetAsync("/config" + query)).Ok().Json.GetProperty("overrides").GetProperty("prefix").GetString());

    [Fact]
    [Trait("Behaviour", "4")]
    public async Task Endpoints_are_spelled_as_the_specification_spells_them()
    {
        var endpoints = await EndpointsAsync();

        Assert.All(endpoints, endpoint => Assert.Contains(endpoint, Specification.Operations.Select(operation => $"{operation.Method} {operation.Path}")));
        Assert.All(endpoints, endpoint => Assert.Contains(" /v1/{prefix}/", endpoint, StringComparison.Ordinal));
        Assert.Distinct(endpoints);
        Assert.Contains("HEAD /v1/{prefix}/namespaces/{namespace}/tables/{table}", endpoints);
        Assert.Contains("GET /v1/{prefix}/namespaces/{namespace}/views", endpoints);
        Assert.Contains("POST /v1/{prefix}/namespaces/{namespace}/register-view", endpoints);
        Assert.Contains("GET /v1/{prefix}/namespaces/{namespace}/tables/{table}/credentials", endpoints);
    }

    [Fact]
    [Trait("Behaviour", "5")]
    public async Task An_endpoint_is_advertised_when_it_answers_and_only_then()
    {
        var endpoints = await EndpointsAsync();
        foreach (var (method, path, operationId) in Specification.Operations.Where(operation => operation.Path.Contains("{prefix}", StringComparison.Ordinal)))
        {
            var target = path.Replace("{prefix}", Catalog.Name, StringComparison.Ordinal).Replace("{namespace}", "ns", StringComparison.Ordinal)
                .Replace("{table}", "t", StringComparison.Ordinal).Replace("{view}", "v", StringComparison.Ordinal)
                .Replace("{function}", "f", StringComparison.Ordinal).Replace("{plan-id}", "p", StringComparison.Ordinal);

            var reply = await Server.Api.SendAsync(method, "^" + target, method == "POST" ? ApiClient.JsonBody("{}") : null);

            if (!endpoints.Contains($"{method} {path}"))
            {
                reply.Error(406, "UnsupportedOperationException", operationId);
            }
            else if (method != "HEAD")
            {
                Assert.DoesNotContain(reply.Status, (int[])[405, 406, 500, 501]);
                Assert.DoesNotContain("NoSuchEndpoint", reply.Text, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    [Trait("Behaviour", "6")]
    [Trait("Behaviour", "281")]
    public async Task The_lifetime_of_idempotency_keys_is_a_duration()
    {
        var lifetime = (await Server.Api.GetAsync("/config")).Ok().Json.GetProperty("idempotency-key-lifetime").GetString()!;

        Assert.Equal(Limits.IdempotencyKeyLifetime, XmlConvert.ToTimeSpan(lifetime));
    }

    [Fact]
    [Trait("Behaviour", "7")]
    public async Task Config_ignores_query_parameters_and_headers_that_it_does_not_know() =>
        (await Server.Api.GetAsync("/config?warehouse=default&client=x&empty", ("Idempotency-Key", "no key at all"))).Ok();

    [Theory]
    [InlineData("^//v1/config")]
    [InlineData("^/v1/config/")]
    [InlineData("^/v1//config")]
    [InlineData("^/catalog/v1/config")]
    [InlineData("^/api/catalog/v1/config")]
    [Trait("Behaviour", "10")]
    public async Task Config_is_found_below_every_base_and_with_doubled_slashes(string target) =>
        (await Server.Api.GetAsync(target)).Ok();

    [Fact]
    [Trait("Behaviour", "11")]
    public async Task Config_advertises_the_namespace_separator_encoded()
    {
        Assert.Equal("%1F", await SeparatorAsync(Server));
        Assert.Equal("%2E", await SeparatorAsync(await World.StartAsync(new FrazilOptions { NamespaceSeparator = "%2E" })));

        static async Task<string?> SeparatorAsync(Server server) =>
            (await server.Api.GetAsync("/config")).Ok().Json.GetProperty("overrides").GetProperty("namespace-separator").GetString();
    }

    [Fact]
    public async Task A_path_without_prefix_means_the_default_catalog()
    {
        (await Server.Api.GetAsync("/namespaces/ns")).Ok();
        (await Server.Api.GetAsync("^/catalog/v1/default/namespaces/ns")).Ok();
        (await Server.Api.GetAsync("/nobody/namespaces/ns")).Error(404, "NoSuchWarehouseException", "Warehouse does not exist: nobody");
    }

    [Fact]
    public async Task A_catalog_hands_its_defaults_and_overrides_to_clients()
    {
        await Server.Operations.Catalogs.PutAsync(
            "told",
            World.Profile("told"),
            new Dictionary<string, string> { ["defaults.a"] = "1", ["overrides.b"] = "2", ["other"] = "3" },
            DeleteProfile.Soft,
            CancellationToken.None);

        var config = (await Server.Api.GetAsync("/config?warehouse=told")).Ok().Json;

        Assert.Equal("""{"a":"1"}""", config.GetProperty("defaults").GetRawText());
        Assert.Equal("2", config.GetProperty("overrides").GetProperty("b").GetString());
        Assert.DoesNotContain("other", config.GetRawText(), StringComparison.Ordinal);
    }

    private async Task<string[]> EndpointsAsync() =>
        [.. (await Server.Api.GetAsync("/config")).Ok().Json.GetProperty("endpoints").EnumerateArray().Select(endpoint => endpoint.GetString()!)];
}
