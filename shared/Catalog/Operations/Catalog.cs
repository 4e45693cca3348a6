using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil;

/// <summary>A catalog opened for use: its definition, its partition of the store, and its files.</summary>
public sealed class Catalog
{
    /// <summary>Allowed locations that a refusal lists.</summary>
    private const int MaxShown = 10;

    private readonly Location[] allowed;

    /// <param name="entity">Its definition.</param>
    /// <param name="files">Its storage.</param>
    public Catalog(CatalogEntity entity, IObjectStore files)
    {
        Entity = entity;
        Files = files;
        Partition = Keys.Partition(entity.Id);
        allowed = [.. entity.Storage.AllowedLocations.Prepend(entity.Storage.BaseLocation).Select(text => Location.Parse(text, "allowed location"))];
    }

    /// <summary>Its definition.</summary>
    public CatalogEntity Entity { get; }

    /// <summary>Its name.</summary>
    public string Name => Entity.Name;

    /// <summary>Its partition: every change to the catalog is one batch there.</summary>
    public string Partition { get; }

    /// <summary>Its storage.</summary>
    public IObjectStore Files { get; }

    /// <summary>Checks one location of a request or of a metadata file, before anything is read or written there.</summary>
    /// <returns>The canonical form.</returns>
    /// <exception cref="CatalogException">400 when it is no location; 403 when it is outside of what the catalog allows.</exception>
    public Location RequireAllowed(string what, string text)
    {
        var location = Location.Parse(text, what);
        foreach (var place in allowed)
        {
            if (location.IsWithin(place))
            {
                return location;
            }
        }

        throw new CatalogException(
            ErrorKind.Forbidden,
            $"Invalid {what} '{text}': it is not inside a location that catalog '{Name}' allows: {string.Join(", ", allowed.Take(MaxShown).Select(place => place.Text))}{(allowed.Length > MaxShown ? $" and {allowed.Length - MaxShown} more" : "")}. "
            + $"{SettingNames.CatalogAllowedLocations} allows more for the default catalog (--allow-location on the local host), 'allowed-locations' in the file of --catalogs for others");
    }

    /// <summary>Refuses a location that a table or view wants for itself and that would leave none to others: the base location, an allowed location, or what lies above one.</summary>
    /// <exception cref="CatalogException">403.</exception>
    internal void RequireClaimable(Location location)
    {
        foreach (var place in allowed)
        {
            if (place.IsWithin(location))
            {
                throw new CatalogException(ErrorKind.Forbidden, $"Unable to use location '{location}': it holds '{place}', a location of catalog '{Name}', and a table or view must be below that");
            }
        }
    }

    /// <summary>Checks many.</summary>
    public void RequireAllowed(IEnumerable<(string What, string Location)> locations)
    {
        foreach (var (what, text) in locations)
        {
            RequireAllowed(what, text);
        }
    }
}
