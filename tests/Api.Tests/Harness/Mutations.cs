namespace Frazil.Api.Tests;

/// <summary>Something that a client may ask for and that changes the catalog which <see cref="Mutations.PrepareAsync"/> made.</summary>
/// <param name="Name">What.</param>
/// <param name="SendAsync">Sends the request, with headers.</param>
public sealed record Mutation(string Name, Func<CatalogClient, (string, string)[], Task<Reply>> SendAsync)
{
    public Task<Reply> SendToAsync(CatalogClient catalog, params (string, string)[] headers) => SendAsync(catalog, headers);

    public override string ToString() => Name;
}

/// <summary>Every way to change a catalog: what is proved of one is proved of each.</summary>
public static class Mutations
{
    public static readonly IReadOnlyList<Mutation> All =
    [
        new("create namespace", (catalog, headers) => catalog.PostAsync("/namespaces", """{"namespace":["new"],"properties":{"k":"v"}}""", headers)),
        new("create child namespace", (catalog, headers) => catalog.PostAsync("/namespaces", """{"namespace":["ns","new"]}""", headers)),
        new("update properties", (catalog, headers) => catalog.PostAsync("/namespaces/ns/properties", """{"updates":{"k":"v"},"removals":["a"]}""", headers)),
        new("drop namespace", (catalog, headers) => catalog.DeleteAsync("/namespaces/empty", headers)),
        new("create table", (catalog, headers) => catalog.CreateTableAsync("ns", "new", "", headers)),
        new("create table at a location", (catalog, headers) => catalog.CreateTableAsync("ns", "new", $""","location":"{catalog.Base}/mine" """, headers)),
        new("create table in an empty namespace", (catalog, headers) => catalog.CreateTableAsync("empty", "new", "", headers)),
        new("commit a staged table", (catalog, headers) => catalog.CommitAsync("ns", "new", Sample.AssertCreate, Sample.CreateUpdates, headers)),
        new("commit a property", (catalog, headers) => catalog.CommitAsync("ns", "t", "", Sample.SetProperty("k", "v"), headers)),
        new("commit an append", (catalog, headers) => catalog.CommitAsync("ns", "t", Sample.AssertRef("main", null), Sample.Append(1, 1, catalog.Base + "/t"), headers)),
        new("commit a location", (catalog, headers) => catalog.CommitAsync("ns", "t", "", $$"""{"action":"set-location","location":"{{catalog.Base}}/moved"}""", headers)),
        new("transaction", (catalog, headers) => catalog.PostAsync("/transactions/commit", Transaction(("t", ""), ("t2", ""), ("new", Sample.AssertCreate)), headers)),
        new("drop table", (catalog, headers) => catalog.DeleteAsync("/namespaces/ns/tables/t", headers)),
        new("drop and purge table", (catalog, headers) => catalog.DeleteAsync("/namespaces/ns/tables/t?purgeRequested=true", headers)),
        new("unregister table", (catalog, headers) => catalog.SendAsync("POST", "/namespaces/ns/tables/t/unregister", null, headers)),
        new("rename table", (catalog, headers) => catalog.RenameAsync("tables", ("ns", "t"), ("empty", "new"), headers)),
        new("register table", (catalog, headers) => Register(catalog, "register", "new", "/adopted/metadata/00003-x.metadata.json", "", headers)),
        new("register over a table", (catalog, headers) => Register(catalog, "register", "t", "/adopted/metadata/00003-x.metadata.json", ""","overwrite":true""", headers)),
        new("create view", (catalog, headers) => catalog.CreateViewAsync("ns", "new", "", headers)),
        new("replace view", (catalog, headers) => catalog.ReplaceViewAsync("ns", "v", "", Sample.NewViewVersion("select 2"), headers)),
        new("drop view", (catalog, headers) => catalog.DeleteAsync("/namespaces/ns/views/v", headers)),
        new("rename view", (catalog, headers) => catalog.RenameAsync("views", ("ns", "v"), ("empty", "new"), headers)),
        new("register view", (catalog, headers) => Register(catalog, "register-view", "new", "/adopted-view/metadata/00000-x.metadata.json", "", headers)),
    ];

    public static TheoryData<string> Names => [.. All.Select(mutation => mutation.Name)];

    public static Mutation Of(string name) => All.Single(mutation => mutation.Name == name);

    /// <summary>A catalog of a fresh name with everything that some mutation needs.</summary>
    public static async Task<CatalogClient> PrepareAsync(Server server)
    {
        var catalog = await server.OpenAsync(server.World.NewCatalogName());
        (await catalog.PostAsync("/namespaces", """{"namespace":["ns"],"properties":{"a":"1"}}""")).Ok();
        (await catalog.CreateNamespaceAsync("empty")).Ok();
        (await catalog.CreateTableAsync("ns", "t", $""","location":"{catalog.Base}/t" """)).Ok();
        (await catalog.CreateTableAsync("ns", "t2")).Ok();
        (await catalog.CreateViewAsync("ns", "v")).Ok();
        var staged = (await catalog.CreateTableAsync("ns", "x", $$""","stage-create":true,"location":"{{catalog.Base}}/adopted" """)).Ok();
        await catalog.WriteFileAsync(catalog.Base + "/adopted/metadata/00003-x.metadata.json", staged.Metadata.GetRawText());
        await catalog.WriteFileAsync(catalog.Base + "/adopted-view/metadata/00000-x.metadata.json", ViewFile(catalog.Base + "/adopted-view"));
        server.Seam.Clear();
        return catalog;
    }

    /// <summary>A transaction that sets a property of tables of <c>ns</c>, and makes those with a requirement to.</summary>
    public static string Transaction(params (string Table, string Requirements)[] changes) => $$"""{"table-changes":[{{string.Join(',', changes.Select(Change))}}]}""";

    private static string Change((string Table, string Requirements) change)
    {
        var updates = change.Requirements == Sample.AssertCreate ? Sample.CreateUpdates + "," : "";
        return $$$"""{"identifier":{"namespace":["ns"],"name":"{{{change.Table}}}"},"requirements":[{{{change.Requirements}}}],"updates":[{{{updates}}}{{{Sample.SetProperty("together", "yes")}}}]}""";
    }

    private static Task<Reply> Register(CatalogClient catalog, string route, string name, string file, string more, (string, string)[] headers) =>
        catalog.PostAsync($"/namespaces/ns/{route}", $$"""{"name":"{{name}}","metadata-location":"{{catalog.Base}}{{file}}"{{more}}}""", headers);

    private static string ViewFile(string location) =>
        $$$"""{"view-uuid":"fa6506c3-7681-40c8-86dc-e36561f83385","format-version":1,"location":"{{{location}}}","current-version-id":1,"versions":[{{{Sample.ViewVersion(1, "select 1")}}}],"version-log":[{"version-id":1,"timestamp-ms":1}],"schemas":[{"schema-id":0,{{{Sample.Schema[1..]}}}],"properties":{}}""";
}
