using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Snappier;
using ZstdSharp;

namespace Frazil.Iceberg.Manifests;

/// <summary>
/// Rewrites the strings of an Avro file and leaves all else as its writer wrote it: schema, metadata, codec, blocks. So files that others wrote for one table can be those of another.
/// </summary>
internal sealed class AvroRelocation : IDisposable
{
    private readonly Func<string, string> rename;
    private readonly Dictionary<string, JsonElement> named = [];
    private readonly MemoryStream output = new();
    private readonly byte[] input;
    private int at;

    private AvroRelocation(byte[] file, Func<string, string> rename) => (input, this.rename) = (file, rename);

    /// <summary>The file with each string of its records renamed.</summary>
    public static byte[] Relocate(byte[] file, Func<string, string> rename)
    {
        using var relocation = new AvroRelocation(file, rename);
        var metadata = relocation.CopyHeader();
        var codec = metadata.TryGetValue("avro.codec", out var name) ? name : "null";
        using var schema = JsonDocument.Parse(metadata["avro.schema"]);
        relocation.CopyBlocks(schema.RootElement, codec);
        return relocation.output.ToArray();
    }

    public void Dispose() => output.Dispose();

    private Dictionary<string, string> CopyHeader()
    {
        Copy(4);
        Dictionary<string, string> metadata = [];
        for (var count = CopyLong(); count != 0; count = CopyLong())
        {
            if (count < 0)
            {
                CopyLong();
            }

            for (var i = 0; i < Math.Abs(count); i++)
            {
                var key = Encoding.UTF8.GetString(Copy((int)CopyLong()));
                metadata[key] = Encoding.UTF8.GetString(Copy((int)CopyLong()));
            }
        }

        Copy(16);
        return metadata;
    }

    private void CopyBlocks(JsonElement schema, string codec)
    {
        while (at < input.Length)
        {
            var count = CopyLong();
            var stored = Take((int)ReadLong()).ToArray();
            using var records = new AvroRelocation(Decompress(codec, stored), rename);
            foreach (var (name, type) in named)
            {
                records.named[name] = type;
            }

            for (var i = 0L; i < count; i++)
            {
                records.CopyValue(schema);
            }

            Write(AvroBytes.Bytes(AvroBytes.Compress(codec, records.output.ToArray())));
            Copy(16);
        }
    }

    private void CopyValue(JsonElement schema)
    {
        switch (schema.ValueKind)
        {
            case JsonValueKind.Array:
                CopyValue(schema[(int)CopyLong()]);
                break;
            case JsonValueKind.Object:
                if (schema.TryGetProperty("name", out var name))
                {
                    named[name.GetString()!] = schema;
                }

                CopyTyped(schema.GetProperty("type"), schema);
                break;
            default:
                CopyNamed(schema.GetString()!, schema);
                break;
        }
    }

    private void CopyTyped(JsonElement type, JsonElement schema)
    {
        if (type.ValueKind == JsonValueKind.String)
        {
            CopyNamed(type.GetString()!, schema);
        }
        else
        {
            CopyValue(type);
        }
    }

    private void CopyNamed(string type, JsonElement schema)
    {
        switch (type)
        {
            case "null":
                break;
            case "boolean":
                Copy(1);
                break;
            case "int" or "long" or "enum":
                CopyLong();
                break;
            case "float":
                Copy(4);
                break;
            case "double":
                Copy(8);
                break;
            case "bytes":
                Copy((int)CopyLong());
                break;
            case "fixed":
                Copy(schema.GetProperty("size").GetInt32());
                break;
            case "string":
                Write(AvroBytes.Text(rename(Encoding.UTF8.GetString(Take((int)ReadLong())))));
                break;
            case "array":
                CopyItems(() => CopyValue(schema.GetProperty("items")));
                break;
            case "record":
                foreach (var field in schema.GetProperty("fields").EnumerateArray())
                {
                    CopyValue(field.GetProperty("type"));
                }

                break;
            default:
                CopyValue(named[type]);
                break;
        }
    }

    /// <summary>An item may become longer, so a block that says its size in bytes is written as one that does not.</summary>
    private void CopyItems(Action copyItem)
    {
        long count;
        do
        {
            count = ReadLong();
            if (count < 0)
            {
                count = -count;
                ReadLong();
            }

            Write(AvroBytes.Long(count));
            for (var i = 0L; i < count; i++)
            {
                copyItem();
            }
        }
        while (count != 0);
    }

    private static byte[] Decompress(string codec, byte[] stored)
    {
        switch (codec)
        {
            case "null":
                return stored;
            case "deflate":
                using (var inflate = new DeflateStream(new MemoryStream(stored), CompressionMode.Decompress))
                {
                    var target = new MemoryStream();
                    inflate.CopyTo(target);
                    return target.ToArray();
                }

            case "snappy":
                return Snappy.DecompressToArray(stored.AsSpan(0, stored.Length - 4));
            case "zstandard":
                return new Decompressor().Unwrap(stored).ToArray();
            default:
                throw new ArgumentOutOfRangeException(nameof(codec), codec, null);
        }
    }

    private long CopyLong()
    {
        var begin = at;
        var value = ReadLong();
        output.Write(input, begin, at - begin);
        return value;
    }

    private long ReadLong()
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var digit = input[at++];
            value |= (ulong)(digit & 0x7F) << shift;
            if (digit < 0x80)
            {
                return (long)(value >> 1) ^ -(long)(value & 1);
            }
        }
    }

    private byte[] Copy(int count)
    {
        var bytes = Take(count).ToArray();
        Write(bytes);
        return bytes;
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        at += count;
        return input.AsSpan(at - count, count);
    }

    private void Write(byte[] bytes) => output.Write(bytes);
}
