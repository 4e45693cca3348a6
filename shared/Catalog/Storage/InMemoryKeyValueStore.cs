namespace Frazil.Storage;

/// <summary>The store contract in one process's memory: one lock, two dictionaries. It is the model that the other backends are compared with, and serves tests and demonstrations. Nothing survives the process.</summary>
public sealed class InMemoryKeyValueStore : IKeyValueStore
{
    private readonly Lock gate = new();
    private readonly Dictionary<(string Partition, string Id), Item> items = [];
    private readonly Dictionary<(string Partition, string Folder), SortedSet<string>> names = [];

    /// <inheritdoc/>
    public ValueTask<Item?> ReadAsync(string partition, string id, CancellationToken cancellationToken)
    {
        Ids.CheckPartition(partition);
        Ids.Check(id);
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            return new(items.GetValueOrDefault((partition, id)));
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<Item?>> ReadManyAsync(string partition, IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        Ids.CheckPartition(partition);
        Ids.CheckMany(ids);
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            return new([.. ids.Select(id => items.GetValueOrDefault((partition, id)))]);
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<Item>> ListAsync(string partition, string prefix, string? after, int limit, CancellationToken cancellationToken)
    {
        Ids.CheckPartition(partition);
        var range = Ids.Range(prefix, after, limit);
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            return new(range is null ? [] : [.. NamesIn(partition, range).Take(limit).Select(name => items[(partition, range.Folder + name)])]);
        }
    }

    /// <inheritdoc/>
    public ValueTask<WriteResult> WriteAsync(string partition, string commitId, IReadOnlyList<Write> writes, CancellationToken cancellationToken)
    {
        Batches.Check(partition, commitId, writes);
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            var result = Batches.Judge(commitId, writes, id => items.GetValueOrDefault((partition, id))?.Version, out var isRepeat);
            if (result.IsApplied && !isRepeat)
            {
                foreach (var write in writes)
                {
                    Apply(partition, commitId, write);
                }
            }

            return new(result);
        }
    }

    private IEnumerable<string> NamesIn(string partition, FolderRange range)
    {
        if (!names.TryGetValue((partition, range.Folder), out var folder))
        {
            return [];
        }

        var from = range.After ?? range.Begin;
        return Ids.Compare(from, folder.Max) > 0
            ? []
            : folder.GetViewBetween(from, folder.Max).SkipWhile(name => name == range.After).TakeWhile(name => name.StartsWith(range.Begin, StringComparison.Ordinal));
    }

    private void Apply(string partition, string commitId, Write write)
    {
        var folder = (partition, Ids.FolderOf(write.Id));
        switch (write)
        {
            case Write.Create or Write.Replace:
                // The caller may reuse its buffer; a row does not change under a reader.
                items[(partition, write.Id)] = new Item(write.Id, Batches.NewValue(write)!.Value.ToArray(), commitId, commitId);
                if (!names.TryGetValue(folder, out var siblings))
                {
                    names[folder] = siblings = new SortedSet<string>(Ids.Order);
                }

                siblings.Add(Ids.NameOf(write.Id));
                break;
            case Write.Delete:
                items.Remove((partition, write.Id));
                if (names[folder].Remove(Ids.NameOf(write.Id)) && names[folder].Count == 0)
                {
                    names.Remove(folder);
                }

                break;
        }
    }
}
