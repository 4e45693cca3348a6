using System.Net.Sockets;
using Azure;

namespace Frazil.AzureBackend;

/// <summary>What a failed request says about what it asked for.</summary>
internal enum AzureFailure
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

/// <summary>Reads failures of Azure clients.</summary>
internal static class AzureFailures
{
    /// <summary>Only what is known to have had no effect is called so; the rest is <see cref="AzureFailure.Unclear"/>: 500, 504, a broken connection, a timeout.</summary>
    public static AzureFailure Classify(Exception exception)
    {
        if (exception is RequestFailedException { Status: > 0 } failed)
        {
            return failed.Status switch
            {
                429 => AzureFailure.Throttled,
                503 when failed.ErrorCode is "ServerBusy" or "OperationTimedOut" or null => failed.ErrorCode == "ServerBusy" ? AzureFailure.Throttled : AzureFailure.Unclear,
                >= 300 and < 500 and not 408 => AzureFailure.Rejected,
                _ => AzureFailure.Unclear,
            };
        }

        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError }
                or SocketException { SocketErrorCode: SocketError.ConnectionRefused or SocketError.HostNotFound or SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.TryAgain })
            {
                return AzureFailure.Unreachable;
            }
        }

        return AzureFailure.Unclear;
    }
}
