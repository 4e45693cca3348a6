using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil;

/// <summary>What a failure says about the change that was asked for.</summary>
internal static class Failures
{
    /// <summary>
    /// Whether the change certainly was not made, so that the file written for it is garbage and may be deleted.
    /// Every failure that is not known to be harmless counts as unknown: then nothing is deleted.
    /// </summary>
    public static bool CertainlyNothingHappened(Exception exception) => exception switch
    {
        IdempotencyKeyTakenException or NothingSentException or StoreUnavailableException => true,
        CatalogException failure => CatalogException.CodeOf(failure.Kind) < 500 || failure.Kind is ErrorKind.SlowDown or ErrorKind.Unavailable,
        _ => false,
    };
}

/// <summary>The caller went away before its batch was sent: that there is a change to be made was known to nobody but this process.</summary>
internal sealed class NothingSentException(CancellationToken cancellationToken) : OperationCanceledException("The caller went away; nothing was changed", cancellationToken);
