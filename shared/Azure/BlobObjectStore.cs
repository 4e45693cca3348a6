using System.Runtime.CompilerServices;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil.AzureBackend;

/// <summary>
/// The object contract on Azure Blob Storage, with or without a hierarchical namespace. A creation is an upload with <c>If-None-Match: *</c>; it carries an id of its own as metadata,
/// so that when an answer was lost and the next says that the blob exists, the blob itself tells whose it is.
/// </summary>
public sealed class BlobObjectStore : IObjectStore
{
    /// <summary>The metadata that names the creation a blob comes from.</summary>
    public const string CreationMetadata = "frazilcreation";

    private readonly Dictionary<string, BlobServiceClient> clients;
    private readonly AzureLocation[] roots;
    private readonly TimeProvider time;
    private readonly IdSource ids;

    /// <summary>Opens folders of one account.</summary>
    /// <inheritdoc cref="BlobObjectStore(IEnumerable{BlobServiceClient}, IEnumerable{string}, TimeProvider, IdSource)"/>
    public BlobObjectStore(BlobServiceClient client, IEnumerable<string> roots, TimeProvider time, IdSource ids)
        : this([client], roots, time, ids)
    {
    }

    /// <summary>Opens folders.</summary>
    /// <param name="clients">A client for each account that the folders are in, made with <see cref="AzureClients.ForBlobs"/>, which does not repeat requests.</param>
    /// <param name="roots">What to serve: <c>abfss://container@account.dfs.core.windows.net/folder</c>.</param>
    /// <param name="time">For waits.</param>
    /// <param name="ids">Names creations; jitter.</param>
    /// <exception cref="ArgumentException">Two clients are of one account.</exception>
    /// <exception cref="CatalogException">BadRequest: a root is no Azure location, or in an account for which there is no client.</exception>
    public BlobObjectStore(IEnumerable<BlobServiceClient> clients, IEnumerable<string> roots, TimeProvider time, IdSource ids)
    {
        this.clients = clients.ToDictionary(client => client.AccountName, StringComparer.Ordinal);
        this.time = time;
        this.ids = ids;
        this.roots = [.. roots.Select(OpenRoot)];
    }

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(string location, CancellationToken cancellationToken)
    {
        var blob = Served(location);
        return await RetryAsync<ReadOnlyMemory<byte>?>(
            location,
            async token =>
            {
                using var download = await OpenAsync(blob, token);
                if (download is null)
                {
                    return null;
                }

                if (download.Details.ContentLength > IObjectStore.MaxReadBytes)
                {
                    throw ObjectLocations.TooLarge(location, download.Details.ContentLength);
                }

                using var part = Measures.BeginPart();
                Measures.Current?.Hold(download.Details.ContentLength);
                var content = GC.AllocateUninitializedArray<byte>((int)download.Details.ContentLength);
                await download.Content.ReadExactlyAsync(content, token);
                part?.Keep();
                return content;
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<Stream?> OpenReadAsync(string location, CancellationToken cancellationToken)
    {
        var blob = Served(location);
        return (await RetryAsync(location, token => OpenAsync(blob, token), cancellationToken))?.Content;
    }

    /// <inheritdoc/>
    public async ValueTask<bool> CreateAsync(string location, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var blob = Served(location);
        ObjectLocations.CheckContent(location, content);
        cancellationToken.ThrowIfCancellationRequested();
        var creation = $"{ids.NewId():N}";
        var options = new BlobUploadOptions
        {
            Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All },
            Metadata = new Dictionary<string, string> { [CreationMetadata] = creation },
        };
        var attempts = NewAttempts(location);
        return await attempts.SendAsync(
            async () =>
            {
                await blob.UploadAsync(new BinaryData(content), options, CancellationToken.None);
                return true;
            },
            failure => failure is not RequestFailedException exists || (exists.Status != 412 && exists.ErrorCode != BlobErrorCode.BlobAlreadyExists) ? null
                : attempts.IsOpen ? IsOursAsync(blob, location, creation, exists)
                : Task.FromResult(false),
            failure => IsOursAsync(blob, location, creation, failure));
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(string location, CancellationToken cancellationToken)
    {
        var blob = Served(location);
        await RetryAsync(location, token => blob.DeleteIfExistsAsync(DeleteSnapshotsOption.IncludeSnapshots, cancellationToken: token), cancellationToken);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> ListAsync(string folder, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var at = AzureLocation.OfFolder(folder);
        RequireServed(at, folder);
        var spelled = folder.EndsWith('/') ? folder : folder + "/";
        var container = clients[at.Account].GetBlobContainerClient(at.Container);
        string? next = null;
        do
        {
            var page = await RetryAsync(folder, token => ListPageAsync(container, at.Blob, next, token), cancellationToken);
            foreach (var found in page?.Values ?? [])
            {
                // With a hierarchical namespace folders are listed too, and say so.
                if (!found.Metadata.TryGetValue("hdi_isfolder", out var isFolder) || isFolder != "true")
                {
                    yield return spelled + found.Name[at.Blob.Length..];
                }
            }

            next = page?.ContinuationToken;
        }
        while (!string.IsNullOrEmpty(next));
    }

    private static async Task<Page<BlobItem>?> ListPageAsync(BlobContainerClient container, string prefix, string? next, CancellationToken cancellationToken)
    {
        await foreach (var page in container.GetBlobsAsync(BlobTraits.Metadata, BlobStates.None, prefix, cancellationToken).AsPages(next))
        {
            return page;
        }

        return null;
    }

    private BlobClient Served(string location)
    {
        var at = AzureLocation.OfFile(location);
        RequireServed(at, location);
        return clients[at.Account].GetBlobContainerClient(at.Container).GetBlobClient(at.Blob);
    }

    private AzureLocation OpenRoot(string root)
    {
        var folder = AzureLocation.OfFolder(root);
        return clients.ContainsKey(folder.Account)
            ? folder
            : throw CatalogException.BadRequest($"Location {root} is in the storage account '{folder.Account}', which this server does not reach; it reaches {string.Join(", ", clients.Keys)}");
    }

    private void RequireServed(AzureLocation at, string location)
    {
        if (!roots.Any(root => root.Holds(at)))
        {
            throw ObjectLocations.NotServed(location);
        }
    }

    /// <summary>Null when there is no such blob.</summary>
    private static async Task<BlobDownloadStreamingResult?> OpenAsync(BlobClient blob, CancellationToken cancellationToken)
    {
        try
        {
            return await blob.DownloadStreamingAsync(cancellationToken: cancellationToken);
        }
        catch (RequestFailedException missing) when (AzureFailures.Classify(missing) == FailureKind.NotFound)
        {
            return null;
        }
    }

    /// <summary>Whether the blob that is there comes from a creation whose outcome is open. What cannot be told is unknown: no blob may mean that the request is yet to arrive.</summary>
    private async Task<bool> IsOursAsync(BlobClient blob, string location, string creation, Exception cause)
    {
        try
        {
            var properties = await RetryAsync(location, token => blob.GetPropertiesAsync(cancellationToken: token), CancellationToken.None);
            return properties.Value.Metadata.TryGetValue(CreationMetadata, out var owner) && owner == creation;
        }
        catch (Exception)
        {
            throw new UnknownOutcomeException($"File {location} may or may not have been created: {cause.Message}", cause);
        }
    }

    private Attempts NewAttempts(string location) => new(time, ids, failure => Understand(failure, location));

    private Task<T> RetryAsync<T>(string location, Func<CancellationToken, Task<T>> act, CancellationToken cancellationToken) => NewAttempts(location).AskAsync(act, cancellationToken);

    private static Failure Understand(Exception failure, string location)
    {
        var kind = AzureFailures.Classify(failure);
        return new Failure(kind, Translate(failure, kind, location));
    }

    private static Exception Translate(Exception failure, FailureKind kind, string location) => (failure, kind) switch
    {
        (_, FailureKind.Throttled) => new StoreThrottledException($"Blob Storage asks to slow down at {location}: {failure.Message}", failure),
        (_, FailureKind.Unreachable) => new StoreUnavailableException("its storage cannot be reached", $"Blob Storage cannot be reached for {location}: {failure.Message}", failure),
        (RequestFailedException { Status: 401 or 403 } denied, _) => new CatalogException(
            ErrorKind.Forbidden, $"Blob Storage denies this server access to {location} ({denied.ErrorCode})", failure),
        _ => new IOException($"Blob Storage failed at {location}: {failure.Message}", failure),
    };
}
