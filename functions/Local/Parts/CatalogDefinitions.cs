using Frazil.Entities;
using Frazil.Iceberg;

namespace Frazil.Local;

/// <summary>A catalog that shall be there once the server has started.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Storage">Where its files are.</param>
/// <param name="Properties">Its properties, or null to leave those that it has.</param>
/// <param name="DeleteProfile">What dropping does.</param>
internal sealed record CatalogDefinition(string Name, StorageProfile Storage, IReadOnlyDictionary<string, string>? Properties, DeleteProfile DeleteProfile)
{
    /// <summary>
    /// Reads the file of <c>--catalogs</c>: <c>{"catalogs": [{"name": "lake", "storage": {"storage-type": "s3", "base-location": "s3://bucket/path", ...}, "properties": {...}, "keep-dropped": "7d"}]}</c>.
    /// </summary>
    /// <exception cref="SettingException">It cannot be read, or is not such a file.</exception>
    public static IReadOnlyList<CatalogDefinition> ReadFile(string path)
    {
        try
        {
            var what = $"The catalogs file {path}";
            using var document = Json.Parse(File.ReadAllBytes(path));
            var root = document.RootElement.RequireObject(path);
            JsonFiles.RequireKnown(root, ["catalogs"], what, "");
            var catalogs = root.RequiredList("catalogs", catalog =>
            {
                var name = catalog.RequireObject("catalogs").RequiredString("name");
                JsonFiles.RequireKnown(catalog, ["name", "storage", "properties", "keep-dropped"], what, name);
                var storage = catalog.RequiredObject("storage");
                JsonFiles.RequireKnown(storage, StorageProfile.Members, what, name + ".storage");
                return new CatalogDefinition(
                    name,
                    StorageProfile.Read(storage),
                    catalog.OptionalStringMap("properties"),
                    ServeOptions.ReadDeleteProfile(catalog.OptionalString("keep-dropped") ?? "7d", $"{what}: {name}.keep-dropped"));
            });
            return catalogs.CountBy(catalog => catalog.Name).FirstOrDefault(name => name.Value > 1).Key is { } twice
                ? throw new SettingException($"The catalogs file {path} has the catalog '{twice}' more than once")
                : catalogs;
        }
        catch (CatalogException exception)
        {
            throw new SettingException($"The catalogs file {path} is not usable: {exception.Message}", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new SettingException($"Cannot read the catalogs file {path}: {exception.Message}", exception);
        }
    }
}
