using System.Text.Json;
using Pulumi;
using Pulumi.Aws.CloudWatch;

namespace Frazil.Infra;

/// <summary>
/// The CloudWatch dashboard. Figures per route come from the logs: a custom metric for each route and status would cost more than the catalog.
/// </summary>
public static class AwsDashboard
{
    private const int Columns = 24;
    private const int Height = 6;

    // List prices of us-east-1 in USD; docs/cost.md names their source and date.
    private const string CostOfRequests = "0.0000002";
    private const string CostOfGigabyteSeconds = "0.0000133334";
    private const string CostOfWriteUnits = "0.000000625";
    private const string CostOfReadUnits = "0.000000125";

    private static readonly string[] Statuses = ["2xx", "3xx", "4xx", "5xx"];
    private static readonly string[] Outcomes = ["ok", "conflict", "retry_exhausted", "unknown"];
    private static readonly string[] LoadModes = ["all", "refs", "304"];
    private static readonly string[] Percentiles = ["p50", "p95", "p99"];

    private sealed record Names(string Region, string Api, string Jobs, string Table, string Logs, int Memory);

    public static Output<string> Declare(AwsOptions options, string prefix, AwsStorage storage, AwsRoles roles, AwsFunctions functions, Output<string> region)
    {
        var names = Output.All(region, functions.Api.Name, functions.Jobs.Name, storage.Table.Name, roles.ApiLogs.Name)
            .Apply(all => new Names(all[0], all[1], all[2], all[3], all[4], options.Memory));
        var dashboard = new Dashboard($"{prefix}-dashboard", new DashboardArgs { DashboardName = prefix, DashboardBody = names.Apply(Body) });
        return Output.Format($"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#dashboards:name={dashboard.DashboardName}");
    }

    private static string Body(Names names)
    {
        var widgets = Widgets(names).ToArray();
        const int perRow = 3;
        return JsonSerializer.Serialize(new
        {
            widgets = widgets.Select((widget, index) => new
            {
                type = widget.Type,
                x = index % perRow * (Columns / perRow),
                y = index / perRow * Height,
                width = Columns / perRow,
                height = Height,
                properties = widget.Properties,
            }),
        });
    }

    private sealed record Widget(string Type, object Properties);

    private static IEnumerable<Widget> Widgets(Names names)
    {
        Widget Graph(string title, string statistic, params object[][] metrics) =>
            new("metric", new { title, stat = statistic, view = "timeSeries", period = 300, region = names.Region, metrics });

        Widget Table(string title, string query) =>
            new("log", new { title, view = "table", region = names.Region, query = $"SOURCE '{names.Logs}' | {query}" });

        return
        [
            Graph("Requests by class of status", "Sum", [.. Statuses.Select(status => Ours(MetricList.Requests, "status", status))]),
            Table(
                "Requests, errors and latency by route",
                "filter ispresent(route) and ispresent(`catalog.request.duration`) | stats count(*) as requests, sum(status like /5xx/) as errors, " +
                "pct(`catalog.request.duration`, 50) as p50, pct(`catalog.request.duration`, 95) as p95, pct(`catalog.request.duration`, 99) as p99 " +
                "by route | sort requests desc"),
            Graph("Load and commit, ms", "p99", Latencies("loadTable", "updateTable")),
            Graph("Commits by outcome", "Sum", [.. Outcomes.Select(outcome => Ours(MetricList.Commits, "outcome", outcome))]),
            Graph("Lost races", "Sum", Ours(MetricList.CasConflicts), ["AWS/DynamoDB", "TransactionConflict", "TableName", names.Table]),
            Graph("Attempts a commit takes", "p99", Ours(MetricList.CommitAttempts)),
            Graph("Cold starts", "Sum", Ours(MetricList.ColdStart)),
            Graph("Store: refused for the rate", "Sum", Ours(MetricList.StoreThrottled)),
            Graph(
                "Store: units",
                "Sum",
                ["AWS/DynamoDB", "ConsumedReadCapacityUnits", "TableName", names.Table],
                ["AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", names.Table]),
            Graph("Size of metadata, bytes", "p99", Ours(MetricList.MetadataBytes)),
            Graph("Metadata cache", "Sum", Ours(MetricList.MetadataCache, "result", "hit"), Ours(MetricList.MetadataCache, "result", "miss")),
            Graph("Loads by mode", "Sum", [.. LoadModes.Select(mode => Ours(MetricList.Loads, "mode", mode))]),
            Graph("Authentication", "Sum", Ours(MetricList.Auth, "outcome", "ok"), Ours(MetricList.Auth, "outcome", "denied")),
            Graph("Purge: oldest due, seconds", "Maximum", Ours(MetricList.PurgeLag)),
            Graph("Purge: tables, files, errors", "Sum", Ours(MetricList.PurgedTables), Ours(MetricList.PurgedFiles), Ours(MetricList.PurgeErrors)),
            Graph("Runs of the jobs", "Sum", [.. JobList.All.Select(job => Ours(MetricList.JobRuns, "job", job.Name))]),
            Graph(
                "Functions at once",
                "Maximum",
                ["AWS/Lambda", "ConcurrentExecutions", "FunctionName", names.Api],
                ["AWS/Lambda", "ConcurrentExecutions", "FunctionName", names.Jobs]),
            Graph("About USD an hour: Lambda and DynamoDB at list price", "Sum", CostTerms(names)),
        ];
    }

    private static object[][] Latencies(params string[] routes) =>
        [.. routes.SelectMany(route => Percentiles.Select(statistic => Ours(MetricList.RequestDuration, "route", route, statistic)))];

    private static object[][] CostTerms(Names names) =>
    [
        [
            new
            {
                expression = $"requests * {CostOfRequests} + duration / 1000 * {names.Memory} / 1024 * {CostOfGigabyteSeconds}" +
                    $" + reads * {CostOfReadUnits} + writes * {CostOfWriteUnits}",
                label = "USD",
                id = "usd",
                period = 3600,
            },
        ],
        Hidden("AWS/Lambda", "Invocations", "FunctionName", names.Api, "requests"),
        Hidden("AWS/Lambda", "Duration", "FunctionName", names.Api, "duration"),
        Hidden("AWS/DynamoDB", "ConsumedReadCapacityUnits", "TableName", names.Table, "reads"),
        Hidden("AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", names.Table, "writes"),
    ];

    private static object[] Hidden(string space, string metric, string dimension, string value, string id) =>
        [space, metric, dimension, value, new { id, visible = false, period = 3600 }];

    private static object[] Ours(Metric metric) => [MetricList.Namespace, metric.Name];

    private static object[] Ours(Metric metric, string dimension, string value) =>
        [MetricList.Namespace, metric.Name, dimension, value, new { label = value }];

    private static object[] Ours(Metric metric, string dimension, string value, string statistic) =>
        [MetricList.Namespace, metric.Name, dimension, value, new { label = $"{value} {statistic}", stat = statistic }];
}
