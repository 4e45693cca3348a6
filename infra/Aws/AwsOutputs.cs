using Pulumi;

namespace Frazil.Infra;

/// <summary>What an AWS stack gives back. Nothing in it is secret: the root secret is fetched by the command.</summary>
public sealed record AwsOutputs(
    Output<string> CatalogUri, Output<string> RootSecretCommand, Output<string> SparkSnippet, Output<string> PyIcebergSnippet, Output<string> Warehouse,
    Output<string> Region, Output<string> Table, Output<string> Bucket, Output<string> ApiFunction, Output<string> JobsFunction,
    Output<string> VendingRoleArn, Output<string> DeadLetters, Output<string> ApiLogs, Output<string>? AlarmTopic, Output<string>? DashboardUri)
{
    public IDictionary<string, object?> ToDictionary() => new Dictionary<string, object?>
    {
        ["catalogUri"] = CatalogUri,
        ["rootClientId"] = RootSecret.ClientId,
        ["rootSecretCommand"] = RootSecretCommand,
        ["sparkSnippet"] = SparkSnippet,
        ["pyIcebergSnippet"] = PyIcebergSnippet,
        ["warehouse"] = Warehouse,
        ["region"] = Region,
        ["table"] = Table,
        ["bucket"] = Bucket,
        ["apiFunction"] = ApiFunction,
        ["jobsFunction"] = JobsFunction,
        ["vendingRoleArn"] = VendingRoleArn,
        ["deadLetters"] = DeadLetters,
        ["apiLogs"] = ApiLogs,
        ["alarmTopic"] = AlarmTopic,
        ["dashboardUri"] = DashboardUri,
    };
}
