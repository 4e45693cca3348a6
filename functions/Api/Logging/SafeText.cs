using System.Buffers;
using System.Globalization;
using System.Text;

namespace Frazil.Api;

/// <summary>
/// Text with something of a client in it, as it may be shown to people, in a log or an error: no character of it moves or hides others, and no secret or token of this catalog is in it,
/// wherever the client may have put one.
/// </summary>
public static class SafeText
{
    private const string Hidden = "***";

    /// <summary>Characters of a token that is cut off and still one.</summary>
    private const int MinTokenLength = 40;

    /// <summary>How secrets (RootCredentials.SecretPrefix) and JSON Web Tokens begin.</summary>
    private static readonly SearchValues<string> Beginnings = SearchValues.Create(["frzs", "eyJ"], StringComparison.Ordinal);

    private static readonly SearchValues<char> TokenCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.%=");

    /// <summary>
    /// The text, with characters that steer (controls, line ends, and those that change the direction of writing or have no width) written as escapes, and with secrets and tokens hidden.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="keepsLines">Whether ends of lines stay: in a stack trace.</param>
    public static string Show(string text, bool keepsLines = false) => WithoutSecrets(IsPlain(text) ? text : Escape(text, keepsLines));

    /// <summary>A path. Of the token route nothing is shown but that it was asked.</summary>
    public static string ShowPath(string path)
    {
        const string Route = "/oauth";
        const string Rest = "tokens";
        var at = path.IndexOf(Route, StringComparison.OrdinalIgnoreCase);
        if (at >= 0)
        {
            var rest = path.AsSpan(at + Route.Length);
            var slash = rest.StartsWith("/", StringComparison.Ordinal) ? 1 : rest.StartsWith("%2F", StringComparison.OrdinalIgnoreCase) ? 3 : 0;
            if (slash > 0 && rest.Length > slash + Rest.Length && rest[slash..].StartsWith(Rest, StringComparison.OrdinalIgnoreCase))
            {
                path = string.Concat(path.AsSpan(0, at + Route.Length + slash + Rest.Length), Hidden);
            }
        }

        return Show(path);
    }

    /// <summary>Whether a text has neither.</summary>
    public static bool IsSafe(string text) => IsPlain(text) && ReferenceEquals(WithoutSecrets(text), text);

    private static bool IsPlain(string text) => text.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0;

    private static string Escape(string text, bool keepsLines)
    {
        var safe = new StringBuilder(text.Length + 16);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value == '\t' || (keepsLines && rune.Value is '\r' or '\n'))
            {
                safe.Append((char)rune.Value);
            }
            else if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)
            {
                safe.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}");
            }
            else
            {
                safe.Append(rune.ToString());
            }
        }

        return safe.ToString();
    }

    private static string WithoutSecrets(string text)
    {
        var at = text.AsSpan().IndexOfAny(Beginnings);
        if (at < 0)
        {
            return text;
        }

        var safe = new StringBuilder(text.Length);
        var done = 0;
        while (at >= 0)
        {
            var begin = done + at;
            var rest = text.AsSpan(begin);
            var end = rest.IndexOfAnyExcept(TokenCharacters);
            var length = end < 0 ? rest.Length : end;
            var isHidden = rest[0] == 'f' ? length > 4 && rest[4] is '_' or '%' : length >= MinTokenLength;
            safe.Append(text, done, begin - done).Append(rest[..(isHidden ? rest[0] == 'f' ? 5 : 3 : length)]);
            if (isHidden)
            {
                safe.Append(Hidden);
            }

            done = begin + length;
            at = text.AsSpan(done).IndexOfAny(Beginnings);
        }

        return safe.Append(text, done, text.Length - done).ToString();
    }
}
