using System.Globalization;
using Frazil.Iceberg;

namespace Frazil.Entities;

/// <summary>The ids of rows. Ids are paths; a list walks the rows of one folder, which is what stands before the last slash.</summary>
public static class Keys
{
    /// <summary>The partition that holds what stands above catalogs.</summary>
    public const string Project = "project/default";

    /// <summary>The partition of the locations that catalogs hold, of every project: no two of them overlap.</summary>
    public const string Locations = "store/locations";

    /// <summary>The folder of catalogs in the project's partition.</summary>
    public const string Catalogs = "catalog/";

    /// <summary>The root client, in the project's partition.</summary>
    public const string Root = "root/1";

    /// <summary>The row that every claim moves that had to look around first, so that two of them at the same time cannot miss each other.</summary>
    public const string LocationVersion = "locv/1";

    /// <summary>The partition of a catalog.</summary>
    public static string Partition(Guid catalog) => $"catalog/{catalog:N}";

    /// <summary>A catalog's definition, in the project's partition.</summary>
    public static string Catalog(string name) => Catalogs + name;

    /// <summary>A namespace.</summary>
    public static string Namespace(Namespace @namespace) => Namespaces(@namespace.Parent) + Names.Escape(@namespace.Name);

    /// <summary>The folder of a namespace's children; of the top-level namespaces for null.</summary>
    public static string Namespaces(Namespace? parent) => $"ns/{Names.KeyOf(parent)}/";

    /// <summary>The pointer of a table or view: one key for both, since they share their names.</summary>
    public static string Table(TableIdentifier table) => Tables(table.Namespace) + Names.Escape(table.Name);

    /// <summary>The folder of a namespace's tables and views.</summary>
    public static string Tables(Namespace @namespace) => $"tv/{Names.KeyOf(@namespace)}/";

    /// <summary>The claim on a location.</summary>
    public static string Claim(Location location) => ClaimPrefix(location.Key);

    /// <summary>What the claims at and below a location begin with.</summary>
    public static string ClaimPrefix(string locationKey) => Claims + locationKey;

    /// <summary>The folder of claims.</summary>
    public const string Claims = "loc/";

    /// <summary>That a namespace's tables go below a location. Several namespaces may share one.</summary>
    public static string Folder(Location location, Guid @namespace) => $"{FoldersAt(location.Key)}{@namespace:N}";

    /// <summary>What the folders at a location begin with.</summary>
    public static string FoldersAt(string locationKey) => $"{FoldersWithin(locationKey)}~";

    /// <summary>What the folders at and below a location begin with.</summary>
    public static string FoldersWithin(string locationKey) => Folders + locationKey;

    /// <summary>The folder of the rows of <see cref="Folder"/>.</summary>
    public const string Folders = "fold/";

    /// <summary>The name that an id stands for: a namespace, table or view.</summary>
    public static string Identity(Guid id) => $"id/{id:N}";

    /// <summary>The folder of the trash.</summary>
    public const string Trash = "del/";

    /// <summary>A dropped table or view in the trash.</summary>
    public static string Trashed(Guid id) => $"{Trash}{id:N}";

    /// <summary>The folder in which the trash stands by due time.</summary>
    public const string Dues = "due/";

    /// <summary>The row by which a timer finds a dropped table or view whose time is over.</summary>
    public static string Due(DateTimeOffset due, Guid id) => Timed(Dues, due, id);

    /// <summary>The folder of tables that are gone for good and whose rows are to be swept, by the time of their end.</summary>
    public const string EndedTables = "ended/";

    /// <summary>The row by which a timer finds what is left of a table that is gone for good.</summary>
    public static string EndedTable(DateTimeOffset end, Guid id) => Timed(EndedTables, end, id);

    /// <summary>The time and the id in a row's id that is made of both: <see cref="Due"/>, <see cref="EndedTable"/>.</summary>
    public static (DateTimeOffset At, Guid Id) ReadTimed(string id)
    {
        var text = id.AsSpan(id.LastIndexOf('/') + 1);
        var dash = text.IndexOf('-');
        return (DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(text[..dash], CultureInfo.InvariantCulture)), Guid.ParseExact(text[(dash + 1)..], "N"));
    }

    /// <summary>The folder of tasks.</summary>
    public const string Tasks = "task/";

    /// <summary>A task.</summary>
    public static string Task(Guid id) => $"{Tasks}{id:N}";

    /// <summary>How far the walk over rows of earlier versions is, which carry no end.</summary>
    public const string EarlierRows = "earlier-rows";

    /// <summary>The folder of idempotency records.</summary>
    public const string IdempotencyRecords = "idem/";

    /// <summary>The record of a request that was carried out under an idempotency key.</summary>
    public static string Idempotency(Guid key) => $"{IdempotencyRecords}{key:N}";

    /// <summary>The metrics reports of a table.</summary>
    public static string Reports(Guid table) => $"report/{table:N}";

    /// <summary>The name at the end of an id.</summary>
    public static string NameOf(string id) => Names.Unescape(id[(id.LastIndexOf('/') + 1)..]);

    /// <summary>Ordinal order is the order in time.</summary>
    private static string Timed(string folder, DateTimeOffset at, Guid id) => string.Create(CultureInfo.InvariantCulture, $"{folder}{at.ToUnixTimeMilliseconds():D15}-{id:N}");
}
