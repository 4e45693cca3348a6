using Pulumi;
using Pulumi.Aws.CloudWatch;
using Pulumi.Aws.CloudWatch.Inputs;
using Pulumi.Aws.Sns;

namespace Frazil.Infra;

/// <summary>One value that an alarm looks at.</summary>
public sealed record AlarmTerm(string Namespace, string Metric, string Statistic, IReadOnlyList<KeyValuePair<string, Input<string>>> Dimensions);

/// <summary>An alarm as data: a term, or an expression over terms named m0, m1, and so on.</summary>
public sealed record AlarmRule(string Id, string Meaning, IReadOnlyList<AlarmTerm> Terms)
{
    public string? Expression { get; init; }

    public bool Below { get; init; }

    public double Threshold { get; init; }

    public TimeSpan Period { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Periods that must all breach.</summary>
    public int Periods { get; init; } = 1;

    /// <summary>Whether silence is a breach: for what must happen, not for what must not.</summary>
    public bool MissingIsBreach { get; init; }
}

/// <summary>The alarms of docs/operations.md, and the topic that they write to.</summary>
public static class AwsAlarms
{
    /// <summary>Percent of answers with a server's error.</summary>
    private const double ServerErrorPercent = 1;

    /// <summary>Below so many requests in five minutes one error would be more than a percent.</summary>
    private const int LeastRequests = 20;

    private const double ReservedConcurrencyPercent = 80;
    private const int AuthFailures = 100;
    private const int TransactionConflicts = 100;

    /// <summary>What expiry may lag behind a due time: two runs of the purge, and some.</summary>
    private static readonly TimeSpan PurgeLag = TimeSpan.FromHours(1);

    /// <summary>Lambda carries 6 MB, and gzip travels as base64, a third larger: 4.5 MB. The alarm comes at half of it.</summary>
    private const int HalfOfResponseLimit = 6 * 1024 * 1024 / 4 * 3 / 2;

    private static readonly string[] StoreOperations = ["BatchGetItem", "GetItem", "PutItem", "DeleteItem", "Query", "TransactWriteItems"];

    public static Topic Declare(AwsOptions options, string prefix, AwsStorage storage, AwsRoles roles, AwsFunctions functions, Output<string> accountId)
    {
        var topic = new Topic($"{prefix}-alarms", new TopicArgs { DisplayName = "Frazil alarms" });
        _ = new TopicPolicy($"{prefix}-alarms-policy", new TopicPolicyArgs
        {
            Arn = topic.Arn,
            Policy = Output.Tuple(topic.Arn, accountId).Apply(names => Policies.AlarmTopic(names.Item1, names.Item2).ToJson()),
        });
        if (options.Common.AlarmEmail is { } email)
        {
            _ = new TopicSubscription($"{prefix}-alarms-email", new TopicSubscriptionArgs { Topic = topic.Arn, Protocol = "email", Endpoint = email });
        }

        foreach (var rule in Rules(options, storage, roles, functions))
        {
            _ = new MetricAlarm($"{prefix}-alarm-{rule.Id}", Args(rule, prefix, topic));
        }

        return topic;
    }

    private static IEnumerable<AlarmRule> Rules(AwsOptions options, AwsStorage storage, AwsRoles roles, AwsFunctions functions) =>
    [
        .. CatalogRules(options),
        .. JobList.All.Select(job => new AlarmRule(
            $"job-missed-{job.Name}",
            $"The job {job.Name} has not come to its end for two of its periods.",
            [Ours(MetricList.JobRuns, "Sum", ("job", job.Name))])
        {
            Below = true,
            Threshold = 1,
            Period = job.Every,
            Periods = 2,
            MissingIsBreach = true,
        }),
        .. FunctionRules(options, functions),
        .. StoreRules(storage),
        new(
            "dead-letters",
            "A job failed or could not be started; its event is in the queue.",
            [Theirs("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", ("QueueName", roles.DeadLetters.Name))]),
    ];

    private static IEnumerable<AlarmRule> CatalogRules(AwsOptions options) =>
    [
        new("commit-unknown", "A commit ended without it being known whether it happened.", [Ours(MetricList.Commits, "Sum", ("outcome", "unknown"))]),
        new(
            "server-errors",
            "More than 1 % of the answers are the server's errors.",
            [Ours(MetricList.Requests, "Sum", ("status", "5xx")), Ours(MetricList.Requests, "Sum")])
        {
            Expression = $"IF(m1 > {LeastRequests}, 100 * FILL(m0, 0) / m1, 0)",
            Threshold = ServerErrorPercent,
            Periods = 2,
        },
        new("load-latency", "The slowest 1 % of loadTable take longer than the bound.", [Ours(MetricList.RequestDuration, "p99", ("route", "loadTable"))])
        {
            Threshold = options.Common.LoadP99Milliseconds,
            Periods = 3,
        },
        new("store-throttled", "The store refuses operations for their rate, for fifteen minutes.", [Ours(MetricList.StoreThrottled, "Sum")]) { Periods = 3 },
        new("purge-lag", "Something dropped has been due for more than an hour, and its files are still there.", [Ours(MetricList.PurgeLag, "Maximum")])
        {
            Threshold = PurgeLag.TotalSeconds,
            Period = TimeSpan.FromMinutes(15),
        },
        new("purge-errors", "Steps of a purge fail.", [Ours(MetricList.PurgeErrors, "Sum")]),
        new("task-dead-letters", "A task was given up after its last attempt.", [Ours(MetricList.DeadLetters, "Sum")]),
        new(
            "auth-failures",
            "Many requests with credentials that are not valid.",
            [Ours(MetricList.Auth, "Sum", ("outcome", "denied"))]) { Threshold = AuthFailures },
        new(
            "metadata-size",
            "The largest 1 % of table metadata is past half of what an answer can carry.",
            [Ours(MetricList.MetadataBytes, "p99")]) { Threshold = HalfOfResponseLimit },
        new("response-oversize", "An answer was larger than the host can carry, and was refused.", [Ours(MetricList.OversizeResponses, "Sum")]),
    ];

    private static IEnumerable<AlarmRule> FunctionRules(AwsOptions options, AwsFunctions functions)
    {
        yield return new(
            "function-errors",
            "The API function ended without an answer: a crash, a timeout, no memory.",
            [Theirs("AWS/Lambda", "Errors", "Sum", ("FunctionName", functions.Api.Name))]);
        yield return new(
            "function-throttled",
            "Requests were refused because no more instances of the API function may run.",
            [Theirs("AWS/Lambda", "Throttles", "Sum", ("FunctionName", functions.Api.Name))]);
        if (options.ReservedConcurrency is { } reserved)
        {
            yield return new(
                "concurrency",
                "More than 80 % of the reserved concurrency is in use.",
                [Theirs("AWS/Lambda", "ConcurrentExecutions", "Maximum", ("FunctionName", functions.Api.Name))])
            {
                Threshold = reserved * ReservedConcurrencyPercent / 100,
                Periods = 3,
            };
        }
    }

    private static IEnumerable<AlarmRule> StoreRules(AwsStorage storage) =>
    [
        new(
            "store-errors",
            "DynamoDB answers with errors of its own.",
            [.. StoreOperations.Select(operation =>
                Theirs("AWS/DynamoDB", "SystemErrors", "Sum", ("TableName", storage.Table.Name), ("Operation", operation)))])
        {
            Expression = string.Join(" + ", StoreOperations.Select((_, index) => $"FILL(m{index}, 0)")),
        },
        new(
            "store-conflicts",
            "Transactions collide on the same rows, for fifteen minutes.",
            [Theirs("AWS/DynamoDB", "TransactionConflict", "Sum", ("TableName", storage.Table.Name))])
        {
            Threshold = TransactionConflicts,
            Periods = 3,
        },
    ];

    private static AlarmTerm Ours(Metric metric, string statistic, params (string Key, string Value)[] dimensions) =>
        new(MetricList.Namespace, metric.Name, statistic, [.. dimensions.Select(pair => KeyValuePair.Create<string, Input<string>>(pair.Key, pair.Value))]);

    private static AlarmTerm Theirs(string space, string metric, string statistic, params (string Key, Input<string> Value)[] dimensions) =>
        new(space, metric, statistic, [.. dimensions.Select(pair => KeyValuePair.Create(pair.Key, pair.Value))]);

    private static MetricAlarmArgs Args(AlarmRule rule, string prefix, Topic topic)
    {
        var args = new MetricAlarmArgs
        {
            Name = $"{prefix}-{rule.Id}",
            AlarmDescription = $"{rule.Meaning} What to do: docs/operations.md, {rule.Id}.",
            ComparisonOperator = rule.Below ? "LessThanThreshold" : "GreaterThanThreshold",
            Threshold = rule.Threshold,
            EvaluationPeriods = rule.Periods,
            DatapointsToAlarm = rule.Periods,
            TreatMissingData = rule.MissingIsBreach ? "breaching" : "notBreaching",
            AlarmActions = { topic.Arn },
            OkActions = { topic.Arn },
        };
        if (rule.Expression is null)
        {
            var term = rule.Terms.Single();
            args.Namespace = term.Namespace;
            args.MetricName = term.Metric;
            args.Period = (int)rule.Period.TotalSeconds;
            args.Dimensions = Dimensions(term);
            if (term.Statistic.StartsWith('p'))
            {
                args.ExtendedStatistic = term.Statistic;
            }
            else
            {
                args.Statistic = term.Statistic;
            }

            return args;
        }

        args.MetricQueries.Add(new MetricAlarmMetricQueryArgs { Id = "result", Expression = rule.Expression, Label = rule.Id, ReturnData = true });
        foreach (var (term, index) in rule.Terms.Select((term, index) => (term, index)))
        {
            args.MetricQueries.Add(new MetricAlarmMetricQueryArgs
            {
                Id = $"m{index}",
                ReturnData = false,
                Metric = new MetricAlarmMetricQueryMetricArgs
                {
                    Namespace = term.Namespace,
                    MetricName = term.Metric,
                    Stat = term.Statistic,
                    Period = (int)rule.Period.TotalSeconds,
                    Dimensions = Dimensions(term),
                },
            });
        }

        return args;
    }

    private static InputMap<string> Dimensions(AlarmTerm term)
    {
        var map = new InputMap<string>();
        foreach (var (key, value) in term.Dimensions)
        {
            map.Add(key, value);
        }

        return map;
    }
}
