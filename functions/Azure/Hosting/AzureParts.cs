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
    private readonly ConcurrentDictionary<Uri, BlobServiceClient> clients = new();

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
                StorageType.Azure => new BlobObjectStore(Clients(roots), roots, clock, ids),
                StorageType.File when settings.TablesEndpoint.IsLoopback => new FileObjectStore(roots, ids),
                _ => throw CatalogException.BadRequest($"This host cannot serve '{profile.Type}' storage; it serves azure"),
            },
            profile.Type.ToString().ToLowerInvariant(),
            clock);
    }

    // An emulator stands for one account. In Azure the app's identity is asked for whatever account a location names; what it may not do there is told when it tries.
    private BlobServiceClient[] Clients(string[] roots)
    {
        Uri[] endpoints = settings.Emulator?.Blobs is { } emulator ? [emulator] : [.. roots.Select(AzureClients.BlobEndpointOf).Distinct()];
        BlobServiceClient[] opened = [.. endpoints.Select(endpoint => clients.GetOrAdd(endpoint, NewBlobClient))];
        return opened.DistinctBy(client => client.AccountName).Count() == opened.Length
            ? opened
            : throw CatalogException.BadRequest($"The catalog's locations are in accounts of one name in different clouds: {string.Join(", ", endpoints.Select(endpoint => endpoint.Host))}");
    }

    private BlobServiceClient NewBlobClient(Uri endpoint)
    {
        var options = AzureClients.ForBlobs();
        return settings.Emulator is { Blobs: not null, AccountKey: { } key }
            ? new BlobServiceClient(endpoint, new StorageSharedKeyCredential(AccountOf(endpoint), key), options)
            : new BlobServiceClient(endpoint, identity.Value, options);
    }

    // In Azure the platform's own identity is asked at once; elsewhere whatever the developer has signed in with.
    private static TokenCredential NewIdentity(AzureSettings settings) => settings switch
    {
        { HasManagedIdentity: true, ClientId: { } client } => new ManagedIdentityCredential(ManagedIdentityId.FromUserAssignedClientId(client)),
        { HasManagedIdentity: true } => new ManagedIdentityCredential(ManagedIdentityId.SystemAssigned),
        _ => new DefaultAzureCredential(),
    };

    // An emulator has the account in the path.
    private static string AccountOf(Uri endpoint) => endpoint.AbsolutePath.Trim('/');
}
