using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Amazon;
using Amazon.DynamoDBv2;
using Amazon.Runtime;
using Amazon.S3;
using Frazil.AwsBackend;
using Frazil.Entities;
using Frazil.Storage;

namespace Frazil.Local;

/// <summary>What needs the AWS SDK. Nobody who keeps everything on this machine loads it: it takes longer to load than the rest of the server.</summary>
/// <param name="credentials">Named credentials.</param>
/// <param name="clock">The time.</param>
/// <param name="ids">Ids and chance.</param>
internal sealed class AwsParts(S3CredentialSet credentials, TimeProvider clock, IdSource ids)
{
    /// <summary>The name of the credentials that a DynamoDB store uses when there are such; else those of the AWS environment.</summary>
    private const string DynamoDbCredentials = "dynamodb";

    /// <summary>What requests to an endpoint of one's own are signed for when no region is named.</summary>
    private const string AnyRegion = "us-east-1";

    // Clients are few, one for each way to reach a storage, and live as long as the process.
    private readonly ConcurrentDictionary<(string? Endpoint, string? Region, bool PathStyle, string? Credentials), AmazonS3Client> clients = new();

    /// <summary>Opens the table, which is made when it is missing.</summary>
    /// <exception cref="StartException">It cannot be reached or used.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public async Task<IKeyValueStore> OpenDynamoDbAsync(ServeOptions options)
    {
        var where = options.DynamoDbEndpoint ?? options.DynamoDbRegion ?? "the region of the AWS environment";
        try
        {
            var config = AwsClients.Configure(new AmazonDynamoDBConfig());
            if (!Locate(config, options.DynamoDbEndpoint, options.DynamoDbRegion))
            {
                throw new SettingException(
                    $"Cannot use the DynamoDB table {options.DynamoDbTable}: it has no region: say --{SettingList.DynamoDbRegion.Flag} ({SettingList.DynamoDbRegion.Variable}), or AWS_REGION");
            }

            var client = credentials.Find(DynamoDbCredentials) is { } named ? new AmazonDynamoDBClient(ToAws(named), config) : new AmazonDynamoDBClient(config);
            var store = new DynamoDbKeyValueStore(client, options.DynamoDbTable, clock, ids);
            await store.CreateTableIfMissingAsync(CancellationToken.None);
            return store;
        }
        catch (Exception exception) when (exception is AmazonClientException or AmazonServiceException or HttpRequestException or IOException or InvalidDataException or OperationCanceledException
            or StoreThrottledException or StoreUnavailableException)
        {
            throw new StartException($"Cannot use the DynamoDB table {options.DynamoDbTable} at {where}: {exception.Message}", exception);
        }
    }

    /// <summary>Opens an S3 storage.</summary>
    /// <exception cref="SettingException">Its credentials or its region are not known here.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public IObjectStore OpenS3(StorageProfile profile)
    {
        var key = (profile.EndpointInternal ?? profile.Endpoint, profile.Region, profile.PathStyleAccess, profile.CredentialName);
        return new S3ObjectStore(clients.GetOrAdd(key, NewClient), [profile.BaseLocation, .. profile.AllowedLocations], clock, ids);
    }

    private AmazonS3Client NewClient((string? Endpoint, string? Region, bool PathStyle, string? Credentials) key)
    {
        var config = new AmazonS3Config { ForcePathStyle = key.PathStyle };
        if (!Locate(config, key.Endpoint, key.Region))
        {
            throw new SettingException($"its S3 has no region: say --{SettingList.S3Region.Flag} ({SettingList.S3Region.Variable}; 'region' in a file of --catalogs), or AWS_REGION");
        }

        AwsClients.Configure(config);
        try
        {
            if (key.Credentials is not { } name)
            {
                return new AmazonS3Client(config);
            }

            return credentials.Find(name) is { } named
                ? new AmazonS3Client(ToAws(named), config)
                : throw new SettingException(
                    $"no credentials are named '{name}': set {S3CredentialSet.Variable(name, S3CredentialSet.AccessKeyId)} and __SECRET_ACCESS_KEY, or name a file with --credentials");
        }
        catch (AmazonClientException exception)
        {
            throw new SettingException($"its S3 cannot be used: {exception.Message}", exception);
        }
    }

    /// <summary>Whether it is known now where to go; a region that nobody named is the AWS environment's, when that has one.</summary>
    private static bool Locate(ClientConfig config, string? endpoint, string? region)
    {
        if (endpoint is not null)
        {
            config.ServiceURL = endpoint;
            config.AuthenticationRegion = region ?? AnyRegion;
        }
        else if (region is not null)
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(region);
        }

        return endpoint is not null || config.RegionEndpoint is not null;
    }

    private static AWSCredentials ToAws(S3Credentials named) => named.SessionToken is null
        ? new BasicAWSCredentials(named.AccessKeyId, named.SecretAccessKey)
        : new SessionAWSCredentials(named.AccessKeyId, named.SecretAccessKey, named.SessionToken);
}
