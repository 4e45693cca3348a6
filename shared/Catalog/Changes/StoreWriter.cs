using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil;

/// <summary>
/// The one way down: every change of a catalog is a batch that goes through here, sent by <see cref="Changes"/>; what stands above catalogs is sent by its own operations. Names the batch, sends it again when its outcome is unknown
/// (the same batch under the same commit id, which a store takes at most once), and says plainly when nobody can tell.
/// </summary>
public sealed class StoreWriter(IKeyValueStore store, TimeProvider clock, IdSource ids)
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(50);

    /// <summary>The store, for reading.</summary>
    public IKeyValueStore Store { get; } = store;

    /// <summary>Applies a batch.</summary>
    /// <param name="partition">The partition of every write.</param>
    /// <param name="writes">The conditional writes.</param>
    /// <param name="cancellationToken">Heeded until the batch is sent.</param>
    /// <param name="landed">
    /// Tells from what is stored now whether the batch was applied at some time, or null when that cannot be told. Asked only when a batch was sent more than once
    /// and refused in the end, and the rows themselves do not tell.
    /// </param>
    /// <returns>
    /// Applied or refused. A refusal is certain: where an earlier try of the batch could have been applied and overtaken since, the call throws instead.
    /// </returns>
    /// <exception cref="CatalogException">
    /// 500 <c>CommitStateUnknownException</c> when nobody can tell; nothing may be deleted then. 503 when the store throttles and nothing was applied.
    /// </exception>
    public async ValueTask<WriteResult> WriteAsync(string partition, IReadOnlyList<Write> writes, CancellationToken cancellationToken, Func<ValueTask<bool?>>? landed = null)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            throw new NothingSentException(cancellationToken);
        }

        var commitId = ids.NewId().ToString("N");
        if (Measures.Current is { } measures)
        {
            measures.CommitId = commitId;
        }

        for (var attempt = 1; ; attempt++)
        {
            try
            {
                // Once the batch may be on its way, the caller's going away must not leave its outcome unread.
                var result = await Store.WriteAsync(partition, commitId, writes, CancellationToken.None);
                return result.IsApplied || attempt == 1 || !await HasLandedAsync(partition, commitId, writes, landed) ? result : WriteResult.Applied;
            }
            catch (UnknownOutcomeException exception) when (attempt == Limits.MaxWriteAttempts)
            {
                return await ReadBackAsync(partition, commitId, writes) ? WriteResult.Applied : throw Unknown(exception);
            }
            catch (UnknownOutcomeException)
            {
                await Task.Delay(FirstDelay * (Math.Pow(2, attempt - 1) * (0.5 + ids.NextChance())), clock, CancellationToken.None);
            }
            catch (Exception exception) when (attempt > 1 && exception is not CatalogException)
            {
                // An earlier try may have been applied: whatever this one fails of, it is no longer "nothing happened".
                return await ReadBackAsync(partition, commitId, writes) ? WriteResult.Applied : throw Unknown(exception);
            }
            catch (StoreThrottledException exception)
            {
                throw new CatalogException(ErrorKind.SlowDown, "The catalog's store is throttling; nothing was changed. Try again later", exception);
            }
            catch (StoreUnavailableException exception)
            {
                throw new CatalogException(ErrorKind.Unavailable, NothingWasChanged(exception), exception);
            }
        }
    }

    /// <summary>What to tell whoever asked for a change that a store or storage in trouble did not make.</summary>
    public static string NothingWasChanged(StoreUnavailableException exception) => $"The catalog cannot work at the moment: {exception.Reason}. Nothing was changed";

    /// <summary>
    /// A batch whose first try had no answer was refused on another try. Either it never happened, or it did and somebody wrote over it since.
    /// It certainly never happened when a row that it would have replaced or deleted is still as it was before: versions never come back.
    /// A row that it would have made tells nothing by being absent: somebody may have deleted it again.
    /// </summary>
    private async ValueTask<bool> HasLandedAsync(string partition, string commitId, IReadOnlyList<Write> writes, Func<ValueTask<bool?>>? landed)
    {
        var isUntouched = false;
        foreach (var write in writes)
        {
            var item = await LookAsync(partition, write.Id);
            if (item?.CommitId == commitId)
            {
                return true;
            }

            isUntouched |= write is Write.Replace or Write.Delete && item?.Version == Batches.RequiredVersion(write);
        }

        return !isUntouched && ((landed is null ? null : await AskAsync(landed)) ?? throw Unknown(null));
    }

    /// <summary>A row, where a failure to read it leaves the outcome of what was sent as unknown as it was.</summary>
    private async ValueTask<Item?> LookAsync(string partition, string id)
    {
        try
        {
            return await Store.ReadAsync(partition, id, CancellationToken.None);
        }
        catch (Exception exception) when (exception is StoreThrottledException or StoreUnavailableException or IOException or TimeoutException)
        {
            throw Unknown(exception);
        }
    }

    /// <summary>A failure to find out is no answer, and must not look as if nothing had happened.</summary>
    private static async ValueTask<bool?> AskAsync(Func<ValueTask<bool?>> landed)
    {
        try
        {
            return await landed();
        }
        catch (Exception exception) when (exception is CatalogException or StoreThrottledException or StoreUnavailableException or IOException or TimeoutException)
        {
            return null;
        }
    }

    private async ValueTask<bool> ReadBackAsync(string partition, string commitId, IReadOnlyList<Write> writes)
    {
        try
        {
            foreach (var write in writes)
            {
                if (write is Write.Create or Write.Replace)
                {
                    return (await Store.ReadAsync(partition, write.Id, CancellationToken.None))?.CommitId == commitId;
                }
            }

            return false;
        }
        catch (Exception exception) when (exception is UnknownOutcomeException or StoreThrottledException or StoreUnavailableException or IOException or TimeoutException)
        {
            return false;
        }
    }

    private static CatalogException Unknown(Exception? cause) =>
        new(ErrorKind.CommitStateUnknown, "The catalog's store did not answer: whether the change was made cannot be known. Load again before retrying", cause);
}
