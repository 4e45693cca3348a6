using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Frazil.Storage;

namespace Frazil.AwsBackend;

/// <summary>
/// The store contract on one DynamoDB table. The hash key is partition and folder together, so that a busy catalog spreads over the table; lists are strongly consistent, so there is no secondary index.
/// </summary>
/// <remarks>
/// <para>One row written costs one write unit per KiB, a batch two. DynamoDB allows about 1,000 write units and 3,000 read units per second and hash key, and 4 MB of rows, old ones included, in a transaction.</para>
/// <para>Beyond the contract's exceptions: <see cref="IOException"/> when the table is missing or DynamoDB refuses the credentials; nothing was applied then.</para>
/// </remarks>
public sealed class DynamoDbKeyValueStore : IKeyValueStore
{
    private readonly IAmazonDynamoDB client;
    private readonly string tableName;
    private readonly TimeProvider time;
    private readonly IdSource ids;
    private readonly TimeProvider clock;

    /// <summary>Opens a table, which need not be there yet.</summary>
    /// <param name="client">A client that does not repeat requests: see <see cref="AwsClients.Configure(AmazonDynamoDBConfig)"/>. It is the caller's to dispose of.</param>
    /// <param name="tableName">The table.</param>
    /// <param name="time">For waits.</param>
    /// <param name="ids">For jitter.</param>
    /// <param name="clock">The time by which rows end; <paramref name="time"/> by default.</param>
    /// <exception cref="ArgumentException">The client repeats requests.</exception>
    public DynamoDbKeyValueStore(IAmazonDynamoDB client, string tableName, TimeProvider time, IdSource ids, TimeProvider? clock = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(tableName);
        AwsClients.CheckRetries(client.Config);
        (this.client, this.tableName, this.time, this.ids, this.clock) = (client, tableName, time, ids, clock ?? time);
    }

    /// <summary>
    /// Makes the table, billed by request, when it is missing, and waits until it can be used. Switches its time to live on where it is off; where that is denied, rows that have ended stay, absent to everybody.
    /// </summary>
    /// <exception cref="InvalidDataException">There is a table of that name with other keys.</exception>
    public Task CreateTableIfMissingAsync(CancellationToken cancellationToken) => new DynamoDbTable(client, tableName, time).CreateIfMissingAsync(cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<Item?> ReadAsync(string partition, string id, CancellationToken cancellationToken)
    {
        Ids.CheckPartition(partition);
        Ids.Check(id);
        var request = new GetItemRequest { TableName = tableName, Key = DynamoDbRows.KeyOf(partition, id), ConsistentRead = true };
        var response = await ReadAsync(() => client.GetItemAsync(request, cancellationToken), cancellationToken);
        return response.Item is { Count: > 0 } row ? DynamoDbRows.ItemOf(id, row, clock) : null;
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<Item?>> ReadManyAsync(string partition, IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        Ids.CheckPartition(partition);
        Ids.CheckMany(ids);
        switch (ids.Distinct(StringComparer.Ordinal).ToList())
        {
            case []:
                return [];
            case [var id] when ids.Count == 1:
                return [await ReadAsync(partition, id, cancellationToken)];
            case var distinct:
                var found = await ReadRowsAsync([.. distinct.Select(id => DynamoDbRows.KeyOf(partition, id))], cancellationToken);
                var byKey = found.ToDictionary(row => (row[DynamoDbRows.HashKey].S, row[DynamoDbRows.RangeKey].S));
                return [.. ids.Select(id => byKey.GetValueOrDefault((DynamoDbRows.HashOf(partition, Ids.FolderOf(id)), Ids.NameOf(id))) is { } row ? DynamoDbRows.ItemOf(id, row, clock) : null)];
        }
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<Item>> ListAsync(string partition, string prefix, string? after, int limit, CancellationToken cancellationToken)
    {
        Ids.CheckPartition(partition);
        var range = Ids.Range(prefix, after, limit);
        var items = new List<Item>();
        if (range is null)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return items;
        }

        var request = QueryOf(partition, range);
        var read = 0;
        do
        {
            request.Limit = PageOf(limit - items.Count, read, items.Count);
            var page = await ReadAsync(() => client.QueryAsync(request, cancellationToken), cancellationToken);
            var rows = page.Items ?? [];
            read += rows.Count;
            items.AddRange(rows.Select(row => DynamoDbRows.ItemOf(range.Folder + row[DynamoDbRows.RangeKey].S, row, clock)).OfType<Item>().Take(limit - items.Count));

            // A page also ends at 1 MB, with rows left.
            request.ExclusiveStartKey = page.LastEvaluatedKey;
        }
        while (items.Count < limit && request.ExclusiveStartKey is { Count: > 0 });

        return items;
    }

    /// <inheritdoc/>
    public async ValueTask<WriteResult> WriteAsync(string partition, string commitId, IReadOnlyList<Write> writes, CancellationToken cancellationToken)
    {
        Batches.Check(partition, commitId, writes);
        cancellationToken.ThrowIfCancellationRequested();
        if (writes is [Write.Check check])
        {
            // Changes nothing, so a read decides it, at a fraction of a transaction's price.
            return (await ReadAsync(partition, check.Id, cancellationToken))?.Version == check.Version ? WriteResult.Applied : new WriteResult(check.Id);
        }

        return await new DynamoDbWriter(client, new DynamoDbRows(tableName, clock), tableName, partition, commitId, writes).RunAsync(NewAttempts());
    }

    /// <inheritdoc/>
    /// <remarks>DynamoDB removes them by its time to live: see <see cref="DynamoDbSchema.End"/>.</remarks>
    public ValueTask<int> SweepAsync(string partition, int limit, CancellationToken cancellationToken)
    {
        Ids.CheckPartition(partition);
        cancellationToken.ThrowIfCancellationRequested();
        return new(0);
    }

    /// <summary>How many rows to ask for: DynamoDB counts rows that have ended too, so the more of those were among the rows read so far, the more it takes to find what is missing.</summary>
    private static int PageOf(int missing, int read, int found) =>
        (int)Math.Clamp((long)missing * (read + (read - found)) / Math.Max(found, 1), missing, IKeyValueStore.MaxPage);

    private QueryRequest QueryOf(string partition, FolderRange range)
    {
        var hash = DynamoDbRows.HashOf(partition, range.Folder);
        var request = new QueryRequest
        {
            TableName = tableName,
            ConsistentRead = true,
            KeyConditionExpression = "#p = :p",
            ExpressionAttributeNames = new() { ["#p"] = DynamoDbRows.HashKey },
            ExpressionAttributeValues = new() { [":p"] = new AttributeValue(hash) },
        };
        if (range.Begin.Length > 0)
        {
            request.KeyConditionExpression += " AND begins_with(#r, :r)";
            request.ExpressionAttributeNames["#r"] = DynamoDbRows.RangeKey;
            request.ExpressionAttributeValues[":r"] = new AttributeValue(range.Begin);
        }

        if (range.After is not null)
        {
            // A key to begin behind; there need be no row of it.
            request.ExclusiveStartKey = new() { [DynamoDbRows.HashKey] = new AttributeValue(hash), [DynamoDbRows.RangeKey] = new AttributeValue(range.After) };
        }

        return request;
    }

    private async Task<List<Dictionary<string, AttributeValue>>> ReadRowsAsync(List<Dictionary<string, AttributeValue>> keys, CancellationToken cancellationToken)
    {
        var rows = new List<Dictionary<string, AttributeValue>>(keys.Count);
        var attempts = NewAttempts();
        while (true)
        {
            var request = new BatchGetItemRequest { RequestItems = new() { [tableName] = new KeysAndAttributes { Keys = keys, ConsistentRead = true } } };
            var response = await ReadAsync(() => client.BatchGetItemAsync(request, cancellationToken), cancellationToken);
            var found = response.Responses?.GetValueOrDefault(tableName) ?? [];
            rows.AddRange(found);

            // An answer ends at 16 MB, or where the table's throughput does.
            keys = response.UnprocessedKeys?.GetValueOrDefault(tableName)?.Keys ?? [];
            if (keys.Count == 0)
            {
                return rows;
            }

            if (found.Count > 0)
            {
                attempts.Reset();
            }
            else if (!await attempts.NextAsync(cancellationToken))
            {
                throw new StoreThrottledException($"DynamoDB table {tableName} gave none of {keys.Count} rows in {Attempts.Max} requests");
            }
        }
    }

    private Task<T> ReadAsync<T>(Func<Task<T>> read, CancellationToken cancellationToken) => NewAttempts().AskAsync(_ => read(), cancellationToken);

    private Attempts NewAttempts() => new(time, ids, failure => DynamoDbFailures.Understand(failure, tableName));
}
