using System.Text;
using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil;

/// <summary>
/// Claims on locations: a table's files are its own, so that a credential for one table never opens another and a purge never deletes a neighbour's files.
/// A claim's key spells the location segment by segment, so an overlap is found by reading the locations above and one range below, never by listing siblings.
/// </summary>
internal static class Claims
{
    /// <summary>
    /// The writes that claim locations for a table, after looking that nothing overlaps. They include the move of the location version row,
    /// so that two overlapping claims made at the same time cannot both succeed.
    /// </summary>
    /// <exception cref="CatalogException">403 when a location overlaps another table's.</exception>
    public static async ValueTask<IReadOnlyList<Write>> ClaimAsync(
        IKeyValueStore store, CallContext call, Guid table, IReadOnlyList<Location> locations, CancellationToken cancellationToken)
    {
        if (locations.Count == 0)
        {
            return [];
        }

        // The version is read before the claims are looked at: whoever claims in between moves it, and this batch is refused.
        var version = await store.ReadAsync(call.Catalog.Partition, Keys.LocationVersion, cancellationToken);

        // What the owner holds already (a table that comes back from the trash) is not made again.
        var isHeld = await Parallel.EachAsync(locations, location => RequireFreeAsync(store, call, table, location, cancellationToken));
        locations = [.. locations.Where((_, i) => !isHeld[i])];
        if (locations.Count == 0)
        {
            return [];
        }

        var owner = Encoding.UTF8.GetBytes(table.ToString("N"));
        List<Write> writes = [.. locations.Select(location => new Write.Create(Keys.Claim(location), owner))];
        writes.Add(version is null
            ? new Write.Create(Keys.LocationVersion, owner)
            : new Write.Replace(Keys.LocationVersion, owner, version.Version));
        return writes;
    }

    /// <summary>The locations that a table claims.</summary>
    public static IReadOnlyList<Location> Of(TableEntity table) => [.. table.Claims.Select(claim => Location.Parse(claim))];

    /// <summary>The table that holds a location exactly, or null.</summary>
    public static async ValueTask<Guid?> OwnerAsync(IKeyValueStore store, CallContext call, Location location, CancellationToken cancellationToken) =>
        await store.ReadAsync(call.Catalog.Partition, Keys.Claim(location), cancellationToken) is { } item
        && Guid.TryParseExact(Encoding.UTF8.GetString(item.Value.Span), "N", out var owner)
            ? owner
            : null;

    /// <summary>The writes that give a table's claims back.</summary>
    public static async ValueTask<IReadOnlyList<Write>> ReleaseAsync(IKeyValueStore store, CallContext call, TableEntity table, CancellationToken cancellationToken)
    {
        var keys = Of(table).Select(Keys.Claim).ToArray();
        var items = await store.ReadManyAsync(call.Catalog.Partition, keys, cancellationToken);
        return [.. items.OfType<Item>().Where(item => IsOwner(item, table.Id)).Select(item => new Write.Delete(item.Id, item.Version))];
    }

    /// <summary>Whether the table itself holds the location already.</summary>
    /// <exception cref="CatalogException">403 when it overlaps another's.</exception>
    private static async ValueTask<bool> RequireFreeAsync(IKeyValueStore store, CallContext call, Guid table, Location location, CancellationToken cancellationToken)
    {
        // One row more than a table can hold: if all are its own, there are no others.
        var (ancestors, within) = await Parallel.BothAsync(
            store.ReadManyAsync(call.Catalog.Partition, [.. location.AncestorKeys.Select(Keys.ClaimPrefix)], cancellationToken),
            store.ListAsync(call.Catalog.Partition, Keys.Claim(location), null, Limits.MaxTableLocations + 1, cancellationToken));
        if (ancestors.Concat(within).FirstOrDefault(item => item is not null && !IsOwner(item, table)) is not { } conflict)
        {
            return within.Any(item => item.Id == Keys.Claim(location));
        }

        var trashed = Guid.TryParseExact(Encoding.UTF8.GetString(conflict.Value.Span), "N", out var owner)
            ? await store.ReadAsync(call.Catalog.Partition, Keys.Trashed(owner), cancellationToken)
            : null;
        throw new CatalogException(ErrorKind.Forbidden, trashed is null
            ? $"Unable to use location '{location}': it conflicts with the location of another table or view"
            : $"Unable to use location '{location}': it conflicts with the location of {TrashEntity.Read(trashed).Name}, which is in the trash. Undrop it, or purge it from the trash");
    }

    private static bool IsOwner(Item item, Guid table) => Encoding.UTF8.GetString(item.Value.Span) == table.ToString("N");
}
