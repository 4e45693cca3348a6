using Frazil.Iceberg;

namespace Frazil;

/// <summary>What every operation is told about the request it carries out.</summary>
/// <param name="Catalog">The catalog it is about.</param>
/// <param name="Idempotency">The key under which the client wants it done at most once, or null.</param>
public sealed record CallContext(Catalog Catalog, IdempotentRequest? Idempotency);

/// <summary>A request under an <c>Idempotency-Key</c>.</summary>
/// <param name="Key">The key.</param>
/// <param name="Fingerprint">A digest of operation, path, and body: the same key with another fingerprint is another request, and refused.</param>
public sealed record IdempotentRequest(Guid Key, string Fingerprint);

/// <summary>How a metadata document is wrapped in an answer.</summary>
public enum ResultForm
{
    /// <summary><c>LoadTableResult</c>: location, metadata and what a client needs to reach the files.</summary>
    LoadTable,

    /// <summary><c>CommitTableResponse</c>: location and metadata only. <c>UnregisterTableResult</c> looks the same.</summary>
    CommitTable,

    /// <summary><c>LoadViewResult</c>.</summary>
    LoadView,
}

/// <summary>What an operation answers when it succeeds. One of few forms, so that an answer can be recorded under an idempotency key and given again whole.</summary>
public abstract record Outcome
{
    /// <summary>204: done, nothing to say.</summary>
    public sealed record Done : Outcome
    {
        /// <summary>The one instance.</summary>
        public static readonly Done Instance = new();
    }

    /// <summary>200 with a small JSON document.</summary>
    /// <param name="Body">The document.</param>
    public sealed record Document(byte[] Body) : Outcome;

    /// <summary>200 with a metadata document around which the answer is spliced.</summary>
    /// <param name="Form">The answer's shape.</param>
    /// <param name="File">The metadata and where it is.</param>
    public sealed record Metadata(ResultForm Form, MetadataDocument File) : Outcome
    {
        /// <summary>Whether only snapshots that a reference names are shown.</summary>
        public bool ReferencedSnapshotsOnly { get; init; }
    }

    /// <summary>200 with the metadata of a staged table: nothing is stored, so there is no metadata location.</summary>
    /// <param name="Json">The metadata.</param>
    public sealed record Staged(byte[] Json) : Outcome;

    /// <summary>A failure that is recorded and given again: a terminal 4xx.</summary>
    /// <param name="Kind">What went wrong.</param>
    /// <param name="Message">The message.</param>
    public sealed record Failure(ErrorKind Kind, string Message) : Outcome;
}
