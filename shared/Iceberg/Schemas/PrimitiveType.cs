using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Frazil.Iceberg;

/// <summary>The primitive types of format versions 1 to 3.</summary>
public enum PrimitiveKind
{
    /// <summary>True or false.</summary>
    Boolean,

    /// <summary>A 32-bit integer.</summary>
    Int,

    /// <summary>A 64-bit integer.</summary>
    Long,

    /// <summary>A 32-bit IEEE 754 number.</summary>
    Float,

    /// <summary>A 64-bit IEEE 754 number.</summary>
    Double,

    /// <summary>A decimal of a fixed precision and scale.</summary>
    Decimal,

    /// <summary>A day without a time zone.</summary>
    Date,

    /// <summary>Microseconds since midnight.</summary>
    Time,

    /// <summary>Microseconds, without a time zone.</summary>
    Timestamp,

    /// <summary>Microseconds, UTC.</summary>
    TimestampTz,

    /// <summary>Nanoseconds, without a time zone (version 3).</summary>
    TimestampNs,

    /// <summary>Nanoseconds, UTC (version 3).</summary>
    TimestampTzNs,

    /// <summary>UTF-8 text.</summary>
    String,

    /// <summary>A 16-byte UUID.</summary>
    Uuid,

    /// <summary>Bytes of a fixed length.</summary>
    Fixed,

    /// <summary>Bytes of any length.</summary>
    Binary,

    /// <summary>A semi-structured value (version 3).</summary>
    Variant,

    /// <summary>A column of nulls whose type is yet to be chosen (version 3).</summary>
    Unknown,

    /// <summary>Planar geometry of a coordinate reference system (version 3).</summary>
    Geometry,

    /// <summary>Geography of a coordinate reference system and an edge algorithm (version 3).</summary>
    Geography,
}

/// <summary>
/// A primitive type, named as on the wire: <c>long</c>, <c>decimal(9, 2)</c>, <c>fixed[16]</c>, <c>geometry(srid:4326)</c>, <c>geography(srid:4326, spherical)</c>.
/// (Variant is no primitive to the letter of the specification, but like one it is written as a string.)
/// </summary>
/// <remarks>
/// Of a geometry's or geography's parameters, those that only say the default are left out, so that every client can read the type; a coordinate reference system is
/// otherwise kept as it was written, quotes included (docs/adr/0013-metadata-of-others.md).
/// </remarks>
public sealed partial record PrimitiveType : IcebergType
{
    /// <summary>The largest precision of a decimal.</summary>
    public const int MaxDecimalPrecision = 38;

    private const string DefaultCrs = "OGC:CRS84";
    private const string DefaultAlgorithm = "spherical";

    /// <summary>The longest name of a type, in characters.</summary>
    public const int MaxTextLength = 512;

    private PrimitiveType(PrimitiveKind kind, string text, int? precision = null, int? scale = null, int? length = null, string? crs = null, string? algorithm = null)
    {
        Kind = kind;
        Text = text;
        Precision = precision;
        Scale = scale;
        Length = length;
        Crs = crs;
        Algorithm = algorithm;
    }

    /// <summary>Which type.</summary>
    public PrimitiveKind Kind { get; }

    /// <summary>The type as it is written.</summary>
    public string Text { get; }

    /// <summary>A decimal's number of digits; else null.</summary>
    public int? Precision { get; }

    /// <summary>A decimal's number of digits after the point; else null.</summary>
    public int? Scale { get; }

    /// <summary>A fixed's number of bytes; else null.</summary>
    public int? Length { get; }

    /// <summary>The coordinate reference system of a geometry or geography that names one; else null.</summary>
    public string? Crs { get; }

    /// <summary>The edge algorithm of a geography that names one; else null.</summary>
    public string? Algorithm { get; }

    /// <summary>The first format version that has this type.</summary>
    public int MinFormatVersion => Kind switch
    {
        PrimitiveKind.TimestampNs or PrimitiveKind.TimestampTzNs or PrimitiveKind.Variant or PrimitiveKind.Unknown or PrimitiveKind.Geometry or PrimitiveKind.Geography => 3,
        _ => 1,
    };

    /// <inheritdoc />
    public override IReadOnlyList<NestedField> Children => [];

    /// <summary>Reads a primitive type's name. Letter case and spaces within parentheses do not matter.</summary>
    /// <exception cref="CatalogException">400 <c>Cannot parse type string to primitive: …</c></exception>
    public static PrimitiveType Parse(string text)
    {
        if (text.Length > MaxTextLength)
        {
            throw CatalogException.BadRequest($"Cannot parse type string to primitive: longer than {MaxTextLength} characters");
        }

        var name = text.ToLowerInvariant();
        return Simple.TryGetValue(name, out var simple) ? simple : ParseParameterized(text, name);
    }

    /// <inheritdoc />
    public override void WriteTo(Utf8JsonWriter writer) => writer.WriteStringValue(Text);

    /// <summary>The type as it is written.</summary>
    public override string ToString() => Text;

    private static PrimitiveType ParseParameterized(string text, string name)
    {
        if (DecimalPattern().Match(name) is { Success: true } dec)
        {
            var (precision, scale) = (Number(dec.Groups[1], text), Number(dec.Groups[2], text));
            return precision is >= 1 and <= MaxDecimalPrecision
                ? new(PrimitiveKind.Decimal, $"decimal({precision}, {scale})", precision, scale)
                : throw CatalogException.BadRequest($"Decimals with precision larger than {MaxDecimalPrecision} are not supported: {precision}");
        }

        if (FixedPattern().Match(name) is { Success: true } fix)
        {
            var length = Number(fix.Groups[1], text);
            return new(PrimitiveKind.Fixed, $"fixed[{length}]", length: length);
        }

        // A coordinate reference system keeps its letter case.
        if (GeometryPattern().Match(text) is { Success: true } geometry)
        {
            var crs = geometry.Groups[1].Value;
            return IsDefaultCrs(crs) ? Simple["geometry"] : new(PrimitiveKind.Geometry, $"geometry({crs})", crs: crs);
        }

        if (GeographyPattern().Match(text) is { Success: true } geography)
        {
            var (crs, algorithm) = (geography.Groups[1].Value, geography.Groups[2].Success ? geography.Groups[2].Value.ToLowerInvariant() : null);
            return IsDefaultCrs(crs) && algorithm is null or DefaultAlgorithm
                ? Simple["geography"]
                : new(PrimitiveKind.Geography, algorithm is null ? $"geography({crs})" : $"geography({crs}, {algorithm})", crs: crs, algorithm: algorithm);
        }

        if (QuotedGeographyPattern().Match(text) is { Success: true } quoted)
        {
            var (crs, algorithm) = (quoted.Groups[1].Value, quoted.Groups[2].Value.ToLowerInvariant());
            return IsDefaultCrs(crs) && algorithm == DefaultAlgorithm
                ? Simple["geography"]
                : throw CatalogException.BadRequest($"Cannot parse type string to primitive: {text} (a reference system and an algorithm are written without quotes)");
        }

        throw Unparsable(text);
    }

    private static bool IsDefaultCrs(string crs) =>
        crs.Equals(DefaultCrs, StringComparison.OrdinalIgnoreCase)
        || (crs.Length == DefaultCrs.Length + 2 && crs[0] is '\'' or '"' && crs[^1] == crs[0] && crs.AsSpan()[1..^1].Equals(DefaultCrs, StringComparison.OrdinalIgnoreCase));

    private static int Number(Group digits, string text) =>
        int.TryParse(digits.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : throw Unparsable(text);

    private static CatalogException Unparsable(string text) => CatalogException.BadRequest($"Cannot parse type string to primitive: {text}");

    [GeneratedRegex(@"^decimal\(\s*([0-9]+)\s*,\s*([0-9]+)\s*\)\z")]
    private static partial Regex DecimalPattern();

    [GeneratedRegex(@"^fixed\[\s*([0-9]+)\s*\]\z")]
    private static partial Regex FixedPattern();

    [GeneratedRegex(@"^geometry\s*\(\s*([^()\s][^()]*?)\s*\)\z", RegexOptions.IgnoreCase)]
    private static partial Regex GeometryPattern();

    [GeneratedRegex(@"^geography\s*\(\s*([^(),\s][^(),]*?)\s*(?:,\s*(spherical|vincenty|thomas|andoyer|karney)\s*)?\)\z", RegexOptions.IgnoreCase)]
    private static partial Regex GeographyPattern();

    [GeneratedRegex(@"^geography\s*\(\s*(['""][^(),'""]+['""])\s*,\s*['""](\w+)['""]\s*\)\z", RegexOptions.IgnoreCase)]
    private static partial Regex QuotedGeographyPattern();

    private static readonly Dictionary<string, PrimitiveType> Simple = new(StringComparer.Ordinal)
    {
        ["boolean"] = new(PrimitiveKind.Boolean, "boolean"),
        ["int"] = new(PrimitiveKind.Int, "int"),
        ["long"] = new(PrimitiveKind.Long, "long"),
        ["float"] = new(PrimitiveKind.Float, "float"),
        ["double"] = new(PrimitiveKind.Double, "double"),
        ["date"] = new(PrimitiveKind.Date, "date"),
        ["time"] = new(PrimitiveKind.Time, "time"),
        ["timestamp"] = new(PrimitiveKind.Timestamp, "timestamp"),
        ["timestamptz"] = new(PrimitiveKind.TimestampTz, "timestamptz"),
        ["timestamp_ns"] = new(PrimitiveKind.TimestampNs, "timestamp_ns"),
        ["timestamptz_ns"] = new(PrimitiveKind.TimestampTzNs, "timestamptz_ns"),
        ["string"] = new(PrimitiveKind.String, "string"),
        ["uuid"] = new(PrimitiveKind.Uuid, "uuid"),
        ["binary"] = new(PrimitiveKind.Binary, "binary"),
        ["variant"] = new(PrimitiveKind.Variant, "variant"),
        ["unknown"] = new(PrimitiveKind.Unknown, "unknown"),
        ["geometry"] = new(PrimitiveKind.Geometry, "geometry"),
        ["geography"] = new(PrimitiveKind.Geography, "geography"),
    };
}
