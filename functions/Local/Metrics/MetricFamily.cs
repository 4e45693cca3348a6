using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Frazil.Local;

/// <summary>One instrument as Prometheus shows it: a name, a type, and a series for each set of tags.</summary>
internal sealed class MetricFamily
{
    /// <summary>Sets of tags that one instrument may have. What comes beyond is dropped: a metric must not eat the memory that it watches.</summary>
    public const int MaxSeries = 1000;

    private static readonly double[] DefaultBoundaries = [1, 5, 10, 50, 100, 500, 1000, 5000, 10_000];

    private readonly ConcurrentDictionary<(string, string), MetricSeries> series = new();
    private readonly Func<string, MetricSeries> newSeries;
    private readonly string type;
    private readonly string meaning;

    public MetricFamily(Instrument instrument)
    {
        meaning = instrument.Description ?? "";
        (type, newSeries) = instrument switch
        {
            Histogram<double> histogram => ("histogram", Buckets(histogram.Advice?.HistogramBucketBoundaries)),
            Histogram<long> => ("histogram", Buckets(null)),
            Counter<long> or Counter<int> or Counter<double> => ("counter", static labels => new SumSeries(labels)),
            UpDownCounter<long> or UpDownCounter<int> or UpDownCounter<double> => ("gauge", static labels => new SumSeries(labels)),
            ObservableCounter<long> or ObservableCounter<int> or ObservableCounter<double> => ("counter", static labels => new LastSeries(labels)),
            _ => ("gauge", (Func<string, MetricSeries>)(static labels => new LastSeries(labels))),
        };
        Name = NameOf(instrument.Name, instrument.Unit, type == "counter");
    }

    /// <summary>Its name in Prometheus, as OpenTelemetry's exporter would make it: with the unit, and <c>_total</c> for counters.</summary>
    public string Name { get; }

    /// <summary>Takes a measurement.</summary>
    public void Take(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var key = tags.Length switch
        {
            0 => ("", ""),
            1 => (Text(tags[0].Value), ""),
            2 => (Text(tags[0].Value), Text(tags[1].Value)),
            _ => (Labels(tags), ""),
        };
        if (!series.TryGetValue(key, out var found))
        {
            if (series.Count >= MaxSeries)
            {
                return;
            }

            found = series.GetOrAdd(key, newSeries(Labels(tags)));
        }

        found.Take(value);
    }

    /// <summary>Writes what is known of it.</summary>
    public void Write(StringBuilder text)
    {
        text.Append("# HELP ").Append(Name).Append(' ').Append(meaning.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)).Append('\n');
        text.Append("# TYPE ").Append(Name).Append(' ').Append(type).Append('\n');
        foreach (var one in series.Values)
        {
            one.Write(text, Name);
        }
    }

    private static Func<string, MetricSeries> Buckets(IReadOnlyList<double>? advised)
    {
        double[] boundaries = advised is null ? DefaultBoundaries : [.. advised];
        return labels => new BucketSeries(labels, boundaries);
    }

    private static string NameOf(string name, string? unit, bool isCounter)
    {
        var result = new StringBuilder(name.Length + 16);
        foreach (var c in name)
        {
            result.Append(char.IsAsciiLetterOrDigit(c) ? c : '_');
        }

        var suffix = unit switch
        {
            "ms" => "milliseconds",
            "s" => "seconds",
            "By" => "bytes",
            _ => "",
        };
        if (suffix.Length > 0 && !result.ToString().EndsWith(suffix, StringComparison.Ordinal))
        {
            result.Append('_').Append(suffix);
        }

        return result.Append(isCounter ? "_total" : "").ToString();
    }

    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var text = new StringBuilder();
        foreach (var (name, value) in tags)
        {
            text.Append(text.Length > 0 ? "," : "");
            foreach (var c in name)
            {
                text.Append(char.IsAsciiLetterOrDigit(c) ? c : '_');
            }

            text.Append("=\"").Append(Text(value).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)).Append('"');
        }

        return text.ToString();
    }

    private static string Text(object? value) => value as string ?? Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
}
