using Pulumi;
using Pulumi.AzureNative.Resources;
using Pulumi.AzureNative.Storage;
using Pulumi.AzureNative.Storage.Inputs;

namespace Frazil.Infra;

/// <summary>
/// Three accounts, since they need different rights. <see cref="State"/> holds the rows and the host's own locks, <see cref="Data"/> (hierarchical,
/// for <c>abfss</c>) the tables' files; neither has usable keys. <see cref="Code"/> holds the package and nothing else: the provider uploads it
/// with the account's key, so that one account keeps them.
/// </summary>
public sealed record AzureStorage(
    StorageAccount State, StorageAccount Data, StorageAccount Code, Table Table, BlobContainer Lake, BlobContainer Packages, Blob Package)
{
    public const string TableName = "frazil";
    public const string LakeName = "lake";
    public const string WarehousePath = "warehouse";

    /// <summary>The name under which Flex Consumption looks for the code.</summary>
    public const string PackageName = "released-package.zip";

    private const string PackagesName = "packages";
    private const int DaysToUndeleteContainers = 7;

    public static AzureStorage Declare(AzureOptions options, ResourceGroup group)
    {
        var protect = new CustomResourceOptions { Protect = options.Common.DeletionProtection };
        var state = Account(options, group, "frazilstate", hierarchical: false, keys: false, protect);
        var data = Account(options, group, "frazildata", hierarchical: true, keys: false, protect);
        var code = Account(options, group, "frazilcode", hierarchical: false, keys: true, new CustomResourceOptions());

        var table = new Table("frazil-table", new TableArgs { ResourceGroupName = group.Name, AccountName = state.Name, TableName = TableName }, protect);
        _ = new BlobServiceProperties("frazil-data-blobs", new BlobServicePropertiesArgs
        {
            ResourceGroupName = group.Name,
            AccountName = data.Name,
            BlobServicesName = "default",
            ContainerDeleteRetentionPolicy = new DeleteRetentionPolicyArgs { Enabled = true, Days = DaysToUndeleteContainers },

            // Deleted files are gone: the catalog has its own trash, and a purge that keeps everything for a week would be paid for.
            DeleteRetentionPolicy = new DeleteRetentionPolicyArgs { Enabled = false },
        });
        var lake = Container(group, data, LakeName, protect);
        var packages = Container(group, code, PackagesName, new CustomResourceOptions());
        var package = new Blob("frazil-package", new BlobArgs
        {
            ResourceGroupName = group.Name,
            AccountName = code.Name,
            ContainerName = packages.Name,
            BlobName = PackageName,
            Type = BlobType.Block,
            ContentType = "application/zip",
            Source = new FileAsset(options.Common.Package),
        }, new CustomResourceOptions { DeleteBeforeReplace = true }); // the name is fixed: deleting the old one afterwards would delete the new one
        return new AzureStorage(state, data, code, table, lake, packages, package);
    }

    /// <summary><c>abfss://lake@account.dfs.core.windows.net/warehouse</c>, with the host name that the cloud gives.</summary>
    public Output<string> BaseLocation => Data.PrimaryEndpoints.Apply(endpoints => $"abfss://{LakeName}@{new Uri(endpoints.Dfs).Host}/{WarehousePath}");

    public Output<string> TableEndpoint => State.PrimaryEndpoints.Apply(endpoints => endpoints.Table);

    public Output<string> PackagesUri => Code.PrimaryEndpoints.Apply(endpoints => $"{endpoints.Blob}{PackagesName}");

    private static StorageAccount Account(
        AzureOptions options, ResourceGroup group, string name, bool hierarchical, bool keys, CustomResourceOptions protect) => new(name, new StorageAccountArgs
        {
            ResourceGroupName = group.Name,
            Kind = Kind.StorageV2,
            Sku = new SkuArgs { Name = options.ZoneRedundant ? SkuName.Standard_ZRS : SkuName.Standard_LRS },
            AccessTier = AccessTier.Hot,
            IsHnsEnabled = hierarchical,
            EnableHttpsTrafficOnly = true,
            MinimumTlsVersion = MinimumTlsVersion.TLS1_2,
            AllowBlobPublicAccess = false,
            AllowSharedKeyAccess = keys,
            DefaultToOAuthAuthentication = true,
            AllowCrossTenantReplication = false,
            IsLocalUserEnabled = false,
            IsSftpEnabled = false,
            Encryption = new EncryptionArgs
            {
                KeySource = KeySource.Microsoft_Storage,
                Services = new EncryptionServicesArgs { Blob = new EncryptionServiceArgs { Enabled = true, KeyType = KeyType.Account } },
            },
        }, protect);

    private static BlobContainer Container(
        ResourceGroup group, StorageAccount account, string name, CustomResourceOptions protect) => new($"frazil-{name}", new BlobContainerArgs
        {
            ResourceGroupName = group.Name,
            AccountName = account.Name,
            ContainerName = name,
            PublicAccess = PublicAccess.None,
        }, protect);
}
