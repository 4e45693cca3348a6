using Frazil.AzureFunctions;
using Frazil.Entities;
using Frazil.Iceberg;

namespace Frazil.Functions.Tests;

public sealed class SettingTests
{
    private static readonly Dictionary<string, string> Deployed = new()
    {
        [SettingNames.Store] = "azuretables",
        [SettingNames.AzureTablesEndpoint] = "https://account.table.core.windows.net/",
        [SettingNames.AzureTablesTable] = "frazil",
        [SettingNames.CatalogName] = "lake",
        [SettingNames.CatalogBaseLocation] = "abfss://lake@account.dfs.core.windows.net/warehouse",
        [SettingNames.SecretSource] = "env:" + SettingNames.RootSecret,
        [SettingNames.RootSecret] = Worker.Secret,
        [SettingNames.RootClientId] = "root",
    };

    [Fact]
    public void A_deployed_app_has_its_catalog_and_its_principal()
    {
        var settings = Read((SettingNames.CatalogAllowedLocations, "abfss://other@account.dfs.core.windows.net/a, abfss://other@account.dfs.core.windows.net/b"));
        Assert.Equal("lake", settings.Catalog);
        Assert.Equal(StorageType.Azure, settings.Storage.Type);
        Assert.Equal(2, settings.Storage.AllowedLocations.Count);
        Assert.True(settings.Root.Verify("root", Worker.Secret));
        Assert.Null(settings.Emulator);
    }

    [Theory]
    [InlineData(SettingNames.SecretSource, null, "FRAZIL__AUTH__SECRETSOURCE is not set: without a root secret everybody")]
    [InlineData(SettingNames.SecretSource, "ssm:/frazil/root", "must be env:VARIABLE")]
    [InlineData(SettingNames.SecretSource, "env:", "must be env:VARIABLE")]
    [InlineData(SettingNames.RootSecret, null, "FRAZIL__AUTH__ROOTSECRET, where")]
    [InlineData(SettingNames.RootSecret, "short", "at least 32 characters")]
    [InlineData(SettingNames.RootSecret, "@Microsoft.KeyVault(VaultName=frazil;SecretName=frazil-root-secret)", "could not follow")]
    public void Without_a_root_secret_there_is_no_start(string variable, string? text, string message) =>
        Assert.Contains(message, Assert.Throws<SettingException>(() => Read((variable, text))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(SettingNames.Store, "dynamodb", "serves azuretables only")]
    [InlineData(SettingNames.Store, null, "FRAZIL__STORE is not set")]
    [InlineData(SettingNames.AzureTablesEndpoint, "account.table.core.windows.net", "must be an https address")]
    [InlineData(SettingNames.AzureTablesEndpoint, "http://account.table.core.windows.net/", "must be an https address")]
    [InlineData(SettingNames.AzureTablesTable, null, "FRAZIL__AZURETABLES__TABLE is not set")]
    [InlineData(SettingNames.CatalogBaseLocation, "s3://bucket/warehouse", "must be abfss://")]
    [InlineData(SettingNames.CatalogBaseLocation, "file:///tmp/warehouse", "must be abfss://")]
    [InlineData(SettingNames.CatalogBaseLocation, "warehouse", "FRAZIL__CATALOG__BASELOCATION")]
    [InlineData(DevelopmentSettings.AccountKey, "a2V5", "is for an emulator on this machine")]
    [InlineData(DevelopmentSettings.KeepDroppedSeconds, "0", "is for an emulator on this machine")]
    public void What_is_wrong_is_named(string variable, string? text, string message) =>
        Assert.Contains(message, Assert.Throws<SettingException>(() => Read((variable, text))).Message, StringComparison.Ordinal);

    [Fact]
    public void A_message_never_holds_the_secret()
    {
        var exception = Assert.Throws<SettingException>(() => Read((SettingNames.SecretSource, Worker.Secret)));
        Assert.DoesNotContain(Worker.Secret, exception.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Tables_may_lie_in_several_accounts()
    {
        var settings = Read((SettingNames.CatalogAllowedLocations, "abfss://other@second.dfs.core.windows.net/a,abfss://lake@account.dfs.core.windows.net/b"));
        var parts = new AzureParts(settings, TimeProvider.System, new IdSource());
        Assert.NotNull(parts.OpenStorage(settings.Storage));
    }

    [Theory]
    [InlineData("s3://bucket/warehouse", "is not an Azure location")]
    [InlineData("abfss://lake@account.dfs.core.chinacloudapi.cn/a", "accounts of one name in different clouds: account.blob.core.windows.net, account.blob.core.chinacloudapi.cn")]
    [InlineData("abfss://lake@second.dfs.:/a", "has no valid host")]
    public void A_location_that_no_account_serves_is_a_bad_request(string location, string message)
    {
        var settings = Read();
        var storage = settings.Storage with { AllowedLocations = [location] };
        var refusal = Assert.Throws<CatalogException>(() => new AzureParts(settings, TimeProvider.System, new IdSource()).OpenStorage(storage));
        Assert.Equal(ErrorKind.BadRequest, refusal.Kind);
        Assert.Contains(message, refusal.Message, StringComparison.Ordinal);
    }

    private static AzureSettings Read(params (string Name, string? Text)[] changes)
    {
        var environment = new Dictionary<string, string?>(Deployed.Select(entry => KeyValuePair.Create(entry.Key, (string?)entry.Value)));
        foreach (var (name, text) in changes)
        {
            environment[name] = text;
        }

        return AzureSettings.Read(name => environment.GetValueOrDefault(name));
    }
}
