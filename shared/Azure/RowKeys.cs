using System.Security.Cryptography;
using System.Text;
using Frazil.Storage;

namespace Frazil.AzureBackend;

/// <summary>
/// Ids as row keys. Azure forbids <c>/ \ # ?</c> and control characters in keys and allows 512 characters. The encoding keeps the order within a folder:
/// a forbidden character and the one before it in the alphabet both become two characters that begin alike, so <c>"</c> is <c>"0</c> and <c>#</c> is <c>"1</c>.
/// A <c>!</c> parts the folder from the name, so that one range of keys holds a folder's rows and nothing of the folders below it.
/// </summary>
internal static class RowKeys
{
    /// <summary>Characters of a key.</summary>
    public const int MaxLength = 512;

    private const char Separator = '!';

    private const string Ends = "!ends!";

    /// <summary>Characters of a folder's part, so that room is left for names in it.</summary>
    private const int MaxFolderLength = 256;

    private const int DigestLength = 33;

    /// <summary>
    /// The row key of an id. What would be longer than Azure allows ends in a digest: such ids are told apart, but names that begin alike for so long are not in order.
    /// </summary>
    public static string Of(string id) => Of(Ids.FolderOf(id), Ids.NameOf(id));

    /// <summary>The row key of a name in a folder. The name need not be one that an id may have.</summary>
    public static string Of(string folder, string name) => Shorten(FolderKey(folder) + Encode(name), MaxLength, folder + name);

    /// <summary>The first row key, and the one behind the last, of the rows of a folder whose name begins with something. Rows with other names may be among them.</summary>
    public static (string From, string Until) Range(string folder, string begin)
    {
        var from = FolderKey(folder) + Encode(begin);
        from = from.Length <= MaxLength - DigestLength ? from : from[..(MaxLength - DigestLength)];
        return (from, from[..^1] + (char)(from[^1] + 1));
    }

    /// <summary>
    /// Where it stands when a row ends: sorted by time, then told apart by the row's id. No id has such a key, since no name holds a bare separator.
    /// </summary>
    public static string OfEnd(long end, string id) => $"{Ends}{end:D12}{Separator}{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id)).AsSpan(0, 16))}";

    /// <summary>The first key of what ends, and the one behind the last of what has ended.</summary>
    public static (string From, string Until) Ended(long now) => (Ends, $"{Ends}{now + 1:D12}");

    /// <summary>A partition as a partition key.</summary>
    public static string Partition(string partition) => Encode(partition);

    private static string FolderKey(string folder) => Shorten(Encode(folder), MaxFolderLength, folder) + Separator;

    private static string Shorten(string key, int length, string whole) => key.Length <= length
        ? key
        : $"{key[..(length - DigestLength)]}~{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(whole)).AsSpan(0, 16))}";

    private static string Encode(string text)
    {
        StringBuilder? encoded = null;
        for (var i = 0; i < text.Length; i++)
        {
            if (Pair(text[i]) is { } pair)
            {
                encoded ??= new StringBuilder(text.Length + 16).Append(text, 0, i);
                encoded.Append(pair);
            }
            else
            {
                encoded?.Append(text[i]);
            }
        }

        return encoded?.ToString() ?? text;
    }

    private static string? Pair(char c) => c switch
    {
        ' ' => " 0",
        '!' => " 1",
        '"' => "\"0",
        '#' => "\"1",
        '$' => "$0",
        '%' => "$1",
        '.' => ".0",
        '/' => ".1",
        '>' => ">0",
        '?' => ">1",
        '[' => "[0",
        '\\' => "[1",

        // UTF-8 has these below the characters that UTF-16 spells with surrogates, and UTF-16 has them above.
        '\uD7FF' => "\uD7FF0",
        >= '\uE000' => "\uD7FF1" + (char)(c - 0xE000 + 0x100),
        _ => null,
    };
}
