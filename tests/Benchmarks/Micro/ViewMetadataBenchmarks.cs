using System.Globalization;
using System.Text;
using BenchmarkDotNet.Attributes;
using Frazil.Iceberg;

namespace Frazil.Benchmarks.Micro;

/// <summary>A view that is replaced: a new version becomes the current one, and the oldest leaves the history.</summary>
[MicroConfig]
public class ViewMetadataBenchmarks
{
    private const int HistorySize = 10;

    private readonly byte[] json;
    private readonly ViewUpdate[] replace;

    public ViewMetadataBenchmarks()
    {
        var view = ViewMetadata.Create(Documents.Table(20).CurrentSchema, Version(1), "s3://lake/db/v", new Dictionary<string, string>(), new Guid("9c12d441-03fe-4693-9a96-a0705ddf69c1"));
        for (var version = 2; version <= HistorySize; version++)
        {
            view = Replaced(view, Replacing(version));
        }

        json = view.ToJson();
        replace = Replacing(HistorySize + 1);
    }

    [Benchmark]
    public ViewMetadata Parse() => ViewMetadata.Parse(json);

    /// <summary>All of it: parse, replace, write.</summary>
    [Benchmark]
    public byte[] ReplaceCommit() => Replaced(ViewMetadata.Parse(json), replace).ToJson();

    private static ViewMetadata Replaced(ViewMetadata view, ViewUpdate[] updates) => ViewMetadataBuilder.From(view).Apply(updates).Build(Documents.Now).Metadata;

    private static ViewUpdate[] Replacing(int version) => [new ViewUpdate.AddViewVersion(Version(version)), new ViewUpdate.SetCurrentViewVersion(-1)];

    private static ViewVersion Version(int id)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $$"""
            {"version-id":{{id}},"schema-id":0,"timestamp-ms":1700000000000,"summary":{"engine-name":"spark"},"default-namespace":["db"],
            "representations":[{"type":"sql","dialect":"spark","sql":"SELECT column_1, column_2 FROM t WHERE column_3 = '{{id}}'"}]}
            """);
        var utf8 = Encoding.UTF8.GetBytes(text);
        using var document = Json.Parse(utf8);
        return ViewVersion.Read(document.RootElement, utf8);
    }
}
