namespace Frazil.Api.Tests;

public sealed class RenameTestsInMemory() : RenameTests(new MemoryWorld());

public sealed class RenameTestsEmbedded() : RenameTests(new EmbeddedWorld());

public abstract class RenameTests(World world) : CatalogTests(world)
{
    [Theory]
    [InlineData("ns")]
    [InlineData("other")]
    [Trait("Behaviour", "139")]
    [Trait("Behaviour", "140")]
    public async Task Rename_moves_the_name_and_nothing_else(string @namespace)
    {
        (await Catalog.CreateNamespaceAsync("other")).Ok();
        var created = (await Catalog.CreateTableAsync("ns", "t")).Ok();

        (await Catalog.RenameAsync("tables", ("ns", "t"), (@namespace, "u"))).NoContent();

        (await Catalog.LoadTableAsync("ns", "t")).Error(404, "NoSuchTableException");
        var loaded = (await Catalog.LoadTableAsync(@namespace, "u")).Ok();
        Assert.Equal(created.MetadataLocation, loaded.MetadataLocation);
        Assert.Equal(created.Metadata.GetRawText(), loaded.Metadata.GetRawText());
        Assert.Equal(["u"], await Catalog.NamesAsync(@namespace));
    }

    [Theory]
    [InlineData("tables", "NoSuchTableException", "Table does not exist: ns.missing")]
    [InlineData("views", "NoSuchViewException", "View does not exist: ns.missing")]
    [Trait("Behaviour", "141")]
    [Trait("Behaviour", "240")]
    public async Task Rename_of_a_missing_source_is_404(string kind, string type, string message) =>
        (await Catalog.RenameAsync(kind, ("ns", "missing"), ("ns", "u"))).Error(404, type, message);

    [Theory]
    [InlineData("tables")]
    [InlineData("views")]
    [Trait("Behaviour", "142")]
    [Trait("Behaviour", "240")]
    public async Task Rename_to_a_missing_namespace_is_404(string kind)
    {
        await MakeAsync();

        (await Catalog.RenameAsync(kind, ("ns", kind.TrimEnd('s')), ("non_existing", "u"))).Error(404, "NoSuchNamespaceException", "Namespace does not exist: non_existing");
    }

    [Theory]
    [InlineData("tables", "table", "table2", "Cannot rename ns.table to ns.table2. Table already exists")]
    [InlineData("tables", "table", "view", "Cannot rename ns.table to ns.view. View already exists")]
    [InlineData("views", "view", "table", "Cannot rename ns.view to ns.table. Table already exists")]
    [InlineData("views", "view", "view2", "Cannot rename ns.view to ns.view2. View already exists")]
    [InlineData("tables", "table", "table", "Table already exists")]
    [InlineData("views", "view", "view", "View already exists")]
    [Trait("Behaviour", "143")]
    [Trait("Behaviour", "144")]
    [Trait("Behaviour", "146")]
    [Trait("Behaviour", "240")]
    public async Task Rename_onto_a_name_that_is_taken_is_409(string kind, string from, string to, string message)
    {
        await MakeAsync();

        (await Catalog.RenameAsync(kind, ("ns", from), ("ns", to))).Error(409, "AlreadyExistsException", message);

        Assert.Equal(["table", "table2"], await Catalog.NamesAsync("ns"));
        Assert.Equal(["view", "view2"], await Catalog.NamesAsync("ns", "views"));
    }

    [Fact]
    [Trait("Behaviour", "145")]
    public async Task A_view_is_no_table_to_rename()
    {
        await MakeAsync();

        (await Catalog.RenameAsync("tables", ("ns", "view"), ("ns", "u"))).Error(404, "NoSuchTableException", "Table does not exist: ns.view");
        (await Catalog.RenameAsync("views", ("ns", "table"), ("ns", "u"))).Error(404, "NoSuchViewException", "View does not exist: ns.table");
    }

    [Fact]
    [Trait("Behaviour", "240")]
    public async Task Rename_of_a_view_moves_its_name()
    {
        await MakeAsync();
        (await Catalog.CreateNamespaceAsync("other")).Ok();

        (await Catalog.RenameAsync("views", ("ns", "view"), ("other", "u"))).NoContent();

        (await Catalog.GetAsync("/namespaces/ns/views/view")).Error(404, "NoSuchViewException");
        (await Catalog.GetAsync("/namespaces/other/views/u")).Ok();
    }

    [Theory]
    [InlineData("""{"source":{"namespace":["ns"],"name":"table"}}""", "destination")]
    [InlineData("""{"destination":{"namespace":["ns"],"name":"u"}}""", "source")]
    [InlineData("""{"source":{"namespace":["ns"],"name":"table"},"destination":{"namespace":["ns"]}}""", "name")]
    [InlineData("""{"source":{"namespace":["ns"],"name":"table"},"destination":{"namespace":["ns"],"name":""}}""", "name")]
    [InlineData("""{"source":{"namespace":["ns"],"name":"table"},"destination":{"namespace":"ns","name":"u"}}""", "namespace")]
    public async Task A_rename_that_names_no_two_tables_is_400(string body, string member)
    {
        await MakeAsync();

        (await Catalog.PostAsync("/tables/rename", body)).Error(400, "BadRequestException", member);
    }

    [Fact]
    public async Task A_table_made_under_the_old_name_does_not_touch_the_renamed_one()
    {
        await MakeAsync();
        var renamed = (await Catalog.LoadTableAsync("ns", "table")).Ok();
        (await Catalog.RenameAsync("tables", ("ns", "table"), ("ns", "u"))).NoContent();

        var made = (await Catalog.CreateTableAsync("ns", "table")).Ok();
        (await Catalog.DeleteAsync("/namespaces/ns/tables/table?purgeRequested=true")).NoContent();

        Assert.NotEqual(renamed.Metadata.GetProperty("location").GetString(), made.Metadata.GetProperty("location").GetString());
        Assert.Equal(renamed.MetadataLocation, (await Catalog.LoadTableAsync("ns", "u")).Ok().MetadataLocation);
    }

    private async Task MakeAsync()
    {
        (await Catalog.CreateTableAsync("ns", "table")).Ok();
        (await Catalog.CreateTableAsync("ns", "table2")).Ok();
        (await Catalog.CreateViewAsync("ns", "view")).Ok();
        (await Catalog.CreateViewAsync("ns", "view2")).Ok();
    }
}
