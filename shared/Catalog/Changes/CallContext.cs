using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Security;

namespace Frazil;

/// <summary>What every operation on a catalog is told about the request it carries out.</summary>
/// <param name="Catalog">The catalog it is about.</param>
public sealed record CallContext(Catalog Catalog)
{
    /// <summary>The partition of what stands above the catalog.</summary>
    public string Project { get; init; } = Keys.Project;

    /// <summary>Who asks.</summary>
    public Caller Caller { get; init; } = Caller.Anonymous;

    /// <summary>Names the request in logs and in its answer; null for what nobody requested.</summary>
    public string? RequestId { get; init; }

    /// <summary>The key under which the client wants it done at most once, or null.</summary>
    public IdempotentRequest? Idempotency { get; init; }

    /// <summary>How the client would like to reach files, if that is offered.</summary>
    public AccessDelegation AccessDelegation { get; init; }

    /// <summary>The context of what the catalog does by itself: timed jobs, and the upkeep of its rows.</summary>
    public static CallContext OfSystem(Catalog catalog) => new(catalog) { Caller = Caller.System };
}

/// <summary>Ways to reach a table's files without credentials of one's own: <c>X-Iceberg-Access-Delegation</c>. A wish, which need not be granted.</summary>
[Flags]
public enum AccessDelegation
{
    /// <summary>None is wished for.</summary>
    None = 0,

    /// <summary><c>vended-credentials</c>.</summary>
    VendedCredentials = 1,

    /// <summary><c>remote-signing</c>.</summary>
    RemoteSigning = 2,
}

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
