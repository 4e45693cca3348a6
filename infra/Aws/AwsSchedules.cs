using System.Text.Json;
using Pulumi;
using Pulumi.Aws.Iam;
using Pulumi.Aws.Scheduler;
using Pulumi.Aws.Scheduler.Inputs;

namespace Frazil.Infra;

/// <summary>A schedule for every job of the list.</summary>
public static class AwsSchedules
{
    private const int MaxAttempts = 3;

    public static void Declare(string prefix, AwsRoles roles, AwsFunctions functions, Output<string> accountId)
    {
        var group = new ScheduleGroup($"{prefix}-schedules", new ScheduleGroupArgs());
        var role = new Role($"{prefix}-scheduler-role", new RoleArgs
        {
            Description = "Frazil: starts the jobs function",
            AssumeRolePolicy = accountId.Apply(account => Policies.TrustScheduler(account).ToJson()),
        });
        var policy = new RolePolicy($"{prefix}-scheduler-policy", new RolePolicyArgs
        {
            Role = role.Id,
            Policy = Output.Tuple(functions.Jobs.Arn, roles.DeadLetters.Arn).Apply(arns => Policies.Scheduler(arns.Item1, arns.Item2).ToJson()),
        });
        foreach (var job in JobList.All)
        {
            _ = new Schedule($"{prefix}-{job.Name}", new ScheduleArgs
            {
                GroupName = group.Name,
                Description = job.Purpose,
                ScheduleExpression = Rate(job.Every),
                FlexibleTimeWindow = new ScheduleFlexibleTimeWindowArgs { Mode = "OFF" },
                Target = new ScheduleTargetArgs
                {
                    Arn = functions.Jobs.Arn,
                    RoleArn = role.Arn,
                    Input = JsonSerializer.Serialize(new Dictionary<string, string> { ["job"] = job.Name }),
                    RetryPolicy = new ScheduleTargetRetryPolicyArgs
                    {
                        MaximumRetryAttempts = MaxAttempts,
                        MaximumEventAgeInSeconds = (int)job.Every.TotalSeconds, // the next one comes then
                    },
                    DeadLetterConfig = new ScheduleTargetDeadLetterConfigArgs { Arn = roles.DeadLetters.Arn },
                },
            }, new CustomResourceOptions { DependsOn = { policy } });
        }
    }

    /// <summary>A rate as the scheduler wants it: singular for one.</summary>
    public static string Rate(TimeSpan every) =>
        every.TotalMinutes == 1 ? "rate(1 minute)"
        : every.TotalHours == 1 ? "rate(1 hour)"
        : every.Minutes == 0 ? $"rate({every.TotalHours:0} hours)"
        : $"rate({every.TotalMinutes:0} minutes)";
}
