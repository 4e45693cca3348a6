using System.Text;
using System.Text.Json.Nodes;

namespace Frazil.Iceberg;

/// <summary>
/// A registered file is anybody's. The yardstick is Java's reader: what it refuses to open is refused, and what is accepted is shown in a form that it opens and can be
/// committed to ever after.
/// </summary>
public sealed class ForeignMetadataTests
{
    /// <summary>Version 3 with something of everything, and a second schema, spec and order.</summary>
    private const string Rich = """
        {
          "format-version": 3, "table-uuid": "9c12d441-03fe-4693-9a96-a0705ddf69c1", "location": "s3://lake/db/t", "last-sequence-number": 2, "last-updated-ms": 1700000000000,
          "last-column-id": 9, "current-schema-id": 1,
          "schemas": [
            {"type": "struct", "schema-id": 0, "fields": [{"id": 1, "name": "id", "required": true, "type": "long"}]},
            {"type": "struct", "schema-id": 1, "identifier-field-ids": [1], "fields": [
              {"id": 1, "name": "id", "required": true, "type": "long"},
              {"id": 2, "name": "name", "required": false, "type": "string", "doc": "who", "initial-default": "x", "write-default": "y"},
              {"id": 3, "name": "at", "required": false, "type": "timestamptz"},
              {"id": 4, "name": "l", "required": false, "type": {"type": "list", "element-id": 5, "element": "string", "element-required": false}},
              {"id": 6, "name": "m", "required": false, "type": {"type": "map", "key-id": 7, "key": "string", "value-id": 8, "value": "decimal(9,2)", "value-required": false}},
              {"id": 9, "name": "s", "required": true, "type": {"type": "struct", "fields": []}}]}],
          "default-spec-id": 1, "last-partition-id": 1001,
          "partition-specs": [{"spec-id": 0, "fields": []}, {"spec-id": 1, "fields": [
            {"name": "at_day", "transform": "day", "source-id": 3, "field-id": 1000}, {"name": "b", "transform": "bucket[16]", "source-id": 1, "field-id": 1001}]}],
          "default-sort-order-id": 1,
          "sort-orders": [{"order-id": 0, "fields": []}, {"order-id": 1, "fields": [{"transform": "identity", "source-id": 1, "direction": "asc", "null-order": "nulls-first"}]}],
          "properties": {"owner": "ann"}, "current-snapshot-id": 2, "next-row-id": 5,
          "encryption-keys": [{"key-id": "k", "encrypted-key-metadata": "AAAA", "encrypted-by-id": "j", "properties": {"a": "b"}}],
          "refs": {
            "main": {"snapshot-id": 2, "type": "branch", "min-snapshots-to-keep": 3, "max-snapshot-age-ms": 5, "max-ref-age-ms": 7},
            "first": {"snapshot-id": 1, "type": "tag", "max-ref-age-ms": 1000}},
          "snapshots": [
            {"snapshot-id": 1, "sequence-number": 1, "timestamp-ms": 1699999990000, "summary": {"operation": "append"}, "manifest-list": "s3://lake/db/t/metadata/snap-1.avro", "schema-id": 0, "first-row-id": 0, "added-rows": 1},
            {"snapshot-id": 2, "parent-snapshot-id": 1, "sequence-number": 2, "timestamp-ms": 1700000000000, "summary": {"operation": "append"}, "manifest-list": "s3://lake/db/t/metadata/snap-2.avro", "schema-id": 1, "first-row-id": 1, "added-rows": 4, "key-id": "k"}],
          "statistics": [{"snapshot-id": 1, "statistics-path": "s3://lake/db/t/metadata/1.stats", "file-size-in-bytes": 10, "file-footer-size-in-bytes": 2, "key-metadata": "AAAA",
            "blob-metadata": [{"type": "t", "snapshot-id": 1, "sequence-number": 1, "fields": [1], "properties": {"ndv": "5"}}]}],
          "partition-statistics": [{"snapshot-id": 1, "statistics-path": "s3://lake/db/t/metadata/1.pstats", "file-size-in-bytes": 10}],
          "snapshot-log": [{"snapshot-id": 1, "timestamp-ms": 1699999990000}, {"snapshot-id": 2, "timestamp-ms": 1700000000000}],
          "metadata-log": [{"timestamp-ms": 1699999990000, "metadata-file": "s3://lake/db/t/metadata/00003-x.metadata.json"}]
        }
        """;

    /// <summary>Version 1 with the lists and, beside them, what stood for them before.</summary>
    private static readonly string LateV1 = Changed(Samples.V2, table =>
    {
        table["format-version"] = 1;
        table.Remove("last-sequence-number");
        foreach (var snapshot in table["snapshots"]!.AsArray())
        {
            snapshot!.AsObject().Remove("sequence-number");
        }

        table["schema"] = table["schemas"]![0]!.DeepClone();
        table["partition-spec"] = table["partition-specs"]![0]!["fields"]!.DeepClone();
    });

    public static TheoryData<string, string, string> Refused => new()
    {
        { "schemas/1/identifier-field-ids", "[77]", "field does not exist" },
        { "schemas/1/identifier-field-ids", "[2]", "not a required field" },
        { "schemas/0/identifier-field-ids", "[77]", "field does not exist" },
        { "schemas/1/fields/1/initial-default", "7", "is no value of type string" },
        { "schemas/0/fields/0/type", "\"unknown\"", "must be optional" },
        { "schemas/0/fields/0/type", "\"string \"", "Cannot parse type string to primitive" },
        { "schemas/0/fields/0/type", "\"geography('srid:4326', 'karney')\"", "without quotes" },
        { "sort-orders/0/fields", """[{"transform":"identity","source-id":1,"direction":"asc","null-order":"nulls-first"}]""", "sort order 0 has fields" },
        { "sort-orders/0/order-id", "7", "has no fields" },
        { "sort-orders/1/fields/0/source-id", "77", "Cannot find source column for sort field" },
        { "partition-specs/1/fields/0/source-id", "77", "Cannot find source column for partition field" },
        { "partition-specs/1/fields/0/source-id", "2", "Invalid source type" },
        { "partition-specs/1/fields/0/name", "\"b\"", "more than once" },
        { "partition-specs/1/fields/0/name", "\"id\"", "exists in schema" },
        { "partition-specs/0/fields", """[{"name":"p","transform":"day","source-id":2,"field-id":1000}]""", "Invalid source type" },
        { "partition-specs/0/fields", """[{"name":"p","transform":"bucket[4]","source-ids":[1,2],"field-id":1000}]""", "of several columns" },
        { "refs/main/min-snapshots-to-keep", "0", "Min snapshots to keep must be greater than 0" },
        { "refs/main/max-snapshot-age-ms", "-1", "Max snapshot age must be greater than 0" },
        { "refs/first/max-ref-age-ms", "0", "Max reference age must be greater than 0" },
        { "refs/first/min-snapshots-to-keep", "1", "Tags do not support" },
        { "table-uuid", "\"x\"", "not a UUID" },
        { "last-column-id", "8", "last-column-id 8 is below the field id 9" },
        { "last-updated-ms", "9223372036854775807", "last-updated-ms" },
        { "last-sequence-number", "9223372036854775807", "No last-sequence-number is left" },
        { "last-column-id", "2147483647", "No last-column-id is left" },
        { "last-partition-id", "2147483647", "No last-partition-id is left" },
        { "schemas/0/schema-id", "2147483647", "No schema-id is left" },
        { "partition-specs/0/spec-id", "2147483647", "No spec-id is left" },
        { "sort-orders/0", """{"order-id":2147483647,"fields":[{"transform":"identity","source-id":1,"direction":"asc","null-order":"nulls-first"}]}""", "No order-id is left" },
        { "snapshots/1/added-rows", "null", "no added-rows" },
        { "snapshots/1/first-row-id", "-1", "negative" },
        { "statistics/0/blob-metadata/0/fields", "null", "fields" },
        { "statistics/0/blob-metadata/0/properties", """{"a":1}""", "expected a string" },
        { "encryption-keys/0/encrypted-key-metadata", "\"-\"", "not base64" },
        { "properties", """{"write.metadata.compression-codec":"zip"}""", "compression-codec" },
        { "properties", """{"write.metadata.previous-versions-max":"x"}""", "must have an integer value" },
    };

    public static TheoryData<string, string> ServedAsAbsent => new()
    {
        { "properties", "null" },
        { "refs", "null" },
        { "encryption-keys", "null" },
        { "statistics", "null" },
        { "partition-statistics", "null" },
        { "snapshot-log", "null" },
        { "metadata-log", "null" },
        { "snapshots/1/summary", "null" },
        { "snapshots/0/parent-snapshot-id", "null" },
        { "snapshots/0/sequence-number", "null" },
        { "encryption-keys/0/properties", "null" },
        { "statistics/0/blob-metadata/0/properties", "null" },
        { "schemas/1/fields/1/doc", "null" },
        { "schemas/1/fields/1/initial-default", "null" },
        { "schemas/1/fields/1/write-default", "null" },
        { "schemas/0/identifier-field-ids", "null" },
        { "refs/main/min-snapshots-to-keep", "null" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_no_client_could_open_is_refused(string path, string value, string message) =>
        Samples.Refused(ErrorKind.BadRequest, message, () => Samples.Parse(With(Rich, path, value)).ReadFully());

    [Theory]
    [MemberData(nameof(ServedAsAbsent))]
    public void Null_is_served_as_absent_also_after_commits(string path, string value)
    {
        var metadata = Register(With(Rich, path, value), out var shown);

        Assert.True(metadata.IsOfOldForm);
        Assert.DoesNotContain("null,", shown.Replace("\"current-snapshot-id\":null,", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.DoesNotContain("null}", shown, StringComparison.Ordinal);
        Assert.Null(JsonNode.Parse(Commit(shown))!.AsObject().Where(member => member.Value is null).Select(member => member.Key).FirstOrDefault());
    }

    [Fact]
    public void A_null_of_a_member_that_nobody_knows_is_kept()
    {
        var metadata = Register(With(Rich, "snapshots/1/x", """{"y":null}"""), out var shown);

        Assert.False(metadata.IsOfOldForm);
        Assert.Equal("""{"y":null}""", JsonNode.Parse(shown)!["snapshots"]![1]!["x"]!.ToJsonString());
        var committed = Samples.Node(Samples.Change(Samples.Parse(shown), """{"action": "set-properties", "updates": {"k": "v"}}""").Metadata);
        Assert.Equal("""{"y":null}""", committed["snapshots"]![1]!["x"]!.ToJsonString());
    }

    [Theory]
    [InlineData("schema", "[]")]
    [InlineData("schema", "{}")]
    [InlineData("schema", "7")]
    [InlineData("partition-spec", "{}")]
    [InlineData("partition-spec", """{"spec-id":0,"fields":[]}""")]
    [InlineData("partition-spec", "[]")]
    [InlineData("partition-spec", "[7]")]
    public void What_stood_for_the_lists_before_is_ignored_beside_them(string member, string value)
    {
        foreach (var table in new[] { Rich, LateV1 })
        {
            var metadata = Register(With(table, member, value), out var shown);

            Assert.False(metadata.IsOfOldForm);
            Assert.NotEmpty(Commit(shown));
        }
    }

    [Fact]
    public void A_byte_order_mark_is_not_passed_on()
    {
        var metadata = TableMetadata.Parse(Encoding.UTF8.GetBytes("\uFEFF" + Rich));

        Assert.True(metadata.IsOfOldForm);
        Assert.Equal((byte)'{', metadata.ToJson()[0]);
        Assert.True(ViewMetadata.Parse(Encoding.UTF8.GetBytes("\uFEFF" + View)).IsOfOldForm);
        Assert.False(ViewMetadata.Parse(Encoding.UTF8.GetBytes(View)).IsOfOldForm);
    }

    [Fact]
    public void A_view_whose_properties_are_null_is_shown_without_them()
    {
        var view = ViewMetadata.Parse(Encoding.UTF8.GetBytes(With(View, "properties", "null")));

        Assert.True(view.IsOfOldForm);
        Assert.Equal("{}", JsonNode.Parse(view.ToJson())!["properties"]!.ToJsonString());
        Samples.Refused(ErrorKind.BadRequest, "not a UUID", () => ViewMetadata.Parse(Encoding.UTF8.GetBytes(With(View, "view-uuid", "\"x\""))).ReadFully());
    }

    [Fact]
    public void Snapshots_of_a_table_without_a_snapshot_log_can_be_removed()
    {
        foreach (var log in new[] { "null", "[]", """[{"snapshot-id":1,"timestamp-ms":1699999990000}]""" })
        {
            var change = Samples.Change(Samples.Parse(With(Rich, "snapshot-log", log)), """{"action": "remove-snapshots", "snapshot-ids": [1]}""").Metadata;

            var entry = Assert.Single(change.SnapshotLog);
            Assert.Equal((2, 1_700_000_000_000), (entry.SnapshotId, entry.TimestampMs));
        }
    }

    [Fact]
    public void A_partition_field_never_gets_an_id_that_a_writer_forgot_to_count()
    {
        var table = Samples.Parse(With(Rich, "last-partition-id", "999"));

        var changed = Samples.Change(table, """{"action": "add-spec", "spec": {"fields": [{"source-id": 3, "name": "p", "transform": "hour"}]}}""").Metadata;

        Assert.Equal(1002, Assert.Single(changed.PartitionSpecs[^1].Fields).FieldId);
        Assert.Equal(1002, changed.LastPartitionId);
    }

    /// <summary>Whatever is accepted: each member of each level left out, or of each of many values.</summary>
    [Fact]
    public void Whatever_is_accepted_is_shown_as_clients_read_it_and_can_be_committed_to()
    {
        var (accepted, refused) = (0, 0);
        foreach (var mutant in new[] { Rich, Samples.V2, LateV1, Samples.EarlyV1 }.SelectMany(table => Mutants.Of(table, "1", "77", "\"x\"", "\"float\"", "\"geometry\"", "[77]")))
        {
            try
            {
                Samples.Parse(mutant).ReadFully();
            }
            catch (CatalogException)
            {
                refused++;
                continue;
            }

            accepted++;
            Register(mutant, out var shown);
            Register(Commit(shown), out var again);
            Assert.NotEmpty(Commit(again));
        }

        Assert.True(accepted > 300 && refused > 1_000, $"{accepted} accepted, {refused} refused");
    }

    private const string View = """
        {"view-uuid": "9c12d441-03fe-4693-9a96-a0705ddf69c1", "format-version": 1, "location": "s3://lake/db/v", "current-version-id": 1, "properties": {},
         "versions": [{"version-id": 1, "timestamp-ms": 1, "schema-id": 0, "summary": {}, "representations": [{"type": "sql", "sql": "select 1", "dialect": "spark"}], "default-namespace": ["db"]}],
         "version-log": [{"version-id": 1, "timestamp-ms": 1}], "schemas": [{"type": "struct", "schema-id": 0, "fields": []}]}
        """;

    /// <summary>What is checked when a file is registered, and what clients are shown of it, which must be of the current form and bear being registered itself.</summary>
    private static TableMetadata Register(string document, out string shown)
    {
        var metadata = Samples.Parse(document);
        metadata.ReadFully();
        shown = metadata.IsOfOldForm ? Encoding.UTF8.GetString(metadata.ToJson()) : document;
        var read = Samples.Parse(shown);
        read.ReadFully();
        Assert.False(read.IsOfOldForm, document);
        Assert.True(read.HasUuid);
        var json = JsonNode.Parse(shown)!.AsObject();
        string[] always = ["table-uuid", "schemas", "current-schema-id", "partition-specs", "default-spec-id", "sort-orders", "default-sort-order-id", "last-partition-id"];
        Assert.DoesNotContain(always, member => json[member] is null);
        Assert.Contains(json["schemas"]!.AsArray(), schema => (int?)schema!["schema-id"] == (int)json["current-schema-id"]!);
        Assert.Contains(json["partition-specs"]!.AsArray(), spec => (int)spec!["spec-id"]! == (int)json["default-spec-id"]!);
        Assert.Contains(json["sort-orders"]!.AsArray(), order => (int)order!["order-id"]! == (int)json["default-sort-order-id"]!);
        return metadata;
    }

    /// <summary>Changes of every kind, each alone and all together.</summary>
    private static string Commit(string document)
    {
        var table = Samples.Parse(document);
        var sequence = table.FormatVersion == 1 ? 0 : table.LastSequenceNumber + 1;
        var id = 1 + (table.Snapshots.Count == 0 ? 0 : Math.Min(table.Snapshots.Max(snapshot => snapshot.SnapshotId), 1_000_000_000));
        while (table.Snapshot(id) is not null)
        {
            id++;
        }

        string[] updates =
        [
            """{"action": "set-properties", "updates": {"k": "v"}}""",
            $$$"""{"action": "add-schema", "schema": {"type": "struct", "fields": [{"id": {{{table.LastColumnId + 1}}}, "name": "new", "required": false, "type": "long"}]}}""",
            Samples.AddSnapshot(id, sequence, null, Samples.LastUpdated, $", \"first-row-id\": {table.NextRowId ?? 0}, \"added-rows\": 0"),
            $$"""{"action": "set-snapshot-ref", "ref-name": "main", "type": "branch", "snapshot-id": {{id}}}""",
            $$"""{"action": "remove-snapshots", "snapshot-ids": [{{string.Join(", ", table.Snapshots.Select(snapshot => snapshot.SnapshotId))}}]}""",
        ];
        Assert.All([updates[..1], updates[4..]], some => Samples.Parse(Encoding.UTF8.GetString(Samples.Change(table, some).Metadata.ToJson())).ReadFully());
        var json = Samples.Change(table, updates).Metadata.ToJson();
        Samples.Parse(Encoding.UTF8.GetString(json)).ReadFully();
        return Encoding.UTF8.GetString(json);
    }

    private static string Changed(string document, Action<JsonObject> change)
    {
        var json = JsonNode.Parse(document)!.AsObject();
        change(json);
        return json.ToJsonString();
    }

    /// <summary>A document with another value at a path of names and indexes.</summary>
    private static string With(string document, string path, string value) => Changed(document, root =>
    {
        var steps = path.Split('/');
        JsonNode node = root;
        foreach (var step in steps[..^1])
        {
            node = node is JsonArray items ? items[int.Parse(step, System.Globalization.CultureInfo.InvariantCulture)]! : node[step]!;
        }

        if (node is JsonArray list)
        {
            list[int.Parse(steps[^1], System.Globalization.CultureInfo.InvariantCulture)] = JsonNode.Parse(value);
        }
        else
        {
            node[steps[^1]] = JsonNode.Parse(value);
        }
    });
}
