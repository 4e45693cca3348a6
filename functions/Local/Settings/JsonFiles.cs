using System.Text.Json;

namespace Frazil.Local;

/// <summary>JSON files that people write.</summary>
internal static class JsonFiles
{
    /// <summary>Refuses what a misspelled member would silently not do.</summary>
    /// <param name="element">An object of the file.</param>
    /// <param name="known">The names that it may have.</param>
    /// <param name="what">The file.</param>
    /// <param name="place">Where in the file the object stands; empty at its root.</param>
    /// <exception cref="SettingException">A member has another name.</exception>
    public static void RequireKnown(JsonElement element, IReadOnlyList<string> known, string what, string place)
    {
        foreach (var member in element.EnumerateObject())
        {
            if (!known.Contains(member.Name))
            {
                throw new SettingException($"{what} has '{(place.Length == 0 ? "" : place + ".")}{member.Name}', which means nothing there; the nearest is '{Nearest.Of(member.Name, known)}'");
            }
        }
    }
}
