using Xunit.Abstractions;

namespace Frazil.Iceberg.Manifests;

/// <summary>Measures memory, and so runs when nothing else does.</summary>
[CollectionDefinition(nameof(StreamingTests), DisableParallelization = true)]
[Collection(nameof(StreamingTests))]
public sealed class StreamingTests(ITestOutputHelper output)
{
    private const int Entries = 100_000;
    private const int Columns = 10;
    private const long MaxLive = 2 << 20;

    private static readonly string Schema = AvroSchemas.Manifest(
        """
        ,{"name":"partition","field-id":102,"type":{"type":"record","name":"r102","fields":[
          {"name":"region","field-id":1000,"type":["null","string"]},{"name":"id_bucket","field-id":1001,"type":["null","int"]}]}}
        """
        + AvroSchemas.Map(108, "column_sizes", "long") + AvroSchemas.Map(109, "value_counts", "long") + AvroSchemas.Map(110, "null_value_counts", "long")
        + AvroSchemas.Map(125, "lower_bounds", "bytes") + AvroSchemas.Map(128, "upper_bounds", "bytes"));

    [Theory]
    [InlineData("null", 100)]
    [InlineData("deflate", 100)]
    [InlineData("snappy", 100)]
    [InlineData("zstandard", 100)]
    [InlineData("deflate", 1)]
    public async Task A_hundred_thousand_entries_stream_in_little_memory(string codec, int entriesPerBlock)
    {
        var block = Block(codec, entriesPerBlock);

        // Of each entry: itself, its file and the file's path. A block for each entry, as PyIceberg writes, also costs what decoding one takes.
        await MeasureAsync(block, codec, entriesPerBlock, ManifestProjection.Files, maxAllocatedPerEntry: entriesPerBlock == 1 ? 3_000 : 1_200);
        await MeasureAsync(block, codec, entriesPerBlock, ManifestProjection.Everything, maxAllocatedPerEntry: entriesPerBlock == 1 ? 7_500 : 6_000);
    }

    [Fact]
    public async Task A_list_of_a_hundred_thousand_manifests_in_one_block_costs_that_block()
    {
        byte[] entry = AvroSchemas.ListEntry("s3://bucket/warehouse/db/table/metadata/0f8fad5b-d9cb-469f-a165-70867728950e-m0.avro");
        var data = new byte[Entries * entry.Length];
        for (var i = 0; i < Entries; i++)
        {
            entry.CopyTo(data, i * entry.Length);
        }

        var stream = new RepeatingStream(AvroBytes.Header(AvroSchemas.List(), "deflate"), AvroBytes.Block(Entries, AvroBytes.Compress("deflate", data)), 1);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var (read, live) = (0, 0L);
        await foreach (var manifest in ManifestListReader.ReadAsync(stream, "list", CancellationToken.None))
        {
            read++;
            live = read % (Entries / 4) == 0 ? Math.Max(live, GC.GetTotalMemory(forceFullCollection: true) - before) : live;
            Assert.Equal(0, manifest.PartitionSpecId);
        }

        output.WriteLine($"{read} manifests in a block of {data.Length} bytes: {live} bytes live");
        Assert.Equal(Entries, read);
        Assert.True(live < (2L * data.Length) + MaxLive, $"{live} bytes live");
    }

    private async Task MeasureAsync(byte[] block, string codec, int entriesPerBlock, ManifestProjection projection, long maxAllocatedPerEntry)
    {
        var stream = new RepeatingStream(AvroBytes.Header(Schema, codec, ("format-version", "2")), block, Entries / entriesPerBlock);
        var described = new ManifestFile { ManifestPath = "m", PartitionSpecId = 0, SequenceNumber = 1, AddedSnapshotId = 5 };
        var live = GC.GetTotalMemory(forceFullCollection: true);
        var (before, peak, read) = (GC.GetAllocatedBytesForCurrentThread(), 0L, 0);
        var clock = TimeProvider.System.GetTimestamp();

        // The stream never waits, so that all of it runs on this thread.
        using var reader = await ManifestReader.OpenAsync(stream, described, projection, CancellationToken.None);
        await foreach (var entry in reader.ReadAsync(CancellationToken.None))
        {
            read++;
            Assert.Equal(projection.Statistics, entry.DataFile.LowerBounds?.Count == Columns);
            if (read % (Entries / 10) == 0)
            {
                peak = Math.Max(peak, GC.GetTotalMemory(forceFullCollection: true) - live);
            }
        }

        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        output.WriteLine(
            $"{codec}, {entriesPerBlock} a block, {(projection.Statistics ? "everything" : "files")}: "
            + $"{TimeProvider.System.GetElapsedTime(clock).TotalMilliseconds:F0} ms, {allocated / Entries} bytes allocated an entry, {peak} bytes live");
        Assert.Equal(Entries, read);
        Assert.True(allocated / Entries < maxAllocatedPerEntry, $"{allocated / Entries} bytes allocated an entry");
        Assert.True(peak < MaxLive, $"{peak} bytes live");
    }

    private static byte[] Block(string codec, int entries) =>
        AvroBytes.Block(entries, AvroBytes.Compress(codec, [.. Enumerable.Range(0, entries).SelectMany(Entry)]));

    private static byte[] Entry(int number) =>
    [
        .. AvroSchemas.ManifestEntry(
            path: $"s3://bucket/warehouse/db/table-5f3d/data/region=eu-{number}/id_bucket={number}/{new Guid(number, 1, 2, new byte[8])}-00001.parquet"),
        .. AvroBytes.Some(AvroBytes.Text($"eu-{number}")), .. AvroBytes.Some(AvroBytes.Long(number)),
        .. Map(column => AvroBytes.Long((column * 1000) + number)), .. Map(_ => AvroBytes.Long(100_000)), .. Map(_ => AvroBytes.Long(number % 7)),
        .. Map(column => AvroBytes.Text($"lower-{column}-{number}")), .. Map(column => AvroBytes.Text($"upper-{column}-{number}")),
    ];

    private static byte[] Map(Func<int, byte[]> value) =>
        AvroBytes.Some([.. AvroBytes.Long(Columns), .. Enumerable.Range(1, Columns).SelectMany(column => AvroBytes.Long(column).Concat(value(column))), 0]);

    /// <summary>A head and then the same again and again: a long file that nobody has to hold.</summary>
    private sealed class RepeatingStream(byte[] head, byte[] again, int times) : MemoryStream
    {
        private byte[] current = head;
        private int position;
        private int left = times;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (position == current.Length && left > 0)
            {
                (current, position) = (again, 0);
                left--;
            }

            var count = Math.Min(buffer.Length, current.Length - position);
            current.AsSpan(position, count).CopyTo(buffer.Span);
            position += count;
            return ValueTask.FromResult(count);
        }
    }
}
