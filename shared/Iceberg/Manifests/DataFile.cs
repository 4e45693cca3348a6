using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Frazil.Iceberg.Manifests;

/// <summary>What a file holds (table specification, data file field 134).</summary>
public enum FileContent
{
    /// <summary>Rows.</summary>
    Data = 0,

    /// <summary>Positions of deleted rows: a position delete file, or in a Puffin file a deletion vector.</summary>
    PositionDeletes = 1,

    /// <summary>Values of deleted rows.</summary>
    EqualityDeletes = 2,
}

/// <summary>
/// A data or delete file as a manifest describes it: <c>data_file</c> of the table specification, "Manifests". Maps are keyed by the id of the column; what the
/// file lacks or the projection leaves out is null.
/// </summary>
public sealed record DataFile
{
    /// <summary>A description made by hand.</summary>
    public DataFile()
    {
    }

    [SetsRequiredMembers]
    internal DataFile(ref AvroDecoder decoder, AvroType.Record type, int specId, ManifestProjection projection)
    {
        string? path = null, format = null;
        long? records = null, size = null;
        var columns = projection.StatisticsFieldIds;
        foreach (var field in type.Fields)
        {
            switch (field.FieldId)
            {
                case 134: Content = ContentOf(decoder.OptionalInt(field) ?? 0); break;
                case 100: path = decoder.String(field); break;
                case 101: format = FormatOf(decoder.Utf8(field)); break;
                case 103: records = decoder.Long(field); break;
                case 104: size = decoder.Long(field); break;
                case 142: FirstRowId = decoder.OptionalLong(field); break;
                case 143: ReferencedDataFile = decoder.OptionalString(field); break;
                case 144: ContentOffset = decoder.OptionalLong(field); break;
                case 145: ContentSizeInBytes = decoder.OptionalLong(field); break;
                case 102 when projection.Partition: Partition = PartitionData.Read(ref decoder, decoder.Record(field)); break;
                case 108 when projection.Statistics: ColumnSizes = decoder.OptionalLongMap(field, columns); break;
                case 109 when projection.Statistics: ValueCounts = decoder.OptionalLongMap(field, columns); break;
                case 110 when projection.Statistics: NullValueCounts = decoder.OptionalLongMap(field, columns); break;
                case 137 when projection.Statistics: NanValueCounts = decoder.OptionalLongMap(field, columns); break;
                case 125 when projection.Statistics: LowerBounds = decoder.OptionalBytesMap(field, columns); break;
                case 128 when projection.Statistics: UpperBounds = decoder.OptionalBytesMap(field, columns); break;
                case 131 when projection.Details: KeyMetadata = decoder.OptionalBytes(field); break;
                case 132 when projection.Details: SplitOffsets = decoder.OptionalLongs(field); break;
                case 135 when projection.Details: EqualityIds = decoder.OptionalInts(field); break;
                case 140 when projection.Details: SortOrderId = decoder.OptionalInt(field); break;
                default: decoder.Skip(field.Type); break;
            }
        }

        FilePath = path ?? throw ManifestReader.Missing("file_path", 100);
        FileFormat = format ?? throw ManifestReader.Missing("file_format", 101);
        RecordCount = records ?? throw ManifestReader.Missing("record_count", 103);
        FileSizeInBytes = size ?? throw ManifestReader.Missing("file_size_in_bytes", 104);
        PartitionSpecId = specId;
    }

    /// <summary>What the file holds (<c>content</c>, field 134); data in format version 1.</summary>
    public FileContent Content { get; init; }

    /// <summary>Where it is, a full URI (100). A deletion vector shares its Puffin file with others.</summary>
    public required string FilePath { get; init; }

    /// <summary>Its format in lower case (101): <c>avro</c>, <c>orc</c>, <c>parquet</c>, <c>puffin</c>, or one that is not known here.</summary>
    public required string FileFormat { get; init; }

    /// <summary>The id of the partition spec it was written with, which is its manifest's.</summary>
    public required int PartitionSpecId { get; init; }

    /// <summary>Its partition tuple (102), of the manifest's <see cref="PartitionType"/>.</summary>
    public PartitionData? Partition { get; init; }

    /// <summary>Rows in the file (103); of a deletion vector, its deleted positions.</summary>
    public required long RecordCount { get; init; }

    /// <summary>Bytes of the whole file (104).</summary>
    public required long FileSizeInBytes { get; init; }

    /// <summary>Bytes of each column as stored (108).</summary>
    public IReadOnlyDictionary<int, long>? ColumnSizes { get; init; }

    /// <summary>Values of each column, null and NaN among them (109).</summary>
    public IReadOnlyDictionary<int, long>? ValueCounts { get; init; }

    /// <summary>Nulls of each column (110).</summary>
    public IReadOnlyDictionary<int, long>? NullValueCounts { get; init; }

    /// <summary>NaNs of each column (137).</summary>
    public IReadOnlyDictionary<int, long>? NanValueCounts { get; init; }

    /// <summary>What no value of the column is below (125), in the binary single-value serialization of the type it had when the file was written.</summary>
    public IReadOnlyDictionary<int, ReadOnlyMemory<byte>>? LowerBounds { get; init; }

    /// <summary>What no value of the column is above (128), in the same form.</summary>
    public IReadOnlyDictionary<int, ReadOnlyMemory<byte>>? UpperBounds { get; init; }

    /// <summary>What the encryption of the file needs (131).</summary>
    public ReadOnlyMemory<byte>? KeyMetadata { get; init; }

    /// <summary>Offsets at which the file may be split, ascending (132).</summary>
    public IReadOnlyList<long>? SplitOffsets { get; init; }

    /// <summary>The columns by whose values an equality delete file deletes (135).</summary>
    public IReadOnlyList<int>? EqualityIds { get; init; }

    /// <summary>The id of the sort order it was written in (140).</summary>
    public int? SortOrderId { get; init; }

    /// <summary>The row id of its first row (142), given or inherited; null before format version 3, for delete files, and if the manifest has none.</summary>
    public long? FirstRowId { get; init; }

    /// <summary>The one data file whose rows it deletes (143); null when they may be of several.</summary>
    public string? ReferencedDataFile { get; init; }

    /// <summary>Where in a Puffin file the deletion vector begins (144).</summary>
    public long? ContentOffset { get; init; }

    /// <summary>Bytes of the deletion vector there (145).</summary>
    public long? ContentSizeInBytes { get; init; }

    private static FileContent ContentOf(int content) => content is >= 0 and <= 2
        ? (FileContent)content
        : throw CatalogException.Validation($"a file has the unknown content {content}");

    /// <summary>Nearly all are one of these, and a million entries need not have a million copies of them.</summary>
    private static string FormatOf(ReadOnlySpan<byte> format)
    {
        return Ascii.EqualsIgnoreCase(format, "parquet"u8) ? "parquet"
            : Ascii.EqualsIgnoreCase(format, "avro"u8) ? "avro"
            : Ascii.EqualsIgnoreCase(format, "orc"u8) ? "orc"
            : Ascii.EqualsIgnoreCase(format, "puffin"u8) ? "puffin"
            : Encoding.UTF8.GetString(format).ToLowerInvariant();
    }
}
