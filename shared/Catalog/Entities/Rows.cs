using System.Buffers.Binary;
using System.Numerics;
using System.Text.Json;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil.Entities;

/// <summary>
/// The form that stored values have in common: one JSON object that begins with the number of its format (<c>v</c>) and ends with a checksum (<c>crc</c>: CRC-32C in hexadecimal, of all bytes
/// before its member), so that damage is told from a client's mistake. Values of versions before this form have neither, and are read all the same.
/// </summary>
internal static class Rows
{
    /// <summary>
    /// The format that is written, and the newest that is read. Members may be added without moving it: whoever does not know them keeps them. It moves when an older version would misread a row:
    /// when a member's meaning changes, one that is required goes, or a name stands for a new kind of thing.
    /// </summary>
    public const int Format = 1;

    /// <summary>What the last member looks like: a comma, <c>"crc":"01234567"</c> and the end of the object.</summary>
    private const int TrailerLength = 18;

    private static ReadOnlySpan<byte> Head => "{\"v\":"u8;

    private static ReadOnlySpan<byte> TrailerHead => ",\"crc\":\""u8;

    /// <summary>Reads the members of an object, at which the reader stands.</summary>
    public delegate T Reading<out T>(ref RowReader row);

    /// <summary>Reads a row.</summary>
    /// <exception cref="CatalogException">500 that names the row: it is damaged, or a newer version wrote it.</exception>
    public static T Read<T>(Item item, Reading<T> read)
    {
        try
        {
            var row = new RowReader(item.Value, RequireChecksum(item.Value.Span));
            return read(ref row);
        }
        catch (Exception exception) when (exception is JsonException or FormatException or InvalidOperationException or ArgumentException or OverflowException
            or CatalogException { Kind: ErrorKind.BadRequest })
        {
            throw Damaged(item.Id, exception.Message, exception);
        }
        catch (NewerRowException newer)
        {
            throw new CatalogException(
                ErrorKind.Internal, $"The row '{item.Id}' of the catalog's store has format {newer.Format}: a newer version of Frazil wrote it, and this one reads formats up to {Format}. Use the newer version", newer);
        }
    }

    /// <summary>Writes a row: its members, which <paramref name="write"/> writes, between format and checksum.</summary>
    public static byte[] Write<TState>(TState state, Action<Utf8JsonWriter, TState> write)
    {
        var value = Json.Write((state, write), static (writer, row) =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("v"u8, Format);
            row.write(writer, row.state);
            writer.WriteString("crc"u8, "00000000"u8);
            writer.WriteEndObject();
        });
        WriteChecksum(value.AsSpan(..^TrailerLength), value.AsSpan(^(TrailerLength - TrailerHead.Length)..));
        return value;
    }

    /// <summary>500: the row is not what was written.</summary>
    public static CatalogException Damaged(string id, string why, Exception? cause = null) =>
        new(ErrorKind.Internal, $"The row '{id}' of the catalog's store is damaged: {why}", cause);

    /// <summary>Whether the value has a format and a checksum at all; then the checksum is right.</summary>
    private static bool RequireChecksum(ReadOnlySpan<byte> value)
    {
        var hasTrailer = value.Length > TrailerLength && value[^TrailerLength..].StartsWith(TrailerHead);
        if (!hasTrailer && !value.StartsWith(Head))
        {
            return false;
        }

        Span<byte> checksum = stackalloc byte[TrailerLength];
        return hasTrailer && WriteChecksum(value[..^TrailerLength], checksum[TrailerHead.Length..]) && checksum[TrailerHead.Length..].SequenceEqual(value[^(TrailerLength - TrailerHead.Length)..])
            ? true
            : throw new FormatException("its checksum does not fit");
    }

    /// <summary>Writes the digits of the checksum, the closing quote and the object's end.</summary>
    private static bool WriteChecksum(ReadOnlySpan<byte> bytes, Span<byte> target)
    {
        var crc = uint.MaxValue;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        }

        foreach (var one in bytes)
        {
            crc = BitOperations.Crc32C(crc, one);
        }

        for (var digit = 7; digit >= 0; digit--, crc >>= 4)
        {
            target[digit] = "0123456789abcdef"u8[(int)(crc & 0xF)];
        }

        return "\"}"u8.TryCopyTo(target[8..]);
    }
}

/// <summary>A newer version wrote the row.</summary>
internal sealed class NewerRowException(long format) : Exception($"the row has format {format}")
{
    /// <summary>The row's format.</summary>
    public long Format { get; } = format;
}

/// <summary>Walks the members of a row in one pass, without building a tree of it.</summary>
internal ref struct RowReader
{
    private readonly ReadOnlyMemory<byte> source;
    private Utf8JsonReader json;

    public RowReader(ReadOnlyMemory<byte> source, bool hasFormat)
    {
        this.source = source;
        HasFormat = hasFormat;
        json = new Utf8JsonReader(source.Span);
        json.Read();
    }

    /// <summary>Whether the row has a format: then its members stand in the order in which they are written today.</summary>
    public bool HasFormat { get; }

    /// <summary>Steps into the object at which the reader stands.</summary>
    public readonly void Enter()
    {
        if (json.TokenType != JsonTokenType.StartObject)
        {
            throw new FormatException("it is not an object where one must be");
        }
    }

    /// <summary>Moves to the next member's value, whose name <see cref="Is"/> tells; false at the object's end.</summary>
    public bool Next()
    {
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (!HasFormat || json.CurrentDepth != 1)
            {
                return true;
            }

            if (json.ValueTextEquals("v"u8))
            {
                json.Read();
                if (json.GetInt64() is > Rows.Format and var format)
                {
                    throw new NewerRowException(format);
                }
            }
            else if (json.ValueTextEquals("crc"u8))
            {
                json.Read();
            }
            else
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether the member has this name. Then its value is to be read.</summary>
    public bool Is(ReadOnlySpan<byte> name) => json.ValueTextEquals(name) && json.Read();

    /// <summary>The value, a string.</summary>
    public readonly string String() => json.GetString() ?? throw new FormatException("a string is null");

    /// <summary>Whether the value is this text.</summary>
    public readonly bool IsText(ReadOnlySpan<byte> text) => json.ValueTextEquals(text);

    /// <summary>The value, an id.</summary>
    public readonly Guid Guid() => json.GetGuid();

    /// <summary>The value, a number.</summary>
    public readonly long Int64() => json.GetInt64();

    /// <summary>The value, a number.</summary>
    public readonly int Int32() => json.GetInt32();

    /// <summary>The value, true or false.</summary>
    public readonly bool Boolean() => json.GetBoolean();

    /// <summary>The value, a time in milliseconds.</summary>
    public readonly DateTimeOffset Time() => DateTimeOffset.FromUnixTimeMilliseconds(json.GetInt64());

    /// <summary>The value, an array of strings.</summary>
    public List<string> Strings()
    {
        List<string> result = [];
        RequireToken(JsonTokenType.StartArray);
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            result.Add(String());
        }

        return result;
    }

    /// <summary>The value, an array of ids.</summary>
    public List<Guid> Guids()
    {
        List<Guid> result = [];
        RequireToken(JsonTokenType.StartArray);
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            result.Add(Guid());
        }

        return result;
    }

    /// <summary>The value, an object of strings, in its order.</summary>
    public Dictionary<string, string> StringMap()
    {
        var result = new Dictionary<string, string>(StringComparer.Ordinal);
        RequireToken(JsonTokenType.StartObject);
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var name = String();
            json.Read();
            result[name] = String();
        }

        return result;
    }

    /// <summary>The value as it stands.</summary>
    public ReadOnlyMemory<byte> Raw()
    {
        var start = (int)json.TokenStartIndex;
        json.Skip();
        return source[start..(int)json.BytesConsumed];
    }

    /// <summary>Keeps a member that this version does not know.</summary>
    public void Keep(ref UnknownMembers unknown)
    {
        var name = String();
        json.Read();
        unknown = unknown.With(name, Raw().ToArray());
    }

    /// <summary>Moves past a member that nobody asked for.</summary>
    public void SkipMember() => json.Skip();

    /// <summary>A required member is not there.</summary>
    public static Exception Missing(string name) => new FormatException($"it has no '{name}'");

    private readonly void RequireToken(JsonTokenType token)
    {
        if (json.TokenType != token)
        {
            throw new FormatException($"there is {json.TokenType} where {token} must be");
        }
    }
}

/// <summary>Members of a row that this version does not know: a newer one wrote them, and finds them again after this one has rewritten the row.</summary>
internal readonly record struct UnknownMembers
{
    private readonly (string Name, byte[] Value)[]? members;

    private UnknownMembers((string Name, byte[] Value)[] members) => this.members = members;

    /// <summary>These and one more.</summary>
    public UnknownMembers With(string name, byte[] value) => new([.. members ?? [], (name, value)]);

    /// <summary>Writes them as they stood.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        foreach (var (name, value) in members ?? [])
        {
            writer.WritePropertyName(name);
            writer.WriteRawValue(value, skipInputValidation: true);
        }
    }
}
