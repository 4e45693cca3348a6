using Azure;
using Azure.Data.Tables;
using Frazil.Storage;

namespace Frazil.AzureBackend;

/// <summary>
/// The store contract on Azure Tables (or the Table API of Cosmos DB). A batch is an entity group transaction, whose conditions are <c>If-Match</c>: versions are the service's entity tags.
/// A partition is a partition key, so its ceiling is that of one partition: 2,000 rows a second.
/// </summary>
public sealed class AzureTablesKeyValueStore : IKeyValueStore
{
    /// <summary>Point reads under way at once for a read of many rows: the service has no read of many keys.</summary>
    private const int Parallelism = 16;

    /// <summary>Rows that one sweep removes at once: their marks go in the same transaction.</summary>
    private const int SweptAtOnce = 50;

    private readonly TableClient client;
    private readonly TimeProvider time;
    private readonly IdSource ids;
    private readonly TimeProvider clock;

    /// <summary>Opens a table.</summary>
    /// <param name="client">A client made with <see cref="AzureClients.ForTables"/>, which does not repeat requests.</param>
    /// <param name="time">For waits.</param>
    /// <param name="ids">For jitter.</param>
    /// <param name="clock">The time by which rows end; <paramref name="time"/> by default.</param>
    public AzureTablesKeyValueStore(TableClient client, TimeProvider time, IdSource ids, TimeProvider? clock = null)
    {
        this.client = client;
        this.time = time;
        this.ids = ids;
        this.clock = clock ?? time;
    }

    /// <summary>Makes the table when there is none.</summary>
    public async Task CreateTableIfMissingAsync(CancellationToken cancellationToken) => await client.CreateIfNotExistsAsync(cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<Item?> ReadAsync(string partition, string id, CancellationToken cancellationToken)
    {
        Ids.CheckPartition(partition);
        Ids.Check(id);
        return await FindAsync(partition, id, cancellationToken) is { } row && !HasEnded(row) ? AzureTableRows.ToItem(row) : null;
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<Item?>> ReadManyAsync(string partition, IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        Ids.CheckMany(ids);
        using var slots = new SemaphoreSlim(Parallelism);
        return await Task.WhenAll(ids.Select(async id =>
        {
            await slots.WaitAsync(cancellationToken);
            try
            {
                return await ReadAsync(partition, id, cancellationToken);
            }
            finally
            {
                slots.Release();
            }
        }));
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<Item>> ListAsync(string partition, string prefix, string? after, int limit, CancellationToken cancellationToken)
    {
        Ids.CheckPartition(partition);
        if (Ids.Range(prefix, after, limit) is not { } range)
        {
            return [];
        }

        var (from, until) = RowKeys.Range(range.Folder, range.Begin);
        var filter = range.After is null
            ? TableClient.CreateQueryFilter($"PartitionKey eq {RowKeys.Partition(partition)} and RowKey ge {from} and RowKey lt {until}")
            : TableClient.CreateQueryFilter($"PartitionKey eq {RowKeys.Partition(partition)} and RowKey gt {RowKeys.Of(range.Folder, range.After)} and RowKey lt {until}");
        return await RetryAsync(
            async token =>
            {
                List<Item> found = [];

                // The service may end a page early, for reasons of its own; the client asks on.
                await foreach (var entity in client.QueryAsync<TableEntity>(filter, Math.Min(limit, IKeyValueStore.MaxPage), cancellationToken: token))
                {
                    var item = AzureTableRows.ToItem(entity);
                    if (!item.Id.StartsWith(prefix, StringComparison.Ordinal) || HasEnded(entity))
                    {
                        continue;
                    }

                    found.Add(item);
                    if (found.Count == limit)
                    {
                        break;
                    }
                }

                return (IReadOnlyList<Item>)found;
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<WriteResult> WriteAsync(string partition, string commitId, IReadOnlyList<Write> writes, CancellationToken cancellationToken)
    {
        Batches.Check(partition, commitId, writes);
        cancellationToken.ThrowIfCancellationRequested();
        if (writes.FirstOrDefault(write => Batches.RequiredVersion(write) is { } version && !AzureTableRows.IsVersion(version)) is { } impossible)
        {
            // The service calls what is no entity tag of its own a malformed request; no row can be at it.
            return new WriteResult(impossible.Id);
        }

        while (true)
        {
            var attempts = NewAttempts();
            var result = await SendAsync(attempts, partition, commitId, writes);
            if (result.IsApplied || attempts.IsOpen || await OverEndedAsync(partition, commitId, writes, result.RefusedBy!) is not { } over)
            {
                return result;
            }

            writes = over;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<int> SweepAsync(string partition, int limit, CancellationToken cancellationToken)
    {
        Ids.CheckPartition(partition);
        var (from, until) = RowKeys.Ended(clock.GetUtcNow().ToUnixTimeSeconds());
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {RowKeys.Partition(partition)} and RowKey ge {from} and RowKey lt {until}");
        var marks = await RetryAsync(
            async token =>
            {
                List<TableEntity> found = [];
                await foreach (var mark in client.QueryAsync<TableEntity>(filter, SweptAtOnce, cancellationToken: token))
                {
                    found.Add(mark);
                    if (found.Count == Math.Min(limit, SweptAtOnce))
                    {
                        break;
                    }
                }

                return found;
            },
            cancellationToken);
        if (marks.Count == 0)
        {
            return 0;
        }

        // A row that was written anew may end later, or not at all: then only the mark of its earlier end goes.
        var rows = await Task.WhenAll(marks.Select(mark => AzureTableRows.IdOf(mark)).Distinct(StringComparer.Ordinal).Select(id => FindAsync(partition, id, cancellationToken).AsTask()));
        try
        {
            await client.SubmitTransactionAsync(
                [
                    .. marks.Select(mark => new TableTransactionAction(TableTransactionActionType.Delete, mark, mark.ETag)),
                    .. rows.OfType<TableEntity>().Where(HasEnded).Select(row => new TableTransactionAction(TableTransactionActionType.Delete, row, row.ETag)),
                ],
                CancellationToken.None);
            return marks.Count;
        }
        catch (RequestFailedException refused) when (refused.Status is 404 or 409 or 412)
        {
            return 0; // Another sweep was faster, or a row was written anew: the next one looks again.
        }
        catch (Exception failure)
        {
            throw Translate(failure, AzureFailures.Classify(failure));
        }
    }

    private bool HasEnded(TableEntity row) => Batches.HasEnded(AzureTableRows.EndOf(row), clock);

    private static TableTransactionAction[] ActionsOf(string partition, string commitId, IReadOnlyList<Write> writes) =>
        [.. writes.Select(write => AzureTableRows.ToAction(partition, commitId, write)), .. writes.Select(write => AzureTableRows.ToEndAction(partition, write)).OfType<TableTransactionAction>()];

    /// <summary>The batch with a creation that takes the place of a row which has ended and is not removed yet; null when there is no such row.</summary>
    private async ValueTask<IReadOnlyList<Write>?> OverEndedAsync(string partition, string commitId, IReadOnlyList<Write> writes, string id) =>
        writes.First(write => write.Id == id) is Write.Create create
        && await FindAsync(partition, id, CancellationToken.None) is { } row && HasEnded(row) && AzureTableRows.CommitIdOf(row) != commitId
            ? [.. writes.Select(write => write.Id == id ? new Write.Replace(id, create.Value, row.ETag.ToString()) { ExpiresAt = create.ExpiresAt } : write)]
            : null;

    private async Task<WriteResult> SendAsync(Attempts attempts, string partition, string commitId, IReadOnlyList<Write> writes)
    {
        var actions = ActionsOf(partition, commitId, writes);
        return await attempts.SendAsync(
            async () =>
            {
                await client.SubmitTransactionAsync(actions, CancellationToken.None);
                return WriteResult.Applied;
            },
            failure => failure is RequestFailedException { Status: 404 or 409 or 412 } refused && refused.ErrorCode != "TableNotFound"
                ? JudgeAsync(partition, commitId, writes, writes[(refused as TableTransactionFailedException)?.FailedTransactionActionIndex ?? 0].Id, attempts.IsOpen, refused)
                : null,
            failure => throw new UnknownOutcomeException($"Azure Tables did not tell whether it applied a batch: {failure.Message}", failure));
    }

    /// <summary>
    /// A refusal may be the batch's own doing, when an earlier sending of it was applied: then a row that it made or replaced carries its commit id.
    /// While an earlier sending is open, a refusal is certain only when somebody else's row says that it took the place of the very version that a write required.
    /// </summary>
    private async Task<WriteResult> JudgeAsync(
        string partition, string commitId, IReadOnlyList<Write> writes, string refusedBy, bool isOpen, Exception refusal)
    {
        var isCertain = !isOpen;
        try
        {
            foreach (var write in writes.Where(write => Batches.NewValue(write) is not null))
            {
                if (await FindAsync(partition, write.Id, CancellationToken.None) is not { } row)
                {
                    continue;
                }

                if (AzureTableRows.CommitIdOf(row) == commitId)
                {
                    return WriteResult.Applied;
                }

                isCertain |= write is Write.Replace replace && AzureTableRows.ReplacedVersionOf(row) == replace.Version;
            }
        }
        catch (Exception exception) when (isOpen && exception is IOException or StoreThrottledException or StoreUnavailableException)
        {
            throw new UnknownOutcomeException($"Azure Tables did not tell whether it applied a batch: {exception.Message}", exception);
        }

        return isCertain
            ? new WriteResult(refusedBy)
            : throw new UnknownOutcomeException($"Azure Tables refused the second sending of a batch whose first had no answer: {refusal.Message}", refusal);
    }

    private async ValueTask<TableEntity?> FindAsync(string partition, string id, CancellationToken cancellationToken)
    {
        var found = await RetryAsync(
            token => client.GetEntityIfExistsAsync<TableEntity>(RowKeys.Partition(partition), RowKeys.Of(id), cancellationToken: token), cancellationToken);
        return found.HasValue ? found.Value : null;
    }

    private Attempts NewAttempts() => new(time, ids, static failure =>
    {
        var kind = AzureFailures.Classify(failure);
        return new Failure(kind, Translate(failure, kind));
    });

    private async ValueTask<T> RetryAsync<T>(Func<CancellationToken, Task<T>> act, CancellationToken cancellationToken) => await NewAttempts().AskAsync(act, cancellationToken);

    private static Exception Translate(Exception failure, FailureKind kind) => kind switch
    {
        FailureKind.Throttled => new StoreThrottledException($"Azure Tables asks to slow down: {failure.Message}", failure),
        FailureKind.Unreachable => new StoreUnavailableException("its store cannot be reached", $"Azure Tables cannot be reached: {failure.Message}", failure),
        _ => new IOException($"Azure Tables failed: {failure.Message}", failure),
    };
}
