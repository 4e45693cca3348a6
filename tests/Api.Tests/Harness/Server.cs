using System.Net;
using Frazil.Entities;
using Frazil.Security;
using Frazil.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Frazil.Api.Tests;

/// <summary>One process: Kestrel on a port of its own, the API, the operations with their caches, and a seam to the world.</summary>
public sealed class Server : IAsyncDisposable
{
    private readonly WebApplication app;

    private Server(World world, WebApplication app, Operations operations, Seam seam, LogLines log)
    {
        World = world;
        this.app = app;
        Operations = operations;
        Seam = seam;
        Log = log;
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        Http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ActivityHeadersPropagator = null });
    }

    public World World { get; }

    public Operations Operations { get; }

    public Seam Seam { get; }

    /// <summary>What the process logged.</summary>
    public LogLines Log { get; }

    public Uri Address { get; }

    internal HttpClient Http { get; }

    /// <summary>The request that came last.</summary>
    internal HttpContext? LastRequest { get; private set; }

    /// <summary>Where requests come from; null for this machine.</summary>
    internal IPAddress? CallerAddress { get; set; }

    /// <summary>Speaks to the process as it is, without a prefix.</summary>
    public ApiClient Api => new(this, "/v1");

    public static async Task<Server> StartAsync(World world, FrazilOptions options, RootCredentials? root = null)
    {
        var seam = new Seam();
        var files = new MeteredObjectStore(new SeamedObjectStore(world.Files, seam), "memory", world.Clock);
        var store = new MeteredKeyValueStore(new SeamedKeyValueStore(world.Store, seam), "memory", world.Clock);
        var operations = new Operations(store, _ => files, options, world.Clock, new IdSource())
        {
            Tokens = root is null ? null : new AccessTokens(root, world.Clock, new IdSource()),
        };
        var log = new LogLines();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0").ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);
        builder.Logging.SetMinimumLevel(LogLevel.Trace).AddProvider(log);
        builder.Services.AddSingleton(operations);
        var app = builder.Build();
        Server? server = null;
        app.Use(next => http =>
        {
            server?.LastRequest = http;
            http.Connection.RemoteIpAddress = server?.CallerAddress ?? http.Connection.RemoteIpAddress;
            return next(http);
        });
        app.MapFrazil();
        await app.StartAsync();
        return server = new Server(world, app, operations, seam, log);
    }

    /// <summary>Makes a catalog, or finds it, and speaks to it by its prefix.</summary>
    public async Task<CatalogClient> OpenAsync(string name)
    {
        await Operations.Catalogs.PutAsync(name, World.Profile(name), new Dictionary<string, string>(), DeleteProfile.Soft, CancellationToken.None);
        return new CatalogClient(this, name);
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        Http.Dispose();
        await app.DisposeAsync();
    }
}

/// <summary>What our own code logs in a process, line by line.</summary>
public sealed class LogLines : ILoggerProvider, ILogger
{
    private readonly List<string> lines = [];

    public IReadOnlyList<string> All
    {
        get
        {
            lock (lines)
            {
                return [.. lines];
            }
        }
    }

    public void Clear()
    {
        lock (lines)
        {
            lines.Clear();
        }
    }

    public ILogger CreateLogger(string categoryName) => categoryName.StartsWith("Frazil", StringComparison.Ordinal) ? this : NullLogger.Instance;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (lines)
        {
            lines.Add($"{logLevel} {formatter(state, exception)} {exception}");
        }
    }

    public void Dispose()
    {
    }
}
