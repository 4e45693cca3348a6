using System.Text.RegularExpressions;
using Pulumi.Testing;

namespace Frazil.Infra.Tests;

/// <summary>Holds together what docs/operations.md promises, what each cloud declares, and what hosts measure.</summary>
public sealed partial class AlarmTests : IAsyncLifetime
{
    private const string AwsAlarm = "aws:cloudwatch/metricAlarm:MetricAlarm";
    private const string QueryAlert = "azure-native:monitor:ScheduledQueryRule";
    private const string MetricAlert = "azure-native:monitor:MetricAlert";

    private Declared _aws = null!;
    private Declared _azure = null!;

    public async Task InitializeAsync()
    {
        _aws = await Stacks.AwsAsync(("reservedConcurrency", "50"), ("alarmEmail", "ops@example.org"));
        _azure = await Stacks.AzureAsync(("alarmEmail", "ops@example.org"));
    }

    public Task DisposeAsync() => Task.CompletedTask;

    private static IReadOnlyList<(string Id, bool Aws, bool Azure)> Promised() => [.. Rows().Select(row => (row.Id, row.Aws != "—", row.Azure != "—"))];

    private static IReadOnlyList<(string Id, string Aws, string Azure)> Rows()
    {
        var lines = File.ReadAllLines(Path.Combine(Stacks.Root(), "docs", "operations.md"));
        var rows = lines.SkipWhile(line => !line.StartsWith("| Alarm |", StringComparison.Ordinal)).Skip(2).TakeWhile(line => line.StartsWith('|'))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries)).ToList();
        return [.. rows.Select(cells => (cells[1].Trim('`'), cells[3], cells[4]))];
    }

    [Fact]
    public void Every_alarm_that_the_documentation_promises_is_declared_and_every_other_way_round()
    {
        var promised = Promised();
        Assert.True(promised.Count >= 15, "The table of alarms in docs/operations.md was not found.");
        Assert.Equal(promised.Where(row => row.Aws).Select(row => row.Id).Order(StringComparer.Ordinal), Ids(_aws));
        Assert.Equal(promised.Where(row => row.Azure).Select(row => row.Id).Order(StringComparer.Ordinal), Ids(_azure));
    }

    [Fact]
    public void Every_alarm_has_a_section_that_says_what_to_do_and_no_section_is_without_an_alarm()
    {
        var lines = File.ReadAllLines(Path.Combine(Stacks.Root(), "docs", "operations.md")).SkipWhile(line => line != "## What to do").ToList();
        Assert.Equal(
            Promised().Select(row => row.Id).Order(StringComparer.Ordinal),
            lines.Where(line => line.StartsWith("### ", StringComparison.Ordinal)).Select(line => line[4..]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_thresholds_of_the_documentation_are_those_that_are_declared()
    {
        foreach (var (id, aws, azure) in Rows())
        {
            if (aws != "—")
            {
                Assert.Contains(AwsCondition(id, _aws[$"frazil-test-alarm-{id}"]), aws, StringComparison.Ordinal);
            }

            if (azure != "—")
            {
                Assert.Contains(AzureCondition(id, _azure[$"frazil-alarm-{id}"]), azure, StringComparison.Ordinal);
            }
        }
    }

    /// <summary>What an alarm waits for, in the page's words.</summary>
    private static string AwsCondition(string id, MockResourceArgs alarm)
    {
        var (threshold, periods) = ((double)alarm.Inputs["threshold"], (double)alarm.Inputs["evaluationPeriods"]);
        var period = TimeSpan.FromSeconds(Periods(alarm).Distinct().Single());
        return id switch
        {
            _ when (string)alarm.Inputs["comparisonOperator"] == "LessThanThreshold" => $"no run in {Span(period * periods)}",
            "server-errors" => Invariant($"more than {threshold} % twice in a row ({period.TotalMinutes} minutes each"),
            "load-latency" => $"for {Span(period * periods)}",
            "store-throttled" => Invariant($"in three {period.TotalMinutes}-minute periods in a row"),
            "purge-lag" => Hour(threshold),
            "metadata-size" => Invariant($"above {threshold / 1024 / 1024} MiB"),
            "concurrency" => Invariant($"above {threshold * 100 / 50} % for {Span(period * periods)}"),
            "dead-letters" when threshold == 0 => "an event in the queue",
            _ => Invariant($"more than {threshold} in {Span(period)}{(periods == 3 ? ", three times in a row" : "")}"),
        };
    }

    private static string AzureCondition(string id, MockResourceArgs alarm)
    {
        var window = Span(System.Xml.XmlConvert.ToTimeSpan(alarm.Text("windowSize")));
        if (alarm.Type == MetricAlert)
        {
            return Invariant($"more than {alarm.Object("criteria").Objects("allOf").Single()["threshold"]} in {window}");
        }

        var bound = BoundPattern().Match(QueryOf(alarm)).Groups[1].Value;
        return id switch
        {
            _ when id.StartsWith("job-missed", StringComparison.Ordinal) => $"no run in {window}",
            "server-errors" => $"more than {bound} % in {window}",
            "load-latency" or "store-throttled" => $"in {window}",
            "purge-lag" => Hour(double.Parse(bound, System.Globalization.CultureInfo.InvariantCulture)),
            _ => $"more than {bound} in {window}",
        };
    }

    private static string Hour(double seconds) => seconds == 3600 ? "more than an hour past its due time" : $"more than {seconds} s";

    private static string Span(TimeSpan time) => time.TotalHours > 1 ? Invariant($"{time.TotalHours} hours") : Invariant($"{time.TotalMinutes} minutes");

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);

    [Fact]
    public void A_job_that_does_not_run_is_missed_on_both_clouds()
    {
        foreach (var job in JobList.All)
        {
            var alarm = _aws[$"frazil-test-alarm-job-missed-{job.Name}"].Inputs;
            Assert.Equal("breaching", alarm["treatMissingData"]);
            Assert.Equal("LessThanThreshold", alarm["comparisonOperator"]);
            Assert.Equal(job.Every.TotalSeconds, alarm["period"]);
            Assert.Equal(2.0, alarm["evaluationPeriods"]);
            Assert.Contains("summarize Runs = count() | where Runs == 0", QueryOf(_azure[$"frazil-alarm-job-missed-{job.Name}"]), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_other_alarm_is_silent_when_there_is_nothing_to_measure() =>
        Assert.All(
            _aws.OfType(AwsAlarm).Where(alarm => !alarm.Name!.Contains("job-missed", StringComparison.Ordinal)),
            alarm => Assert.Equal("notBreaching", alarm.Inputs["treatMissingData"]));

    [Fact]
    public void Every_alarm_watches_a_metric_that_is_sent_in_dimensions_that_are_kept()
    {
        var terms = _aws.OfType(AwsAlarm).SelectMany(Terms).Where(term => term.Namespace == MetricList.Namespace).ToList();
        Assert.True(terms.Count >= 13);
        Assert.All(terms, term =>
        {
            var metric = Assert.Single(MetricList.All, metric => metric.Name == term.Name);
            Assert.Contains(metric.DimensionSets, set => set.Order(StringComparer.Ordinal).SequenceEqual(term.Dimensions.Order(StringComparer.Ordinal)));
        });
    }

    [Fact]
    public void Every_query_asks_for_a_metric_that_is_sent_and_tags_that_it_carries()
    {
        var queries = _azure.OfType(QueryAlert).Select(QueryOf).Concat(WorkbookQueries()).ToList();
        Assert.True(queries.Count >= 25);
        Assert.All(queries, query =>
        {
            if (!query.StartsWith("AppMetrics", StringComparison.Ordinal))
            {
                Assert.StartsWith("AppRequests", query, StringComparison.Ordinal);
                Assert.All(TagPattern().Matches(query), match => Assert.Contains(match.Groups[1].Value, SpanTags()));
                return;
            }

            var metric = Assert.Single(MetricList.All, metric => query.Contains($"Name == \"{metric.Name}\"", StringComparison.Ordinal));
            Assert.All(TagPattern().Matches(query), match => Assert.Contains(match.Groups[1].Value, metric.Tags));
        });
    }

    [Fact]
    public void The_dashboard_shows_only_metrics_that_are_sent_in_dimensions_that_are_kept()
    {
        var body = _aws["frazil-test-dashboard"].Text("dashboardBody");
        using var dashboard = System.Text.Json.JsonDocument.Parse(body);
        var shown = dashboard.RootElement.GetProperty("widgets").EnumerateArray()
            .Select(widget => widget.GetProperty("properties")).Where(properties => properties.TryGetProperty("metrics", out _))
            .SelectMany(properties => properties.GetProperty("metrics").EnumerateArray())
            .Select(metric => metric.EnumerateArray().TakeWhile(part => part.ValueKind == System.Text.Json.JsonValueKind.String).Select(part => part.GetString()!).ToArray())
            .Where(parts => parts is [MetricList.Namespace, ..]).ToList();
        Assert.True(shown.Count >= 30);
        Assert.All(shown, parts =>
        {
            var metric = Assert.Single(MetricList.All, metric => metric.Name == parts[1]);
            var dimensions = parts.Skip(2).Where((_, index) => index % 2 == 0).Order(StringComparer.Ordinal);
            Assert.Contains(metric.DimensionSets, set => set.Order(StringComparer.Ordinal).SequenceEqual(dimensions));
        });
        Assert.All(
            LogMetricPattern().Matches(body).Select(match => match.Groups[1].Value), name => Assert.Contains(MetricList.All, metric => metric.Name == name));
    }

    [Fact]
    public void Every_metric_with_a_dimension_set_is_watched_or_documented()
    {
        var page = File.ReadAllText(Path.Combine(Stacks.Root(), "docs", "operations.md"));
        Assert.All(MetricList.All, metric => Assert.Contains($"| `{metric.Name}` |", page, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_alarm_tells_the_topic_or_the_action_group_and_says_where_help_is()
    {
        var topic = $"arn:aws:sns:{Stacks.Region}:{Stacks.Account}:frazil-test-alarms";
        Assert.All(_aws.OfType(AwsAlarm), alarm =>
        {
            Assert.Equal([topic], alarm.Inputs.List("alarmActions"));
            Assert.Contains("docs/operations.md", alarm.Text("alarmDescription"), StringComparison.Ordinal);
        });
        Assert.Equal("ops@example.org", _aws["frazil-test-alarms-email"].Inputs["endpoint"]);
        Assert.All(_azure.OfType(QueryAlert), alarm => Assert.Single(alarm.Object("actions").List("actionGroups")));
        Assert.Equal("ops@example.org", _azure["frazil-alarms"].Inputs.Objects("emailReceivers").Single()["emailAddress"]);
    }

    [Fact]
    public void Alarms_may_write_to_the_topic_and_alarms_of_another_account_may_not()
    {
        var policy = _aws["frazil-test-alarms-policy"].Text("policy");
        var topic = $"arn:aws:sns:{Stacks.Region}:{Stacks.Account}:frazil-test-alarms";
        Assert.Equal(Effect.Allow, IamMatcher.Decide(policy, "Service:cloudwatch.amazonaws.com", "sns:Publish", topic, ("aws:SourceAccount", Stacks.Account)));
        Assert.Null(IamMatcher.Decide(policy, "Service:cloudwatch.amazonaws.com", "sns:Publish", topic, ("aws:SourceAccount", "210987654321")));
    }

    [Fact]
    public void Alarm_names_in_the_console_are_the_names_of_the_documentation() =>
        Assert.All(_aws.OfType(AwsAlarm), alarm => Assert.Equal(alarm.Name!.Replace("-alarm-", "-", StringComparison.Ordinal), alarm.Text("name")));

    [Fact]
    public void Windows_are_ones_that_the_clouds_take()
    {
        string[] windows = ["PT5M", "PT10M", "PT15M", "PT30M", "PT45M", "PT1H", "PT2H", "PT3H", "PT4H", "PT5H", "PT6H", "P1D", "P2D"];
        Assert.All(_azure.OfType(QueryAlert), alarm =>
        {
            Assert.Contains(alarm.Text("windowSize"), windows);
            Assert.Contains(alarm.Text("evaluationFrequency"), windows);
        });
        Assert.All(
            _aws.OfType(AwsAlarm).SelectMany(alarm => Periods(alarm).Select(period => period * (double)alarm.Inputs["evaluationPeriods"])),
            whole => Assert.InRange(whole, 60, 86_400));
    }

    [Fact]
    public async Task Without_alarms_there_is_none_and_no_dashboard()
    {
        var aws = await Stacks.AwsAsync(("alarms", "false"));
        var azure = await Stacks.AzureAsync(("alarms", "false"));
        Assert.Empty(Ids(aws));
        Assert.Empty(Ids(azure));
        Assert.False(aws.Mocks.Has("frazil-test-dashboard"));
        Assert.False(azure.Mocks.Has("frazil-workbook"));
    }

    [Fact]
    public void Ids_of_metrics_and_jobs_are_unique()
    {
        Assert.Equal(MetricList.All.Count, MetricList.All.Select(metric => metric.Name).Distinct().Count());
        Assert.Equal(JobList.All.Count, JobList.All.Select(job => job.Name).Distinct().Count());
        Assert.All(MetricList.All, metric => Assert.All(metric.DimensionSets, set => Assert.Subset(metric.Tags.ToHashSet(), set.ToHashSet())));
    }

    [Fact]
    public void A_jobs_cron_expression_says_the_same_as_its_period() => Assert.All(JobList.All, job =>
    {
        var minutes = job.Every.TotalMinutes;
        Assert.Equal(0, job.Every.Ticks % TimeSpan.TicksPerMinute);
        Assert.Equal(minutes < 60 ? $"0 */{minutes} * * * *" : minutes == 60 ? "0 0 * * * *" : $"0 0 */{minutes / 60} * * *", job.Schedule);
    });

    private static IEnumerable<string> Ids(Declared stack) => stack.Mocks.All
        .Where(resource => resource.Type is AwsAlarm or QueryAlert or MetricAlert)
        .Select(resource => resource.Name!.Split("-alarm-")[1]).Order(StringComparer.Ordinal);

    private static string QueryOf(MockResourceArgs alert) => (string)alert.Object("criteria").Objects("allOf").Single()["query"];

    private IEnumerable<string> WorkbookQueries()
    {
        using var workbook = System.Text.Json.JsonDocument.Parse(_azure["frazil-workbook"].Text("serializedData"));
        return [.. workbook.RootElement.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("content").GetProperty("query").GetString()!)];
    }

    /// <summary>The tags that the span of a request carries: the properties of its row.</summary>
    private static IEnumerable<string> SpanTags() =>
        SetTagPattern().Matches(File.ReadAllText(Path.Combine(Stacks.Root(), "functions", "Api", "Http", "RequestRecord.cs"))).Select(match => match.Groups[1].Value);

    private sealed record Term(string Namespace, string Name, IReadOnlyList<string> Dimensions);

    private static IEnumerable<Term> Terms(MockResourceArgs alarm) => alarm.Inputs.ContainsKey("metricName")
        ? [new(alarm.Text("namespace"), alarm.Text("metricName"), DimensionsOf(alarm.Inputs))]
        : alarm.Inputs.Objects("metricQueries").Where(query => query.ContainsKey("metric")).Select(query => query.Object("metric"))
            .Select(metric => new Term((string)metric["namespace"], (string)metric["metricName"], DimensionsOf(metric)));

    private static IEnumerable<double> Periods(MockResourceArgs alarm) => alarm.Inputs.GetValueOrDefault("period") is double period
        ? [period]
        : alarm.Inputs.Objects("metricQueries").Where(query => query.ContainsKey("metric")).Select(query => (double)query.Object("metric")["period"]);

    private static string[] DimensionsOf(System.Collections.Immutable.ImmutableDictionary<string, object> metric) =>
        metric.GetValueOrDefault("dimensions") is System.Collections.Immutable.ImmutableDictionary<string, object> dimensions ? [.. dimensions.Keys] : [];

    [GeneratedRegex("Properties\\.([a-z_]+)")]
    private static partial Regex TagPattern();

    [GeneratedRegex("Value > ([0-9.]+)$")]
    private static partial Regex BoundPattern();

    [GeneratedRegex("`(catalog[a-z._]+)`")]
    private static partial Regex LogMetricPattern();

    [GeneratedRegex("SetTag\\(\"([a-z._]+)\"")]
    private static partial Regex SetTagPattern();
}
