using System.Text.Json.Nodes;

namespace Frazil.Iceberg;

/// <summary>Uuid, version, location, properties and the metadata log.</summary>
public sealed class BuilderTests
{
    [Fact]
    [Trait("Behaviour", "171")]
    [Trait("Behaviour", "166")]
    public void Updates_that_change_nothing_leave_no_trace()
    {
        var table = Samples.TableV3;
        table = Samples.Change(table, """{"action": "add-encryption-key", "encryption-key": {"key-id": "k", "encrypted-key-metadata": "AA=="}}""").Metadata;

        string[] nothing =
        [
            $$"""{"action": "assign-uuid", "uuid": "{{Samples.Uuid.ToUpperInvariant()}}"}""",
            """{"action": "upgrade-format-version", "format-version": 3}""",
            """
            {"action": "add-schema", "last-column-id": 900, "schema": {"type": "struct", "schema-id": 12, "identifier-field-ids": [1], "fields": [
              {"id": 1, "name": "id", "required": true, "type": "long"}, {"id": 2, "name": "name", "required": false, "type": "string", "doc": "who"},
              {"id": 3, "name": "at", "required": false, "type": "timestamptz"}]}}
            """,
            """{"action": "set-current-schema", "schema-id": -1}""",
            """{"action": "set-current-schema", "schema-id": 0}""",
            """{"action": "remove-schemas", "schema-ids": [44]}""",
            """{"action": "add-spec", "spec": {"spec-id": 5, "fields": [{"name": "at_day", "transform": "day", "source-id": 3, "field-id": 1234}]}}""",
            """{"action": "set-default-spec", "spec-id": -1}""",
            """{"action": "remove-partition-specs", "spec-ids": [44]}""",
            """{"action": "add-sort-order", "sort-order": {"order-id": 7, "fields": [{"transform": "identity", "source-id": 1, "direction": "ASC", "null-order": "nulls-first"}]}}""",
            """{"action": "set-default-sort-order", "sort-order-id": -1}""",
            Samples.SetMain(2),
            """{"action": "remove-snapshot-ref", "ref-name": "none"}""",
            """{"action": "remove-snapshots", "snapshot-ids": [77, 78]}""",
            """{"action": "remove-snapshots", "snapshot-ids": []}""",
            """{"action": "set-location", "location": "s3://lake/db/t/"}""",
            """{"action": "set-properties", "updates": {}}""",
            """{"action": "set-properties", "updates": {"owner": "ann"}}""",
            """{"action": "remove-properties", "removals": []}""",
            """{"action": "remove-properties", "removals": ["none"]}""",
            """{"action": "set-statistics", "statistics": {"blob-metadata": [], "snapshot-id": 1, "statistics-path": "s3://lake/db/t/metadata/1.stats", "file-size-in-bytes": 10, "file-footer-size-in-bytes": 2}}""",
            """{"action": "remove-statistics", "snapshot-id": 2}""",
            """{"action": "remove-partition-statistics", "snapshot-id": 2}""",
            """{"action": "add-encryption-key", "encryption-key": {"key-id": "k", "encrypted-key-metadata": "BA=="}}""",
            """{"action": "remove-encryption-key", "key-id": "none"}""",
        ];

        Assert.All(nothing.Where(update => !update.Contains(": -1", StringComparison.Ordinal)), update => Assert.False(Samples.Change(table, update).HasChanges, update));
        var change = Samples.Change(table, nothing);
        Assert.False(change.HasChanges);
        Assert.Same(table, change.Metadata);
        Assert.False(Samples.Change(table).HasChanges);
    }

    [Fact]
    [Trait("Behaviour", "170")]
    public void Properties_are_set_in_order_overwritten_in_place_and_removed()
    {
        var changed = Samples.Change(
            Samples.TableV2,
            """{"action": "set-properties", "updates": {"new": "1", "owner": "bob"}}""",
            """{"action": "remove-properties", "removals": ["comment", "none"]}""").Metadata;

        Assert.Equal([KeyValuePair.Create("owner", "bob"), KeyValuePair.Create("new", "1")], changed.Properties);
    }

    [Fact]
    [Trait("Behaviour", "172")]
    public void A_new_location_moves_the_next_metadata_file()
    {
        var changed = Samples.Change(Samples.TableV2, """{"action": "set-location", "location": "s3://lake/moved/"}""").Metadata;

        Assert.Equal("s3://lake/moved", changed.Location);
        Assert.StartsWith(
            "s3://lake/moved/metadata/00005-",
            MetadataLocation.Next(Samples.CurrentFile, changed.Location, changed.Properties, 0, Samples.NewUuid).Location,
            StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Behaviour", "173")]
    public void Another_uuid_is_refused()
    {
        Samples.Invalid("Cannot reassign uuid", () => Samples.Change(Samples.TableV2, $$"""{"action": "assign-uuid", "uuid": "{{Samples.NewUuid}}"}"""));
    }

    [Fact]
    public void A_v1_table_without_a_uuid_gets_the_one_that_is_made_of_its_file_with_its_next_commit()
    {
        var early = Samples.Parse(Samples.EarlyV1);
        var changed = Samples.Change(early, """{"action": "set-properties", "updates": {"k": "v"}}""").Metadata;

        Assert.Equal(early.Uuid, changed.Uuid);
        Assert.True(TableMetadata.Parse(changed.ToJson()).HasUuid);
        Assert.Equal(changed.ToJson(), TableMetadata.Parse(changed.ToJson()).ToJson());
    }

    [Fact]
    [Trait("Behaviour", "174")]
    public void An_upgrade_starts_sequence_numbers_and_then_row_ids_at_0()
    {
        var v2 = Samples.Change(Samples.Parse(Samples.EarlyV1), """{"action": "upgrade-format-version", "format-version": 2}""").Metadata;
        var v3 = Samples.Change(v2, """{"action": "upgrade-format-version", "format-version": 3}""").Metadata;

        Assert.Equal((2, 0), (v2.FormatVersion, v2.LastSequenceNumber));
        Assert.False(Samples.Node(v2).AsObject().ContainsKey("schema"));
        Assert.False(Samples.Node(v2).AsObject().ContainsKey("partition-spec"));
        Assert.Equal(0, (long?)Samples.Node(v2)["last-sequence-number"]);
        Assert.Equal((3, 0), (v3.FormatVersion, v3.NextRowId));
        Assert.True(JsonNode.DeepEquals(Samples.Node(v3)["snapshots"], JsonNode.Parse(Samples.EarlyV1)!["snapshots"]));
        Assert.Equal(v3.ToJson(), TableMetadata.Parse(v3.ToJson()).ToJson());
    }

    [Theory]
    [Trait("Behaviour", "174")]
    [InlineData(2, "Cannot downgrade v3 table to v2")]
    [InlineData(-1, "Cannot downgrade v3 table to v-1")]
    [InlineData(4, "Cannot upgrade table to unsupported format version: v4 (supported: v3)")]
    [InlineData(99, "Cannot upgrade table to unsupported format version: v99 (supported: v3)")]
    public void A_downgrade_and_an_unknown_version_are_refused(int version, string message)
    {
        Samples.Invalid(message, () => Samples.Change(Samples.TableV3, $$"""{"action": "upgrade-format-version", "format-version": {{version}}}"""));
    }

    [Fact]
    [Trait("Behaviour", "204")]
    public void The_metadata_log_gets_the_file_before_with_its_time()
    {
        var changed = Samples.Change(Samples.TableV2, """{"action": "set-properties", "updates": {"k": "v"}}""");

        Assert.Equal([.. Samples.TableV2.MetadataLog, new MetadataLogEntry(Samples.LastUpdated, Samples.CurrentFile)], changed.Metadata.MetadataLog);
        Assert.Empty(changed.ExpiredMetadataLog);
        Assert.Equal(Samples.Now.ToUnixTimeMilliseconds(), changed.Metadata.LastUpdatedMs);
    }

    [Theory]
    [Trait("Behaviour", "204")]
    [Trait("Behaviour", "205")]
    [InlineData("3", 3)]
    [InlineData("1", 1)]
    [InlineData("0", 1)]
    [InlineData("-7", 1)]
    public void The_metadata_log_is_capped_and_what_leaves_it_is_told(string limit, int kept)
    {
        var table = Samples.TableV2;
        var all = table.MetadataLog.Select(entry => entry.MetadataFile).ToList();
        for (var commit = 0; commit < 5; commit++)
        {
            table = TableMetadataBuilder.From(table, $"s3://f/{commit}").Apply(Samples.Update($$$"""{"action": "set-properties", "updates": {"n": "{{{commit}}}"}}"""))
                .Build(Samples.Now, () => Samples.NewUuid, null).Metadata;
            all.Add($"s3://f/{commit}");
        }

        var change = TableMetadataBuilder.From(table, "s3://f/5").Apply(
            Samples.Update($$$"""{"action": "set-properties", "updates": {"write.metadata.previous-versions-max": "{{{limit}}}"}}""")).Build(Samples.Now, () => Samples.NewUuid, null);
        all.Add("s3://f/5");

        Assert.Equal(all[^kept..], change.Metadata.MetadataLog.Select(entry => entry.MetadataFile));
        Assert.Equal(all[..^kept], change.ExpiredMetadataLog.Select(entry => entry.MetadataFile));
    }

    [Fact]
    [Trait("Behaviour", "208")]
    public void The_tables_time_never_goes_back()
    {
        var early = DateTimeOffset.FromUnixTimeMilliseconds(Samples.LastUpdated - 3_600_000);

        var changed = Samples.ChangeAt(early, Samples.TableV2, """{"action": "set-properties", "updates": {"k": "v"}}""", Samples.SetMain(1)).Metadata;

        Assert.Equal(Samples.LastUpdated, changed.LastUpdatedMs);
        Assert.Equal(Samples.LastUpdated, changed.SnapshotLog[^1].TimestampMs);
    }

    [Theory]
    [Trait("Behaviour", "206")]
    [InlineData("write.metadata.compression-codec", "zip", "Invalid write.metadata.compression-codec: zip (supported: none, gzip)")]
    [InlineData("write.metadata.previous-versions-max", "x", "Property write.metadata.previous-versions-max must have an integer value, but was x")]
    [InlineData("encryption.key-id", "k", "not supported until v3")]
    public void A_property_that_the_catalog_could_not_follow_is_refused(string name, string value, string message)
    {
        Samples.Invalid(message, () => Samples.Change(Samples.TableV2, $$$"""{"action": "set-properties", "updates": {"{{{name}}}": "{{{value}}}"}}"""));
    }

    [Fact]
    [Trait("Behaviour", "169")]
    public void A_builder_leaves_the_metadata_it_started_from_alone()
    {
        var table = Samples.TableV2;
        var before = table.ToJson();

        Samples.Change(
            table,
            """{"action": "set-properties", "updates": {"k": "v"}}""",
            """{"action": "remove-snapshots", "snapshot-ids": [1]}""",
            Samples.AddSnapshot(3, 3, parent: 2),
            Samples.SetMain(3));

        Assert.Equal(before, table.ToJson());
    }
}
