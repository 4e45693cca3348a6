using System.Net.Sockets;
using Amazon.Runtime;

namespace Frazil.AwsBackend;

/// <summary>What a failed request says about what it asked for.</summary>
internal enum AwsFailure
{
    /// <summary>The service answered that it did not do it, and that there is no point in asking again.</summary>
    Rejected,

    /// <summary>The service did not do it, and may when asked again later.</summary>
    Throttled,

    /// <summary>No connection was made, so nothing was asked.</summary>
    Unreachable,

    /// <summary>It may have been done, may not, or may be yet.</summary>
    Unclear,
}

/// <summary>Reads failures of AWS clients.</summary>
internal static class AwsFailures
{
    private static readonly HashSet<string> Throttles = new(StringComparer.Ordinal)
    {
        "LimitExceededException", "ProvisionedThroughputExceededException", "RequestLimitExceeded", "RequestThrottled", "RequestThrottledException", "SlowDown", "Throttling", "ThrottlingException", "TooManyRequestsException",
    };

    /// <summary>
    /// Only what is known to have had no effect is called so; the rest is <see cref="AwsFailure.Unclear"/>: 5xx (a service may answer so after the act), a broken connection, a timeout, an answer that could not be read.
    /// </summary>
    public static AwsFailure Classify(Exception exception)
    {
        if (exception is AmazonServiceException { ErrorCode: { } code } && Throttles.Contains(code))
        {
            return AwsFailure.Throttled;
        }

        if (exception is AmazonServiceException { StatusCode: var status } && (int)status is >= 300 and < 500 and not 408)
        {
            return (int)status == 429 ? AwsFailure.Throttled : AwsFailure.Rejected;
        }

        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError }
                or SocketException { SocketErrorCode: SocketError.ConnectionRefused or SocketError.HostNotFound or SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.TryAgain })
            {
                return AwsFailure.Unreachable;
            }
        }

        return AwsFailure.Unclear;
    }
}
