using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;
using Snappier;
using ZstdSharp;

namespace Frazil.Iceberg.Manifests;

/// <summary>Writes Avro by hand, right or wrong, as a test likes.</summary>
internal static class AvroBytes
{
    public static readonly byte[] Sync = [.. Enumerable.Range(1, 16).Select(value => (byte)value)];

    public static byte[] Long(long value)
    {
        var bytes = new List<byte>();
        var rest = (ulong)((value << 1) ^ (value >> 63));
        for (; rest >= 0x80; rest >>= 7)
        {
            bytes.Add((byte)(rest | 0x80));
        }

        bytes.Add((byte)rest);
        return [.. bytes];
    }

    public static byte[] Bytes(byte[] value) => [.. Long(value.Length), .. value];

    public static byte[] Text(string value) => Bytes(Encoding.UTF8.GetBytes(value));

    /// <summary>A value of a union of null and something.</summary>
    public static byte[] Some(byte[] value) => [2, .. value];

    public static byte[] None => [0];

    public static byte[] Header(string schema, string codec = "null", params (string Key, string Value)[] more) =>
    [
        .. "Obj\u0001"u8, .. Long(2 + more.Length), .. Text("avro.schema"), .. Text(schema), .. Text("avro.codec"), .. Text(codec),
        .. more.SelectMany(pair => Text(pair.Key).Concat(Text(pair.Value))), 0, .. Sync,
    ];

    public static byte[] Block(long count, byte[] stored, long? length = null) => [.. Long(count), .. Long(length ?? stored.Length), .. stored, .. Sync];

    /// <summary>A file of one block.</summary>
    public static byte[] File(string schema, long count, params byte[][] entries) =>
        [.. Header(schema), .. Block(count, [.. entries.SelectMany(entry => entry)])];

    public static byte[] Compress(string codec, byte[] data) => codec switch
    {
        "null" => data,
        "deflate" => Deflate(data),
        "snappy" => Snap(data),
        "zstandard" => new Compressor().Wrap(data).ToArray(),
        _ => throw new ArgumentOutOfRangeException(nameof(codec)),
    };

    private static byte[] Deflate(byte[] data)
    {
        var target = new MemoryStream();
        using (var deflate = new DeflateStream(target, CompressionLevel.Optimal))
        {
            deflate.Write(data);
        }

        return target.ToArray();
    }

    private static byte[] Snap(byte[] data)
    {
        var checksum = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(checksum, Crc32.HashToUInt32(data));
        return [.. Snappy.CompressToArray(data), .. checksum];
    }
}

/// <summary>Schemas of files that tests write, no larger than their readers ask for.</summary>
internal static class AvroSchemas
{
    /// <summary>A manifest list with more fields at its end.</summary>
    public static string List(string more = "") => """
        {"type":"record","name":"manifest_file","fields":[
          {"name":"manifest_path","type":"string","field-id":500},
          {"name":"partition_spec_id","type":"int","field-id":502}
        """ + more + "]}";

    /// <summary>An entry of such a list, less what more fields hold.</summary>
    public static byte[] ListEntry(string path = "s3://b/m.avro") => [.. AvroBytes.Text(path), 0];

    /// <summary>A manifest with more fields at the end of its data file.</summary>
    public static string Manifest(string more = "") => """
        {"type":"record","name":"manifest_entry","fields":[
          {"name":"status","type":"int","field-id":0},
          {"name":"snapshot_id","type":["null","long"],"field-id":1},
          {"name":"sequence_number","type":["null","long"],"field-id":3},
          {"name":"file_sequence_number","type":["null","long"],"field-id":4},
          {"name":"data_file","field-id":2,"type":{"type":"record","name":"r2","fields":[
            {"name":"content","type":"int","field-id":134},
            {"name":"file_path","type":"string","field-id":100},
            {"name":"file_format","type":"string","field-id":101},
            {"name":"record_count","type":"long","field-id":103},
            {"name":"file_size_in_bytes","type":"long","field-id":104},
            {"name":"first_row_id","type":["null","long"],"field-id":142}
        """ + more + "]}}]}";

    /// <summary>An entry of such a manifest, less what more fields hold.</summary>
    public static byte[] ManifestEntry(
        int status = 1,
        long? snapshotId = null,
        long? sequenceNumber = null,
        long? fileSequenceNumber = null,
        int content = 0,
        string path = "s3://b/f.parquet",
        long records = 10,
        long? firstRowId = null) =>
    [
        .. AvroBytes.Long(status), .. Optional(snapshotId), .. Optional(sequenceNumber), .. Optional(fileSequenceNumber),
        .. AvroBytes.Long(content), .. AvroBytes.Text(path), .. AvroBytes.Text("PARQUET"), .. AvroBytes.Long(records), .. AvroBytes.Long(1000),
        .. Optional(firstRowId),
    ];

    /// <summary>A map from field id to numbers or bytes, as Iceberg writes one.</summary>
    public static string Map(int fieldId, string name, string type) =>
        $$$"""
        ,{"name":"{{{name}}}","field-id":{{{fieldId}}},"type":["null",{"type":"array","logicalType":"map","items":
          {"type":"record","name":"{{{name}}}_pair","fields":[{"name":"key","type":"int"},{"name":"value","type":"{{{type}}}"}]}}]}
        """;

    private static byte[] Optional(long? value) => value is { } number ? AvroBytes.Some(AvroBytes.Long(number)) : AvroBytes.None;
}
