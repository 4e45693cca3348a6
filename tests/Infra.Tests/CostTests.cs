using System.Globalization;

namespace Frazil.Infra.Tests;

/// <summary>Computes the figures of docs/cost.md from the prices and the operations that the page itself states.</summary>
public sealed class CostTests
{
    private const double LambdaGigabytes = 1;
    private const double FlexGigabytes = 2;

    /// <summary>Requests that share an instance when it is busy: the default of frazil:httpConcurrency.</summary>
    private const int Sharing = 16;

    /// <summary>The least time of an instance that Flex Consumption bills.</summary>
    private const double LeastSeconds = 1;

    private const double SecondsOfAMonth = 30 * 24 * 3600;
    private const double Million = 1e6;

    private static readonly string[] Page = File.ReadAllLines(Path.Combine(Stacks.Root(), "docs", "cost.md"));
    private static readonly Dictionary<string, double> Prices = Table("| Price |").ToDictionary(row => row[0].Trim('`'), row => Number(row[1]));

    private sealed record Request(string Name, double Seconds, double Reads, double Writes, double Units, double Gets, double Puts, double AwsLogKilobytes, double LineKilobytes, double SpanKilobytes);

    private static IEnumerable<Request> Requests => Table("| Request | ms |").Select(row =>
        new Request(row[0], Number(row[1]) / 1000, Number(row[2]), Number(row[3]), Number(row[4]), Number(row[5]), Number(row[6]), Number(row[7]), Number(row[8]), Number(row[9])));

    [Fact]
    public void The_price_of_a_million_requests_is_what_the_page_says()
    {
        var computed = Requests.Select(request => string.Join(" | ", new[] { request.Name }.Concat(
            new[] { Aws(request), Aws(request) + Prices["http-api"], Azure(request, request.Seconds / Sharing, 0), Azure(request, Math.Max(LeastSeconds, request.Seconds), request.SpanKilobytes) }
                .Select(usd => usd.ToString("0.00", CultureInfo.InvariantCulture)))));
        Assert.Equal(computed, Table("| Request | AWS, Function URL |").Select(row => string.Join(" | ", row)));
    }

    [Fact]
    public void A_transaction_pays_two_units_a_row_and_a_plain_write_one()
    {
        var requests = Requests.ToDictionary(request => request.Name);
        Assert.Equal(1, requests["commit"].Units);
        Assert.Equal(2 * 2, requests["commit with an idempotency key"].Units);
        Assert.Equal(3 * 2, requests["transaction over 3 tables"].Units);
        Assert.Equal(3 + 1, requests["transaction over 3 tables"].Reads);
        Assert.All(requests.Values, request => Assert.InRange(request.Writes, 0, 1)); // one batch, always
    }

    [Fact]
    public async Task Alarms_cost_what_the_page_says_for_those_that_are_declared()
    {
        var metrics = (await Stacks.AwsAsync()).OfType("aws:cloudwatch/metricAlarm:MetricAlarm")
            .Sum(alarm => alarm.Inputs.ContainsKey("metricName") ? 1 : alarm.Inputs.Objects("metricQueries").Count(query => query.ContainsKey("metric")));
        var azure = await Stacks.AzureAsync();
        var rules = azure.OfType("azure-native:monitor:ScheduledQueryRule").GroupBy(rule => rule.Text("evaluationFrequency")).ToDictionary(group => group.Key, group => group.Count());
        Assert.Equal(["PT15M", "PT5M"], rules.Keys.Order(StringComparer.Ordinal));
        var series = azure.OfType("azure-native:monitor:MetricAlert").Single().Object("criteria").Objects("allOf").Single().Objects("dimensions").Single().List("values").Count;
        var usd = (rules["PT15M"] * Prices["azure-log-alert-15"]) + (rules["PT5M"] * Prices["azure-log-alert-5"]) + (series * Prices["azure-metric-alert"]);

        var row = Table("| | AWS | Azure |").Single(row => row[0] == "alarms");
        Assert.Equal(Invariant($"{(metrics - 10) * Prices["cloudwatch-alarm"]:0.00} ({metrics} metrics, 10 free)"), row[1]);
        Assert.Equal(Invariant($"{usd:0.00} ({rules["PT15M"]} rules each quarter of an hour, {rules["PT5M"]} each 5 minutes, {series} series)"), row[2]);
    }

    [Fact]
    public void The_rows_of_an_idle_month_are_computed_too()
    {
        var rows = Table("| | AWS | Azure |").ToDictionary(row => row[0], row => row);
        var runs = JobList.All.Sum(job => SecondsOfAMonth / job.Every.TotalSeconds);
        Assert.Contains(Invariant($"jobs: {runs:#,##0} runs a month"), rows.Keys);
        Assert.Contains(Invariant($"({runs * LeastSeconds * FlexGigabytes:#,##0} of 100,000 GB-seconds)"), rows[Invariant($"jobs: {runs:#,##0} runs a month")][2], StringComparison.Ordinal);
        Assert.Equal(Invariant($"{Prices["kms-key"]:0.00}"), rows["`frazil:customerKey`"][1]);
        Assert.Equal(Invariant($"{SecondsOfAMonth * FlexGigabytes * Prices["flex-ready-gb-s"] / Million:0.00}"), rows["`frazil:alwaysReady` 1, 2,048 MB"][2]);
        var sent = JobList.All.Count + new[] { MetricList.PurgedTables, MetricList.PurgedFiles, MetricList.PurgeErrors, MetricList.PurgeLag }.Length;
        Assert.Contains($"({sent} of 10 free)", rows["metrics that the jobs send"][1], StringComparison.Ordinal);
    }

    [Fact]
    public void Every_price_has_its_source_and_is_used_or_named() => Assert.All(Table("| Price |"), row =>
    {
        Assert.StartsWith("https://", row[3], StringComparison.Ordinal);
        Assert.NotEmpty(row[4]);
    });

    [Fact]
    public void A_commit_a_minute_costs_what_the_page_says()
    {
        const int commits = 30 * 24 * 60;
        var usd = Aws(Requests.Single(request => request.Name == "commit")) * commits / Million;
        Assert.Contains(Page, line => line.Contains(Invariant($"{commits:#,##0} a month, about {usd:0.00} USD"), StringComparison.Ordinal));
    }

    [Fact]
    public void The_dashboards_estimate_uses_the_pages_prices()
    {
        var body = File.ReadAllText(Path.Combine(Stacks.Root(), "infra", "Aws", "AwsDashboard.cs"));
        foreach (var price in new[] { "lambda-request", "lambda-gb-s", "dynamodb-read", "dynamodb-write" })
        {
            Assert.Contains($"\"{((decimal)Prices[price] / 1_000_000m).ToString("0.##########", CultureInfo.InvariantCulture)}\"", body, StringComparison.Ordinal);
        }
    }

    /// <summary>A million of these requests on AWS, through a Function URL.</summary>
    private static double Aws(Request request) =>
        Prices["lambda-request"]
        + (request.Seconds * LambdaGigabytes * Prices["lambda-gb-s"])
        + (request.Reads * Prices["dynamodb-read"])
        + (request.Units * Prices["dynamodb-write"])
        + (request.Gets * Prices["s3-get"])
        + (request.Puts * Prices["s3-put"])
        + (request.AwsLogKilobytes * Prices["cloudwatch-logs"]);

    /// <summary>A million on Azure, each paying for so many seconds of an instance, and for spans unless they are too many to be taken.</summary>
    private static double Azure(Request request, double seconds, double spanKilobytes) =>
        Prices["flex-execution"]
        + (seconds * FlexGigabytes * Prices["flex-gb-s"])
        + ((request.Reads + request.Writes) * Prices["azure-table"])
        + (request.Gets * Prices["azure-blob-read"])
        + (request.Puts * Prices["azure-blob-write"])
        + ((request.LineKilobytes + spanKilobytes) * Prices["log-analytics"]);

    private static List<string[]> Table(string head) =>
        [.. Page.SkipWhile(line => !line.StartsWith(head, StringComparison.Ordinal)).Skip(2).TakeWhile(line => line.StartsWith('|')).Select(line => line.Split('|', StringSplitOptions.TrimEntries)[1..^1])];

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
