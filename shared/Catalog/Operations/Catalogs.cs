using System.Collections.Concurrent;
using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil;

/// <summary>The catalogs of this installation. A definition is cached for <see cref="Limits.CatalogCacheTime"/>; pointers never are.</summary>
/// <param name="writer">The store.</param>
/// <param name="openStorage">Gives the files of a storage profile; called once per definition and process.</param>
/// <param name="clock">The time.</param>
/// <param name="ids">Fresh ids.</param>
/// <param name="sharesLocations">Whether locations of catalogs may overlap (<see cref="FrazilOptions.SharesLocations"/>).</param>
public sealed class Catalogs(StoreWriter writer, Func<StorageProfile, IObjectStore> openStorage, TimeProvider clock, IdSource ids, bool sharesLocations = false)
{
    /// <summary>Words that stand in the place of a prefix in a path, and so cannot be a catalog's name.</summary>
    public static readonly IReadOnlySet<string> ReservedNames =
        new HashSet<string>(StringComparer.OrdinalIgnoreCase) { "config", "namespaces", "oauth", "tables", "transactions", "views" };

    // Stands in a new definition until it is given one.
    private static readonly StorageProfile NoStorage = new() { Type = StorageType.Memory, BaseLocation = "" };

    private readonly ConcurrentDictionary<string, (Catalog Catalog, string Version, long ReadAt)> cache = new(StringComparer.Ordinal);
    private readonly Lock gate = new();
    private Task<Dictionary<string, string>>? baseLocations;
    private long baseLocationsReadAt;

    /// <summary>The catalog of a name.</summary>
    /// <exception cref="CatalogException">404 <c>NoSuchWarehouseException</c> when there is none.</exception>
    public async ValueTask<Catalog> GetAsync(string name, CancellationToken cancellationToken) =>
        await FindAsync(name, cancellationToken)
        ?? throw new CatalogException(ErrorKind.NoSuchWarehouse, $"Warehouse does not exist: {(name.Length <= Limits.MaxNameLength ? name : name[..Limits.MaxNameLength])}");

    /// <summary>The catalog of an id.</summary>
    /// <exception cref="CatalogException">404 <c>NoSuchWarehouseException</c> when there is none.</exception>
    public async ValueTask<Catalog> GetAsync(Guid id, CancellationToken cancellationToken)
    {
        foreach (var name in await ListAsync(cancellationToken))
        {
            if (await FindAsync(name, cancellationToken) is { } catalog && catalog.Entity.Id == id)
            {
                return catalog;
            }
        }

        throw new CatalogException(ErrorKind.NoSuchWarehouse, $"Warehouse does not exist: {id}");
    }

    /// <summary>The catalog that a client calls a warehouse: by its name, or by its base location, exactly. Where catalogs share one, it is that of the first by name.</summary>
    /// <exception cref="CatalogException">404 <c>NoSuchWarehouseException</c> when there is none.</exception>
    public async ValueTask<Catalog> GetWarehouseAsync(string warehouse, CancellationToken cancellationToken) =>
        IsName(warehouse) || !(await BaseLocationsAsync().WaitAsync(cancellationToken)).TryGetValue(warehouse.TrimEnd('/'), out var name)
            ? await GetAsync(warehouse, cancellationToken)
            : await GetAsync(name, cancellationToken);

    // Anybody may ask for a warehouse, so it is read once for all who ask within the cache's time.
    private Task<Dictionary<string, string>> BaseLocationsAsync()
    {
        lock (gate)
        {
            if (baseLocations is null || (baseLocations.IsCompleted && (!baseLocations.IsCompletedSuccessfully || clock.GetElapsedTime(baseLocationsReadAt) >= Limits.CatalogCacheTime)))
            {
                baseLocationsReadAt = clock.GetTimestamp();
                baseLocations = ReadBaseLocationsAsync();
            }

            return baseLocations;
        }
    }

    private async Task<Dictionary<string, string>> ReadBaseLocationsAsync()
    {
        Dictionary<string, string> names = new(StringComparer.Ordinal);
        foreach (var item in await ListRowsAsync(CancellationToken.None))
        {
            names.TryAdd(CatalogEntity.Read(item).Storage.BaseLocation.TrimEnd('/'), Keys.NameOf(item.Id));
        }

        return names;
    }

    /// <summary>The catalog of a name, or null.</summary>
    public async ValueTask<Catalog?> FindAsync(string name, CancellationToken cancellationToken)
    {
        if (!IsName(name))
        {
            return null;
        }

        if (cache.TryGetValue(name, out var known) && clock.GetElapsedTime(known.ReadAt) < Limits.CatalogCacheTime)
        {
            return known.Catalog;
        }

        var readAt = clock.GetTimestamp();
        if (await writer.Store.ReadAsync(Keys.Project, Keys.Catalog(name), cancellationToken) is not { } item)
        {
            cache.TryRemove(name, out _);
            return null;
        }

        var catalog = known.Version == item.Version ? known.Catalog : Open(CatalogEntity.Read(item));
        cache[name] = (catalog, item.Version, readAt);
        return catalog;
    }

    /// <summary>The names of all catalogs, in order.</summary>
    public async ValueTask<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken) =>
        [.. (await ListRowsAsync(cancellationToken)).Select(item => Keys.NameOf(item.Id))];

    private async ValueTask<IReadOnlyList<CatalogEntity>> ListReadAsync(CancellationToken cancellationToken) =>
        [.. (await ListRowsAsync(cancellationToken)).Select(CatalogEntity.Read)];

    private async ValueTask<List<Item>> ListRowsAsync(CancellationToken cancellationToken)
    {
        List<Item> rows = [];
        while (true)
        {
            var page = await writer.Store.ListAsync(Keys.Project, Keys.Catalogs, rows.Count == 0 ? null : rows[^1].Id, IKeyValueStore.MaxPage, cancellationToken);
            rows.AddRange(page);
            if (page.Count < IKeyValueStore.MaxPage)
            {
                return rows;
            }
        }
    }

    /// <summary>Makes a catalog, or gives an existing one the storage and properties named here. Its identity, and so its tables, stay.</summary>
    /// <exception cref="CatalogException">400 when the name or a location is not valid, or a location overlaps another catalog's.</exception>
    public ValueTask<Catalog> PutAsync(
        string name, StorageProfile storage, IReadOnlyDictionary<string, string> properties, DeleteProfile deleteProfile, CancellationToken cancellationToken) =>
        PutAsync(name, entity => entity with { Storage = storage with { Unknown = entity.Storage.Unknown }, Properties = properties, DeleteProfile = deleteProfile }, cancellationToken);

    /// <summary>
    /// Sees to it that a catalog is there and has this storage; whatever else was set on an existing one stays. One read when that is so already; many processes may do it at once.
    /// </summary>
    /// <exception cref="CatalogException">400 when the name or a location is not valid, or a location overlaps another catalog's.</exception>
    public ValueTask<Catalog> EnsureAsync(string name, StorageProfile storage, CancellationToken cancellationToken) =>
        PutAsync(name, entity => entity with { Storage = storage with { Unknown = entity.Storage.Unknown } }, cancellationToken);

    private async ValueTask<Catalog> PutAsync(string name, Func<CatalogEntity, CatalogEntity> change, CancellationToken cancellationToken)
    {
        RequireName(name);
        while (true)
        {
            var readAt = clock.GetTimestamp();
            var item = await writer.Store.ReadAsync(Keys.Project, Keys.Catalog(name), cancellationToken);
            var entity = change(item is null
                ? new CatalogEntity { Id = ids.NewId(), Name = name, Storage = NoStorage, CreatedAt = clock.GetUtcNow() }
                : CatalogEntity.Read(item));
            var catalog = Open(entity); // what cannot be served takes no location
            if (!sharesLocations && await CatalogLocations.ReserveAsync(writer, entity, ListReadAsync, cancellationToken) is var reserved && reserved != entity.ReservedLocations)
            {
                entity = entity with { ReservedLocations = reserved };
                catalog = Open(entity);
            }

            var value = entity.ToValue();
            if (item is not null && item.Value.Span.SequenceEqual(value))
            {
                cache[name] = (catalog, item.Version, readAt);
                return catalog;
            }

            Write write = item is null ? new Write.Create(Keys.Catalog(name), value) : new Write.Replace(Keys.Catalog(name), value, item.Version);
            if ((await writer.WriteAsync(Keys.Project, [write], cancellationToken)).IsApplied)
            {
                cache.TryRemove(name, out _);
                lock (gate)
                {
                    baseLocations = null;
                }

                return catalog;
            }
        }
    }

    private Catalog Open(CatalogEntity entity) => new(entity, openStorage(entity.Storage));

    private static bool IsName(string name) =>
        name.Length is > 0 and <= Limits.MaxNameLength && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.') && name is not ("." or "..");

    private static void RequireName(string name)
    {
        if (!IsName(name) || ReservedNames.Contains(name))
        {
            throw CatalogException.BadRequest(
                $"Invalid catalog name: it must have 1 to {Limits.MaxNameLength} letters, digits, '_', '-' or '.', and not be one of {string.Join(", ", ReservedNames.Order(StringComparer.Ordinal))}");
        }
    }
}
