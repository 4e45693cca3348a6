using System.Globalization;

namespace Frazil.Api.Tests;

/// <summary>What a request holds that reads one file after the other.</summary>
public sealed class MemoryOfFilesTests() : CatalogTests(new EmbeddedWorld())
{
    private const int Tables = 8;

    protected override FrazilOptions Options => new() { RequestMemoryBytes = 2_000_000, MetadataCacheBytes = 0 };

    [Fact]
    public async Task A_namespace_can_be_dropped_and_purged_whose_tables_together_take_more_than_there_is()
    {
        for (var i = 0; i < Tables; i++)
        {
            var name = i.ToString(CultureInfo.InvariantCulture);
            (await Catalog.CreateTableAsync("ns", name)).Ok();
            (await Catalog.CommitAsync("ns", name, "", Sample.SetProperty("large", new string('x', 400_000)))).Ok();
        }

        Assert.Equal(204, (await Catalog.DeleteAsync("/namespaces/ns?recursive=true&purge=true")).Status);
    }
}
