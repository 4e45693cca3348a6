using System.Text;
using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil.Api.Tests;

/// <summary>What a catalog's rows and files say, read past every server: for comparisons, and to see whether they fit together.</summary>
public sealed class CatalogState
{
    private readonly World world;
    private readonly string partition;
    private readonly string name;
    private readonly List<(Namespace Name, NamespaceEntity Entity)> namespaces = [];
    private readonly List<(TableIdentifier Name, TableEntity Entity)> pointers = [];
    private readonly List<string> lines = [];

    private CatalogState(World world, string partition, string name) => (this.world, this.partition, this.name) = (world, partition, name);

    /// <summary>Everything that does not depend on chance and time, one line for each thing.</summary>
    public override string ToString() => string.Join('\n', lines.Order(StringComparer.Ordinal));

    /// <summary>The metadata files that pointers name.</summary>
    public IReadOnlyList<string> MetadataLocations => [.. pointers.Select(pointer => pointer.Entity.MetadataLocation)];

    /// <summary>Reads a catalog, and fails the test when its rows and files contradict each other.</summary>
    public static async Task<CatalogState> ReadAsync(World world, string catalog)
    {
        var definition = await world.Store.ReadAsync(Keys.Project, Keys.Catalog(catalog), CancellationToken.None);
        var state = new CatalogState(world, Keys.Partition(CatalogEntity.Read(definition!).Id), catalog);
        await state.WalkAsync(null);
        await state.CheckAsync();
        return state;
    }

    private async Task WalkAsync(Namespace? parent)
    {
        foreach (var item in await ListAsync(Keys.Namespaces(parent)))
        {
            var name = new Namespace([.. parent?.Levels ?? [], Keys.NameOf(item.Id)]);
            var entity = NamespaceEntity.Read(item);
            namespaces.Add((name, entity));
            lines.Add($"namespace {name} {Text(entity.Properties).Replace($"/{this.name}/", "/", StringComparison.Ordinal)}");
            foreach (var row in await ListAsync(Keys.Tables(name)))
            {
                var table = new TableIdentifier(name, Keys.NameOf(row.Id));
                pointers.Add((table, TableEntity.Read(row)));
                lines.Add($"{await DescribeAsync(table, TableEntity.Read(row))}");
            }

            await WalkAsync(name);
        }
    }

    private async Task<string> DescribeAsync(TableIdentifier name, TableEntity entity)
    {
        var stored = await world.Files.ReadAsync(entity.MetadataLocation, CancellationToken.None);
        Assert.True(stored is not null, $"{name} points to {entity.MetadataLocation}, which is not there");
        var json = MetadataLocation.Decode(stored.Value, int.MaxValue);
        if (entity.Kind == TableKind.View)
        {
            var view = ViewMetadata.Parse(json);
            Assert.Equal((entity.Uuid, entity.Location), (view.Uuid, view.Location));
            return $"view {name} moved {entity.Version} versions {string.Join(',', view.VersionLog.Select(entry => entry.VersionId))} {Text(view.Properties)}";
        }

        var table = TableMetadata.Parse(json);
        Assert.Equal((entity.Uuid, entity.Location), (table.Uuid, table.Location));
        return $"table {name} moved {entity.Version} log {table.MetadataLog.Count} snapshots {string.Join(',', table.Snapshots.Select(snapshot => snapshot.SnapshotId))} "
            + $"claims {entity.Claims.Count} {(entity.Protected ? "protected " : "")}{Text(table.Properties)}";
    }

    private async Task CheckAsync()
    {
        var trash = (await ListAsync(Keys.Trash)).Select(item => TrashEntity.Read(item)).ToArray();
        var tasks = (await ListAsync(Keys.Tasks)).Select(item => TaskEntity.Read(item)).ToArray();
        lines.AddRange(trash.Select(item => $"trash {item.Name} purge {item.Purge}"));
        lines.AddRange(tasks.Select(task => $"task {task.Subject.Name} {task.State}"));

        // Each id has one name and each name one id: no orphan, nothing twice.
        var identities = (await ListAsync("id/")).Select(item => $"{item.Id} {Identity.Read(item).Namespace}/{Identity.Read(item).Name}");
        var expected = namespaces.Select(item => $"{Keys.Identity(item.Entity.Id)} {item.Name}/").Concat(pointers.Select(item => $"{Keys.Identity(item.Entity.Id)} {item.Name.Namespace}/{item.Name.Name}"));
        Assert.Equal(expected.Order(StringComparer.Ordinal), identities.Order(StringComparer.Ordinal));

        // Each row knows the namespaces above it.
        var byName = namespaces.ToDictionary(item => item.Name, item => item.Entity.Id);
        Assert.All(namespaces, item => Assert.Equal(Above(item.Name.Parent), item.Entity.Parents));
        Assert.All(pointers, item => Assert.Equal(Above(item.Name.Namespace), item.Entity.Parents));
        IReadOnlyList<Guid> Above(Namespace? name) => name is null ? [] : [.. Above(name.Parent), byName[name]];

        // Each location is held by whom it belongs to, and by nobody else.
        var owners = pointers.Select(item => item.Entity).Concat(trash.Select(item => item.Table)).Concat(tasks.Where(task => task.HoldsClaims && !task.HasEnded).Select(task => task.Subject.Table));
        var claims = owners.SelectMany(table => table.Claims.Select(claim => $"{Keys.Claim(Location.Parse(claim))} {table.Id:N}"));
        var held = (await ListAsync(Keys.Claims)).Select(item => $"{item.Id} {Encoding.UTF8.GetString(item.Value.Span)}");
        Assert.Equal(claims.Order(StringComparer.Ordinal), held.Order(StringComparer.Ordinal));

        // No two of them overlap, and none has for itself where a namespace's tables go: in order, what lies below a location follows it.
        var keys = (await ListAsync(Keys.Claims)).Select(item => (item.Id, Owner: Encoding.UTF8.GetString(item.Value.Span))).OrderBy(item => item.Id, StringComparer.Ordinal).ToArray();
        Assert.All(keys.Zip(keys.Skip(1)), pair => Assert.True(
            pair.First.Owner == pair.Second.Owner || !pair.Second.Id.StartsWith(pair.First.Id, StringComparison.Ordinal), $"{pair.First} and {pair.Second} overlap"));
        var folders = (await ListAsync(Keys.Folders)).Select(item => item.Id).ToArray();
        Assert.All(folders, folder => Assert.DoesNotContain(keys, key => folder.StartsWith(Keys.FoldersWithin(key.Id[Keys.Claims.Length..]), StringComparison.Ordinal)));
        Assert.Equal(
            namespaces.Where(item => item.Entity.HoldsFolder).Select(item => Keys.Folder(Location.Parse(item.Entity.Folder!), item.Entity.Id)).Order(StringComparer.Ordinal), folders.Order(StringComparer.Ordinal));

        Assert.Equal(trash.Select(item => Keys.Due(item.DueAt, item.Table.Id)).Order(StringComparer.Ordinal), (await ListAsync(Keys.Dues)).Select(item => item.Id).Order(StringComparer.Ordinal));
    }

    private ValueTask<IReadOnlyList<Item>> ListAsync(string folder) => world.Store.ListAsync(partition, folder, null, IKeyValueStore.MaxPage, CancellationToken.None);

    private static string Text(IEnumerable<KeyValuePair<string, string>> properties) =>
        string.Join(' ', properties.Where(property => property.Key != "write.parquet.compression-codec").OrderBy(property => property.Key, StringComparer.Ordinal).Select(property => $"{property.Key}={property.Value}"));
}
