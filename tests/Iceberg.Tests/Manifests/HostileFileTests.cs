using System.Diagnostics;
using System.Text;
using static Frazil.Iceberg.Manifests.AvroBytes;
using static Frazil.Iceberg.Manifests.AvroSchemas;

namespace Frazil.Iceberg.Manifests;

/// <summary>A file that is damaged, or made to do damage, is refused by name, soon, and for little memory.</summary>
public sealed class HostileFileTests
{
    private const long Small = 2 << 20;
    private const long Blocks = 3L * ManifestLimits.MaxBlockBytes;

    public static TheoryData<string> Lists => [.. Files.Keys];

    [Theory]
    [MemberData(nameof(Lists))]
    public async Task A_hostile_manifest_list_is_refused(string name)
    {
        var (file, message, memory) = Files[name];
        await AssertRefusedAsync(file(), message, memory, async stream =>
        {
            await foreach (var manifest in ManifestListReader.ReadAsync(stream, "s3://b/list.avro", CancellationToken.None))
            {
                Assert.NotNull(manifest);
            }
        });
    }

    public static TheoryData<string> Manifests => [.. ManifestFiles.Keys];

    [Theory]
    [MemberData(nameof(Manifests))]
    public async Task A_hostile_manifest_is_refused(string name)
    {
        var (file, message) = ManifestFiles[name];
        await AssertRefusedAsync(file(), message, Small, async stream =>
        {
            var described = new ManifestFile { ManifestPath = "s3://b/list.avro", PartitionSpecId = 0, FirstRowId = 5 };
            using var reader = await ManifestReader.OpenAsync(stream, described, ManifestProjection.Everything, CancellationToken.None);
            await foreach (var entry in reader.ReadAsync(CancellationToken.None))
            {
                Assert.NotNull(entry);
            }
        });
    }

    [Fact]
    public async Task A_file_cut_anywhere_but_between_blocks_is_refused()
    {
        var whole = Fixtures.Read("java-v2-gzip-manifest-0.avro");
        for (var length = 0; length < whole.Length; length += length < 64 || length > whole.Length - 700 ? 1 : 97)
        {
            var cut = whole[..length];
            var refused = await Record.ExceptionAsync(() => ReadManifestAsync(cut));
            if (length == whole.AsSpan().IndexOf(whole.AsSpan()[^16..]) + 16)
            {
                Assert.Null(refused);
                continue;
            }

            Assert.Equal(ErrorKind.Validation, Assert.IsType<CatalogException>(refused).Kind);
        }
    }

    [Theory]
    [InlineData("deflate")]
    [InlineData("snappy")]
    [InlineData("zstandard")]
    public async Task A_block_of_exactly_the_limit_is_read(string codec)
    {
        const string Junk = """,{"name":"junk","type":"bytes"}""";
        var head = ListEntry();
        var junk = new byte[(ManifestLimits.MaxBlockBytes / 8) - head.Length - 4];
        byte[] entry = [.. head, .. Bytes(junk)];
        Assert.Equal(ManifestLimits.MaxBlockBytes / 8, entry.Length);
        byte[] data = [.. Enumerable.Repeat(entry, 8).SelectMany(bytes => bytes)];

        byte[] file = [.. Header(List(Junk), codec), .. Block(8, Compress(codec, data))];
        Assert.Equal(8, await ManifestListReader.ReadAsync(new MemoryStream(file), "list", CancellationToken.None).CountAsync());
    }

    [Fact]
    public async Task The_window_that_a_zstandard_frame_asks_for_is_not_allocated()
    {
        var data = ListEntry();
        byte[] frame = [0x28, 0xB5, 0x2F, 0xFD, 0x00, (31 - 10) << 3, (byte)((data.Length << 3) | 1), 0, 0, .. data];
        byte[] file = [.. Header(List(), "zstandard"), .. Block(1, frame)];

        var before = GC.GetAllocatedBytesForCurrentThread();
        var reading = ManifestListReader.ReadAsync(new MemoryStream(file), "list", CancellationToken.None).CountAsync();
        Assert.True(reading.IsCompleted);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < Small);
        Assert.Equal(1, await reading);
    }

    private static readonly Dictionary<string, (Func<byte[]> File, string Message, long Memory)> Files = new()
    {
        ["nothing"] = (() => [], "ends too early", Small),
        ["something else"] = (() => Encoding.UTF8.GetBytes("PAR1 and more"), "not an Avro file", Small),
        ["a header value of 2 GB"] = (
            () => [.. "Obj\u0001"u8, .. Long(1), .. Text("k"), .. Long(int.MaxValue)],
            $"limit of {ManifestLimits.MaxHeaderBytes}", Small),
        ["a header value of 16 MB that is not there"] = (
            () => [.. "Obj\u0001"u8, .. Long(1), .. Text("k"), .. Long(16_000_000)],
            "ends too early", Small),
        ["a header value of negative length"] = (() => [.. "Obj\u0001"u8, .. Long(1), .. Text("k"), .. Long(-1)], "negative length", Small),
        ["a header of many keys"] = (
            () => [.. "Obj\u0001"u8, .. Long(ManifestLimits.MaxHeaderKeys + 1L)],
            $"limit of {ManifestLimits.MaxHeaderKeys}", Small),
        ["a header of -2^63 keys"] = (() => [.. "Obj\u0001"u8, .. Long(long.MinValue), 0], $"limit of {ManifestLimits.MaxHeaderKeys}", Small),
        ["a header without end"] = (
            () => [.. "Obj\u0001"u8, .. Enumerable.Range(0, 2000).SelectMany(i => (byte[])[2, .. Text($"{i}"), 0])],
            $"limit of {ManifestLimits.MaxHeaderKeys}", Small),
        ["a header key twice"] = (() => Header(List(), "null", ("avro.codec", "null")), "twice", Small),
        ["no schema"] = (() => [.. "Obj\u0001"u8, 0, .. Sync], "no 'avro.schema'", Small),
        ["an unknown codec"] = (() => Header(List(), "bzip2"), "but 'bzip2'", Small),
        ["a codec's name of 1 MB"] = (
            () => Header(List(), new string('x', 1_000_000)),
            "the codec is none of null, deflate, snappy and zstandard but 'xxx", 8 * Small),
        ["a schema of no JSON"] = (() => Header("{"), "malformed Avro schema", Small),
        ["a schema too long"] = (
            () => Header(List() + new string(' ', ManifestLimits.MaxSchemaBytes)),
            $"limit of {ManifestLimits.MaxSchemaBytes}", 8 * Small),
        ["a schema of deep JSON"] = (() => Header(Nested(5000)), "malformed Avro schema", Small),
        ["a schema of deep types"] = (() => Header(List(Field(Nested(40)))), $"limit of {ManifestLimits.MaxSchemaDepth}", Small),
        ["a schema of a long chain of named types"] = (() => Header(Chain(100)), $"limit of {ManifestLimits.MaxSchemaDepth}", Small),
        ["a schema that refers to itself"] = (() => Header(List(Field("""["null","manifest_file"]"""))), "refers to itself", Small),
        ["a schema with an unknown type"] = (() => Header(List(Field("\"nonsense\""))), "unknown type 'nonsense'", Small),
        ["a schema with a type twice"] = (
            () => Header(List(Field("""{"type":"fixed","name":"f","size":1}""") + Field("""{"type":"fixed","name":"f","size":2}"""))),
            "defines 'f' twice", Small),
        ["a schema with a list of nulls"] = (() => Header(List(Field("""{"type":"array","items":"null"}"""))), "items without bytes", Small),
        ["a schema with a list of empty records"] = (
            () => Header(List(Field("""{"type":"array","items":{"type":"record","name":"e","fields":[{"name":"n","type":"null"}]}}"""))),
            "items without bytes", Small),
        ["a schema with a union of unions"] = (() => Header(List(Field("""["null",["int","long"]]"""))), "another union", Small),
        ["a schema with an empty union"] = (() => Header(List(Field("[]"))), "a union that is empty", Small),
        ["a schema with a field id twice"] = (() => Header(List(Field("\"string\"", 500))), "two fields with id 500", Small),
        ["a schema with a fixed type of negative size"] = (
            () => Header(List(Field("""{"type":"fixed","name":"f","size":-1}"""))),
            "negative size", Small),
        ["a schema that is no record"] = (() => Header("\"long\""), "not a record", Small),
        ["a block of 1 GB"] = (() => [.. Header(List()), .. Block(1, [], 1 << 30)], $"limit of {ManifestLimits.MaxBlockBytes}", Small),
        ["a block of 60 MB that is not there"] = (() => [.. Header(List()), .. Block(1, [], 60_000_000)], "ends too early", Small),
        ["a block of negative length"] = (() => [.. Header(List()), .. Block(1, [], -1)], "negative count or length", Small),
        ["a block of a negative count"] = (() => [.. Header(List()), .. Block(-1, ListEntry())], "negative count or length", Small),
        ["a block of 2^60 entries"] = (() => [.. Header(List()), .. Block(1L << 60, ListEntry())], "claims to hold", Small),
        ["a block with more entries than it says"] = (() => File(List(), 1, ListEntry(), ListEntry()), "after its last entry", Small),
        ["a block with fewer entries than it says"] = (() => File(List(), 2, ListEntry()), "data ends inside an entry", Small),
        ["a block without its mark"] = (() => [.. Header(List()), .. Block(1, ListEntry())[..^1], 0], "sync marker", Small),
        ["a number without end"] = (() => [.. Header(List()), .. Enumerable.Repeat((byte)0x80, 100)], "longer than 10 bytes", Small),
        ["a number without end in an entry"] = (() => File(List(), 1, [.. Enumerable.Repeat((byte)0x80, 100)]), "longer than 10 bytes", Small),
        ["a string of 1 GB"] = (() => File(List(), 1, Long(1 << 30)), "claims more than there is", Small),
        ["a string of negative length"] = (() => File(List(), 1, Long(-5)), "claims more than there is", Small),
        ["a string past the limit"] = (
            () => File(List(), 1, ListEntry(new string('x', ManifestLimits.MaxStringBytes + 1))),
            $"limit of {ManifestLimits.MaxStringBytes}", Small),
        ["a string of no UTF-8"] = (() => File(List(), 1, [2, 0xFF, 0]), "not UTF-8", Small),
        ["bytes of 1 GB that nobody wants"] = (
            () => File(List(Field("\"bytes\"")), 1, ListEntry(), Long(1 << 30)),
            "claims more than there is", Small),
        ["a fixed value of 2 GB"] = (
            () => File(List(Field("""{"type":"fixed","name":"f","size":2147483647,"logicalType":"decimal"}""")), 1, ListEntry()),
            "claims more than there is", Small),
        ["a list of 2^40 items"] = (
            () => File(List(Field("""{"type":"array","items":"long"}""")), 1, ListEntry(), Long(1L << 40)),
            "claims more than there is", Small),
        ["a list of -2^63 items"] = (
            () => File(List(Field("""{"type":"array","items":"long"}""")), 1, ListEntry(), Long(long.MinValue), Long(-1)),
            "claims more than there is", Small),
        ["a list that says to skip 1 GB"] = (
            () => File(List(Field("""{"type":"array","items":"long"}""")), 1, ListEntry(), Long(-1), Long(1 << 30)),
            "claims more than there is", Small),
        ["a map of 2^40 items"] = (
            () => File(List(Field("""{"type":"map","values":"long"}""")), 1, ListEntry(), Long(1L << 40)),
            "claims more than there is", Small),
        ["partitions past the limit"] = (
            () => File(List(Partitions), 1, ListEntry(), Long(ManifestLimits.MaxCollectionItems + 1L)),
            $"limit of {ManifestLimits.MaxCollectionItems}", Small),
        ["partitions past the limit in parts"] = (
            () => File(List(Partitions), 1, ListEntry(), [.. Enumerable.Repeat((byte[])[.. Long(60_000), .. new byte[60_000]], 2).SelectMany(part => part)]),
            $"limit of {ManifestLimits.MaxCollectionItems}", 16 * Small),
        ["partitions of -2^63 items"] = (
            () => File(List(Partitions), 1, ListEntry(), Long(long.MinValue), Long(0)),
            "claims more than there is", Small),
        ["a union's branch 7"] = (() => File(List(Field("""["null","long"]""")), 1, ListEntry(), Long(7)), "no branch 7", Small),
        ["a union's branch -1"] = (() => File(List(Field("""["null","long"]""")), 1, ListEntry(), Long(-1)), "no branch -1", Small),
        ["an int of 2^40"] = (() => File(List(), 1, Text("p"), Long(1L << 40)), "an int is", Small),
        ["an unknown content"] = (() => File(List(Field("\"int\"", 517)), 1, ListEntry(), Long(2)), "unknown content 2", Small),
        ["a path of another type"] = (
            () => File(List().Replace("\"string\"", "\"bytes\"", StringComparison.Ordinal), 1, ListEntry()),
            "'manifest_path' (id 500) is not a string", Small),
        ["a path that is null"] = (
            () => File(List().Replace("\"string\"", """["null","string"]""", StringComparison.Ordinal), 1, [0, 0]),
            "'manifest_path' (id 500) is null", Small),
        ["no path"] = (
            () => File(List().Replace("500", "599", StringComparison.Ordinal), 1, ListEntry()),
            "no field 'manifest_path' (id 500)", Small),
        ["an entry past the limit"] = (
            () => File(List(Field("\"bytes\"")), 1, ListEntry(), Bytes(new byte[ManifestLimits.MaxEntryBytes])),
            $"limit of {ManifestLimits.MaxEntryBytes} bytes", 4L * ManifestLimits.MaxEntryBytes),
        ["a snappy block without a checksum"] = (() => [.. Header(List(), "snappy"), .. Block(1, [1, 2])], "no checksum", Small),
        ["a snappy block with another checksum"] = (
            () => [.. Header(List(), "snappy"), .. Block(1, [.. Compress("snappy", ListEntry())[..^1], 0x55])],
            "checksum", Small),
        ["a snappy block that claims 60 MB"] = (
            () => [.. Header(List(), "snappy"), .. Block(1, [0x80, 0x8E, 0xCE, 0x1C, 0, 0, 0, 0, 0])],
            "claims to hold", Small),
        ["a snappy block that claims 4 GB"] = (
            () => [.. Header(List(), "snappy"), .. Block(1, [0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0, 0, 0, 0, 0])],
            "claims to hold", Small),
        ["deflate of nonsense"] = (() => [.. Header(List(), "deflate"), .. Block(1, [0xFF, 0xFF, 0xFF])], "no valid deflate data", Small),
        ["deflate cut short"] = (
            () => [.. Header(List(), "deflate"), .. Block(1, Compress("deflate", ListEntry())[..^4])],
            "no valid deflate data", Small),
        ["zstandard of nonsense"] = (() => [.. Header(List(), "zstandard"), .. Block(1, [1, 2, 3, 4, 5])], "no valid zstandard data", Small),
        ["zstandard cut short"] = (
            () => [.. Header(List(), "zstandard"), .. Block(1, Compress("zstandard", ListEntry())[..^4])],
            "no valid zstandard data", Small),
        ["a deflate bomb"] = (() => Bomb("deflate"), $"decodes to more than the limit of {ManifestLimits.MaxBlockBytes}", Blocks),
        ["a snappy bomb"] = (() => Bomb("snappy"), $"decodes to more than the limit of {ManifestLimits.MaxBlockBytes}", Blocks),
        ["a zstandard bomb"] = (() => Bomb("zstandard"), $"decodes to more than the limit of {ManifestLimits.MaxBlockBytes}", Blocks),
        ["a file of bombs"] = (Bombs, $"limit of {ManifestLimits.MaxDecodedBytes} bytes", Blocks),
    };

    private static readonly Dictionary<string, (Func<byte[]> File, string Message)> ManifestFiles = new()
    {
        ["an unknown status"] = (() => File(Manifest(), 1, AvroSchemas.ManifestEntry(status: 3)), "unknown status 3"),
        ["an unknown content"] = (() => File(Manifest(), 1, AvroSchemas.ManifestEntry(content: 3)), "unknown content 3"),
        ["no status"] = (
            () => File(Manifest().Replace("\"field-id\":0", "\"field-id\":9", StringComparison.Ordinal), 1, AvroSchemas.ManifestEntry()),
            "no field 'status' (id 0)"),
        ["no data file"] = (
            () => File(Manifest().Replace("\"field-id\":2,", "", StringComparison.Ordinal), 1, AvroSchemas.ManifestEntry()),
            "no field 'data_file' (id 2)"),
        ["no format"] = (
            () => File(Manifest().Replace("101", "999", StringComparison.Ordinal), 1, AvroSchemas.ManifestEntry()),
            "no field 'file_format' (id 101)"),
        ["no record count"] = (
            () => File(Manifest().Replace("103", "999", StringComparison.Ordinal), 1, AvroSchemas.ManifestEntry()),
            "no field 'record_count' (id 103)"),
        ["no size"] = (
            () => File(Manifest().Replace("104", "999", StringComparison.Ordinal), 1, AvroSchemas.ManifestEntry()),
            "no field 'file_size_in_bytes' (id 104)"),
        ["a later format version"] = (
            () => Header(Manifest(), "null", ("format-version", "4")),
            "format version 4 are not supported; the highest is 3"),
        ["a format version that is no number"] = (() => Header(Manifest(), "null", ("format-version", "two")), "no number in 'format-version'"),
        ["an unknown content in the header"] = (() => Header(Manifest(), "null", ("content", "other")), "unknown content 'other'"),
        ["a partition of a type that has none"] = (
            () => Header(Manifest(Partition("""{"type":"array","items":"int"}"""))),
            "a type that no partition value has"),
        ["a partition UUID that is none"] = (
            () => File(Manifest(Partition("""{"type":"string","logicalType":"uuid"}""")), 1, AvroSchemas.ManifestEntry(), Text("nonsense")),
            "no UUID"),
        ["a partition value past the data"] = (
            () => File(Manifest(Partition("\"bytes\"")), 1, AvroSchemas.ManifestEntry(), Long(1 << 30)),
            "claims more than there is"),
        ["a boolean of 7"] = (() => File(Manifest(Partition("\"boolean\"")), 1, AvroSchemas.ManifestEntry(), [7]), "a boolean is 7"),
        ["a map that is a list of numbers"] = (
            () => File(Manifest(Field("""{"type":"array","items":"long"}""", 108)), 1, AvroSchemas.ManifestEntry(), [0]),
            "(id 108) is not a map"),
        ["a map past the limit"] = (
            () => File(Manifest(Map(108, "column_sizes", "long")), 1, AvroSchemas.ManifestEntry(), [2], Long(ManifestLimits.MaxCollectionItems + 1L)),
            $"limit of {ManifestLimits.MaxCollectionItems}"),
        ["a map of bounds past the data"] = (
            () => File(Manifest(Map(125, "lower_bounds", "bytes")), 1, AvroSchemas.ManifestEntry(), [2], Long(1), Long(1), Long(1 << 30)),
            "claims more than there is"),
        ["row ids past the last"] = (() => File(Manifest(), 1, AvroSchemas.ManifestEntry(records: long.MaxValue)), "cannot number"),
        ["row ids of fewer than no records"] = (() => File(Manifest(), 1, AvroSchemas.ManifestEntry(records: -1)), "cannot number"),
    };

    private static string Partitions => """
        ,{"name":"partitions","field-id":507,"type":{"type":"array","items":{"type":"record","name":"r508","fields":[
          {"name":"contains_null","type":"boolean","field-id":509}]}}}
        """;

    private static string Field(string type, int fieldId = -1) => $$""", {"name":"x{{type.Length}}","type":{{type}},"field-id":{{fieldId}}}""";

    private static string Partition(string type) =>
        $$$"""
        ,{"name":"partition","field-id":102,"type":{"type":"record","name":"r102","fields":[{"name":"p","field-id":1000,"type":{{{type}}}}]}}
        """;

    private static string Nested(int depth) => string.Concat(Enumerable.Repeat("""{"type":"array","items":""", depth)) + "\"long\"" + new string('}', depth);

    /// <summary>Each record holds the one before it: flat to write, deep to read.</summary>
    private static string Chain(int length) => List(
        Field("""{"type":"record","name":"c0","fields":[{"name":"v","type":"int"}]}""")
        + string.Concat(Enumerable.Range(1, length).Select(i => Field($$"""{"type":"record","name":"c{{i}}","fields":[{"name":"v","type":"c{{i - 1}}"}]}"""))));

    private static byte[] Bomb(string codec) => [.. Header(List(), codec), .. Block(1, Compress(codec, new byte[ManifestLimits.MaxBlockBytes + 1]))];

    private static byte[] Bombs()
    {
        byte[] entry = [.. ListEntry(), .. Bytes(new byte[(ManifestLimits.MaxBlockBytes / 8) - 64])];
        var block = Block(8, Compress("zstandard", [.. Enumerable.Repeat(entry, 8).SelectMany(bytes => bytes)]));
        return [.. Header(List(Field("\"bytes\"")), "zstandard"), .. Enumerable.Repeat(block, 70).SelectMany(bytes => bytes)];
    }

    private static async Task ReadManifestAsync(byte[] file)
    {
        var described = new ManifestFile { ManifestPath = "s3://b/list.avro", PartitionSpecId = 0 };
        using var reader = await ManifestReader.OpenAsync(new MemoryStream(file), described, ManifestProjection.Everything, CancellationToken.None);
        await reader.ReadAsync(CancellationToken.None).CountAsync();
    }

    private static async Task AssertRefusedAsync(byte[] file, string message, long memory, Func<Stream, Task> readAsync)
    {
        var stream = new MemoryStream(file);
        var clock = Stopwatch.StartNew();
        var before = GC.GetAllocatedBytesForCurrentThread();

        // A memory stream never waits, so that all of it runs on this thread.
        var reading = readAsync(stream);
        Assert.True(reading.IsCompleted);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        var refused = await Assert.ThrowsAsync<CatalogException>(() => reading);
        Assert.Equal(ErrorKind.Validation, refused.Kind);
        Assert.StartsWith("Cannot read s3://b/list.avro: ", refused.Message, StringComparison.Ordinal);
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
        Assert.True(refused.Message.Length < 1_100, refused.Message);
        Assert.True(allocated < memory, $"{allocated} bytes allocated");
        Assert.True(clock.Elapsed < TimeSpan.FromMinutes(5), $"{clock.Elapsed}");
    }
}
