using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace Frazil.Local;

/// <summary>
/// Kestrel, without the generic host around it: there is nothing here to configure or to inject, and building a container for it takes a third of the time to start.
/// </summary>
internal sealed class Listener : IAsyncDisposable
{
    /// <summary>Bytes of a request line: far more than the longest name, so that the catalog itself refuses longer ones and says why.</summary>
    public const int MaxRequestLineBytes = 256 * 1024;

    /// <summary>Bytes of all headers of a request: tokens of identity providers can be long.</summary>
    public const int MaxHeaderBytes = 128 * 1024;

    /// <summary>Connections at a time.</summary>
    public const int MaxConnections = 10_000;

    /// <summary>
    /// Bytes of a body that is too large for the catalog and still read, for a few seconds, after the 413 was sent: many clients look for an answer only when they have
    /// sent everything, and would see a broken connection instead. Beyond this the connection is cut.
    /// </summary>
    public const long MaxDrainedBytes = 16L * Limits.MaxBodyBytes;

    private readonly ServeOptions options;
    private readonly KestrelServer server;

    public Listener(ServeOptions options, ILoggerFactory loggers)
    {
        this.options = options;
        var kestrel = new KestrelServerOptions { AddServerHeader = false };
        kestrel.Limits.MaxRequestBodySize = MaxDrainedBytes;
        kestrel.Limits.MaxRequestLineSize = MaxRequestLineBytes;
        kestrel.Limits.MaxRequestHeadersTotalSize = MaxHeaderBytes;
        kestrel.Limits.MaxConcurrentConnections = MaxConnections;
        kestrel.Listen(options.Address, options.Port, endpoint => endpoint.Protocols = HttpProtocols.Http1);
        server = new KestrelServer(Options.Create(kestrel), new SocketTransportFactory(Options.Create(new SocketTransportOptions()), loggers), loggers);
    }

    /// <summary>Where it listens, once it does.</summary>
    public string Url => server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First();

    /// <exception cref="StartException">The port is taken, or the address is not ours.</exception>
    public async Task StartAsync(RequestDelegate handler)
    {
        try
        {
            await server.StartAsync(new Application(handler), CancellationToken.None);
        }
        catch (Exception exception) when (exception is IOException or SocketException)
        {
            throw new StartException(
                exception.InnerException is AddressInUseException
                    ? $"Port {options.Port} of {options.Address} is in use: another server listens there. Stop it, or name another one with --port"
                    : $"Cannot listen on {options.Address}, port {options.Port}: {exception.Message}",
                exception);
        }
    }

    /// <summary>Takes no more connections, and waits for the requests under way. What is not done in time is cut off.</summary>
    public async Task StopAsync(TimeSpan timeout, TimeProvider clock)
    {
        using var time = new CancellationTokenSource(timeout, clock);
        await server.StopAsync(time.Token);
    }

    public ValueTask DisposeAsync()
    {
        server.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Hands requests on. A connection keeps its context for its next request.</summary>
    private sealed class Application(RequestDelegate handler) : IHttpApplication<DefaultHttpContext>
    {
        public DefaultHttpContext CreateContext(IFeatureCollection contextFeatures)
        {
            if (contextFeatures is not IHostContextContainer<DefaultHttpContext> connection)
            {
                return new DefaultHttpContext(contextFeatures);
            }

            if (connection.HostContext is { } context)
            {
                context.Initialize(contextFeatures);
                return context;
            }

            return connection.HostContext = new DefaultHttpContext(contextFeatures);
        }

        public Task ProcessRequestAsync(DefaultHttpContext context) => handler(context);

        public void DisposeContext(DefaultHttpContext context, Exception? exception) => context.Uninitialize();
    }
}
