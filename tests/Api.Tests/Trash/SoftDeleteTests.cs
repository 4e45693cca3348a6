using System.Text.Json.Nodes;
using Frazil.Entities;

namespace Frazil.Api.Tests;

public sealed class SoftDeleteTestsInMemory() : SoftDeleteTests(new MemoryWorld());

public sealed class SoftDeleteTestsEmbedded() : SoftDeleteTests(new EmbeddedWorld());

[Trait("Needs", "dynamodb")]
[Trait("Needs", "s3")]
public sealed class SoftDeleteTestsAws() : SoftDeleteTests(new AwsWorld());

[Trait("Needs", "azurite")]
public sealed class SoftDeleteTestsAzure() : SoftDeleteTests(new AzureWorld());

public abstract class SoftDeleteTests(World world) : TrashTests(world)
{
    [Fact]
    public async Task Drop_moves_a_table_to_the_trash_with_a_due_time_that_stays()
    {
        var created = (await Catalog.CreateTableAsync("ns", "t")).Ok();
        var droppedAt = Clock.GetUtcNow();
        (await DropAsync("t", "?purgeRequested=true")).NoContent();
        await SetDeleteProfileAsync(new DeleteProfile(TimeSpan.FromHours(1)));
        Clock.Advance(TimeSpan.FromHours(2));
        Assert.Equal(0, (await RunAsync(JobList.Expire)).Done);

        var trashed = Assert.Single(await TrashAsync());

        Assert.Equal("t", trashed.GetProperty("name").GetString());
        Assert.Equal("ns", trashed.GetProperty("namespace").EnumerateArray().Single().GetString());
        Assert.Equal("table", trashed.GetProperty("typ").GetString());
        Assert.True(trashed.GetProperty("purge").GetBoolean());
        Assert.Equal(droppedAt, trashed.GetProperty("deleted-at").GetDateTimeOffset());
        Assert.Equal(droppedAt + Week, trashed.GetProperty("expiration-date").GetDateTimeOffset());
        Assert.Equal("trash", await StandingAsync(created.Metadata.GetProperty("table-uuid").GetString()!));
    }

    [Fact]
    public async Task A_name_is_free_at_once_and_can_be_dropped_again()
    {
        var first = (await Catalog.CreateTableAsync("ns", "t")).Ok();
        (await DropAsync("t")).NoContent();
        var second = (await Catalog.CreateTableAsync("ns", "t")).Ok();
        (await DropAsync("t")).NoContent();
        (await Catalog.CreateTableAsync("ns", "t")).Ok();

        var trash = await TrashAsync();

        Assert.Equal(2, trash.Count);
        Assert.All(trash, item => Assert.Equal("t", item.GetProperty("name").GetString()));
        Assert.Equal("trash", await StandingAsync(first.Metadata.GetProperty("table-uuid").GetString()!));
        Assert.Equal("trash", await StandingAsync(second.Metadata.GetProperty("table-uuid").GetString()!));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/below")]
    public async Task A_location_stays_claimed_while_its_table_is_in_the_trash(string below)
    {
        (await Catalog.CreateTableAsync("ns", "t", $$""","location":"{{Catalog.Base}}/here" """)).Ok();
        (await DropAsync("t")).NoContent();

        (await Catalog.CreateTableAsync("ns", "u", $$""","location":"{{Catalog.Base}}/here{{below}}" """)).Error(403, "ForbiddenException", "ns.t, which is in the trash");
    }

    [Fact]
    public async Task Undrop_gives_back_the_very_same_table()
    {
        var created = (await Catalog.CreateTableAsync("ns", "t")).Ok();
        var committed = (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("k", "v"))).Ok();
        (await DropAsync("t")).NoContent();

        (await UndropAsync(await TrashedAsync("t"))).NoContent();

        var loaded = (await Catalog.LoadTableAsync("ns", "t")).Ok();
        Assert.Equal(committed.MetadataLocation, loaded.MetadataLocation);
        Assert.Equal(committed.Metadata.GetRawText(), loaded.Metadata.GetRawText());
        Assert.Empty(await TrashAsync());
        Assert.Equal("live ns.t", await StandingAsync(created.Metadata.GetProperty("table-uuid").GetString()!));
        (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("k", "w"))).Ok();
    }

    [Fact]
    public async Task A_view_can_be_undropped()
    {
        var created = (await Catalog.CreateViewAsync("ns", "v")).Ok();
        (await DropAsync("v", kind: "views")).NoContent();
        Assert.Equal("view", Assert.Single(await TrashAsync()).GetProperty("typ").GetString());

        (await UndropAsync(await TrashedAsync("v"))).NoContent();

        Assert.Equal(created.MetadataLocation, (await Catalog.GetAsync("/namespaces/ns/views/v")).Ok().MetadataLocation);
    }

    [Fact]
    public async Task Undrop_of_many_is_all_or_nothing()
    {
        foreach (var name in (string[])["a", "b", "c"])
        {
            (await Catalog.CreateTableAsync("ns", name)).Ok();
            (await DropAsync(name)).NoContent();
        }

        string[] ids = [await TrashedAsync("a"), await TrashedAsync("b"), await TrashedAsync("c")];
        (await Catalog.CreateTableAsync("ns", "b")).Ok();

        (await UndropAsync(ids)).Error(409, "AlreadyExistsException", "Table already exists: ns.b");
        Assert.Equal(["b"], await Catalog.NamesAsync("ns"));
        Assert.Equal(3, (await TrashAsync()).Count);
        (await UndropAsync(ids[0], Guid.NewGuid().ToString())).Error(404, "NoSuchTableException", "Not in the trash");
        Assert.Equal(["b"], await Catalog.NamesAsync("ns"));

        (await DropAsync("b")).NoContent();
        (await UndropAsync(ids)).NoContent();
        Assert.Equal(["a", "b", "c"], await Catalog.NamesAsync("ns"));
        Assert.Single(await TrashAsync());
    }

    [Fact]
    public async Task Undrop_of_two_of_one_name_is_refused()
    {
        foreach (var _ in (int[])[1, 2])
        {
            (await Catalog.CreateTableAsync("ns", "t")).Ok();
            (await DropAsync("t")).NoContent();
        }

        var ids = (await TrashAsync()).Select(item => item.GetProperty("id").GetString()!).ToArray();

        (await UndropAsync(ids)).Error(409, "AlreadyExistsException", "under new names");
        (await UndropAsync(ids[0])).NoContent();
        (await UndropAsync(ids[1])).Error(409, "AlreadyExistsException");
        (await UndropAsAsync(ids[1], "ns", "u")).NoContent();
        Assert.Equal(["t", "u"], await Catalog.NamesAsync("ns"));
    }

    [Fact]
    public async Task Undrop_brings_back_no_more_than_a_batch_holds()
    {
        var ids = Enumerable.Range(0, DeletedTables.MaxUndrop + 1).Select(_ => Guid.NewGuid().ToString()).ToArray();

        (await UndropAsync(ids)).Error(400, "BadRequestException", $"At most {DeletedTables.MaxUndrop}");
        for (var i = 0; i < DeletedTables.MaxUndrop; i++)
        {
            (await Catalog.CreateTableAsync("ns", $"t{i}")).Ok();
            (await DropAsync($"t{i}")).NoContent();
        }

        (await UndropAsync([.. (await TrashAsync()).Select(item => item.GetProperty("id").GetString()!)])).NoContent();
        Assert.Equal(DeletedTables.MaxUndrop, (await Catalog.NamesAsync("ns")).Count);
    }

    [Fact]
    public async Task Undrop_into_a_namespace_that_is_gone_is_404()
    {
        (await Catalog.CreateNamespaceAsync("other")).Ok();
        (await Catalog.CreateTableAsync("other", "t")).Ok();
        (await Catalog.DeleteAsync("/namespaces/other/tables/t")).NoContent();
        (await Catalog.DeleteAsync("/namespaces/other")).NoContent();
        var id = await TrashedAsync("t");

        (await UndropAsync(id)).Error(404, "NoSuchNamespaceException", "other");
        (await UndropAsAsync(id, "missing", "t")).Error(404, "NoSuchNamespaceException", "missing");
        (await UndropAsAsync(id, "ns", "t2")).NoContent();
        Assert.Equal(["t2"], await Catalog.NamesAsync("ns"));
    }

    [Fact]
    public async Task The_trash_is_listed_in_pages_and_by_namespace()
    {
        (await Catalog.CreateNamespaceAsync("other")).Ok();
        for (var i = 0; i < 5; i++)
        {
            foreach (var place in (string[])["ns", "other"])
            {
                (await Catalog.CreateTableAsync(place, $"{place}{i}")).Ok();
                (await Catalog.DeleteAsync($"/namespaces/{place}/tables/{place}{i}")).NoContent();
            }
        }

        var names = new List<string>();
        string? token = "";
        var pages = 0;
        for (; token is not null; pages++)
        {
            var page = (await Management.GetAsync($"/deleted-tabulars?namespace=other&pageSize=2&pageToken={token}")).Ok().Json;
            names.AddRange(page.GetProperty("tabulars").EnumerateArray().Select(item => item.GetProperty("name").GetString()!));
            token = page.GetProperty("next-page-token").GetString();
        }

        Assert.Equal(3, pages);
        Assert.Equal(["other0", "other1", "other2", "other3", "other4"], names.Order());
        Assert.Equal(10, (await TrashAsync()).Count);
        var id = (await Catalog.GetAsync("/namespaces?returnUuids=true")).Ok().Json.GetProperty("namespace-uuids").EnumerateArray().First().GetString();
        Assert.Equal(5, (await TrashAsync($"?namespaceId={id}")).Count);
    }

    [Fact]
    public async Task Registering_the_metadata_of_a_table_in_the_trash_takes_it_back()
    {
        var created = (await Catalog.CreateTableAsync("ns", "t")).Ok();
        var uuid = created.Metadata.GetProperty("table-uuid").GetString()!;
        (await DropAsync("t", "?purgeRequested=true")).NoContent();

        (await RegisterAsync("u", created.MetadataLocation)).Ok();

        Assert.Empty(await TrashAsync());
        Assert.Equal("live ns.u", await StandingAsync(uuid));

        // It was this catalog's table all the time, so its files are purged when that is asked for.
        (await DropAsync("u", "?purgeRequested=true")).NoContent();
        Assert.True(Assert.Single(await TrashAsync()).GetProperty("purge").GetBoolean());
    }

    [Fact]
    public async Task Registering_a_metadata_file_that_followed_the_one_in_the_trash_takes_it_back()
    {
        var created = (await Catalog.CreateTableAsync("ns", "t")).Ok();
        (await DropAsync("t")).NoContent();
        var successor = JsonNode.Parse(created.Metadata.GetRawText())!;
        successor["metadata-log"] = new JsonArray(new JsonObject { ["timestamp-ms"] = successor["last-updated-ms"]!.DeepClone(), ["metadata-file"] = created.MetadataLocation });
        var location = created.MetadataLocation.Replace("/00000-", "/00001-", StringComparison.Ordinal);
        await Catalog.WriteFileAsync(location, successor.ToJsonString());

        (await RegisterAsync("u", location)).Ok();

        Assert.Empty(await TrashAsync());
    }

    [Theory]
    [InlineData("an earlier file of its own")]
    [InlineData("a file of a stranger that has its uuid and location")]
    public async Task Registering_any_other_metadata_of_a_table_in_the_trash_leaves_it_there(string which)
    {
        var created = (await Catalog.CreateTableAsync("ns", "t")).Ok();
        var newest = (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("k", "v"))).Ok();
        (await DropAsync("t")).NoContent();
        var id = await TrashedAsync("t");
        var location = created.MetadataLocation;
        if (which.StartsWith("a file", StringComparison.Ordinal))
        {
            location = newest.MetadataLocation.Replace("/00001-", "/00007-", StringComparison.Ordinal);
            await Catalog.WriteFileAsync(location, newest.Metadata.GetRawText());
        }

        (await RegisterAsync("u", location)).Error(403, "ForbiddenException", "which is in the trash");

        Assert.Equal(id, await TrashedAsync("t"));
        (await UndropAsync(id)).NoContent();
        Assert.Equal(newest.MetadataLocation, (await Catalog.LoadTableAsync("ns", "t")).Ok().MetadataLocation);
    }

    [Fact]
    public async Task A_register_that_loses_against_an_undrop_takes_nothing()
    {
        var created = (await Catalog.CreateTableAsync("ns", "t")).Ok();
        (await DropAsync("t")).NoContent();
        var id = await TrashedAsync("t");
        Seam.Before(call => call.Kind == CallKind.Write && call.Target.Contains("tv/ns/u", StringComparison.Ordinal), async _ => (await UndropAsync(id)).NoContent());

        (await RegisterAsync("u", created.MetadataLocation)).Error(403, "ForbiddenException", "another table");

        Assert.Equal("live ns.t", await StandingAsync(created.Metadata.GetProperty("table-uuid").GetString()!));
        Assert.Equal(["t"], await Catalog.NamesAsync("ns"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_hard_delete_leaves_nothing_in_the_trash(bool force)
    {
        if (!force)
        {
            await SetDeleteProfileAsync(DeleteProfile.Hard);
        }

        var created = (await Catalog.CreateTableAsync("ns", "t", $$""","location":"{{Catalog.Base}}/here" """)).Ok();

        (await DropAsync("t", force ? "?force=true" : "")).NoContent();

        Assert.Empty(await TrashAsync());
        Assert.Equal("gone", await StandingAsync(created.Metadata.GetProperty("table-uuid").GetString()!));
        (await Catalog.CreateTableAsync("ns", "t", $$""","location":"{{Catalog.Base}}/here" """)).Ok();
    }

    [Fact]
    public async Task What_is_not_in_the_trash_is_404()
    {
        var id = Guid.NewGuid().ToString();

        (await UndropAsync(id)).Error(404, "NoSuchTableException", "Not in the trash");
        (await Management.PostAsync($"/deleted-tabulars/{id}/purge", "")).Error(404, "NoSuchTableException", "Not in the trash");
        (await UndropAsync("junk")).Error(400, "BadRequestException", "UUID");
        (await new ApiClient(Server, "/management/v1/warehouse/missing").GetAsync("/deleted-tabulars")).Error(404, "NoSuchWarehouseException");
        Assert.Empty(await TrashAsync());
    }

    [Fact]
    public async Task A_warehouse_is_named_by_its_name_or_its_id()
    {
        var warehouse = (await new ApiClient(Server, "/management/v1").GetAsync("/warehouse")).Ok().Json.GetProperty("warehouses").EnumerateArray().Single();

        Assert.Equal(Catalog.Name, warehouse.GetProperty("name").GetString());
        Assert.Equal((long)Week.TotalSeconds, warehouse.GetProperty("delete-profile").GetProperty("expiration-seconds").GetInt64());
        (await new ApiClient(Server, $"/management/v1/warehouse/{warehouse.GetProperty("id").GetString()}").GetAsync("/deleted-tabulars")).Ok();
    }
}
