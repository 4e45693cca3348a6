using System.Globalization;

namespace Frazil.Api.Tests;

/// <summary>
/// Operations on a table in the trash, and jobs, against whatever else can happen to its name, its namespace, its locations and its files: in every interleaving of their calls with
/// up to two changes of turn the outcome is that of one after the other.
/// </summary>
public sealed class TrashInterleavingTests : CatalogTests
{
    private string id = "";
    private Server? one;
    private Server? two;
    private string file = "";
    private readonly string[] old = ["", ""];

    private Dictionary<string, Func<CatalogClient, Task<string>>> Operations => new()
    {
        ["undrop"] = Of(catalog => UndropAsync(catalog, "")),
        ["undrop elsewhere"] = Of(catalog => UndropAsync(catalog, $$""","name":{{Sample.Identifier(("ns", "elsewhere"))}}""")),
        ["purge now"] = Of(catalog => Management(catalog).PostAsync($"/deleted-tabulars/{id}/purge", "")),
        ["expire"] = async catalog => (await catalog.Server.Operations.DeletedTables.ExpireAsync(
            CallContext.OfSystem(await catalog.Server.Operations.Catalogs.GetAsync(catalog.Name, CancellationToken.None)), 100, CancellationToken.None)).Expired.ToString(CultureInfo.InvariantCulture),
        ["create a table of its name"] = Of(catalog => catalog.CreateTableAsync("dropped", "t")),
        ["create a view of its name"] = Of(catalog => catalog.CreateViewAsync("dropped", "t")),
        ["create a table at its location"] = Of(catalog => catalog.CreateTableAsync("ns", "at", $$""","location":"{{catalog.Base}}/place/below" """)),
        ["move a table to its location"] = Of(catalog => catalog.CommitAsync("ns", "t", "", $$"""{"action":"set-location","location":"{{catalog.Base}}/place"}""")),
        ["rename a table to its name"] = Of(catalog => catalog.RenameAsync("tables", ("ns", "t"), ("dropped", "t"))),
        ["rename a view to its name"] = Of(catalog => catalog.RenameAsync("views", ("ns", "v"), ("dropped", "t"))),
        ["register it again"] = Of(catalog => catalog.PostAsync("/namespaces/dropped/register", $$"""{"name":"again","metadata-location":"{{file}}"}""")),
        ["register another file under its name"] = Of(catalog => catalog.PostAsync("/namespaces/dropped/register", $$"""{"name":"t","metadata-location":"{{catalog.Base}}/adopted/metadata/00003-x.metadata.json"}""")),
        ["drop its namespace"] = Of(catalog => catalog.DeleteAsync("/namespaces/dropped")),
        ["drop its namespace with all that is in it"] = Of(catalog => catalog.DeleteAsync("/namespaces/dropped?recursive=true")),
        ["make its namespace anew"] = Of(catalog => catalog.CreateNamespaceAsync("dropped")),
        ["drop"] = Of(catalog => catalog.DeleteAsync("/namespaces/ns/tables/t")),
        ["drop for good"] = Of(catalog => catalog.DeleteAsync("/namespaces/ns/tables/t?force=true&purgeRequested=true")),
        ["commit"] = Of(catalog => catalog.CommitAsync("ns", "t", "", Sample.SetProperty("k", "v"))),
        ["rename"] = Of(catalog => catalog.RenameAsync("tables", ("ns", "t"), ("ns", "renamed"))),
        ["rename, and give another its name"] = Of(async catalog =>
        {
            (await catalog.RenameAsync("tables", ("ns", "t"), ("ns", "renamed"))).NoContent();
            return await catalog.RenameAsync("tables", ("ns", "t2"), ("ns", "t"));
        }),
        ["unregister"] = Of(catalog => catalog.SendAsync("POST", "/namespaces/ns/tables/t/unregister", null)),
        ["register over it"] = Of(catalog => catalog.PostAsync("/namespaces/ns/register", $$"""{"name":"t","metadata-location":"{{catalog.Base}}/adopted/metadata/00003-x.metadata.json","overwrite":true}""")),
        ["register an old file over it"] = Of(catalog => catalog.PostAsync("/namespaces/ns/register", $$"""{"name":"t","metadata-location":"{{old[0]}}","overwrite":true}""")),
        ["register another old file over it"] = Of(catalog => catalog.PostAsync("/namespaces/ns/register", $$"""{"name":"t","metadata-location":"{{old[1]}}","overwrite":true}""")),
        ["protect"] = Of(catalog => Management(catalog).PostAsync($"/table/{id}/protection", """{"protected":true}""")),
        ["ask whether it is protected"] = Of(catalog => Management(catalog).GetAsync($"/table/{id}/protection")),
    };

    [Theory]
    [InlineData("undrop", "expire")]
    [InlineData("undrop", "purge now")]
    [InlineData("undrop", "undrop elsewhere")]
    [InlineData("undrop", "create a table of its name")]
    [InlineData("undrop", "create a view of its name")]
    [InlineData("undrop", "rename a table to its name")]
    [InlineData("undrop", "rename a view to its name")]
    [InlineData("undrop", "register it again")]
    [InlineData("undrop", "register another file under its name")]
    [InlineData("undrop", "drop its namespace")]
    public Task An_undrop_is_before_or_after_everything_else(string first, string second) => ExploreBothAsync(first, second, isPurged: true);

    [Theory]
    [InlineData("expire", "create a table at its location")]
    [InlineData("expire", "move a table to its location")]
    [InlineData("expire", "register it again")]
    [InlineData("expire", "purge now")]
    [InlineData("expire", "expire")]
    public Task An_expiry_is_before_or_after_everything_else(string first, string second) => ExploreBothAsync(first, second, isPurged: false);

    [Theory]
    [InlineData("rename", "protect")]
    [InlineData("rename", "ask whether it is protected")]
    [InlineData("rename, and give another its name", "protect")]
    [InlineData("rename", "register over it")]
    [InlineData("rename", "drop for good")]
    [InlineData("drop", "protect")]
    [InlineData("register over it", "drop")]
    [InlineData("register over it", "drop for good")]
    [InlineData("register over it", "unregister")]
    [InlineData("register over it", "commit")]
    [InlineData("unregister", "commit")]
    [InlineData("unregister", "protect")]
    public Task What_happens_to_a_live_table_happens_one_after_the_other(string first, string second) => ExploreBothAsync(first, second, isPurged: null);

    [Theory]
    [InlineData("commit", "register an old file over it")]
    [InlineData("register an old file over it", "register another old file over it")]
    public async Task A_file_that_a_commit_deletes_is_never_what_a_pointer_names(string first, string second)
    {
        await Interleavings.ExploreAsync(PrepareDeletingAsync, Operations[first], Operations[second]);
        await Interleavings.ExploreAsync(PrepareDeletingAsync, Operations[second], Operations[first]);
    }

    [Fact]
    public async Task A_commit_that_is_slow_to_delete_old_files_leaves_those_that_were_registered_again()
    {
        var scene = await PrepareDeletingAsync();
        var gate = scene.One.Seam.HoldAfter(call => call.Kind == CallKind.Write);
        var commit = scene.ThroughOne.CommitAsync("ns", "t", "", Sample.SetProperty("k", "v"));
        await gate.Reached;
        (await scene.Catalog.SendAsync("POST", "/namespaces/ns/tables/t/unregister", null)).Ok();
        (await scene.Catalog.PostAsync("/namespaces/ns/register", $$"""{"name":"t","metadata-location":"{{old[0]}}"}""")).Ok();

        gate.Open();

        (await commit).Ok();
        Assert.Equal(old[0], (await scene.Catalog.LoadTableAsync("ns", "t")).Ok().MetadataLocation);
        await CatalogState.ReadAsync(World, scene.Catalog.Name);
    }

    private async Task ExploreBothAsync(string first, string second, bool? isPurged)
    {
        Assert.InRange(await Interleavings.ExploreAsync(() => PrepareAsync(isPurged), Operations[first], Operations[second]), 9, 1000);
        if (first != second)
        {
            await Interleavings.ExploreAsync(() => PrepareAsync(isPurged), Operations[second], Operations[first]);
        }
    }

    /// <summary>A catalog with a table in the trash whose time is over; or, for null, with a live table that the operations are about.</summary>
    private async Task<Scene> PrepareAsync(bool? isPurged)
    {
        var catalog = await Mutations.PrepareAsync(Server);
        one ??= await World.StartAsync();
        two ??= await World.StartAsync();
        if (isPurged is null)
        {
            var table = (await catalog.GetAsync("/namespaces/ns/tables?returnUuids=true")).Ok().Json;
            id = table.GetProperty("table-uuids")[0].GetString()!;
            Assert.Equal("t", table.GetProperty("identifiers")[0].GetProperty("name").GetString());
        }
        else
        {
            (await catalog.CreateNamespaceAsync("dropped")).Ok();
            file = (await catalog.CreateTableAsync("dropped", "t", $$""","location":"{{catalog.Base}}/place" """)).Ok().MetadataLocation;
            (await catalog.DeleteAsync($"/namespaces/dropped/tables/t{(isPurged.Value ? "?purgeRequested=true" : "")}")).NoContent();
            id = (await Management(catalog).GetAsync("/deleted-tabulars")).Ok().Json.GetProperty("tabulars")[0].GetProperty("id").GetString()!;
            Clock.Advance(TimeSpan.FromDays(7));
        }

        return new Scene(catalog, one, two, Keep: true);
    }

    /// <summary>A catalog with a table whose next commit deletes the older of two old metadata files.</summary>
    private async Task<Scene> PrepareDeletingAsync()
    {
        var scene = await PrepareAsync(null);
        var properties = """{"action":"set-properties","updates":{"write.metadata.previous-versions-max":"2","write.metadata.delete-after-commit.enabled":"true"}}""";
        old[0] = (await scene.Catalog.CommitAsync("ns", "t", "", properties)).Ok().MetadataLocation;
        old[1] = (await scene.Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("a", "1"))).Ok().MetadataLocation;
        (await scene.Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("a", "2"))).Ok();
        return scene;
    }

    private Task<Reply> UndropAsync(CatalogClient catalog, string more) =>
        Management(catalog).PostAsync("/deleted-tabulars/undrop", $$"""{"targets":[{"type":"table","id":"{{id}}"}]{{more}}}""");

    private static ApiClient Management(CatalogClient catalog) => new(catalog.Server, $"/management/v1/warehouse/{catalog.Name}");

    private static Func<CatalogClient, Task<string>> Of(Func<CatalogClient, Task<Reply>> request) => Interleavings.Described(request);
}
