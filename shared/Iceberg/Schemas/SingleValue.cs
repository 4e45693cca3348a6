using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Frazil.Iceberg;

/// <summary>Checks the JSON form of single values (the specification's appendix D), which column defaults are written in.</summary>
internal static partial class SingleValue
{
    /// <summary>
    /// Whether a value is one of a type. Nested types have none, though the specification writes their values too: the Java reference opens no table with such a default.
    /// Neither have types whose columns must default to null.
    /// </summary>
    public static bool IsOf(IcebergType type, JsonElement value) => type is PrimitiveType primitive && IsOf(primitive, value);

    private static bool IsOf(PrimitiveType type, JsonElement value) => type.Kind switch
    {
        PrimitiveKind.Boolean => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        PrimitiveKind.Int => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out _),
        PrimitiveKind.Long => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        PrimitiveKind.Float or PrimitiveKind.Double => value.ValueKind == JsonValueKind.Number && value.GetRawText().AsSpan().ContainsAny('.', 'e', 'E'),
        PrimitiveKind.Variant or PrimitiveKind.Unknown or PrimitiveKind.Geometry or PrimitiveKind.Geography => false,
        _ => value.ValueKind == JsonValueKind.String && IsText(type, value.AsString("default")),
    };

    private static bool IsText(PrimitiveType type, string text) => type.Kind switch
    {
        PrimitiveKind.String => true,
        PrimitiveKind.Decimal => IsDecimal(text, type.Precision!.Value, type.Scale!.Value),
        PrimitiveKind.Date => IsDate(text),
        PrimitiveKind.Time => TimePattern().IsMatch(text),
        PrimitiveKind.Timestamp or PrimitiveKind.TimestampNs => IsDateAndTime(text),
        PrimitiveKind.TimestampTz or PrimitiveKind.TimestampTzNs => IsUtc(text),
        PrimitiveKind.Uuid => Guid.TryParseExact(text, "D", out _),
        PrimitiveKind.Fixed => IsHex(text) && text.Length == 2L * type.Length!.Value,
        PrimitiveKind.Binary => IsHex(text),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "no such kind of text"),
    };

    /// <summary>A scale is said by the digits after the point, a negative one by an exponent.</summary>
    private static bool IsDecimal(string text, int precision, int scale)
    {
        var match = text.Length <= 64 ? DecimalPattern().Match(text) : Match.Empty;
        var exponent = match.Groups["exponent"].Success ? int.Parse(match.Groups["exponent"].ValueSpan, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) : 0;
        return match.Success
            && match.Groups["fraction"].Length - exponent == scale
            && (match.Groups["whole"].ValueSpan.TrimStart('0').Length + match.Groups["fraction"].Length) <= precision;
    }

    private static bool IsDate(ReadOnlySpan<char> text) => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

    private static bool IsDateAndTime(ReadOnlySpan<char> text) => text.IndexOf('T') is var at and > 0 && IsDate(text[..at]) && TimePattern().IsMatch(text[(at + 1)..]);

    private static bool IsUtc(ReadOnlySpan<char> text) =>
        text.EndsWith("+00:00") ? IsDateAndTime(text[..^6]) : text.EndsWith("Z") && IsDateAndTime(text[..^1]);

    private static bool IsHex(string text) => text.Length % 2 == 0 && text.All(char.IsAsciiHexDigit);

    [GeneratedRegex(@"^-?(?<whole>[0-9]+)(?:\.(?<fraction>[0-9]+))?(?:[eE](?<exponent>[+-]?[0-9]{1,3}))?\z", RegexOptions.ExplicitCapture)]
    private static partial Regex DecimalPattern();

    [GeneratedRegex(@"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?\z")]
    private static partial Regex TimePattern();
}
