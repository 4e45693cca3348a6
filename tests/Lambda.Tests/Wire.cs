using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Frazil.Lambda.Tests;

/// <summary>The wire between a function and a service. A test listens on it, and may hold or break what passes.</summary>
internal sealed class Wire : IAsyncDisposable
{
    // The service counts them itself, and the connection is the wire's own.
    private static readonly HashSet<string> NotForwarded = new(StringComparer.OrdinalIgnoreCase) { "connection", "keep-alive", "transfer-encoding" };

    private readonly Uri service;
    private readonly WebApplication app;
    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false });

    private Wire(Uri service, WebApplication app) => (this.service, this.app) = (service, app);

    /// <summary>Called with each request before the service has it. The token ends when the function gave the request up.</summary>
    public Func<WireRequest, CancellationToken, Task>? Before { get; set; }

    /// <summary>Called with each request when the service has done it, and the function does not know yet.</summary>
    public Func<WireRequest, CancellationToken, Task>? After { get; set; }

    /// <summary>What the function takes for the service.</summary>
    public string Url => app.Urls.Single();

    public static async Task<Wire> OpenAsync(string service)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var wire = new Wire(new Uri(service), builder.Build());
        wire.app.Run(wire.PassAsync);
        await wire.app.StartAsync();
        return wire;
    }

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        http.Dispose();
    }

    private async Task PassAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var request = new WireRequest(context.Request.Method, target, context.Request.Headers["X-Amz-Target"].ToString(), body.ToArray());
        try
        {
            await (Before?.Invoke(request, context.RequestAborted) ?? Task.CompletedTask);
            using var response = await ForwardAsync(context, request);
            await (After?.Invoke(request, context.RequestAborted) ?? Task.CompletedTask);
            context.Response.StatusCode = (int)response.StatusCode;
            foreach (var (name, values) in response.Headers.Concat(response.Content.Headers).Where(header => !NotForwarded.Contains(header.Key)))
            {
                context.Response.Headers[name] = values.ToArray();
            }

            await response.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there to hear of it.
        }
    }

    private async Task<HttpResponseMessage> ForwardAsync(HttpContext context, WireRequest request)
    {
        var address = new Uri($"{service.GetLeftPart(UriPartial.Authority)}{request.Target}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        using var message = new HttpRequestMessage(new HttpMethod(request.Method), address) { Content = new ByteArrayContent(request.Body.ToArray()) };
        foreach (var (name, values) in context.Request.Headers.Where(header => !NotForwarded.Contains(header.Key)))
        {
            // The host among them: it is signed.
            if (!message.Headers.TryAddWithoutValidation(name, values.ToArray()))
            {
                message.Content.Headers.TryAddWithoutValidation(name, values.ToArray());
            }
        }

        // What the service was sent is not taken back, whatever becomes of the function.
        return await http.SendAsync(message, CancellationToken.None);
    }
}

/// <summary>A request on the wire.</summary>
/// <param name="Method">Of HTTP.</param>
/// <param name="Target">Path and query.</param>
/// <param name="Operation">DynamoDB's, such as <c>DynamoDB_20120810.PutItem</c>; empty for S3.</param>
/// <param name="Body">All of it.</param>
internal sealed record WireRequest(string Method, string Target, string Operation, ReadOnlyMemory<byte> Body)
{
    /// <summary>Whether it may change rows.</summary>
    public bool IsRowWrite => Operation.EndsWith(".PutItem", StringComparison.Ordinal) || Operation.EndsWith(".TransactWriteItems", StringComparison.Ordinal);
}
