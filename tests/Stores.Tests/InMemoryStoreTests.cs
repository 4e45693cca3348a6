using System.Text;
using Frazil.Storage;

namespace Frazil.Stores.Tests;

public sealed class InMemoryKeyValueStoreTests : KeyValueStoreTests
{
    public InMemoryKeyValueStoreTests() => Store = new InMemoryKeyValueStore(Clock);

    protected override IKeyValueStore Store { get; }

    protected override int ModelRuns => 300;

    protected override IKeyValueStore NewModel() => new PlainStore();
}

public sealed class InMemoryObjectStoreTests : ObjectStoreTests
{
    protected override IObjectStore Store { get; } = new InMemoryObjectStore("memory://warehouse/");

    protected override string Folder => "memory://warehouse";
}

/// <summary>The contract said again as plainly as can be, sharing no code with the store: what the in-memory store, itself the model of the others, is compared with. For good arguments only.</summary>
internal sealed class PlainStore : IKeyValueStore
{
    private List<(string Partition, Item Item)> rows = [];

    public ValueTask<Item?> ReadAsync(string partition, string id, CancellationToken cancellationToken) =>
        new(rows.SingleOrDefault(row => row.Partition == partition && row.Item.Id == id).Item);

    public async ValueTask<IReadOnlyList<Item?>> ReadManyAsync(string partition, IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        var items = new List<Item?>();
        foreach (var id in ids)
        {
            items.Add(await ReadAsync(partition, id, cancellationToken));
        }

        return items;
    }

    public ValueTask<IReadOnlyList<Item>> ListAsync(string partition, string prefix, string? after, int limit, CancellationToken cancellationToken) => new(
        [.. rows.Where(row => row.Partition == partition).Select(row => row.Item)
            .Where(item => item.Id.StartsWith(prefix, StringComparison.Ordinal) && !item.Id[prefix.Length..].Contains('/'))
            .Where(item => after is null || string.CompareOrdinal(Key(item.Id), Key(after)) > 0)
            .OrderBy(item => Key(item.Id), StringComparer.Ordinal)
            .Take(limit)]);

    public ValueTask<int> SweepAsync(string partition, int limit, CancellationToken cancellationToken) => new(0);

    public async ValueTask<WriteResult> WriteAsync(string partition, string commitId, IReadOnlyList<Write> writes, CancellationToken cancellationToken)
    {
        var next = rows.ToList();
        foreach (var write in writes)
        {
            var version = (await ReadAsync(partition, write.Id, cancellationToken))?.Version;
            var (wanted, value, removed) = write switch
            {
                Write.Create create => (null, create.Value, true),
                Write.Replace replace => (replace.Version, (ReadOnlyMemory<byte>?)replace.Value, true),
                Write.Delete delete => (delete.Version, null, true),
                Write.Check check => (check.Version, null, false),
                _ => throw new NotSupportedException(),
            };
            if (version != wanted)
            {
                return new WriteResult(write.Id);
            }

            next.RemoveAll(row => removed && row.Partition == partition && row.Item.Id == write.Id);
            if (value is not null)
            {
                next.Add((partition, new Item(write.Id, value.Value, commitId, commitId)));
            }
        }

        rows = next;
        return WriteResult.Applied;
    }

    /// <summary>The bytes of UTF-8 in hexadecimal, which sorts as they do.</summary>
    private static string Key(string text) => Convert.ToHexString(Encoding.UTF8.GetBytes(text));
}
