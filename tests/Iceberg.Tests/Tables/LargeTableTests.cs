using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Frazil.Iceberg;

/// <summary>A table of ten thousand snapshots, and a table of two thousand columns. Nothing takes quadratic time, even when a request asks for it piece by piece.</summary>
public sealed class LargeTableTests
{
    private const int Snapshots = 10_000;

    private static readonly byte[] Large = MakeLarge(Snapshots);

    [Fact]
    public void An_append_allocates_less_than_three_times_the_metadata()
    {
        var size = Large.Length;

        var before = GC.GetAllocatedBytesForCurrentThread();
        var written = Append(Large);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.InRange(size, 5_000_000, 8_000_000);
        Assert.Equal(Snapshots + 1, TableMetadata.Parse(written).Snapshots.Count);
        Assert.True(allocated < 3L * size, $"{allocated} bytes for metadata of {size}: {(double)allocated / size:F2} times");
    }

    [Fact]
    public void Half_of_the_snapshots_can_be_expired_at_once()
    {
        TakesLinearTime(count =>
        {
            var table = TableMetadata.Parse(count == Snapshots ? Large : MakeLarge(count));
            var expired = new TableUpdate.RemoveSnapshots([.. Enumerable.Range(1, count / 2).Select(id => (long)id)]);
            return () =>
            {
                var changed = Build(table, [expired]);
                Assert.Equal((count / 2, count / 2, 1), (changed.Snapshots.Count, changed.SnapshotLog.Count, changed.Refs.Count));
            };
        });
    }

    [Fact]
    public void Snapshots_references_and_properties_can_be_removed_one_by_one()
    {
        TakesLinearTime(count =>
        {
            var table = TableMetadata.Parse(MakeLarge(count));
            var ids = Enumerable.Range(1, count - 1);
            var tagged = Build(
                table,
                [
                    .. ids.Select(id => new TableUpdate.SetSnapshotRef($"t{id}", new SnapshotReference(id, SnapshotReferenceType.Tag))),
                    .. ids.Select(id => new TableUpdate.SetProperties(new Dictionary<string, string> { [$"k{id}"] = "v" })),
                ]);
            TableUpdate[] removals = [.. ids.Select(id => new TableUpdate.RemoveSnapshots([id])), .. ids.Select(id => new TableUpdate.RemoveProperties([$"k{id}"]))];
            return () =>
            {
                var changed = Build(tagged, removals);
                Assert.Single(changed.Snapshots);
                Assert.Equal(["main"], changed.Refs.Keys);
                Assert.Equal(table.Properties.Keys, changed.Properties.Keys);
            };
        });
    }

    [Fact]
    public void Schemas_specs_and_orders_can_be_added_one_by_one()
    {
        TakesLinearTime(count =>
        {
            var type = PrimitiveType.Parse("long");
            var updates = Enumerable.Range(2, count - 1).SelectMany(id => new TableUpdate[]
            {
                new TableUpdate.AddSchema(new Schema(0, [new NestedField(1, "id", type, Required: true), new NestedField(id, $"c{id}", type, Required: false)])),
                new TableUpdate.AddSpec(new PartitionSpec(0, [new PartitionField(1, null, $"p{id}", Transform.Parse("bucket[4]"))])),
                new TableUpdate.AddSortOrder(new SortOrder(1, [new SortField(1, Transform.Parse($"bucket[{id}]"), "asc", "nulls-first")])),
            }).ToList();
            return () =>
            {
                var changed = Build(Samples.EmptyTable, updates);
                Assert.Equal((count, count, count), (changed.Schemas.Count, changed.PartitionSpecs.Count, changed.SortOrders.Count));
            };
        });
    }

    [Fact]
    public void Two_thousand_columns_are_read_changed_and_written()
    {
        const int columns = 2_000;
        var schema = Samples.Schema(Samples.SchemaOf([.. Enumerable.Range(0, columns).Select(at => $"column_{at}")]));

        var table = TableMetadata.Create(schema, null, null, Samples.Location, new Dictionary<string, string>(), Samples.NewUuid, Samples.Now);
        for (var commit = 0; commit < 5; commit++)
        {
            table = TableMetadata.Parse(table.ToJson());
            var wider = new Schema(0, [.. table.CurrentSchema.Fields, new NestedField(table.LastColumnId + 1, $"more_{commit}", PrimitiveType.Parse("int"), Required: false)]);
            table = Build(table, [new TableUpdate.AddSchema(wider), new TableUpdate.SetCurrentSchema(-1)]);
        }

        Assert.Equal(columns + 5, table.CurrentSchema.Fields.Count);
        Assert.Equal(6, table.Schemas.Count);
    }

    /// <summary>
    /// Eight times the work takes about eight times as long, where quadratic work would take sixty-four times. Two measurements on one machine are compared, since how
    /// long either takes depends on the machine; and three pairs of them, since something else may be running there.
    /// </summary>
    private static void TakesLinearTime(Func<int, Action> prepare)
    {
        var (few, many) = (prepare(Snapshots / 4), prepare(2 * Snapshots));
        few();
        var ratios = Enumerable.Range(0, 3).Select(_ => Time(many) / Time(few)).ToList();

        Assert.True(ratios.Min() < 24, $"eight times the work took {string.Join(", ", ratios)} times as long");
    }

    private static double Time(Action act)
    {
        var watch = Stopwatch.StartNew();
        act();
        return watch.Elapsed.TotalMilliseconds;
    }

    private static TableMetadata Build(TableMetadata table, IEnumerable<TableUpdate> updates) =>
        TableMetadataBuilder.From(table, "s3://f").Apply(updates).Build(Samples.Now, () => Samples.NewUuid, null).Metadata;

    private static byte[] Append(byte[] json)
    {
        var current = TableMetadata.Parse(json);
        var snapshot = Samples.Update(Samples.AddSnapshot(Snapshots + 1, Snapshots + 1, parent: Snapshots));
        return TableMetadataBuilder.From(current, "s3://f").Apply(snapshot).Apply(Samples.Update(Samples.SetMain(Snapshots + 1)))
            .Build(Samples.Now, () => Samples.NewUuid, null).Metadata.ToJson();
    }

    private static byte[] MakeLarge(int snapshots)
    {
        var start = Samples.EmptyTable;
        var text = new StringBuilder(Encoding.UTF8.GetString(start.ToJson()));
        string All(Func<int, string> item) => string.Join(",", Enumerable.Range(1, snapshots).Select(item));
        static long At(int id) => Samples.LastUpdated - 60_000_000 + (id * 1000);
        text.Replace("\"current-snapshot-id\":-1", string.Create(CultureInfo.InvariantCulture, $"\"current-snapshot-id\":{snapshots}"));
        text.Replace("\"last-sequence-number\":0", string.Create(CultureInfo.InvariantCulture, $"\"last-sequence-number\":{snapshots}"));
        text.Replace("\"snapshot-log\":[]", $"\"snapshot-log\":[{All(id => $$"""{"snapshot-id":{{id}},"timestamp-ms":{{At(id)}}}""")}]");
        text.Replace("\"snapshots\":[]", $"\"snapshots\":[{All(id => $$"""
            {"snapshot-id":{{id}},{{(id > 1 ? $"\"parent-snapshot-id\":{id - 1}," : "")}}"sequence-number":{{id}},"timestamp-ms":{{At(id)}},"summary":{"operation":"append","added-data-files":"4","added-records":"40000","added-files-size":"1234567","changed-partition-count":"4","total-records":"{{id}}40000","total-files-size":"{{id}}1234567","total-data-files":"{{id}}4","total-delete-files":"0","total-position-deletes":"0","total-equality-deletes":"0","engine-name":"spark","engine-version":"3.5.4","iceberg-version":"Apache Iceberg 1.9.0"},"manifest-list":"s3://lake/db/t/metadata/snap-{{id}}-1-9c12d441-03fe-4693-9a96-a0705ddf69c1.avro","schema-id":0}
            """)}]");
        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
