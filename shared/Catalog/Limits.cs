namespace Frazil;

/// <summary>What the catalog refuses to exceed. Each limit is named in the error that it causes.</summary>
public static class Limits
{
    /// <summary>UTF-16 characters of a table's or view's name, as escaped for its key (a slash or a percent sign counts three).</summary>
    public const int MaxNameLength = 256;

    /// <summary>UTF-16 characters of a namespace's whole path, as escaped for its key.</summary>
    public const int MaxNamespaceLength = 248;

    /// <summary>Levels of a namespace.</summary>
    public const int MaxNamespaceLevels = 32;

    /// <summary>
    /// Bytes of all properties of one namespace as JSON, which is how they are stored, and of the keys that one update names. The record of an idempotency key holds the answer too, as base64:
    /// it fits into a row with that.
    /// </summary>
    public const int MaxNamespacePropertiesBytes = 180 * 1024;

    /// <summary>UTF-16 characters of a location.</summary>
    public const int MaxLocationLength = 1024;

    /// <summary>Segments of a location, its authority (bucket, container) included.</summary>
    public const int MaxLocationDepth = 28;

    /// <summary>Segments of the <c>location</c> property of a namespace, its authority included: below it go a table, a folder of metadata, and a file.</summary>
    public const int MaxNamespaceLocationDepth = MaxLocationDepth - 3;

    /// <summary>Locations that one table or view may have claimed in its life, with those of its properties: all of them are given back in one batch when it is dropped.</summary>
    public const int MaxTableLocations = 32;

    /// <summary>Locations that one catalog may have in its life, those below others not counted: it keeps each, since tables may still be there.</summary>
    public const int MaxCatalogLocations = 64;

    /// <summary>Bytes of a request's body after decompression: a commit of thousands of snapshots or columns fits.</summary>
    public const int MaxBodyBytes = 64 * 1024 * 1024;

    /// <summary>Bytes of a request for a token after decompression, and of its <c>Authorization</c>: whoever sends it is not known yet. The longest token fits, form-encoded.</summary>
    public const int MaxTokenRequestBytes = 16 * 1024;

    /// <summary>Bytes of a table's or view's metadata after decompression.</summary>
    public const int MaxMetadataBytes = 256 * 1024 * 1024;

    /// <summary>Tables and views in one page of a list, and namespaces likewise. A larger page size is cut to this.</summary>
    public const int MaxPageSize = 1000;

    /// <summary>Tries of a commit whose requirements hold but which loses the race for the pointer.</summary>
    public const int MaxCommitAttempts = 40;

    /// <summary>Tries to send a batch of writes whose outcome is unknown.</summary>
    public const int MaxWriteAttempts = 4;

    /// <summary>Table changes of one transaction. With creates among them fewer fit, since a create takes several rows of a batch.</summary>
    public const int MaxTransactionTables = 95;

    /// <summary>Changes of one transaction, several to one table included: each of them is made from what the one before it left.</summary>
    public const int MaxTransactionChanges = 1000;

    /// <summary>Updates of one request, of all its tables together. A client that expires every snapshot of a large table by an update each stays below.</summary>
    public const int MaxUpdates = 100_000;

    /// <summary>View identifiers of a <c>referenced-by</c> chain.</summary>
    public const int MaxReferencedBy = 32;

    /// <summary>Metrics reports that are kept of one table, newest first. They go when the table is gone for good.</summary>
    public const int MaxReportsPerTable = 20;

    /// <summary>Bytes of one metrics report that is kept; a larger one is accepted and not kept.</summary>
    public const int MaxReportBytes = 8 * 1024;

    /// <summary>UTF-16 characters of the message of an error; a longer one, which repeats what was sent, is cut.</summary>
    public const int MaxErrorMessageLength = 4096;

    /// <summary>How long an idempotency key is remembered at least: <c>idempotency-key-lifetime</c> of the config response.</summary>
    public static readonly TimeSpan IdempotencyKeyLifetime = TimeSpan.FromHours(24);

    /// <summary>How long a catalog's definition is believed without reading it again: the time a change of it takes to act everywhere.</summary>
    public static readonly TimeSpan CatalogCacheTime = TimeSpan.FromSeconds(10);
}
