using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil;

/// <summary>
/// Locations of catalogs: each belongs to one catalog of the store, whatever its project, since a purge in one must not reach the files of another. They stand in a partition of their own,
/// are taken before the catalog's row is written (a crash in between leaves a place that the same catalog takes again), and are kept when the catalog moves on: its tables may still be there.
/// </summary>
internal static class CatalogLocations
{
    private const int MaxAttempts = 10;

    /// <summary>Takes the locations of a catalog that it does not hold yet.</summary>
    /// <param name="writer">The store.</param>
    /// <param name="catalog">The catalog, with the locations that it holds.</param>
    /// <param name="list">Gives every catalog of the project: those of an earlier version hold nothing yet, and are served all the same.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>Every location that it holds now.</returns>
    /// <exception cref="CatalogException">400 when one overlaps another catalog's, or there are more than <see cref="Limits.MaxCatalogLocations"/>; 503 when others were faster in every try.</exception>
    public static async ValueTask<IReadOnlyList<string>> ReserveAsync(
        StoreWriter writer, CatalogEntity catalog, Func<CancellationToken, ValueTask<IReadOnlyList<CatalogEntity>>> list, CancellationToken cancellationToken)
    {
        Location[] held = [.. catalog.ReservedLocations.Select(text => Location.Parse(text))];
        Location[] wanted = [.. Outermost([catalog.Storage.BaseLocation, .. catalog.Storage.AllowedLocations]).Where(location => !held.Any(location.IsWithin))];
        if (wanted.Length == 0)
        {
            return catalog.ReservedLocations;
        }

        if (wanted.Length + held.Length > Limits.MaxCatalogLocations)
        {
            throw CatalogException.Validation($"Catalog {catalog.Name} must not have more than {Limits.MaxCatalogLocations} locations in its life, those below others not counted");
        }

        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            // The version is read before the others' locations: whoever takes one in between moves it, and this batch is refused.
            var version = await writer.Store.ReadAsync(Keys.Locations, Keys.LocationVersion, cancellationToken);
            RequireFreeOf(await list(cancellationToken), catalog, wanted);
            var isHeld = await Parallel.EachAsync(wanted, location => RequireFreeAsync(writer.Store, catalog, location, cancellationToken));
            List<Write> writes = [.. wanted.Where((_, i) => !isHeld[i]).Select(location => new Write.Create(Keys.Claim(location), ToValue(catalog.Name, location)))];
            if (writes.Count == 0)
            {
                return All();
            }

            writes.Add(version is null ? new Write.Create(Keys.LocationVersion, "{}"u8.ToArray()) : new Write.Replace(Keys.LocationVersion, "{}"u8.ToArray(), version.Version));
            if ((await writer.WriteAsync(Keys.Locations, writes, cancellationToken)).IsApplied)
            {
                return All();
            }
        }

        throw new CatalogException(ErrorKind.SlowDown, $"The locations of catalog {catalog.Name} cannot be taken: others were faster in every try; nothing was changed. Try again");

        IReadOnlyList<string> All() => [.. catalog.ReservedLocations, .. wanted.Select(location => location.Text)];
    }

    private static IEnumerable<Location> Outermost(IEnumerable<string> texts)
    {
        Location[] all = [.. texts.Select(text => Location.Parse(text, "allowed location")).Distinct()];
        return all.Where(location => !all.Any(other => !other.Equals(location) && location.IsWithin(other)));
    }

    /// <summary>Looks at the catalogs that hold no location yet: nobody has opened them since an earlier version did.</summary>
    private static void RequireFreeOf(IReadOnlyList<CatalogEntity> catalogs, CatalogEntity catalog, IReadOnlyList<Location> wanted)
    {
        foreach (var other in catalogs.Where(other => other.ReservedLocations.Count == 0 && other.Name != catalog.Name))
        {
            foreach (var place in Outermost([other.Storage.BaseLocation, .. other.Storage.AllowedLocations]))
            {
                if (wanted.FirstOrDefault(location => location.IsWithin(place) || place.IsWithin(location)) is { } location)
                {
                    throw Overlaps(catalog, location, place.Text, other.Name);
                }
            }
        }
    }

    private static CatalogException Overlaps(CatalogEntity catalog, Location location, string place, string other) => CatalogException.Validation(
        $"Catalog {catalog.Name} cannot be at {location}: it overlaps with {place}, which is a location of catalog {other}. A purge in one could delete files of the other; "
        + "choose another location, or allow shared locations if nothing is ever purged there");

    /// <summary>Whether the catalog itself holds the location, or one above it, already.</summary>
    private static async ValueTask<bool> RequireFreeAsync(IKeyValueStore store, CatalogEntity catalog, Location location, CancellationToken cancellationToken)
    {
        // One row more than a catalog can hold: if all are its own, there are no others.
        var (above, within) = await Parallel.BothAsync(
            store.ReadManyAsync(Keys.Locations, [.. location.AncestorKeys.Select(Keys.ClaimPrefix)], cancellationToken),
            store.ListAsync(Keys.Locations, Keys.Claim(location), null, Limits.MaxCatalogLocations + 1, cancellationToken));
        foreach (var item in above.OfType<Item>().Concat(within))
        {
            var (project, name, place) = Read(item);
            if (project != Keys.Project || name != catalog.Name)
            {
                throw Overlaps(catalog, location, place, name);
            }
        }

        return above.Any(item => item is not null) || within.Any(item => item.Id == Keys.Claim(location));
    }

    private static byte[] ToValue(string catalog, Location location) => Rows.Write((catalog, location), static (writer, row) =>
    {
        writer.WriteString("project", Keys.Project);
        writer.WriteString("catalog", row.catalog);
        writer.WriteString("location", row.location.Text);
    });

    private static (string Project, string Catalog, string Location) Read(Item item) => Rows.Read(item, static (ref row) =>
    {
        string? project = null, catalog = null, location = null;
        row.Enter();
        while (row.Next())
        {
            if (row.Is("project"u8))
            {
                project = row.String();
            }
            else if (row.Is("catalog"u8))
            {
                catalog = row.String();
            }
            else if (row.Is("location"u8))
            {
                location = row.String();
            }
            else
            {
                row.SkipMember();
            }
        }

        return (project ?? throw RowReader.Missing("project"), catalog ?? throw RowReader.Missing("catalog"), location ?? throw RowReader.Missing("location"));
    });
}
