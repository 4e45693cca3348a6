using Pulumi;
using Pulumi.Aws;

namespace Frazil.Infra;

/// <summary>The AWS deployment, from what holds data to what watches it.</summary>
public static class AwsDeployment
{
    public static AwsOutputs Declare(AwsOptions options, Func<string> makeSecret)
    {
        var prefix = $"frazil-{options.Common.Stack}";
        var region = GetRegion.Invoke().Apply(result => result.Region);
        var accountId = GetCallerIdentity.Invoke().Apply(result => result.AccountId);

        var storage = AwsStorage.Declare(options, prefix, makeSecret);
        var roles = AwsRoles.Declare(options, prefix, storage, accountId);
        var functions = AwsFunctions.Declare(options, prefix, storage, roles, region);
        AwsSchedules.Declare(prefix, roles, functions, accountId);
        var topic = options.Common.Alarms ? AwsAlarms.Declare(options, prefix, storage, roles, functions, accountId) : null;
        var dashboard = options.Common.Alarms ? AwsDashboard.Declare(options, prefix, storage, roles, functions, region) : null;

        return new AwsOutputs(
            CatalogUri: functions.Uri,
            RootSecretCommand: Output.Format(
                $"aws ssm get-parameter --region {region} --with-decryption --name {storage.Secret.Name} --query Parameter.Value --output text"),
            SparkSnippet: Snippets.Spark(functions.Uri, options.Common.Catalog, "iceberg-aws-bundle"),
            PyIcebergSnippet: Snippets.PyIceberg(functions.Uri, options.Common.Catalog),
            Warehouse: AwsFunctions.BaseLocation(storage),
            Region: region,
            Table: storage.Table.Name,
            Bucket: storage.Bucket.Id,
            ApiFunction: functions.Api.Name,
            JobsFunction: functions.Jobs.Name,
            VendingRoleArn: roles.Vending.Arn,
            DeadLetters: roles.DeadLetters.Url,
            ApiLogs: roles.ApiLogs.Name,
            AlarmTopic: topic?.Arn,
            DashboardUri: dashboard);
    }
}
