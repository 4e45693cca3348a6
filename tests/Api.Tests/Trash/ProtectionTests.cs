namespace Frazil.Api.Tests;

public sealed class ProtectionTestsInMemory() : ProtectionTests(new MemoryWorld());

public sealed class ProtectionTestsEmbedded() : ProtectionTests(new EmbeddedWorld());

[Trait("Needs", "dynamodb")]
[Trait("Needs", "s3")]
public sealed class ProtectionTestsAws() : ProtectionTests(new AwsWorld());

[Trait("Needs", "azurite")]
public sealed class ProtectionTestsAzure() : ProtectionTests(new AzureWorld());

public abstract class ProtectionTests(World world) : TrashTests(world)
{
    [Theory]
    [InlineData("table")]
    [InlineData("view")]
    public async Task What_is_protected_is_not_dropped(string kind)
    {
        var create = kind == "table" ? Catalog.CreateTableAsync("ns", "x") : Catalog.CreateViewAsync("ns", "x");
        (await create).Ok();
        var id = await IdAsync($"/namespaces/ns/{kind}s");
        Assert.False((await Management.GetAsync($"/{kind}/{id}/protection")).Ok().Json.GetProperty("protected").GetBoolean());

        await ProtectAsync(kind, id);

        (await DropAsync("x", kind: $"{kind}s")).Error(409, "ProtectedException", "protected");
        Assert.Equal(["x"], await Catalog.NamesAsync("ns", $"{kind}s"));
        (await Catalog.RenameAsync($"{kind}s", ("ns", "x"), ("ns", "y"))).NoContent();
        Assert.True((await Catalog.GetAsync($"/namespaces/ns/{kind}s?returnProtectionStatus=true")).Ok().Json.GetProperty("protection-status")[0].GetBoolean());
        (await DropAsync("y", kind: $"{kind}s")).Error(409, "ProtectedException");
        await ProtectAsync(kind, id, isProtected: false);
        (await DropAsync("y", kind: $"{kind}s")).NoContent();
    }

    [Fact]
    public async Task A_commit_keeps_the_protection_and_force_drops_in_spite_of_it()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        await ProtectAsync("table", await IdAsync("/namespaces/ns/tables"));
        (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("k", "v"))).Ok();

        (await DropAsync("t")).Error(409, "ProtectedException");
        (await DropAsync("t", "?force=true")).NoContent();

        Assert.Empty(await TrashAsync());
    }

    [Fact]
    public async Task A_protected_namespace_is_not_dropped()
    {
        var id = await IdAsync("/namespaces", "namespace-uuids");
        await ProtectAsync("namespace", id);
        (await Catalog.PostAsync("/namespaces/ns/properties", """{"updates":{"a":"b"}}""")).Ok();

        (await Catalog.DeleteAsync("/namespaces/ns")).Error(409, "ProtectedException");
        (await Catalog.DeleteAsync("/namespaces/ns?recursive=true")).Error(409, "ProtectedException");
        Assert.True((await Management.GetAsync($"/namespace/{id}/protection")).Ok().Json.GetProperty("protected").GetBoolean());
        (await Catalog.DeleteAsync("/namespaces/ns?force=true")).NoContent();
        (await Management.GetAsync($"/namespace/{id}/protection")).Error(404, "NoSuchNamespaceException");
    }

    [Fact]
    public async Task An_id_of_another_kind_is_404()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        var id = await IdAsync("/namespaces/ns/tables");

        (await Management.GetAsync($"/view/{id}/protection")).Error(404, "NoSuchViewException");
        (await Management.GetAsync($"/namespace/{id}/protection")).Error(404, "NoSuchNamespaceException");
        (await Management.GetAsync($"/table/{Guid.NewGuid()}/protection")).Error(404, "NoSuchTableException");
        (await Management.GetAsync("/table/junk/protection")).Error(400, "BadRequestException");
        (await Management.PostAsync($"/table/{id}/protection", "{}")).Error(400, "BadRequestException", "protected");
    }

    [Fact]
    public async Task Protection_survives_the_trash()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        var id = await IdAsync("/namespaces/ns/tables");
        (await DropAsync("t")).NoContent();
        (await Management.GetAsync($"/table/{id}/protection")).Error(404, "NoSuchTableException");
        (await UndropAsync(id)).NoContent();
        await ProtectAsync("table", id);

        (await DropAsync("t")).Error(409, "ProtectedException");
    }

    [Fact]
    public async Task A_protected_child_stops_a_recursive_drop_before_it_begins()
    {
        (await Catalog.CreateNamespaceAsync("ns", "a")).Ok();
        (await Catalog.CreateNamespaceAsync("ns", "b")).Ok();
        (await Catalog.CreateTableAsync("ns%1Fa", "first")).Ok();
        (await Catalog.CreateTableAsync("ns%1Fb", "last")).Ok();
        await ProtectAsync("table", await IdAsync("/namespaces/ns%1Fb/tables"));

        (await Catalog.DeleteAsync("/namespaces/ns?recursive=true")).Error(409, "ProtectedException", "last");

        Assert.Equal(["first"], await Catalog.NamesAsync("ns%1Fa"));
        Assert.Empty(await TrashAsync());
    }

    [Fact]
    public async Task A_recursive_drop_puts_every_table_into_the_trash()
    {
        await MakeTreeAsync();

        (await Catalog.DeleteAsync("/namespaces/ns?recursive=true")).NoContent();

        (await Catalog.GetAsync("/namespaces/ns")).Error(404, "NoSuchNamespaceException");
        Assert.Equal(["t0", "t1", "t2", "v"], (await TrashAsync()).Select(item => item.GetProperty("name").GetString()).Order());
        (await Catalog.CreateNamespaceAsync("ns")).Ok();
        (await Catalog.CreateNamespaceAsync("ns", "a")).Ok();
        (await UndropAsync([.. (await TrashAsync()).Where(item => item.GetProperty("name").GetString() != "t2").Select(item => item.GetProperty("id").GetString()!)])).NoContent();
        Assert.Equal(["t0"], await Catalog.NamesAsync("ns"));
        Assert.Equal(["t1"], await Catalog.NamesAsync("ns%1Fa"));
    }

    [Fact]
    public async Task A_recursive_drop_that_died_is_ended_by_the_same_request()
    {
        await MakeTreeAsync();
        Seam.Clear();
        (await Catalog.DeleteAsync("/namespaces/ns?recursive=true")).NoContent();
        foreach (var (number, afterWork) in Sampling.Deaths(World, Seam.Calls))
        {
            var again = new Again(World.Another());
            await again.InitializeAsync();
            await again.MakeTreeAsync();
            again.Seam.Clear();
            again.Seam.DieAt(number, afterWork);
            await again.Catalog.DeleteAsync("/namespaces/ns?recursive=true");
            var next = await again.World.StartAsync();
            again.Clock.Advance(TimeSpan.FromMinutes(2));

            var reply = await again.Catalog.Through(next).DeleteAsync("/namespaces/ns?recursive=true");

            Assert.True(reply.Status is 204 or 404, $"{number} {afterWork} {reply.Text}");
            (await again.Catalog.Through(next).GetAsync("/namespaces/ns")).Error(404, "NoSuchNamespaceException");
            var trash = (await new ApiClient(next, $"/management/v1/warehouse/{again.Catalog.Name}").GetAsync("/deleted-tabulars")).Ok().Json.GetProperty("tabulars");
            Assert.Equal(["t0", "t1", "t2", "v"], trash.EnumerateArray().Select(item => item.GetProperty("name").GetString()).Order());
            await again.DisposeAsync();
        }
    }

    private async Task MakeTreeAsync()
    {
        (await Catalog.CreateNamespaceAsync("ns", "a")).Ok();
        (await Catalog.CreateNamespaceAsync("ns", "a", "b")).Ok();
        (await Catalog.CreateTableAsync("ns", "t0")).Ok();
        (await Catalog.CreateTableAsync("ns%1Fa", "t1")).Ok();
        (await Catalog.CreateTableAsync("ns%1Fa%1Fb", "t2")).Ok();
        (await Catalog.CreateViewAsync("ns", "v")).Ok();
    }

    private async Task<string> IdAsync(string list, string ids = "table-uuids") =>
        (await Catalog.GetAsync($"{list}?returnUuids=true")).Ok().Json.GetProperty(ids).EnumerateArray().Single().GetString()!;

    private async Task ProtectAsync(string kind, string id, bool isProtected = true) =>
        (await Management.PostAsync($"/{kind}/{id}/protection", $$"""{"protected":{{(isProtected ? "true" : "false")}}}""")).Ok();

    /// <summary>The same catalog in another world.</summary>
    private sealed class Again(World world) : ProtectionTests(world);
}
