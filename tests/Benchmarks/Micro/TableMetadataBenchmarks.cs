using BenchmarkDotNet.Attributes;
using Frazil.Iceberg;

namespace Frazil.Benchmarks.Micro;

/// <summary>What a commit does with a table's metadata, by the length of its history.</summary>
[MicroConfig]
public class TableMetadataBenchmarks
{
    private byte[] json = [];
    private TableMetadata table = null!;
    private IReadOnlyList<TableUpdate> append = [];

    [Params(10, 1_000, 10_000)]
    public int Snapshots { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        json = Documents.WithSnapshots(Snapshots);
        table = TableMetadata.Parse(json);
        append = Documents.Append(Snapshots);
    }

    [Benchmark]
    public TableMetadata Parse() => TableMetadata.Parse(json);

    [Benchmark]
    public byte[] ToJson() => table.ToJson();

    /// <summary>All of it: parse, append, write.</summary>
    [Benchmark]
    public byte[] AppendCommit() =>
        TableMetadataBuilder.From(TableMetadata.Parse(json), Documents.Location + "/metadata/00001-9c12d441-03fe-4693-9a96-a0705ddf69c1.metadata.json")
            .Apply(append)
            .Build(Documents.Now, static () => default, defaultLocation: null)
            .Metadata.ToJson();
}

/// <summary>The same for a table of 2,000 columns that gets one more.</summary>
[MicroConfig]
public class WideTableBenchmarks
{
    private const int Columns = 2_000;

    private readonly byte[] json;
    private readonly TableMetadata table;
    private readonly TableUpdate[] addColumn;

    public WideTableBenchmarks()
    {
        table = Documents.Table(Columns);
        json = table.ToJson();
        var wider = new Schema(0, [.. table.CurrentSchema.Fields, new NestedField(Columns + 1, "one_more", PrimitiveType.Parse("int"), Required: false)]);
        addColumn = [new TableUpdate.AddSchema(wider), new TableUpdate.SetCurrentSchema(-1)];
    }

    [Benchmark]
    public TableMetadata Parse() => TableMetadata.Parse(json);

    [Benchmark]
    public byte[] ToJson() => table.ToJson();

    [Benchmark]
    public byte[] AddColumnCommit() =>
        TableMetadataBuilder.From(TableMetadata.Parse(json), Documents.Location + "/metadata/00001-9c12d441-03fe-4693-9a96-a0705ddf69c1.metadata.json")
            .Apply(addColumn)
            .Build(Documents.Now, static () => default, defaultLocation: null)
            .Metadata.ToJson();
}
