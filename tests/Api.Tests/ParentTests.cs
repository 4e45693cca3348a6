using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil.Api.Tests;

/// <summary>Rows know the namespaces above them, so that what is inherited is found without a walk. (That they say the truth is checked wherever a catalog's state is read.)</summary>
public sealed class ParentTests : CatalogTests
{
    private static readonly (string, string)[] NoHeaders = [];

    [Fact]
    public async Task A_rename_into_another_namespace_changes_the_namespaces_above_in_its_batch()
    {
        (await Catalog.PostAsync("/namespaces", """{"namespace":["ns","deep"]}""")).Ok();
        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        Seam.Clear();

        (await Catalog.PostAsync("/tables/rename", """{"source":{"namespace":["ns"],"name":"t"},"destination":{"namespace":["ns","deep"],"name":"t"}}""")).NoContent();

        Assert.Equal(1, Seam.Count(CallKind.Write));
        await CatalogState.ReadAsync(World, Catalog.Name);
    }

    [Theory]
    [InlineData("commit a property")]
    [InlineData("commit a location")]
    [InlineData("register over a table")]
    [InlineData("rename table")]
    [InlineData("replace view")]
    [InlineData("rename view")]
    [InlineData("transaction")]
    [InlineData("update properties")]
    [InlineData("create table")]
    [InlineData("create view")]
    [InlineData("create child namespace")]
    [InlineData("register table")]
    public async Task Rows_of_an_earlier_version_are_read_and_healed_by_their_next_write(string name)
    {
        var catalog = await Mutations.PrepareAsync(Server);
        await ForgetParentsAsync(catalog);
        var before = await RowsAsync(catalog);

        var reply = await Mutations.Of(name).SendToAsync(catalog, NoHeaders);

        Assert.InRange(reply.Status, 200, 204);
        var written = (await RowsAsync(catalog)).Except(before).ToArray();
        Assert.NotEmpty(written);
        foreach (var (id, _) in written)
        {
            var item = await Store.ReadAsync(await PartitionAsync(catalog), id, CancellationToken.None);
            Assert.NotNull(id.StartsWith("ns/", StringComparison.Ordinal) ? NamespaceEntity.Read(item!).Parents : TableEntity.Read(item!).Parents);
        }
    }

    private IKeyValueStore Store => World.Store;

    private async Task<string> PartitionAsync(CatalogClient catalog) =>
        Keys.Partition(CatalogEntity.Read((await Store.ReadAsync(Keys.Project, Keys.Catalog(catalog.Name), CancellationToken.None))!).Id);

    /// <summary>Namespaces and pointers, and which batch wrote them last.</summary>
    private async Task<HashSet<(string Id, string CommitId)>> RowsAsync(CatalogClient catalog)
    {
        var partition = await PartitionAsync(catalog);
        HashSet<(string, string)> rows = [];
        foreach (var folder in new[] { Keys.Namespaces(null), Keys.Namespaces(new Namespace(["ns"])), Keys.Tables(new Namespace(["ns"])), Keys.Tables(new Namespace(["empty"])) })
        {
            rows.UnionWith((await Store.ListAsync(partition, folder, null, IKeyValueStore.MaxPage, CancellationToken.None)).Select(item => (item.Id, item.CommitId)));
        }

        return rows;
    }

    /// <summary>Rows as the version wrote them that did not know of parents.</summary>
    private async Task ForgetParentsAsync(CatalogClient catalog)
    {
        var partition = await PartitionAsync(catalog);
        foreach (var (id, _) in await RowsAsync(catalog))
        {
            var item = (await Store.ReadAsync(partition, id, CancellationToken.None))!;
            var value = id.StartsWith("ns/", StringComparison.Ordinal)
                ? (NamespaceEntity.Read(item) with { Parents = null }).ToValue()
                : (TableEntity.Read(item) with { Parents = null }).ToValue();
            Assert.True((await Store.WriteAsync(partition, Guid.NewGuid().ToString("N"), [new Write.Replace(id, value, item.Version)], CancellationToken.None)).IsApplied);
        }
    }
}
