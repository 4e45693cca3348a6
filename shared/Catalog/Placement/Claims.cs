using System.Text;
using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil;

/// <summary>A location that a change takes.</summary>
/// <param name="Location">The location.</param>
/// <param name="Owner">The table or view whose own it becomes; of a folder, the namespace whose tables go below it.</param>
internal sealed record Claim(Location Location, Guid Owner)
{
    /// <summary>Whether it is a namespace's folder: others may be in and above it, but no table or view may have it, or what is above it, for itself.</summary>
    public bool IsFolder { get; init; }
}

/// <summary>
/// Claims on locations: a table's files are its own, so that a credential for one table never opens another and a purge never deletes a neighbour's files.
/// A claim's key spells the location segment by segment, so an overlap is found by reading the locations above and one range below, never by listing siblings.
/// </summary>
/// <remarks>
/// Two ways lead here (the proof that they never give overlapping locations is decision record 0016). What goes below a held folder under a name that the catalog gives just makes its row, in a batch that
/// checks the namespace. Everything else takes the careful way, <see cref="TakeAsync"/>: it looks around, and moves the version row, so that of two of its batches one is refused.
/// </remarks>
internal static class Claims
{
    /// <summary>The writes that take locations, after looking that nothing overlaps; with the move of the version row of locations. None when everything is held by its owner already.</summary>
    /// <returns>The writes, or null when a folder is in another's location by now, and another has to be chosen.</returns>
    /// <exception cref="CatalogException">403 when a location overlaps another table's, or holds a namespace's folder or a location of the catalog.</exception>
    public static async ValueTask<IReadOnlyList<Write>?> TakeAsync(IKeyValueStore store, CallContext call, IReadOnlyList<Claim> claims, CancellationToken cancellationToken)
    {
        if (claims.Count == 0)
        {
            return [];
        }

        RequireDisjoint(claims);

        // In this order. The version before everything: whoever takes a location in between moves it, and this batch is refused. Folders before claims: what went into a folder that is gone is seen.
        var partition = call.Catalog.Partition;
        var version = await store.ReadAsync(partition, Keys.LocationVersion, cancellationToken);
        var folders = await Parallel.EachAsync(claims, claim => FindFolderAsync(store, call, claim, cancellationToken));
        foreach (var claim in claims)
        {
            if (claim.IsFolder && !await IsFreeForFolderAsync(store, call, claim.Location, cancellationToken))
            {
                return null;
            }
        }

        var isHeld = await Parallel.EachAsync(claims, claim => claim.IsFolder ? new(true) : RequireFreeAsync(store, call, claim, cancellationToken));
        List<Write> writes = [];
        for (var i = 0; i < claims.Count; i++)
        {
            var claim = claims[i];
            if (claim.IsFolder)
            {
                if (folders[i] is null)
                {
                    writes.Add(new Write.Create(Keys.Folder(claim.Location, claim.Owner), ToValue(claim.Owner)));
                }
            }
            else if (!isHeld[i])
            {
                // What the owner holds already (a table that comes back from the trash) is not made again.
                call.Catalog.RequireClaimable(claim.Location);
                if (folders[i] is not null)
                {
                    throw Conflict(claim.Location, "it holds the default location of a namespace, or lies below a name of the form that the catalog gives to tables there");
                }

                writes.Add(Make(claim.Location, claim.Owner));
            }
        }

        if (writes.Count > 0)
        {
            writes.Add(version is null
                ? new Write.Create(Keys.LocationVersion, ToValue(claims[0].Owner))
                : new Write.Replace(Keys.LocationVersion, ToValue(claims[0].Owner), version.Version));
        }

        return writes;
    }

    /// <summary>The row of a claim.</summary>
    public static Write Make(Location location, Guid owner) => new Write.Create(Keys.Claim(location), ToValue(owner));

    /// <summary>Whether no table or view has a location, or what is above it, for itself.</summary>
    public static async ValueTask<bool> IsFreeForFolderAsync(IKeyValueStore store, CallContext call, Location location, CancellationToken cancellationToken) =>
        (await store.ReadManyAsync(call.Catalog.Partition, [.. location.AncestorKeys.Append(location.Key).Select(Keys.ClaimPrefix)], cancellationToken)).All(item => item is null);

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

    /// <summary>
    /// Of a folder, its own row. Of a location that somebody chose for a table, a folder at or below it; or one above, where the next segment has the form of the names that the catalog gives:
    /// whatever goes there without a look must not meet anything.
    /// </summary>
    private static async ValueTask<Item?> FindFolderAsync(IKeyValueStore store, CallContext call, Claim claim, CancellationToken cancellationToken)
    {
        if (claim.IsFolder)
        {
            return await store.ReadAsync(call.Catalog.Partition, Keys.Folder(claim.Location, claim.Owner), cancellationToken);
        }

        return await store.ListAsync(call.Catalog.Partition, Keys.FoldersWithin(claim.Location.Key), null, 1, cancellationToken) is [var within, ..]
            ? within
            : await FindFolderAboveAsync(store, call, claim.Location, andLast: false, cancellationToken);
    }

    /// <summary>A folder directly above a segment that has the form of the names that the catalog gives.</summary>
    public static async ValueTask<Item?> FindFolderAboveAsync(IKeyValueStore store, CallContext call, Location location, bool andLast, CancellationToken cancellationToken)
    {
        foreach (var key in location.KeysAboveGivenNames(andLast))
        {
            if (await store.ListAsync(call.Catalog.Partition, Keys.FoldersAt(key), null, 1, cancellationToken) is [var folder, ..])
            {
                return folder;
            }
        }

        return null;
    }

    /// <summary>Whether the owner itself holds the location already.</summary>
    /// <exception cref="CatalogException">403 when it overlaps another's.</exception>
    private static async ValueTask<bool> RequireFreeAsync(IKeyValueStore store, CallContext call, Claim claim, CancellationToken cancellationToken)
    {
        // One row more than a table can hold: if all are its own, there are no others.
        var location = claim.Location;
        var (ancestors, within) = await Parallel.BothAsync(
            store.ReadManyAsync(call.Catalog.Partition, [.. location.AncestorKeys.Select(Keys.ClaimPrefix)], cancellationToken),
            store.ListAsync(call.Catalog.Partition, Keys.Claim(location), null, Limits.MaxTableLocations + 1, cancellationToken));
        if (ancestors.Concat(within).FirstOrDefault(item => item is not null && !IsOwner(item, claim.Owner)) is not { } conflict)
        {
            return within.Any(item => item.Id == Keys.Claim(location));
        }

        var trashed = Guid.TryParseExact(Encoding.UTF8.GetString(conflict.Value.Span), "N", out var owner)
            ? await store.ReadAsync(call.Catalog.Partition, Keys.Trashed(owner), cancellationToken)
            : null;
        throw Conflict(location, trashed is null
            ? "it conflicts with the location of another table or view"
            : $"it conflicts with the location of {TrashEntity.Read(trashed).Name}, which is in the trash. Undrop it, or purge it from the trash");
    }

    /// <summary>Locations are looked at against what is stored, but not against the others of the same change.</summary>
    private static void RequireDisjoint(IReadOnlyList<Claim> claims)
    {
        var ordered = claims.Where(claim => !claim.IsFolder).Select(claim => (Key: Keys.Claim(claim.Location), claim.Owner, claim.Location)).OrderBy(claim => claim.Key, StringComparer.Ordinal).ToArray();
        for (var (outermost, i) = (0, 1); i < ordered.Length; i++)
        {
            // A claim's key begins with the key of every location above it, and in ordinal order all that lies below a location follows it at once.
            if (!ordered[i].Key.StartsWith(ordered[outermost].Key, StringComparison.Ordinal))
            {
                outermost = i;
            }
            else if (ordered[i].Owner != ordered[outermost].Owner)
            {
                throw new CatalogException(ErrorKind.Forbidden, $"The locations '{ordered[outermost].Location}' and '{ordered[i].Location}' of two tables overlap");
            }
        }
    }

    private static CatalogException Conflict(Location location, string why) => new(ErrorKind.Forbidden, $"Unable to use location '{location}': {why}");

    private static byte[] ToValue(Guid owner) => Encoding.UTF8.GetBytes(owner.ToString("N"));

    private static bool IsOwner(Item item, Guid owner) => Encoding.UTF8.GetString(item.Value.Span) == owner.ToString("N");
}
