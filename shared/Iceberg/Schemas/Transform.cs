using System.Globalization;

namespace Frazil.Iceberg;

/// <summary>The partition transforms of the specification.</summary>
public enum TransformKind
{
    /// <summary>The value itself.</summary>
    Identity,

    /// <summary>Always null: a field that was dropped from a version 1 spec.</summary>
    Void,

    /// <summary>Years since 1970.</summary>
    Year,

    /// <summary>Months since 1970-01.</summary>
    Month,

    /// <summary>Days since 1970-01-01.</summary>
    Day,

    /// <summary>Hours since 1970-01-01T00.</summary>
    Hour,

    /// <summary>A hash modulo N.</summary>
    Bucket,

    /// <summary>The value truncated to width W.</summary>
    Truncate,

    /// <summary>A transform this version does not know. Read and kept, never added.</summary>
    Unknown,
}

/// <summary>How a partition or sort value comes from a column.</summary>
/// <param name="Kind">Which transform.</param>
/// <param name="Text">The transform as it is written: <c>bucket[16]</c>.</param>
/// <param name="Argument">N of a bucket, W of a truncate; else null.</param>
public sealed record Transform(TransformKind Kind, string Text, int? Argument = null)
{
    /// <summary>The identity.</summary>
    public static Transform Identity { get; } = new(TransformKind.Identity, "identity");

    /// <summary>Reads a transform's name; letter case does not matter. What is not known is of kind <see cref="TransformKind.Unknown"/>.</summary>
    /// <exception cref="CatalogException">400 when N or W is not a positive 32-bit integer.</exception>
    public static Transform Parse(string text)
    {
        var name = text.ToLowerInvariant();
        return name switch
        {
            "identity" => Identity,
            "void" => new(TransformKind.Void, name),
            "year" => new(TransformKind.Year, name),
            "month" => new(TransformKind.Month, name),
            "day" => new(TransformKind.Day, name),
            "hour" => new(TransformKind.Hour, name),
            _ when name.StartsWith("bucket[", StringComparison.Ordinal) && name.EndsWith(']') => WithArgument(TransformKind.Bucket, "bucket", name),
            _ when name.StartsWith("truncate[", StringComparison.Ordinal) && name.EndsWith(']') => WithArgument(TransformKind.Truncate, "truncate", name),
            _ => new(TransformKind.Unknown, text),
        };
    }

    /// <summary>Whether the transform applies to values of a type.</summary>
    public bool CanTransform(IcebergType type) => type is PrimitiveType { Kind: var kind } && Kind switch
    {
        TransformKind.Void or TransformKind.Unknown => true,
        TransformKind.Identity => kind is not (PrimitiveKind.Variant or PrimitiveKind.Geometry or PrimitiveKind.Geography),
        TransformKind.Year or TransformKind.Month or TransformKind.Day => kind is PrimitiveKind.Date || IsTimestamp(kind),
        TransformKind.Hour => IsTimestamp(kind),
        TransformKind.Bucket => kind is PrimitiveKind.Int or PrimitiveKind.Long or PrimitiveKind.Decimal or PrimitiveKind.Date or PrimitiveKind.Time or PrimitiveKind.String
            or PrimitiveKind.Uuid or PrimitiveKind.Fixed or PrimitiveKind.Binary || IsTimestamp(kind),
        TransformKind.Truncate => kind is PrimitiveKind.Int or PrimitiveKind.Long or PrimitiveKind.Decimal or PrimitiveKind.String or PrimitiveKind.Binary,
        _ => throw new InvalidOperationException($"no such kind of transform: {Kind}"),
    };

    /// <summary>The transform as it is written.</summary>
    public override string ToString() => Text;

    private static bool IsTimestamp(PrimitiveKind kind) =>
        kind is PrimitiveKind.Timestamp or PrimitiveKind.TimestampTz or PrimitiveKind.TimestampNs or PrimitiveKind.TimestampTzNs;

    private static Transform WithArgument(TransformKind kind, string word, string name)
    {
        var digits = name.AsSpan()[(word.Length + 1)..^1].Trim();
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var argument) && argument > 0
            ? new(kind, $"{word}[{argument}]", argument)
            : throw CatalogException.BadRequest($"Cannot parse transform {name}: its argument must be an integer greater than 0");
    }
}
