using System.Buffers.Binary;
using System.Text;

namespace Frazil.Iceberg.Manifests;

/// <summary>The partition type of a manifest, taken from the file's own schema: the fields of each entry's partition tuple, in order.</summary>
/// <param name="Fields">None for an unpartitioned table.</param>
public sealed record PartitionType(IReadOnlyList<PartitionTypeField> Fields)
{
    /// <summary>The type of an unpartitioned table.</summary>
    public static PartitionType Unpartitioned { get; } = new([]);

    internal static PartitionType Of(AvroType.Record record) =>
        new([.. record.Fields.Select(field => new PartitionTypeField(field.FieldId, field.Name, TypeName(field)))]);

    private static string TypeName(AvroField field) => Optional(field.Type) switch
    {
        AvroType.Null => "unknown",
        AvroType.Boolean => "boolean",
        AvroType.Int { Logical.Name: "date" } => "date",
        AvroType.Int => "int",
        AvroType.Long { Logical.Name: "time-micros" } => "time",
        AvroType.Long { Logical: { Name: "timestamp-micros", AdjustToUtc: var utc } } => utc ? "timestamptz" : "timestamp",
        AvroType.Long { Logical: { Name: "timestamp-nanos", AdjustToUtc: var utc } } => utc ? "timestamptz_ns" : "timestamp_ns",
        AvroType.Long => "long",
        AvroType.Float => "float",
        AvroType.Double => "double",
        AvroType.String { Logical.Name: "uuid" } or AvroType.Fixed { Size: 16, Logical.Name: "uuid" } => "uuid",
        AvroType.String => "string",
        AvroType.Bytes { Logical: { Name: "decimal" } number } => $"decimal({number.Precision}, {number.Scale})",
        AvroType.Fixed { Logical: { Name: "decimal" } number } => $"decimal({number.Precision}, {number.Scale})",
        AvroType.Bytes => "binary",
        AvroType.Fixed { Size: var size } => $"fixed[{size}]",
        _ => throw CatalogException.Validation($"the partition field '{field.Name}' (id {field.FieldId}) has a type that no partition value has"),
    };

    private static AvroType Optional(AvroType type) => type switch
    {
        AvroType.Union { Branches: [AvroType.Null, var value] } => value,
        AvroType.Union { Branches: [var value, AvroType.Null] } => value,
        _ => type,
    };
}

/// <summary>A field of a partition tuple.</summary>
/// <param name="FieldId">The partition field's id, from 1000 on; -1 when the file has none.</param>
/// <param name="Name">Its name.</param>
/// <param name="Type">The type of its values in Iceberg's notation, such as <c>int</c>, <c>timestamptz</c> or <c>decimal(9, 2)</c>.</param>
public sealed record PartitionTypeField(int FieldId, string Name, string Type);

/// <summary>
/// A partition tuple. Each value is in Iceberg's binary single-value serialization (table specification, Appendix D), the form that column bounds and partition
/// summaries have too: of the type that the manifest's <see cref="PartitionType"/> gives, which may be older than the table's. Tuples are compared by value.
/// </summary>
/// <param name="values">One for each field of the partition type, null for null.</param>
public sealed class PartitionData(params IReadOnlyList<ReadOnlyMemory<byte>?> values) : IEquatable<PartitionData>
{
    /// <summary>The tuple without fields.</summary>
    public static PartitionData Unpartitioned { get; } = new();

    /// <summary>One for each field of the partition type, null for null.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>?> Values { get; } = values;

    /// <inheritdoc />
    public bool Equals(PartitionData? other)
    {
        if (other is null || other.Values.Count != Values.Count)
        {
            return false;
        }

        for (var i = 0; i < Values.Count; i++)
        {
            var (mine, theirs) = (Values[i], other.Values[i]);
            if (mine.HasValue != theirs.HasValue || !mine.GetValueOrDefault().Span.SequenceEqual(theirs.GetValueOrDefault().Span))
            {
                return false;
            }
        }

        return true;
    }

    /// <inheritdoc />
    public override bool Equals(object? obj) => Equals(obj as PartitionData);

    /// <inheritdoc />
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var value in Values)
        {
            hash.Add(value.HasValue);
            hash.AddBytes(value.GetValueOrDefault().Span);
        }

        return hash.ToHashCode();
    }

    internal static PartitionData Read(ref AvroDecoder decoder, AvroType.Record type)
    {
        if (type.Fields.Length == 0)
        {
            return Unpartitioned;
        }

        var values = new ReadOnlyMemory<byte>?[type.Fields.Length];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = ReadValue(ref decoder, type.Fields[i]);
        }

        return new PartitionData(values);
    }

    private static ReadOnlyMemory<byte>? ReadValue(ref AvroDecoder decoder, AvroField field) => decoder.Resolve(field.Type) switch
    {
        null => default(ReadOnlyMemory<byte>?),
        AvroType.Boolean => new[] { decoder.ReadBoolean() ? (byte)1 : (byte)0 },
        AvroType.Int => OfInt(decoder.ReadInt()),
        AvroType.Long => OfLong(decoder.ReadLong()),
        AvroType.Float => decoder.Take(sizeof(float)).ToArray(),
        AvroType.Double => decoder.Take(sizeof(double)).ToArray(),
        AvroType.String { Logical.Name: "uuid" } => OfUuid(decoder.ReadBytes()),
        AvroType.String => decoder.ReadBytes().ToArray(),
        AvroType.Bytes { Logical.Name: "decimal" } => OfDecimal(decoder.ReadBytes()),
        AvroType.Fixed { Logical.Name: "decimal", Size: var size } => OfDecimal(decoder.Take(size)),
        AvroType.Bytes => decoder.ReadBytes().ToArray(),
        AvroType.Fixed { Size: var size } => decoder.Take(size).ToArray(),
        _ => throw CatalogException.Validation($"the partition field '{field.Name}' has a value of a type that no partition value has"),
    };

    private static byte[] OfInt(int value)
    {
        var bytes = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }

    private static byte[] OfLong(long value)
    {
        var bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return bytes;
    }

    /// <summary>The unscaled number in as few bytes as it needs, big-endian: Avro's are padded with the sign to the size of the type.</summary>
    private static byte[] OfDecimal(ReadOnlySpan<byte> unscaled)
    {
        while (unscaled.Length > 1 && ((unscaled[0] == 0 && unscaled[1] < 0x80) || (unscaled[0] == 0xFF && unscaled[1] >= 0x80)))
        {
            unscaled = unscaled[1..];
        }

        return unscaled.ToArray();
    }

    private static byte[] OfUuid(ReadOnlySpan<byte> text) => text.Length == 36 && Guid.TryParse(Encoding.ASCII.GetString(text), out var uuid)
        ? uuid.ToByteArray(bigEndian: true)
        : throw CatalogException.Validation("a partition value is no UUID");
}
