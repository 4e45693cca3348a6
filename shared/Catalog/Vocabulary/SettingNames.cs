namespace Frazil;

// This file stands alone (no other type of ours): the infrastructure program compiles it too, and sets what the hosts read.

/// <summary>The environment variables that a cloud host reads. A double underscore parts levels, as in .NET configuration.</summary>
public static class SettingNames
{
    /// <summary>What a Lambda function of the one package does: <c>api</c> answers HTTP, <c>jobs</c> runs the job that a schedule names.</summary>
    public const string Entry = "FRAZIL__ENTRY";

    /// <summary>The key-value store: <c>dynamodb</c> or <c>azuretables</c>.</summary>
    public const string Store = "FRAZIL__STORE";

    /// <summary>Name of the DynamoDB table; its keys are those of <see cref="DynamoDbSchema"/>.</summary>
    public const string DynamoDbTable = "FRAZIL__DYNAMODB__TABLE";

    /// <summary>Endpoint of the table service, such as <c>https://account.table.core.windows.net/</c>.</summary>
    public const string AzureTablesEndpoint = "FRAZIL__AZURETABLES__ENDPOINT";

    /// <summary>Name of the table in <see cref="AzureTablesEndpoint"/>.</summary>
    public const string AzureTablesTable = "FRAZIL__AZURETABLES__TABLE";

    /// <summary>Name of the catalog that exists from the first start.</summary>
    public const string CatalogName = "FRAZIL__CATALOG__NAME";

    /// <summary>Where its tables live by default: <c>s3://bucket/warehouse</c> or <c>abfss://container@account.dfs.core.windows.net/warehouse</c>.</summary>
    public const string CatalogBaseLocation = "FRAZIL__CATALOG__BASELOCATION";

    /// <summary>Other locations where its tables may live, parted by commas; absent when there is none.</summary>
    public const string CatalogAllowedLocations = "FRAZIL__CATALOG__ALLOWEDLOCATIONS";

    /// <summary>The role that credentials for clients are taken from (AWS).</summary>
    public const string CatalogRoleArn = "FRAZIL__CATALOG__ROLEARN";

    /// <summary>Region of the bucket (AWS), handed on to clients.</summary>
    public const string CatalogRegion = "FRAZIL__CATALOG__REGION";

    /// <summary>Client id of the root principal.</summary>
    public const string RootClientId = "FRAZIL__AUTH__ROOTCLIENTID";

    /// <summary>
    /// Where the root client secret is: <c>ssm:NAME</c> (Parameter Store), <c>secretsmanager:NAME</c>, or <c>env:VARIABLE</c>,
    /// a variable that the platform fills from its vault.
    /// </summary>
    public const string SecretSource = "FRAZIL__AUTH__SECRETSOURCE";

    /// <summary>The variable that holds the secret where <see cref="SecretSource"/> is <c>env:</c> this.</summary>
    public const string RootSecret = "FRAZIL__AUTH__ROOTSECRET";

    /// <summary>Digest of the deployed package. No host reads it: a change restarts the app (Azure).</summary>
    public const string Package = "FRAZIL__PACKAGE";
}
