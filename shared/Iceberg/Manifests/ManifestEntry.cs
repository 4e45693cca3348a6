using System.Diagnostics.CodeAnalysis;

namespace Frazil.Iceberg.Manifests;

/// <summary>What a manifest says of a file (table specification, manifest entry field 0).</summary>
public enum ManifestEntryStatus
{
    /// <summary>It was in the table before the manifest was written.</summary>
    Existing = 0,

    /// <summary>The manifest added it.</summary>
    Added = 1,

    /// <summary>The manifest's snapshot removed it from the table. Such an entry is for those who clean up; it is not of the snapshot.</summary>
    Deleted = 2,
}

/// <summary>An entry of a manifest, with what it inherits from the manifest filled in: <c>manifest_entry</c> of the table specification.</summary>
public sealed record ManifestEntry
{
    /// <summary>An entry made by hand.</summary>
    public ManifestEntry()
    {
    }

    [SetsRequiredMembers]
    internal ManifestEntry(ref AvroDecoder decoder, AvroType.Record type, ManifestFile manifest, ManifestProjection projection)
    {
        int? status = null;
        DataFile? file = null;
        foreach (var field in type.Fields)
        {
            switch (field.FieldId)
            {
                case 0: status = decoder.Int(field); break;
                case 1: SnapshotId = decoder.OptionalLong(field); break;
                case 3: SequenceNumber = decoder.OptionalLong(field); break;
                case 4: FileSequenceNumber = decoder.OptionalLong(field); break;
                case 2: file = new DataFile(ref decoder, decoder.Record(field), manifest.PartitionSpecId, projection); break;
                default: decoder.Skip(field.Type); break;
            }
        }

        Status = status switch
        {
            0 or 1 or 2 => (ManifestEntryStatus)status,
            null => throw ManifestReader.Missing("status", 0),
            _ => throw CatalogException.Validation($"an entry has the unknown status {status}"),
        };
        DataFile = file ?? throw ManifestReader.Missing("data_file", 2);

        // Numbers are assigned when a commit succeeds, after its manifests were written. Manifests of format version 1 have none, which is 0.
        SnapshotId ??= manifest.AddedSnapshotId;
        if (Status == ManifestEntryStatus.Added || manifest.SequenceNumber == 0)
        {
            SequenceNumber ??= manifest.SequenceNumber;
            FileSequenceNumber ??= manifest.SequenceNumber;
        }
    }

    /// <summary>Added, existing or deleted (<c>status</c>, field 0).</summary>
    public required ManifestEntryStatus Status { get; init; }

    /// <summary>Whether the file is of the snapshot: not deleted.</summary>
    public bool IsLive => Status != ManifestEntryStatus.Deleted;

    /// <summary>The snapshot that added the file, or for a deleted one that deleted it (1). Inherited: the snapshot that added the manifest.</summary>
    public long? SnapshotId { get; init; }

    /// <summary>
    /// The data sequence number (3), which orders files and the deletes that apply to them. Inherited by added files: the manifest's. Null in an existing or
    /// deleted entry that breaks the rule to have one.
    /// </summary>
    public long? SequenceNumber { get; init; }

    /// <summary>The sequence number of the commit that added the file (4). Inherited like <see cref="SequenceNumber"/>.</summary>
    public long? FileSequenceNumber { get; init; }

    /// <summary>The file (2).</summary>
    public required DataFile DataFile { get; init; }
}
