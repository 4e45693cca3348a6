using Pulumi;
using Pulumi.AzureNative.ApplicationInsights;
using Pulumi.AzureNative.Authorization;
using Pulumi.AzureNative.ManagedIdentity;
using Pulumi.AzureNative.Resources;
using Pulumi.AzureNative.Web;
using Pulumi.AzureNative.Web.Inputs;

namespace Frazil.Infra;

/// <summary>The function app on a Flex Consumption plan.</summary>
public static class AzureFunctionApp
{
    private const string Runtime = "10.0";

    public static WebApp Declare(
        AzureOptions options, ResourceGroup group, UserAssignedIdentity identity, AzureStorage storage, AzureVault vault, Component insights,
        IReadOnlyList<RoleAssignment> grants)
    {
        var plan = new AppServicePlan("frazil-plan", new AppServicePlanArgs
        {
            ResourceGroupName = group.Name,
            Kind = "functionapp",
            Reserved = true, // Linux
            Sku = new SkuDescriptionArgs { Name = "FC1", Tier = "FlexConsumption" },
        });
        var app = new WebApp($"frazil-{options.Common.Stack}-app", new WebAppArgs
        {
            ResourceGroupName = group.Name,
            Kind = "functionapp,linux",
            ServerFarmId = plan.Id,
            HttpsOnly = true,
            Identity = new ManagedServiceIdentityArgs
            {
                Type = Pulumi.AzureNative.Web.ManagedServiceIdentityType.UserAssigned,
                UserAssignedIdentities = { identity.Id },
            },
            KeyVaultReferenceIdentity = identity.Id,
            FunctionAppConfig = new FunctionAppConfigArgs
            {
                Deployment = new FunctionsDeploymentArgs
                {
                    Storage = new FunctionsDeploymentStorageArgs
                    {
                        Type = FunctionsDeploymentStorageType.BlobContainer,
                        Value = storage.PackagesUri,
                        Authentication = new FunctionsDeploymentStorageAuthenticationArgs
                        {
                            Type = AuthenticationType.UserAssignedIdentity,
                            UserAssignedIdentityResourceId = identity.Id,
                        },
                    },
                },
                Runtime = new FunctionsRuntimeArgs { Name = RuntimeName.Dotnet_isolated, Version = Runtime },
                ScaleAndConcurrency = Scale(options),
            },
            SiteConfig = new SiteConfigArgs
            {
                MinTlsVersion = SupportedTlsVersions.SupportedTlsVersions_1_2,
                ScmMinTlsVersion = SupportedTlsVersions.SupportedTlsVersions_1_2,
                AppSettings = Settings(options, identity, storage, vault, insights),
            },
        }, new CustomResourceOptions { DependsOn = grants.Append<Pulumi.Resource>(storage.Package).ToArray() });

        // Publishing with a password is one more way in; the Azure CLI publishes with its own sign-in.
        _ = new WebAppFtpAllowed("frazil-no-ftp", new WebAppFtpAllowedArgs { ResourceGroupName = group.Name, Name = app.Name, Allow = false });
        _ = new WebAppScmAllowed("frazil-no-scm-password", new WebAppScmAllowedArgs { ResourceGroupName = group.Name, Name = app.Name, Allow = false });
        return app;
    }

    private static FunctionsScaleAndConcurrencyArgs Scale(AzureOptions options)
    {
        var scale = new FunctionsScaleAndConcurrencyArgs
        {
            InstanceMemoryMB = options.InstanceMemory,
            MaximumInstanceCount = options.MaximumInstances,
            Triggers = new FunctionsScaleAndConcurrencyTriggersArgs
            {
                Http = new FunctionsScaleAndConcurrencyTriggersHttpArgs { PerInstanceConcurrency = options.HttpConcurrency },
            },
        };
        if (options.AlwaysReady > 0)
        {
            scale.AlwaysReady.Add(new FunctionsAlwaysReadyConfigArgs { Name = "http", InstanceCount = options.AlwaysReady });
        }

        return scale;
    }

    private static InputList<NameValuePairArgs> Settings(
        AzureOptions options, UserAssignedIdentity identity, AzureStorage storage, AzureVault vault, Component insights)
    {
        var settings = new List<(string Name, Input<string> Value)>
        {
            // The host's own store and the SDK's identity: both by name and identity, no connection string.
            ("AzureWebJobsStorage__accountName", storage.State.Name),
            ("AzureWebJobsStorage__credential", "managedidentity"),
            ("AzureWebJobsStorage__clientId", identity.ClientId),
            ("AZURE_CLIENT_ID", identity.ClientId),
            ("APPLICATIONINSIGHTS_CONNECTION_STRING", Output.CreateSecret(insights.ConnectionString)),
            (SettingNames.Store, "azuretables"),
            (SettingNames.AzureTablesEndpoint, storage.TableEndpoint),
            (SettingNames.AzureTablesTable, storage.Table.Name),
            (SettingNames.CatalogName, options.Common.Catalog),
            (SettingNames.CatalogBaseLocation, storage.BaseLocation),
            (SettingNames.RootClientId, RootSecret.ClientId),
            (SettingNames.SecretSource, "env:" + SettingNames.RootSecret),
            (SettingNames.RootSecret, vault.Reference),
            (SettingNames.Package, options.Common.PackageDigest),
        };
        if (options.Common.AllowedLocations.Count > 0)
        {
            settings.Add((SettingNames.CatalogAllowedLocations, string.Join(',', options.Common.AllowedLocations)));
        }

        return settings.Select(setting => new NameValuePairArgs { Name = setting.Name, Value = setting.Value }).ToArray();
    }
}
