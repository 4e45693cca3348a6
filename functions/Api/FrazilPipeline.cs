using Frazil.Iceberg;
using Frazil.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Frazil.Api;

/// <summary>The one way in: every host hands its requests to this.</summary>
public sealed class FrazilPipeline(Operations operations, ILogger<FrazilPipeline> logger)
{
    /// <summary>Answers a request. Never throws but when the client has gone away.</summary>
    public async Task InvokeAsync(HttpContext http)
    {
        var started = operations.Clock.GetTimestamp();
        var operationId = "none";
        var target = RequestTarget.Parse(http.Features.Get<IHttpRequestFeature>()?.RawTarget is { Length: > 0 } raw ? raw : http.Request.Path + http.Request.QueryString.Value);
        Answer answer;
        try
        {
            answer = await AnswerAsync(http, target, id => operationId = id);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            return;
        }
        catch (Exception exception)
        {
            answer = ToError(exception, operationId, target);
        }

        try
        {
            await answer.SendAsync(http);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        Log.Answered(logger, operationId, "", target.Path, answer.Status, operations.Clock.GetElapsedTime(started).TotalMilliseconds, answer.Length);
    }

    private async ValueTask<Answer> AnswerAsync(HttpContext http, RequestTarget target, Action<string> found)
    {
        var route = RouteTable.Find(http.Request.Method, target, out var prefix, out var captured, out var allowed);
        if (route is null)
        {
            return allowed.Count == 0
                ? Answer.Error(ErrorKind.NoSuchEndpoint, $"No such endpoint: {http.Request.Method} {RequestTarget.Shorten(target.Path)}")
                : Answer.MethodNotAllowed(http.Request.Method, allowed);
        }

        found(route.OperationId);
        var request = new ApiRequest(http, operations, route, target, prefix, captured);
        await request.PrepareAsync();
        return route.Handler is null
            ? Answer.Error(ErrorKind.UnsupportedOperation, $"This catalog does not offer {route.OperationId}")
            : await route.Handler(request);
    }

    private Answer ToError(Exception exception, string operationId, RequestTarget target)
    {
        switch (exception)
        {
            case CatalogException { Kind: ErrorKind.CommitStateUnknown } unknown:
                Log.Unknown(logger, operationId, target.Path, unknown);
                return Answer.Error(unknown.Kind, unknown.Message);
            case CatalogException { Kind: ErrorKind.Internal } failure:
                Log.Failed(logger, operationId, target.Path, failure);
                return Answer.Error(failure.Kind, failure.Message);
            case CatalogException failure:
                return Answer.Error(failure.Kind, failure.Message);
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }:
                return Answer.Error(ErrorKind.PayloadTooLarge, ApiRequest.TooLarge().Message);
            case BadHttpRequestException bad:
                return Answer.Error(ErrorKind.BadRequest, bad.Message);
            case StoreThrottledException throttled:
                Log.Throttled(logger, operationId, target.Path, throttled);
                return Answer.Error(ErrorKind.SlowDown, "The catalog's store is throttling; nothing was changed. Try again later");
            default:
                Log.Failed(logger, operationId, target.Path, exception);
                return Answer.Error(ErrorKind.Internal, "The catalog failed to answer; its log tells why");
        }
    }
}

/// <summary>Puts the catalog into a host.</summary>
public static class FrazilEndpoints
{
    /// <summary>Answers every request that no other endpoint of the host takes.</summary>
    /// <exception cref="InvalidOperationException">When <see cref="Operations"/> is not among the host's services.</exception>
    public static void MapFrazil(this IApplicationBuilder app)
    {
        var operations = app.ApplicationServices.GetService<Operations>()
            ?? throw new InvalidOperationException("Register Frazil.Operations as a singleton before MapFrazil() is called: it says over which store and which storage the catalog runs.");
        var pipeline = new FrazilPipeline(operations, app.ApplicationServices.GetRequiredService<ILogger<FrazilPipeline>>());
        app.Run(pipeline.InvokeAsync);
    }
}
