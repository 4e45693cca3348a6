using System.Diagnostics.CodeAnalysis;

namespace Frazil.Iceberg;

/// <summary>A map that remembers in what order its keys came. Everything takes constant time but listing, which sorts. For builders.</summary>
internal sealed class OrderedMap<TKey, TValue>
    where TKey : notnull
{
    private readonly Dictionary<TKey, (TValue Value, long Order)> items;
    private long next;

    public OrderedMap(IEqualityComparer<TKey> comparer) => items = new(comparer);

    public int Count => items.Count;

    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        var found = items.TryGetValue(key, out var item);
        value = item.Value;
        return found;
    }

    /// <summary>A key that is there already keeps its place.</summary>
    public void Set(TKey key, TValue value) => items[key] = (value, items.TryGetValue(key, out var item) ? item.Order : next++);

    public bool Remove(TKey key) => items.Remove(key);

    public IEnumerable<KeyValuePair<TKey, TValue>> InOrder() =>
        items.OrderBy(item => item.Value.Order).Select(item => KeyValuePair.Create(item.Key, item.Value.Value));

    public List<TValue> Values() => [.. InOrder().Select(item => item.Value)];

    public Dictionary<TKey, TValue> ToDictionary() => new(InOrder(), items.Comparer);
}

/// <summary>
/// The schemas, specs or orders of metadata that is being built: by id, in order, with the one added last. What is the same as one already there is not added again.
/// </summary>
internal sealed class IdentifiedItems<T>
    where T : class
{
    private readonly OrderedMap<int, T> byId = new(IdComparer.Instance);
    private readonly Func<T, int> id;
    private readonly IEqualityComparer<T> sameness;
    private Dictionary<T, T>? index;

    public IdentifiedItems(IEnumerable<T> items, Func<T, int> id, IEqualityComparer<T> sameness)
    {
        this.id = id;
        this.sameness = sameness;
        foreach (var item in items)
        {
            Put(item);
        }
    }

    public int Count => byId.Count;

    /// <summary>The id that -1 means: the last one that this request added or would have added.</summary>
    public int? LastAdded { get; private set; }

    private int? Highest { get; set; }

    public T? Find(int id) => byId.TryGet(id, out var item) ? item : null;

    /// <summary>The one that is the same but for its id; it counts as the one added last.</summary>
    public T? Reuse(T item)
    {
        if (index is null)
        {
            index = new(sameness);
            foreach (var existing in byId.Values())
            {
                index.TryAdd(existing, existing);
            }
        }

        var found = index.GetValueOrDefault(item);
        LastAdded = found is null ? LastAdded : id(found);
        return found;
    }

    public void Add(T item)
    {
        Put(item);
        index?.TryAdd(item, item);
        LastAdded = id(item);
    }

    public bool Remove(int id)
    {
        if (!byId.TryGet(id, out var item))
        {
            return false;
        }

        if (index?.GetValueOrDefault(item) == item)
        {
            index.Remove(item);
        }

        LastAdded = LastAdded == id ? null : LastAdded;
        return byId.Remove(id);
    }

    /// <summary>The id for a new one.</summary>
    /// <exception cref="CatalogException">400 when there is none left.</exception>
    public int NextId(int first) => Ids.Next(Highest ?? first - 1);

    public List<T> ToList() => byId.Values();

    private void Put(T item)
    {
        byId.Set(id(item), item);
        Highest = Math.Max(Highest ?? int.MinValue, id(item));
    }
}

/// <summary>Compares by a rule of one's own.</summary>
internal sealed class Sameness<T>(Func<T, T, bool> same, Func<T, int> hash) : IEqualityComparer<T>
{
    public bool Equals(T? x, T? y) => x is null ? y is null : y is not null && same(x, y);

    public int GetHashCode(T value) => hash(value);
}

internal static class Ids
{
    /// <exception cref="CatalogException">400 when there is no higher one.</exception>
    public static int Next(int highest) => highest < int.MaxValue ? highest + 1 : throw CatalogException.Validation($"No id is left above {highest}");
}
