using Amazon.Runtime.Credentials;
using Frazil.Api;
using Frazil.AwsBackend;
using Frazil.Entities;
using Frazil.Security;
using Microsoft.Extensions.Logging;

namespace Frazil.Lambda;

/// <summary>
/// Opens the catalog once: begun while the host is still being built, since the first round trips to AWS and the start of the host need not wait for each other. What fails is
/// tried again by the next request, so that an instance that was started in a bad moment does not stay useless.
/// </summary>
internal sealed class Opening(LambdaSettings settings, Func<string, string?> environment, TimeProvider clock, IdSource ids, ILogger<FrazilPipeline> logger)
{
    private readonly Lock gate = new();
    private Task<FrazilPipeline>? opening;

    /// <summary>Begins, or gives what has been begun.</summary>
    public Task<FrazilPipeline> OpenAsync()
    {
        lock (gate)
        {
            if (opening is null or { IsFaulted: true } or { IsCanceled: true })
            {
                opening = Task.Run(OpenOnceAsync);
            }

            return opening;
        }
    }

    private async Task<FrazilPipeline> OpenOnceAsync()
    {
        var parts = new AwsParts(settings.Region, environment, clock, ids);
        var store = parts.OpenStore(settings.Table);

        // This read makes the connection; what it finds is asked for again below, when the secret is there.
        var connecting = store.ReadAsync(Keys.Project, Keys.Catalog(settings.Catalog), CancellationToken.None).AsTask();
        var credentials = await ReadCredentialsAsync();
        await connecting;
        var operations = new Operations(store, parts.OpenStorage, new FrazilOptions { DefaultCatalog = settings.Catalog, JobsByRequest = false }, clock, ids)
        {
            Tokens = new AccessTokens(credentials, clock, ids),
        };
        await operations.Catalogs.EnsureAsync(settings.Catalog, settings.Storage!, CancellationToken.None);
        return new FrazilPipeline(operations, logger);
    }

    private async Task<RootCredentials> ReadCredentialsAsync()
    {
        using var http = new HttpClient();
        var reader = new SecretReader(http, DefaultAWSCredentialsIdentityResolver.GetCredentials(), settings.Region, environment, clock, ids);
        var secret = await reader.ReadAsync(settings.Secret!, CancellationToken.None);
        try
        {
            return RootCredentials.FromSecret(settings.RootClientId, secret);
        }
        catch (ArgumentException exception)
        {
            throw new SecretUnavailableException($"The secret in {settings.Secret} is no root secret: it is too short", exception);
        }
    }
}
