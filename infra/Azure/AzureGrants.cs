using Pulumi;
using Pulumi.AzureNative.Authorization;
using Pulumi.AzureNative.ManagedIdentity;

namespace Frazil.Infra;

/// <summary>
/// The role assignments, each on the smallest scope that carries it. One identity serves requests and jobs alike: a delegation signature cannot
/// say more than its signer may do, so who vends writing must itself be allowed to write.
/// </summary>
public static class AzureGrants
{
    private const string BlobDataContributor = "ba92f5b4-2d11-453d-a403-e96b0029c9fe";
    private const string BlobDataOwner = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b";
    private const string BlobDelegator = "db58b8e5-c6ad-4a2a-8342-4190687cbf4a";
    private const string TableDataContributor = "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3";
    private const string VaultSecretsUser = "4633458b-17de-408a-b874-0445c86b69e6";

    public static IReadOnlyList<RoleAssignment> Declare(AzureOptions options, UserAssignedIdentity identity, AzureStorage storage, AzureVault vault)
    {
        var subscription = GetClientConfig.Invoke().Apply(client => client.SubscriptionId);
        foreach (var (person, index) in options.Operators.Select((person, index) => (person, index)))
        {
            _ = new RoleAssignment($"frazil-operator-{index}", new RoleAssignmentArgs
            {
                PrincipalId = person.ToString(),
                RoleDefinitionId = Role(subscription, VaultSecretsUser),
                Scope = vault.Secret.Id,
                Description = "Frazil: may read the root secret",
            });
        }

        RoleAssignment Grant(string name, string role, Input<string> scope, string why) => new($"frazil-{name}", new RoleAssignmentArgs
        {
            PrincipalId = identity.PrincipalId,
            PrincipalType = PrincipalType.ServicePrincipal,
            RoleDefinitionId = Role(subscription, role),
            Scope = scope,
            Description = $"Frazil: {why}",
        });

        return
        [
            Grant(
                "rows",
                TableDataContributor,
                Output.Format($"{storage.State.Id}/tableServices/default/tables/{storage.Table.Name}"),
                "reads and writes its rows"),
            Grant("files", BlobDataContributor, storage.Lake.Id, "reads, writes and purges the tables' files"),
            Grant("delegation", BlobDelegator, storage.Data.Id, "signs what it vends"),
            Grant("host", BlobDataOwner, storage.State.Id, "the Functions host keeps its locks and keys here"),
            Grant("code", BlobDataContributor, storage.Packages.Id, "the package that the host runs"),
            Grant("root-secret-reader", VaultSecretsUser, vault.Secret.Id, "reads the root secret"),
        ];
    }

    private static Output<string> Role(Output<string> subscription, string role) =>
        Output.Format($"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}");
}
