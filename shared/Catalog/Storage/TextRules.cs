namespace Frazil.Storage;

/// <summary>What no key and no location may hold, because some store or client on the way would drop, replace or misread it.</summary>
internal static class TextRules
{
    /// <summary>Names the first fault of a text, or null: a control character (C0, DEL, C1), or half of a surrogate pair, which UTF-8 cannot express.</summary>
    public static string? FaultIn(ReadOnlySpan<char> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (char.IsControl(c))
            {
                return $"the control character U+{(int)c:X4}";
            }

            if (char.IsSurrogate(c))
            {
                if (!char.IsHighSurrogate(c) || i + 1 == text.Length || !char.IsLowSurrogate(text[i + 1]))
                {
                    return $"the lone surrogate U+{(int)c:X4}";
                }

                i++;
            }
        }

        return null;
    }
}
