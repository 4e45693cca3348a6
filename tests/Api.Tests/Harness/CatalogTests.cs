namespace Frazil.Api.Tests;

/// <summary>A test of the API: a world, a process over it, and a catalog with the namespace <c>ns</c>.</summary>
public abstract class CatalogTests(World world) : IAsyncLifetime
{
    protected CatalogTests()
        : this(new MemoryWorld())
    {
    }

    protected World World { get; } = world;

    protected TestClock Clock => World.Clock;

    protected Server Server { get; private set; } = null!;

    /// <summary>The catalog of the process's default.</summary>
    protected CatalogClient Catalog { get; private set; } = null!;

    protected Seam Seam => Server.Seam;

    protected virtual FrazilOptions Options => new();

    public virtual async Task InitializeAsync()
    {
        await World.InitializeAsync();
        Server = await World.StartAsync(Options);
        Catalog = await Server.OpenAsync(Server.Operations.Options.DefaultCatalog);
        (await Catalog.CreateNamespaceAsync("ns")).Ok();
        Seam.Clear();
    }

    public async Task DisposeAsync() => await World.DisposeAsync();
}
