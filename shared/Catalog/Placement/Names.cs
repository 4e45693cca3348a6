using System.Text;
using Frazil.Iceberg;

namespace Frazil;

/// <summary>
/// Rules for the names of namespaces, tables and views, and how names stand in keys. Names are case-sensitive, kept as given, and may hold any character but
/// control characters and unpaired surrogates: dots, spaces, slashes and percent signs are names of the field and survive.
/// </summary>
public static class Names
{
    /// <summary>The key of the place above all namespaces. No escaped name is equal to it.</summary>
    public const string Root = "%";

    private const string LevelSeparator = "%+";

    private static readonly System.Buffers.SearchValues<char> HexDigits = System.Buffers.SearchValues.Create("0123456789abcdefABCDEF");

    /// <summary>The key of a namespace: its levels escaped and joined, injectively.</summary>
    public static string KeyOf(Namespace? @namespace) =>
        @namespace is null ? Root : string.Join(LevelSeparator, @namespace.Levels.Select(Escape));

    /// <summary>The namespace of a key.</summary>
    public static Namespace NamespaceOf(string key) => new([.. key.Split(LevelSeparator).Select(Unescape)]);

    /// <summary>A name as it stands in a key: without slashes, and with percent signs only where this method put them.</summary>
    public static string Escape(string name) =>
        name.AsSpan().IndexOfAny('%', '/') < 0 ? name : name.Replace("%", "%25", StringComparison.Ordinal).Replace("/", "%2F", StringComparison.Ordinal);

    /// <summary>The name that <see cref="Escape"/> was given.</summary>
    public static string Unescape(string key) =>
        !key.Contains('%', StringComparison.Ordinal) ? key : key.Replace("%2F", "/", StringComparison.Ordinal).Replace("%25", "%", StringComparison.Ordinal);

    /// <summary>Checks the name of a table or view that is to be made.</summary>
    /// <exception cref="CatalogException">400.</exception>
    public static void Require(string name, string what)
    {
        RequireCharacters(name, what);
        if (Escape(name).Length > Limits.MaxNameLength)
        {
            throw CatalogException.BadRequest($"Invalid {what}: a name must not be longer than {Limits.MaxNameLength} characters");
        }
    }

    /// <summary>Checks a namespace that is to be made.</summary>
    /// <exception cref="CatalogException">400.</exception>
    public static void Require(Namespace @namespace)
    {
        if (@namespace.Levels.Count > Limits.MaxNamespaceLevels)
        {
            throw CatalogException.BadRequest($"Invalid namespace: it must not have more than {Limits.MaxNamespaceLevels} levels");
        }

        foreach (var level in @namespace.Levels)
        {
            RequireCharacters(level, "namespace");
        }

        if (KeyOf(@namespace).Length > Limits.MaxNamespaceLength)
        {
            throw CatalogException.BadRequest($"Invalid namespace: its levels together must not be longer than {Limits.MaxNamespaceLength} characters");
        }
    }

    /// <summary>Whether a namespace could exist. Names beyond the rules are of things that do not exist, not bad requests, when they are only looked up.</summary>
    public static bool CanExist(Namespace @namespace) =>
        @namespace.Levels.Count <= Limits.MaxNamespaceLevels && @namespace.Levels.All(HasLegalCharacters) && KeyOf(@namespace).Length <= Limits.MaxNamespaceLength;

    /// <summary>Whether a table or view could exist.</summary>
    public static bool CanExist(TableIdentifier table) =>
        CanExist(table.Namespace) && table.Name.Length > 0 && HasLegalCharacters(table.Name) && Escape(table.Name).Length <= Limits.MaxNameLength;

    /// <summary>The last segment of a location that the catalog chooses: unique, since the id is made for it.</summary>
    public static string Given(string name, Guid id) => $"{ForLocation(name)}-{id:N}";

    /// <summary>Whether a segment has the form of <see cref="Given"/>.</summary>
    public static bool IsGiven(string segment) => segment.Length > 33 && segment[^33] == '-' && segment.AsSpan(segment.Length - 32).IndexOfAnyExcept(HexDigits) < 0;

    /// <summary>A name as part of a default location: ASCII letters, digits, <c>_</c> and <c>-</c>, at most 64. Not injective; a uuid beside it makes the location unique.</summary>
    public static string ForLocation(string name)
    {
        var safe = new StringBuilder(Math.Min(name.Length, 64));
        foreach (var c in name.AsSpan(0, Math.Min(name.Length, 64)))
        {
            safe.Append(char.IsAsciiLetterOrDigit(c) || c is '_' or '-' ? c : '_');
        }

        return safe.ToString();
    }

    private static void RequireCharacters(string name, string what)
    {
        if (name.Length == 0)
        {
            throw CatalogException.BadRequest($"Invalid {what}: a name must not be empty");
        }

        if (name is "." or "..")
        {
            throw CatalogException.BadRequest($"Invalid {what}: a name must not be '.' or '..'");
        }

        if (!HasLegalCharacters(name))
        {
            throw CatalogException.BadRequest($"Invalid {what}: a name must not hold control characters or unpaired surrogates");
        }
    }

    private static bool HasLegalCharacters(string name)
    {
        for (var i = 0; i < name.Length; i++)
        {
            if (char.IsControl(name[i]))
            {
                return false;
            }

            if (char.IsHighSurrogate(name[i]) && i + 1 < name.Length && char.IsLowSurrogate(name[i + 1]))
            {
                i++;
            }
            else if (char.IsSurrogate(name[i]))
            {
                return false;
            }
        }

        return true;
    }
}
