using System.Text;
using System.Text.Json.Nodes;
using CsCheck;

namespace Frazil.Iceberg;

/// <summary>What holds of whatever a client may send.</summary>
public sealed class TableMetadataPropertyTests
{
    private static readonly Gen<string> Column = OneOf("a", "b", "c", "d");
    private static readonly Gen<int> SmallId = Gen.Int[-1, 6];
    private static readonly Gen<long> SnapshotId = Gen.OneOf(Gen.Long[1, 12], Gen.Const(long.MaxValue), Gen.Const(9_007_199_254_740_993));

    private static readonly Gen<string> Field = Gen.Select(
        Gen.Int[1, 8], Column, OneOf("long", "string", "date", "timestamptz", "decimal(9, 2)", "variant"), Gen.Bool,
        (id, name, type, required) => $$"""{"id": {{id}}, "name": "{{name}}{{id}}", "required": {{(required ? "true" : "false")}}, "type": "{{type}}"}""");

    private static readonly Gen<string> Update = Gen.OneOf(
        Field.Array[1, 4].Select(fields => $$$"""{"action": "add-schema", "schema": {"type": "struct", "schema-id": 3, "fields": [{{{string.Join(", ", fields)}}}]}}"""),
        SmallId.Select(id => $$"""{"action": "set-current-schema", "schema-id": {{id}}}"""),
        SmallId.Array[1, 2].Select(ids => $$"""{"action": "remove-schemas", "schema-ids": [{{string.Join(", ", ids)}}]}"""),
        Gen.Select(Gen.Int[1, 8], OneOf("identity", "bucket[4]", "day", "void"), OneOf("", ", \"field-id\": 1000", ", \"field-id\": 1005"))
            .Select((source, transform, id) => $$$"""{"action": "add-spec", "spec": {"fields": [{"source-id": {{{source}}}, "name": "p", "transform": "{{{transform}}}"{{{id}}}}]}}"""),
        SmallId.Select(id => $$"""{"action": "set-default-spec", "spec-id": {{id}}}"""),
        SmallId.Array[1, 2].Select(ids => $$"""{"action": "remove-partition-specs", "spec-ids": [{{string.Join(", ", ids)}}]}"""),
        Gen.Int[1, 8].Select(source => $$$"""
            {"action": "add-sort-order", "sort-order": {"order-id": 1, "fields": [{"source-id": {{{source}}}, "transform": "identity", "direction": "asc", "null-order": "nulls-first"}]}}
            """),
        SmallId.Select(id => $$"""{"action": "set-default-sort-order", "sort-order-id": {{id}}}"""),
        Gen.Select(SnapshotId, Gen.Long[0, 12], Gen.Bool, Gen.Long[-200_000, 200_000])
            .Select((id, sequence, isChild, skew) => Samples.AddSnapshot(id, sequence, isChild ? 1 : null, Samples.LastUpdated + skew, ", \"first-row-id\": 1000, \"added-rows\": 0")),
        Gen.Select(OneOf("main", "main", "x", "y"), OneOf("branch", "tag"), SnapshotId, OneOf("", ", \"max-ref-age-ms\": 5"))
            .Select((name, type, id, more) => $$"""{"action": "set-snapshot-ref", "ref-name": "{{name}}", "type": "{{type}}", "snapshot-id": {{id}}{{more}}}"""),
        OneOf("main", "x", "y").Select(name => $$"""{"action": "remove-snapshot-ref", "ref-name": "{{name}}"}"""),
        SnapshotId.Array[0, 3].Select(ids => $$"""{"action": "remove-snapshots", "snapshot-ids": [{{string.Join(", ", ids)}}]}"""),
        Gen.Select(Column, Column).Select((name, value) => $$$"""{"action": "set-properties", "updates": {"{{{name}}}": "{{{value}}}"}}"""),
        Gen.Int[-1, 4].Select(limit => $$$"""{"action": "set-properties", "updates": {"write.metadata.previous-versions-max": "{{{limit}}}"}}"""),
        Column.Select(name => $$"""{"action": "remove-properties", "removals": ["{{name}}"]}"""),
        SnapshotId.Select(id => $$$"""
            {"action": "set-statistics", "statistics": {"snapshot-id": {{{id}}}, "statistics-path": "s", "file-size-in-bytes": 1, "file-footer-size-in-bytes": 1, "blob-metadata": []}}
            """),
        SnapshotId.Select(id => $$"""{"action": "remove-statistics", "snapshot-id": {{id}}}"""),
        OneOf("s3://l/1", "s3://l/2/").Select(location => $$"""{"action": "set-location", "location": "{{location}}"}"""),
        Gen.Int[1, 4].Select(version => $$"""{"action": "upgrade-format-version", "format-version": {{version}}}"""),
        OneOf("k", "l").Select(id => $$$"""{"action": "add-encryption-key", "encryption-key": {"key-id": "{{{id}}}", "encrypted-key-metadata": "AA=="}}"""),
        OneOf("k", "l").Select(id => $$"""{"action": "remove-encryption-key", "key-id": "{{id}}"}"""));

    /// <summary>Commits one after another, each some updates and the clock's step since the last.</summary>
    private static readonly Gen<(string[] Updates, int ClockStep)[]> Commits = Gen.Select(Update.Array[1, 5], Gen.Int[-500_000, 500_000]).Array[1, 12];

    private static readonly Gen<string> Start = OneOf(Samples.V2, Samples.EarlyV1, Encoding.UTF8.GetString(Samples.TableV3.ToJson()));

    [Fact]
    public void Every_commit_that_is_taken_leaves_valid_metadata()
    {
        Gen.Select(Start, Commits).Sample(
            (start, commits) => Play(start, commits, (before, change) =>
            {
                var after = change.Metadata;
                var json = after.ToJson();
                Assert.Equal(json, TableMetadata.Parse(json).ToJson());
                Assert.Equal(change.HasChanges, !before.ToJson().AsSpan().SequenceEqual(json));
                CheckReferences(after);
                CheckMonotonicity(before, after);
                CheckLogs(before, change);
            }),
            iter: 1_000);
    }

    [Fact]
    public void Any_valid_metadata_is_written_to_the_same_bytes_again_with_all_its_unknown_members()
    {
        Gen.Select(Start, Commits, Gen.UInt, Gen.Bool).Sample(
            (start, commits, seed, indented) =>
            {
                var metadata = Play(start, commits, static (_, _) => { });
                var document = JsonNode.Parse(metadata.ToJson())!.AsObject();
                AddUnknown(document, new Random((int)(seed % int.MaxValue)));
                var text = document.ToJsonString(new System.Text.Json.JsonSerializerOptions { WriteIndented = indented });

                var once = Samples.Parse(text).ToJson();

                Assert.True(JsonNode.DeepEquals(WithoutCopies(Encoding.UTF8.GetBytes(text)), WithoutCopies(once)), text);
                Assert.Equal(once, TableMetadata.Parse(once).ToJson());
            },
            iter: 300);
    }

    /// <summary>Version 1 says its current schema and spec a second time, for early readers; that copy is made anew.</summary>
    private static JsonObject WithoutCopies(ReadOnlySpan<byte> json)
    {
        var document = JsonNode.Parse(json)!.AsObject();
        document.Remove("schema");
        document.Remove("partition-spec");
        return document;
    }

    private static Gen<string> OneOf(params string[] values) => Gen.Int[0, values.Length - 1].Select(at => values[at]);

    private static TableMetadata Play(string start, (string[] Updates, int ClockStep)[] commits, Action<TableMetadata, TableMetadataChange> check)
    {
        var table = Samples.Parse(start);
        var now = Samples.Now;
        var file = 0;
        foreach (var (updates, step) in commits)
        {
            now = now.AddMilliseconds(step);
            TableMetadataChange change;
            try
            {
                change = TableMetadataBuilder.From(table, $"s3://f/{file}").Apply(updates.Select(Samples.Update)).Build(now, () => Samples.NewUuid, null);
            }
            catch (CatalogException refusal)
            {
                Assert.True(refusal.Kind is ErrorKind.Validation or ErrorKind.CommitFailed, refusal.Message);
                continue;
            }

            check(table, change);
            file += change.HasChanges ? 1 : 0;
            table = change.Metadata;
        }

        return table;
    }

    private static void CheckReferences(TableMetadata table)
    {
        Assert.NotNull(table.Schema(table.CurrentSchemaId));
        Assert.NotNull(table.DefaultSpec);
        Assert.NotNull(table.DefaultSortOrder);
        Assert.All(table.Refs.Values, reference => Assert.NotNull(table.Snapshot(reference.SnapshotId)));
        Assert.Equal(table.CurrentSnapshotId, table.Refs.GetValueOrDefault("main")?.SnapshotId);
        Assert.Equal(table.Snapshots.Count, table.Snapshots.Select(snapshot => snapshot.SnapshotId).Distinct().Count());
        Assert.Equal(table.Statistics.Count, table.Statistics.Select(file => file.SnapshotId).Distinct().Count());
        Assert.Equal(table.Schemas.Count, table.Schemas.Select(schema => schema.SchemaId).Distinct().Count());
        Assert.All(table.Snapshots, snapshot => Assert.True(snapshot.SequenceNumber <= table.LastSequenceNumber));
        Assert.All(table.Schemas, schema => Assert.True(schema.HighestFieldId <= table.LastColumnId));
        Assert.All(table.PartitionSpecs.SelectMany(spec => spec.Fields), field => Assert.True(field.FieldId <= table.LastPartitionId));
    }

    private static void CheckMonotonicity(TableMetadata before, TableMetadata after)
    {
        Assert.True(after.FormatVersion >= before.FormatVersion);
        Assert.True(after.LastUpdatedMs >= before.LastUpdatedMs);
        Assert.True(after.LastSequenceNumber >= before.LastSequenceNumber);
        Assert.True(after.LastColumnId >= before.LastColumnId);
        Assert.True(after.LastPartitionId >= before.LastPartitionId);
        Assert.True((after.NextRowId ?? 0) >= (before.NextRowId ?? 0));
        Assert.True(before.Uuid is null || before.Uuid == after.Uuid);
    }

    private static void CheckLogs(TableMetadata before, TableMetadataChange change)
    {
        var after = change.Metadata;
        Assert.True(after.CurrentSnapshotId is null || after.SnapshotLog[^1].SnapshotId == after.CurrentSnapshotId);
        for (var at = 1; at < after.SnapshotLog.Count; at++)
        {
            Assert.True(after.SnapshotLog[at].TimestampMs >= after.SnapshotLog[at - 1].TimestampMs - 60_000);
        }

        if (change.HasChanges)
        {
            Assert.Equal(before.LastUpdatedMs, after.MetadataLog[^1].TimestampMs);
            var files = before.MetadataLog.Concat(after.MetadataLog).Select(entry => entry.MetadataFile).Distinct();
            Assert.Equal(files, change.ExpiredMetadataLog.Concat(after.MetadataLog).Select(entry => entry.MetadataFile));
        }
    }

    /// <summary>Adds members of odd names and values to a third of the document's objects, but for the maps, which have no unknown members.</summary>
    private static void AddUnknown(JsonObject node, Random random)
    {
        foreach (var (name, child) in node.ToList())
        {
            switch (child)
            {
                case JsonObject members when name is not ("properties" or "refs" or "summary" or "schema"):
                    AddUnknown(members, random);
                    break;
                case JsonArray items when name is not "partition-spec":
                    items.OfType<JsonObject>().ToList().ForEach(item => AddUnknown(item, random));
                    break;
            }
        }

        if (random.Next(3) == 0)
        {
            node[$"x-é\n{random.Next()}"] = JsonNode.Parse("""{"deep": [1, 2.50, null, "\u2028é\"", 12345678901234567890]}""");
        }
    }
}
