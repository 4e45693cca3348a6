using System.Text.Json;
using Frazil.Entities;

namespace Frazil.Api.Tests;

/// <summary>A test of the trash: speaks to the management routes of the default catalog beside those of the specification.</summary>
public abstract class TrashTests(World world) : CatalogTests(world)
{
    protected static readonly TimeSpan Week = TimeSpan.FromDays(7);

    protected ApiClient Management => new(Server, $"/management/v1/warehouse/{Catalog.Name}");

    /// <summary>The catalog is defined anew with another delete profile.</summary>
    protected async Task SetDeleteProfileAsync(DeleteProfile profile) => await Server.Operations.Catalogs.PutAsync(
        Catalog.Name, World.Profile(Catalog.Name), new Dictionary<string, string>(), profile, CancellationToken.None);

    protected Task<Reply> DropAsync(string table, string query = "", string kind = "tables") => Catalog.DeleteAsync($"/namespaces/ns/{kind}/{table}{query}");

    protected async Task<IReadOnlyList<JsonElement>> TrashAsync(string query = "") =>
        [.. (await Management.GetAsync($"/deleted-tabulars{query}")).Ok().Json.GetProperty("tabulars").EnumerateArray()];

    /// <summary>The id of the only thing of this name in the trash.</summary>
    protected async Task<string> TrashedAsync(string name) => (await TrashAsync()).Single(item => item.GetProperty("name").GetString() == name).GetProperty("id").GetString()!;

    protected Task<Reply> UndropAsync(params string[] ids) => UndropAsync(Management, ids);

    protected static Task<Reply> UndropAsync(ApiClient management, params string[] ids) =>
        management.PostAsync("/deleted-tabulars/undrop", $$"""{"targets":[{{string.Join(',', ids.Select(Target))}}]}""");

    private static string Target(string id) => $$"""{"type":"table","id":"{{id}}"}""";

    protected Task<Reply> UndropAsAsync(string id, string @namespace, string name) =>
        Management.PostAsync("/deleted-tabulars/undrop", $$"""{"targets":[{{Target(id)}}],"name":{{Sample.Identifier((@namespace, name))}} }""");

    /// <summary>Runs a timed job, as a timer would, with all the time it wants.</summary>
    protected Task<JobResult> RunAsync(string job) => RunAsync(Server, job);

    protected static async Task<JobResult> RunAsync(Server server, string job) => await server.Operations.Jobs.RunAsync(job, TimeSpan.FromHours(1), CancellationToken.None);

    protected Task<Reply> RegisterAsync(string name, string metadataLocation) =>
        Catalog.PostAsync("/namespaces/ns/register", $$"""{"name":"{{name}}","metadata-location":"{{metadataLocation}}"}""");

    /// <summary>What the tasks of the catalog are, oldest first.</summary>
    protected async Task<IReadOnlyList<JsonElement>> TasksAsync() =>
        [.. (await Management.PostAsync("/task/list", "{}")).Ok().Json.GetProperty("tasks").EnumerateArray()];

    /// <summary>
    /// What the rows of a table must be, whatever happened: its pointer with its id and claims, or its place in the trash with its due row and claims, or a task that holds the claims,
    /// or nothing at all. Never two of them, never a half. Says which.
    /// </summary>
    protected async Task<string> StandingAsync(string uuid, Server? server = null)
    {
        var partition = (await (server ?? Server).Operations.Catalogs.GetAsync(Catalog.Name, CancellationToken.None)).Partition;
        async Task<IReadOnlyList<Storage.Item>> List(string folder) => await World.Store.ListAsync(partition, folder, null, 1000, CancellationToken.None);
        var places = new List<(string What, TableEntity Table)>();
        foreach (var (item, @namespace) in (await List("tv/ns/")).Select(item => (item, "ns")).Concat((await List("tv/other/")).Select(item => (item, "other"))))
        {
            var table = TableEntity.Read(item);
            places.Add(($"live {@namespace}.{Keys.NameOf(item.Id)}", table));
            Assert.NotNull(await World.Store.ReadAsync(partition, Keys.Identity(table.Id), CancellationToken.None));
        }

        foreach (var trashed in (await List(Keys.Trash)).Select(item => TrashEntity.Read(item)))
        {
            places.Add(("trash", trashed.Table));
            Assert.NotNull(await World.Store.ReadAsync(partition, Keys.Due(trashed.DueAt, trashed.Table.Id), CancellationToken.None));
            Assert.Null(await World.Store.ReadAsync(partition, Keys.Identity(trashed.Table.Id), CancellationToken.None));
        }

        Assert.Equal((await List(Keys.Trash)).Count, (await List(Keys.Dues)).Count);
        foreach (var task in (await List(Keys.Tasks)).Select(item => TaskEntity.Read(item)).Where(task => task.HoldsClaims))
        {
            places.Add(($"task {task.State}", task.Subject.Table));
        }

        var claims = (await List(Keys.Claims)).Select(item => System.Text.Encoding.UTF8.GetString(item.Value.Span)).ToArray();
        Assert.Equal(places.SelectMany(place => place.Table.Claims.Select(_ => place.Table.Id.ToString("N"))).Order(), claims.Order());
        var mine = places.Where(place => place.Table.Uuid == uuid).ToArray();
        Assert.True(mine.Length <= 1, string.Join(" and ", mine.Select(place => place.What)));
        return mine.Length == 0 ? "gone" : mine[0].What;
    }
}
