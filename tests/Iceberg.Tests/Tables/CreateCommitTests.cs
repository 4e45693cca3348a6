namespace Frazil.Iceberg;

/// <summary>A table that comes into being by a commit with <c>assert-create</c>.</summary>
public sealed class CreateCommitTests
{
    private static readonly string AddSchema = $$"""{"action": "add-schema", "schema": {{Samples.SchemaOf("a", "b")}}}""";

    private static readonly string[] PyIceberg =
    [
        $$"""{"action": "assign-uuid", "uuid": "{{Samples.Uuid}}"}""",
        """{"action": "upgrade-format-version", "format-version": 2}""",
        AddSchema,
        """{"action": "set-current-schema", "schema-id": -1}""",
        """{"action": "add-spec", "spec": {"spec-id": 0, "fields": [{"source-id": 1, "field-id": 1000, "name": "a", "transform": "identity"}]}}""",
        """{"action": "set-default-spec", "spec-id": -1}""",
        """{"action": "add-sort-order", "sort-order": {"order-id": 0, "fields": []}}""",
        """{"action": "set-default-sort-order", "sort-order-id": -1}""",
        """{"action": "set-location", "location": "s3://lake/db/new/"}""",
        """{"action": "set-properties", "updates": {}}""",
        """{"action": "set-properties", "updates": {"y": "2"}}""",
    ];

    [Fact]
    [Trait("Behaviour", "98")]
    [Trait("Behaviour", "99")]
    public void The_updates_make_the_table_whose_metadata_log_is_empty()
    {
        var table = Samples.Create(PyIceberg);

        Assert.Equal((2, Samples.Uuid, "s3://lake/db/new"), (table.FormatVersion, table.Uuid, table.Location));
        Assert.Equal((0, 0, 1000, 0, 2), (table.CurrentSchemaId, table.DefaultSpecId, table.LastPartitionId, table.DefaultSortOrderId, table.LastColumnId));
        Assert.Equal(new Dictionary<string, string> { ["y"] = "2" }, table.Properties);
        Assert.Empty(table.MetadataLog);
        Assert.Equal(table.ToJson(), TableMetadata.Parse(table.ToJson()).ToJson());
    }

    [Fact]
    [Trait("Behaviour", "104")]
    public void The_first_upgrade_chooses_the_version_and_without_one_it_is_2()
    {
        Assert.Equal(2, Samples.Create(AddSchema).FormatVersion);
        Assert.Equal(1, Samples.Create(AddSchema, """{"action": "upgrade-format-version", "format-version": 1}""").FormatVersion);
        Assert.Equal(3, Samples.Create("""{"action": "upgrade-format-version", "format-version": 3}""", AddSchema).FormatVersion);
        Samples.Invalid("Unsupported format version: v4 (supported: v3)", () => Samples.Create("""{"action": "upgrade-format-version", "format-version": 4}""", AddSchema));
    }

    [Fact]
    public void Without_uuid_and_location_the_catalog_gives_them_and_no_partitioning_or_sorting_is_assumed()
    {
        var table = Samples.Create(AddSchema);

        Assert.Equal((Samples.NewUuid.ToString(), "s3://lake/default/t"), (table.Uuid, table.Location));
        Assert.True(table.DefaultSpec.IsUnpartitioned);
        Assert.True(table.DefaultSortOrder.IsUnsorted);
        Assert.Equal(Samples.Now.ToUnixTimeMilliseconds(), table.LastUpdatedMs);
    }

    [Fact]
    [Trait("Behaviour", "105")]
    public void A_snapshot_can_come_with_the_table()
    {
        var table = Samples.Create([.. PyIceberg, Samples.AddSnapshot(5, 1), Samples.SetMain(5)]);

        Assert.Equal(5, table.CurrentSnapshotId);
        Assert.Equal(1, table.LastSequenceNumber);
        Assert.Equal([new SnapshotLogEntry(Samples.LastUpdated + 1000, 5)], table.SnapshotLog);
    }

    [Theory]
    [InlineData(0, "schema")]
    [InlineData(1, "partition spec")]
    [InlineData(2, "sort order")]
    public void A_snapshot_comes_after_schema_spec_and_order(int updates, string what)
    {
        string[] parts =
        [
            AddSchema,
            """{"action": "add-spec", "spec": {"fields": []}}""",
            """{"action": "add-sort-order", "sort-order": {"order-id": 0, "fields": []}}""",
        ];

        Samples.Invalid($"Attempting to add a snapshot before a {what} is added", () => Samples.Create([.. parts[..updates], Samples.AddSnapshot(5, 1)]));
    }

    [Fact]
    [Trait("Behaviour", "106")]
    public void Several_schemas_are_numbered_from_0_and_the_last_set_is_current()
    {
        var table = Samples.Create(
            AddSchema,
            """{"action": "set-current-schema", "schema-id": -1}""",
            $$"""{"action": "add-schema", "schema": {{Samples.SchemaOf("a", "b", "c")}}}""",
            """{"action": "set-current-schema", "schema-id": -1}""");

        Assert.Equal([0, 1], table.Schemas.Select(schema => schema.SchemaId));
        Assert.Equal((1, 3), (table.CurrentSchemaId, table.LastColumnId));
    }

    [Fact]
    [Trait("Behaviour", "107")]
    public void A_table_needs_a_schema_and_a_location()
    {
        Samples.Invalid("Cannot create a table without a schema", () => Samples.Create("""{"action": "set-location", "location": "s3://x"}"""));
        Samples.Invalid("Cannot create a table without a schema", () => Samples.Create());
        Samples.Invalid("Attempting to add a partition spec before a schema is added", () => Samples.Create("""{"action": "add-spec", "spec": {"fields": []}}"""));
        Samples.Invalid(
            "Cannot create a table without a location",
            () => TableMetadataBuilder.ForCreate([]).Apply(Samples.Update(AddSchema)).Build(Samples.Now, () => Samples.NewUuid, defaultLocation: null));
    }

    [Fact]
    public void Ids_that_the_client_chose_stay_since_it_has_written_files_by_them()
    {
        var table = Samples.Create("""{"action": "add-schema", "schema": {"type": "struct", "fields": [{"id": 40, "name": "a", "required": true, "type": "long"}]}}""");

        Assert.Equal(40, Assert.Single(table.CurrentSchema.Fields).Id);
        Assert.Equal(40, table.LastColumnId);
    }
}
