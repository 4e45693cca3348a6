using Frazil.Api;
using Frazil.AzureBackend;
using Frazil.Security;
using Frazil.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Frazil.AzureFunctions;

/// <summary>The catalog of this process, to which every function hands over.</summary>
internal sealed class CatalogHost
{
    /// <summary>How long a timer's run begins new pieces: less than the time between two runs, and far less than a function may take (<c>functionTimeout</c>).</summary>
    public static readonly TimeSpan JobBudget = TimeSpan.FromMinutes(10);

    private const string LivePath = "/health/live";

    private readonly AzureSettings settings;
    private readonly AzureTablesKeyValueStore store;
    private readonly Operations operations;
    private readonly FrazilPipeline pipeline;
    private readonly ILogger logger;
    private readonly Lock gate = new();
    private Task? ensuring;

    public CatalogHost(AzureSettings settings, AzureParts parts, TimeProvider clock, IdSource ids, ILoggerFactory loggers)
    {
        this.settings = settings;
        logger = loggers.CreateLogger("Frazil");
        store = new AzureTablesKeyValueStore(parts.NewTableClient(), clock, ids);
        var options = new FrazilOptions { DefaultCatalog = settings.Catalog };
        options = options with { RequestMemoryBytes = MemoryBudget.OfProcess(options.MetadataCacheBytes) };
        operations = new Operations(new MeteredKeyValueStore(store, "azuretables", clock), parts.OpenStorage, options, clock, ids)
        {
            Tokens = new AccessTokens(settings.Root, clock, ids),
        };
        CatalogMeter.Observe(operations.Files);
        pipeline = new FrazilPipeline(operations, loggers.CreateLogger<FrazilPipeline>());
    }

    /// <summary>
    /// Sees to it that the catalog is there, once; begun while the worker still starts. When that fails the next request tries again, and goes on to where it meets the same trouble and
    /// tells it as such.
    /// </summary>
    public Task EnsureAsync()
    {
        lock (gate)
        {
            if (ensuring is null or { IsFaulted: true } or { IsCanceled: true })
            {
                ensuring = Task.Run(EnsureOnceAsync);
            }

            return ensuring;
        }
    }

    /// <summary>Answers a request.</summary>
    public async Task AnswerAsync(HttpContext http)
    {
        DecodedTarget.Restore(http);
        if (http.Request.Path.Value != LivePath)
        {
            await TryEnsureAsync();
        }

        await pipeline.InvokeAsync(http);
    }

    /// <summary>Runs a timed job.</summary>
    public async Task RunAsync(string job, CancellationToken cancellationToken)
    {
        try
        {
            await TryEnsureAsync();
            var result = await operations.Jobs.RunAsync(job, JobBudget, cancellationToken);
            Log.JobDone(logger, result.Job, result.Done, result.Failed, result.FilesDeleted, result.IsMore);
        }
        catch (Exception exception)
        {
            Log.JobFailed(logger, job, exception);

            // So that the console counts a failure.
            throw;
        }
    }

    private async Task TryEnsureAsync()
    {
        try
        {
            await EnsureAsync();
        }
        catch (Exception exception)
        {
            Log.NotEnsured(logger, settings.Catalog, exception);
        }
    }

    private async Task EnsureOnceAsync()
    {
        if (settings.Emulator is not null)
        {
            await store.CreateTableIfMissingAsync(CancellationToken.None);
        }

        var catalog = await operations.Catalogs.EnsureAsync(settings.Catalog, settings.Storage, CancellationToken.None);
        if (settings.Emulator?.DeleteProfile is { } profile)
        {
            await operations.Catalogs.PutAsync(settings.Catalog, settings.Storage, catalog.Entity.Properties, profile, CancellationToken.None);
        }

        Log.Serving(logger, settings.Catalog, settings.Storage.BaseLocation);
    }
}
