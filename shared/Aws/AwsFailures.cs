using Amazon.Runtime;
using Frazil.Storage;

namespace Frazil.AwsBackend;

/// <summary>Reads failures of AWS clients.</summary>
internal static class AwsFailures
{
    private static readonly HashSet<string> Throttles = new(StringComparer.Ordinal)
    {
        "LimitExceededException", "ProvisionedThroughputExceededException", "RequestLimitExceeded", "RequestThrottled", "RequestThrottledException", "SlowDown", "Throttling", "ThrottlingException", "TooManyRequestsException",
    };

    /// <summary>What the failure of a client says: what the service answered, and without an answer <see cref="Failure.OfTransport"/>.</summary>
    public static FailureKind Classify(Exception exception) => exception switch
    {
        AmazonServiceException { ErrorCode: { } code } when Throttles.Contains(code) => FailureKind.Throttled,
        AmazonServiceException { ErrorCode: "NoSuchBucket" } => FailureKind.Rejected,
        AmazonServiceException { StatusCode: var status } when Failure.OfStatus((int)status) is not FailureKind.Unclear and var kind => kind,
        _ => Failure.OfTransport(exception),
    };
}
