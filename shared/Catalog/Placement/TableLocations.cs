using Frazil.Entities;
using Frazil.Iceberg;

namespace Frazil;

/// <summary>Where tables and views are: the location that the catalog chooses, and those that one of them keeps for itself.</summary>
internal static class TableLocations
{
    /// <summary>Where a table or view goes that brings no location: below its namespace's folder, with a uuid made for it, so that no two ever share a prefix.</summary>
    public static string Default(string folder, TableIdentifier name, Guid uuid) => $"{folder}/{Names.Given(name.Name, uuid)}";

    /// <summary>The locations that a table or view keeps for itself: its own, and those of its properties that are not below it.</summary>
    public static IReadOnlyList<Location> Own(string location, IReadOnlyDictionary<string, string> properties)
    {
        List<Location> own = [Location.Parse(location)];
        foreach (var (property, text) in TableProperties.Locations(properties))
        {
            if (Location.Parse(text, property) is var place && !own.Any(place.IsWithin))
            {
                own.Add(place);
            }
        }

        return own;
    }

    /// <summary>The claims of a table or view with those that a change adds.</summary>
    /// <exception cref="CatalogException">400 for more than <see cref="Limits.MaxTableLocations"/>.</exception>
    public static IReadOnlyList<string> Added(TableEntity entity, IEnumerable<Location> added)
    {
        string[] claims = [.. entity.Claims, .. added.Select(location => location.Text)];
        return claims.Length <= Limits.MaxTableLocations
            ? claims
            : throw CatalogException.Validation($"A table or view must not have more than {Limits.MaxTableLocations} locations in its life: it holds every one that it ever had");
    }
}
