using System.Net.Sockets;
using Frazil.EmbeddedBackend;
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

    /// <summary>
    /// Bytes of a body that is too large for the catalog and still read, for a few seconds, after the 413 was sent: many clients look for an answer only when they have
    /// sent everything, and would see a broken connection instead. Beyond this the connection is cut.
    /// </summary>
    public const long MaxDrainedBytes = 16L * Limits.MaxBodyBytes;

    private readonly ServeOptions options;
    private readonly KestrelServer server;

    public Listener(ServeOptions options, ILoggerFactory loggers, TimeProvider clock)
    {
        this.options = options;
        MaxConnections = Connections.LimitFor(OpenFiles.RaiseLimit());
        var kestrel = new KestrelServerOptions { AddServerHeader = false };
        kestrel.Limits.MaxRequestBodySize = MaxDrainedBytes;
        kestrel.Limits.MaxRequestLineSize = MaxRequestLineBytes;
        kestrel.Limits.MaxRequestHeadersTotalSize = MaxHeaderBytes;
        kestrel.Listen(options.Address, options.Port, endpoint => endpoint.Protocols = HttpProtocols.Http1);
        var transport = new SocketTransportFactory(Options.Create(new SocketTransportOptions()), loggers);
        server = new KestrelServer(Options.Create(kestrel), new Connections(transport, MaxConnections, clock), loggers);
    }

    /// <summary>Connections at a time.</summary>
    public int MaxConnections { get; }

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
    private sealed class Application(RequestDelegate handler) : IHttpApplication<Exchange>
    {
        public Exchange CreateContext(IFeatureCollection contextFeatures)
        {
            var exchange = contextFeatures is IHostContextContainer<Exchange> connection ? connection.HostContext ??= new Exchange(contextFeatures) : new Exchange(contextFeatures);
            exchange.Begin(contextFeatures);
            return exchange;
        }

        public Task ProcessRequestAsync(Exchange exchange) => exchange.AnswerAsync(handler);

        public void DisposeContext(Exchange exchange, Exception? exception) => exchange.End();
    }

    /// <summary>The requests of a connection, one after the other.</summary>
    private sealed class Exchange(IFeatureCollection features)
    {
        private readonly DefaultHttpContext http = new();
        private readonly Connections.Seat? seat = features.Get<Connections.Seat>();
        private bool isOpen;

        public void Begin(IFeatureCollection features)
        {
            isOpen = seat is null || seat.TryBegin();
            http.Initialize(features);
        }

        public Task AnswerAsync(RequestDelegate handler)
        {
            if (isOpen)
            {
                return handler(http);
            }

            http.Abort();
            return Task.CompletedTask;
        }

        public void End()
        {
            http.Uninitialize();
            if (isOpen)
            {
                seat?.End();
            }
        }
    }
}
