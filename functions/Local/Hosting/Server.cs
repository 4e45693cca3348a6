using System.Runtime.CompilerServices;
using Frazil.Api;
using Frazil.Iceberg;
using Frazil.Security;
using Frazil.Storage;

namespace Frazil.Local;

/// <summary>The catalog as a process of its own.</summary>
/// <param name="options">What it was told.</param>
internal sealed class Server(ServeOptions options)
{
    private readonly TimeProvider clock = TimeProvider.System;
    private readonly IdSource ids = new();
    private readonly TaskCompletionSource<FrazilPipeline> opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly JobTimers timers = new(TimeProvider.System);
    private readonly LocalGuard guard = new(options.Insecure || options.Auth);
    private FrazilPipeline? pipeline;

    /// <summary>Serves until a signal says to stop.</summary>
    /// <exception cref="StartException">The server cannot start.</exception>
    /// <exception cref="SettingException">A catalog that the settings name cannot be served.</exception>
    public async Task RunAsync()
    {
        var definitions = Definitions();
        using var signals = new StopSignals();
        using var loggers = NewLoggers();
        var logger = loggers.CreateLogger("Frazil");

        var aws = new Lazy<AwsParts>(() => new AwsParts(options.Credentials, clock, ids));

        // Opening the store and starting to listen each load much code, so they do not wait for each other. A request that comes in between waits for the store.
        var opening = Task.Run(() => OpenedStore.OpenAsync(options, aws));
        using var metrics = new MetricsPage();
        using var otlp = options.Otlp is { } collector ? StartExport(collector) : null;
        await using var listener = new Listener(options, loggers, clock);
        var listening = listener.StartAsync(http => AnswerAsync(http, metrics, logger));
        await using var store = await opening;
        await listening;

        // Only now: a port in use must not cost a secret that nobody was shown.
        var root = await new LocalCredentials(options, new StoreWriter(store.Store, clock, ids), clock).OpenAsync(CancellationToken.None);
        var operations = new Operations(
            new MeteredKeyValueStore(new TaskNotice(store.Store, timers.PurgeSoon), store.Kind, clock),
            new Storages(aws, ids, clock).Open,
            options.Frazil with { RequestMemoryBytes = MemoryBudget.OfProcess(options.Frazil.MetadataCacheBytes) },
            clock,
            ids)
        {
            Tokens = root is null ? null : new AccessTokens(root, clock, ids),
        };
        CatalogMeter.Observe(operations.Files);
        await PutCatalogsAsync(operations, definitions, logger);
        pipeline = new FrazilPipeline(operations, loggers.CreateLogger<FrazilPipeline>()) { HidesReads = !options.Json };
        opened.SetResult(pipeline);
        await AnnounceAsync(operations, listener, store, root, logger);

        using var stopping = new CancellationTokenSource();
        var jobs = Task.WhenAll(timers.RunAsync(operations.Jobs, logger, stopping.Token), new Warehouses(operations.Catalogs, clock, logger).SweepAsync(stopping.Token));
        await signals.First;
        var began = clock.GetTimestamp();
        var finishing = listener.StopAsync(options.ShutdownTimeout, clock);
        Log.Stopping(logger, options.ShutdownTimeout.TotalSeconds);
        await stopping.CancelAsync();
        await finishing;
        await Task.WhenAny(jobs, Task.Delay(options.ShutdownTimeout, clock));
        if (jobs.IsCompleted && clock.GetElapsedTime(began) < options.ShutdownTimeout)
        {
            Log.Stopped(logger);
        }
        else
        {
            Log.CutOff(logger, options.ShutdownTimeout.TotalSeconds);
        }
    }

    private async Task AnswerAsync(HttpContext http, MetricsPage metrics, ILogger logger)
    {
        var ready = pipeline ?? await opened.Task;
        if (guard.Refuses(http.Request) is { } reason)
        {
            Log.Guarded(logger, http.Request.Method, SafeText.ShowPath(http.Request.Path.Value ?? ""), reason);
            await Answer.Error(ErrorKind.Forbidden, reason).SendAsync(http);
        }
        else if (http.Request.Path.Value == MetricsPage.Path)
        {
            await metrics.AnswerAsync(http);
        }
        else
        {
            await ready.InvokeAsync(http);
        }
    }

    private LoggerFactory NewLoggers()
    {
        var format = options.Json ? JsonLines.Write : TextLines.In(clock);
        var filter = new LoggerFilterOptions { MinLevel = options.LogLevel };

        // Of the server's own messages those that tell of trouble; that a client went away or sent nonsense is none.
        filter.Rules.Add(new LoggerFilterRule(null, "Microsoft", LogLevel.Warning, null));
        return new LoggerFactory([new LineLoggerProvider(Console.OpenStandardOutput(), format, clock)], filter);
    }

    /// <summary>The catalogs that shall be there: those of the file and, unless it is among them, the default one.</summary>
    private IReadOnlyList<CatalogDefinition> Definitions()
    {
        IReadOnlyList<CatalogDefinition> named = options.CatalogsFile is null ? [] : CatalogDefinition.ReadFile(options.CatalogsFile);
        if (!named.Any(catalog => catalog.Name == options.Frazil.DefaultCatalog))
        {
            return [.. named, new CatalogDefinition(options.Frazil.DefaultCatalog, options.Storage, null, options.DeleteProfile)];
        }

        return options.IsStorageChosen
            ? throw new SettingException($"Both --warehouse and {options.CatalogsFile} say where the catalog '{options.Frazil.DefaultCatalog}' keeps its tables; say it once")
            : named;
    }

    /// <summary>A method of its own, so that a server that exports nothing loads nothing of the exporter.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static OtlpExport StartExport(OtlpTarget collector) => OtlpExport.Start(collector);

    private static async Task PutCatalogsAsync(Operations operations, IReadOnlyList<CatalogDefinition> definitions, ILogger logger)
    {
        foreach (var (name, storage, properties, deleteProfile) in definitions)
        {
            try
            {
                var before = (await operations.Catalogs.FindAsync(name, CancellationToken.None))?.Entity;
                Warehouses.Require(name, storage, before?.Storage);
                if (before is not null && before.Storage.BaseLocation != storage.BaseLocation && !storage.AllowedLocations.Contains(before.Storage.BaseLocation))
                {
                    Log.Moved(logger, name, before.Storage.BaseLocation, storage.BaseLocation);
                }

                await operations.Catalogs.PutAsync(name, storage, properties ?? before?.Properties ?? new Dictionary<string, string>(), deleteProfile, CancellationToken.None);
            }
            catch (SettingException exception)
            {
                throw new SettingException($"The catalog '{name}' cannot be served: {exception.Message}", exception);
            }
            catch (CatalogException exception) when (CatalogException.CodeOf(exception.Kind) < 500)
            {
                throw new SettingException($"The catalog '{name}' cannot be served: {exception.Message}", exception);
            }
            catch (Exception exception) when (exception is CatalogException or StoreThrottledException or StoreUnavailableException or IOException or InvalidDataException)
            {
                throw new StartException($"The catalog '{name}' could not be stored: {exception.Message}", exception);
            }
        }
    }

    private async Task AnnounceAsync(Operations operations, Listener listener, OpenedStore store, RootCredentials? root, ILogger logger)
    {
        var url = listener.Url;
        Log.Listening(logger, FrazilCommand.Version, url);
        if (listener.MaxConnections < Connections.Max)
        {
            Log.FewConnections(logger, listener.MaxConnections);
        }

        var catalog = await operations.Catalogs.GetAsync(options.Frazil.DefaultCatalog, CancellationToken.None);
        Log.Serving(logger, catalog.Name, catalog.Entity.Storage.BaseLocation, store.Name);
        if (options.Otlp is { } collector)
        {
            Log.Exporting(logger, collector.Endpoint.AbsoluteUri, collector.Protocol.ToString());
        }

        if (root is null)
        {
            Log.Open(logger);
        }
        else
        {
            Log.Closed(logger, root.ClientId);
        }

        foreach (var warning in options.Warnings.Concat(store.Warnings))
        {
            Log.Careless(logger, warning);
        }

        if (!System.Net.IPAddress.IsLoopback(options.Address) && !options.Auth)
        {
            Log.Exposed(logger, url);
        }
    }
}
