using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil.Api.Tests;

/// <summary>Where the tables of a namespace go that bring no location, and what nobody may have for himself because of that.</summary>
public sealed class FolderTests : CatalogTests
{
    private string Place(string table) => $$""","location":"{{Catalog.Base}}/{{table}}" """;

    private static string LocationOf(Reply reply) => reply.Ok().Metadata.GetProperty("location").GetString()!;

    [Fact]
    public async Task A_table_at_the_place_of_a_namespace_does_not_lock_it()
    {
        (await Catalog.CreateTableAsync("ns", "t", Place("x"))).Ok();
        (await Catalog.CreateNamespaceAsync("x")).Ok();
        (await Catalog.CreateNamespaceAsync("x", "y")).Ok();

        var first = LocationOf(await Catalog.CreateTableAsync("x", "a"));
        var second = LocationOf(await Catalog.CreateViewAsync("x", "b"));
        var deep = LocationOf(await Catalog.CreateTableAsync("x%1Fy", "c"));

        Assert.Matches($"^{Catalog.Base}/x_[0-9a-f]{{32}}/a-[0-9a-f]{{32}}$", first);
        Assert.Equal(first[..first.LastIndexOf('/')], second[..second.LastIndexOf('/')]);
        Assert.Matches($"^{Catalog.Base}/y_[0-9a-f]{{32}}/c-[0-9a-f]{{32}}$", deep);
        await CatalogState.ReadAsync(World, Catalog.Name);
    }

    [Fact]
    public async Task A_table_that_came_to_the_place_of_a_namespace_before_its_first_table_does_not_lock_it()
    {
        (await Catalog.CreateNamespaceAsync("x")).Ok();
        (await Catalog.CreateTableAsync("ns", "t", Place("x"))).Ok();

        Assert.Matches($"^{Catalog.Base}/x_[0-9a-f]{{32}}/a-[0-9a-f]{{32}}$", LocationOf(await Catalog.CreateTableAsync("x", "a")));
        await CatalogState.ReadAsync(World, Catalog.Name);
    }

    [Fact]
    public async Task Nobody_has_the_folder_of_a_namespace_for_himself_nor_what_is_above_it()
    {
        (await Catalog.CreateNamespaceAsync("a")).Ok();
        (await Catalog.CreateNamespaceAsync("a", "b")).Ok();
        var t = LocationOf(await Catalog.CreateTableAsync("a%1Fb", "t"));

        (await Catalog.CreateTableAsync("ns", "x", Place("a"))).Error(403, "ForbiddenException", "Unable to use location");
        (await Catalog.CreateTableAsync("ns", "x", Place("a/b"))).Error(403, "ForbiddenException", "Unable to use location");
        (await Catalog.CommitAsync("a%1Fb", "t", "", $$"""{"action":"set-location","location":"{{Catalog.Base}}/a/b"}""")).Error(403, "ForbiddenException", "default location of a namespace");
        (await Catalog.CreateTableAsync("ns", "x", $$""","location":"{{t}}/sub" """)).Error(403, "ForbiddenException", "another table or view");
        (await Catalog.CreateTableAsync("ns", "beside", Place("a/b/beside"))).Ok();
        (await Catalog.CreateTableAsync("ns", "staged-elsewhere", Place("a/b/t-0123456789abcdef0123456789abcdef"))).Ok();
        await CatalogState.ReadAsync(World, Catalog.Name);
    }

    [Fact]
    public async Task Below_a_name_of_the_form_that_the_catalog_gives_nobody_chooses_a_location()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();

        const string Given = "ns/t-0123456789abcdef0123456789abcdef";
        (await Catalog.CreateTableAsync("ns", "x", Place(Given + "/sub"))).Error(403, "ForbiddenException", "a name of the form that the catalog gives");
        (await Catalog.PostAsync("/namespaces", $$"""{"namespace":["x"],"properties":{"location":"{{Catalog.Base}}/{{Given}}"} }""")).Error(403, "ForbiddenException");

        // A namespace of such a name is what it is; its tables go elsewhere.
        (await Catalog.CreateNamespaceAsync("ns", "t-0123456789abcdef0123456789abcdef")).Ok();
        Assert.DoesNotContain(Given + "/", LocationOf(await Catalog.CreateTableAsync("ns%1Ft-0123456789abcdef0123456789abcdef", "t")), StringComparison.Ordinal);

        // Beside no namespace's tables it is a name like others.
        (await Catalog.CreateTableAsync("ns", "x", Place("elsewhere/t-0123456789abcdef0123456789abcdef/sub"))).Ok();
        await CatalogState.ReadAsync(World, Catalog.Name);
    }

    [Fact]
    public async Task The_base_location_is_nobodys()
    {
        foreach (var location in new[] { Catalog.Base, Catalog.Base + "/" })
        {
            (await Catalog.CreateTableAsync("ns", "t", $$""","location":"{{location}}" """)).Error(403, "ForbiddenException", "must be below that");
            (await Catalog.CreateTableAsync("ns", "t", $$""","stage-create":true,"location":"{{location}}" """)).Error(403, "ForbiddenException", "must be below that");
        }

        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        (await Catalog.CommitAsync("ns", "t", "", $$"""{"action":"set-location","location":"{{Catalog.Base}}"}""")).Error(403, "ForbiddenException", "must be below that");
        (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("write.data.path", Catalog.Base))).Error(403, "ForbiddenException", "must be below that");
        Assert.Single(await World.ListFilesAsync());
    }

    [Theory]
    [InlineData("")]
    [InlineData("/below")]
    public async Task A_namespace_is_not_placed_into_a_table(string below)
    {
        (await Catalog.CreateTableAsync("ns", "t", Place("t"))).Ok();
        var properties = $$"""{"location":"{{Catalog.Base}}/t{{below}}"}""";

        (await Catalog.PostAsync("/namespaces", $$"""{"namespace":["x"],"properties":{{properties}}}""")).Error(403, "ForbiddenException", "in the location of a table or view");
        (await Catalog.PostAsync("/namespaces/ns/properties", $$"""{"updates":{{properties}}}""")).Error(403, "ForbiddenException", "in the location of a table or view");
        await CatalogState.ReadAsync(World, Catalog.Name);
    }

    [Fact]
    public async Task A_namespace_that_is_placed_elsewhere_lets_go_of_where_it_was()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        (await Catalog.CreateTableAsync("ns", "x", Place("ns"))).Error(403, "ForbiddenException");

        (await Catalog.PostAsync("/namespaces/ns/properties", $$"""{"updates":{"location":"{{Catalog.Base}}/other/"} }""")).Ok();
        Assert.StartsWith($"{Catalog.Base}/other/u-", LocationOf(await Catalog.CreateTableAsync("ns", "u")), StringComparison.Ordinal);
        (await Catalog.CreateTableAsync("ns", "x", Place("other"))).Error(403, "ForbiddenException");

        // What went there stays there, and keeps others from having it.
        (await Catalog.CreateTableAsync("ns", "x", Place("ns"))).Error(403, "ForbiddenException", "another table or view");
        (await Catalog.DeleteAsync("/namespaces/ns/tables/t?force=true")).NoContent();
        (await Catalog.CreateTableAsync("ns", "x", Place("ns"))).Ok();
        await CatalogState.ReadAsync(World, Catalog.Name);

        // Back again, the place is another's by now.
        (await Catalog.PostAsync("/namespaces/ns/properties", """{"removals":["location"]}""")).Ok();
        Assert.Matches($"^{Catalog.Base}/ns_[0-9a-f]{{32}}/v-", LocationOf(await Catalog.CreateTableAsync("ns", "v")));
        await CatalogState.ReadAsync(World, Catalog.Name);
    }

    [Fact]
    public async Task A_namespace_that_is_dropped_lets_go_of_its_folder()
    {
        (await Catalog.CreateNamespaceAsync("x")).Ok();
        (await Catalog.CreateTableAsync("x", "t")).Ok();
        (await Catalog.DeleteAsync("/namespaces/x/tables/t?force=true")).NoContent();
        (await Catalog.DeleteAsync("/namespaces/x")).NoContent();

        (await Catalog.CreateTableAsync("ns", "t", Place("x"))).Ok();
        await CatalogState.ReadAsync(World, Catalog.Name);
    }

    [Fact]
    public async Task Namespaces_share_a_location()
    {
        foreach (var name in new[] { "x", "y" })
        {
            (await Catalog.PostAsync("/namespaces", $$"""{"namespace":["{{name}}"],"properties":{"location":"{{Catalog.Base}}/shared"} }""")).Ok();
            Assert.StartsWith($"{Catalog.Base}/shared/t-", LocationOf(await Catalog.CreateTableAsync(name, "t")), StringComparison.Ordinal);
        }

        (await Catalog.DeleteAsync("/namespaces/x/tables/t?force=true")).NoContent();
        (await Catalog.DeleteAsync("/namespaces/x")).NoContent();
        (await Catalog.DeleteAsync("/namespaces/y/tables/t?force=true")).NoContent();
        (await Catalog.CreateTableAsync("ns", "t", Place("shared"))).Error(403, "ForbiddenException", "default location of a namespace");
        await CatalogState.ReadAsync(World, Catalog.Name);
    }

    [Fact]
    [Trait("Limit", nameof(Limits.MaxNamespaceLocationDepth))]
    public async Task A_namespaces_location_leaves_room_for_its_tables()
    {
        var deep = Catalog.Base + string.Concat(Enumerable.Repeat("/x", 1 + Limits.MaxNamespaceLocationDepth - Location.Parse(Catalog.Base).Depth));

        (await Catalog.PostAsync("/namespaces", $$"""{"namespace":["x"],"properties":{"location":"{{deep}}"} }""")).Error(400, "BadRequestException", $"{Limits.MaxNamespaceLocationDepth}");
        (await Catalog.PostAsync("/namespaces", $$"""{"namespace":["x"],"properties":{"location":"{{deep[..^2]}}"} }""")).Ok();
        (await Catalog.CreateTableAsync("x", "t")).Ok();
    }

    [Fact]
    public async Task A_creation_beside_others_reads_and_moves_no_row_of_theirs()
    {
        (await Catalog.CreateTableAsync("ns", "first")).Ok();
        Seam.Clear();

        (await Catalog.CreateTableAsync("ns", "t")).Ok();

        var batch = Assert.Single(Seam.Calls, call => call.Kind == CallKind.Write);
        Assert.Equal(
            ["Check ns/%/ns", "Create id/", "Create loc/", "Create tv/ns/t"],
            batch.Writes.Select(write => $"{write.GetType().Name} {(write is Write.Create && !write.Id.StartsWith("tv/", StringComparison.Ordinal) ? Ids.FolderOf(write.Id) : write.Id)}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_long_creation_keeps_no_other_waiting()
    {
        (await Catalog.CreateTableAsync("ns", "first")).Ok();
        Seam.Clear();
        var gate = Seam.HoldBefore(call => call.Kind == CallKind.CreateFile);
        var slow = Catalog.CreateTableAsync("ns", "slow", Place("slow"));
        await gate.Reached;

        (await Catalog.CreateTableAsync("ns", "other")).Ok();
        (await Catalog.CreateTableAsync("ns", "chosen", Place("chosen"))).Ok();

        gate.Open();
        (await slow).Ok();
        Assert.Equal(1, Seam.Calls.Count(call => call.Kind == CallKind.CreateFile && call.Target.Contains("/slow/", StringComparison.Ordinal)));
        await CatalogState.ReadAsync(World, Catalog.Name);
    }

    [Fact]
    public async Task A_catalog_of_the_version_before_goes_on()
    {
        // As it wrote them: no folder in a namespace's row, no row of one, tables by name and at a place of the client's, one of them at that of a namespace.
        (await Catalog.CreateNamespaceAsync("x")).Ok();
        (await Catalog.PostAsync("/namespaces", $$"""{"namespace":["placed"],"properties":{"location":"{{Catalog.Base}}/t/in"} }""")).Ok();
        (await Catalog.CreateTableAsync("ns", "default")).Ok();
        await ForgetFoldersAsync("ns", "x", "placed");
        (await Catalog.CreateTableAsync("ns", "at", Place("x"))).Ok();
        (await Catalog.CreateTableAsync("ns", "t", Place("t"))).Ok();

        Assert.StartsWith($"{Catalog.Base}/ns/u-", LocationOf(await Catalog.CreateTableAsync("ns", "u")), StringComparison.Ordinal);
        Assert.Matches($"^{Catalog.Base}/x_[0-9a-f]{{32}}/u-", LocationOf(await Catalog.CreateTableAsync("x", "u")));
        (await Catalog.CreateTableAsync("placed", "u")).Error(403, "ForbiddenException", "in the location of a table or view");
        (await Catalog.PostAsync("/namespaces/placed/properties", """{"updates":{"k":"v"}}""")).Ok();
        (await Catalog.PostAsync("/namespaces/placed/properties", """{"removals":["location"]}""")).Ok();
        (await Catalog.CreateTableAsync("placed", "u")).Ok();
        await CatalogState.ReadAsync(World, Catalog.Name);
    }

    [Fact]
    public async Task A_namespace_that_was_placed_below_a_given_name_refuses_default_creations_until_it_is_placed_elsewhere()
    {
        // As an earlier version allowed it, which held no folders.
        (await Catalog.PostAsync("/namespaces", $$"""{"namespace":["placed"],"properties":{"location":"{{Catalog.Base}}/ns/t-0123456789abcdef0123456789abcdef/in"} }""")).Ok();
        await ForgetFoldersAsync("placed");
        (await Catalog.CreateTableAsync("ns", "first")).Ok();
        Seam.Clear();

        (await Catalog.CreateTableAsync("placed", "t")).Error(403, "ForbiddenException", "a name of the form that the catalog gives");
        (await Catalog.CreateTableAsync("placed", "t", ""","stage-create":true""")).Error(403, "ForbiddenException", "a name of the form that the catalog gives");
        (await Catalog.CreateViewAsync("placed", "v")).Error(403, "ForbiddenException", "a name of the form that the catalog gives");
        (await Catalog.PostAsync("/transactions/commit", Mutations.Transaction(("t", Sample.AssertCreate)).Replace("\"ns\"", "\"placed\"", StringComparison.Ordinal))).Error(403, "ForbiddenException");

        Assert.DoesNotContain(Seam.Calls, call => call.IsChange);
        (await Catalog.PostAsync("/namespaces/placed/properties", """{"removals":["location"]}""")).Ok();
        (await Catalog.CreateTableAsync("placed", "t")).Ok();
        await CatalogState.ReadAsync(World, Catalog.Name);
    }

    [Fact]
    public async Task A_table_that_can_have_no_place_is_refused_at_once()
    {
        // Its base location is where the tables of a namespace get theirs.
        var above = World.Profile("above").BaseLocation;
        var profile = World.Profile("below") with { BaseLocation = $"{above}/t-0123456789abcdef0123456789abcdef/in", AllowedLocations = [above] };
        await Server.Operations.Catalogs.PutAsync("below", profile, new Dictionary<string, string>(), DeleteProfile.Soft, CancellationToken.None);
        var below = new CatalogClient(Server, "below");
        (await below.PostAsync("/namespaces", $$"""{"namespace":["above"],"properties":{"location":"{{above}}"} }""")).Ok();
        (await below.CreateNamespaceAsync("x")).Ok();
        Seam.Clear();

        (await below.CreateTableAsync("x", "t")).Error(403, "ForbiddenException", "a name of the form that the catalog gives");

        Assert.DoesNotContain(Seam.Calls, call => call.IsChange);
    }

    [Fact]
    public async Task The_tables_of_a_namespace_go_where_it_says_however_it_is_named()
    {
        string[][] names = [["ns", "t-0123456789abcdef0123456789abcdef"], ["ns", .. Enumerable.Repeat("d", Limits.MaxNamespaceLevels - 1)]];
        foreach (var name in names)
        {
            for (var levels = 2; levels <= name.Length; levels++)
            {
                (await Catalog.CreateNamespaceAsync(name[..levels])).Ok();
            }

            var path = string.Join("%1F", name);
            var told = (await Catalog.GetAsync($"/namespaces/{path}")).Ok().Json.GetProperty("properties").GetProperty("location").GetString()!;

            Assert.StartsWith(told + "/staged-", LocationOf(await Catalog.CreateTableAsync(path, "staged", ""","stage-create":true""")), StringComparison.Ordinal);
            Assert.StartsWith(told + "/t-", LocationOf(await Catalog.CreateTableAsync(path, "t")), StringComparison.Ordinal);
            Assert.StartsWith(told + "/u-", LocationOf(await Catalog.CreateTableAsync(path, "u")), StringComparison.Ordinal);
        }

        await CatalogState.ReadAsync(World, Catalog.Name);
    }

    [Fact]
    public async Task Whoever_goes_away_while_he_waits_for_his_turn_leaves_no_file_behind()
    {
        var context = new CallContext(await Server.Operations.Catalogs.GetAsync(Catalog.Name, CancellationToken.None));
        var first = Seam.HoldBefore(call => call.Kind == CallKind.Write);
        var before = Catalog.CreateTableAsync("ns", "first", Place("first"));
        await first.Reached;
        using var gone = new CancellationTokenSource();
        Seam.After(call => call.Kind == CallKind.CreateFile, _ => gone.CancelAsync());

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Server.Operations.Tables.CreateAsync(
            context, new Namespace(["ns"]), new CreateTableRequest("second", new Schema(0, []), null, null, $"{Catalog.Base}/second", false, new Dictionary<string, string>()), gone.Token));

        first.Open();
        (await before).Ok();
        Assert.Contains(Seam.Calls, call => call.Kind == CallKind.CreateFile && call.Target.Contains("/second/", StringComparison.Ordinal));
        await CatalogState.ReadAsync(World, Catalog.Name);
        Assert.Empty(await World.ListFilesAsync($"{Catalog.Base}/second"));
    }

    [Fact]
    public async Task A_failure_after_a_refusal_leaves_no_file_behind()
    {
        Seam.Before(call => call.Kind == CallKind.Write && call.Target.Contains("tv/ns/t", StringComparison.Ordinal), async _ =>
        {
            await using var other = await Server.StartAsync(World, Options);
            (await Catalog.Through(other).CreateTableAsync("ns", "other", Place("other"))).Ok();
            Seam.FailBefore(call => call.Kind == CallKind.Read && call.Target == Keys.LocationVersion, () => new IOException("no network"));
        });

        Assert.Equal(500, (await Catalog.CreateTableAsync("ns", "t", Place("t"))).Status);

        Assert.Equal(1, Seam.Count(CallKind.CreateFile));
        Assert.Empty(await World.ListFilesAsync($"{Catalog.Base}/t"));
        await CatalogState.ReadAsync(World, Catalog.Name);
    }

    [Fact]
    public async Task A_file_that_cannot_be_written_leaves_none_of_its_transaction_behind()
    {
        var files = await World.ListFilesAsync();
        Seam.FailBefore(call => call.Kind == CallKind.CreateFile && call.Target.Contains("/b-", StringComparison.Ordinal), () => new IOException("no network"));

        Assert.Equal(500, (await Catalog.PostAsync("/transactions/commit", Mutations.Transaction(("a", Sample.AssertCreate), ("b", Sample.AssertCreate)))).Status);

        Assert.Equal(2, Seam.Count(CallKind.CreateFile));
        Assert.Equal(files, await World.ListFilesAsync());
    }

    private async Task ForgetFoldersAsync(params string[] namespaces)
    {
        var partition = Keys.Partition(CatalogEntity.Read((await World.Store.ReadAsync(Keys.Project, Keys.Catalog(Catalog.Name), CancellationToken.None))!).Id);
        foreach (var name in namespaces)
        {
            var item = (await World.Store.ReadAsync(partition, Keys.Namespace(new Namespace([name])), CancellationToken.None))!;
            await WriteAsync(new Write.Replace(item.Id, (NamespaceEntity.Read(item) with { Folder = null, HoldsFolder = false }).ToValue(), item.Version));
        }

        foreach (var folder in await World.Store.ListAsync(partition, Keys.Folders, null, IKeyValueStore.MaxPage, CancellationToken.None))
        {
            await WriteAsync(new Write.Delete(folder.Id, folder.Version));
        }

        async Task WriteAsync(Write write) => Assert.True((await World.Store.WriteAsync(partition, Guid.NewGuid().ToString("N"), [write], CancellationToken.None)).IsApplied);
    }
}
