namespace Frazil.Iceberg;

/// <summary>The fields of a schema by id and by full name. Making one checks that both are unique.</summary>
internal sealed class SchemaIndex
{
    private readonly Dictionary<int, Entry> byId = [];
    private readonly Dictionary<string, Entry> byName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Entry> byShortName = new(StringComparer.Ordinal);
    private readonly List<NestedField> all = [];
    private Dictionary<string, Entry>? byAnyCase;

    /// <exception cref="CatalogException">400 when an id or a full name is there twice.</exception>
    public SchemaIndex(IReadOnlyList<NestedField> fields)
    {
        foreach (var field in fields)
        {
            Add(field, parentId: null, prefix: "", shortPrefix: "", isElementOrValue: false);
        }
    }

    public int HighestId { get; private set; }

    public IReadOnlyList<NestedField> All => all;

    public Entry? Find(int id) => byId.GetValueOrDefault(id);

    public Entry? Find(string name, bool caseSensitive)
    {
        if (caseSensitive)
        {
            return byName.GetValueOrDefault(name) ?? byShortName.GetValueOrDefault(name);
        }

        if (byAnyCase is null)
        {
            var names = new Dictionary<string, Entry>(StringComparer.OrdinalIgnoreCase);
            foreach (var (key, entry) in byName.Concat(byShortName))
            {
                names.TryAdd(key, entry);
            }

            byAnyCase = names;
        }

        return byAnyCase.GetValueOrDefault(name);
    }

    private void Add(NestedField field, int? parentId, string prefix, string shortPrefix, bool isElementOrValue)
    {
        var entry = new Entry(field, parentId, prefix + field.Name);
        if (!byId.TryAdd(field.Id, entry))
        {
            throw CatalogException.Validation($"Invalid schema: multiple fields for id {field.Id}: {byId[field.Id].FullName} and {entry.FullName}");
        }

        if (!byName.TryAdd(entry.FullName, entry))
        {
            throw CatalogException.Validation($"Invalid schema: multiple fields for name {entry.FullName}: {byName[entry.FullName].Field.Id} and {field.Id}");
        }

        var shortName = shortPrefix + field.Name;
        if (shortName.Length != entry.FullName.Length)
        {
            byShortName.TryAdd(shortName, entry);
        }

        all.Add(field);
        HighestId = Math.Max(HighestId, field.Id);
        var childPrefix = entry.FullName + ".";
        var shortChildPrefix = isElementOrValue && field.Type is StructType ? shortPrefix : shortName + ".";
        foreach (var child in field.Type.Children)
        {
            var isNamed = field.Type is StructType || (field.Type is MapType map && child.Id == map.KeyId);
            Add(child, field.Id, childPrefix, shortChildPrefix, isElementOrValue: !isNamed);
        }
    }

    internal sealed record Entry(NestedField Field, int? ParentId, string FullName);
}
