using Frazil.EmbeddedBackend;
using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil.Benchmarks.Load.Cases;

/// <summary>
/// Names by the ten thousand, written into the store's file beside the running server, in the rows that creating them would leave: creating them one by one would take
/// longer than everything that is measured.
/// </summary>
/// <param name="database">The store of the server.</param>
internal sealed class Seeds(string database)
{
    private const int BatchesAtOnce = 64;

    /// <summary>The name of a table or namespace of a number.</summary>
    public static string NameOf(int number) => $"t{number:D6}";

    /// <summary>Tables of a namespace, which all point to one metadata file.</summary>
    public Task AddTablesAsync(string @namespace, int count, string metadataLocation, string location) => AddTablesAsync(@namespace, count, _ => metadataLocation, location);

    /// <summary>Tables of a namespace, each with a metadata file of its own.</summary>
    public Task AddTablesAsync(string @namespace, int count, Func<int, string> metadataLocation, string location) => AddAsync(count, number =>
    {
        var entity = new TableEntity
        {
            Kind = TableKind.Table,
            Id = Guid.NewGuid(),
            Uuid = Guid.NewGuid().ToString(),
            Location = location,
            MetadataLocation = metadataLocation(number),
            Version = 0,
            Claims = [],
            CreatedAt = DateTimeOffset.UtcNow,
            UpdatedAt = DateTimeOffset.UtcNow,
        };
        return new Write.Create(Keys.Table(new TableIdentifier(new Namespace([@namespace]), NameOf(number))), entity.ToValue());
    });

    /// <summary>Namespaces in a namespace.</summary>
    public Task AddNamespacesAsync(string parent, int count) => AddAsync(count, number => new Write.Create(
        Keys.Namespace(new Namespace([parent, NameOf(number)])),
        new NamespaceEntity { Id = Guid.NewGuid(), Properties = new Dictionary<string, string>() }.ToValue()));

    private async Task AddAsync(int count, Func<int, Write> row)
    {
        await using var store = new SqliteKeyValueStore(database);
        var catalog = await store.ReadAsync(Keys.Project, Keys.Catalog("default"), CancellationToken.None)
            ?? throw new CheckFailedException($"there is no catalog 'default' in {database}");
        var partition = Keys.Partition(CatalogEntity.Read(catalog).Id);
        foreach (var group in Enumerable.Range(0, count).Chunk(IKeyValueStore.MaxBatch).Chunk(BatchesAtOnce))
        {
            var results = await Task.WhenAll(group.Select(batch =>
                store.WriteAsync(partition, Guid.NewGuid().ToString("N"), [.. batch.Select(row)], CancellationToken.None).AsTask()));
            Checks.That(results.All(result => result.IsApplied), "a row that was to be made is there already");
        }
    }
}
