using Frazil.Entities;
using Frazil.Storage;

namespace Frazil.Local;

/// <summary>A store that says when a task was written: a process that serves and works alike need not wait for a timer to find it.</summary>
/// <param name="inner">The store.</param>
/// <param name="noticed">Called after a batch that may have written a task; called once too often is as good.</param>
internal sealed class TaskNotice(IKeyValueStore inner, Action noticed) : IKeyValueStore
{
    public ValueTask<Item?> ReadAsync(string partition, string id, CancellationToken cancellationToken) => inner.ReadAsync(partition, id, cancellationToken);

    public ValueTask<IReadOnlyList<Item?>> ReadManyAsync(string partition, IReadOnlyList<string> ids, CancellationToken cancellationToken) => inner.ReadManyAsync(partition, ids, cancellationToken);

    public ValueTask<IReadOnlyList<Item>> ListAsync(string partition, string prefix, string? after, int limit, CancellationToken cancellationToken) =>
        inner.ListAsync(partition, prefix, after, limit, cancellationToken);

    public ValueTask<int> SweepAsync(string partition, int limit, CancellationToken cancellationToken) => inner.SweepAsync(partition, limit, cancellationToken);

    public ValueTask CheckAsync(CancellationToken cancellationToken) => inner.CheckAsync(cancellationToken);

    public async ValueTask<WriteResult> WriteAsync(string partition, string commitId, IReadOnlyList<Write> writes, CancellationToken cancellationToken)
    {
        try
        {
            return await inner.WriteAsync(partition, commitId, writes, cancellationToken);
        }
        finally
        {
            // Whatever came of it: a batch of unknown outcome may have been applied.
            if (writes.Any(write => write is Write.Create or Write.Replace && write.Id.StartsWith(Keys.Tasks, StringComparison.Ordinal)))
            {
                noticed();
            }
        }
    }
}
