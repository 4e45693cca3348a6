using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil;

/// <summary>
/// Where the tables and views of a namespace go that bring no location: its <c>location</c> property, else a folder of its name below the catalog's base location. Once it is held by a row among the claims
/// (<see cref="Keys.Folder"/>) nobody has it, or what is above it, for a table of his own, and creations in it need not look around.
/// </summary>
internal static class Folders
{
    /// <summary>Characters that a table's name and a metadata file's take below it.</summary>
    private const int RoomForFiles = 256;

    /// <summary>What the row of a namespace says, by itself: the folder that was decided, or the one that is wanted.</summary>
    public static string Of(Catalog catalog, Namespace name, NamespaceEntity @namespace)
    {
        if (@namespace.Properties.TryGetValue("location", out var location))
        {
            return location.TrimEnd('/');
        }

        // One that was chosen below another base location is of the past.
        var root = Root(catalog);
        return @namespace.Folder is { } folder && folder.StartsWith(root, StringComparison.Ordinal) ? folder : root + string.Join('/', name.Levels.Select(Names.ForLocation));
    }

    /// <summary>Whether that folder is held.</summary>
    public static bool IsHeld(Catalog catalog, Namespace name, NamespaceEntity @namespace) => @namespace.HoldsFolder && @namespace.Folder == Of(catalog, name, @namespace);

    /// <summary>The folder that a namespace is to have: the one that it holds or wants, or another when a table or view has that for itself. Decided, and not held yet.</summary>
    /// <exception cref="CatalogException">403 when it was chosen by its <c>location</c> property and cannot be had; 400 when it is no location.</exception>
    public static async ValueTask<string> ChooseAsync(
        IKeyValueStore store, CallContext call, Namespace name, NamespaceEntity @namespace, IdSource ids, CancellationToken cancellationToken)
    {
        var wanted = Of(call.Catalog, name, @namespace);
        if (IsHeld(call.Catalog, name, @namespace))
        {
            return wanted;
        }

        if (@namespace.Properties.ContainsKey("location"))
        {
            // One that an earlier version took without a look may be below a name that the catalog gives: no table ever gets a place there.
            return await IsFreeAsync(store, call, Location.Parse(wanted, "namespace location"), cancellationToken) ? wanted : throw Taken(wanted);
        }

        // One that was decided before is not decided again, so that what a namespace answers stays where its tables go.
        var isFit = @namespace.Folder == wanted || (Fits(call.Catalog, name, wanted) && !name.Levels.Any(level => Names.IsGiven(Names.ForLocation(level))));
        if (isFit && await Claims.IsFreeForFolderAsync(store, call, Location.Parse(wanted), cancellationToken))
        {
            return wanted;
        }

        var other = $"{Root(call.Catalog)}{Names.ForLocation(name.Name)}_{ids.NewId():N}";
        return await Claims.IsFreeForFolderAsync(store, call, Location.Parse(other), cancellationToken) ? other : throw Taken(other);
    }

    /// <summary>Checks the <c>location</c> property of a namespace where it is set or changed.</summary>
    /// <exception cref="CatalogException">403 when a table or view has it for itself, or it is where the catalog gives names; 400 when nothing fits below it.</exception>
    public static async ValueTask<Location> RequireChosenAsync(IKeyValueStore store, CallContext call, string text, CancellationToken cancellationToken)
    {
        var location = call.Catalog.RequireAllowed("namespace location", text);
        if (location.Depth > Limits.MaxNamespaceLocationDepth)
        {
            throw CatalogException.BadRequest(
                $"Invalid namespace location '{text}': it has more than {Limits.MaxNamespaceLocationDepth} segments, the authority included, which leaves no room for the files of a table");
        }

        return await IsFreeAsync(store, call, location, cancellationToken) ? location : throw Taken(text);
    }

    /// <summary>The write that lets go of the folder that a namespace holds, if it does.</summary>
    public static async ValueTask<IReadOnlyList<Write>> ReleaseAsync(IKeyValueStore store, CallContext call, NamespaceEntity @namespace, CancellationToken cancellationToken) =>
        @namespace is { HoldsFolder: true, Folder: { } folder }
        && await store.ReadAsync(call.Catalog.Partition, Keys.Folder(Location.Parse(folder), @namespace.Id), cancellationToken) is { } item
            ? [new Write.Delete(item.Id, item.Version)]
            : [];

    /// <summary>Whether a folder that somebody chose can be had: no table or view has it for itself, or will be given what is above it.</summary>
    private static async ValueTask<bool> IsFreeAsync(IKeyValueStore store, CallContext call, Location location, CancellationToken cancellationToken)
    {
        var (isFree, above) = await Parallel.BothAsync(
            Claims.IsFreeForFolderAsync(store, call, location, cancellationToken), Claims.FindFolderAboveAsync(store, call, location, andLast: true, cancellationToken));
        return isFree && above is null;
    }

    /// <summary>Whether files of tables below it are within the limits of locations.</summary>
    private static bool Fits(Catalog catalog, Namespace name, string wanted) =>
        wanted.Length <= Limits.MaxLocationLength - RoomForFiles && Location.Parse(catalog.Entity.Storage.BaseLocation).Depth + name.Levels.Count <= Limits.MaxNamespaceLocationDepth;

    private static string Root(Catalog catalog) => catalog.Entity.Storage.BaseLocation.TrimEnd('/') + "/";

    private static CatalogException Taken(string location) =>
        new(ErrorKind.Forbidden, $"Unable to use namespace location '{location}': it is in the location of a table or view, or below a name of the form that the catalog gives to them there");
}
