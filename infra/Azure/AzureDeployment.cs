using Pulumi;
using Pulumi.AzureNative.ApplicationInsights;
using Pulumi.AzureNative.ManagedIdentity;
using Pulumi.AzureNative.OperationalInsights;
using Pulumi.AzureNative.OperationalInsights.Inputs;
using Pulumi.AzureNative.Resources;

namespace Frazil.Infra;

/// <summary>The Azure deployment, from what holds data to what watches it.</summary>
public static class AzureDeployment
{
    public static AzureOutputs Declare(AzureOptions options, Func<string> makeSecret)
    {
        var group = new ResourceGroup($"frazil-{options.Common.Stack}", new ResourceGroupArgs());
        var storage = AzureStorage.Declare(options, group);
        var vault = AzureVault.Declare(options, group, makeSecret);
        var identity = new UserAssignedIdentity("frazil-identity", new UserAssignedIdentityArgs { ResourceGroupName = group.Name });
        var grants = AzureGrants.Declare(options, identity, storage, vault);

        var workspace = new Workspace("frazil-logs", new WorkspaceArgs
        {
            ResourceGroupName = group.Name,
            RetentionInDays = options.Common.LogRetentionDays,
            Sku = new WorkspaceSkuArgs { Name = WorkspaceSkuNameEnum.PerGB2018 },
        });
        var insights = new Component("frazil-insights", new ComponentArgs
        {
            ResourceGroupName = group.Name,
            Kind = "web",
            ApplicationType = ApplicationType.Web,
            IngestionMode = IngestionMode.LogAnalytics,
            WorkspaceResourceId = workspace.Id,
        });
        var app = AzureFunctionApp.Declare(options, group, identity, storage, vault, insights, grants);
        if (options.Common.Alarms)
        {
            AzureAlerts.Declare(options, group, storage, workspace);
            AzureWorkbook.Declare(options, group, workspace);
        }

        var uri = Output.Format($"https://{app.DefaultHostName}");
        return new AzureOutputs(
            CatalogUri: uri,
            RootSecretCommand: vault.ShowCommand,
            SparkSnippet: Snippets.Spark(uri, options.Common.Catalog, "iceberg-azure-bundle"),
            PyIcebergSnippet: Snippets.PyIceberg(uri, options.Common.Catalog),
            Warehouse: storage.BaseLocation,
            ResourceGroup: group.Name,
            FunctionApp: app.Name,
            StateAccount: storage.State.Name,
            DataAccount: storage.Data.Name,
            Vault: vault.Vault.Name,
            PrincipalId: identity.PrincipalId,
            WorkspaceId: workspace.CustomerId,
            RestartCommand: Output.Format($"az functionapp restart --resource-group {group.Name} --name {app.Name}"));
    }
}
