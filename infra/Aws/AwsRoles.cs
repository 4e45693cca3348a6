using Pulumi;
using Pulumi.Aws.CloudWatch;
using Pulumi.Aws.Iam;
using Pulumi.Aws.Sqs;

namespace Frazil.Infra;

/// <summary>The roles and what they write to. Each function has its own; only the API's may take on the vending role.</summary>
public sealed record AwsRoles(Role Api, Role Jobs, Role Vending, LogGroup ApiLogs, LogGroup JobsLogs, Queue DeadLetters, IReadOnlyList<RolePolicy> Attached)
{
    /// <summary>A role that was itself taken on by a role gives sessions of an hour at most, whatever this says; more would promise too much.</summary>
    private const int VendingSessionSeconds = 3600;

    private const int DeadLetterSeconds = 14 * 24 * 3600;

    public static AwsRoles Declare(AwsOptions options, string prefix, AwsStorage storage, Output<string> accountId)
    {
        var deadLetters = new Queue($"{prefix}-dead-letters", new QueueArgs { MessageRetentionSeconds = DeadLetterSeconds, SqsManagedSseEnabled = true });
        _ = new QueuePolicy($"{prefix}-dead-letters-policy", new QueuePolicyArgs
        {
            QueueUrl = deadLetters.Url,
            Policy = deadLetters.Arn.Apply(arn => Policies.QueueOverTls(arn).ToJson()),
        });
        var apiLogs = Logs(options, prefix, "api");
        var jobsLogs = Logs(options, prefix, "jobs");

        var api = NewRole($"{prefix}-api-role", "Frazil: answers requests", Policies.TrustService("lambda.amazonaws.com").ToJson());
        var jobs = NewRole($"{prefix}-jobs-role", "Frazil: runs the timed jobs", Policies.TrustService("lambda.amazonaws.com").ToJson());
        var vending = NewRole(
            $"{prefix}-vending-role",
            "Frazil: what clients are given for a table, narrowed for each session",
            api.Arn.Apply(arn => Policies.TrustRole(arn).ToJson()),
            VendingSessionSeconds);

        var resources = Resources(options, storage, apiLogs, jobsLogs, deadLetters, accountId);
        return new AwsRoles(api, jobs, vending, apiLogs, jobsLogs, deadLetters,
        [
            Attach($"{prefix}-api-policy", api, Output.Tuple(resources, vending.Arn).Apply(both => Policies.Api(both.Item1, both.Item2).ToJson())),
            Attach($"{prefix}-jobs-policy", jobs, resources.Apply(on => Policies.Jobs(on).ToJson())),
            Attach($"{prefix}-vending-policy", vending, resources.Apply(on => Policies.Vending(on).ToJson())),
        ]);
    }

    private static LogGroup Logs(AwsOptions options, string prefix, string function) =>
        new($"{prefix}-{function}-logs", new LogGroupArgs { Name = $"/{prefix}/{function}", RetentionInDays = options.Common.LogRetentionDays });

    private static Role NewRole(string name, string description, Input<string> trust, int? sessionSeconds = null) => new(name, new RoleArgs
    {
        Description = description,
        AssumeRolePolicy = trust,
        MaxSessionDuration = sessionSeconds is { } seconds ? seconds : (Input<int>?)null,
    });

    private static RolePolicy Attach(string name, Role role, Output<string> policy) => new(name, new RolePolicyArgs { Role = role.Id, Policy = policy });

    private static Output<AwsResources> Resources(
        AwsOptions options, AwsStorage storage, LogGroup apiLogs, LogGroup jobsLogs, Queue deadLetters, Output<string> accountId) =>
        Output.All<string>(
            storage.Bucket.Arn, storage.Bucket.Id, accountId, storage.Table.Arn, storage.Secret.Arn, apiLogs.Arn, jobsLogs.Arn, deadLetters.Arn,
            storage.Key?.Arn ?? Output.Create("")).Apply(names => new AwsResources(
                Partition: names[0].Split(':')[1],
                AccountId: names[2],
                TableArn: names[3],
                SecretArn: names[4],
                ApiLogsArn: names[5],
                JobsLogsArn: names[6],
                DeadLettersArn: names[7],
                Locations: [new S3Location(names[1], AwsStorage.WarehousePrefix), .. options.Locations],
                KeyArn: names[8].Length == 0 ? null : names[8]));
}
