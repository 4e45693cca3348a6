namespace Frazil.Infra.Tests;

/// <summary>What an Azure stack declares, beside its alerts.</summary>
public sealed class AzureTests : IAsyncLifetime
{
    private const string Group = "/subscriptions/sub-1/resourceGroups/frazil-test";
    private const string Storage = $"{Group}/providers/Microsoft.Storage/storageAccounts";
    private const string RootSecretId = $"{Group}/providers/Microsoft.KeyVault/vaults/frazil-vault/secrets/frazil-root-client-secret";

    private Declared _stack = null!;

    public async Task InitializeAsync() => _stack = await Stacks.AzureAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public void Every_storage_account_is_private_encrypted_and_speaks_tls_only()
    {
        var accounts = _stack.OfType("azure-native:storage:StorageAccount").ToList();
        Assert.Equal(3, accounts.Count);
        Assert.All(accounts, account =>
        {
            Assert.Equal(true, account.Inputs["enableHttpsTrafficOnly"]);
            Assert.Equal("TLS1_2", account.Inputs["minimumTlsVersion"]);
            Assert.Equal(false, account.Inputs["allowBlobPublicAccess"]);
            Assert.Equal(false, account.Inputs["allowCrossTenantReplication"]);
            Assert.Equal(false, account.Inputs["isSftpEnabled"]);
            Assert.Equal(false, account.Inputs["isLocalUserEnabled"]);
            Assert.Equal(true, account.Inputs["defaultToOAuthAuthentication"]);
            Assert.Equal(true, account.Object("encryption").Object("services").Object("blob")["enabled"]);
        });
    }

    [Fact]
    public void Accounts_that_hold_rows_or_files_have_no_usable_keys()
    {
        Assert.Equal(false, _stack["frazilstate"].Inputs["allowSharedKeyAccess"]);
        Assert.Equal(false, _stack["frazildata"].Inputs["allowSharedKeyAccess"]);
    }

    [Fact]
    public void The_account_with_keys_holds_the_package_and_nothing_else()
    {
        Assert.Equal(true, _stack["frazilcode"].Inputs["allowSharedKeyAccess"]);
        var inside = _stack.Mocks.All.Where(resource => resource.Inputs.GetValueOrDefault("accountName") as string == "frazilcode").Select(resource => resource.Name);
        Assert.Equal(["frazil-package", "frazil-packages"], inside);
    }

    [Fact]
    public void Only_the_data_account_is_hierarchical()
    {
        Assert.Equal(true, _stack["frazildata"].Inputs["isHnsEnabled"]);
        Assert.Equal(false, _stack["frazilstate"].Inputs["isHnsEnabled"]);
        Assert.Equal(false, _stack["frazilcode"].Inputs["isHnsEnabled"]);
    }

    [Fact]
    public void Containers_are_private()
    {
        var containers = _stack.OfType("azure-native:storage:BlobContainer").ToList();
        Assert.Equal(["lake", "packages"], containers.Select(container => container.Text("containerName")).Order(StringComparer.Ordinal));
        Assert.All(containers, container => Assert.Equal("None", container.Inputs["publicAccess"]));
    }

    [Fact]
    public void The_table_gives_no_stored_access_policy() => Assert.DoesNotContain("signedIdentifiers", _stack["frazil-table"].Inputs.Keys);

    [Fact]
    public void Rights_are_these_and_no_more()
    {
        var grants = _stack.OfType("azure-native:authorization:RoleAssignment").Select(grant => (Role: grant.Text("roleDefinitionId").Split('/')[^1], Scope: grant.Text("scope"))).ToHashSet();
        Assert.Equal(
            new HashSet<(string, string)>
            {
                ("0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3", $"{Storage}/frazilstate/tableServices/default/tables/frazil"), // Storage Table Data Contributor
                ("ba92f5b4-2d11-453d-a403-e96b0029c9fe", $"{Storage}/frazildata/blobServices/default/containers/lake"), // Storage Blob Data Contributor
                ("db58b8e5-c6ad-4a2a-8342-4190687cbf4a", $"{Storage}/frazildata"), // Storage Blob Delegator
                ("b7e6dc6d-f1e8-4753-8033-0f276bb0955b", $"{Storage}/frazilstate"), // Storage Blob Data Owner, which the Functions host asks for
                ("ba92f5b4-2d11-453d-a403-e96b0029c9fe", $"{Storage}/frazilcode/blobServices/default/containers/packages"),
                ("4633458b-17de-408a-b874-0445c86b69e6", RootSecretId), // Key Vault Secrets User
            },
            grants);
        Assert.All(_stack.OfType("azure-native:authorization:RoleAssignment"), grant =>
        {
            Assert.Equal("principal-1", grant.Inputs["principalId"]);
            Assert.Equal("ServicePrincipal", grant.Inputs["principalType"]);
            Assert.StartsWith(
                "/subscriptions/sub-1/providers/Microsoft.Authorization/roleDefinitions/",
                grant.Text("roleDefinitionId"),
                StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task Operators_may_read_the_root_secret_and_nothing_else()
    {
        var stack = await Stacks.AzureAsync(("operators", "11111111-2222-3333-4444-555555555555"));
        var grant = stack["frazil-operator-0"].Inputs;
        Assert.Equal("11111111-2222-3333-4444-555555555555", grant["principalId"]);
        Assert.EndsWith("/4633458b-17de-408a-b874-0445c86b69e6", (string)grant["roleDefinitionId"], StringComparison.Ordinal);
        Assert.Equal(RootSecretId, grant["scope"]);
    }

    [Fact]
    public void The_vault_takes_rights_from_roles_only_and_keeps_what_is_deleted()
    {
        var properties = _stack["frazil-vault"].Object("properties");
        Assert.Equal(true, properties["enableRbacAuthorization"]);
        Assert.Equal(true, properties["enableSoftDelete"]);
        Assert.Equal(true, properties["enablePurgeProtection"]);
        Assert.Equal("tenant-1", properties["tenantId"]);
        Assert.DoesNotContain("accessPolicies", properties.Keys);
    }

    [Fact]
    public void The_app_is_reached_over_tls_only_and_published_without_passwords()
    {
        var app = _stack["frazil-test-app"];
        Assert.Equal(true, app.Inputs["httpsOnly"]);
        Assert.Equal("1.2", app.Object("siteConfig")["minTlsVersion"]);
        Assert.Equal(false, _stack["frazil-no-ftp"].Inputs["allow"]);
        Assert.Equal(false, _stack["frazil-no-scm-password"].Inputs["allow"]);
    }

    [Fact]
    public void The_app_runs_dotnet_10_isolated_on_flex_consumption_from_the_package()
    {
        Assert.Equal("FC1", _stack["frazil-plan"].Object("sku")["name"]);
        Assert.Equal(true, _stack["frazil-plan"].Inputs["reserved"]);
        var config = _stack["frazil-test-app"].Object("functionAppConfig");
        Assert.Equal("dotnet-isolated", config.Object("runtime")["name"]);
        Assert.Equal("10.0", config.Object("runtime")["version"]);
        var deployment = config.Object("deployment").Object("storage");
        Assert.Equal("https://frazilcode.blob.core.windows.net/packages", deployment["value"]);
        Assert.Equal("UserAssignedIdentity", deployment.Object("authentication")["type"]);
        Assert.Equal("released-package.zip", _stack["frazil-package"].Inputs["blobName"]);
        var scale = config.Object("scaleAndConcurrency");
        Assert.Equal(2048.0, scale["instanceMemoryMB"]);
        Assert.Equal(100.0, scale["maximumInstanceCount"]);
        Assert.DoesNotContain("alwaysReady", scale.Keys); // nothing is paid for while nobody asks
    }

    [Fact]
    public async Task Always_ready_instances_are_an_option()
    {
        var stack = await Stacks.AzureAsync(("alwaysReady", "2"), ("instanceMemory", "512"));
        var ready = stack["frazil-test-app"].Object("functionAppConfig").Object("scaleAndConcurrency").Objects("alwaysReady").Single();
        Assert.Equal("http", ready["name"]);
        Assert.Equal(2.0, ready["instanceCount"]);
    }

    [Fact]
    public void The_app_is_told_everything_that_it_reads()
    {
        var settings = Settings(_stack);
        Assert.Equal("azuretables", settings[SettingNames.Store]);
        Assert.Equal("https://frazilstate.table.core.windows.net/", settings[SettingNames.AzureTablesEndpoint]);
        Assert.Equal("frazil", settings[SettingNames.AzureTablesTable]);
        Assert.Equal("abfss://lake@frazildata.dfs.core.windows.net/warehouse", settings[SettingNames.CatalogBaseLocation]);
        Assert.Equal("root", settings[SettingNames.RootClientId]);
        Assert.Equal("env:FRAZIL__AUTH__ROOTSECRET", settings[SettingNames.SecretSource]);
        Assert.Equal("@Microsoft.KeyVault(VaultName=frazil-vault;SecretName=frazil-root-client-secret)", settings[SettingNames.RootSecret]);
        Assert.Equal("client-1", settings["AZURE_CLIENT_ID"]);
        Assert.Equal("frazilstate", settings["AzureWebJobsStorage__accountName"]);
        Assert.Equal("client-1", settings["AzureWebJobsStorage__clientId"]);
    }

    [Fact]
    public void No_setting_carries_a_key_or_a_connection_to_storage() => Assert.All(Settings(_stack), setting =>
    {
        Assert.DoesNotContain("AccountKey", setting.Value, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("SharedAccessSignature", setting.Value, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("frazil_test-secret", setting.Value, StringComparison.Ordinal);
    });

    [Fact]
    public void Settings_that_flex_consumption_forbids_are_absent() =>
        Assert.All(
            new[] { "FUNCTIONS_WORKER_RUNTIME", "FUNCTIONS_EXTENSION_VERSION", "WEBSITE_RUN_FROM_PACKAGE", "WEBSITE_CONTENTSHARE" },
            name => Assert.DoesNotContain(name, Settings(_stack).Keys));

    [Fact]
    public void Deleted_files_are_gone_and_deleted_containers_are_not()
    {
        var properties = _stack["frazil-data-blobs"];
        Assert.Equal(false, properties.Object("deleteRetentionPolicy")["enabled"]);
        Assert.Equal(true, properties.Object("containerDeleteRetentionPolicy")["enabled"]);
    }

    [Fact]
    public async Task Zone_redundancy_is_an_option_for_storage()
    {
        Assert.Equal("Standard_LRS", _stack["frazildata"].Object("sku")["name"]);
        var stack = await Stacks.AzureAsync(("redundancy", "ZRS"));
        Assert.All(stack.OfType("azure-native:storage:StorageAccount"), account => Assert.Equal("Standard_ZRS", account.Object("sku")["name"]));
    }

    [Fact]
    public async Task Outputs_are_what_a_user_needs_next()
    {
        Assert.Equal("https://frazil-test-app.azurewebsites.net", await _stack.TextAsync("catalogUri"));
        Assert.Equal(
            "az keyvault secret show --vault-name frazil-vault --name frazil-root-client-secret --query value --output tsv",
            await _stack.TextAsync("rootSecretCommand"));
        Assert.Contains("iceberg-azure-bundle", await _stack.TextAsync("sparkSnippet"), StringComparison.Ordinal);
        Assert.Equal("principal-1", await _stack.TextAsync("principalId"));
    }

    private static Dictionary<string, string> Settings(Declared stack) =>
        stack["frazil-test-app"].Object("siteConfig").Objects("appSettings").ToDictionary(
            setting => (string)setting["name"],
            setting => (string)setting["value"]);
}
