using System.Collections.Concurrent;
using Azure.Core;
using Azure.Data.Tables;
using Azure.Identity;
using Azure.Storage;
using Azure.Storage.Blobs;
using Frazil.AzureBackend;
using Frazil.EmbeddedBackend;
using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil.AzureFunctions;

/// <summary>The store and the storages, over clients of the app's own identity; on a developer's machine over an emulator.</summary>
internal sealed class AzureParts(AzureSettings settings, TimeProvider clock, IdSource ids)
{
    private readonly Lazy<TokenCredential> identity = new(() => NewIdentity(settings));
    private readonly ConcurrentDictionary<string, BlobServiceClient> clients = new(StringComparer.Ordinal);

    /// <summary>The table. Nothing is asked of it yet.</summary>
    public TableClient NewTableClient()
    {
        var options = AzureClients.ForTables();
        return settings.Emulator?.AccountKey is { } key
            ? new TableClient(settings.TablesEndpoint, settings.Table, new TableSharedKeyCredential(AccountOf(settings.TablesEndpoint), key), options)
            : new TableClient(settings.TablesEndpoint, settings.Table, identity.Value, options);
    }

    /// <summary>Opens the files of a storage profile.</summary>
    /// <exception cref="CatalogException">400 for what this host cannot serve.</exception>
    public IObjectStore OpenStorage(StorageProfile profile)
    {
        string[] roots = [profile.BaseLocation, .. profile.AllowedLocations];
        return new MeteredObjectStore(
            profile.Type switch
            {
                StorageType.Azure => new BlobObjectStore(clients.GetOrAdd(AccountHostOf(profile.BaseLocation), NewBlobClient), roots, clock, ids),
                StorageType.File when settings.TablesEndpoint.IsLoopback => new FileObjectStore(roots, ids),
                _ => throw CatalogException.BadRequest($"This host cannot serve '{profile.Type}' storage; it serves azure"),
            },
            profile.Type.ToString().ToLowerInvariant(),
            clock);
    }

    private BlobServiceClient NewBlobClient(string host)
    {
        var options = AzureClients.ForBlobs();
        return settings.Emulator is { Blobs: { } emulator, AccountKey: { } key }
            ? new BlobServiceClient(emulator, new StorageSharedKeyCredential(AccountOf(emulator), key), options)
            : new BlobServiceClient(new Uri($"https://{host}/"), identity.Value, options);
    }

    // In Azure the platform's own identity is asked at once; elsewhere whatever the developer has signed in with.
    private static TokenCredential NewIdentity(AzureSettings settings) => settings switch
    {
        { HasManagedIdentity: true, ClientId: { } client } => new ManagedIdentityCredential(ManagedIdentityId.FromUserAssignedClientId(client)),
        { HasManagedIdentity: true } => new ManagedIdentityCredential(ManagedIdentityId.SystemAssigned),
        _ => new DefaultAzureCredential(),
    };

    /// <summary>The blob endpoint of a location: what reads <c>account.dfs.suffix</c> is <c>account.blob.suffix</c> to this client.</summary>
    private static string AccountHostOf(string location)
    {
        var authority = new Uri(location, UriKind.Absolute).Host;
        return authority.Replace(".dfs.", ".blob.", StringComparison.OrdinalIgnoreCase);
    }

    // An emulator has the account in the path.
    private static string AccountOf(Uri endpoint) => endpoint.AbsolutePath.Trim('/');
}
