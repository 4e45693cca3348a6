using System.Diagnostics;

namespace Frazil.Storage;

/// <summary>
/// A store whose operations are measured as <see cref="MetricList.StoreLatency"/>, for the request's <see cref="Measures"/> and in <see cref="Spans"/>, and counted as
/// <see cref="MetricList.StoreThrottled"/> when it throttles.
/// </summary>
/// <param name="inner">The store. Stays the caller's to dispose of.</param>
/// <param name="name">Its kind, such as <c>sqlite</c>.</param>
/// <param name="clock">Measures.</param>
public sealed class MeteredKeyValueStore(IKeyValueStore inner, string name, TimeProvider clock) : IKeyValueStore
{
    private readonly KeyValuePair<string, object?> store = new("store", name);

    /// <inheritdoc />
    public async ValueTask<Item?> ReadAsync(string partition, string id, CancellationToken cancellationToken)
    {
        var call = Begin("store read", "read");
        try
        {
            return await inner.ReadAsync(partition, id, cancellationToken);
        }
        catch (Exception exception)
        {
            Failed(call, exception);
            throw;
        }
        finally
        {
            End(call);
        }
    }

    /// <inheritdoc />
    public async ValueTask<IReadOnlyList<Item?>> ReadManyAsync(string partition, IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        var call = Begin("store read_many", "read_many");
        try
        {
            return await inner.ReadManyAsync(partition, ids, cancellationToken);
        }
        catch (Exception exception)
        {
            Failed(call, exception);
            throw;
        }
        finally
        {
            End(call);
        }
    }

    /// <inheritdoc />
    public async ValueTask<IReadOnlyList<Item>> ListAsync(string partition, string prefix, string? after, int limit, CancellationToken cancellationToken)
    {
        var call = Begin("store list", "list");
        try
        {
            return await inner.ListAsync(partition, prefix, after, limit, cancellationToken);
        }
        catch (Exception exception)
        {
            Failed(call, exception);
            throw;
        }
        finally
        {
            End(call);
        }
    }

    /// <inheritdoc />
    public async ValueTask<int> SweepAsync(string partition, int limit, CancellationToken cancellationToken)
    {
        var call = Begin("store sweep", "sweep");
        try
        {
            return await inner.SweepAsync(partition, limit, cancellationToken);
        }
        catch (Exception exception)
        {
            Failed(call, exception);
            throw;
        }
        finally
        {
            End(call);
        }
    }

    /// <inheritdoc />
    public async ValueTask<WriteResult> WriteAsync(string partition, string commitId, IReadOnlyList<Write> writes, CancellationToken cancellationToken)
    {
        var call = Begin("store write", "write");
        call.Span?.SetTag("catalog.commit_id", commitId);
        try
        {
            return await inner.WriteAsync(partition, commitId, writes, cancellationToken);
        }
        catch (Exception exception)
        {
            Failed(call, exception);
            throw;
        }
        finally
        {
            End(call);
        }
    }

    /// <inheritdoc />
    public ValueTask CheckAsync(CancellationToken cancellationToken) => inner.CheckAsync(cancellationToken);

    // Begun within an async method, so that the span is the current one of what happens inside and of nothing beside it.
    private Call Begin(string spanName, string operation) => new(operation, clock.GetTimestamp(), Spans.StartOperation(spanName, store, operation));

    private void Failed(Call call, Exception exception)
    {
        if (exception is StoreThrottledException)
        {
            CatalogMeter.StoreThrottled.Add(1, store);
        }

        call.Span.Failed(exception);
    }

    private void End(Call call)
    {
        var elapsed = clock.GetElapsedTime(call.Started);
        CatalogMeter.StoreLatency.Record(elapsed.TotalMilliseconds, store, new("op", call.Operation));
        Measures.Current?.AddStore(elapsed);
        call.Span?.Dispose();
    }

    private readonly record struct Call(string Operation, long Started, Activity? Span);
}
