using Frazil.Iceberg;
using Frazil.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Frazil.Api;

/// <summary>The one way in: every host hands its requests to this.</summary>
public sealed class FrazilPipeline(Operations operations, ILogger<FrazilPipeline> logger)
{
    /// <summary>The header in which a client may name its request, and in which every answer repeats the name.</summary>
    public const string RequestIdHeader = "X-Request-Id";

    /// <summary>Where it is asked whether a process lives.</summary>
    public const string LivePath = "/health/live";

    private bool isWarm;

    /// <summary>Whether reads that went well are logged for debugging only: for a log that people watch. Otherwise every request about the catalog is a line.</summary>
    public bool HidesReads { get; init; }

    /// <summary>The answer to that, for hosts that cannot open a catalog yet.</summary>
    public static Answer Alive { get; } = Answer.Document("""{"status":"ok"}"""u8.ToArray());

    /// <summary>Answers a request. Never throws but when the client has gone away.</summary>
    public async Task InvokeAsync(HttpContext http)
    {
        var isCold = !Interlocked.Exchange(ref isWarm, true);
        if (isCold)
        {
            CatalogMeter.ColdStart.Add(1);
        }

        var target = RequestTarget.Parse(
            http.Features.Get<IHttpRequestFeature>()?.RawTarget is { Length: > 0 } raw ? raw : http.Request.Path + http.Request.QueryString.Value, http.Request.Headers["X-Client-Version"]);
        var record = new RequestRecord(http, target, operations) { IsColdStart = isCold, HidesReads = HidesReads };
        using var span = record.StartSpan();
        http.Response.Headers[RequestIdHeader] = record.Id;
        try
        {
            await AnswerAsync(http, target, record);
        }
        finally
        {
            record.Release();
        }
    }

    private async Task AnswerAsync(HttpContext http, RequestTarget target, RequestRecord record)
    {
        Answer answer;
        try
        {
            answer = await (await FindAsync(http, target, record)).WithinAsync(http, isApplied: record.IsChange);
            if (!record.IsChange)
            {
                answer.Hold();
            }
        }
        catch (Exception exception) when (http.RequestAborted.IsCancellationRequested && exception is OperationCanceledException or ConnectionResetException)
        {
            record.Abort(operations, logger);
            return;
        }
        catch (Exception exception)
        {
            answer = ToError(exception, record);
        }

        try
        {
            await answer.SendAsync(http);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            record.Abort(operations, logger);
            return;
        }
        catch (Exception exception)
        {
            // Not told as an error of this catalog: the change that is answered may have been made, and half of an answer may be on its way. The host breaks the request off.
            Log.Failed(logger, record.Operation, record.Path, record.Id, record.TraceId, exception);
            record.Complete(http, Answer.Error(ErrorKind.Internal, "The answer could not be sent"), operations, logger);
            throw;
        }

        record.Complete(http, answer, operations, logger);
    }

    private async ValueTask<Answer> FindAsync(HttpContext http, RequestTarget target, RequestRecord record)
    {
        if (http.Features.Get<UnclearTarget>() is { } unclear)
        {
            throw CatalogException.BadRequest(unclear.Reason);
        }

        if (ServiceRoutes.Find(target) is { } service)
        {
            record.Found(service);
            return http.Request.Method is "GET" or "HEAD"
                ? await service.Handler(operations, http)
                : Answer.MethodNotAllowed(http.Request.Method, ServiceRoute.Methods);
        }

        var route = RouteTable.Find(http.Request.Method, target, out var prefix, out var parameters, out var allowed);
        if (route is null)
        {
            return allowed.Count == 0
                ? Answer.Error(ErrorKind.NoSuchEndpoint, $"No such endpoint: {RequestTarget.Shorten(http.Request.Method)} {RequestTarget.Shorten(SafeText.ShowPath(target.Path))}")
                : Answer.MethodNotAllowed(http.Request.Method, allowed);
        }

        var request = new ApiRequest(http, operations, route, target, prefix, parameters) { RequestId = record.Id };
        record.Found(request);
        if (!request.Authenticate())
        {
            return Answer.Unauthorized("A valid bearer token is needed: get one from the oauth/tokens route with client credentials");
        }

        await request.PrepareAsync();
        return route.Handler is null
            ? Answer.Error(ErrorKind.UnsupportedOperation, $"This catalog does not offer {route.OperationId}")
            : await route.Handler(request);
    }

    private Answer ToError(Exception exception, RequestRecord record)
    {
        switch (exception)
        {
            case CatalogException { Kind: ErrorKind.CommitStateUnknown } unknown:
                Log.Unknown(logger, record.Operation, record.Path, record.Id, record.TraceId, unknown);
                return Answer.Error(unknown.Kind, unknown.Message);
            case CatalogException { Kind: ErrorKind.SlowDown } slow:
                Log.Throttled(logger, record.Operation, record.Path, record.Id, record.TraceId, slow);
                return Answer.Error(slow.Kind, slow.Message);
            case CatalogException { Kind: ErrorKind.Internal or ErrorKind.Unavailable } failure:
                Log.Failed(logger, record.Operation, record.Path, record.Id, record.TraceId, failure);
                return Answer.Error(failure.Kind, failure.Message);
            case CatalogException failure:
                return Answer.Error(failure.Kind, failure.Message);
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }:
                return Answer.Error(ErrorKind.PayloadTooLarge, RequestBody.TooLarge(Limits.MaxBodyBytes).Message);
            case BadHttpRequestException bad:
                return Answer.Error(ErrorKind.BadRequest, bad.Message);
            case StoreThrottledException throttled:
                Log.Throttled(logger, record.Operation, record.Path, record.Id, record.TraceId, throttled);
                return Answer.Error(ErrorKind.SlowDown, "The catalog's store is throttling; nothing was changed. Try again later");
            case StoreUnavailableException unavailable:
                Log.Failed(logger, record.Operation, record.Path, record.Id, record.TraceId, unavailable);
                return Answer.Error(ErrorKind.Unavailable, StoreWriter.NothingWasChanged(unavailable));
            default:
                Log.Failed(logger, record.Operation, record.Path, record.Id, record.TraceId, exception);
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
