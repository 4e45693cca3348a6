namespace Frazil.Storage;

/// <summary>
/// The narrow waist of the catalog: a small conditional-write store. Every row is an opaque value under (partition, id). There is no unconditional write.
/// </summary>
/// <remarks>
/// Promises, each a test of the conformance suite:
/// <list type="number">
/// <item>A read sees every write that was applied before it began (strong consistency); so does a list.</item>
/// <item>A batch is applied whole or not at all. No single read sees a part of it; the rows of a many-keys read or of a list may come from before and after a batch.</item>
/// <item>A batch has 1 to <see cref="MaxBatch"/> writes in one partition, each on another id.</item>
/// <item>A batch that was applied is never reported as refused, however often a transport repeated it: an applied row carries the batch's commit id.</item>
/// <item>When the outcome cannot be known, the write throws <see cref="UnknownOutcomeException"/>; it may land later. Nothing else that a write throws leaves this open: then nothing was applied, and nothing will be.</item>
/// <item>When the store throttles and nothing was applied, it throws <see cref="StoreThrottledException"/>; when it is in trouble that somebody has to see to, <see cref="StoreUnavailableException"/>.</item>
/// <item>A version is never used twice for one id, not even after the row was deleted and created again.</item>
/// <item>A list gives the ids of its folder that begin with the prefix, in ordinal order of their UTF-8 bytes, each once; rows added or removed meanwhile may or may not show.</item>
/// <item>A row with an end is there until then. From then on it is absent to reads, to lists and to a <see cref="Write.Create"/>, whether the store has removed it yet or not; a write that names its version may be applied or refused.</item>
/// </list>
/// <para>
/// An id is a path: parts joined by <c>/</c>. What stands up to and with the last slash is the folder, and a list walks within one folder; a store may spread folders over its hardware.
/// A part may be empty, but not the last one. An id without a slash is in no folder and is only ever read by its id. <see cref="Ids"/> holds these rules.
/// </para>
/// <para>
/// After <see cref="UnknownOutcomeException"/>: read back. A row whose <see cref="Item.CommitId"/> is the batch's says that it was applied. The same batch may also be sent again with the same commit id:
/// it is answered as applied when one of the rows it made or replaced still carries that id. A refusal of a batch that was <em>sent again by the caller</em> tells nothing about the first sending
/// (its rows may have been written by others since), unless what is read back shows that a <see cref="Write.Replace"/> or <see cref="Write.Delete"/> of it can never have held.
/// </para>
/// </remarks>
public interface IKeyValueStore
{
    /// <summary>
    /// Writes in one batch: what DynamoDB's TransactWriteItems and Azure's entity group transactions both allow. One that gives its row an end counts twice: where the store does not remove such rows
    /// by itself, the batch also writes when it is to be done.
    /// </summary>
    const int MaxBatch = 100;

    /// <summary>Bytes of one value.</summary>
    const int MaxValueBytes = 256 * 1024;

    /// <summary>Bytes of all values of one batch: under the 4 MiB of both DynamoDB and Azure, which counts them as base64, with room for keys.</summary>
    const int MaxBatchBytes = 5 * 512 * 1024;

    /// <summary>UTF-16 characters of an id: what Azure allows for a row key.</summary>
    const int MaxIdLength = 512;

    /// <summary>UTF-8 bytes of an id's last part: what DynamoDB allows for a sort key. Shorter ids than <see cref="MaxIdLength"/> cannot exceed it in their folder.</summary>
    const int MaxNameBytes = 1024;

    /// <summary>UTF-16 characters of a partition name.</summary>
    const int MaxPartitionLength = 256;

    /// <summary>UTF-8 bytes of a partition name: with any folder (<see cref="MaxIdLength"/> characters of three bytes) it fits into the 2,048 bytes of DynamoDB's hash key.</summary>
    const int MaxPartitionBytes = 511;

    /// <summary>Ids in one page of a list, at most.</summary>
    const int MaxPage = 1000;

    /// <summary>Characters of a commit id.</summary>
    const int MaxCommitIdLength = 64;

    /// <summary>Reads one row, or null when there is none.</summary>
    /// <exception cref="ArgumentException">The partition or the id breaks a limit.</exception>
    /// <exception cref="StoreThrottledException">The store asked to slow down.</exception>
    ValueTask<Item?> ReadAsync(string partition, string id, CancellationToken cancellationToken);

    /// <summary>Reads many rows; the answer has the order of <paramref name="ids"/>, with null for a missing one. At most <see cref="MaxBatch"/> ids, none at all included; an id may come twice.</summary>
    ValueTask<IReadOnlyList<Item?>> ReadManyAsync(string partition, IReadOnlyList<string> ids, CancellationToken cancellationToken);

    /// <summary>
    /// One page of the rows whose id begins with <paramref name="prefix"/> and has no further slash. The prefix must hold a slash: it names the folder.
    /// </summary>
    /// <param name="partition">Where to look.</param>
    /// <param name="prefix">The folder with its slash, and perhaps the beginning of the last part.</param>
    /// <param name="after">The id after which to go on, exclusive; null to begin. Need not exist, nor lie under the prefix: it is a bound in the order of ids, nothing more.</param>
    /// <param name="limit">How many at most, 1 to <see cref="MaxPage"/>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>Up to <paramref name="limit"/> rows in order. Fewer only when there are no more.</returns>
    ValueTask<IReadOnlyList<Item>> ListAsync(string partition, string prefix, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>Applies a batch of conditional writes, all or nothing.</summary>
    /// <param name="partition">The partition of every write.</param>
    /// <param name="commitId">Names this batch, unique over all time: 1 to 64 characters of <c>A-Z a-z 0-9 -</c>. Becomes <see cref="Item.CommitId"/> of each row written.</param>
    /// <param name="writes">1 to <see cref="MaxBatch"/> writes.</param>
    /// <param name="cancellationToken">
    /// Ends the call before the batch is sent, in <see cref="OperationCanceledException"/>: nothing was applied. Afterwards it is not heeded, or ends in <see cref="UnknownOutcomeException"/>.
    /// </param>
    /// <exception cref="UnknownOutcomeException">Nobody can tell whether it was applied.</exception>
    /// <exception cref="StoreThrottledException">Throttled; nothing was applied.</exception>
    /// <exception cref="ArgumentException">The batch breaks a limit, names an id twice, or names its own commit id as a version.</exception>
    ValueTask<WriteResult> WriteAsync(string partition, string commitId, IReadOnlyList<Write> writes, CancellationToken cancellationToken);

    /// <summary>
    /// Removes rows past their end, those first whose end came first, found by their time: what it costs depends on what has ended and is not removed yet, not on what is there.
    /// Nothing to do for a store that removes them by itself.
    /// </summary>
    /// <param name="partition">Where.</param>
    /// <param name="limit">How many at most, 1 to <see cref="MaxPage"/>.</param>
    /// <param name="cancellationToken">Ends the call; what was removed stays removed.</param>
    /// <returns>How many were removed. Fewer than <paramref name="limit"/> do not mean that there are no more, but none does for now.</returns>
    ValueTask<int> SweepAsync(string partition, int limit, CancellationToken cancellationToken);

    /// <summary>Tries whether writes would be taken, for health checks: throws what they would throw. A store whose reads tell as much does nothing here.</summary>
    /// <exception cref="StoreUnavailableException">They would not.</exception>
    ValueTask CheckAsync(CancellationToken cancellationToken) => default;
}

/// <summary>A row as read.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Value">Its value.</param>
/// <param name="Version">What a conditional write must name. Opaque; changes with every write of the row.</param>
/// <param name="CommitId">The commit id of the batch that wrote the row last. A backend may move <paramref name="Version"/> for a <see cref="Write.Check"/>, but never this.</param>
public sealed record Item(string Id, ReadOnlyMemory<byte> Value, string Version, string CommitId)
{
    /// <summary>When the row ends, in whole seconds; null when it does not end by itself.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>One conditional write of a batch.</summary>
/// <param name="Id">The row.</param>
public abstract record Write(string Id)
{
    /// <summary>Makes a row that must not exist.</summary>
    public sealed record Create(string Id, ReadOnlyMemory<byte> Value) : Write(Id)
    {
        /// <summary>
        /// When the row ends, rounded up to a second; null when it does not end by itself. For rows that nobody misses, and later than any sending of the batch: one that is sent again after that
        /// is applied again.
        /// </summary>
        public DateTimeOffset? ExpiresAt { get; init; }
    }

    /// <summary>Changes the value of a row that must be at <paramref name="Version"/>.</summary>
    public sealed record Replace(string Id, ReadOnlyMemory<byte> Value, string Version) : Write(Id)
    {
        /// <summary>When the row ends, as for <see cref="Create"/>; null when it does not end by itself, also if it did before.</summary>
        public DateTimeOffset? ExpiresAt { get; init; }
    }

    /// <summary>Removes a row that must be at <paramref name="Version"/>.</summary>
    public sealed record Delete(string Id, string Version) : Write(Id);

    /// <summary>Changes nothing; the row must be at <paramref name="Version"/>.</summary>
    public sealed record Check(string Id, string Version) : Write(Id);
}

/// <summary>The outcome of a batch.</summary>
/// <param name="RefusedBy">The id of a write whose condition did not hold, or null when the batch was applied.</param>
public readonly record struct WriteResult(string? RefusedBy)
{
    /// <summary>The batch was applied.</summary>
    public static WriteResult Applied => default;

    /// <summary>Whether the batch was applied, whole. If not, nothing of it was.</summary>
    public bool IsApplied => RefusedBy is null;
}

/// <summary>A write whose outcome nobody can tell: applied, not applied, or yet to be applied.</summary>
public sealed class UnknownOutcomeException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The store asked to slow down, and nothing was applied.</summary>
/// <param name="message">For the log.</param>
/// <param name="inner">The vendor's exception.</param>
public sealed class StoreThrottledException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The store or storage cannot be used - nobody answers at its address, its file is gone, its disk full, another program holds it - and nothing was applied.</summary>
/// <param name="reason">What is wrong, in words that may be shown to anybody: no paths, no names of hosts.</param>
/// <param name="message">For the log.</param>
/// <param name="inner">What failed.</param>
public sealed class StoreUnavailableException(string reason, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What is wrong, in words that may be shown to anybody.</summary>
    public string Reason { get; } = reason;
}
