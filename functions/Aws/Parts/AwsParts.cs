using System.Collections.Concurrent;
using Amazon;
using Amazon.DynamoDBv2;
using Amazon.S3;
using Frazil.AwsBackend;
using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil.Lambda;

/// <summary>The store and the storages, over clients of the function's own identity. Endpoints of one's own are named as for every AWS SDK: <c>AWS_ENDPOINT_URL_DYNAMODB</c>, <c>AWS_ENDPOINT_URL_S3</c>.</summary>
/// <param name="region">The function's region.</param>
/// <param name="environment">Environment variables.</param>
/// <param name="clock">The time.</param>
/// <param name="ids">Ids and chance.</param>
internal sealed class AwsParts(string region, Func<string, string?> environment, TimeProvider clock, IdSource ids)
{
    private readonly ConcurrentDictionary<(string? Endpoint, string Region, bool PathStyle), AmazonS3Client> clients = new();

    /// <summary>Opens the table. Nothing is asked of it yet.</summary>
    public IKeyValueStore OpenStore(string table)
    {
        var config = new AmazonDynamoDBConfig();
        Locate(config, EndpointOf("AWS_ENDPOINT_URL_DYNAMODB"), region);
        return new MeteredKeyValueStore(new DynamoDbKeyValueStore(new AmazonDynamoDBClient(AwsClients.Configure(config)), table, clock, ids), "dynamodb", clock);
    }

    /// <summary>Opens a storage. Its client is made when a file is first asked for: many answers need none, and a client takes tens of milliseconds of a cold start.</summary>
    /// <exception cref="CatalogException">400 for what this host cannot serve.</exception>
    public IObjectStore OpenStorage(StorageProfile profile)
    {
        if (profile.Type != StorageType.S3)
        {
            throw CatalogException.BadRequest($"This host cannot serve '{profile.Type}' storage; it serves s3");
        }

        if (profile.CredentialName is { } name)
        {
            throw CatalogException.BadRequest($"This host knows no credentials named '{name}'; it serves storage that its role can reach");
        }

        string[] roots = [profile.BaseLocation, .. profile.AllowedLocations];
        var key = (profile.EndpointInternal ?? profile.Endpoint ?? EndpointOf("AWS_ENDPOINT_URL_S3"), profile.Region ?? region, profile.PathStyleAccess);
        return new MeteredObjectStore(new LazyObjectStore(() => new S3ObjectStore(clients.GetOrAdd(key, NewClient), roots, clock, ids)), "s3", clock);
    }

    private static AmazonS3Client NewClient((string? Endpoint, string Region, bool PathStyle) key)
    {
        var config = new AmazonS3Config { ForcePathStyle = key.PathStyle };
        Locate(config, key.Endpoint, key.Region);
        return new AmazonS3Client(AwsClients.Configure(config));
    }

    private string? EndpointOf(string variable) => (environment(variable) ?? environment("AWS_ENDPOINT_URL")) is { Length: > 0 } endpoint ? endpoint : null;

    private static void Locate(Amazon.Runtime.ClientConfig config, string? endpoint, string region)
    {
        if (endpoint is null)
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(region);
        }
        else
        {
            config.ServiceURL = endpoint;
            config.AuthenticationRegion = region;
        }
    }
}
