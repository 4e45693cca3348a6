namespace Frazil.Storage;

/// <summary>Files of a warehouse whose operations are measured as <see cref="MetricList.FileLatency"/>.</summary>
/// <param name="inner">The files.</param>
/// <param name="name">Their kind, such as <c>s3</c>.</param>
/// <param name="clock">Measures.</param>
public sealed class MeteredObjectStore(IObjectStore inner, string name, TimeProvider clock) : IObjectStore
{
    private readonly KeyValuePair<string, object?> store = new("store", name);

    /// <inheritdoc />
    public ValueTask<ReadOnlyMemory<byte>?> ReadAsync(string location, CancellationToken cancellationToken) =>
        MeasureAsync("read", clock.GetTimestamp(), inner.ReadAsync(location, cancellationToken));

    /// <inheritdoc />
    public bool? ExistsNearby(string location) => inner.ExistsNearby(location);

    /// <inheritdoc />
    public ValueTask<Stream?> OpenReadAsync(string location, CancellationToken cancellationToken) =>
        MeasureAsync("open", clock.GetTimestamp(), inner.OpenReadAsync(location, cancellationToken));

    /// <inheritdoc />
    public ValueTask<bool> CreateAsync(string location, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        MeasureAsync("create", clock.GetTimestamp(), inner.CreateAsync(location, content, cancellationToken));

    /// <inheritdoc />
    public async ValueTask DeleteAsync(string location, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        try
        {
            await inner.DeleteAsync(location, cancellationToken);
        }
        finally
        {
            Record("delete", started);
        }
    }

    /// <inheritdoc />
    public IAsyncEnumerable<string> ListAsync(string folder, CancellationToken cancellationToken) => inner.ListAsync(folder, cancellationToken);

    private async ValueTask<T> MeasureAsync<T>(string operation, long started, ValueTask<T> task)
    {
        try
        {
            return await task;
        }
        finally
        {
            Record(operation, started);
        }
    }

    private void Record(string operation, long started) => CatalogMeter.FileLatency.Record(clock.GetElapsedTime(started).TotalMilliseconds, store, new("op", operation));
}
