using System.Diagnostics.Metrics;
using System.Text;
using System.Text.Json;
using Frazil.AwsBackend;
using Microsoft.Extensions.Time.Testing;

namespace Frazil.Aws.Tests;

/// <summary>Lines of CloudWatch's embedded metric format, read as CloudWatch reads them.</summary>
public sealed class EmbeddedMetricsTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);

    // A meter of the same name as the catalog's, so that tests of other classes do not count here: its instruments are this class' alone.
    private readonly Meter meter = new(MetricList.Namespace);
    private readonly MemoryStream output = new();
    private readonly EmbeddedMetrics metrics;

    public EmbeddedMetricsTests() => metrics = new EmbeddedMetrics(output, new FakeTimeProvider(Now));

    public void Dispose()
    {
        metrics.Dispose();
        meter.Dispose();
        output.Dispose();
    }

    [Fact]
    public void A_load_is_one_line_with_everything_in_it()
    {
        Count(MetricList.Requests, ("route", "loadTable"), ("status", "2xx"));
        Measure(MetricList.RequestDuration, 12.3456, ("route", "loadTable"));
        Measure(MetricList.StoreLatency, 3.5, ("store", "dynamodb"), ("op", "read"));
        Measure(MetricList.StoreLatency, 4.5, ("store", "dynamodb"), ("op", "read"));
        Count(MetricList.MetadataCache, ("result", "hit"));
        Count(MetricList.Loads, ("mode", "all"));
        metrics.Flush(new KeyValuePair<string, string>("requestId", "r-1"));

        var line = Assert.Single(Lines());
        Assert.Equal("r-1", line.GetProperty("requestId").GetString());
        Assert.Equal("loadTable", line.GetProperty("route").GetString());
        Assert.Equal(12.346, line.GetProperty("catalog.request.duration").GetDouble());
        Assert.Equal([3.5, 4.5], line.GetProperty("catalog.store.latency").EnumerateArray().Select(value => value.GetDouble()));
        Assert.Equal(Now.ToUnixTimeMilliseconds(), line.GetProperty("_aws").GetProperty("Timestamp").GetInt64());
        Assert.Equal(
            [
                "catalog.load{mode=all} Count [1]",
                "catalog.metadata.cache{result=hit} Count [1]",
                "catalog.request.duration{route=loadTable} Milliseconds [12.346]",
                "catalog.requests{status=2xx} Count [1]",
                "catalog.requests{} Count [1]",
                "catalog.store.latency{op=read} Milliseconds [3.5 4.5]",
            ],
            Published(line));
    }

    [Fact]
    public void Values_of_one_dimension_that_differ_are_in_lines_of_their_own()
    {
        Count(MetricList.Requests, ("route", "updateTable"), ("status", "2xx"));
        Measure(MetricList.StoreLatency, 1, ("store", "dynamodb"), ("op", "read"));
        Measure(MetricList.StoreLatency, 2, ("store", "dynamodb"), ("op", "write"));
        Measure(MetricList.FileLatency, 3, ("store", "s3"), ("op", "read"));
        Measure(MetricList.FileLatency, 4, ("store", "s3"), ("op", "create"));
        metrics.Flush();

        var lines = Lines();
        Assert.Equal(3, lines.Count);
        Assert.Equal(
            [
                "catalog.file.latency{op=create} Milliseconds [4]",
                "catalog.file.latency{op=read} Milliseconds [3]",
                "catalog.requests{status=2xx} Count [1]",
                "catalog.requests{} Count [1]",
                "catalog.store.latency{op=read} Milliseconds [1]",
                "catalog.store.latency{op=write} Milliseconds [2]",
            ],
            lines.SelectMany(Published).Order(StringComparer.Ordinal));
        Assert.False(lines[0].TryGetProperty("store", out _), "two metrics disagree about the store, so the line names none");
    }

    [Fact]
    public void Counts_add_up_and_nothing_is_told_twice()
    {
        Count(MetricList.CasConflicts);
        Count(MetricList.CasConflicts);
        metrics.Flush();
        metrics.Flush();

        Assert.Equal(["catalog.commit.cas_conflicts{} Count [2]"], Published(Assert.Single(Lines())));
    }

    [Fact]
    public void A_long_job_writes_whenever_a_line_is_full()
    {
        for (var i = 1; i <= 250; i++)
        {
            Measure(MetricList.FileLatency, i, ("store", "s3"), ("op", "delete"));
        }

        metrics.Flush();
        var values = Lines().Select(line => line.GetProperty("catalog.file.latency").EnumerateArray().Select(value => value.GetDouble()).ToArray()).ToArray();
        Assert.Equal([100, 100, 50], values.Select(line => line.Length));
        Assert.Equal(Enumerable.Range(1, 250).Select(i => (double)i), values.SelectMany(line => line));
    }

    [Fact]
    public void What_has_no_dimension_set_and_what_is_not_ours_is_left_out()
    {
        using var other = new Meter("Other");
        other.CreateCounter<long>(MetricList.Requests.Name).Add(1);
        meter.CreateCounter<long>("catalog.unheard_of").Add(1);
        Count(MetricList.MetadataCacheSize);
        metrics.Flush();

        Assert.Equal(0, output.Length);
    }

    [Fact]
    public void A_log_that_nobody_reads_stops_nothing()
    {
        using var closed = new ClosedStream();
        using var exporter = new EmbeddedMetrics(closed, TimeProvider.System);
        Count(MetricList.CasConflicts);
        exporter.Flush();
    }

    [Fact]
    public void Every_metric_of_the_list_can_be_told()
    {
        foreach (var metric in MetricList.All.Where(metric => metric.DimensionSets.Count > 0))
        {
            Assert.True(metric.DimensionSets.SelectMany(set => set).Distinct().Count() <= 2, $"{metric.Name} has more dimensions than the exporter tells apart");
            Assert.All(metric.DimensionSets.SelectMany(set => set), name => Assert.Contains(name, metric.Tags));
        }
    }

    private void Count(Metric metric, params (string Name, string Value)[] tags) => meter.CreateCounter<long>(metric.Name).Add(1, Tags(tags));

    private void Measure(Metric metric, double value, params (string Name, string Value)[] tags) => meter.CreateHistogram<double>(metric.Name).Record(value, Tags(tags));

    private static KeyValuePair<string, object?>[] Tags((string Name, string Value)[] tags) => [.. tags.Select(tag => KeyValuePair.Create(tag.Name, (object?)tag.Value))];

    private List<JsonElement> Lines() =>
        [.. Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<JsonElement>(line))];

    /// <summary>What CloudWatch makes of a line: each metric under each of its dimension sets, whose values it takes from the line's members.</summary>
    private static IEnumerable<string> Published(JsonElement line) =>
        from directive in line.GetProperty("_aws").GetProperty("CloudWatchMetrics").EnumerateArray()
        where directive.GetProperty("Namespace").GetString() == "Frazil"
        from set in directive.GetProperty("Dimensions").EnumerateArray()
        from metric in directive.GetProperty("Metrics").EnumerateArray()
        let name = metric.GetProperty("Name").GetString()!
        let dimensions = string.Join(',', set.EnumerateArray().Select(key => $"{key.GetString()}={line.GetProperty(key.GetString()!).GetString()}"))
        let value = line.GetProperty(name)
        let values = value.ValueKind == JsonValueKind.Array ? string.Join(' ', value.EnumerateArray()) : value.ToString()
        let text = $"{name}{{{dimensions}}} {metric.GetProperty("Unit").GetString()} [{values}]"
        orderby text
        select text;

    private sealed class ClosedStream : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("closed");
    }
}
