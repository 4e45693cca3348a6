namespace Frazil.Iceberg.Manifests;

/// <summary>What entries take from their manifest (table specification, "Sequence Number Inheritance", "First Row ID Inheritance").</summary>
public sealed class InheritanceTests
{
    private static readonly ManifestFile Described = new()
    {
        ManifestPath = "m.avro",
        PartitionSpecId = 4,
        SequenceNumber = 12,
        AddedSnapshotId = 77,
    };

    [Fact]
    public async Task An_added_entry_inherits_snapshot_and_sequence_numbers()
    {
        var entry = Assert.Single(await ReadAsync(Described, AvroSchemas.ManifestEntry(status: 1)));
        Assert.Equal((77L, 12L, 12L), (entry.SnapshotId, entry.SequenceNumber, entry.FileSequenceNumber));
        Assert.Equal(4, entry.DataFile.PartitionSpecId);
    }

    [Fact]
    public async Task What_an_entry_says_itself_stands()
    {
        var entry = Assert.Single(await ReadAsync(Described, AvroSchemas.ManifestEntry(status: 0, snapshotId: 5, sequenceNumber: 2, fileSequenceNumber: 3)));
        Assert.Equal((5L, 2L, 3L), (entry.SnapshotId, entry.SequenceNumber, entry.FileSequenceNumber));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task An_entry_that_was_not_added_inherits_no_sequence_number(int status)
    {
        var entry = Assert.Single(await ReadAsync(Described, AvroSchemas.ManifestEntry(status)));
        Assert.Equal((77L, null, null), (entry.SnapshotId, entry.SequenceNumber, entry.FileSequenceNumber));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Every_entry_of_a_manifest_from_before_sequence_numbers_has_zero(int status)
    {
        var entry = Assert.Single(await ReadAsync(Described with { SequenceNumber = 0 }, AvroSchemas.ManifestEntry(status, snapshotId: 1)));
        Assert.Equal((1L, 0L, 0L), (entry.SnapshotId, entry.SequenceNumber, entry.FileSequenceNumber));
    }

    [Fact]
    public async Task Rows_are_numbered_from_the_manifest_on_over_live_files_without_numbers()
    {
        var entries = await ReadAsync(
            Described with { FirstRowId = 1_000 },
            AvroSchemas.ManifestEntry(records: 50),
            AvroSchemas.ManifestEntry(status: 0, records: 25, firstRowId: 7),
            AvroSchemas.ManifestEntry(status: 2, records: 300),
            AvroSchemas.ManifestEntry(status: 0, records: 10),
            AvroSchemas.ManifestEntry(records: 1));
        Assert.Equal([1_000, 7, null, 1_050, 1_060], entries.Select(entry => entry.DataFile.FirstRowId));
    }

    [Fact]
    public async Task A_manifest_without_a_row_id_gives_none()
    {
        var entry = Assert.Single(await ReadAsync(Described, AvroSchemas.ManifestEntry(firstRowId: 7)));
        Assert.Null(entry.DataFile.FirstRowId);
    }

    [Fact]
    public async Task Delete_files_have_no_row_ids()
    {
        var deletes = Described with { Content = ManifestContent.Deletes, FirstRowId = 1_000 };
        var entry = Assert.Single(await ReadAsync(deletes, AvroSchemas.ManifestEntry(content: 1)));
        Assert.Null(entry.DataFile.FirstRowId);
    }

    [Fact]
    public async Task A_manifest_that_a_snapshot_names_itself_has_its_own_spec_and_the_snapshots_id()
    {
        var header = AvroBytes.Header(AvroSchemas.Manifest(), "null", ("partition-spec-id", "6"));
        byte[] file = [.. header, .. AvroBytes.Block(1, AvroSchemas.ManifestEntry(status: 0))];
        using var reader = await ManifestReader.OpenEmbeddedAsync(new MemoryStream(file), "m.avro", 99, ManifestProjection.Files, CancellationToken.None);
        var entry = await reader.ReadAsync(CancellationToken.None).SingleAsync();
        Assert.Equal((99L, 0L, 6), (entry.SnapshotId, entry.SequenceNumber, entry.DataFile.PartitionSpecId));
    }

    [Fact]
    public async Task A_manifest_is_read_once()
    {
        var file = AvroBytes.File(AvroSchemas.Manifest(), 1, AvroSchemas.ManifestEntry());
        using var reader = await ManifestReader.OpenAsync(new MemoryStream(file), Described, ManifestProjection.Files, CancellationToken.None);
        Assert.Equal(1, await reader.ReadAsync(CancellationToken.None).CountAsync());
        await Assert.ThrowsAsync<InvalidOperationException>(() => reader.ReadAsync(CancellationToken.None).CountAsync().AsTask());
    }

    [Fact]
    public async Task Reading_ends_when_it_is_cancelled()
    {
        byte[] block = AvroBytes.Block(1, AvroSchemas.ManifestEntry());
        byte[] file = [.. AvroBytes.Header(AvroSchemas.Manifest()), .. block, .. block, .. block];
        using var cancellation = new CancellationTokenSource();
        using var reader = await ManifestReader.OpenAsync(new MemoryStream(file), Described, ManifestProjection.Files, cancellation.Token);
        var read = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var entry in reader.ReadAsync(cancellation.Token))
            {
                read++;
                await cancellation.CancelAsync();
            }
        });
        Assert.Equal(1, read);
    }

    [Fact]
    public async Task A_failure_of_the_stream_is_not_the_files_fault()
    {
        await Assert.ThrowsAsync<IOException>(() => ManifestListReader.ReadAsync(new BrokenStream(), "list", CancellationToken.None).CountAsync().AsTask());
    }

    private static async Task<List<ManifestEntry>> ReadAsync(ManifestFile described, params byte[][] entries)
    {
        var file = AvroBytes.File(AvroSchemas.Manifest(), entries.Length, entries);
        using var reader = await ManifestReader.OpenAsync(new MemoryStream(file), described, ManifestProjection.Everything, CancellationToken.None);
        return await reader.ReadAsync(CancellationToken.None).ToListAsync();
    }

    private sealed class BrokenStream : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            throw new IOException("connection reset");
    }
}
