using System.Buffers;
using System.Collections.Frozen;
using System.Diagnostics.Metrics;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Frazil.AwsBackend;

/// <summary>
/// Exports the catalog's meter as CloudWatch's embedded metric format: JSON lines in the log, from which CloudWatch makes metrics later, so that no request waits for them.
/// Every metric of <see cref="MetricList"/> is kept under its dimension sets; one without a dimension set is left out.
/// </summary>
/// <remarks>
/// <para>https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html</para>
/// <para>
/// A line can hold one value of each dimension. A request is one line unless it did the same kind of thing under several values, a commit that reads and writes the store for example: that
/// takes a line a value. The first line also has the tags that are no dimensions, so that logs can be asked by route.
/// </para>
/// </remarks>
public sealed class EmbeddedMetrics : IDisposable
{
    /// <summary>Values of one metric in one line, as the format allows. When so many have come in, they are written without waiting for <see cref="Flush"/>: memory stays bounded however long a job runs.</summary>
    public const int MaxValues = 100;

    private static readonly JsonWriterOptions JsonOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private static readonly FrozenDictionary<string, Definition> Definitions = MetricList.All
        .Select((metric, order) => new Definition(metric, order, [.. metric.DimensionSets.SelectMany(set => set).Distinct()]))
        .Where(definition => definition.Metric.DimensionSets.Count > 0)
        .ToFrozenDictionary(definition => definition.Metric.Name, StringComparer.Ordinal);

    private readonly Stream output;
    private readonly TimeProvider clock;
    private readonly MeterListener listener = new();
    private readonly Lock gate = new();
    private readonly Dictionary<SeriesKey, Series> series = [];
    private readonly ArrayBufferWriter<byte> buffer = new(2048);

    /// <summary>Begins to listen.</summary>
    /// <param name="output">Where lines go: standard output itself, since what a function runtime puts around console lines would hide them from CloudWatch.</param>
    /// <param name="clock">The time.</param>
    public EmbeddedMetrics(Stream output, TimeProvider clock)
    {
        this.output = output;
        this.clock = clock;
        listener.InstrumentPublished = static (instrument, listening) =>
        {
            if (instrument.Meter.Name == MetricList.Namespace && !instrument.IsObservable && Definitions.TryGetValue(instrument.Name, out var definition))
            {
                listening.EnableMeasurementEvents(instrument, definition);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, definition) => Measured((Definition)definition!, value, tags));
        listener.SetMeasurementEventCallback<double>((_, value, tags, definition) => Measured((Definition)definition!, value, tags));
        listener.Start();
    }

    private sealed record Definition(Metric Metric, int Order, string[] Dimensions);

    /// <summary>What is told apart: a metric and its dimensions' values, in the order of <see cref="Definition.Dimensions"/>. No metric has more than two.</summary>
    private readonly record struct SeriesKey(string Metric, string? First, string? Second);

    private sealed class Series(Definition definition)
    {
        public Definition Definition { get; } = definition;

        public Dictionary<string, string> Tags { get; } = new(StringComparer.Ordinal);

        public List<double> Values { get; } = [];
    }

    private sealed class Line
    {
        public List<Series> Series { get; } = [];

        public Dictionary<string, string> Dimensions { get; } = new(StringComparer.Ordinal);
    }

    /// <summary>Writes what was measured since the last time, and nothing when nothing was.</summary>
    /// <param name="properties">Members for every line beside the metrics, such as the request's id. They are searchable in the log and are no dimensions.</param>
    public void Flush(params ReadOnlySpan<KeyValuePair<string, string>> properties)
    {
        lock (gate)
        {
            if (series.Count == 0)
            {
                return;
            }

            buffer.ResetWrittenCount();
            var isFirst = true;
            foreach (var line in Pack(series.Values.OrderBy(one => one.Definition.Order)))
            {
                Write(line, isFirst, properties);
                isFirst = false;
            }

            series.Clear();
            try
            {
                output.Write(buffer.WrittenSpan);
                output.Flush();
            }
            catch (IOException)
            {
                // Nobody reads the log any more; requests are still to be answered.
            }
        }
    }

    /// <summary>Ends listening. What was not flushed is lost.</summary>
    public void Dispose() => listener.Dispose();

    private void Measured(Definition definition, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (gate)
        {
            var key = new SeriesKey(definition.Metric.Name, Value(definition, 0, tags), Value(definition, 1, tags));
            if (!series.TryGetValue(key, out var one))
            {
                series[key] = one = new Series(definition);
                foreach (var (name, tag) in tags)
                {
                    one.Tags[name] = tag as string ?? "";
                }
            }

            if (definition.Metric.Kind == MetricKind.Counter && one.Values.Count > 0)
            {
                one.Values[0] += value;
                return;
            }

            one.Values.Add(value);
            if (one.Values.Count == MaxValues)
            {
                Flush();
            }
        }
    }

    private static string? Value(Definition definition, int index, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (index >= definition.Dimensions.Length)
        {
            return null;
        }

        foreach (var (name, tag) in tags)
        {
            if (name == definition.Dimensions[index])
            {
                return tag as string;
            }
        }

        return null;
    }

    /// <summary>As few lines as the one-value rule allows, taking each series into the first line where it fits.</summary>
    private static List<Line> Pack(IEnumerable<Series> all)
    {
        List<Line> lines = [];
        foreach (var one in all)
        {
            var line = lines.FirstOrDefault(line => Fits(line, one));
            if (line is null)
            {
                lines.Add(line = new Line());
            }

            line.Series.Add(one);
            foreach (var name in one.Definition.Dimensions)
            {
                line.Dimensions[name] = one.Tags.GetValueOrDefault(name, "");
            }
        }

        return lines;
    }

    private static bool Fits(Line line, Series one)
    {
        foreach (var other in line.Series)
        {
            if (other.Definition == one.Definition)
            {
                return false;
            }
        }

        foreach (var name in one.Definition.Dimensions)
        {
            if (line.Dimensions.TryGetValue(name, out var value) && value != one.Tags.GetValueOrDefault(name, ""))
            {
                return false;
            }
        }

        return true;
    }

    private void Write(Line line, bool isFirst, ReadOnlySpan<KeyValuePair<string, string>> properties)
    {
        using (var writer = new Utf8JsonWriter(buffer, JsonOptions))
        {
            writer.WriteStartObject();
            WriteDirectives(writer, line);
            foreach (var (name, value) in properties)
            {
                writer.WriteString(name, value);
            }

            foreach (var (name, value) in line.Dimensions)
            {
                writer.WriteString(name, value);
            }

            if (isFirst)
            {
                WriteOtherTags(writer, line);
            }

            foreach (var one in line.Series)
            {
                writer.WritePropertyName(one.Definition.Metric.Name);
                WriteValues(writer, one.Values);
            }

            writer.WriteEndObject();
        }

        buffer.Write("\n"u8);
    }

    private void WriteDirectives(Utf8JsonWriter writer, Line line)
    {
        writer.WriteStartObject("_aws");
        writer.WriteNumber("Timestamp", clock.GetUtcNow().ToUnixTimeMilliseconds());
        writer.WriteStartArray("CloudWatchMetrics");
        foreach (var one in line.Series)
        {
            var metric = one.Definition.Metric;
            writer.WriteStartObject();
            writer.WriteString("Namespace", MetricList.Namespace);
            writer.WriteStartArray("Dimensions");
            foreach (var set in metric.DimensionSets)
            {
                writer.WriteStartArray();
                foreach (var name in set)
                {
                    writer.WriteStringValue(name);
                }

                writer.WriteEndArray();
            }

            writer.WriteEndArray();
            writer.WriteStartArray("Metrics");
            writer.WriteStartObject();
            writer.WriteString("Name", metric.Name);
            writer.WriteString("Unit", UnitOf(metric.Unit));
            writer.WriteEndObject();
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>Tags that are no dimensions, unless two metrics disagree about them.</summary>
    private static void WriteOtherTags(Utf8JsonWriter writer, Line line)
    {
        Dictionary<string, string?> others = new(StringComparer.Ordinal);
        foreach (var (name, value) in line.Series.SelectMany(one => one.Tags))
        {
            if (!line.Dimensions.ContainsKey(name))
            {
                others[name] = !others.TryGetValue(name, out var known) || known == value ? value : null;
            }
        }

        foreach (var (name, value) in others)
        {
            if (value is not null)
            {
                writer.WriteString(name, value);
            }
        }
    }

    private static void WriteValues(Utf8JsonWriter writer, List<double> values)
    {
        if (values.Count == 1)
        {
            writer.WriteNumberValue(Rounded(values[0]));
            return;
        }

        writer.WriteStartArray();
        foreach (var value in values)
        {
            writer.WriteNumberValue(Rounded(value));
        }

        writer.WriteEndArray();

        static double Rounded(double value) => Math.Round(value, 3);
    }

    private static string UnitOf(string unit) => unit switch
    {
        "ms" => "Milliseconds",
        "s" => "Seconds",
        "By" => "Bytes",
        _ => "Count",
    };
}
