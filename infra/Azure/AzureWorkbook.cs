using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Pulumi.AzureNative.ApplicationInsights;
using Pulumi.AzureNative.OperationalInsights;
using Pulumi.AzureNative.Resources;

namespace Frazil.Infra;

/// <summary>The workbook: the same pictures as the AWS dashboard, over the tables of Application Insights.</summary>
public static class AzureWorkbook
{
    public static void Declare(AzureOptions options, ResourceGroup group, Workspace workspace)
    {
        _ = new Workbook("frazil-workbook", new WorkbookArgs
        {
            ResourceGroupName = group.Name,
            ResourceName = StableId($"frazil-workbook-{options.Common.Stack}").ToString(),
            DisplayName = $"Frazil {options.Common.Stack}",
            Category = "workbook",
            Kind = WorkbookSharedTypeKind.Shared,
            SourceId = workspace.Id,
            SerializedData = workspace.Id.Apply(Content),
        });
    }

    /// <summary>A workbook's name must be a UUID; one of its own each time would replace it with every run.</summary>
    private static Guid StableId(string name) => new(SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, 16));

    private static string Content(string workspaceId) => JsonSerializer.Serialize(new Dictionary<string, object>
    {
        ["version"] = "Notebook/1.0",
        ["items"] = Queries().Select((query, index) => (object)new
        {
            type = 3,
            name = $"query-{index}",
            customWidth = "50",
            content = new
            {
                version = "KqlItem/1.0",
                query = query.Text,
                title = query.Title,
                size = 0,
                timeContext = new { durationMs = 86_400_000 },
                queryType = 0,
                resourceType = "microsoft.operationalinsights/workspaces",
                crossComponentResources = new[] { workspaceId },
                visualization = query.Table ? "table" : "timechart",
            },
        }).ToArray(),
        ["fallbackResourceIds"] = new[] { workspaceId },
    });

    private sealed record Query(string Title, string Text, bool Table = false);

    private static IEnumerable<Query> Queries() =>
    [
        new(
            "Requests, errors and latency by operation",
            Kusto.Requests() + " | summarize Requests = sum(ItemCount), Errors = sumif(ItemCount, toint(ResultCode) >= 500), P50 = percentile(DurationMs, 50), " +
            "P95 = percentile(DurationMs, 95), P99 = percentile(DurationMs, 99) by Operation = tostring(Properties.route) | order by Requests desc",
            Table: true),
        By("Answers by class of status", MetricList.Requests, "status"),
        new(
            "Load and commit, ms",
            Kusto.Requests("loadTable", "updateTable") + " | summarize P50 = percentile(DurationMs, 50), P99 = percentile(DurationMs, 99) " +
            "by tostring(Properties.route), bin(TimeGenerated, 5m)"),
        By("Commits by outcome", MetricList.Commits, "outcome"),
        Total("Lost races", MetricList.CasConflicts),
        Total("Cold starts", MetricList.ColdStart),
        Total("Store: refused for the rate", MetricList.StoreThrottled),
        new(
            "Store: mean duration, ms",
            Kusto.Rows(MetricList.StoreLatency) + " | summarize sum(Sum) / sum(ItemCount) by tostring(Properties.op), bin(TimeGenerated, 5m)"),
        new("Size of metadata, bytes: largest", Kusto.Rows(MetricList.MetadataBytes) + " | summarize max(Max) by bin(TimeGenerated, 5m)"),
        By("Metadata cache", MetricList.MetadataCache, "result"),
        By("Loads by mode", MetricList.Loads, "mode"),
        By("Authentication", MetricList.Auth, "outcome"),
        new("Purge: oldest due, seconds", Kusto.Rows(MetricList.PurgeLag) + " | summarize max(Max) by bin(TimeGenerated, 15m)"),
        Total("Purge: files", MetricList.PurgedFiles),
        Total("Purge: errors", MetricList.PurgeErrors),
        By("Runs of the jobs", MetricList.JobRuns, "job"),
        new("Instances", Kusto.Requests() + " | summarize dcount(AppRoleInstance) by bin(TimeGenerated, 5m)"),
        new(
            "About USD an hour: executions at list price",
            Kusto.Rows(MetricList.Requests) + " | summarize Requests = sum(Sum) by bin(TimeGenerated, 1h) | project TimeGenerated, Usd = Requests * 0.0000004"),
    ];

    private static Query Total(string title, Metric metric) => new(title, Kusto.Rows(metric) + " | summarize sum(Sum) by bin(TimeGenerated, 5m)");

    private static Query By(string title, Metric metric, string tag) =>
        new(title, Kusto.Rows(metric) + $" | summarize sum(Sum) by tostring(Properties.{tag}), bin(TimeGenerated, 5m)");
}
