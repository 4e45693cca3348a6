namespace Frazil.Storage;

/// <summary>A store whose operations are measured as <see cref="MetricList.StoreLatency"/> and, when it throttles, counted as <see cref="MetricList.StoreThrottled"/>.</summary>
/// <param name="inner">The store. Stays the caller's to dispose of.</param>
/// <param name="name">Its kind, such as <c>sqlite</c>.</param>
/// <param name="clock">Measures.</param>
public sealed class MeteredKeyValueStore(IKeyValueStore inner, string name, TimeProvider clock) : IKeyValueStore
{
    private readonly KeyValuePair<string, object?> store = new("store", name);

    /// <inheritdoc />
    public ValueTask<Item?> ReadAsync(string partition, string id, CancellationToken cancellationToken) =>
        MeasureAsync("read", clock.GetTimestamp(), inner.ReadAsync(partition, id, cancellationToken));

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<Item?>> ReadManyAsync(string partition, IReadOnlyList<string> ids, CancellationToken cancellationToken) =>
        MeasureAsync("read_many", clock.GetTimestamp(), inner.ReadManyAsync(partition, ids, cancellationToken));

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<Item>> ListAsync(string partition, string prefix, string? after, int limit, CancellationToken cancellationToken) =>
        MeasureAsync("list", clock.GetTimestamp(), inner.ListAsync(partition, prefix, after, limit, cancellationToken));

    /// <inheritdoc />
    public ValueTask<WriteResult> WriteAsync(string partition, string commitId, IReadOnlyList<Write> writes, CancellationToken cancellationToken) =>
        MeasureAsync("write", clock.GetTimestamp(), inner.WriteAsync(partition, commitId, writes, cancellationToken));

    // The time is taken before the call, in the argument list, since a store may do all its work before it returns a task.
    private async ValueTask<T> MeasureAsync<T>(string operation, long started, ValueTask<T> task)
    {
        try
        {
            return await task;
        }
        catch (StoreThrottledException)
        {
            CatalogMeter.StoreThrottled.Add(1, store);
            throw;
        }
        finally
        {
            CatalogMeter.StoreLatency.Record(clock.GetElapsedTime(started).TotalMilliseconds, store, new("op", operation));
        }
    }
}
