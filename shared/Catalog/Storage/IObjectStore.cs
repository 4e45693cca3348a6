namespace Frazil.Storage;

/// <summary>
/// Files of a warehouse, by location: metadata files written once under fresh names, and what a purge deletes.
/// </summary>
/// <remarks>
/// Promises, each a test of the conformance suite:
/// <list type="number">
/// <item>A file that <see cref="CreateAsync"/> made is whole and durable when the call returns: a read anywhere sees all of it or, before, nothing; never a part, not even after a crash.</item>
/// <item>Of any number of writers of one location exactly one creates it; the others are told that it exists.</item>
/// <item>Nothing is ever overwritten.</item>
/// <item>A location outside what the store serves is refused before anything is touched; no <c>..</c>, symbolic link or encoding reaches outside.</item>
/// <item>When the outcome of a creation cannot be known, it throws <see cref="UnknownOutcomeException"/>.</item>
/// </list>
/// </remarks>
public interface IObjectStore
{
    /// <summary>Bytes of a file that is read whole: the largest table metadata that is served.</summary>
    const int MaxReadBytes = 512 * 1024 * 1024;

    /// <summary>Reads a file whole, as it is stored. Null when there is none.</summary>
    ValueTask<ReadOnlyMemory<byte>?> ReadAsync(string location, CancellationToken cancellationToken);

    /// <summary>Opens a file for reading from its beginning, for files too large to hold. Null when there is none.</summary>
    ValueTask<Stream?> OpenReadAsync(string location, CancellationToken cancellationToken);

    /// <summary>Creates a file. False when the location is taken already, whatever its content.</summary>
    ValueTask<bool> CreateAsync(string location, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>Deletes a file; none there is as good.</summary>
    ValueTask DeleteAsync(string location, CancellationToken cancellationToken);

    /// <summary>The locations of the files below a folder, in any order, as the store spells them. For people and tests; the catalog itself never lists to find truth.</summary>
    IAsyncEnumerable<string> ListAsync(string folder, CancellationToken cancellationToken);
}
