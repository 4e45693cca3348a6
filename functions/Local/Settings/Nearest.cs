namespace Frazil.Local;

/// <summary>What somebody likely meant who wrote a name that is not known.</summary>
internal static class Nearest
{
    /// <summary>The known name that takes the fewest changes of a character. Case, dashes and underscores do not count.</summary>
    public static string Of(string name, IEnumerable<string> known) => known.MinBy(other => Distance(SettingSources.Normal(name), SettingSources.Normal(other)))!;

    /// <summary>Characters to be put in, left out or exchanged to make one text of the other; an exchange of two neighbours counts as one.</summary>
    private static int Distance(string one, string other)
    {
        var rows = new int[one.Length + 1, other.Length + 1];
        for (var i = 0; i <= one.Length; i++)
        {
            for (var j = 0; j <= other.Length; j++)
            {
                rows[i, j] = i == 0 || j == 0 ? i + j : Math.Min(Math.Min(rows[i - 1, j], rows[i, j - 1]) + 1, rows[i - 1, j - 1] + (one[i - 1] == other[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1])
                {
                    rows[i, j] = Math.Min(rows[i, j], rows[i - 2, j - 2] + 1);
                }
            }
        }

        return rows[one.Length, other.Length];
    }
}
