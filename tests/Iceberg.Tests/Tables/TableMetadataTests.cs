using System.Text;
using System.Text.Json.Nodes;

namespace Frazil.Iceberg;

public sealed class TableMetadataTests
{
    [Fact]
    public void What_is_read_is_written_back_with_the_same_meaning()
    {
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Samples.V2), Samples.Node(Samples.TableV2)));
    }

    [Fact]
    public void Writing_twice_gives_the_same_bytes()
    {
        foreach (var document in new[] { Samples.V2, Samples.EarlyV1 })
        {
            var once = Samples.Parse(document).ToJson();
            Assert.Equal(once, TableMetadata.Parse(once).ToJson());
        }
    }

    [Fact]
    public void Unknown_members_are_kept_at_every_level()
    {
        var document = Samples.V2
            .Replace("\"format-version\": 2,", "\"format-version\": 2, \"x-top\": {\"a\": [1, 2.50]},", StringComparison.Ordinal)
            .Replace("\"type\": \"long\"}", "\"type\": \"long\", \"x-field\": 1}", StringComparison.Ordinal)
            .Replace("\"operation\": \"append\"}", "\"operation\": \"append\"}, \"x-snapshot\": 2", StringComparison.Ordinal)
            .Replace("\"max-ref-age-ms\": 1000", "\"max-ref-age-ms\": 1000, \"x-ref\": 3", StringComparison.Ordinal)
            .Replace("{\"snapshot-id\": 1, \"timestamp-ms\"", "{\"x-log\": 4, \"snapshot-id\": 1, \"timestamp-ms\"", StringComparison.Ordinal);

        var changed = Samples.Change(Samples.Parse(document), """{"action": "set-properties", "updates": {"k": "v"}}""").Metadata;

        var json = Encoding.UTF8.GetString(changed.ToJson());
        Assert.All(
            ["\"x-top\":{\"a\": [1, 2.50]}", "\"x-field\": 1", "\"x-snapshot\": 2", "\"x-ref\": 3", "\"x-log\": 4"],
            member => Assert.Contains(member, json, StringComparison.Ordinal));
    }

    [Theory]
    [Trait("Behaviour", "209")]
    [InlineData("9223372036854775807")]
    [InlineData("9007199254740993")]
    public void Snapshot_ids_of_64_bits_round_trip_exactly(string id)
    {
        var changed = Samples.Change(Samples.TableV2, Samples.AddSnapshot(long.Parse(id), 3, parent: 2), Samples.SetMain(long.Parse(id))).Metadata;

        Assert.Equal(long.Parse(id), TableMetadata.Parse(changed.ToJson()).CurrentSnapshotId);
        Assert.Contains($"\"current-snapshot-id\":{id},", Encoding.UTF8.GetString(changed.ToJson()), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Behaviour", "210")]
    public void Property_values_round_trip_whatever_they_hold()
    {
        var value = "\"quoted\" \\ \n é 漢 😀 " + new string('x', 65_536);
        var update = new TableUpdate.SetProperties(new Dictionary<string, string> { ["k"] = value });

        var changed = TableMetadataBuilder.From(Samples.TableV2, Samples.CurrentFile).Apply(update).Build(Samples.Now, () => Samples.NewUuid, null).Metadata;

        Assert.Equal(value, TableMetadata.Parse(changed.ToJson()).Properties["k"]);
    }

    [Fact]
    public void An_early_v1_file_gets_what_later_versions_ask_for()
    {
        var metadata = Samples.Parse(Samples.EarlyV1);

        Assert.False(metadata.HasUuid);
        Assert.True(metadata.IsOfOldForm);
        Assert.Equal(metadata.Uuid, Samples.Parse(Samples.EarlyV1).Uuid);
        Assert.NotEqual(metadata.Uuid, Samples.Parse(Samples.EarlyV1 + " ").Uuid);
        Assert.Equal(Guid.Parse(metadata.Uuid).ToString(), metadata.Uuid);
        Assert.Equal(0, metadata.CurrentSchemaId);
        Assert.Equal(1000, metadata.LastPartitionId);
        Assert.Equal(1000, Assert.Single(metadata.DefaultSpec.Fields).FieldId);
        Assert.True(metadata.DefaultSortOrder.IsUnsorted);
        Assert.Equal(new SnapshotReference(7, SnapshotReferenceType.Branch), metadata.Refs["main"]);
        Assert.Null(metadata.CurrentSnapshot!.ParentSnapshotId);
        Assert.Equal(["s3://lake/db/t/metadata/m1.avro"], metadata.CurrentSnapshot.Manifests);
    }

    [Fact]
    [Trait("Behaviour", "97")]
    public void A_v1_table_is_written_with_its_schema_and_spec_for_early_readers_and_without_a_sequence_number()
    {
        var json = Samples.Node(Samples.Parse(Samples.EarlyV1)).AsObject();

        Assert.Equal("struct", (string?)json["schema"]!["type"]);
        Assert.Equal(1000, (int?)json["partition-spec"]![0]!["field-id"]);
        Assert.False(json.ContainsKey("last-sequence-number"));
        Assert.False(json.ContainsKey("next-row-id"));
    }

    [Theory]
    [InlineData("null")]
    [InlineData("-1")]
    public void No_current_snapshot_is_read_as_null_or_minus_one(string none)
    {
        var json = Samples.Node(Samples.EmptyTable).AsObject();
        json["current-snapshot-id"] = JsonNode.Parse(none);

        Assert.Null(Samples.Parse(json.ToJsonString()).CurrentSnapshotId);
    }

    [Fact]
    public void No_current_snapshot_is_written_as_minus_one_in_v2_and_as_null_in_v3()
    {
        var v3 = Samples.NewTable(Samples.SchemaOf("a"), properties: ("format-version", "3"));

        Assert.Equal(-1, (long?)Samples.Node(Samples.EmptyTable)["current-snapshot-id"]);
        Assert.True(Samples.Node(v3).AsObject().TryGetPropertyValue("current-snapshot-id", out var none));
        Assert.Null(none);
        Assert.Equal(0, (long?)Samples.Node(v3)["next-row-id"]);
    }

    [Fact]
    public void A_current_snapshot_without_references_is_main()
    {
        var json = JsonNode.Parse(Samples.V2)!.AsObject();
        json.Remove("refs");

        Assert.Equal(2, Samples.Parse(json.ToJsonString()).Refs["main"].SnapshotId);
    }

    [Fact]
    public void Slashes_at_the_locations_end_are_dropped()
    {
        Assert.Equal("s3://lake/db/t", Samples.Parse(Samples.V2.Replace("\"s3://lake/db/t\"", "\"s3://lake/db/t//\"", StringComparison.Ordinal)).Location);
    }

    [Fact]
    public void A_byte_order_mark_is_skipped()
    {
        Assert.Equal(Samples.Uuid, TableMetadata.Parse((byte[])[0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(Samples.V2)]).Uuid);
    }

    [Fact]
    public void Snapshots_refs_shows_only_referenced_snapshots_and_hides_the_statistics_of_others()
    {
        var untagged = Samples.Change(Samples.TableV2, """{"action": "remove-snapshot-ref", "ref-name": "first"}""").Metadata;

        var shown = untagged.WithReferencedSnapshotsOnly();

        Assert.Equal([2], shown.Snapshots.Select(snapshot => snapshot.SnapshotId));
        Assert.Null(shown.Snapshot(1));
        Assert.Empty(shown.Statistics);
        Assert.Empty(shown.PartitionStatistics);
        Assert.Equal(untagged.SnapshotLog, shown.SnapshotLog);
        Assert.NotNull(untagged.Snapshot(1));
    }

    [Fact]
    public void Every_member_that_names_a_place_of_today_is_listed_for_the_location_check()
    {
        var table = Samples.Change(
            Samples.TableV2,
            """{"action": "set-properties", "updates": {"write.data.path": "d", "write.metadata.path": "m", "write.object-storage.path": "o", "write.folder-storage.path": "f"}}""").Metadata;

        Assert.Equal(
            [
                ("location", "s3://lake/db/t"),
                ("write.data.path", "d"),
                ("write.metadata.path", "m"),
                ("write.object-storage.path", "o"),
                ("write.folder-storage.path", "f"),
                ("manifest-list", "s3://lake/db/t/metadata/snap-1.avro"),
                ("manifest-list", "s3://lake/db/t/metadata/snap-2.avro"),
                ("statistics-path", "s3://lake/db/t/metadata/1.stats"),
                ("statistics-path", "s3://lake/db/t/metadata/1.pstats"),
            ],
            table.Locations());
        Assert.Contains(("manifests", "s3://lake/db/t/metadata/m1.avro"), Samples.Parse(Samples.EarlyV1).Locations());
    }

    [Fact]
    public void Every_update_that_names_a_place_lists_it_for_the_location_check()
    {
        static IEnumerable<(string, string)> Of(string update) => Samples.Update(update).Locations();

        Assert.Equal([("location", "s3://x")], Of("""{"action": "set-location", "location": "s3://x/"}"""));
        Assert.Equal([("write.data.path", "d")], Of("""{"action": "set-properties", "updates": {"a": "b", "write.data.path": "d"}}"""));
        Assert.Equal([("manifest-list", "s3://lake/db/t/metadata/snap-9.avro")], Of(Samples.AddSnapshot(9, 9)));
        Assert.Equal([("manifests", "a"), ("manifests", "b")], Of("""{"action": "add-snapshot", "snapshot": {"snapshot-id": 1, "timestamp-ms": 1, "manifests": ["a", "b"]}}"""));
        Assert.Equal(
            [("statistics-path", "p")],
            Of("""{"action": "set-statistics", "statistics": {"snapshot-id": 1, "statistics-path": "p", "file-size-in-bytes": 1, "file-footer-size-in-bytes": 1, "blob-metadata": []}}"""));
        Assert.Equal(
            [("statistics-path", "p")],
            Of("""{"action": "set-partition-statistics", "partition-statistics": {"snapshot-id": 1, "statistics-path": "p", "file-size-in-bytes": 1}}"""));
        Assert.Empty(Of("""{"action": "remove-statistics", "snapshot-id": 1}"""));
    }

    [Fact]
    public void What_is_parsed_on_first_use_can_be_read_at_once()
    {
        var badSchema = JsonNode.Parse(Samples.V2)!.AsObject();
        badSchema["schemas"]!.AsArray().Add(JsonNode.Parse("""{"type": "struct", "schema-id": 1, "fields": [{"id": 1, "name": "a", "required": true, "type": "foo"}]}"""));
        var badSummary = JsonNode.Parse(Samples.V2)!.AsObject();
        badSummary["snapshots"]![0]!["summary"] = JsonNode.Parse("""{"operation": 7}""");

        Assert.All([badSchema, badSummary], document =>
        {
            var metadata = Samples.Parse(document.ToJsonString());
            Samples.Refused(ErrorKind.BadRequest, "Cannot parse", metadata.ReadFully);
        });
    }
}
