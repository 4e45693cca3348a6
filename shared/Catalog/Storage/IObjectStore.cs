namespace Frazil.Storage;

/// <summary>
/// Files of a warehouse, by location: metadata files written once under fresh names, and what a purge deletes.
/// </summary>
/// <remarks>
/// Promises, each a test of the conformance suite:
/// <list type="number">
/// <item>A file that <see cref="CreateAsync"/> made is whole and durable when the call returns: from then on a read anywhere sees all of it, after a loss of power too. Before, it sees all of it or nothing, however a process ends; only after a loss of
/// power may a file whose creation was never acknowledged be torn on a local disk, under its fresh name, which no pointer names (ADR 0023).</item>
/// <item>Of any number of writers of one location exactly one creates it; the others are told that it exists.</item>
/// <item>Nothing is ever overwritten.</item>
/// <item>A location outside what the store serves is refused before anything is touched; no <c>..</c>, symbolic link or encoding reaches outside.</item>
/// <item>When the outcome of a creation cannot be known, it throws <see cref="UnknownOutcomeException"/>.</item>
/// </list>
/// <para>
/// A location is raw text, as Iceberg's clients treat it: nothing in it is decoded, so that <c>%2F</c> is three characters of a name and <c>?</c> and <c>#</c> are one each.
/// <see cref="ObjectLocations"/> refuses what some client or server along the way would rewrite: <c>.</c> and <c>..</c> as path segments, control characters, lone surrogates.
/// Bad locations are <see cref="Iceberg.CatalogException"/>: BadRequest when malformed, Forbidden when outside what is served.
/// </para>
/// </remarks>
public interface IObjectStore
{
    /// <summary>Bytes of a file that is read whole: the largest table metadata that is served.</summary>
    const int MaxReadBytes = 512 * 1024 * 1024;

    /// <summary>UTF-16 characters of a location.</summary>
    const int MaxLocationLength = 2048;

    /// <summary>Reads a file whole, as it is stored. Null when there is none; a folder is none.</summary>
    /// <exception cref="Iceberg.CatalogException">The location is refused, or the file is larger than <see cref="MaxReadBytes"/>.</exception>
    ValueTask<ReadOnlyMemory<byte>?> ReadAsync(string location, CancellationToken cancellationToken);

    /// <summary>Opens a file of any size for reading from its beginning, for files too large to hold. Null when there is none. The stream need not be seekable.</summary>
    ValueTask<Stream?> OpenReadAsync(string location, CancellationToken cancellationToken);

    /// <summary>
    /// Whether a file is there, where that can be told without a request over a network; null where it cannot. Lets a cached file be served only while it exists,
    /// where asking costs next to nothing.
    /// </summary>
    bool? ExistsNearby(string location) => null;

    /// <summary>Creates a file. False when the location is taken already, whatever its content.</summary>
    /// <exception cref="UnknownOutcomeException">Nobody can tell whether it was created; whatever else is thrown, it was not.</exception>
    /// <exception cref="StoreThrottledException">The store asked to slow down; nothing was created.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot be reached or used; nothing was created.</exception>
    ValueTask<bool> CreateAsync(string location, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>Deletes a file; none there is as good.</summary>
    ValueTask DeleteAsync(string location, CancellationToken cancellationToken);

    /// <summary>
    /// Makes a folder, where storage has folders and clients expect to find those that they write into. Best effort: not durable, and no file is promised a place by it.
    /// </summary>
    /// <exception cref="Iceberg.CatalogException">The location is refused.</exception>
    ValueTask MakeFolderAsync(string location, CancellationToken cancellationToken) => default;

    /// <summary>Removes the empty folders at and below a location, and those above it that are empty then, where storage has folders. Best effort.</summary>
    /// <exception cref="Iceberg.CatalogException">The location is refused.</exception>
    ValueTask RemoveEmptyFoldersAsync(string location, CancellationToken cancellationToken) => default;

    /// <summary>
    /// The locations of the files below a folder at any depth, in any order, each beginning as <paramref name="folder"/> is spelled. The folder ends at a slash, written or not: <c>a/t</c> never gives <c>a/table/x</c>.
    /// For people and tests; the catalog itself never lists to find truth.
    /// </summary>
    IAsyncEnumerable<string> ListAsync(string folder, CancellationToken cancellationToken);
}
