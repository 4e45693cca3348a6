using System.Diagnostics.CodeAnalysis;

namespace Frazil.Iceberg.Manifests;

/// <summary>What the files of a manifest are (table specification, manifest list field 517).</summary>
public enum ManifestContent
{
    /// <summary>Data files.</summary>
    Data = 0,

    /// <summary>Delete files and deletion vectors.</summary>
    Deletes = 1,
}

/// <summary>
/// A manifest as a manifest list describes it: <c>manifest_file</c> of the table specification, "Manifest Lists". What a list of an older version lacks has its
/// default.
/// </summary>
public sealed record ManifestFile
{
    /// <summary>A description made by hand.</summary>
    public ManifestFile()
    {
    }

    [SetsRequiredMembers]
    internal ManifestFile(ref AvroDecoder decoder, AvroType.Record type)
    {
        string? path = null;
        int? specId = null;
        foreach (var field in type.Fields)
        {
            switch (field.FieldId)
            {
                case 500: path = decoder.String(field); break;
                case 501: ManifestLength = decoder.Long(field); break;
                case 502: specId = decoder.Int(field); break;
                case 517: Content = ContentOf(decoder.OptionalInt(field) ?? 0); break;
                case 515: SequenceNumber = decoder.OptionalLong(field) ?? 0; break;
                case 516: MinSequenceNumber = decoder.OptionalLong(field) ?? 0; break;
                case 503: AddedSnapshotId = decoder.OptionalLong(field); break;
                case 504: AddedFilesCount = decoder.OptionalInt(field); break;
                case 505: ExistingFilesCount = decoder.OptionalInt(field); break;
                case 506: DeletedFilesCount = decoder.OptionalInt(field); break;
                case 512: AddedRowsCount = decoder.OptionalLong(field); break;
                case 513: ExistingRowsCount = decoder.OptionalLong(field); break;
                case 514: DeletedRowsCount = decoder.OptionalLong(field); break;
                case 507: Partitions = ReadPartitions(ref decoder, field); break;
                case 519: KeyMetadata = decoder.OptionalBytes(field); break;
                case 520: FirstRowId = decoder.OptionalLong(field); break;
                default: decoder.Skip(field.Type); break;
            }
        }

        ManifestPath = path ?? throw Missing("manifest_path", 500);
        PartitionSpecId = specId ?? throw Missing("partition_spec_id", 502);
    }

    /// <summary>Where the manifest is (<c>manifest_path</c>, field 500).</summary>
    public required string ManifestPath { get; init; }

    /// <summary>Bytes of the manifest (501).</summary>
    public long ManifestLength { get; init; }

    /// <summary>The id of the partition spec that the manifest was written with (502).</summary>
    public required int PartitionSpecId { get; init; }

    /// <summary>What its files are (517); data in format version 1.</summary>
    public ManifestContent Content { get; init; }

    /// <summary>The sequence number of the commit that added the manifest (515); 0 in format version 1.</summary>
    public long SequenceNumber { get; init; }

    /// <summary>The lowest data sequence number of its live files (516); 0 in format version 1.</summary>
    public long MinSequenceNumber { get; init; }

    /// <summary>The snapshot that added the manifest (503); null when an old list does not say.</summary>
    public long? AddedSnapshotId { get; init; }

    /// <summary>Entries of status added (504); null when unknown, and so for the five counts that follow.</summary>
    public int? AddedFilesCount { get; init; }

    /// <summary>Entries of status existing (505).</summary>
    public int? ExistingFilesCount { get; init; }

    /// <summary>Entries of status deleted (506).</summary>
    public int? DeletedFilesCount { get; init; }

    /// <summary>Rows in the added files (512).</summary>
    public long? AddedRowsCount { get; init; }

    /// <summary>Rows in the existing files (513).</summary>
    public long? ExistingRowsCount { get; init; }

    /// <summary>Rows in the deleted files (514).</summary>
    public long? DeletedRowsCount { get; init; }

    /// <summary>A summary for each field of the partition spec (507); null when the list has none.</summary>
    public IReadOnlyList<PartitionFieldSummary>? Partitions { get; init; }

    /// <summary>What the encryption of the manifest needs (519).</summary>
    public ReadOnlyMemory<byte>? KeyMetadata { get; init; }

    /// <summary>The row id from which rows of files without their own are numbered (520); null before format version 3.</summary>
    public long? FirstRowId { get; init; }

    private static ManifestContent ContentOf(int content) => content switch
    {
        0 => ManifestContent.Data,
        1 => ManifestContent.Deletes,
        _ => throw CatalogException.Validation($"a manifest has the unknown content {content}"),
    };

    private static List<PartitionFieldSummary>? ReadPartitions(ref AvroDecoder decoder, AvroField field)
    {
        if (decoder.OptionalList(field) is not { } items)
        {
            return null;
        }

        var item = field with { Type = items };
        var summaries = new List<PartitionFieldSummary>();
        for (var count = decoder.ReadItemCount(field, 0); count > 0; count = decoder.ReadItemCount(field, summaries.Count))
        {
            for (; count > 0; count--)
            {
                summaries.Add(new PartitionFieldSummary(ref decoder, decoder.Record(item)));
            }
        }

        return summaries;
    }

    private static CatalogException Missing(string name, int id) => CatalogException.Validation($"the manifest list has no field '{name}' (id {id})");
}

/// <summary>What is known of the values of one partition field in a manifest: <c>field_summary</c> of the table specification, list element 508.</summary>
public sealed record PartitionFieldSummary
{
    /// <summary>A summary made by hand.</summary>
    public PartitionFieldSummary()
    {
    }

    internal PartitionFieldSummary(ref AvroDecoder decoder, AvroType.Record type)
    {
        foreach (var field in type.Fields)
        {
            switch (field.FieldId)
            {
                case 509: ContainsNull = decoder.Boolean(field); break;
                case 518: ContainsNan = decoder.OptionalBoolean(field); break;
                case 510: LowerBound = decoder.OptionalBytes(field); break;
                case 511: UpperBound = decoder.OptionalBytes(field); break;
                default: decoder.Skip(field.Type); break;
            }
        }
    }

    /// <summary>Whether some file has null there (509).</summary>
    public bool ContainsNull { get; init; } = true;

    /// <summary>Whether some file has NaN there (518); null when unknown.</summary>
    public bool? ContainsNan { get; init; }

    /// <summary>No value that is neither null nor NaN is below it (510), in the binary single-value serialization; null when there is no such value.</summary>
    public ReadOnlyMemory<byte>? LowerBound { get; init; }

    /// <summary>No value that is neither null nor NaN is above it (511).</summary>
    public ReadOnlyMemory<byte>? UpperBound { get; init; }
}
