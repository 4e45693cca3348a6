using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Frazil.Iceberg;

/// <summary>A table of ten thousand snapshots, and a table of two thousand columns.</summary>
public sealed class LargeTableTests
{
    private const int Snapshots = 10_000;

    /// <summary>So many that a step which looks at all others takes minutes, while one that does not takes a second.</summary>
    private const int Many = 100_000;

    private static readonly byte[] Large = MakeLarge();
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

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
        var table = TableMetadata.Parse(Large);
        var expired = Enumerable.Range(1, Snapshots / 2).Select(id => (long)id).ToList();

        var change = InTime(() => TableMetadataBuilder.From(table, "s3://f").Apply(new TableUpdate.RemoveSnapshots(expired)).Build(Samples.Now, () => Samples.NewUuid, null));

        Assert.Equal(Snapshots / 2, change.Metadata.Snapshots.Count);
        Assert.Equal(Snapshots / 2, change.Metadata.SnapshotLog.Count);
        Assert.Single(change.Metadata.Refs);
    }

    [Fact]
    public void Snapshots_references_and_properties_can_be_removed_one_by_one()
    {
        var table = TableMetadata.Parse(Large);
        var properties = table.Properties.Keys;
        var tagged = InTime(() => TableMetadataBuilder.From(table, "s3://f")
            .Apply(Enumerable.Range(1, Many).Select(id => new TableUpdate.SetSnapshotRef($"t{id}", new SnapshotReference((id % (Snapshots - 1)) + 1, SnapshotReferenceType.Tag))))
            .Apply(Enumerable.Range(1, Many).Select(id => new TableUpdate.SetProperties(new Dictionary<string, string> { [$"k{id}"] = "v" })))
            .Build(Samples.Now, () => Samples.NewUuid, null)).Metadata;
        Assert.Equal(Many + 1, tagged.Refs.Count);

        var change = InTime(() => TableMetadataBuilder.From(tagged, "s3://f")
            .Apply(Enumerable.Range(1, Snapshots - 1).Select(id => new TableUpdate.RemoveSnapshots([id])))
            .Apply(Enumerable.Range(1, Many).Select(id => new TableUpdate.RemoveProperties([$"k{id}"])))
            .Build(Samples.Now, () => Samples.NewUuid, null));

        Assert.Single(change.Metadata.Snapshots);
        Assert.Equal(["main"], change.Metadata.Refs.Keys);
        Assert.Equal(properties, change.Metadata.Properties.Keys);
    }

    [Fact]
    public void A_hundred_thousand_schemas_specs_and_orders_can_be_added_one_by_one()
    {
        var updates = Enumerable.Range(2, Many).SelectMany(id => new TableUpdate[]
        {
            new TableUpdate.AddSchema(new Schema(0, [new NestedField(1, "id", PrimitiveType.Parse("long"), Required: true), new NestedField(id, $"c{id}", PrimitiveType.Parse("long"), Required: false)])),
            new TableUpdate.AddSpec(new PartitionSpec(0, [new PartitionField(1, null, $"p{id}", Transform.Parse("bucket[4]"))])),
            new TableUpdate.AddSortOrder(new SortOrder(1, [new SortField(1, Transform.Parse($"bucket[{id}]"), "asc", "nulls-first")])),
        });

        var table = InTime(() => TableMetadataBuilder.From(Samples.EmptyTable, "s3://f").Apply(updates).Build(Samples.Now, () => Samples.NewUuid, null)).Metadata;

        Assert.Equal((Many + 1, Many + 1, Many + 1), (table.Schemas.Count, table.PartitionSpecs.Count, table.SortOrders.Count));
    }

    [Fact]
    public void Two_thousand_columns_are_read_changed_and_written()
    {
        const int columns = 2_000;
        var schema = Samples.Schema(Samples.SchemaOf([.. Enumerable.Range(0, columns).Select(at => $"column_{at}")]));

        var widened = InTime(() =>
        {
            var table = TableMetadata.Create(schema, null, null, Samples.Location, new Dictionary<string, string>(), Samples.NewUuid, Samples.Now);
            for (var commit = 0; commit < 20; commit++)
            {
                table = TableMetadata.Parse(table.ToJson());
                var wider = new Schema(0, [.. table.CurrentSchema.Fields, new NestedField(table.LastColumnId + 1, $"more_{commit}", PrimitiveType.Parse("int"), Required: false)]);
                table = TableMetadataBuilder.From(table, "s3://f").Apply(new TableUpdate.AddSchema(wider)).Apply(new TableUpdate.SetCurrentSchema(-1))
                    .Build(Samples.Now, () => Samples.NewUuid, null).Metadata;
            }

            return table;
        });

        Assert.Equal(columns + 20, widened.CurrentSchema.Fields.Count);
        Assert.Equal(21, widened.Schemas.Count);
    }

    private static byte[] Append(byte[] json)
    {
        var current = TableMetadata.Parse(json);
        var snapshot = Samples.Update(Samples.AddSnapshot(Snapshots + 1, Snapshots + 1, parent: Snapshots));
        return TableMetadataBuilder.From(current, "s3://f").Apply(snapshot).Apply(Samples.Update(Samples.SetMain(Snapshots + 1)))
            .Build(Samples.Now, () => Samples.NewUuid, null).Metadata.ToJson();
    }

    private static T InTime<T>(Func<T> act)
    {
        var watch = Stopwatch.StartNew();
        var result = act();
        Assert.True(watch.Elapsed < Patience, $"took {watch.Elapsed}");
        return result;
    }

    private static byte[] MakeLarge()
    {
        var start = Samples.EmptyTable;
        var text = new StringBuilder(Encoding.UTF8.GetString(start.ToJson()));
        string All(Func<int, string> item) => string.Join(",", Enumerable.Range(1, Snapshots).Select(item));
        static long At(int id) => Samples.LastUpdated - 60_000_000 + (id * 1000);
        text.Replace("\"current-snapshot-id\":-1", string.Create(CultureInfo.InvariantCulture, $"\"current-snapshot-id\":{Snapshots}"));
        text.Replace("\"last-sequence-number\":0", string.Create(CultureInfo.InvariantCulture, $"\"last-sequence-number\":{Snapshots}"));
        text.Replace("\"snapshot-log\":[]", $"\"snapshot-log\":[{All(id => $$"""{"snapshot-id":{{id}},"timestamp-ms":{{At(id)}}}""")}]");
        text.Replace("\"snapshots\":[]", $"\"snapshots\":[{All(id => $$"""
            {"snapshot-id":{{id}},{{(id > 1 ? $"\"parent-snapshot-id\":{id - 1}," : "")}}"sequence-number":{{id}},"timestamp-ms":{{At(id)}},"summary":{"operation":"append","added-data-files":"4","added-records":"40000","added-files-size":"1234567","changed-partition-count":"4","total-records":"{{id}}40000","total-files-size":"{{id}}1234567","total-data-files":"{{id}}4","total-delete-files":"0","total-position-deletes":"0","total-equality-deletes":"0","engine-name":"spark","engine-version":"3.5.4","iceberg-version":"Apache Iceberg 1.9.0"},"manifest-list":"s3://lake/db/t/metadata/snap-{{id}}-1-9c12d441-03fe-4693-9a96-a0705ddf69c1.avro","schema-id":0}
            """)}]");
        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
