namespace Frazil.Api.Tests;

/// <summary>Two requests in every interleaving of their calls: the outcome is that of one after the other.</summary>
public sealed class InterleavingTests : CatalogTests
{
    private static readonly Dictionary<string, Func<CatalogClient, Task<Reply>>> More = new()
    {
        ["create a table in the namespace that is dropped"] = catalog => catalog.CreateTableAsync("empty", "new"),
        ["create a view in the namespace that is dropped"] = catalog => catalog.CreateViewAsync("empty", "new"),
        ["create a namespace in the one that is dropped"] = catalog => catalog.CreateNamespaceAsync("empty", "new"),
        ["register a table in the namespace that is dropped"] = catalog => catalog.PostAsync("/namespaces/empty/register", $$"""{"name":"new","metadata-location":"{{catalog.Base}}/adopted/metadata/00003-x.metadata.json"}"""),
        ["commit a staged table in the namespace that is dropped"] = catalog => catalog.CommitAsync("empty", "new", Sample.AssertCreate, Sample.CreateUpdates),
        ["set a property of the namespace that is dropped"] = catalog => catalog.PostAsync("/namespaces/empty/properties", """{"updates":{"k":"v"}}"""),
        ["rename to another name"] = catalog => catalog.RenameAsync("tables", ("ns", "t"), ("ns", "other")),
        ["rename another table to the same name"] = catalog => catalog.RenameAsync("tables", ("ns", "t2"), ("empty", "new")),
        ["rename a view to the same name"] = catalog => catalog.RenameAsync("views", ("ns", "v"), ("empty", "new")),
        ["create a table below the same location"] = catalog => catalog.CreateTableAsync("ns", "other", $""","location":"{catalog.Base}/mine/below" """),
        ["create the same table at the same location"] = catalog => catalog.CreateTableAsync("ns", "new", $""","location":"{catalog.Base}/mine" """),
        ["move another table to the same location"] = catalog => catalog.CommitAsync("ns", "t2", "", $$"""{"action":"set-location","location":"{{catalog.Base}}/moved"}"""),
        ["commit another property"] = catalog => catalog.CommitAsync("ns", "t", "", Sample.SetProperty("other", "v")),
        ["commit another append"] = catalog => catalog.CommitAsync("ns", "t", Sample.AssertRef("main", null), Sample.Append(2, 1, catalog.Base + "/t")),
        ["a transaction over the tables the other way round"] = catalog => catalog.PostAsync("/transactions/commit", Mutations.Transaction(("t2", ""), ("t", ""), ("other", Sample.AssertCreate))),
        ["create tables in the namespace that is dropped"] = catalog => catalog.PostAsync("/transactions/commit", Together(Create("empty", "a"), Create("empty", "b"))),
        ["create tables at locations"] = catalog => catalog.PostAsync("/transactions/commit", Together(Create("ns", "a"), Create("ns", "b", $"{catalog.Base}/mine"))),
        ["create other tables at locations"] = catalog => catalog.PostAsync("/transactions/commit", Together(Create("ns", "d", $"{catalog.Base}/mine/below"), Create("ns", "e"))),
        ["move a table while another is created"] = catalog => catalog.PostAsync("/transactions/commit", Together(Create("ns", "a"), Move("t", catalog.Base + "/mine"))),
        ["create a table at the place of the namespace"] = catalog => catalog.CreateTableAsync("ns", "other", $""","location":"{catalog.Base}/empty" """),
        ["create a table below the place that is to be the namespace's"] = catalog => catalog.CreateTableAsync("ns", "other", $""","location":"{catalog.Base}/place/below" """),
        ["create a table above the place that is to be the namespace's"] = catalog => catalog.CreateTableAsync("ns", "other", $""","location":"{catalog.Base}/place" """),
        ["place the namespace"] = catalog => catalog.PostAsync("/namespaces/empty/properties", $$"""{"updates":{"location":"{{catalog.Base}}/place/in"} }"""),
        ["create a namespace at a place"] = catalog => catalog.PostAsync("/namespaces", $$"""{"namespace":["new"],"properties":{"location":"{{catalog.Base}}/place/in"} }"""),
        ["replace the view with something else"] = catalog => catalog.ReplaceViewAsync("ns", "v", "", Sample.NewViewVersion("select 3")),
        ["set another property of the namespace"] = catalog => catalog.PostAsync("/namespaces/ns/properties", """{"updates":{"other":"v"}}"""),
    };

    [Theory]
    [InlineData("create a table in the namespace that is dropped", "drop namespace")]
    [InlineData("create a view in the namespace that is dropped", "drop namespace")]
    [InlineData("create a namespace in the one that is dropped", "drop namespace")]
    [InlineData("register a table in the namespace that is dropped", "drop namespace")]
    [InlineData("commit a staged table in the namespace that is dropped", "drop namespace")]
    [InlineData("set a property of the namespace that is dropped", "drop namespace")]
    [InlineData("rename table", "drop namespace")]
    [InlineData("rename view", "drop namespace")]
    [InlineData("drop namespace", "drop namespace")]
    [Trait("Behaviour", "64")]
    public Task Nothing_is_ever_left_in_a_namespace_that_is_gone(string first, string second) => ExploreBothAsync(first, second);

    [Theory]
    [InlineData("create table", "create table")]
    [InlineData("create the same table at the same location", "create table at a location")]
    [InlineData("create table", "create view")]
    [InlineData("create table", "register table")]
    [InlineData("create table", "commit a staged table")]
    [InlineData("create namespace", "create namespace")]
    [InlineData("create table at a location", "create a table below the same location")]
    [Trait("Behaviour", "93")]
    public Task A_name_and_a_location_are_given_once(string first, string second) => ExploreBothAsync(first, second);

    [Theory]
    [InlineData("create table in an empty namespace", "create a view in the namespace that is dropped")]
    [InlineData("create a view in the namespace that is dropped", "create a table at the place of the namespace")]
    [InlineData("create a view in the namespace that is dropped", "place the namespace")]
    [InlineData("create a table above the place that is to be the namespace's", "place the namespace")]
    [InlineData("create a table below the place that is to be the namespace's", "place the namespace")]
    [InlineData("create a table above the place that is to be the namespace's", "create a namespace at a place")]
    [InlineData("create a table at the place of the namespace", "create table in an empty namespace")]
    [Trait("Behaviour", "93")]
    public Task A_folder_is_in_no_table(string first, string second) => ExploreBothAsync(first, second);

    [Theory]
    [InlineData("create tables in the namespace that is dropped", "drop namespace")]
    [InlineData("create tables at locations", "create a table below the same location")]
    [InlineData("create tables at locations", "create other tables at locations")]
    [InlineData("move a table while another is created", "create a table below the same location")]
    [Trait("Behaviour", "93")]
    public Task A_transaction_that_creates_tables_goes_by_no_stale_namespace_or_claim(string first, string second) => ExploreBothAsync(first, second);

    [Theory]
    [InlineData("rename table", "rename to another name")]
    [InlineData("rename table", "rename another table to the same name")]
    [InlineData("rename table", "rename a view to the same name")]
    [InlineData("rename table", "rename table")]
    [InlineData("rename table", "commit a property")]
    [InlineData("rename table", "commit an append")]
    [InlineData("rename table", "drop table")]
    [InlineData("rename table", "unregister table")]
    [InlineData("rename table", "transaction")]
    [InlineData("rename view", "replace view")]
    [Trait("Behaviour", "147")]
    public Task A_rename_is_before_or_after_everything_else(string first, string second) => ExploreBothAsync(first, second);

    [Theory]
    [InlineData("commit a property", "commit another property")]
    [InlineData("commit an append", "commit another append")]
    [InlineData("commit a property", "drop table")]
    [InlineData("commit an append", "register over a table")]
    [InlineData("commit a location", "move another table to the same location")]
    [InlineData("commit a location", "commit a property")]
    [InlineData("transaction", "a transaction over the tables the other way round")]
    [InlineData("transaction", "commit an append")]
    [InlineData("transaction", "drop table")]
    [InlineData("transaction", "create table")]
    [Trait("Behaviour", "248")]
    public Task A_commit_is_before_or_after_everything_else(string first, string second) => ExploreBothAsync(first, second);

    [Theory]
    [InlineData("replace view", "replace the view with something else")]
    [InlineData("replace view", "drop view")]
    [InlineData("update properties", "set another property of the namespace")]
    [InlineData("drop table", "drop table")]
    [InlineData("drop and purge table", "unregister table")]
    [Trait("Behaviour", "237")]
    public Task Views_properties_and_drops_come_one_after_the_other(string first, string second) => ExploreBothAsync(first, second);

    private static string Together(params string[] changes) => $$"""{"table-changes":[{{string.Join(',', changes)}}]}""";

    private static string Create(string @namespace, string table, string location = "") => Change(
        @namespace, table, Sample.AssertCreate, location.Length == 0 ? Sample.CreateUpdates : $"{Sample.CreateUpdates},{SetLocation(location)}");

    private static string Move(string table, string location) => Change("ns", table, "", SetLocation(location));

    private static string Change(string @namespace, string table, string requirements, string updates) =>
        $$"""{"identifier":{{Sample.Identifier((@namespace, table))}},"requirements":[{{requirements}}],"updates":[{{updates}}]}""";

    private static string SetLocation(string location) => $$"""{"action":"set-location","location":"{{location}}"}""";

    private async Task ExploreBothAsync(string first, string second)
    {
        Assert.InRange(await Interleavings.ExploreAsync(Server, Of(first), Of(second)), 9, 1000);
        if (first != second)
        {
            await Interleavings.ExploreAsync(Server, Of(second), Of(first));
        }
    }

    private static Func<CatalogClient, Task<Reply>> Of(string name) => More.GetValueOrDefault(name) ?? (catalog => Mutations.Of(name).SendToAsync(catalog));
}
