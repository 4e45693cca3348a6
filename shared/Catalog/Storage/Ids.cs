using System.Text;

namespace Frazil.Storage;

/// <summary>The rules of partition names and ids, the same for every backend: what may be one, how it splits, how it sorts.</summary>
public static class Ids
{
    /// <summary>The order of lists: ordinal by UTF-8 bytes. It differs from .NET's ordinal order where surrogate pairs meet U+E000 to U+FFFF.</summary>
    public static IComparer<string> Order { get; } = Comparer<string>.Create(Compare);

    /// <summary>Compares two strings by their UTF-8 bytes, without encoding them.</summary>
    public static int Compare(string? left, string? right)
    {
        var a = left.AsSpan();
        var b = right.AsSpan();
        var common = a.CommonPrefixLength(b);
        return common == a.Length || common == b.Length ? a.Length.CompareTo(b.Length) : Weight(a[common]).CompareTo(Weight(b[common]));

        // UTF-8 sorts by code point, so a surrogate, which stands for U+10000 and above, goes behind every other character.
        static int Weight(char c) => char.IsSurrogate(c) ? c + 0x10000 : c;
    }

    /// <summary>The part of an id up to and with its last slash; empty when it has none.</summary>
    public static string FolderOf(string id) => id[..(id.LastIndexOf('/') + 1)];

    /// <summary>The part of an id behind its last slash; the whole id when it has none.</summary>
    public static string NameOf(string id) => id[(id.LastIndexOf('/') + 1)..];

    /// <summary>Refuses what is no partition name: 1 to <see cref="IKeyValueStore.MaxPartitionLength"/> characters, at most <see cref="IKeyValueStore.MaxPartitionBytes"/> bytes of UTF-8, no control characters, no lone surrogates.</summary>
    /// <exception cref="ArgumentException">The sentence names the limit.</exception>
    public static void CheckPartition(string partition)
    {
        ArgumentException.ThrowIfNullOrEmpty(partition);
        if (partition.Length > IKeyValueStore.MaxPartitionLength)
        {
            throw new ArgumentException($"a partition name has at most {IKeyValueStore.MaxPartitionLength} characters (MaxPartitionLength), this one has {partition.Length}", nameof(partition));
        }

        if (Encoding.UTF8.GetByteCount(partition) is > IKeyValueStore.MaxPartitionBytes and var bytes)
        {
            throw new ArgumentException($"a partition name has at most {IKeyValueStore.MaxPartitionBytes} bytes of UTF-8 (MaxPartitionBytes), this one has {bytes}", nameof(partition));
        }

        if (TextRules.FaultIn(partition) is { } fault)
        {
            throw new ArgumentException($"a partition name holds {fault}", nameof(partition));
        }
    }

    /// <summary>
    /// Refuses what is no id: 1 to <see cref="IKeyValueStore.MaxIdLength"/> characters, something behind the last slash, of at most <see cref="IKeyValueStore.MaxNameBytes"/> bytes of UTF-8,
    /// no control characters, no lone surrogates.
    /// </summary>
    /// <exception cref="ArgumentException">The sentence names the limit.</exception>
    public static void Check(string id)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        if (FaultIn(id) is { } fault)
        {
            throw new ArgumentException($"an id {fault}", nameof(id));
        }

        if (id[^1] == '/')
        {
            throw new ArgumentException("an id does not end in a slash", nameof(id));
        }
    }

    /// <summary>What keeps a text from being an id, or the beginning of one: a predicate that names the limit. Null when nothing does.</summary>
    public static string? FaultIn(string id) =>
        id.Length > IKeyValueStore.MaxIdLength ? $"has at most {IKeyValueStore.MaxIdLength} characters (MaxIdLength), this one has {id.Length}"
        : TextRules.FaultIn(id) is { } fault ? $"holds {fault}"
        : Encoding.UTF8.GetByteCount(id.AsSpan(id.LastIndexOf('/') + 1)) is > IKeyValueStore.MaxNameBytes and var bytes
            ? $"has at most {IKeyValueStore.MaxNameBytes} bytes of UTF-8 behind its last slash (MaxNameBytes), this one has {bytes}"
        : null;

    /// <summary>Refuses ids for a many-keys read: at most <see cref="IKeyValueStore.MaxBatch"/>.</summary>
    /// <exception cref="ArgumentException">The sentence names the limit.</exception>
    public static void CheckMany(IReadOnlyList<string> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        if (ids.Count > IKeyValueStore.MaxBatch)
        {
            throw new ArgumentException($"one read has at most {IKeyValueStore.MaxBatch} ids (MaxBatch), this one has {ids.Count}", nameof(ids));
        }

        foreach (var id in ids)
        {
            Check(id);
        }
    }

    /// <summary>Checks the arguments of a list and says which part of which folder it walks; null when nothing can lie there.</summary>
    /// <exception cref="ArgumentException">The sentence names the limit.</exception>
    public static FolderRange? Range(string prefix, string? after, int limit)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        CheckText(prefix, "a prefix", nameof(prefix));
        if (limit is < 1 or > IKeyValueStore.MaxPage)
        {
            throw new ArgumentOutOfRangeException(nameof(limit), limit, $"a page has 1 to {IKeyValueStore.MaxPage} rows (MaxPage)");
        }

        var folder = FolderOf(prefix);
        if (folder.Length == 0)
        {
            throw new ArgumentException("a prefix holds a slash: it names the folder to list", nameof(prefix));
        }

        var begin = NameOf(prefix);
        if (string.IsNullOrEmpty(after))
        {
            return new FolderRange(folder, begin, After: null);
        }

        CheckText(after, "the id to list after", nameof(after));
        if (after.StartsWith(prefix, StringComparison.Ordinal))
        {
            return new FolderRange(folder, begin, After: after.Length > folder.Length ? after[folder.Length..] : null);
        }

        return Compare(after, prefix) < 0 ? new FolderRange(folder, begin, After: null) : null;
    }

    private static void CheckText(string text, string what, string parameter)
    {
        if (FaultIn(text) is { } fault)
        {
            throw new ArgumentException($"{what} {fault}", parameter);
        }
    }
}

/// <summary>What a list walks: the names of one folder that begin with something and come after something.</summary>
/// <param name="Folder">The folder, with its slash at the end.</param>
/// <param name="Begin">What each name begins with; may be empty.</param>
/// <param name="After">Only names after this one, itself beginning with <paramref name="Begin"/>; null for all.</param>
public sealed record FolderRange(string Folder, string Begin, string? After);
