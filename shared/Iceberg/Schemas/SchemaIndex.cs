namespace Frazil.Iceberg;

/// <summary>
/// The fields of a schema by id and by full name. Making one checks that both are unique. It takes space in proportion to the schema, though a full name repeats
/// those of all fields above: full names are chains, made into text only where a message needs it.
/// </summary>
internal sealed class SchemaIndex
{
    private readonly Dictionary<int, Entry> byId = new(IdComparer.Instance);
    private readonly Dictionary<FieldPath, Entry> byName = new(FieldPathComparer.Instance);
    private readonly Dictionary<FieldPath, Entry> byShortName = new(FieldPathComparer.Instance);
    private readonly List<Entry> entries = [];

    /// <exception cref="CatalogException">400 when an id or a full name is there twice.</exception>
    public SchemaIndex(IReadOnlyList<NestedField> fields)
    {
        foreach (var field in fields)
        {
            Add(field, parent: null, shortPrefix: null, isElementOrValue: false);
        }
    }

    public int HighestId { get; private set; }

    public IEnumerable<NestedField> All => entries.Select(entry => entry.Field);

    public Entry? Find(int id) => byId.GetValueOrDefault(id);

    public Entry? Find(string name, bool caseSensitive)
    {
        if (!caseSensitive)
        {
            return entries.Find(entry => entry.Path.EqualsIgnoreCase(name)) ?? entries.Find(entry => entry.ShortPath.EqualsIgnoreCase(name));
        }

        return byName.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out var entry)
            || byShortName.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out entry)
                ? entry
                : null;
    }

    private void Add(NestedField field, Entry? parent, FieldPath? shortPrefix, bool isElementOrValue)
    {
        var path = new FieldPath(parent?.Path, field.Name);
        var shortPath = ReferenceEquals(shortPrefix, parent?.Path) ? path : new FieldPath(shortPrefix, field.Name);
        var entry = new Entry(field, parent, path, shortPath);
        if (!byId.TryAdd(field.Id, entry))
        {
            throw CatalogException.Validation($"Invalid schema: multiple fields for id {field.Id}: {byId[field.Id].Path} and {path}");
        }

        if (!byName.TryAdd(path, entry))
        {
            throw CatalogException.Validation($"Invalid schema: multiple fields for name {path}: {byName[path].Field.Id} and {field.Id}");
        }

        if (!ReferenceEquals(path, shortPath))
        {
            byShortName.TryAdd(shortPath, entry);
        }

        entries.Add(entry);
        HighestId = Math.Max(HighestId, field.Id);

        // The name of a list's element or a map's value, when that is a struct, may be left out in front of its fields.
        var shortChildPrefix = isElementOrValue && field.Type is StructType ? shortPrefix : shortPath;
        foreach (var child in field.Type.Children)
        {
            var isNamed = field.Type is StructType || (field.Type is MapType map && child.Id == map.KeyId);
            Add(child, entry, shortChildPrefix, isElementOrValue: !isNamed);
        }
    }

    internal sealed record Entry(NestedField Field, Entry? Parent, FieldPath Path, FieldPath ShortPath);
}

/// <summary>A field's full name, as a chain of the names above it. Equal to every other chain and text that reads the same with dots between.</summary>
internal sealed class FieldPath(FieldPath? prefix, string name)
{
    public int Hash { get; } = HashOf(name, prefix?.Hash);

    private int Length { get; } = prefix is null ? name.Length : prefix.Length + 1 + name.Length;

    public bool Equals(ReadOnlySpan<char> text) => Equals(text, StringComparison.Ordinal);

    public bool EqualsIgnoreCase(ReadOnlySpan<char> text) => Equals(text, StringComparison.OrdinalIgnoreCase);

    public bool Equals(FieldPath other) => Length == other.Length && Hash == other.Hash && Equals(other.ToString());

    public override string ToString() => prefix is null ? name : $"{prefix}.{name}";

    /// <summary>Hashes part by part, so that a name that holds a dot hashes as two names.</summary>
    public static int HashOf(ReadOnlySpan<char> text, int? prefix = null)
    {
        var hash = prefix;
        foreach (var part in text.Split('.'))
        {
            var own = string.GetHashCode(text[part]);
            hash = hash is { } before ? HashCode.Combine(before, own) : own;
        }

        return hash ?? 0;
    }

    private bool Equals(ReadOnlySpan<char> text, StringComparison comparison)
    {
        if (text.Length != Length || !text.EndsWith(name, comparison))
        {
            return false;
        }

        return prefix is null || (text[prefix.Length] == '.' && prefix.Equals(text[..prefix.Length], comparison));
    }
}

internal sealed class FieldPathComparer : IEqualityComparer<FieldPath>, IAlternateEqualityComparer<ReadOnlySpan<char>, FieldPath>
{
    public static FieldPathComparer Instance { get; } = new();

    public bool Equals(FieldPath? x, FieldPath? y) => x is null ? y is null : y is not null && x.Equals(y);

    public int GetHashCode(FieldPath path) => path.Hash;

    public bool Equals(ReadOnlySpan<char> alternate, FieldPath other) => other.Equals(alternate);

    public int GetHashCode(ReadOnlySpan<char> alternate) => FieldPath.HashOf(alternate);

    public FieldPath Create(ReadOnlySpan<char> alternate) => new(prefix: null, alternate.ToString());
}
