using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Frazil.FunctionsHost.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Frazil.FunctionsHost;

/// <summary>
/// What Azure Functions' host does for a .NET worker, as far as a worker can see it: starts the process, speaks the worker's protocol, forwards HTTP to the worker's own server and fires timers.
/// One worker, no keys, no scale.
/// </summary>
public sealed class Host : IAsyncDisposable
{
    /// <summary>Azure's host gives a worker this long to connect.</summary>
    public static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    /// <summary>Azure's host gives a worker this long to end.</summary>
    public static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan LoadTimeout = TimeSpan.FromSeconds(60);

    private readonly WebApplication protocol;
    private readonly WorkerProcess worker;
    private readonly WorkerChannel channel;
    private readonly ConcurrentQueue<string> logs;
    private readonly string folder;
    private WebApplication? front;

    private Host(WebApplication protocol, WorkerProcess worker, WorkerChannel channel, ConcurrentQueue<string> logs, string folder)
    {
        this.protocol = protocol;
        this.worker = worker;
        this.channel = channel;
        this.logs = logs;
        this.folder = folder;
    }

    /// <summary>Where clients are answered.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>The worker's functions, in the order in which routes are tried.</summary>
    public IReadOnlyList<WorkerFunction> Functions { get; private set; } = [];

    /// <summary>What the worker says it can do.</summary>
    public IReadOnlyDictionary<string, string> Capabilities { get; private set; } = new Dictionary<string, string>();

    /// <summary>How often each function was invoked.</summary>
    public ConcurrentDictionary<string, int> Calls { get; } = new(StringComparer.Ordinal);

    /// <summary>What the worker logged.</summary>
    public IReadOnlyCollection<string> Logs => logs;

    /// <summary>What the worker printed.</summary>
    public string Words => worker.Words;

    /// <summary>The worker's process.</summary>
    public int ProcessId => worker.Id;

    /// <summary>Starts a worker and, once its functions are loaded, answers.</summary>
    /// <param name="assembly">The worker's program.</param>
    /// <param name="port">Where to answer; 0 for any port.</param>
    /// <param name="environment">The app's settings.</param>
    /// <param name="hasFrontEnd">Whether App Service's front end stands before the host, as in Azure, or clients speak to the host, as on a developer's machine.</param>
    /// <exception cref="WorkerException">The worker did not start; the message holds what it printed.</exception>
    public static async Task<Host> StartAsync(string assembly, int port, IReadOnlyDictionary<string, string> environment, bool hasFrontEnd = true)
    {
        ConcurrentQueue<string> logs = new();
        var workerId = Guid.NewGuid().ToString();
        var channel = new WorkerChannel(log => logs.Enqueue($"{log.Level} {log.Category} {log.Message}{(log.Exception is null ? "" : $" {log.Exception.Type}: {log.Exception.Message}\n{log.Exception.StackTrace}")}"));
        var protocol = await ListenAsync(new WorkerService(id => id == workerId ? channel : null));
        var worker = new WorkerProcess(assembly, AddressOf(protocol), workerId, environment);
        var host = new Host(protocol, worker, channel, logs, Path.GetDirectoryName(Path.GetFullPath(assembly))!);
        try
        {
            _ = host.WatchAsync();
            await host.LoadAsync();
            await host.OpenAsync(port, hasFrontEnd);
            return host;
        }
        catch (Exception exception) when (exception is WorkerException or TimeoutException)
        {
            await host.DisposeAsync();
            throw new WorkerException($"{exception.Message}: {worker.Words}{string.Join('\n', logs)}");
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Fires a timer, and waits for the function.</summary>
    /// <exception cref="WorkerException">The function failed.</exception>
    public async Task FireAsync(string name, bool isPastDue = false)
    {
        var function = Functions.Single(function => function.Name == name && function.Schedule is not null);
        var now = DateTimeOffset.UtcNow;
        var timer = JsonSerializer.Serialize(new
        {
            Schedule = new { AdjustForDST = true },
            ScheduleStatus = new { Last = now.AddMinutes(-1), Next = now.AddMinutes(1), LastUpdated = now.AddMinutes(-1) },
            IsPastDue = isPastDue,
        });
        var request = new InvocationRequest
        {
            InvocationId = Guid.NewGuid().ToString(),
            FunctionId = function.Metadata.FunctionId,
            TraceContext = new RpcTraceContext(),
            InputData = { new ParameterBinding { Name = function.Parameter, Data = new TypedData { Json = timer } } },
        };
        request.TriggerMetadata["TimerTrigger"] = new TypedData { String = now.ToString(CultureInfo.InvariantCulture) };
        var response = await InvokeAsync(function, request);
        if (response.Result.Status != StatusResult.Types.Status.Success)
        {
            throw new WorkerException($"{name}: {response.Result.Status} {response.Result.Exception?.Type}: {response.Result.Exception?.Message}");
        }
    }

    /// <summary>Ends the worker as Azure's host does; its exit code, or null when it had to be killed.</summary>
    public async Task<int?> StopAsync()
    {
        channel.Post(new StreamingMessage { RequestId = Guid.NewGuid().ToString(), WorkerTerminate = new WorkerTerminate() });
        using var patience = new CancellationTokenSource(StopTimeout);
        try
        {
            return await worker.WaitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            worker.Kill();
            return null;
        }
    }

    /// <summary>Ends everything, the worker without asking it.</summary>
    public async ValueTask DisposeAsync()
    {
        worker.Dispose();
        channel.End("the host has ended");
        if (front is not null)
        {
            await front.DisposeAsync();
        }

        await protocol.DisposeAsync();
    }

    internal Task<InvocationResponse> InvokeAsync(WorkerFunction function, InvocationRequest request)
    {
        Calls.AddOrUpdate(function.Name, 1, static (_, count) => count + 1);
        return channel.InvokeAsync(request);
    }

    internal void Cancel(string invocationId) =>
        channel.Post(new StreamingMessage { RequestId = Guid.NewGuid().ToString(), InvocationCancel = new InvocationCancel { InvocationId = invocationId } });

    private async Task WatchAsync()
    {
        var code = await worker.WaitAsync(CancellationToken.None);
        channel.End($"the worker ended with exit code {code}");
    }

    private async Task LoadAsync()
    {
        await channel.Started.WaitAsync(StartTimeout);
        var init = await channel.AskAsync(
            new StreamingMessage { WorkerInitRequest = new WorkerInitRequest { HostVersion = "4.1037.0.0", WorkerDirectory = folder, FunctionAppDirectory = folder } }, LoadTimeout);
        Check(init.WorkerInitResponse.Result, "initialize");
        Capabilities = init.WorkerInitResponse.Capabilities;

        var found = await channel.AskAsync(new StreamingMessage { FunctionsMetadataRequest = new FunctionsMetadataRequest { FunctionAppDirectory = folder } }, LoadTimeout);
        Check(found.FunctionMetadataResponse.Result, "tell its functions");
        var prefix = ReadRoutePrefix(folder);

        // Azure's host sorts by name, and takes the first function whose route fits.
        Functions = [.. Indexing.Check(found.FunctionMetadataResponse).OrderBy(function => function.Name, StringComparer.OrdinalIgnoreCase).Select(function => new WorkerFunction(function, prefix))];
        foreach (var function in Functions)
        {
            var loaded = await channel.AskAsync(new StreamingMessage { FunctionLoadRequest = Indexing.LoadRequest(function.Metadata) }, LoadTimeout);
            Check(loaded.FunctionLoadResponse.Result, $"load {function.Name}");
        }
    }

    private async Task OpenAsync(int port, bool hasFrontEnd)
    {
        if (!Capabilities.TryGetValue("HttpUri", out var uri))
        {
            throw new WorkerException("the worker does not say where it takes HTTP");
        }

        front = HttpFront.Build(this, new Uri(uri), port, hasFrontEnd);
        await front.StartAsync();
        Address = AddressOf(front);
    }

    private static async Task<WebApplication> ListenAsync(WorkerService service)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0, static endpoint => endpoint.Protocols = HttpProtocols.Http2));
        builder.Services.AddSingleton(service);
        builder.Services.AddGrpc(static grpc =>
        {
            grpc.MaxReceiveMessageSize = int.MaxValue;
            grpc.MaxSendMessageSize = int.MaxValue;
        });
        var app = builder.Build();
        app.MapGrpcService<WorkerService>();
        await app.StartAsync();
        return app;
    }

    private static Uri AddressOf(WebApplication app) => new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    private static string ReadRoutePrefix(string folder)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Join(folder, "host.json")));
        return document.RootElement.TryGetProperty("extensions", out var extensions) && extensions.TryGetProperty("http", out var http) && http.TryGetProperty("routePrefix", out var prefix)
            ? prefix.GetString()!
            : "api";
    }

    private static void Check(StatusResult result, string what)
    {
        if (result.Status != StatusResult.Types.Status.Success)
        {
            throw new WorkerException($"the worker could not {what}: {result.Exception?.Type}: {result.Exception?.Message}");
        }
    }
}
