using Azure.Core;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Frazil.Iceberg;

namespace Frazil.AzureBackend;

/// <summary>
/// Clients as the stores need them. They must not repeat requests by themselves: a repeat of a write that landed is answered as a conflict, and only the store can tell that it was its own.
/// </summary>
public static class AzureClients
{
    /// <summary>How long one request may take.</summary>
    public static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(20);

    /// <summary>Options for a table client.</summary>
    public static TableClientOptions ForTables() => Configure(new TableClientOptions());

    /// <summary>Options for a blob client.</summary>
    public static BlobClientOptions ForBlobs() => Configure(new BlobClientOptions());

    /// <summary>Where the account of a location serves blobs, such as <c>https://account.blob.core.windows.net/</c>.</summary>
    /// <exception cref="CatalogException">BadRequest: it is no Azure location, or its account has no valid host.</exception>
    public static Uri BlobEndpointOf(string location)
    {
        var host = AzureLocation.OfFolder(location).Host;
        return Uri.CheckHostName(host) == UriHostNameType.Dns ? new Uri($"https://{host}/") : throw CatalogException.BadRequest($"Location {location} has no valid host");
    }

    /// <summary>Turns off what the stores do themselves.</summary>
    public static TOptions Configure<TOptions>(TOptions options)
        where TOptions : ClientOptions
    {
        options.Retry.MaxRetries = 0;
        options.Retry.NetworkTimeout = RequestTimeout;
        options.Diagnostics.IsLoggingContentEnabled = false;
        return options;
    }
}
