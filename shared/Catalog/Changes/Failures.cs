using Frazil.Iceberg;

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
        IdempotencyKeyTakenException => true,
        CatalogException failure => CatalogException.CodeOf(failure.Kind) < 500 || failure.Kind == ErrorKind.SlowDown,
        _ => false,
    };
}
