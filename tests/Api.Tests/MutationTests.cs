namespace Frazil.Api.Tests;

/// <summary>Each mutation by itself: what the tests of crashes, races and lost answers build on.</summary>
public sealed class MutationTests : CatalogTests
{
    public static TheoryData<string> Names => Mutations.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Each_mutation_changes_something_once(string name)
    {
        var catalog = await Mutations.PrepareAsync(Server);
        var before = await CatalogState.ReadAsync(World, catalog.Name);

        var reply = await Mutations.Of(name).SendToAsync(catalog);

        Assert.True(reply.Status is 200 or 204, reply.Text);
        Assert.NotEqual(before.ToString(), (await CatalogState.ReadAsync(World, catalog.Name)).ToString());
    }
}
