using System.Globalization;
using System.Text;

namespace Frazil.Local;

/// <summary>The values of one instrument under one set of tags. Many threads add, one reads.</summary>
/// <param name="labels">The tags as Prometheus writes them, without braces.</param>
internal abstract class MetricSeries(string labels)
{
    /// <summary>The tags.</summary>
    protected string Labels { get; } = labels;

    /// <summary>Takes a measurement.</summary>
    public abstract void Take(double value);

    /// <summary>Writes its samples.</summary>
    public abstract void Write(StringBuilder text, string name);

    /// <summary>Writes one sample.</summary>
    protected void Write(StringBuilder text, string name, string extraLabel, double value)
    {
        text.Append(name);
        if (Labels.Length + extraLabel.Length > 0)
        {
            text.Append('{').Append(Labels).Append(Labels.Length > 0 && extraLabel.Length > 0 ? "," : "").Append(extraLabel).Append('}');
        }

        text.Append(' ').Append(value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
    }

    /// <summary>Adds without losing what others add meanwhile.</summary>
    protected static void Add(ref double sum, double value)
    {
        var seen = Volatile.Read(ref sum);
        while (true)
        {
            var before = Interlocked.CompareExchange(ref sum, seen + value, seen);
            if (before.Equals(seen))
            {
                return;
            }

            seen = before;
        }
    }
}

/// <summary>A sum of what is counted.</summary>
internal sealed class SumSeries(string labels) : MetricSeries(labels)
{
    private double sum;

    public override void Take(double value) => Add(ref sum, value);

    public override void Write(StringBuilder text, string name) => Write(text, name, "", Volatile.Read(ref sum));
}

/// <summary>The last value observed.</summary>
internal sealed class LastSeries(string labels) : MetricSeries(labels)
{
    private double last;

    public override void Take(double value) => Volatile.Write(ref last, value);

    public override void Write(StringBuilder text, string name) => Write(text, name, "", Volatile.Read(ref last));
}

/// <summary>How many values fell into which bucket.</summary>
internal sealed class BucketSeries(string labels, double[] boundaries) : MetricSeries(labels)
{
    private readonly long[] counts = new long[boundaries.Length + 1];
    private double sum;

    public override void Take(double value)
    {
        var bucket = 0;
        while (bucket < boundaries.Length && value > boundaries[bucket])
        {
            bucket++;
        }

        Interlocked.Increment(ref counts[bucket]);
        Add(ref sum, value);
    }

    public override void Write(StringBuilder text, string name)
    {
        var total = 0L;
        for (var i = 0; i < counts.Length; i++)
        {
            total += Volatile.Read(ref counts[i]);
            var limit = i < boundaries.Length ? boundaries[i].ToString("R", CultureInfo.InvariantCulture) : "+Inf";
            Write(text, name + "_bucket", $"le=\"{limit}\"", total);
        }

        Write(text, name + "_sum", "", Volatile.Read(ref sum));
        Write(text, name + "_count", "", total);
    }
}
