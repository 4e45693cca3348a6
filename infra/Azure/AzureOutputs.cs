using Pulumi;

namespace Frazil.Infra;

/// <summary>What an Azure stack gives back. Nothing in it is secret: the root secret is fetched by the command.</summary>
public sealed record AzureOutputs(
    Output<string> CatalogUri, Output<string> RootSecretCommand, Output<string> SparkSnippet, Output<string> PyIcebergSnippet, Output<string> Warehouse,
    Output<string> ResourceGroup, Output<string> FunctionApp, Output<string> StateAccount, Output<string> DataAccount, Output<string> Vault,
    Output<string> PrincipalId, Output<string> WorkspaceId, Output<string> RestartCommand)
{
    public IDictionary<string, object?> ToDictionary() => new Dictionary<string, object?>
    {
        ["catalogUri"] = CatalogUri,
        ["rootClientId"] = RootSecret.ClientId,
        ["rootSecretCommand"] = RootSecretCommand,
        ["sparkSnippet"] = SparkSnippet,
        ["pyIcebergSnippet"] = PyIcebergSnippet,
        ["warehouse"] = Warehouse,
        ["resourceGroup"] = ResourceGroup,
        ["functionApp"] = FunctionApp,
        ["stateAccount"] = StateAccount,
        ["dataAccount"] = DataAccount,
        ["vault"] = Vault,
        ["principalId"] = PrincipalId,
        ["workspaceId"] = WorkspaceId,
        ["restartCommand"] = RestartCommand,
    };
}
