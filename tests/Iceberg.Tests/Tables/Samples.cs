using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Frazil.Iceberg;

/// <summary>Metadata, updates and schemas that tests start from.</summary>
internal static class Samples
{
    public const string Location = "s3://lake/db/t";
    public const string CurrentFile = "s3://lake/db/t/metadata/00004-11111111-1111-1111-1111-111111111111.metadata.json";
    public const string Uuid = "9c12d441-03fe-4693-9a96-a0705ddf69c1";
    public const long LastUpdated = 1_700_000_000_000;

    public static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeMilliseconds(LastUpdated + 1_000_000);
    public static readonly Guid NewUuid = new("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee");

    /// <summary>Version 2: columns id, name, at; partitioned by day(at) and sorted by id; snapshots 1 and 2, of which 2 is main and 1 the tag "first".</summary>
    public const string V2 = """
        {
          "format-version": 2,
          "table-uuid": "9c12d441-03fe-4693-9a96-a0705ddf69c1",
          "location": "s3://lake/db/t",
          "last-sequence-number": 2,
          "last-updated-ms": 1700000000000,
          "last-column-id": 3,
          "current-schema-id": 0,
          "schemas": [
            {"type": "struct", "schema-id": 0, "identifier-field-ids": [1], "fields": [
              {"id": 1, "name": "id", "required": true, "type": "long"},
              {"id": 2, "name": "name", "required": false, "type": "string", "doc": "who"},
              {"id": 3, "name": "at", "required": false, "type": "timestamptz"}]}],
          "default-spec-id": 0,
          "partition-specs": [{"spec-id": 0, "fields": [{"name": "at_day", "transform": "day", "source-id": 3, "field-id": 1000}]}],
          "last-partition-id": 1000,
          "default-sort-order-id": 1,
          "sort-orders": [{"order-id": 1, "fields": [{"transform": "identity", "source-id": 1, "direction": "asc", "null-order": "nulls-first"}]}],
          "properties": {"owner": "ann", "comment": "a table"},
          "current-snapshot-id": 2,
          "refs": {
            "main": {"snapshot-id": 2, "type": "branch"},
            "first": {"snapshot-id": 1, "type": "tag", "max-ref-age-ms": 1000}},
          "snapshots": [
            {"snapshot-id": 1, "sequence-number": 1, "timestamp-ms": 1699999990000, "summary": {"operation": "append"}, "manifest-list": "s3://lake/db/t/metadata/snap-1.avro", "schema-id": 0},
            {"snapshot-id": 2, "parent-snapshot-id": 1, "sequence-number": 2, "timestamp-ms": 1700000000000, "summary": {"operation": "append", "added-records": "5"}, "manifest-list": "s3://lake/db/t/metadata/snap-2.avro", "schema-id": 0}],
          "statistics": [{"snapshot-id": 1, "statistics-path": "s3://lake/db/t/metadata/1.stats", "file-size-in-bytes": 10, "file-footer-size-in-bytes": 2, "blob-metadata": []}],
          "partition-statistics": [{"snapshot-id": 1, "statistics-path": "s3://lake/db/t/metadata/1.pstats", "file-size-in-bytes": 10}],
          "snapshot-log": [{"snapshot-id": 1, "timestamp-ms": 1699999990000}, {"snapshot-id": 2, "timestamp-ms": 1700000000000}],
          "metadata-log": [{"timestamp-ms": 1699999990000, "metadata-file": "s3://lake/db/t/metadata/00003-x.metadata.json"}]
        }
        """;

    /// <summary>Version 1 as its first writers had it: one schema, one spec, no references, no uuid.</summary>
    public const string EarlyV1 = """
        {
          "format-version": 1,
          "location": "s3://lake/db/t",
          "last-updated-ms": 1700000000000,
          "last-column-id": 2,
          "schema": {"type": "struct", "fields": [
            {"id": 1, "name": "id", "required": true, "type": "long"},
            {"id": 2, "name": "day", "required": false, "type": "date"}]},
          "partition-spec": [{"name": "day", "transform": "identity", "source-id": 2}],
          "properties": {},
          "current-snapshot-id": 7,
          "snapshots": [{"snapshot-id": 7, "parent-snapshot-id": -1, "timestamp-ms": 1699999990000, "manifests": ["s3://lake/db/t/metadata/m1.avro"]}],
          "snapshot-log": [{"snapshot-id": 7, "timestamp-ms": 1699999990000}],
          "metadata-log": []
        }
        """;

    public static TableMetadata TableV2 => Parse(V2);

    /// <summary>The version 2 table, upgraded.</summary>
    public static TableMetadata TableV3 => Change(TableV2, """{"action": "upgrade-format-version", "format-version": 3}""").Metadata;

    /// <summary>A version 2 table without snapshots.</summary>
    public static TableMetadata EmptyTable => NewTable("""{"type": "struct", "schema-id": 0, "fields": [{"id": 1, "name": "id", "required": true, "type": "long"}]}""");

    public static TableMetadata NewTable(string schema, string? spec = null, string? order = null, params (string Name, string Value)[] properties) =>
        TableMetadata.Create(
            Schema(schema),
            spec is null ? null : PartitionSpec.Read(Element(spec), default),
            order is null ? null : SortOrder.Read(Element(order), default),
            Location,
            properties.ToDictionary(property => property.Name, property => property.Value),
            NewUuid,
            Now);

    public static Schema Schema(string json) => Iceberg.Schema.Read(Element(json), default);

    /// <summary>A schema of optional strings, with ids from 1.</summary>
    public static string SchemaOf(params string[] columns) => $$"""
        {"type": "struct", "schema-id": 0, "fields": [{{string.Join(", ", columns.Select((name, at) => $$"""{"id": {{at + 1}}, "name": "{{name}}", "required": false, "type": "string"}"""))}}]}
        """;

    public static string Snapshot(long id, long sequence, long? parent = null, long timestamp = LastUpdated + 1000, string more = "") => $$"""
        {"snapshot-id": {{id}}, "sequence-number": {{sequence}}, {{(parent is null ? "" : $"\"parent-snapshot-id\": {parent},")}}
         "timestamp-ms": {{timestamp}}, "summary": {"operation": "append"}, "manifest-list": "s3://lake/db/t/metadata/snap-{{id}}.avro"{{more}}}
        """;

    public static string AddSnapshot(long id, long sequence, long? parent = null, long timestamp = LastUpdated + 1000, string more = "") =>
        $$"""{"action": "add-snapshot", "snapshot": {{Snapshot(id, sequence, parent, timestamp, more)}}}""";

    public static string SetMain(long id) => $$"""{"action": "set-snapshot-ref", "ref-name": "main", "type": "branch", "snapshot-id": {{id}}}""";

    public static TableMetadata Parse(string json) => TableMetadata.Parse(Encoding.UTF8.GetBytes(json));

    public static JsonElement Element(string json) => Json.Parse(Encoding.UTF8.GetBytes(json)).RootElement;

    public static JsonNode Node(TableMetadata metadata) => JsonNode.Parse(metadata.ToJson())!;

    public static TableUpdate Update(string json) => TableUpdate.Read(Element(json), default);

    public static TableMetadataChange Change(TableMetadata metadata, params string[] updates) => ChangeAt(Now, metadata, updates);

    public static TableMetadataChange ChangeAt(DateTimeOffset now, TableMetadata metadata, params string[] updates) =>
        TableMetadataBuilder.From(metadata, CurrentFile).Apply(updates.Select(Update)).Build(now, () => NewUuid, defaultLocation: null);

    public static TableMetadata Create(params string[] updates)
    {
        var read = updates.Select(Update).ToList();
        return TableMetadataBuilder.ForCreate(read).Apply(read).Build(Now, () => NewUuid, "s3://lake/default/t").Metadata;
    }

    public static CatalogException Refused(ErrorKind kind, string message, Action act)
    {
        var refusal = Assert.Throws<CatalogException>(act);
        Assert.Equal(kind, refusal.Kind);
        Assert.Contains(message, refusal.Message, StringComparison.Ordinal);
        return refusal;
    }

    public static CatalogException Invalid(string message, Action act) => Refused(ErrorKind.Validation, message, act);
}
