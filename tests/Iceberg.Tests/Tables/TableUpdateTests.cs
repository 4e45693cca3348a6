using System.Text;
using System.Text.Json;

namespace Frazil.Iceberg;

public sealed class TableUpdateTests
{
    private const string Statistics =
        """{"snapshot-id": 1, "statistics-path": "p", "file-size-in-bytes": 1, "file-footer-size-in-bytes": 1, "blob-metadata": [{"type": "t", "snapshot-id": 1, "sequence-number": 1, "fields": [1]}]}""";

    public static TheoryData<string> Valid =>
    [
        """{"action": "assign-uuid", "uuid": "9c12d441-03fe-4693-9a96-a0705ddf69c1"}""",
        """{"action": "upgrade-format-version", "format-version": 3}""",
        $$"""{"action": "add-schema", "schema": {{Samples.SchemaOf("a")}}, "last-column-id": 7}""",
        """{"action": "set-current-schema", "schema-id": -1}""",
        """{"action": "remove-schemas", "schema-ids": [1]}""",
        """{"action": "add-spec", "spec": {"spec-id": 1, "fields": []}}""",
        """{"action": "set-default-spec", "spec-id": -1}""",
        """{"action": "remove-partition-specs", "spec-ids": [1]}""",
        """{"action": "add-sort-order", "sort-order": {"order-id": 1, "fields": []}}""",
        """{"action": "set-default-sort-order", "sort-order-id": -1}""",
        Samples.AddSnapshot(1, 1),
        """{"action": "set-snapshot-ref", "ref-name": "main", "type": "branch", "snapshot-id": 1}""",
        """{"action": "remove-snapshot-ref", "ref-name": "main"}""",
        """{"action": "remove-snapshots", "snapshot-ids": [1]}""",
        """{"action": "set-location", "location": "s3://x"}""",
        """{"action": "set-properties", "updates": {"k": "v"}}""",
        """{"action": "remove-properties", "removals": ["k"]}""",
        $$"""{"action": "set-statistics", "snapshot-id": 1, "statistics": {{Statistics}}}""",
        """{"action": "remove-statistics", "snapshot-id": 1}""",
        """{"action": "set-partition-statistics", "partition-statistics": {"snapshot-id": 1, "statistics-path": "p", "file-size-in-bytes": 1}}""",
        """{"action": "remove-partition-statistics", "snapshot-id": 1}""",
        """{"action": "add-encryption-key", "encryption-key": {"key-id": "k", "encrypted-key-metadata": "AA=="}}""",
        """{"action": "remove-encryption-key", "key-id": "k"}""",
    ];

    [Theory]
    [MemberData(nameof(Valid))]
    public void Every_action_is_read_whatever_its_letter_case_and_place(string update)
    {
        var action = Samples.Element(update).GetProperty("action").GetString()!;
        var rest = Samples.Element(update).EnumerateObject().Where(member => member.Name != "action");
        var moved = $$"""{ {{string.Concat(rest.Select(member => $"\"{member.Name}\": {member.Value.GetRawText()}, "))}} "action": "{{action.ToUpperInvariant()}}"}""";

        Assert.Equal(action, Samples.Update(update).Action);
        Assert.Equal(Samples.Update(update).GetType(), Samples.Update(moved).GetType());
    }

    [Theory]
    [MemberData(nameof(Valid))]
    public void An_update_without_one_of_its_members_is_refused(string update)
    {
        foreach (var member in Samples.Element(update).EnumerateObject().Where(member => member.Name is not ("last-column-id" or "snapshot-id")))
        {
            var rest = Samples.Element(update).EnumerateObject().Where(other => other.Name != member.Name).Select(other => $"\"{other.Name}\": {other.Value.GetRawText()}");
            Assert.Equal(ErrorKind.BadRequest, Assert.Throws<CatalogException>(() => Samples.Update($"{{{string.Join(", ", rest)}}}")).Kind);
        }
    }

    [Theory]
    [MemberData(nameof(Valid))]
    public void No_wrong_member_of_an_update_crashes(string update)
    {
        Mutants.Survive(update, mutant =>
        {
            var read = Samples.Update(mutant);
            _ = read.Locations().Count();
            foreach (var table in new[] { Samples.TableV2, Samples.TableV3, Samples.Parse(Samples.EarlyV1) })
            {
                var changed = TableMetadataBuilder.From(table, Samples.CurrentFile).Apply(read).Build(Samples.Now, () => Samples.NewUuid, null).Metadata;
                _ = TableMetadata.Parse(changed.ToJson());
            }
        });
    }

    [Fact]
    public void Every_action_is_of_a_type_of_its_own()
    {
        var read = Valid.Cast<object[]>().Select(row => Samples.Update((string)row[0]).GetType()).ToHashSet();

        Assert.Equal(typeof(TableUpdate).GetNestedTypes().ToHashSet(), read);
    }

    [Fact]
    [Trait("Behaviour", "202")]
    public void The_legacy_members_updated_and_removed_are_read()
    {
        Assert.Equal("v", Assert.IsType<TableUpdate.SetProperties>(Samples.Update("""{"action": "set-properties", "updated": {"k": "v"}}""")).Updates["k"]);
        Assert.Equal(["k"], Assert.IsType<TableUpdate.RemoveProperties>(Samples.Update("""{"action": "remove-properties", "removed": ["k"]}""")).Removals);
    }

    [Theory]
    [Trait("Behaviour", "203")]
    [InlineData("""{"action": "add-view-version", "view-version": {}}""", "unknown action add-view-version")]
    [InlineData("""{"action": "drop-everything"}""", "unknown action drop-everything")]
    [InlineData("""{"action": null}""", "missing field: action")]
    [InlineData("""["add-schema"]""", "expected an object")]
    [InlineData("""{"action": "set-properties", "updates": {"k": null}}""", "Cannot parse 'updates.k'")]
    [InlineData("""{"action": "assign-uuid", "uuid": "abc"}""", "not a UUID")]
    [InlineData("""{"action": "set-snapshot-ref", "ref-name": "b", "type": "fork", "snapshot-id": 1}""", "expected branch or tag, got fork")]
    [InlineData("""{"action": "add-snapshot", "snapshot": {"snapshot-id": 1, "timestamp-ms": 1}}""", "missing field: manifest-list")]
    [InlineData("""{"action": "add-snapshot", "snapshot": {"snapshot-id": 1, "timestamp-ms": 1, "manifest-list": "m", "summary": {"operation": 1}}}""", "Cannot parse 'summary.operation'")]
    [InlineData("""{"action": "add-snapshot", "snapshot": {"snapshot-id": 1, "timestamp-ms": 1, "manifest-list": "m", "x": "\ud800"}}""", "surrogate")]
    public void What_is_no_update_of_a_table_is_refused(string update, string message)
    {
        Samples.Refused(ErrorKind.BadRequest, message, () => Samples.Update(update));
    }

    [Fact]
    public void A_snapshot_is_stored_without_its_null_members_and_with_its_unknown_ones()
    {
        var snapshot = Snapshot.Read(
            Samples.Element("""
                {"snapshot-id": 9007199254740993, "parent-snapshot-id": null, "x": {"y": null, "z": 1.50}, "timestamp-ms": 5, "manifest-list": "m\u00e9", "schema-id": null, "added-rows": 3}
                """),
            default);

        Assert.Equal("""{"snapshot-id":9007199254740993,"x":{"y":null,"z":1.50},"timestamp-ms":5,"manifest-list":"mé","added-rows":3}""", Encoding.UTF8.GetString(snapshot.Utf8.Span));
        Assert.Equal("mé", snapshot.ManifestList);
        Assert.Equal(3, snapshot.AddedRows);
    }

    [Fact]
    public void A_parent_of_minus_one_is_none()
    {
        var snapshot = Snapshot.Read(Samples.Element("""{"snapshot-id": 1, "parent-snapshot-id": -1, "timestamp-ms": 5, "manifest-list": "m"}"""), default);

        Assert.Null(snapshot.ParentSnapshotId);
        Assert.DoesNotContain("parent", Encoding.UTF8.GetString(snapshot.Utf8.Span), StringComparison.Ordinal);
    }

    [Fact]
    public void Null_counts_as_absent_in_a_column()
    {
        var schema = Samples.Schema("""
            {"type": "struct", "schema-id": null, "identifier-field-ids": null, "fields": [
              {"id": 1, "name": "a", "required": false, "type": "long", "doc": null, "initial-default": null, "write-default": null, "x": null}]}
            """);

        var json = Encoding.UTF8.GetString(Json.Write(schema, (writer, value) => value.WriteTo(writer)));
        Assert.Equal("""{"type":"struct","schema-id":0,"fields":[{"id":1,"name":"a","required":false,"type":"long","x":null}]}""", json);
    }

    [Fact]
    public void What_is_kept_of_a_request_outlives_its_document()
    {
        var body = Encoding.UTF8.GetBytes("""{"action": "add-schema", "schema": {"type": "struct", "fields": [{"id": 1, "name": "a", "required": false, "type": "long", "write-default": 7}], "x": [1, 2]}}""");
        TableUpdate update;
        using (var document = JsonDocument.Parse(body))
        {
            update = TableUpdate.Read(document.RootElement, body);
        }

        var written = Json.Write(((TableUpdate.AddSchema)update).Schema, (writer, value) => value.WriteTo(writer));
        Assert.Contains("\"write-default\":7", Encoding.UTF8.GetString(written), StringComparison.Ordinal);
        Assert.Contains("\"x\":[1, 2]", Encoding.UTF8.GetString(written), StringComparison.Ordinal);
    }
}
