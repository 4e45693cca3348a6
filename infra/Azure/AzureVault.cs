using Pulumi;
using Pulumi.AzureNative.Authorization;
using Pulumi.AzureNative.KeyVault;
using Pulumi.AzureNative.KeyVault.Inputs;
using Pulumi.AzureNative.Resources;

namespace Frazil.Infra;

/// <summary>The vault with the root secret. Rights come from role assignments only.</summary>
public sealed record AzureVault(Vault Vault, Secret Secret)
{
    private const string SecretName = "frazil-root-client-secret";

    public static AzureVault Declare(AzureOptions options, ResourceGroup group, Func<string> makeSecret)
    {
        var vault = new Vault("frazil-vault", new VaultArgs
        {
            ResourceGroupName = group.Name,
            Properties = new VaultPropertiesArgs
            {
                TenantId = GetClientConfig.Invoke().Apply(client => client.TenantId),
                Sku = new SkuArgs { Family = SkuFamily.A, Name = SkuName.Standard },
                EnableRbacAuthorization = true,
                EnableSoftDelete = true,
                EnablePurgeProtection = options.Common.DeletionProtection ? true : (Input<bool>?)null, // what is on cannot be turned off again
            },
        }, new CustomResourceOptions { Protect = options.Common.DeletionProtection });
        var secret = new Secret("frazil-root-secret", new Pulumi.AzureNative.KeyVault.SecretArgs
        {
            ResourceGroupName = group.Name,
            VaultName = vault.Name,
            SecretName = SecretName,
            Properties = new SecretPropertiesArgs { ContentType = "text/plain", Value = RootSecret.Value(options.Common, makeSecret) },
        }, WithVault(RootSecret.Kept(options.Common, "properties.value"), vault));
        return new AzureVault(vault, secret);
    }

    /// <summary>The secret goes when the vault goes: deleting it by itself would ask for a right on the vault's data that who deploys need not have.</summary>
    private static CustomResourceOptions WithVault(CustomResourceOptions options, Vault vault)
    {
        options.DeletedWith = vault;
        return options;
    }

    /// <summary>What an app setting says so that the platform puts the secret in its place.</summary>
    public Output<string> Reference => Output.Format($"@Microsoft.KeyVault(VaultName={Vault.Name};SecretName={Secret.Name})");

    public Output<string> ShowCommand => Output.Format($"az keyvault secret show --vault-name {Vault.Name} --name {Secret.Name} --query value --output tsv");
}
