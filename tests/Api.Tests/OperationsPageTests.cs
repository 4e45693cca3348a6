using System.Text.RegularExpressions;

namespace Frazil.Api.Tests;

/// <summary>docs/operations.md tells of the metrics, the fields of log lines and the queries that there are. (That its alarms are those of the stacks is tested with those.)</summary>
public sealed partial class OperationsPageTests
{
    private static readonly string Page = Read("docs", "operations.md");

    /// <summary>What a host adds to a line of its own, and what a job's line has.</summary>
    private static readonly string[] OtherFields = ["timestamp", "level", "message", "event", "awsRequestId", "xrayTraceId", "job", "done", "failed", "filesDeleted", "isMore"];

    /// <summary>The fields of a request's line: the parameters of the messages.</summary>
    private static IReadOnlyList<string> LogFields { get; } =
    [
        .. MessagePattern().Matches(Read("functions", "Api", "Log.cs")).Where(match => match.Groups[1].Value is "Answered" or "Refused" or "Aborted")
            .SelectMany(match => ParameterPattern().Matches(match.Groups[2].Value)).Select(match => match.Groups[1].Value).Distinct().Except(["logger", "level"]),
    ];

    private static IReadOnlyList<string> SpanTags { get; } =
    [
        .. SetTagPattern().Matches(Read("functions", "Api", "Http", "RequestRecord.cs") + Read("shared", "Catalog", "Telemetry", "Measures.cs")).Select(match => match.Groups[1].Value),
        .. MetricList.StoreLatency.Tags,
    ];

    [Fact]
    public void The_table_of_metrics_is_the_list_of_metrics() => Assert.Equal(
        MetricList.All.Select(metric => (
            metric.Name, metric.Unit, Joined(metric.Tags), metric.DimensionSets.Count == 0 ? "—" : string.Join(' ', metric.DimensionSets.Select(set => $"({string.Join(", ", set)})")),
            metric.Meaning.TrimEnd('.'))),
        Table("| Metric | Unit |").Select(row => (row[0].Trim('`'), row[1], row[2], row[3], row[4])));

    [Fact]
    public void The_table_of_fields_has_every_field_of_a_request_s_line_and_no_other()
    {
        Assert.True(LogFields.Count > 20);
        Assert.Equal(
            LogFields.Order(StringComparer.Ordinal),
            Table("| Field | Meaning |").SelectMany(row => NamePattern().Matches(row[0])).Select(match => match.Groups[1].Value).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_outcome_that_is_logged_is_named()
    {
        var source = Read("functions", "Api", "Http", "RequestRecord.cs");
        var row = Table("| Field | Meaning |").Single(row => row[0] == "`outcome`")[1];
        Assert.Equal(
            OutcomePattern().Matches(source).Select(match => match.Groups[1].Value).Distinct().Order(StringComparer.Ordinal),
            NamePattern().Matches(row).Select(match => match.Groups[1].Value).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Queries_of_the_logs_ask_for_fields_that_lines_have()
    {
        var queries = Queries("insights");
        Assert.True(queries.Count >= 9);
        Assert.All(queries, query =>
        {
            var aliases = AliasPattern().Matches(query).Select(match => match.Groups[1].Value).ToHashSet();
            var names = IdentifierPattern().Matches(QuotedPattern().Replace(query, "")).Select(match => match.Value)
                .Where(name => !InsightsWords.Contains(name) && !aliases.Contains(name) && name[0] != '@').ToArray();
            Assert.NotEmpty(names);
            Assert.All(names, name => Assert.True(LogFields.Contains(name) || OtherFields.Contains(name), $"'{name}' in: {query}"));
        });
    }

    [Fact]
    public void Queries_of_Application_Insights_ask_for_properties_that_rows_have()
    {
        var queries = Queries("kusto");
        Assert.True(queries.Count >= 11);
        Assert.All(queries, query =>
        {
            var properties = PropertyPattern().Matches(query).Select(match => match.Groups[1].Value).ToArray();
            var table = query.Split(' ')[0];
            IEnumerable<string> known = table switch
            {
                "AppTraces" => LogFields,
                "AppRequests" or "AppDependencies" => SpanTags,
                "AppMetrics" => Assert.Single(MetricList.All, metric => query.Contains($"Name == \"{metric.Name}\"", StringComparison.Ordinal)).Tags,
                "union" => [],
                _ => throw new InvalidOperationException($"{table} is no table that a host writes"),
            };
            Assert.All(properties, property => Assert.True(known.Contains(property), $"'{property}' in: {query}"));
        });
    }

    [Fact]
    public void The_two_consoles_are_asked_the_same_questions() =>
        Assert.Empty(Titles("insights").Except(Titles("kusto")).Except(["What one principal changed"]));

    private static readonly HashSet<string> InsightsWords =
        ["filter", "fields", "stats", "sort", "limit", "by", "as", "and", "or", "asc", "desc", "count", "sum", "avg", "max", "min", "ispresent"];

    private static string Joined(IReadOnlyList<string> names) => names.Count == 0 ? "—" : string.Join(", ", names);

    private static string Read(params string[] path)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Join(folder!.FullName, "Serverless.sln")))
        {
            folder = folder.Parent;
        }

        return File.ReadAllText(Path.Combine([folder.FullName, .. path]));
    }

    private static List<string[]> Table(string head) =>
        [.. Page.Split('\n').SkipWhile(line => !line.StartsWith(head, StringComparison.Ordinal)).Skip(2).TakeWhile(line => line.StartsWith('|')).Select(line => line.Split('|', StringSplitOptions.TrimEntries)[1..^1])];

    private static IEnumerable<string> Lines(string language) =>
        Page.Split('\n').SkipWhile(line => line != "```" + language).Skip(1).TakeWhile(line => line != "```").Where(line => line.Length > 0);

    private static List<string> Queries(string language) => [.. Lines(language).Where(line => line[0] is not ('#' or '/'))];

    private static IEnumerable<string> Titles(string language) => Lines(language).Where(line => line[0] is '#' or '/').Select(line => line.TrimStart('#', '/', ' '));

    [GeneratedRegex(@"partial void (\w+)\(([^)]*)\)")]
    private static partial Regex MessagePattern();

    [GeneratedRegex(@"(\w+)(?:,|$)")]
    private static partial Regex ParameterPattern();

    [GeneratedRegex("SetTag\\(\"([a-z._]+)\"")]
    private static partial Regex SetTagPattern();

    [GeneratedRegex("`([A-Za-z_]+)`")]
    private static partial Regex NamePattern();

    [GeneratedRegex("(?:=>|\\?|:|Aborted =|Denied =) \"([a-z_]+)\"")]
    private static partial Regex OutcomePattern();

    [GeneratedRegex(@"\bas (\w+)")]
    private static partial Regex AliasPattern();

    [GeneratedRegex("\"[^\"]*\"")]
    private static partial Regex QuotedPattern();

    [GeneratedRegex(@"@?[A-Za-z_]\w*")]
    private static partial Regex IdentifierPattern();

    [GeneratedRegex(@"Properties\.(\w+)")]
    private static partial Regex PropertyPattern();
}
