using System.Text.Json.Nodes;

namespace Frazil.Api.Tests;

/// <summary>A registered file may come from anywhere. What is wrong with it shows when it is registered, not when a client first needs that part.</summary>
public sealed class RegisterForeignFileTests : CatalogTests
{
    [Fact]
    public async Task A_mistake_in_an_old_schema_is_refused()
    {
        var created = (await Catalog.CreateTableAsync("ns", "t")).Ok();
        var metadata = JsonNode.Parse(created.Metadata.GetRawText())!;
        metadata["schemas"]!.AsArray().Add(JsonNode.Parse("""{"type":"struct","schema-id":7,"fields":[{"id":1,"name":"a","required":true,"type":"money"}]}"""));
        var location = created.MetadataLocation.Replace("00000-", "00001-", StringComparison.Ordinal);
        await Catalog.WriteFileAsync(location, metadata.ToJsonString());

        var reply = await Catalog.PostAsync("/namespaces/ns/register", $$"""{"name":"other","metadata-location":"{{location}}"}""");

        reply.Error(400, "BadRequestException", "Cannot parse type string to primitive: money");
    }

    [Fact]
    public async Task A_mistake_in_an_old_schema_of_a_view_is_refused()
    {
        var created = (await Catalog.CreateViewAsync("ns", "v")).Ok();
        var metadata = JsonNode.Parse(created.Metadata.GetRawText())!;
        metadata["schemas"]!.AsArray().Add(JsonNode.Parse("""{"type":"struct","schema-id":7,"fields":[{"id":1,"name":"a","required":true,"type":"money"}]}"""));
        var location = created.MetadataLocation.Replace("00000-", "00001-", StringComparison.Ordinal);
        await Catalog.WriteFileAsync(location, metadata.ToJsonString());

        var reply = await Catalog.PostAsync("/namespaces/ns/register-view", $$"""{"name":"other","metadata-location":"{{location}}"}""");

        reply.Error(400, "BadRequestException", "Cannot parse type string to primitive: money");
    }
}
