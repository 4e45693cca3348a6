using System.Text.Json.Nodes;

namespace Frazil.Iceberg;

public sealed class NewTableTests
{
    private const string Nested = """
        {"type": "struct", "schema-id": 4, "identifier-field-ids": [7], "fields": [
          {"id": 10, "name": "where", "required": false, "type": {"type": "struct", "fields": [
            {"id": 11, "name": "lat", "required": true, "type": "double"},
            {"id": 12, "name": "names", "required": false, "type": {"type": "list", "element-id": 13, "element-required": true, "element": "string"}}]}},
          {"id": 7, "name": "id", "required": true, "type": "long"},
          {"id": 0, "name": "tags", "required": false, "type": {"type": "map", "key-id": 20, "key": "string", "value-id": 21, "value-required": false, "value":
            {"type": "struct", "fields": [{"id": 22, "name": "at", "required": false, "type": "timestamptz"}]}}},
          {"id": 5, "name": "day", "required": false, "type": "date"}]}
        """;

    [Fact]
    [Trait("Behaviour", "66")]
    public void A_new_table_is_of_version_2_and_empty()
    {
        var table = Samples.Node(Samples.EmptyTable);

        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse($$"""
                {
                  "format-version": 2, "table-uuid": "{{Samples.NewUuid}}", "location": "s3://lake/db/t",
                  "last-sequence-number": 0, "last-updated-ms": {{Samples.Now.ToUnixTimeMilliseconds()}}, "last-column-id": 1,
                  "current-schema-id": 0, "schemas": [{"type": "struct", "schema-id": 0, "fields": [{"id": 1, "name": "id", "required": true, "type": "long"}]}],
                  "default-spec-id": 0, "partition-specs": [{"spec-id": 0, "fields": []}], "last-partition-id": 999,
                  "default-sort-order-id": 0, "sort-orders": [{"order-id": 0, "fields": []}],
                  "properties": {"write.parquet.compression-codec": "zstd"},
                  "current-snapshot-id": -1, "refs": {}, "snapshots": [], "statistics": [], "partition-statistics": [], "snapshot-log": [], "metadata-log": []
                }
                """),
            table));
    }

    [Fact]
    [Trait("Behaviour", "67")]
    public void Field_ids_are_assigned_anew_from_1_level_by_level()
    {
        var table = Samples.NewTable(Nested);

        Assert.Equal(
            [(1, "where"), (5, "where.lat"), (6, "where.names"), (7, "where.names.element"), (2, "id"), (3, "tags"), (8, "tags.key"), (9, "tags.value"), (10, "tags.value.at"), (4, "day")],
            table.CurrentSchema.AllFields().Select(field => (field.Id, table.CurrentSchema.FullNameOf(field.Id)!)));
        Assert.Equal(10, table.LastColumnId);
    }

    [Fact]
    [Trait("Behaviour", "68")]
    [Trait("Behaviour", "69")]
    [Trait("Behaviour", "70")]
    public void Identifier_fields_spec_and_order_follow_the_new_ids()
    {
        var table = Samples.NewTable(
            Nested,
            """{"spec-id": 9, "fields": [{"source-id": 5, "field-id": 3, "name": "day", "transform": "identity"}, {"source-id": 7, "name": "id_bucket", "transform": "bucket[16]"}]}""",
            """{"order-id": 5, "fields": [{"source-id": 11, "transform": "identity", "direction": "desc", "null-order": "nulls-last"}]}""");

        Assert.Equal([2], table.CurrentSchema.IdentifierFieldIds);
        Assert.Equal(0, table.DefaultSpecId);
        Assert.Equal([(4, 1000), (2, 1001)], table.DefaultSpec.Fields.Select(field => (field.SourceId, field.FieldId!.Value)));
        Assert.Equal(1001, table.LastPartitionId);
        Assert.Equal((1, 5), (table.DefaultSortOrderId, Assert.Single(table.DefaultSortOrder.Fields).SourceId));
    }

    [Fact]
    [Trait("Behaviour", "70")]
    public void An_order_without_fields_is_the_unsorted_one()
    {
        Assert.Equal(0, Samples.NewTable(Nested, order: """{"order-id": 3, "fields": []}""").DefaultSortOrderId);
    }

    [Theory]
    [Trait("Behaviour", "71")]
    [InlineData("1", 1)]
    [InlineData("2", 2)]
    [InlineData("3", 3)]
    public void The_property_format_version_chooses_the_version_and_is_not_stored(string property, int version)
    {
        var table = Samples.NewTable(Nested, properties: [("format-version", property), ("k", "v")]);

        Assert.Equal(version, table.FormatVersion);
        Assert.Equal(["k", "write.parquet.compression-codec"], table.Properties.Keys);
        Assert.Equal(table.ToJson(), TableMetadata.Parse(table.ToJson()).ToJson());
    }

    [Theory]
    [Trait("Behaviour", "72")]
    [InlineData("99")]
    [InlineData("4")]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("two")]
    public void An_unsupported_format_version_is_refused(string property)
    {
        Assert.Equal(ErrorKind.Validation, Assert.Throws<CatalogException>(() => Samples.NewTable(Nested, properties: ("format-version", property))).Kind);
    }

    [Fact]
    [Trait("Behaviour", "73")]
    public void Reserved_properties_are_not_stored()
    {
        var table = Samples.NewTable(Nested, properties: [.. TableProperties.Reserved.Where(name => name != "format-version").Select(name => (name, "x"))]);

        Assert.Equal(["write.parquet.compression-codec"], table.Properties.Keys);
    }

    [Fact]
    public void A_chosen_parquet_codec_stays()
    {
        Assert.Equal("snappy", Samples.NewTable(Nested, properties: ("write.parquet.compression-codec", "snappy")).Properties["write.parquet.compression-codec"]);
    }

    [Theory]
    [Trait("Behaviour", "74")]
    [InlineData("s3://b/t/", "s3://b/t")]
    [InlineData("s3://b/t//", "s3://b/t")]
    [InlineData("file:///", "file://")]
    [InlineData("s3://b", "s3://b")]
    public void Slashes_at_the_end_of_a_location_are_dropped(string requested, string stored)
    {
        var table = TableMetadata.Create(Samples.Schema(Nested), null, null, requested, new Dictionary<string, string>(), Samples.NewUuid, Samples.Now);

        Assert.Equal(stored, table.Location);
    }

    [Theory]
    [Trait("Behaviour", "83")]
    [InlineData("""[{"id": 1, "name": "a", "required": true, "type": "long"}, {"id": 2, "name": "a", "required": true, "type": "long"}]""", "multiple fields for name a")]
    [InlineData("""[{"id": 1, "name": "a.b", "required": true, "type": "long"}, {"id": 2, "name": "a", "required": true, "type": {"type": "struct", "fields": [{"id": 3, "name": "b", "required": true, "type": "long"}]}}]""", "multiple fields for name a.b")]
    [InlineData("""[{"id": 1, "name": "a", "required": true, "type": "long"}, {"id": 1, "name": "b", "required": true, "type": "long"}]""", "multiple fields for id 1")]
    public void Names_and_ids_of_columns_are_unique(string fields, string message)
    {
        Samples.Invalid(message, () => Samples.NewTable($$"""{"type": "struct", "schema-id": 0, "fields": {{fields}}}"""));
    }

    [Theory]
    [Trait("Behaviour", "84")]
    [InlineData("foo")]
    [InlineData("fixed[x]")]
    [InlineData("fixed[-1]")]
    [InlineData("fixed[99999999999]")]
    [InlineData("decimal(50,2)")]
    [InlineData("decimal(0,0)")]
    [InlineData("decimal(9)")]
    [InlineData("geography(a,b,c)")]
    [InlineData("geography(a,flat)")]
    [InlineData("geometry()")]
    [InlineData("")]
    public void An_unknown_type_is_refused(string type)
    {
        Assert.Equal(ErrorKind.BadRequest, Assert.Throws<CatalogException>(() => Samples.NewTable(OneColumn(type))).Kind);
    }

    [Theory]
    [Trait("Behaviour", "85")]
    [Trait("Behaviour", "86")]
    [InlineData("variant")]
    [InlineData("timestamp_ns")]
    [InlineData("timestamptz_ns")]
    [InlineData("unknown")]
    [InlineData("geometry")]
    [InlineData("geometry(srid:3857)")]
    [InlineData("geography(srid:4326, karney)")]
    public void A_type_of_version_3_needs_version_3(string type)
    {
        var refusal = Samples.Invalid($"{type} is not supported until v3", () => Samples.NewTable(OneColumn(type, required: false)));
        Assert.StartsWith("Invalid schema for v2:\n- Invalid type for c: ", refusal.Message, StringComparison.Ordinal);

        var table = Samples.NewTable(OneColumn(type, required: false), properties: ("format-version", "3"));
        Assert.Equal(type, Assert.Single(table.CurrentSchema.Fields).Type.ToString());
    }

    [Fact]
    public void A_required_column_of_type_unknown_is_refused()
    {
        Samples.Invalid("must be optional", () => Samples.NewTable(OneColumn("unknown"), properties: ("format-version", "3")));
    }

    [Fact]
    [Trait("Behaviour", "87")]
    public void A_default_of_a_column_needs_version_3()
    {
        const string schema = """
            {"type": "struct", "schema-id": 0, "fields": [
              {"id": 1, "name": "c", "required": true, "type": "long", "initial-default": 34, "write-default": 9007199254740993}]}
            """;

        Samples.Invalid("Invalid initial default for c: non-null default (34) is not supported until v3", () => Samples.NewTable(schema));

        var stored = Samples.NewTable(schema, properties: ("format-version", "3"));
        Assert.Contains("\"initial-default\":34,\"write-default\":9007199254740993", System.Text.Encoding.UTF8.GetString(stored.ToJson()), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Behaviour", "88")]
    [InlineData("""{"id": 1, "name": "c", "required": false, "type": "long"}""", 1, "not a required field")]
    [InlineData("""{"id": 1, "name": "c", "required": true, "type": "float"}""", 1, "must not be float or double field")]
    [InlineData("""{"id": 1, "name": "c", "required": true, "type": "double"}""", 1, "must not be float or double field")]
    [InlineData("""{"id": 1, "name": "c", "required": true, "type": {"type": "struct", "fields": []}}""", 1, "not a primitive type field")]
    [InlineData("""{"id": 1, "name": "c", "required": true, "type": {"type": "list", "element-id": 2, "element-required": true, "element": "long"}}""", 2, "must not be nested in 1: c: required list<long>")]
    [InlineData("""{"id": 1, "name": "c", "required": true, "type": {"type": "map", "key-id": 2, "key": "long", "value-id": 3, "value": "long", "value-required": true}}""", 2, "must not be nested in")]
    [InlineData("""{"id": 1, "name": "c", "required": false, "type": {"type": "struct", "fields": [{"id": 2, "name": "d", "required": true, "type": "long"}]}}""", 2, "must not be nested in an optional field")]
    [InlineData("""{"id": 1, "name": "c", "required": true, "type": "long"}""", 9, "field does not exist")]
    public void An_identifier_field_is_a_required_primitive_outside_of_lists_and_maps(string field, int identifier, string message)
    {
        Samples.Invalid(message, () => Samples.NewTable($$"""{"type": "struct", "schema-id": 0, "identifier-field-ids": [{{identifier}}], "fields": [{{field}}]}"""));
    }

    [Fact]
    public void An_identifier_field_may_be_nested_in_a_required_struct()
    {
        var table = Samples.NewTable("""
            {"type": "struct", "schema-id": 0, "identifier-field-ids": [2], "fields": [
              {"id": 1, "name": "c", "required": true, "type": {"type": "struct", "fields": [{"id": 2, "name": "d", "required": true, "type": "long"}]}}]}
            """);

        Assert.Equal([2], table.CurrentSchema.IdentifierFieldIds);
    }

    [Theory]
    [Trait("Behaviour", "89")]
    [InlineData(99, "identity", "Cannot find source column for partition field: p: identity(99)")]
    [InlineData(1, "bucket[4]", "Invalid source type double for transform: bucket[4]")]
    [InlineData(2, "year", "Invalid source type string for transform: year")]
    [InlineData(3, "hour", "Invalid source type date for transform: hour")]
    [InlineData(4, "identity", "Cannot partition by non-primitive source field: list<long>")]
    [InlineData(5, "identity", "Invalid partition field parent: list<long>")]
    [InlineData(1, "zorder", "Unsupported transform: zorder")]
    public void A_partition_field_has_a_column_that_its_transform_fits(int source, string transform, string message)
    {
        const string schema = """
            {"type": "struct", "schema-id": 0, "fields": [
              {"id": 1, "name": "x", "required": false, "type": "double"}, {"id": 2, "name": "s", "required": false, "type": "string"},
              {"id": 3, "name": "d", "required": false, "type": "date"},
              {"id": 4, "name": "l", "required": false, "type": {"type": "list", "element-id": 5, "element-required": true, "element": "long"}}]}
            """;

        Samples.Invalid(message, () => Samples.NewTable(schema, $$"""{"fields": [{"source-id": {{source}}, "name": "p", "transform": "{{transform}}"}]}"""));
    }

    [Theory]
    [InlineData("bucket[0]")]
    [InlineData("truncate[-1]")]
    [InlineData("bucket[]")]
    [InlineData("bucket[4294967296]")]
    public void The_argument_of_a_transform_is_positive(string transform)
    {
        Samples.Refused(
            ErrorKind.BadRequest,
            "its argument must be an integer greater than 0",
            () => PartitionSpec.Read(Samples.Element($$"""{"fields": [{"source-id": 1, "name": "p", "transform": "{{transform}}"}]}"""), default));
    }

    [Theory]
    [Trait("Behaviour", "90")]
    [InlineData("b", 1, "bucket[4]", "Cannot create partition from name that exists in schema: b")]
    [InlineData("a", 1, "bucket[4]", "Cannot create partition from name that exists in schema: a")]
    [InlineData("b", 1, "identity", "Cannot create identity partition sourced from different field in schema: b")]
    [InlineData("", 1, "identity", "Cannot use empty or null partition name")]
    public void A_partition_field_must_not_take_the_name_of_another_column(string name, int source, string transform, string message)
    {
        Samples.Invalid(
            message,
            () => Samples.NewTable(Samples.SchemaOf("a", "b"), $$"""{"fields": [{"source-id": {{source}}, "name": "{{name}}", "transform": "{{transform}}"}]}"""));
    }

    [Fact]
    [Trait("Behaviour", "90")]
    public void Partition_fields_have_names_of_their_own_and_an_identity_may_be_named_as_its_column()
    {
        Samples.Invalid(
            "Cannot use partition name more than once: p",
            () => Samples.NewTable(
                Samples.SchemaOf("a"),
                """{"fields": [{"source-id": 1, "name": "p", "transform": "bucket[4]"}, {"source-id": 1, "name": "p", "transform": "bucket[8]"}]}"""));
        Assert.Equal("a", Samples.NewTable(Samples.SchemaOf("a"), """{"fields": [{"source-id": 1, "name": "a", "transform": "identity"}]}""").DefaultSpec.Fields[0].Name);
    }

    [Theory]
    [InlineData("commit.retry.num-retries", "x", "must have non negative integer value")]
    [InlineData("commit.retry.total-timeout-ms", "-1", "must have non negative integer value")]
    [InlineData("write.metadata.metrics.column.none", "full", "could not find column none")]
    [InlineData("write.metadata.previous-versions-max", "many", "must have an integer value")]
    [InlineData("encryption.key-id", "k", "encryption.key-id is not supported until v3")]
    public void A_property_with_a_value_it_cannot_have_is_refused(string name, string value, string message)
    {
        Samples.Invalid(message, () => Samples.NewTable(Nested, properties: (name, value)));
    }

    [Fact]
    public void Metrics_properties_name_columns_of_the_requested_schema()
    {
        Assert.Contains(
            "write.metadata.metrics.column.where.names.element",
            Samples.NewTable(Nested, properties: ("write.metadata.metrics.column.where.names.element", "full")).Properties.Keys);
    }

    private static string OneColumn(string type, bool required = true) =>
        $$"""{"type": "struct", "schema-id": 0, "fields": [{"id": 1, "name": "c", "required": {{(required ? "true" : "false")}}, "type": "{{type}}"}]}""";
}
