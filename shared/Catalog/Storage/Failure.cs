using System.Net.Sockets;

namespace Frazil.Storage;

/// <summary>What a failed request says about what it asked for.</summary>
public enum FailureKind
{
    /// <summary>The service answered that it did not do it, and that there is no point in asking again.</summary>
    Rejected,

    /// <summary>As <see cref="Rejected"/>, since what it was about is not there.</summary>
    NotFound,

    /// <summary>The service did not do it, and may when asked again later.</summary>
    Throttled,

    /// <summary>No connection was made, so nothing was asked.</summary>
    Unreachable,

    /// <summary>It may have been done, may not, or may be yet.</summary>
    Unclear,
}

/// <summary>A failed request, understood: every client of a service says in one place what the service's failures mean, and everything that sends again goes by it.</summary>
/// <param name="Kind">What it says about what was asked.</param>
/// <param name="Meaning">What the caller is told when it is not asked again.</param>
public readonly record struct Failure(FailureKind Kind, Exception Meaning)
{
    /// <summary>
    /// What an HTTP client's failure says when there was no answer. Only what is known to have had no effect is called so; the rest is <see cref="FailureKind.Unclear"/>: a broken
    /// connection, a timeout, an answer that could not be read.
    /// </summary>
    public static FailureKind OfTransport(Exception exception)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError }
                or SocketException { SocketErrorCode: SocketError.ConnectionRefused or SocketError.HostNotFound or SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.TryAgain })
            {
                return FailureKind.Unreachable;
            }
        }

        return FailureKind.Unclear;
    }

    /// <summary>What a status says by itself: 5xx and 408 leave it open, since a service may answer so after the act.</summary>
    public static FailureKind OfStatus(int status) => status switch
    {
        404 => FailureKind.NotFound,
        429 => FailureKind.Throttled,
        >= 300 and < 500 and not 408 => FailureKind.Rejected,
        _ => FailureKind.Unclear,
    };
}
