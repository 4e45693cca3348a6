using System.Collections.Frozen;
using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;
using Microsoft.AspNetCore.Http;

namespace Frazil.Api;

/// <summary>A page that is not part of the specification.</summary>
/// <param name="Path">Its path.</param>
/// <param name="Name">Its name in logs and metrics.</param>
/// <param name="Handler">What answers.</param>
internal sealed record ServiceRoute(string Path, string Name, Func<Operations, HttpContext, ValueTask<Answer>> Handler)
{
    /// <summary>The methods of every page.</summary>
    public static readonly IReadOnlyList<string> Methods = ["GET", "HEAD"];
}

/// <summary>What every host serves beside the specification: whether it lives and is ready, what it offers, and a page for people.</summary>
internal static class ServiceRoutes
{
    /// <summary>How long a store may take to answer before this process counts as not ready.</summary>
    private static readonly TimeSpan ReadyTimeout = TimeSpan.FromSeconds(2);

    /// <summary>The pages.</summary>
    public static IReadOnlyList<ServiceRoute> All { get; } =
    [
        new("/", "home", static (operations, http) => new(HomePage.Show(operations, http))),
        new(FrazilPipeline.LivePath, "live", static (_, _) => new(FrazilPipeline.Alive)),
        new("/health/ready", "ready", ReadyAsync),
        new("/openapi", "openapi", static (_, _) => new(OpenApiDocument.Answer)),
    ];

    private static readonly FrozenDictionary<string, ServiceRoute> ByPath = All.ToFrozenDictionary(route => route.Path, StringComparer.Ordinal);

    /// <summary>The page of a request, or null.</summary>
    public static ServiceRoute? Find(RequestTarget target) => ByPath.GetValueOrDefault(target.Path);

    private static async ValueTask<Answer> ReadyAsync(Operations operations, HttpContext http)
    {
        var cancellationToken = http.RequestAborted;
        string reason;
        try
        {
            using var timeout = new CancellationTokenSource(ReadyTimeout, operations.Clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
            var catalog = await operations.Store.ReadAsync(Keys.Project, Keys.Catalog(operations.Options.DefaultCatalog), either.Token).AsTask().WaitAsync(either.Token);
            if (catalog is not null)
            {
                _ = CatalogEntity.Read(catalog); // what cannot be read serves nobody
                await operations.Store.CheckAsync(either.Token).AsTask().WaitAsync(either.Token);
                return FrazilPipeline.Alive;
            }

            reason = "the catalog is not there";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            reason = $"the store did not answer within {ReadyTimeout.TotalSeconds:0} s";
        }
        catch (StoreThrottledException)
        {
            reason = "the store is throttling";
        }
        catch (StoreUnavailableException unavailable)
        {
            reason = unavailable.Reason;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // The message may name files or endpoints, which are for the log.
            reason = $"the store failed: {exception.GetType().Name}";
        }

        return Answer.Unavailable(Json.Write(reason, static (writer, text) =>
        {
            writer.WriteStartObject();
            writer.WriteString("status", "unavailable");
            writer.WriteString("reason", text);
            writer.WriteEndObject();
        }));
    }
}
