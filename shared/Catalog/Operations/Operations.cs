using Frazil.Entities;
using Frazil.Security;
using Frazil.Storage;

namespace Frazil;

/// <summary>What an installation may set.</summary>
public sealed record FrazilOptions
{
    /// <summary>The catalog that is meant when a client names no warehouse and no prefix.</summary>
    public string DefaultCatalog { get; init; } = "default";

    /// <summary>Bytes of metadata that a process may keep in memory.</summary>
    public long MetadataCacheBytes { get; init; } = 128 * 1024 * 1024;

    /// <summary>Whether locations of catalogs may overlap. Gives up that a purge in one catalog cannot delete files of another.</summary>
    public bool SharesLocations { get; init; }

    /// <summary>Bytes that requests may hold at once (<see cref="MemoryBudget"/>). Without bound where one request at a time is answered, and the host bounds it.</summary>
    public long RequestMemoryBytes { get; init; } = long.MaxValue;

    /// <summary>Whether jobs may be run by a request of the management API. Where timers run them under rights that the API lacks, they may not.</summary>
    public bool JobsByRequest { get; init; } = true;

    /// <summary>Whether the host serves <c>/metrics</c>; the page for people links to it then.</summary>
    public bool ServesMetrics { get; init; }

    /// <summary>
    /// What joins the levels of a namespace in a path, URL-encoded: advertised as <c>namespace-separator</c>. <c>%1F</c> is understood whatever this is.
    /// </summary>
    public string NamespaceSeparator { get; init; } = "%1F";
}

/// <summary>Every operation of the catalog, put together once per process over the parts that a host chooses.</summary>
public sealed class Operations
{
    /// <param name="store">The conditional-write store.</param>
    /// <param name="openStorage">Gives the files of a storage profile.</param>
    /// <param name="options">Settings.</param>
    /// <param name="clock">The time.</param>
    /// <param name="ids">Fresh ids and chance.</param>
    public Operations(IKeyValueStore store, Func<StorageProfile, IObjectStore> openStorage, FrazilOptions options, TimeProvider clock, IdSource ids)
    {
        Options = options;
        Clock = clock;
        Ids = ids;
        Memory = new MemoryBudget(options.RequestMemoryBytes);
        var writer = new StoreWriter(store, clock, ids);
        Files = new MetadataFiles(options.MetadataCacheBytes);
        Catalogs = new Catalogs(writer, openStorage, clock, ids, options.SharesLocations);
        var changes = new Changes(writer, new Idempotency(store, Files), Files, clock, ids);
        Namespaces = new Namespaces(changes, clock, ids);
        Tables = new Tables(changes, Namespaces, Files, clock, ids);
        TableCommits = new TableCommits(changes, Namespaces, Files, clock, ids);
        Views = new Views(changes, Namespaces, Files, clock, ids);
        Reports = new MetricsReports(changes, Tables, clock);
        DeletedTables = new DeletedTables(changes, Namespaces, clock, ids);
        Tasks = new Tasks(changes, clock, ids);
        Protection = new Protection(changes, Namespaces);
        Jobs = new Jobs(Catalogs, DeletedTables, Tasks, changes, clock);
        Store = store;
    }

    /// <summary>Settings.</summary>
    public FrazilOptions Options { get; }

    /// <summary>Tokens and the credentials they are given for; null when this catalog asks for none.</summary>
    public AccessTokens? Tokens { get; init; }

    /// <summary>What requests may hold at once.</summary>
    public MemoryBudget Memory { get; }

    /// <summary>The time.</summary>
    public TimeProvider Clock { get; }

    /// <summary>Fresh ids and chance.</summary>
    public IdSource Ids { get; }

    /// <summary>The store, for health checks.</summary>
    public IKeyValueStore Store { get; }

    /// <summary>Metadata files and their cache.</summary>
    public MetadataFiles Files { get; }

    /// <summary>The catalogs.</summary>
    public Catalogs Catalogs { get; }

    /// <summary>Namespaces.</summary>
    public Namespaces Namespaces { get; }

    /// <summary>Tables.</summary>
    public Tables Tables { get; }

    /// <summary>Commits and transactions.</summary>
    public TableCommits TableCommits { get; }

    /// <summary>Views.</summary>
    public Views Views { get; }

    /// <summary>The trash.</summary>
    public DeletedTables DeletedTables { get; }

    /// <summary>Tasks.</summary>
    public Tasks Tasks { get; }

    /// <summary>Protection from being dropped.</summary>
    public Protection Protection { get; }

    /// <summary>Timed jobs.</summary>
    public Jobs Jobs { get; }

    /// <summary>Reports of clients.</summary>
    public MetricsReports Reports { get; }
}
