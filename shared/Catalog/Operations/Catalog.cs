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

    /// <summary>Checks many.</summary>
    public void RequireAllowed(IEnumerable<(string What, string Location)> locations)
    {
        foreach (var (what, text) in locations)
        {
            RequireAllowed(what, text);
        }
    }
}
