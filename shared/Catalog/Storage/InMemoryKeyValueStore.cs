namespace Frazil.Storage;

/// <summary>The store contract in one process's memory: one lock, two dictionaries. It is the model that the other backends are compared with, and serves tests and demonstrations. Nothing survives the process.</summary>
/// <param name="clock">The time by which rows end; the system's by default.</param>
public sealed class InMemoryKeyValueStore(TimeProvider? clock = null) : IKeyValueStore
{
    private readonly TimeProvider clock = clock ?? TimeProvider.System;
    private readonly SortedSet<(DateTimeOffset End, string Partition, string Id)> ends = new(Comparer<(DateTimeOffset End, string Partition, string Id)>.Create(static (a, b) =>
        a.End != b.End ? a.End.CompareTo(b.End) : a.Partition != b.Partition ? string.CompareOrdinal(a.Partition, b.Partition) : string.CompareOrdinal(a.Id, b.Id)));
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
            return new(Find(partition, id));
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
            return new([.. ids.Select(id => Find(partition, id))]);
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
            return new(range is null ? [] : [.. NamesIn(partition, range).Select(name => Find(partition, range.Folder + name)).OfType<Item>().Take(limit)]);
        }
    }

    /// <inheritdoc/>
    public ValueTask<WriteResult> WriteAsync(string partition, string commitId, IReadOnlyList<Write> writes, CancellationToken cancellationToken)
    {
        Batches.Check(partition, commitId, writes);
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            var result = Batches.Judge(commitId, writes, id => Find(partition, id)?.Version, out var isRepeat);
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

    /// <inheritdoc/>
    public ValueTask<int> SweepAsync(string partition, int limit, CancellationToken cancellationToken)
    {
        Ids.CheckPartition(partition);
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            var ended = ends.TakeWhile(end => end.End <= clock.GetUtcNow()).Where(end => end.Partition == partition).Take(limit).ToArray();
            foreach (var end in ended)
            {
                Remove(partition, end.Id);
            }

            return new(ended.Length);
        }
    }

    /// <summary>A row that has not ended.</summary>
    private Item? Find(string partition, string id) => items.GetValueOrDefault((partition, id)) is { } item && !(item.ExpiresAt <= clock.GetUtcNow()) ? item : null;

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
                Remove(partition, write.Id);
                var item = new Item(write.Id, Batches.NewValue(write)!.Value.ToArray(), commitId, commitId)
                {
                    ExpiresAt = Batches.EndOf(write) is { } end ? DateTimeOffset.FromUnixTimeSeconds(end) : null,
                };
                items[(partition, write.Id)] = item;
                if (item.ExpiresAt is { } expiresAt)
                {
                    ends.Add((expiresAt, partition, write.Id));
                }

                if (!names.TryGetValue(folder, out var siblings))
                {
                    names[folder] = siblings = new SortedSet<string>(Ids.Order);
                }

                siblings.Add(Ids.NameOf(write.Id));
                break;
            case Write.Delete:
                Remove(partition, write.Id);
                break;
        }
    }

    private void Remove(string partition, string id)
    {
        var folder = (partition, Ids.FolderOf(id));
        if (items.Remove((partition, id), out var item) && names[folder].Remove(Ids.NameOf(id)) && names[folder].Count == 0)
        {
            names.Remove(folder);
        }

        if (item?.ExpiresAt is { } end)
        {
            ends.Remove((end, partition, id));
        }
    }
}
