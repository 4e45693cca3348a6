namespace Frazil.Iceberg;

/// <summary>Schemas, partition specs and sort orders.</summary>
public sealed class BuilderSchemaTests
{
    private const string Wider = """
        {"type": "struct", "schema-id": 1, "identifier-field-ids": [1], "fields": [
          {"id": 1, "name": "id", "required": true, "type": "long"}, {"id": 2, "name": "name", "required": false, "type": "string", "doc": "who"},
          {"id": 3, "name": "at", "required": false, "type": "timestamptz"}, {"id": 4, "name": "more", "required": false, "type": "string"}]}
        """;

    private const string WithoutAt = """{"type": "struct", "schema-id": 1, "fields": [{"id": 1, "name": "id", "required": true, "type": "long"}]}""";

    private static readonly string SetLastSchema = """{"action": "set-current-schema", "schema-id": -1}""";

    [Fact]
    [Trait("Behaviour", "175")]
    public void A_new_schema_gets_the_next_id_and_the_last_column_id_grows()
    {
        var changed = Samples.Change(Samples.TableV2, AddSchema(Wider.Replace("\"schema-id\": 1", "\"schema-id\": 17", StringComparison.Ordinal)), SetLastSchema).Metadata;

        Assert.Equal([0, 1], changed.Schemas.Select(schema => schema.SchemaId));
        Assert.Equal((1, 4), (changed.CurrentSchemaId, changed.LastColumnId));
        Assert.Equal("more", changed.CurrentSchema.Fields[^1].Name);
    }

    [Fact]
    [Trait("Behaviour", "176")]
    public void A_schema_that_is_there_already_is_used_again()
    {
        var widened = Samples.Change(Samples.TableV2, AddSchema(Wider), SetLastSchema).Metadata;

        var reverted = Samples.Change(widened, AddSchema(Original), SetLastSchema).Metadata;

        Assert.Equal(0, reverted.CurrentSchemaId);
        Assert.Equal([0, 1], reverted.Schemas.Select(schema => schema.SchemaId));
        Assert.Equal(4, reverted.LastColumnId);
    }

    [Theory]
    [InlineData("\"doc\": \"who\"", "\"doc\": \"whom\"")]
    [InlineData("\"identifier-field-ids\": [1], ", "")]
    [InlineData("\"name\": \"at\", \"required\": false", "\"name\": \"at\", \"required\": true")]
    [InlineData("\"type\": \"string\"", "\"type\": \"binary\"")]
    [InlineData("\"doc\": \"who\"", "\"doc\": \"who\", \"x\": 1")]
    public void A_schema_that_differs_in_anything_is_another_one(string from, string to)
    {
        Assert.Equal(2, Samples.Change(Samples.TableV2, AddSchema(Original.Replace(from, to, StringComparison.Ordinal))).Metadata.Schemas.Count);
    }

    [Fact]
    [Trait("Behaviour", "177")]
    public void Dropping_the_highest_column_does_not_shrink_the_last_column_id()
    {
        var unpartitioned = Samples.Change(
            Samples.TableV2, """{"action": "add-spec", "spec": {"fields": []}}""", """{"action": "set-default-spec", "spec-id": -1}""").Metadata;

        Assert.Equal(3, Samples.Change(unpartitioned, AddSchema(WithoutAt), SetLastSchema).Metadata.LastColumnId);
    }

    [Theory]
    [Trait("Behaviour", "178")]
    [InlineData("1")]
    [InlineData("99")]
    [InlineData("null")]
    public void The_clients_last_column_id_is_ignored(string id)
    {
        Assert.Equal(4, Samples.Change(Samples.TableV2, $$"""{"action": "add-schema", "schema": {{Wider}}, "last-column-id": {{id}}}""").Metadata.LastColumnId);
    }

    [Fact]
    [Trait("Behaviour", "179")]
    public void The_current_schema_must_be_there()
    {
        Samples.Invalid("Cannot set current schema to unknown schema: 9", () => Samples.Change(Samples.TableV2, """{"action": "set-current-schema", "schema-id": 9}"""));
        Samples.Invalid("Cannot set last added schema: no schema has been added", () => Samples.Change(Samples.TableV2, SetLastSchema));
    }

    [Fact]
    [Trait("Behaviour", "180")]
    public void A_column_that_the_default_spec_or_order_uses_cannot_be_dropped()
    {
        Samples.Invalid(
            "Cannot find source column for partition field: 1000: at_day: day(3)",
            () => Samples.Change(Samples.TableV2, AddSchema(WithoutAt), SetLastSchema));
        Samples.Invalid(
            "Cannot find source column for sort field: identity(1) ASC NULLS FIRST",
            () => Samples.Change(
                Samples.TableV2,
                AddSchema("""{"type": "struct", "fields": [{"id": 3, "name": "at", "required": false, "type": "timestamptz"}]}"""),
                SetLastSchema));
    }

    [Fact]
    public void A_replace_may_drop_columns_when_it_also_replaces_spec_and_order()
    {
        var replaced = Samples.Change(
            Samples.TableV2,
            """{"action": "remove-snapshot-ref", "ref-name": "main"}""",
            AddSchema("""{"type": "struct", "fields": [{"id": 4, "name": "z", "required": false, "type": "string"}]}"""),
            SetLastSchema,
            """{"action": "add-spec", "spec": {"fields": [{"source-id": 4, "name": "z", "transform": "identity"}]}}""",
            """{"action": "set-default-spec", "spec-id": -1}""",
            """{"action": "add-sort-order", "sort-order": {"order-id": 0, "fields": []}}""",
            """{"action": "set-default-sort-order", "sort-order-id": -1}""").Metadata;

        Assert.Equal((1, 1, 0, 1001), (replaced.CurrentSchemaId, replaced.DefaultSpecId, replaced.DefaultSortOrderId, replaced.LastPartitionId));
    }

    [Fact]
    [Trait("Behaviour", "185")]
    public void Schemas_but_the_current_one_can_be_removed()
    {
        var widened = Samples.Change(Samples.TableV2, AddSchema(Wider), SetLastSchema).Metadata;

        Assert.Equal([1], Samples.Change(widened, """{"action": "remove-schemas", "schema-ids": [0, 55]}""").Metadata.Schemas.Select(schema => schema.SchemaId));
        Samples.Invalid("Cannot remove the current schema", () => Samples.Change(widened, """{"action": "remove-schemas", "schema-ids": [0, 1]}"""));
    }

    [Fact]
    public void A_schema_of_types_that_the_version_lacks_is_refused()
    {
        Samples.Invalid(
            "Invalid schema for v2:\n- Invalid type for data: variant is not supported until v3",
            () => Samples.Change(Samples.TableV2, AddSchema("""{"type": "struct", "fields": [{"id": 9, "name": "data", "required": false, "type": "variant"}]}""")));
    }

    [Fact]
    [Trait("Behaviour", "181")]
    public void A_new_spec_gets_the_next_id_and_the_last_partition_id_grows()
    {
        var changed = Samples.Change(
            Samples.TableV2,
            """{"action": "add-spec", "spec": {"spec-id": 40, "fields": [{"source-id": 1, "field-id": 1007, "name": "b", "transform": "bucket[4]"}]}}""",
            """{"action": "set-default-spec", "spec-id": -1}""").Metadata;

        Assert.Equal((1, 1007), (changed.DefaultSpecId, changed.LastPartitionId));
        Assert.Equal([0, 1], changed.PartitionSpecs.Select(spec => spec.SpecId));
    }

    [Fact]
    [Trait("Behaviour", "182")]
    public void A_spec_that_is_there_already_is_used_again_whatever_its_field_ids()
    {
        var changed = Samples.Change(Samples.TableV2, """{"action": "add-spec", "spec": {"fields": []}}""", """{"action": "set-default-spec", "spec-id": -1}""").Metadata;

        var reverted = Samples.Change(
            changed,
            """{"action": "add-spec", "spec": {"fields": [{"source-id": 3, "name": "at_day", "transform": "day"}]}}""",
            """{"action": "set-default-spec", "spec-id": -1}""").Metadata;

        Assert.Equal(0, reverted.DefaultSpecId);
        Assert.Equal(2, reverted.PartitionSpecs.Count);
    }

    [Fact]
    public void A_partition_field_without_an_id_takes_that_of_an_equal_field_else_the_next()
    {
        var changed = Samples.Change(
            Samples.TableV2,
            """{"action": "add-spec", "spec": {"fields": [{"source-id": 1, "name": "b", "transform": "bucket[4]"}, {"source-id": 3, "name": "day_of_at", "transform": "day"}]}}""").Metadata;

        Assert.Equal([1001, 1000], changed.PartitionSpecs[1].Fields.Select(field => field.FieldId!.Value));
        Assert.Equal(1001, changed.LastPartitionId);
    }

    [Fact]
    public void Partition_fields_of_version_1_are_numbered_in_a_row()
    {
        var v1 = Samples.Parse(Samples.EarlyV1);

        Samples.Invalid(
            "Spec does not use sequential IDs that are required in v1",
            () => Samples.Change(v1, """{"action": "add-spec", "spec": {"fields": [{"source-id": 1, "field-id": 1001, "name": "b", "transform": "bucket[4]"}]}}"""));
        var changed = Samples.Change(
            v1,
            """{"action": "add-spec", "spec": {"fields": [{"source-id": 2, "name": "day", "transform": "void"}, {"source-id": 1, "name": "b", "transform": "bucket[4]"}]}}""").Metadata;
        Assert.Equal([1000, 1001], changed.PartitionSpecs[1].Fields.Select(field => field.FieldId!.Value));
    }

    [Theory]
    [InlineData("""[{"source-id": 9, "name": "p", "transform": "identity"}]""", "Cannot find source column for partition field: p: identity(9)")]
    [InlineData("""[{"source-id": 2, "name": "p", "transform": "year"}]""", "Invalid source type string for transform: year")]
    [InlineData("""[{"source-id": 2, "name": "id", "transform": "bucket[2]"}]""", "Cannot create partition from name that exists in schema: id")]
    [InlineData("""[{"source-id": 2, "name": "p", "field-id": 1001, "transform": "bucket[2]"}, {"source-id": 2, "name": "q", "field-id": 1001, "transform": "bucket[3]"}]""", "Cannot use partition field id more than once: 1001")]
    [InlineData("""[{"source-ids": [1, 2], "name": "p", "transform": "bucket[2]"}]""", "Unsupported transform: bucket[2] of several columns")]
    public void A_spec_that_does_not_fit_the_current_schema_is_refused(string fields, string message)
    {
        Samples.Invalid(message, () => Samples.Change(Samples.TableV2, $$$"""{"action": "add-spec", "spec": {"fields": {{{fields}}}}}"""));
    }

    [Fact]
    public void A_transform_of_one_column_may_be_said_as_of_several()
    {
        var changed = Samples.Change(Samples.TableV2, """{"action": "add-spec", "spec": {"fields": [{"source-ids": [1], "name": "p", "transform": "bucket[2]"}]}}""").Metadata;

        Assert.Equal(1, (int?)Samples.Node(changed)["partition-specs"]![1]!["fields"]![0]!["source-id"]);
    }

    [Fact]
    [Trait("Behaviour", "183")]
    public void The_default_spec_must_be_there()
    {
        Samples.Invalid("Cannot set default partition spec to unknown spec: 9", () => Samples.Change(Samples.TableV2, """{"action": "set-default-spec", "spec-id": 9}"""));
        Samples.Invalid(
            "Cannot set last added spec: no spec has been added", () => Samples.Change(Samples.TableV2, """{"action": "set-default-spec", "spec-id": -1}"""));
    }

    [Fact]
    [Trait("Behaviour", "184")]
    public void Specs_but_the_default_one_can_be_removed()
    {
        var changed = Samples.Change(Samples.TableV2, """{"action": "add-spec", "spec": {"fields": []}}""", """{"action": "set-default-spec", "spec-id": -1}""").Metadata;

        Assert.Equal([1], Samples.Change(changed, """{"action": "remove-partition-specs", "spec-ids": [0, 55]}""").Metadata.PartitionSpecs.Select(spec => spec.SpecId));
        Samples.Invalid("Cannot remove the default partition spec", () => Samples.Change(changed, """{"action": "remove-partition-specs", "spec-ids": [1]}"""));
    }

    [Fact]
    [Trait("Behaviour", "186")]
    public void A_new_order_gets_the_next_id_an_equal_one_is_used_again_and_unsorted_is_0()
    {
        const string byName = """{"action": "add-sort-order", "sort-order": {"order-id": 30, "fields": [{"transform": "identity", "source-id": 2, "direction": "desc", "null-order": "nulls-last"}]}}""";
        const string byId = """{"action": "add-sort-order", "sort-order": {"order-id": 30, "fields": [{"transform": "identity", "source-id": 1, "direction": "asc", "null-order": "nulls-first"}]}}""";
        const string unsorted = """{"action": "add-sort-order", "sort-order": {"order-id": 30, "fields": []}}""";
        const string setLast = """{"action": "set-default-sort-order", "sort-order-id": -1}""";

        var sorted = Samples.Change(Samples.TableV2, byName, setLast).Metadata;
        Assert.Equal(2, sorted.DefaultSortOrderId);
        Assert.Equal(1, Samples.Change(sorted, byId, setLast).Metadata.DefaultSortOrderId);
        var none = Samples.Change(sorted, unsorted, setLast).Metadata;
        Assert.Equal((0, 3), (none.DefaultSortOrderId, none.SortOrders.Count));
        Assert.Equal(none.ToJson(), TableMetadata.Parse(none.ToJson()).ToJson());
    }

    [Theory]
    [InlineData("""{"order-id": 0, "fields": [{"transform": "identity", "source-id": 2, "direction": "asc", "null-order": "nulls-last"}]}""", "Sort order ID 0 is reserved for unsorted order")]
    [InlineData("""{"order-id": 5, "fields": [{"transform": "identity", "source-id": 22, "direction": "asc", "null-order": "nulls-last"}]}""", "Cannot find source column for sort field: identity(22) ASC NULLS LAST")]
    [InlineData("""{"order-id": 5, "fields": [{"transform": "year", "source-id": 2, "direction": "asc", "null-order": "nulls-last"}]}""", "Invalid source type string for transform: year")]
    public void An_order_that_does_not_fit_is_refused(string order, string message)
    {
        Samples.Invalid(message, () => Samples.Change(Samples.TableV2, $$"""{"action": "add-sort-order", "sort-order": {{order}}}"""));
    }

    [Fact]
    public void The_default_order_must_be_there()
    {
        Samples.Invalid(
            "Cannot set default sort order to unknown sort order: 9", () => Samples.Change(Samples.TableV2, """{"action": "set-default-sort-order", "sort-order-id": 9}"""));
        Samples.Invalid(
            "Cannot set last added sort order: no sort order has been added",
            () => Samples.Change(Samples.TableV2, """{"action": "set-default-sort-order", "sort-order-id": -1}"""));
    }

    private static string Original => """
        {"type": "struct", "schema-id": 0, "identifier-field-ids": [1], "fields": [
          {"id": 1, "name": "id", "required": true, "type": "long"}, {"id": 2, "name": "name", "required": false, "type": "string", "doc": "who"},
          {"id": 3, "name": "at", "required": false, "type": "timestamptz"}]}
        """;

    private static string AddSchema(string schema) => $$"""{"action": "add-schema", "schema": {{schema}}}""";
}
