using System.Xml;
using Pulumi;
using Pulumi.AzureNative.Monitor;
using Pulumi.AzureNative.Monitor.Inputs;
using Pulumi.AzureNative.OperationalInsights;
using Pulumi.AzureNative.Resources;

namespace Frazil.Infra;

/// <summary>An alert as data: it fires when its query returns a row.</summary>
public sealed record AlertRule(string Id, string Meaning, string Query)
{
    /// <summary>How much of the past a look takes in.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Time between looks; shorter ones cost more.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>0 critical to 4 verbose.</summary>
    public int Severity { get; init; } = 2;
}

/// <summary>The alerts of docs/operations.md, and the action group that they tell.</summary>
public static class AzureAlerts
{
    private const double ServerErrorPercent = 1;
    private const int LeastRequests = 20;
    private const int AuthFailures = 300;
    private static readonly TimeSpan PurgeLag = TimeSpan.FromHours(1);

    /// <summary>What an account answers when it is asked too much, or cannot.</summary>
    private static readonly string[] BusyResponses =
        ["ServerBusyError", "ServerTimeoutError", "ServerOtherError", "ClientThrottlingError", "ClientAccountRequestThrottlingError"];

    public static void Declare(AzureOptions options, ResourceGroup group, AzureStorage storage, Workspace workspace)
    {
        var actions = new ActionGroup("frazil-alarms", new Pulumi.AzureNative.Monitor.ActionGroupArgs
        {
            ResourceGroupName = group.Name,
            Location = "global",
            GroupShortName = "frazil",
            Enabled = true,
            EmailReceivers = options.Common.AlarmEmail is { } email
                ? new[] { new MicrosoftCommonEmailReceiverArgs { Name = "operators", EmailAddress = email, UseCommonAlertSchema = true } }
                : new InputList<MicrosoftCommonEmailReceiverArgs>(),
        });
        foreach (var rule in Rules(options))
        {
            _ = new ScheduledQueryRule($"frazil-alarm-{rule.Id}", Args(rule, group, workspace, actions));
        }

        _ = new MetricAlert("frazil-alarm-store-busy", new MetricAlertArgs
        {
            ResourceGroupName = group.Name,
            Location = "global",
            Enabled = true,
            Severity = 2,
            Description = "The table service refuses operations or fails. What to do: docs/operations.md, store-busy.",
            EvaluationFrequency = "PT5M",
            WindowSize = "PT15M",
            Scopes = { Output.Format($"{storage.State.Id}/tableServices/default") },
            Criteria = new MetricAlertSingleResourceMultipleMetricCriteriaArgs
            {
                OdataType = "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
                AllOf =
                {
                    new MetricCriteriaArgs
                    {
                        Name = "busy",
                        CriterionType = "StaticThresholdCriterion",
                        MetricNamespace = "Microsoft.Storage/storageAccounts/tableServices",
                        MetricName = "Transactions",
                        Dimensions = { new MetricDimensionArgs { Name = "ResponseType", Operator = "Include", Values = BusyResponses } },
                        Operator = Operator.GreaterThan,
                        Threshold = 0,
                        TimeAggregation = AggregationTypeEnum.Total,
                    },
                },
            },
            Actions = { new MetricAlertActionArgs { ActionGroupId = actions.Id } },
        });
    }

    private static IEnumerable<AlertRule> Rules(AzureOptions options) =>
    [
        new("commit-unknown", "A commit ended without it being known whether it happened.", Kusto.Sum(MetricList.Commits, ("outcome", "unknown")).Above(0))
        {
            Window = TimeSpan.FromMinutes(5),
            Every = TimeSpan.FromMinutes(5),
            Severity = 1,
        },
        new(
            "server-errors",
            "More than 1 % of the answers are the server's errors.",
            "AppRequests | summarize Errors = sumif(ItemCount, toint(ResultCode) >= 500), Total = sum(ItemCount) " +
            $"| where Total > {LeastRequests} | project Value = 100.0 * Errors / Total".Above(ServerErrorPercent))
        {
            Severity = 1,
        },
        new(
            "load-latency",
            "The slowest 1 % of loadTable take longer than the bound.",
            (Kusto.Requests("loadTable") + " | summarize Value = percentile(DurationMs, 99)").Above(options.Common.LoadP99Milliseconds)),
        new("store-throttled", "The store refuses operations for their rate.", Kusto.Sum(MetricList.StoreThrottled).Above(0)),
        new(
            "purge-lag",
            "Something dropped has been due for more than an hour, and its files are still there.",
            Kusto.Largest(MetricList.PurgeLag).Above(PurgeLag.TotalSeconds)) { Window = TimeSpan.FromMinutes(30) },
        new("purge-errors", "Steps of a purge fail.", Kusto.Sum(MetricList.PurgeErrors).Above(0)),
        new("task-dead-letters", "A task was given up after its last attempt.", Kusto.Sum(MetricList.DeadLetters).Above(0)),
        new("auth-failures", "Many requests with credentials that are not valid.", Kusto.Sum(MetricList.Auth, ("outcome", "denied")).Above(AuthFailures)),
        .. JobList.All.Select(job => new AlertRule(
            $"job-missed-{job.Name}",
            $"The job {job.Name} has not come to its end for two of its periods.",
            Kusto.Rows(MetricList.JobRuns, ("job", job.Name)) + " | summarize Runs = count() | where Runs == 0") // one row when there are none
        {
            Window = job.Every * 2,
        }),
    ];

    private static ScheduledQueryRuleArgs Args(AlertRule rule, ResourceGroup group, Workspace workspace, ActionGroup actions) => new()
    {
        ResourceGroupName = group.Name,
        DisplayName = $"Frazil: {rule.Id}",
        Description = $"{rule.Meaning} What to do: docs/operations.md, {rule.Id}.",
        Enabled = true,
        Severity = rule.Severity,
        EvaluationFrequency = XmlConvert.ToString(rule.Every),
        WindowSize = XmlConvert.ToString(rule.Window),
        Scopes = { workspace.Id },
        AutoMitigate = true,
        SkipQueryValidation = true, // the tables come with the first rows
        Criteria = new ScheduledQueryRuleCriteriaArgs
        {
            AllOf =
            {
                new ConditionArgs
                {
                    Query = rule.Query,
                    TimeAggregation = TimeAggregation.Count,
                    Operator = ConditionOperator.GreaterThan,
                    Threshold = 0,
                    FailingPeriods = new ConditionFailingPeriodsArgs { NumberOfEvaluationPeriods = 1, MinFailingPeriodsToAlert = 1 },
                },
            },
        },
        Actions = new ActionsArgs { ActionGroups = { actions.Id } },
    };
}
