using Azure;
using Frazil.Storage;

namespace Frazil.AzureBackend;

/// <summary>Reads failures of Azure clients.</summary>
internal static class AzureFailures
{
    /// <summary>What the failure of a client says: what the service answered, and without an answer <see cref="Failure.OfTransport"/>.</summary>
    public static FailureKind Classify(Exception exception) => exception switch
    {
        RequestFailedException { Status: 503, ErrorCode: "ServerBusy" } => FailureKind.Throttled,
        RequestFailedException { ErrorCode: "ContainerNotFound" or "TableNotFound" } => FailureKind.Rejected,
        RequestFailedException { Status: > 0 and var status } => Failure.OfStatus(status),
        _ => Failure.OfTransport(exception),
    };
}
