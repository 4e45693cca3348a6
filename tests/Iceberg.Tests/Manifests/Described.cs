using System.Text.Json.Nodes;

namespace Frazil.Iceberg.Manifests;

/// <summary>Manifests and entries in the words of the fixtures' JSON, so that ours can be compared with what others read.</summary>
internal static class Described
{
    public static JsonObject Describe(this ManifestFile manifest) => new()
    {
        ["manifest_path"] = manifest.ManifestPath,
        ["manifest_length"] = manifest.ManifestLength,
        ["partition_spec_id"] = manifest.PartitionSpecId,
        ["content"] = (int)manifest.Content,
        ["sequence_number"] = manifest.SequenceNumber,
        ["min_sequence_number"] = manifest.MinSequenceNumber,
        ["added_snapshot_id"] = manifest.AddedSnapshotId,
        ["added_files_count"] = manifest.AddedFilesCount,
        ["existing_files_count"] = manifest.ExistingFilesCount,
        ["deleted_files_count"] = manifest.DeletedFilesCount,
        ["added_rows_count"] = manifest.AddedRowsCount,
        ["existing_rows_count"] = manifest.ExistingRowsCount,
        ["deleted_rows_count"] = manifest.DeletedRowsCount,
        ["partitions"] = List(manifest.Partitions, summary => new JsonObject
        {
            ["contains_null"] = summary.ContainsNull,
            ["contains_nan"] = summary.ContainsNan,
            ["lower_bound"] = Hex(summary.LowerBound),
            ["upper_bound"] = Hex(summary.UpperBound),
        }),
        ["key_metadata"] = Hex(manifest.KeyMetadata),
        ["first_row_id"] = manifest.FirstRowId,
    };

    public static JsonObject Describe(this ManifestEntry entry) => new()
    {
        ["status"] = (int)entry.Status,
        ["snapshot_id"] = entry.SnapshotId,
        ["sequence_number"] = entry.SequenceNumber,
        ["file_sequence_number"] = entry.FileSequenceNumber,
        ["spec_id"] = entry.DataFile.PartitionSpecId,
        ["content"] = (int)entry.DataFile.Content,
        ["file_path"] = entry.DataFile.FilePath,
        ["file_format"] = entry.DataFile.FileFormat.ToUpperInvariant(),
        ["partition"] = List(entry.DataFile.Partition?.Values, value => Hex(value)),
        ["record_count"] = entry.DataFile.RecordCount,
        ["file_size_in_bytes"] = entry.DataFile.FileSizeInBytes,
        ["column_sizes"] = Map(entry.DataFile.ColumnSizes, value => value),
        ["value_counts"] = Map(entry.DataFile.ValueCounts, value => value),
        ["null_value_counts"] = Map(entry.DataFile.NullValueCounts, value => value),
        ["nan_value_counts"] = Map(entry.DataFile.NanValueCounts, value => value),
        ["lower_bounds"] = Map(entry.DataFile.LowerBounds, value => Hex(value)),
        ["upper_bounds"] = Map(entry.DataFile.UpperBounds, value => Hex(value)),
        ["key_metadata"] = Hex(entry.DataFile.KeyMetadata),
        ["split_offsets"] = List(entry.DataFile.SplitOffsets, value => value),
        ["equality_ids"] = List(entry.DataFile.EqualityIds, value => value),
        ["sort_order_id"] = entry.DataFile.SortOrderId,
        ["first_row_id"] = entry.DataFile.FirstRowId,
        ["referenced_data_file"] = entry.DataFile.ReferencedDataFile,
        ["content_offset"] = entry.DataFile.ContentOffset,
        ["content_size_in_bytes"] = entry.DataFile.ContentSizeInBytes,
    };

    private static JsonValue? Hex(ReadOnlyMemory<byte>? bytes) => bytes is { } value ? JsonValue.Create(Convert.ToHexStringLower(value.Span)) : null;

    private static JsonArray? List<T>(IEnumerable<T>? items, Func<T, JsonNode?> describe) => items is null ? null : new JsonArray([.. items.Select(describe)]);

    private static JsonObject? Map<T>(IReadOnlyDictionary<int, T>? map, Func<T, JsonNode?> describe) =>
        map is null ? null : new JsonObject(map.Select(pair => KeyValuePair.Create($"{pair.Key}", describe(pair.Value))));
}
