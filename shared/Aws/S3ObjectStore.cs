using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil.AwsBackend;

/// <summary>
/// The object contract on S3 and whatever speaks its protocol. <c>s3://</c>, <c>s3a://</c> and <c>s3n://</c> are the same; keys are raw.
/// </summary>
/// <remarks>
/// A creation is a PUT with <c>If-None-Match: *</c>, which the server must honour (S3, Ceph and MinIO do). It carries an id of its own as user metadata; when an answer was lost and the next says that the object
/// exists, the object itself tells whose it is.
/// </remarks>
public sealed class S3ObjectStore : IObjectStore
{
    /// <summary>The user metadata that names the creation an object comes from (<c>x-amz-meta-frazil-creation</c>).</summary>
    public const string CreationMetadata = "frazil-creation";

    private readonly IAmazonS3 client;
    private readonly S3Location[] roots;
    private readonly TimeProvider time;
    private readonly IdSource ids;

    /// <summary>Opens the folders of some buckets.</summary>
    /// <param name="client">A client set up by <see cref="AwsClients.Configure(AmazonS3Config)"/>. It is the caller's to dispose of.</param>
    /// <param name="roots">What to serve: <c>s3://bucket</c> or <c>s3://bucket/folder</c>.</param>
    /// <param name="time">For waits.</param>
    /// <param name="ids">Names creations; jitter.</param>
    /// <exception cref="ArgumentException">The client repeats requests.</exception>
    /// <exception cref="CatalogException">BadRequest: a root is no S3 location.</exception>
    public S3ObjectStore(IAmazonS3 client, IEnumerable<string> roots, TimeProvider time, IdSource ids)
    {
        AwsClients.CheckRetries(client.Config);
        (this.client, this.time, this.ids) = (client, time, ids);
        this.roots = [.. roots.Select(S3Location.OfFolder)];
    }

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(string location, CancellationToken cancellationToken)
    {
        var at = Served(S3Location.OfFile(location), location);
        return await RetryAsync(location, ReadOnceAsync, cancellationToken);

        async Task<ReadOnlyMemory<byte>?> ReadOnceAsync(CancellationToken cancellationToken)
        {
            using var response = await GetAsync(at, cancellationToken);
            if (response is null)
            {
                return null;
            }

            if (response.ContentLength > IObjectStore.MaxReadBytes)
            {
                throw ObjectLocations.TooLarge(location, response.ContentLength);
            }

            using var part = Measures.BeginPart();
            Measures.Current?.Hold(response.ContentLength);
            var content = GC.AllocateUninitializedArray<byte>((int)response.ContentLength);
            await response.ResponseStream.ReadExactlyAsync(content, cancellationToken);
            part?.Keep();
            return content;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<Stream?> OpenReadAsync(string location, CancellationToken cancellationToken)
    {
        var at = Served(S3Location.OfFile(location), location);
        return (await RetryAsync(location, token => GetAsync(at, token), cancellationToken))?.ResponseStream;
    }

    /// <inheritdoc/>
    public async ValueTask<bool> CreateAsync(string location, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var at = Served(S3Location.OfFile(location), location);
        ObjectLocations.CheckContent(location, content);
        cancellationToken.ThrowIfCancellationRequested();
        var creation = $"{ids.NewId():N}";
        var attempts = NewAttempts(location);
        return await attempts.SendAsync(
            async () =>
            {
                await client.PutObjectAsync(PutOf(at, content, creation), CancellationToken.None);
                return true;
            },
            failure => failure is not AmazonS3Exception { StatusCode: HttpStatusCode.PreconditionFailed } exists ? null
                : attempts.IsOpen ? IsOursAsync(at, location, creation, exists)
                : Task.FromResult(false),
            failure => IsOursAsync(at, location, creation, failure));
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(string location, CancellationToken cancellationToken)
    {
        var at = Served(S3Location.OfFile(location), location);
        await RetryAsync(location, token => client.DeleteObjectAsync(new DeleteObjectRequest { BucketName = at.Bucket, Key = at.Key }, token), cancellationToken);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> ListAsync(string folder, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var at = Served(S3Location.OfFolder(folder), folder);
        var spelled = folder.EndsWith('/') ? folder : folder + "/";
        var request = new ListObjectsV2Request { BucketName = at.Bucket, Prefix = at.Key };
        do
        {
            var page = await RetryAsync(folder, token => client.ListObjectsV2Async(request, token), cancellationToken);
            foreach (var found in page.S3Objects ?? [])
            {
                // A key that ends in a slash is a console's mark for a folder.
                if (!found.Key.EndsWith('/'))
                {
                    yield return spelled + found.Key[at.Key.Length..];
                }
            }

            request.ContinuationToken = page.NextContinuationToken;
        }
        while (request.ContinuationToken is not null);
    }

    private static PutObjectRequest PutOf(S3Location at, ReadOnlyMemory<byte> content, string creation)
    {
        var request = new PutObjectRequest { BucketName = at.Bucket, Key = at.Key, IfNoneMatch = "*", ContentType = "application/octet-stream", InputStream = StreamOf(content), UseChunkEncoding = false };
        request.Metadata[CreationMetadata] = creation;
        return request;
    }

    private static MemoryStream StreamOf(ReadOnlyMemory<byte> content) => MemoryMarshal.TryGetArray(content, out var segment)
        ? new MemoryStream(segment.Array!, segment.Offset, segment.Count, writable: false)
        : new MemoryStream(content.ToArray(), writable: false);

    private static Failure Understand(Exception failure, string location)
    {
        // A conflict: another creation of the same name is under way, and which of them makes it is open still.
        var kind = failure is AmazonS3Exception { StatusCode: HttpStatusCode.Conflict } ? FailureKind.Throttled : AwsFailures.Classify(failure);
        return new Failure(kind, Translate(failure, kind, location));
    }

    private static Exception Translate(Exception failure, FailureKind kind, string location) => (failure, kind) switch
    {
        (_, FailureKind.Throttled) => new StoreThrottledException($"S3 asks to slow down at {location}: {failure.Message}", failure),
        (_, FailureKind.Unreachable) => new StoreUnavailableException("its storage cannot be reached", $"S3 cannot be reached for {location}: {failure.Message}", failure),
        (AmazonServiceException { StatusCode: HttpStatusCode.Forbidden } denied, _) => new CatalogException(
            ErrorKind.Forbidden, $"S3 denies this server access to {location} ({denied.ErrorCode}); without the right to list the bucket, a missing file is denied as well", failure),
        (AmazonServiceException { ErrorCode: "NoSuchBucket" }, _) => new IOException($"The bucket of {location} does not exist", failure),
        (AmazonServiceException { ErrorCode: var code, StatusCode: var status }, _) => new IOException($"S3 failed at {location}: {code} ({(int)status}): {failure.Message}", failure),
        _ => new IOException($"S3 failed at {location}: {failure.Message}", failure),
    };

    private S3Location Served(S3Location at, string location) => roots.Any(root => root.Holds(at)) ? at : throw ObjectLocations.NotServed(location);

    /// <summary>Null when there is no such object.</summary>
    private async Task<GetObjectResponse?> GetAsync(S3Location at, CancellationToken cancellationToken)
    {
        try
        {
            return await client.GetObjectAsync(new GetObjectRequest { BucketName = at.Bucket, Key = at.Key }, cancellationToken);
        }
        catch (AmazonS3Exception missing) when (AwsFailures.Classify(missing) == FailureKind.NotFound)
        {
            return null;
        }
    }

    /// <summary>Whether the object that is there comes from a creation whose outcome is open. What cannot be told is unknown: no object may mean that the request is yet to arrive.</summary>
    private async Task<bool> IsOursAsync(S3Location at, string location, string creation, Exception cause)
    {
        try
        {
            var head = await RetryAsync(
                location, token => client.GetObjectMetadataAsync(new GetObjectMetadataRequest { BucketName = at.Bucket, Key = at.Key }, token), CancellationToken.None);
            return head.Metadata[CreationMetadata] == creation;
        }
        catch (Exception)
        {
            throw new UnknownOutcomeException($"File {location} may or may not have been created: {cause.Message}", cause);
        }
    }

    private Attempts NewAttempts(string location) => new(time, ids, failure => Understand(failure, location));

    private Task<T> RetryAsync<T>(string location, Func<CancellationToken, Task<T>> act, CancellationToken cancellationToken) => NewAttempts(location).AskAsync(act, cancellationToken);
}
