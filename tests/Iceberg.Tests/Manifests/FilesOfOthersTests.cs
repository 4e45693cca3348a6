using System.Text.Json.Nodes;

namespace Frazil.Iceberg.Manifests;

/// <summary>What Iceberg's Java library and PyIceberg wrote is read as they read it themselves.</summary>
public sealed class FilesOfOthersTests
{
    private static readonly string[] TableNames =
        [.. Fixtures.Names.Where(name => name.EndsWith(".json", StringComparison.Ordinal)).Select(name => name[..^5])];

    public static TheoryData<string> Tables => [.. TableNames];

    [Fact]
    public void Every_version_and_codec_is_there()
    {
        string[] expected =
        [
            .. from version in new[] { "v1", "v2", "v3" } from codec in new[] { "uncompressed", "gzip", "snappy", "zstd" } select $"java-{version}-{codec}",
            .. from version in new[] { "v1", "v2" } from codec in new[] { "null", "gzip", "snappy", "zstd" } select $"py-{version}-{codec}",
            "java-types", "java-upgraded", "py-types",
        ];
        Assert.Equal(expected.Order(StringComparer.Ordinal), TableNames);
    }

    [Theory]
    [MemberData(nameof(Tables))]
    public async Task Manifest_lists_are_read_as_their_writers_read_them(string table)
    {
        foreach (var list in Expected(table)["lists"]!.AsArray())
        {
            var read = await ReadListAsync((string)list!["file"]!);
            AssertSame(list["manifests"]!.AsArray(), read.Select(manifest => manifest.Describe()), (string)list["file"]!);
        }
    }

    [Theory]
    [MemberData(nameof(Tables))]
    public async Task Manifests_are_read_as_their_writers_read_them(string table)
    {
        var described = await ManifestsAsync(table);
        foreach (var manifest in Expected(table)["manifests"]!.AsArray())
        {
            var entries = await ReadAsync((string)manifest!["file"]!, described[(string)manifest["manifest_path"]!], ManifestProjection.Everything);
            AssertSame(manifest["entries"]!.AsArray(), entries.Select(entry => entry.Describe()), (string)manifest["file"]!);
        }
    }

    [Theory]
    [MemberData(nameof(Tables))]
    public async Task A_projection_changes_nothing_but_what_it_leaves_out(string table)
    {
        string[] partition = ["partition"];
        string[] statistics = ["column_sizes", "value_counts", "null_value_counts", "nan_value_counts", "lower_bounds", "upper_bounds"];
        string[] details = ["key_metadata", "split_offsets", "equality_ids", "sort_order_id"];
        (ManifestProjection, string[])[] projections =
        [
            (ManifestProjection.Files, [.. partition, .. statistics, .. details]),
            (new ManifestProjection { Partition = true }, [.. statistics, .. details]),
            (new ManifestProjection { Statistics = true }, [.. partition, .. details]),
            (new ManifestProjection { Details = true }, [.. partition, .. statistics]),
        ];
        var described = await ManifestsAsync(table);
        foreach (var manifest in Expected(table)["manifests"]!.AsArray())
        {
            foreach (var (projection, leftOut) in projections)
            {
                var expected = manifest!["entries"]!.DeepClone().AsArray();
                foreach (var (entry, member) in from entry in expected from member in leftOut select (entry, member))
                {
                    entry![member] = null;
                }

                var entries = await ReadAsync((string)manifest["file"]!, described[(string)manifest["manifest_path"]!], projection);
                AssertSame(expected, entries.Select(entry => entry.Describe()), (string)manifest["file"]!);
            }
        }
    }

    [Fact]
    public async Task Statistics_are_read_of_the_wanted_columns_alone()
    {
        var described = (await ReadListAsync("java-v2-gzip-list-0.avro")).Single();
        var entries = await ReadAsync(
            "java-v2-gzip-manifest-0.avro", described, new ManifestProjection { Statistics = true, StatisticsFieldIds = new HashSet<int> { 1 } });

        Assert.Equal(2, entries.Count);
        Assert.All(entries, entry => Assert.Equal([1], entry.DataFile.LowerBounds!.Keys));
        Assert.All(entries, entry => Assert.Equal([1], entry.DataFile.ColumnSizes!.Keys));
        Assert.All(entries, entry => Assert.Empty(entry.DataFile.NanValueCounts!));
    }

    [Fact]
    public async Task The_header_tells_of_version_content_schema_and_spec()
    {
        using var data = await OpenAsync("java-v3-gzip-manifest-0.avro");
        Assert.Equal((3, ManifestContent.Data, 0), (data.Metadata.FormatVersion, data.Metadata.Content, data.Metadata.PartitionSpecId));
        Assert.Equal(
            """[{"name":"region","transform":"identity","source-id":2,"field-id":1000},{"name":"at_day","transform":"day","source-id":3,"field-id":1001}]""",
            Text(data.Metadata.PartitionSpec));
        var columns = JsonNode.Parse(Text(data.Metadata.Schema))!["fields"]!.AsArray();
        Assert.Equal(["id", "region", "at", "ratio"], columns.Select(field => (string)field!["name"]!));

        using var deletes = await OpenAsync("java-v3-gzip-manifest-1.avro");
        Assert.Equal((3, ManifestContent.Deletes, 0), (deletes.Metadata.FormatVersion, deletes.Metadata.Content, deletes.Metadata.PartitionSpecId));

        using var first = await OpenAsync("py-v1-null-manifest-0.avro");
        Assert.Equal((1, ManifestContent.Data), (first.Metadata.FormatVersion, first.Metadata.Content));
    }

    [Fact]
    public async Task Partition_types_come_from_the_file()
    {
        using var reader = await OpenAsync("java-types-manifest-0.avro");
        Assert.Equal(
            "boolean, int, long, float, double, date, time, timestamp, timestamptz, timestamp_ns, timestamptz_ns, string, uuid, fixed[3], binary, "
            + "decimal(9, 2), decimal(38, 10), int, string, int, int, date, int, int",
            string.Join(", ", reader.PartitionType.Fields.Select(field => field.Type)));
        Assert.Equal(Enumerable.Range(1000, 24), reader.PartitionType.Fields.Select(field => field.FieldId));
        Assert.Equal("a_boolean", reader.PartitionType.Fields[0].Name);
    }

    internal static async Task<List<ManifestEntry>> ReadAsync(string file, ManifestFile manifest, ManifestProjection projection)
    {
        using var reader = await ManifestReader.OpenAsync(new TricklingStream(Fixtures.Read(file)), manifest, projection, CancellationToken.None);
        return await reader.ReadAsync(CancellationToken.None).ToListAsync();
    }

    internal static async Task<List<ManifestFile>> ReadListAsync(string file) =>
        await ManifestListReader.ReadAsync(new TricklingStream(Fixtures.Read(file)), file, CancellationToken.None).ToListAsync();

    internal static async Task<Dictionary<string, ManifestFile>> ManifestsAsync(string table)
    {
        var manifests = new Dictionary<string, ManifestFile>();
        foreach (var list in Expected(table)["lists"]!.AsArray())
        {
            foreach (var manifest in await ReadListAsync((string)list!["file"]!))
            {
                manifests[manifest.ManifestPath] = manifest;
            }
        }

        return manifests;
    }

    private static ValueTask<ManifestReader> OpenAsync(string file) => ManifestReader.OpenAsync(
        new MemoryStream(Fixtures.Read(file)), new ManifestFile { ManifestPath = file, PartitionSpecId = 0 }, ManifestProjection.Files, CancellationToken.None);

    private static string Text(ReadOnlyMemory<byte>? utf8) => System.Text.Encoding.UTF8.GetString(utf8!.Value.Span);

    private static JsonNode Expected(string table) => JsonNode.Parse(Fixtures.Read(table + ".json"))!;

    private static void AssertSame(JsonArray expected, IEnumerable<JsonNode> actual, string file)
    {
        JsonArray read = [.. actual];
        Assert.True(expected.Count > 0, file);
        Assert.True(JsonNode.DeepEquals(expected, read), $"{file}: expected {expected.ToJsonString()}, read {read.ToJsonString()}");
    }
}
