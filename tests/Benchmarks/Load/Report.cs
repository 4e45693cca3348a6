using System.Globalization;
using System.Text;

namespace Frazil.Benchmarks.Load;

/// <summary>Prints what was measured: medians over the rounds, and of ratios to the constant route as it was measured just before.</summary>
internal sealed class Report
{
    private readonly List<(Case Case, List<(Round Own, Round Constant)> Rounds)> measured = [];

    public int Cases => measured.Count;

    public int Operations => measured.Sum(entry => entry.Rounds.Sum(round => round.Own.Operations));

    /// <summary>Takes a round of a case, and the round of the constant route with which it is compared.</summary>
    public void Add(Case one, Round own, Round constant)
    {
        var entry = measured.Find(entry => entry.Case == one);
        if (entry.Rounds is null)
        {
            measured.Add(entry = (one, []));
        }

        entry.Rounds.Add((own, constant));
    }

    public string ToText()
    {
        var text = new StringBuilder();
        var width = measured.Max(entry => entry.Case.Name.Length);
        text.AppendLine(Invariant($"{"".PadRight(width)} {"req/s",8} {"per CPU s",9} {"p50 ms",8} {"p99 ms",8} {"KiB/req",9} {"MiB",5} {"store r+w",11} {"files r+w+d",14} {"ratio",7} {"CPU ratio",9}"));
        foreach (var (one, rounds) in measured)
        {
            double Median(Func<Round, double> value) => MedianOf(rounds.Select(round => value(round.Own)));
            double Ratio(Func<Round, double> value) => MedianOf(rounds.Select(round => value(round.Own) / value(round.Constant)));
            text.Append(Invariant($"{one.Name.PadRight(width)} {Median(round => round.PerSecond),8:0}"));
            var isAlone = one.Background is null && rounds.All(round => round.Own.Counted.ProcessorSeconds > 0);
            text.Append(isAlone ? Invariant($" {Median(round => round.PerProcessorSecond),9:0}") : $" {"-",9}");
            text.Append(Invariant($" {Median(round => round.Percentile(0.5)),8:0.00} {Median(round => round.Percentile(0.99)),8:0.00}"));
            if (isAlone)
            {
                double Each(Func<Counters, double> value) => Median(round => value(round.Counted) / Math.Max(round.Operations, 1));
                text.Append(Invariant($" {Each(count => count.AllocatedBytes) / 1024,9:0.0} {Median(round => round.Counted.ResidentBytes) / 1024 / 1024,5:0} {Each(count => count.StoreReads),5:0.00}+{Each(count => count.StoreWrites),5:0.00}"));
                text.Append(Invariant($" {Each(count => count.FileReads),4:0.00}+{Each(count => count.FileWrites),4:0.00}+{Each(count => count.FileDeletes),4:0.00}"));
                text.Append(Invariant($" {Ratio(round => round.PerSecond),7:0.000} {Ratio(round => round.PerProcessorSecond),9:0.000}"));
                if (one.MetadataBytes is { } size)
                {
                    text.Append(Invariant($"   allocates {Each(count => count.AllocatedBytes) / size():0.00} x the {size() / 1024.0 / 1024:0.0} MiB"));
                }
            }
            else
            {
                text.Append(Invariant($" {"-",9} {"-",5} {"-",11} {"-",14} {Ratio(round => round.PerSecond),7:0.000} {"-",9}"));
            }

            text.AppendLine();
        }

        return text.ToString();
    }

    public static double MedianOf(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length == 0 ? 0 : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
