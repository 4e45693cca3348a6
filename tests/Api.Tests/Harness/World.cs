using Frazil.EmbeddedBackend;
using Frazil.Entities;
using Frazil.Security;
using Frazil.Storage;

namespace Frazil.Api.Tests;

/// <summary>What outlives a process: a store, files, and the time. Processes (<see cref="Server"/>) are started over it, crash, and are started again.</summary>
public abstract class World : IAsyncDisposable
{
    private readonly List<Server> servers = [];
    private int catalogs;

    protected World(Func<TimeProvider, IKeyValueStore> store, IObjectStore files, StorageType storage, string root) => (Store, Files, Storage, Root) = (store(Clock), files, storage, root);

    public TestClock Clock { get; } = new();

    public IKeyValueStore Store { get; }

    public IObjectStore Files { get; }

    public StorageType Storage { get; }

    /// <summary>Whether what a test tries at every call is tried at a few of them here (<see cref="Sampling"/>), for time's sake.</summary>
    public virtual bool IsSlow => true;

    /// <summary>Whether the store removes rows that have ended without being asked, so that a sweep counts none.</summary>
    public virtual bool RemovesEndedRows => false;

    /// <summary>The location under which every catalog of this world is.</summary>
    public string Root { get; }

    /// <summary>Makes what the store and the storage need to be there.</summary>
    public virtual Task InitializeAsync() => Task.CompletedTask;

    /// <summary>A fresh world of the same kind.</summary>
    public abstract World Another();

    /// <summary>Starts a process over this world.</summary>
    public async Task<Server> StartAsync(FrazilOptions? options = null, RootCredentials? root = null)
    {
        var server = await Server.StartAsync(this, options ?? new FrazilOptions(), root);
        lock (servers)
        {
            servers.Add(server);
        }

        return server;
    }

    /// <summary>The definition of a catalog in a folder of its own.</summary>
    public StorageProfile Profile(string name) => new() { Type = Storage, BaseLocation = $"{Root}/{name}" };

    /// <summary>A name that no catalog has yet.</summary>
    public string NewCatalogName() => $"c{Interlocked.Increment(ref catalogs)}";

    /// <summary>The files below the root, sorted.</summary>
    public async Task<IReadOnlyList<string>> ListFilesAsync(string? folder = null)
    {
        List<string> files = [];
        await foreach (var file in Files.ListAsync(folder ?? Root, CancellationToken.None))
        {
            files.Add(file);
        }

        files.Sort(StringComparer.Ordinal);
        return files;
    }

    public virtual async ValueTask DisposeAsync()
    {
        foreach (var server in servers)
        {
            await server.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }
}

/// <summary>Everything in memory.</summary>
public sealed class MemoryWorld() : World(static clock => new InMemoryKeyValueStore(clock), new InMemoryObjectStore("memory://warehouse/"), StorageType.Memory, "memory://warehouse")
{
    public override bool IsSlow => false;

    public override World Another() => new MemoryWorld();
}

/// <summary>A SQLite file and a folder. In memory where the system has a folder for that: what survives a loss of power is no matter of these tests.</summary>
public sealed class EmbeddedWorld : World
{
    private const string SharedMemory = "/dev/shm";

    private readonly string folder;

    public EmbeddedWorld()
        : this(Directory.CreateDirectory(Path.Join(Directory.Exists(SharedMemory) ? SharedMemory : Path.GetTempPath(), $"frazil-api-{Guid.NewGuid():N}")).FullName)
    {
    }

    private EmbeddedWorld(string folder)
        : base(clock => new SqliteKeyValueStore(Path.Join(folder, "catalog.db"), clock), new FileObjectStore([Path.Join(folder, "warehouse")], new IdSource()), StorageType.File, $"file://{folder}/warehouse") =>
        this.folder = folder;

    public override World Another() => new EmbeddedWorld();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await ((SqliteKeyValueStore)Store).DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
