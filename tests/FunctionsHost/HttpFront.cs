using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Frazil.FunctionsHost.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;

namespace Frazil.FunctionsHost;

/// <summary>
/// The host's side towards clients: finds the function, tells the worker of the invocation and forwards the request to the worker's own server under the same id. Azure's host forwards
/// with the same library, so what it makes of targets and headers is made here too.
/// </summary>
internal sealed class HttpFront(Host host, Uri worker, IHttpForwarder forwarder) : IDisposable
{
    private const string InvocationHeader = "x-ms-invocation-id";

    /// <summary>Bytes of a body that Azure's host lets through.</summary>
    private const long MaxBodyBytes = 104_857_600;

    private static readonly ForwarderRequestConfig Config = new() { ActivityTimeout = TimeSpan.FromSeconds(240) };

    private readonly HttpMessageInvoker client = new(new RetryRefused(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
        UseProxy = false,
        ActivityHeadersPropagator = null,
    }));

    public static WebApplication Build(Host host, Uri worker, int port, bool hasFrontEnd)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = MaxBodyBytes;
            kestrel.Listen(IPAddress.Loopback, port, static endpoint => endpoint.Protocols = HttpProtocols.Http1);
        });
        builder.Services.AddHttpForwarder();
        builder.Services.AddSingleton(provider => new HttpFront(host, worker, provider.GetRequiredService<IHttpForwarder>()));
        var app = builder.Build();
        if (hasFrontEnd)
        {
            app.Use(FrontEnd.InvokeAsync);
        }

        app.Run(app.Services.GetRequiredService<HttpFront>().AnswerAsync);
        return app;
    }

    public void Dispose() => client.Dispose();

    private async Task AnswerAsync(HttpContext http)
    {
        RouteValueDictionary values = [];
        var function = host.Functions.FirstOrDefault(function => function.Matches(http.Request.Method, http.Request.Path.Value ?? "/", out values));
        if (function is null)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        if (!function.AuthLevel.Equals("Anonymous", StringComparison.OrdinalIgnoreCase))
        {
            http.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }

        var id = Guid.NewGuid().ToString();
        http.Request.Headers[InvocationHeader] = id;
        using var cancellation = http.RequestAborted.Register(() => host.Cancel(id));
        var forwarding = forwarder.SendAsync(http, worker.ToString(), client, Config, HttpTransformer.Default).AsTask();
        var invoking = host.InvokeAsync(function, NewInvocation(id, function, http.Request, values));
        await forwarding;
        try
        {
            var response = await invoking;
            if (response.Result.Status != StatusResult.Types.Status.Success)
            {
                Fail(http);
            }
        }
        catch (WorkerException)
        {
            Fail(http);
        }
    }

    private static void Fail(HttpContext http)
    {
        if (http.Response.HasStarted)
        {
            http.Abort();
        }
        else
        {
            http.Response.Clear();
            http.Response.StatusCode = StatusCodes.Status500InternalServerError;
        }
    }

    private static InvocationRequest NewInvocation(string id, WorkerFunction function, HttpRequest http, RouteValueDictionary values)
    {
        var request = new InvocationRequest
        {
            InvocationId = id,
            FunctionId = function.Metadata.FunctionId,
            TraceContext = new RpcTraceContext { TraceParent = http.Headers.TraceParent.ToString() is { Length: > 0 } given ? given : Activity.Current?.Id ?? "" },
            InputData = { new ParameterBinding { Name = function.Parameter, Data = new TypedData { Http = new RpcHttp() } } },
        };
        foreach (var (name, text) in values)
        {
            request.TriggerMetadata[name] = new TypedData { String = text?.ToString() ?? "" };
        }

        request.TriggerMetadata["Headers"] = new TypedData { Json = JsonSerializer.Serialize(http.Headers.ToDictionary(header => header.Key, header => header.Value.ToString())) };
        request.TriggerMetadata["Query"] = new TypedData { Json = JsonSerializer.Serialize(http.Query.ToDictionary(query => query.Key, query => query.Value.ToString())) };
        return request;
    }

    /// <summary>A worker may say that it is ready before its server listens: connections that are refused are tried again, for about two seconds.</summary>
    private sealed class RetryRefused(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        private const int Attempts = 10;

        private static readonly TimeSpan MaxDelay = TimeSpan.FromMilliseconds(250);

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var delay = TimeSpan.FromMilliseconds(50);
            for (var attempt = 1; ; attempt++)
            {
                try
                {
                    return await base.SendAsync(request, cancellationToken);
                }
                catch (HttpRequestException exception) when (attempt < Attempts && exception.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused })
                {
                    await Task.Delay(delay, cancellationToken);
                    delay = delay * 2 < MaxDelay ? delay * 2 : MaxDelay;
                }
            }
        }
    }
}
