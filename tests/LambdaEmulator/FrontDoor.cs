using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Frazil.LambdaEmulator;

/// <summary>What stands between HTTP and the function. Both send events of payload 2.0.</summary>
public enum DoorKind
{
    /// <summary>A function URL: paths arrive as they were sent.</summary>
    FunctionUrl,

    /// <summary>An HTTP API of API Gateway: paths arrive decoded, and end at an encoded question mark.</summary>
    HttpApi,
}

/// <summary>Invokes a function with an event.</summary>
public delegate Task<InvocationResult> Invoke(ReadOnlyMemory<byte> payload);

/// <summary>
/// The address of a function. Beside HTTP, it takes what schedulers and people send: <c>POST /2015-03-31/functions/NAME/invocations</c>, the Invoke call, for the same function or, when there is one,
/// for the other of the pair.
/// </summary>
public sealed class FrontDoor : IAsyncDisposable
{
    private readonly WebApplication app;

    private FrontDoor(WebApplication app, Uri url) => (this.app, Url) = (app, url);

    /// <summary>Where clients go.</summary>
    public Uri Url { get; }

    /// <summary>Opens it.</summary>
    /// <param name="api">Answers HTTP.</param>
    /// <param name="kind">What it is.</param>
    /// <param name="port">Where it listens; 0 for any free port.</param>
    /// <param name="jobs">Takes events that are no HTTP; else <paramref name="api"/> does.</param>
    public static Task<FrontDoor> OpenAsync(LambdaFunction api, DoorKind kind = DoorKind.FunctionUrl, int port = 0, LambdaFunction? jobs = null) =>
        OpenAsync(api.InvokeAsync, kind, port, (jobs ?? api).InvokeAsync);

    /// <summary>Opens it for functions that are invoked in another way.</summary>
    public static async Task<FrontDoor> OpenAsync(Invoke api, DoorKind kind, int port, Invoke jobs)
    {
        var app = LocalWeb.Create(port);
        app.MapPost("/2015-03-31/functions/{name}/invocations", http => InvokeAsync(jobs, http));
        app.Run(http => ServeAsync(api, kind, http));
        return new FrontDoor(app, await LocalWeb.StartAsync(app));
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private static async Task ServeAsync(Invoke function, DoorKind kind, HttpContext http)
    {
        var body = await LocalWeb.ReadAsync(http.Request.Body);
        var payload = HttpEvents.FromRequest(http, body, kind);
        if (payload.Length > LambdaFunction.MaxPayloadBytes)
        {
            await HttpEvents.RefuseAsync(http, StatusCodes.Status413PayloadTooLarge, "Request Too Long");
            return;
        }

        await HttpEvents.AnswerAsync(http, await function(payload), kind);
    }

    private static async Task InvokeAsync(Invoke function, HttpContext http)
    {
        var result = await function(await LocalWeb.ReadAsync(http.Request.Body));
        http.Response.Headers["x-amzn-RequestId"] = result.RequestId;
        if (result.IsFailure)
        {
            http.Response.Headers["X-Amz-Function-Error"] = "Unhandled";
        }

        http.Response.ContentType = "application/json";
        await http.Response.Body.WriteAsync(result.Payload);
    }
}
