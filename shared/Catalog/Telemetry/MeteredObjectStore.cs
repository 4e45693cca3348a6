using System.Diagnostics;

namespace Frazil.Storage;

/// <summary>Files of a warehouse whose operations are measured as <see cref="MetricList.FileLatency"/>, for the request's <see cref="Measures"/> and in <see cref="Spans"/>.</summary>
/// <param name="inner">The files.</param>
/// <param name="name">Their kind, such as <c>s3</c>.</param>
/// <param name="clock">Measures.</param>
public sealed class MeteredObjectStore(IObjectStore inner, string name, TimeProvider clock) : IObjectStore
{
    private readonly KeyValuePair<string, object?> store = new("store", name);

    /// <inheritdoc />
    public ValueTask MakeFolderAsync(string location, CancellationToken cancellationToken) => inner.MakeFolderAsync(location, cancellationToken);

    /// <inheritdoc />
    public ValueTask RemoveEmptyFoldersAsync(string location, CancellationToken cancellationToken) => inner.RemoveEmptyFoldersAsync(location, cancellationToken);

    /// <inheritdoc />
    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(string location, CancellationToken cancellationToken)
    {
        var call = Begin("file read", "read");
        try
        {
            return await inner.ReadAsync(location, cancellationToken);
        }
        catch (Exception exception)
        {
            call.Span.Failed(exception);
            throw;
        }
        finally
        {
            End(call);
        }
    }

    /// <inheritdoc />
    public bool? ExistsNearby(string location) => inner.ExistsNearby(location);

    /// <inheritdoc />
    public async ValueTask<Stream?> OpenReadAsync(string location, CancellationToken cancellationToken)
    {
        var call = Begin("file open", "open");
        try
        {
            return await inner.OpenReadAsync(location, cancellationToken);
        }
        catch (Exception exception)
        {
            call.Span.Failed(exception);
            throw;
        }
        finally
        {
            End(call);
        }
    }

    /// <inheritdoc />
    public async ValueTask<bool> CreateAsync(string location, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var call = Begin("file create", "create");
        try
        {
            return await inner.CreateAsync(location, content, cancellationToken);
        }
        catch (Exception exception)
        {
            call.Span.Failed(exception);
            throw;
        }
        finally
        {
            End(call);
        }
    }

    /// <inheritdoc />
    public async ValueTask DeleteAsync(string location, CancellationToken cancellationToken)
    {
        var call = Begin("file delete", "delete");
        try
        {
            await inner.DeleteAsync(location, cancellationToken);
        }
        catch (Exception exception)
        {
            call.Span.Failed(exception);
            throw;
        }
        finally
        {
            End(call);
        }
    }

    /// <inheritdoc />
    public IAsyncEnumerable<string> ListAsync(string folder, CancellationToken cancellationToken) => inner.ListAsync(folder, cancellationToken);

    // Begun within an async method, so that the span is the current one of what happens inside and of nothing beside it.
    private Call Begin(string spanName, string operation) => new(operation, clock.GetTimestamp(), Spans.StartOperation(spanName, store, operation));

    private void End(Call call)
    {
        var elapsed = clock.GetElapsedTime(call.Started);
        CatalogMeter.FileLatency.Record(elapsed.TotalMilliseconds, store, new("op", call.Operation));
        Measures.Current?.AddFile(elapsed);
        call.Span?.Dispose();
    }

    private readonly record struct Call(string Operation, long Started, Activity? Span);
}
