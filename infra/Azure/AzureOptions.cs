namespace Frazil.Infra;

/// <summary>What an Azure stack is asked for.</summary>
/// <param name="Common">What both clouds are asked for.</param>
/// <param name="InstanceMemory">Of an instance, in MB.</param>
/// <param name="MaximumInstances">Most instances at once.</param>
/// <param name="HttpConcurrency">Requests at once on one instance.</param>
/// <param name="AlwaysReady">Instances kept running for HTTP.</param>
/// <param name="ZoneRedundant">Whether storage is kept in three zones.</param>
/// <param name="Operators">Object ids of who may read the root secret.</param>
public sealed record AzureOptions(
    CommonOptions Common, int InstanceMemory, int MaximumInstances, int HttpConcurrency, int AlwaysReady, bool ZoneRedundant, IReadOnlyList<Guid> Operators)
{
    private const string Scheme = "abfss://";

    public static AzureOptions Read(ConfigReader config, string stack)
    {
        var common = CommonOptions.Read(config, "azure", stack);
        foreach (var location in common.AllowedLocations)
        {
            CheckLocation(config, location);
        }

        if (config.ProviderText("azure-native:location") is null)
        {
            config.Problem(
                "Configuration azure-native:location is missing: the region to deploy to. Set it with: pulumi config set azure-native:location westeurope");
        }

        var options = new AzureOptions(
            common,
            config.NumberOf("instanceMemory", 2048, 512, 2048, 4096),
            config.Number("maximumInstances", 100, 1, 1000),
            config.Number("httpConcurrency", 16, 1, 1000),
            config.Number("alwaysReady", 0, 0, 20),
            config.OneOf("redundancy", "LRS", "LRS", "ZRS") == "ZRS",
            [.. config.List("operators").Select(text => ReadOperator(config, text)).OfType<Guid>()]);
        if (options.AlwaysReady > options.MaximumInstances)
        {
            config.Problem($"Configuration frazil:alwaysReady ({options.AlwaysReady}) is larger than frazil:maximumInstances ({options.MaximumInstances}).");
        }

        config.Check();
        return options;
    }

    private static void CheckLocation(ConfigReader config, string text)
    {
        if (!text.StartsWith(Scheme, StringComparison.Ordinal))
        {
            config.Problem($"The allowed location '{text}' does not begin with {Scheme}, and an Azure stack has no other. Mend frazil:allowedLocations.");
            return;
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.UserInfo.Length == 0 || !uri.Host.Contains(".dfs.", StringComparison.Ordinal))
        {
            config.Problem(
                $"The allowed location '{text}' is not of the form {Scheme}CONTAINER@ACCOUNT.dfs.core.windows.net/PATH. Mend frazil:allowedLocations.");
        }
    }

    private static Guid? ReadOperator(ConfigReader config, string text)
    {
        if (Guid.TryParse(text, out var id))
        {
            return id;
        }

        config.Problem($"The operator '{text}' is not an object id. Find yours with: az ad signed-in-user show --query id -o tsv. Mend frazil:operators.");
        return null;
    }
}
