using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil;

/// <summary>
/// The one way by which a catalog changes. Operations say what is to be changed (<see cref="Change"/>); here it is made: answers of earlier tries are given again, files are written before
/// the rows that name them and deleted when it is certain that nothing happened, one batch makes the change and records its answer, and a lost race is run again.
/// </summary>
public sealed class Changes(StoreWriter writer, Idempotency idempotency, MetadataFiles files, TimeProvider clock, IdSource ids)
{
    private const int MaxLooks = 10;

    private readonly Turns turns = new();

    /// <summary>The store, for reading.</summary>
    internal IKeyValueStore Store => writer.Store;

    /// <summary>Carries out a request that is one change, at most once when the client sent a key, and again after every lost race, a bounded number of times.</summary>
    /// <param name="call">The request. Its caller may do this: that is found out before.</param>
    /// <param name="prepare">Looks at what is stored, refuses, or says what is to be changed. Null when it saw that others are at it: then it looks again.</param>
    /// <param name="lost">The failure when others were faster in every try.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <param name="rows">Rows whose writers in this process take turns, so that they do not waste files on races with each other.</param>
    /// <param name="isCommit">Whether it counts as a commit.</param>
    internal ValueTask<Outcome> RunAsync(
        CallContext call, Func<ValueTask<Change?>> prepare, Func<CatalogException> lost, CancellationToken cancellationToken, IReadOnlyList<string>? rows = null, bool isCommit = false) =>
        OnceAsync(call, () => RaceAsync(call, prepare, lost, cancellationToken, rows, isCommit), cancellationToken);

    /// <summary>
    /// Carries out a request, or gives the recorded answer of its first time. The record of a success is a row in the batch that makes the change; a terminal 4xx is recorded after it happened;
    /// a 5xx is not, so that the client may try again under the same key.
    /// </summary>
    /// <exception cref="CatalogException">What the operation throws; 422 when the key was used for another request.</exception>
    internal async ValueTask<Outcome> OnceAsync(CallContext call, Func<ValueTask<Outcome>> operation, CancellationToken cancellationToken)
    {
        if (call.Idempotency is null)
        {
            return await operation();
        }

        if (await idempotency.ReplayAsync(call, cancellationToken) is { } earlier)
        {
            return earlier;
        }

        CatalogMeter.Idempotency.Add(1, CatalogMeter.Outcome("new"));
        try
        {
            return await operation();
        }
        catch (IdempotencyKeyTakenException)
        {
            // Another request under this key was faster; nothing of this one was applied.
            return await idempotency.ReplayAsync(call, cancellationToken)
                ?? throw new CatalogException(ErrorKind.CommitStateUnknown, "The record of this idempotency key vanished while it was read");
        }
        catch (CatalogException exception) when (Idempotency.IsTerminal(exception.Kind))
        {
            if (await RecordAsync(call, new Outcome.Failure(exception.Kind, exception.Message), cancellationToken) is { } other)
            {
                return other;
            }

            throw;
        }
    }

    /// <summary>As <see cref="RunAsync"/>, for the part of a request that runs within <see cref="OnceAsync"/> already.</summary>
    internal async ValueTask<Outcome> RaceAsync(
        CallContext call, Func<ValueTask<Change?>> prepare, Func<CatalogException> lost, CancellationToken cancellationToken, IReadOnlyList<string>? rows = null, bool isCommit = false)
    {
        using var turn = rows is null ? null : await turns.TakeAsync(call.Catalog.Partition, rows, cancellationToken);
        for (var attempt = 1; ; attempt++)
        {
            var outcome = TryAsync(call, prepare, cancellationToken);
            if (await (isCommit ? CatalogMeter.CountCommitAsync(attempt, outcome) : outcome) is { } done)
            {
                return done;
            }

            if (attempt == Limits.MaxCommitAttempts)
            {
                throw lost();
            }

            await PauseAsync(attempt, cancellationToken);
        }
    }

    /// <summary>Makes a change, if nothing that it stands on has changed since: the one place where something is written.</summary>
    /// <returns>Whether it was made. If not, nothing was.</returns>
    /// <exception cref="CatalogException">400 when it takes more, or larger, rows than a batch holds; 500 <c>CommitStateUnknownException</c> when nobody can tell: then nothing is deleted.</exception>
    /// <exception cref="IdempotencyKeyTakenException">Another request under the same key was faster.</exception>
    internal async ValueTask<bool> ApplyAsync(CallContext call, Change change, CancellationToken cancellationToken)
    {
        // An approval is asked for here: what is to be changed is known, and neither a file nor a row is written.
        if (change.Announce is not null)
        {
            if (await change.Announce() is not { } more)
            {
                return false;
            }

            change = change with { Writes = [.. change.Writes, .. more], Announce = null };
        }

        if (await TakeAsync(call, change, cancellationToken) is not { } taken)
        {
            return false;
        }

        var batch = ToBatch(call, change, taken);
        if (Batches.ExcessOf(batch) is { } excess)
        {
            throw CatalogException.BadRequest($"A change {excess}: commit fewer tables, or create fewer, at once");
        }

        var isApplied = false;
        var flight = new Flight();
        try
        {
            if (change.Ready is not null)
            {
                await change.Ready();
            }

            await Parallel.EachAsync(change.NewFiles, file => CreateAsync(call, file, cancellationToken));
            var result = await SendAsync(call, change, batch, flight, cancellationToken);
            isApplied = result.IsApplied;
            if (change.Kind != ChangeKind.Upkeep)
            {
                Idempotency.ThrowIfTaken(call, result);
            }
        }
        catch (Exception exception) when (flight.IsNothing(exception))
        {
            await Parallel.EachAsync(change.NewFiles, file => DeleteAsync(call, file));
            throw;
        }

        if (!isApplied)
        {
            await Parallel.EachAsync(change.NewFiles, file => DeleteAsync(call, file));
            return false;
        }

        foreach (var file in change.NewFiles)
        {
            files.Keep(call.Catalog, file);
        }

        foreach (var changed in change.Objects)
        {
            if (changed is ChangedTable { ExpiredFiles.Count: > 0 } table)
            {
                await DeleteExpiredAsync(call, table);
            }
        }

        return true;
    }

    /// <summary>
    /// The writes of several parts of one change as one batch: they share the namespace that they check and the version row of locations. Null when two of them saw such a row at different
    /// versions: one version can be checked only, and what the other concluded from what it saw (that nobody claims its location, say) may not hold any more.
    /// </summary>
    internal static IReadOnlyList<Write>? Merge(IEnumerable<Write> writes)
    {
        var byRow = writes.GroupBy(write => write.Id).ToArray();
        return byRow.All(row => row.All(write => Batches.RequiredVersion(write) == Batches.RequiredVersion(row.First()))) ? [.. byRow.Select(row => row.First())] : null;
    }

    /// <summary>Everything that has to become true together: the change, what was answered (when the client sent a key), and the event that tells of it once there is one.</summary>
    private IReadOnlyList<Write> ToBatch(CallContext call, Change change, IReadOnlyList<Write> taken)
    {
        var isRecorded = call.Idempotency is not null && change.Kind != ChangeKind.Upkeep;
        return !isRecorded && taken.Count == 0 ? change.Writes : [.. change.Writes, .. taken, .. isRecorded ? Idempotency.Record(call, change.Outcome, clock.GetUtcNow()) : []];
    }

    /// <summary>
    /// Sends the batch. What takes locations the careful way takes turns with the others of this process, for this moment only: a batch that others of them overtook is sent again with a new look,
    /// and the files that are written stay.
    /// </summary>
    private async ValueTask<WriteResult> SendAsync(CallContext call, Change change, IReadOnlyList<Write> batch, Flight flight, CancellationToken cancellationToken)
    {
        if (change.Claims.Count == 0)
        {
            return await SendAsync(batch);
        }

        using var turn = await turns.TakeAsync(call.Catalog.Partition, [Keys.LocationVersion], cancellationToken);
        for (var attempt = 1; ; attempt++)
        {
            var result = await SendAsync(batch);
            if (result.RefusedBy != Keys.LocationVersion || attempt == MaxLooks)
            {
                return result;
            }

            await PauseAsync(attempt, cancellationToken);
            if (await TakeAsync(call, change, cancellationToken) is not { } taken)
            {
                return result;
            }

            batch = ToBatch(call, change, taken);
            if (change.Ready is not null)
            {
                await change.Ready();
            }
        }

        async ValueTask<WriteResult> SendAsync(IReadOnlyList<Write> writes)
        {
            flight.IsUnderWay = true;
            var result = await writer.WriteAsync(call.Catalog.Partition, writes, cancellationToken, change.Landed);
            flight.IsUnderWay = result.IsApplied;
            return result;
        }
    }

    /// <summary>The writes that take the locations of a change; null when it has to be prepared again.</summary>
    private async ValueTask<IReadOnlyList<Write>?> TakeAsync(CallContext call, Change change, CancellationToken cancellationToken)
    {
        try
        {
            return await Claims.TakeAsync(Store, call, change.Claims, cancellationToken);
        }
        catch (CatalogException exception) when (exception.Kind == ErrorKind.Forbidden)
        {
            // The catalog chose the folder, and was right when it looked: when others have it by now, it chooses again. Anything else that is wrong stays so in every try.
            foreach (var claim in change.Claims.Where(claim => claim.IsFolder))
            {
                if (!await Claims.IsFreeForFolderAsync(Store, call, claim.Location, cancellationToken))
                {
                    return null;
                }
            }

            // Who holds the location may have taken the name with it just now: then that is what is wrong.
            foreach (var changed in change.Objects)
            {
                if (changed is ChangedTable { Before: null } made && await Store.ReadAsync(call.Catalog.Partition, Keys.Table(made.Name), cancellationToken) is not null)
                {
                    return null;
                }
            }

            throw;
        }
    }

    /// <summary>One try. Null when the race was lost: then it holds no memory any more.</summary>
    private async ValueTask<Outcome?> TryAsync(CallContext call, Func<ValueTask<Change?>> prepare, CancellationToken cancellationToken)
    {
        using var part = Measures.BeginPart();
        if (await prepare() is not { } change)
        {
            return null;
        }

        var outcome = change.IsNothing ? await RecordAsync(call, change.Outcome, cancellationToken) ?? change.Outcome
            : await ApplyAsync(call, change, cancellationToken) ? change.Outcome
            : null;
        if (outcome is not null)
        {
            part?.Keep(); // Metadata that is answered is in memory until it is sent.
        }

        return outcome;
    }

    /// <summary>Records an outcome that changed nothing in the store. Gives the earlier outcome when there was one after all.</summary>
    private async ValueTask<Outcome?> RecordAsync(CallContext call, Outcome outcome, CancellationToken cancellationToken)
    {
        if (call.Idempotency is null)
        {
            return null;
        }

        var record = Idempotency.Record(call, outcome, clock.GetUtcNow()).Single();
        if (record is Write.Create { Value.Length: > IKeyValueStore.MaxValueBytes })
        {
            return null; // Changed nothing, so carrying it out again is the same.
        }

        return (await writer.WriteAsync(call.Catalog.Partition, [record], cancellationToken)).IsApplied ? null : await idempotency.ReplayAsync(call, cancellationToken);
    }

    /// <summary>Waits a little, and randomly, before another try.</summary>
    private Task PauseAsync(int attempt, CancellationToken cancellationToken) =>
        Task.Delay(TimeSpan.FromMilliseconds(Math.Min(2 * Math.Pow(2, attempt), 500) * (0.5 + ids.NextChance())), clock, cancellationToken);

    private static async ValueTask<bool> CreateAsync(CallContext call, MetadataDocument file, CancellationToken cancellationToken)
    {
        await MetadataFiles.CreateAsync(call.Catalog, file, cancellationToken);
        return true;
    }

    private static async ValueTask<bool> DeleteAsync(CallContext call, MetadataDocument file)
    {
        await MetadataFiles.DeleteQuietlyAsync(call.Catalog, file.Location);
        return true;
    }

    /// <summary>
    /// Deletes the files that left a table's log, unless the name stands for something else by now: whoever unregistered the table may register one of them again. What stays then is garbage.
    /// (Between the look and the deletion a moment is left: no storage deletes under the condition of a row.)
    /// </summary>
    private async ValueTask DeleteExpiredAsync(CallContext call, ChangedTable table)
    {
        if (await ReadQuietlyAsync(call, table.Name) is not { } now || now.Id != table.Id || table.ExpiredFiles.Contains(now.MetadataLocation))
        {
            return;
        }

        foreach (var file in table.ExpiredFiles)
        {
            await MetadataFiles.DeleteQuietlyAsync(call.Catalog, file);
        }
    }

    /// <summary>The change is made: nothing that fails after it may look like its failure.</summary>
    private async ValueTask<TableEntity?> ReadQuietlyAsync(CallContext call, TableIdentifier table)
    {
        try
        {
            return await Store.ReadAsync(call.Catalog.Partition, Keys.Table(table), CancellationToken.None) is { } item ? TableEntity.Read(item) : null;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            return null;
        }
    }
    /// <summary>Whether a batch of a change is on its way, or landed.</summary>
    private sealed class Flight
    {
        public bool IsUnderWay { get; set; }

        /// <summary>
        /// Whether a failure leaves nothing but garbage: it says so itself, or there is no batch of which anybody could not know (the caller went away while it waited for its turn, a look at the store
        /// failed after a refusal). A fresh file that is there already is the exception, since it may be another's.
        /// </summary>
        public bool IsNothing(Exception exception) => Failures.CertainlyNothingHappened(exception) || (!IsUnderWay && exception is not CatalogException);
    }
}
