using Amazon.DynamoDBv2;
using Amazon.Runtime;
using Amazon.S3;

namespace Frazil.AwsBackend;

/// <summary>How the AWS clients that the stores are given must be set up.</summary>
/// <remarks>
/// Everything in the SDK that sends a request a second time is off. The stores repeat requests themselves: only who knows that a write was sent before can tell its own write from another's when the second is refused.
/// The SDK has two repeats: that of failed requests, and that of requests whose pooled connection broke, which happens below the first and without a trace.
/// </remarks>
public static class AwsClients
{
    /// <summary>How long one request to DynamoDB may take. An API that stands before it has time for a second try.</summary>
    public static readonly TimeSpan DynamoDbTimeout = TimeSpan.FromSeconds(10);

    /// <summary>How long one request to S3 may take until its answer begins: the largest metadata file, sent over a slow line.</summary>
    public static readonly TimeSpan S3Timeout = TimeSpan.FromMinutes(2);

    /// <summary>How long a connection may take to be made.</summary>
    public static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(3);

    /// <summary>Sets up a configuration for <see cref="DynamoDbKeyValueStore"/>: no repeats, and timeouts. Region, endpoint and the rest stay as they are.</summary>
    public static AmazonDynamoDBConfig Configure(AmazonDynamoDBConfig config)
    {
        WithoutRetries(config, DynamoDbTimeout);
        return config;
    }

    /// <summary>
    /// Sets up a configuration for <see cref="S3ObjectStore"/>: no repeats, timeouts, checksums only where S3 requires them (other servers refuse the SDK's newer ones), and with an endpoint of one's own the bucket in the path.
    /// </summary>
    public static AmazonS3Config Configure(AmazonS3Config config)
    {
        WithoutRetries(config, S3Timeout);
        config.RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED;
        config.ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED;
        config.ForcePathStyle |= config.ServiceURL is not null;
        return config;
    }

    /// <summary>Refuses a client that repeats requests.</summary>
    internal static void CheckRetries(IClientConfig? config)
    {
        // A stand-in of a test may have no configuration at all.
        if (config is { MaxErrorRetry: > 0 } or { MaxStaleConnectionRetries: > 0 })
        {
            throw new ArgumentException(
                $"The client must not repeat requests by itself, since its own write would be taken for another's: set its configuration up with {nameof(AwsClients)}.{nameof(Configure)}", nameof(config));
        }
    }

    private static void WithoutRetries(ClientConfig config, TimeSpan timeout)
    {
        config.MaxErrorRetry = 0;
        config.MaxStaleConnectionRetries = 0;
        config.Timeout = timeout;
        config.ConnectTimeout = ConnectTimeout;
    }
}
