using System.Text;

namespace Frazil.Iceberg.Manifests;

/// <summary>
/// Reads Avro's binary encoding (Avro specification, "Binary Encoding") from bytes that are all there. Every claim of the data is checked against the bytes
/// that remain before anything is allocated for it, and each step but those into a type's parts consumes a byte.
/// </summary>
/// <param name="data">The bytes of one entry, and what follows it.</param>
/// <param name="isCut">Whether the data was cut at <see cref="ManifestLimits.MaxEntryBytes"/>, so that its end is that limit and not the block's.</param>
internal ref partial struct AvroDecoder(ReadOnlySpan<byte> data, bool isCut)
{
    private readonly ReadOnlySpan<byte> data = data;

    /// <summary>Bytes read so far.</summary>
    public int Position { get; private set; }

    private readonly int Remaining => data.Length - Position;

    public int? OptionalInt(AvroField field) => Resolve(field.Type) switch
    {
        null => null,
        AvroType.Int => ReadInt(),
        _ => throw Wrong(field, "an int"),
    };

    public int Int(AvroField field) => OptionalInt(field) ?? throw IsNull(field);

    public long? OptionalLong(AvroField field) => Resolve(field.Type) switch
    {
        null => null,
        AvroType.Long => ReadLong(),
        AvroType.Int => ReadInt(),
        _ => throw Wrong(field, "a long"),
    };

    public long Long(AvroField field) => OptionalLong(field) ?? throw IsNull(field);

    public bool? OptionalBoolean(AvroField field) => Resolve(field.Type) switch
    {
        null => null,
        AvroType.Boolean => ReadBoolean(),
        _ => throw Wrong(field, "a boolean"),
    };

    public bool Boolean(AvroField field) => OptionalBoolean(field) ?? throw IsNull(field);

    public string? OptionalString(AvroField field) => Resolve(field.Type) switch
    {
        null => null,
        AvroType.String => Encoding.UTF8.GetString(ReadUtf8(field)),
        _ => throw Wrong(field, "a string"),
    };

    public string String(AvroField field) => OptionalString(field) ?? throw IsNull(field);

    /// <summary>A string's bytes, for values that are mostly one of a few.</summary>
    public ReadOnlySpan<byte> Utf8(AvroField field) => Resolve(field.Type) switch
    {
        null => throw IsNull(field),
        AvroType.String => ReadUtf8(field),
        _ => throw Wrong(field, "a string"),
    };

    /// <summary>A copy of the bytes.</summary>
    public ReadOnlyMemory<byte>? OptionalBytes(AvroField field) => Resolve(field.Type) switch
    {
        null => default(ReadOnlyMemory<byte>?),
        AvroType.Bytes => ReadBytes().ToArray(),
        AvroType.Fixed type => Take(type.Size).ToArray(),
        _ => throw Wrong(field, "bytes"),
    };

    /// <summary>The type of a record that comes next, or null.</summary>
    public AvroType.Record? OptionalRecord(AvroField field) => Resolve(field.Type) switch
    {
        null => null,
        AvroType.Record record => record,
        _ => throw Wrong(field, "a record"),
    };

    public AvroType.Record Record(AvroField field) => OptionalRecord(field) ?? throw IsNull(field);

    /// <summary>The type of the items of a list that comes next, or null; <see cref="ReadItemCount"/> then tells how many follow.</summary>
    public AvroType? OptionalList(AvroField field) => Resolve(field.Type) switch
    {
        null => null,
        AvroType.Array array => array.Items,
        _ => throw Wrong(field, "a list"),
    };

    /// <summary>Passes over a value that nobody asked for.</summary>
    public void Skip(AvroType type)
    {
        switch (type)
        {
            case AvroType.Null: break;
            case AvroType.Boolean: _ = Take(1); break;
            case AvroType.Int or AvroType.Long or AvroType.Enum: _ = ReadLong(); break;
            case AvroType.Float: _ = Take(4); break;
            case AvroType.Double: _ = Take(8); break;
            case AvroType.Bytes or AvroType.String: _ = ReadBytes(); break;
            case AvroType.Fixed value: _ = Take(value.Size); break;
            case AvroType.Array list: SkipItems(list.Items, isMap: false); break;
            case AvroType.Map map: SkipItems(map.Values, isMap: true); break;
            case AvroType.Union union: Skip(ReadBranch(union)); break;
            case AvroType.Record record: SkipFields(record); break;
            default: throw new ArgumentOutOfRangeException(nameof(type), type, "no such Avro type");
        }
    }

    /// <summary>The type that the next value has: the branch of a union, or null for the null branch.</summary>
    public AvroType? Resolve(AvroType type)
    {
        var actual = type is AvroType.Union union ? ReadBranch(union) : type;
        return actual is AvroType.Null ? null : actual;
    }

    public bool ReadBoolean() => Take(1)[0] switch
    {
        0 => false,
        1 => true,
        var other => throw CatalogException.Validation($"a boolean is {other}"),
    };

    public int ReadInt()
    {
        var value = ReadLong();
        return value is >= int.MinValue and <= int.MaxValue ? (int)value : throw CatalogException.Validation($"an int is {value}");
    }

    public long ReadLong()
    {
        var result = 0UL;
        for (var shift = 0; shift < 70; shift += 7)
        {
            var next = Take(1)[0];
            result |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return (long)(result >> 1) ^ -(long)(result & 1);
            }
        }

        throw CatalogException.Validation("a number is longer than 10 bytes");
    }

    public ReadOnlySpan<byte> ReadBytes()
    {
        var length = ReadLong();
        return length >= 0 && length <= Remaining ? Take((int)length) : throw Overrun();
    }

    public ReadOnlySpan<byte> Take(int count)
    {
        if (count > Remaining)
        {
            throw Overrun();
        }

        var taken = data.Slice(Position, count);
        Position += count;
        return taken;
    }

    private ReadOnlySpan<byte> ReadUtf8(AvroField field)
    {
        var bytes = ReadBytes();
        if (bytes.Length > ManifestLimits.MaxStringBytes)
        {
            throw CatalogException.Validation($"the field '{field.Name}' has {bytes.Length} bytes, more than the limit of {ManifestLimits.MaxStringBytes}");
        }

        // A path with a replacement character in it would be the path of another file.
        return System.Text.Unicode.Utf8.IsValid(bytes) ? bytes : throw CatalogException.Validation($"the field '{field.Name}' is not UTF-8");
    }

    private AvroType ReadBranch(AvroType.Union union)
    {
        var index = ReadLong();
        return index >= 0 && index < union.Branches.Length ? union.Branches[index] : throw CatalogException.Validation($"a union has no branch {index}");
    }

    private void SkipFields(AvroType.Record record)
    {
        foreach (var field in record.Fields)
        {
            if (!field.Type.IsEmpty)
            {
                Skip(field.Type);
            }
        }
    }

    private readonly CatalogException Overrun() => CatalogException.Validation(isCut
        ? $"an entry is longer than the limit of {ManifestLimits.MaxEntryBytes} bytes"
        : "the data ends inside an entry, or claims more than there is");

    private static CatalogException IsNull(AvroField field) => CatalogException.Validation($"the required field '{field.Name}' (id {field.FieldId}) is null");

    private static CatalogException Wrong(AvroField field, string expected) =>
        CatalogException.Validation($"the field '{field.Name}' (id {field.FieldId}) is not {expected}");
}
