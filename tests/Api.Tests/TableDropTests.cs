namespace Frazil.Api.Tests;

public sealed class TableDropTests : CatalogTests
{
    [Fact]
    [Trait("Behaviour", "132")]
    public async Task Drop_removes_the_name_and_leaves_the_files()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("k", "v"))).Ok();
        var files = await World.ListFilesAsync();

        (await Catalog.DeleteAsync("/namespaces/ns/tables/t")).NoContent();

        (await Catalog.LoadTableAsync("ns", "t")).Error(404, "NoSuchTableException");
        Assert.Empty(await Catalog.NamesAsync("ns"));
        Assert.Equal(2, files.Count);
        Assert.Equal(files, await World.ListFilesAsync());
    }

    [Theory]
    [InlineData("True", 204)]
    [InlineData("TRUE", 204)]
    [InlineData("true", 204)]
    [InlineData("False", 204)]
    [InlineData("1", 400)]
    [InlineData("junk", 400)]
    [InlineData("", 400)]
    [Trait("Behaviour", "134")]
    public async Task PurgeRequested_is_a_boolean_in_any_case(string value, int status)
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();

        var reply = await Catalog.DeleteAsync($"/namespaces/ns/tables/t?purgeRequested={value}");

        Assert.Equal(status, reply.Status);
        if (status == 400)
        {
            reply.Error(400, "BadRequestException", "purgeRequested");
            (await Catalog.LoadTableAsync("ns", "t")).Ok();
        }
    }

    [Fact]
    [Trait("Behaviour", "137")]
    public async Task Drop_of_what_is_no_table_is_404()
    {
        (await Catalog.CreateViewAsync("ns", "v")).Ok();

        (await Catalog.DeleteAsync("/namespaces/ns/tables/missing")).Error(404, "NoSuchTableException", "Table does not exist: ns.missing");
        (await Catalog.DeleteAsync("/namespaces/missing/tables/t")).Error(404, "NoSuchTableException");
        (await Catalog.DeleteAsync("/namespaces/ns/tables/v")).Error(404, "NoSuchTableException");
        (await Catalog.HeadAsync("/namespaces/ns/views/v")).NoContent();
    }

    [Fact]
    [Trait("Behaviour", "138")]
    public async Task A_table_of_the_same_name_is_another_table()
    {
        var old = (await Catalog.CreateTableAsync("ns", "t")).Ok().Metadata.GetProperty("table-uuid").GetString()!;
        (await Catalog.DeleteAsync("/namespaces/ns/tables/t")).NoContent();
        var young = (await Catalog.CreateTableAsync("ns", "t")).Ok().Metadata.GetProperty("table-uuid").GetString()!;

        Assert.NotEqual(old, young);
        (await Catalog.CommitAsync("ns", "t", Sample.AssertUuid(old), Sample.SetProperty("k", "v")))
            .Error(409, "CommitFailedException", $"Requirement failed: UUID does not match: expected {young} != {old}");
    }

    [Fact]
    [Trait("Behaviour", "157")]
    public async Task Unregister_lets_go_of_the_name_and_tells_where_the_metadata_is()
    {
        var created = (await Catalog.CreateTableAsync("ns", "t")).Ok();
        var files = await World.ListFilesAsync();

        var reply = (await Catalog.SendAsync("POST", "/namespaces/ns/tables/t/unregister", null)).Ok();

        Assert.Equal(created.MetadataLocation, reply.MetadataLocation);
        Assert.Equal(created.Metadata.GetRawText(), reply.Metadata.GetRawText());
        (await Catalog.LoadTableAsync("ns", "t")).Error(404, "NoSuchTableException");
        (await Catalog.SendAsync("POST", "/namespaces/ns/tables/t/unregister", null)).Error(404, "NoSuchTableException", "Table does not exist: ns.t");
        Assert.Equal(files, await World.ListFilesAsync());
        (await RegisterAsync(created.MetadataLocation)).Ok();
    }

    private Task<Reply> RegisterAsync(string location) => Catalog.PostAsync("/namespaces/ns/register", $$"""{"name":"t","metadata-location":"{{location}}"}""");
}
