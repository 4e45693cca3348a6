using System.Globalization;
using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Security;

namespace Frazil.AzureFunctions;

/// <summary>What the environment says is not enough to start, or wrong; the message is for whoever deployed this.</summary>
internal sealed class SettingException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The emulator of Azure Storage that a development worker uses.</summary>
/// <param name="AccountKey">Its account's key, or null.</param>
/// <param name="Blobs">Where it serves blobs, or null.</param>
/// <param name="DeleteProfile">What dropping does, or null for the default.</param>
internal sealed record Emulator(string? AccountKey, Uri? Blobs, DeleteProfile? DeleteProfile);

/// <summary>What the environment says (<see cref="SettingNames"/>), checked.</summary>
internal sealed record AzureSettings
{
    private const string VaultReference = "@Microsoft.KeyVault(";
    private const string EnvironmentSource = "env:";

    /// <summary>The table service.</summary>
    public required Uri TablesEndpoint { get; init; }

    /// <summary>The table.</summary>
    public required string Table { get; init; }

    /// <summary>The catalog that exists from the first start.</summary>
    public required string Catalog { get; init; }

    /// <summary>Where that catalog keeps its tables.</summary>
    public required StorageProfile Storage { get; init; }

    /// <summary>The one principal.</summary>
    public required RootCredentials Root { get; init; }

    /// <summary>Where telemetry goes, or null.</summary>
    public string? ApplicationInsights { get; init; }

    /// <summary>Whether every span is sent, and not a few traces a second.</summary>
    public bool SendsEverySpan { get; init; }

    /// <summary>The client id of the app's identity; null for the system's own.</summary>
    public string? ClientId { get; init; }

    /// <summary>Whether the platform offers the app an identity.</summary>
    public bool HasManagedIdentity { get; init; }

    /// <summary>On a developer's machine; null in Azure.</summary>
    public Emulator? Emulator { get; init; }

    /// <exception cref="SettingException">Something is missing or wrong. Above all: there is no root secret.</exception>
    public static AzureSettings Read(Func<string, string?> environment)
    {
        if (Required(environment, SettingNames.Store) is not "azuretables" and var store)
        {
            throw new SettingException($"{SettingNames.Store} is '{store}'; a function app serves azuretables only");
        }

        var endpoint = ReadUri(SettingNames.AzureTablesEndpoint, Required(environment, SettingNames.AzureTablesEndpoint));
        var emulator = ReadEmulator(environment, endpoint);
        return new AzureSettings
        {
            TablesEndpoint = endpoint,
            Table = Required(environment, SettingNames.AzureTablesTable),
            Catalog = Optional(environment, SettingNames.CatalogName) ?? new FrazilOptions().DefaultCatalog,
            Storage = ReadStorage(environment, endpoint.IsLoopback),
            Root = ReadRoot(environment),
            ApplicationInsights = Optional(environment, "APPLICATIONINSIGHTS_CONNECTION_STRING"),
            SendsEverySpan = Optional(environment, "OTEL_TRACES_SAMPLER") == "always_on",
            ClientId = Optional(environment, "AZURE_CLIENT_ID"),
            HasManagedIdentity = Optional(environment, "IDENTITY_ENDPOINT") is not null,
            Emulator = emulator,
        };
    }

    private static RootCredentials ReadRoot(Func<string, string?> environment)
    {
        var source = Optional(environment, SettingNames.SecretSource)
            ?? throw new SettingException($"{SettingNames.SecretSource} is not set: without a root secret everybody could read and change everything, so this app answers nobody");

        // What stands there is not repeated: somebody may have put the secret itself there.
        var variable = source.StartsWith(EnvironmentSource, StringComparison.Ordinal) && source.Length > EnvironmentSource.Length
            ? source[EnvironmentSource.Length..]
            : throw new SettingException($"{SettingNames.SecretSource} must be {EnvironmentSource}VARIABLE: a function app reads its secret from a variable that the platform fills from a vault");
        var secret = Optional(environment, variable) ?? throw new SettingException($"{variable}, where {SettingNames.SecretSource} says the root secret is, is empty");
        if (secret.StartsWith(VaultReference, StringComparison.OrdinalIgnoreCase))
        {
            // The platform hands the reference itself over when it cannot follow it, and everybody can guess a reference.
            throw new SettingException($"{variable} is a Key Vault reference that the platform could not follow: see whether the app's identity may read the secret");
        }

        try
        {
            return RootCredentials.FromSecret(Optional(environment, SettingNames.RootClientId) ?? "root", secret);
        }
        catch (ArgumentException exception)
        {
            throw new SettingException($"{variable}: {exception.Message}", exception);
        }
    }

    private static StorageProfile ReadStorage(Func<string, string?> environment, bool isDevelopment)
    {
        var location = ReadLocation(SettingNames.CatalogBaseLocation, Required(environment, SettingNames.CatalogBaseLocation));
        var allowed = (Optional(environment, SettingNames.CatalogAllowedLocations) ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return new StorageProfile
        {
            Type = location.Scheme switch
            {
                "abfss" or "abfs" or "wasbs" or "wasb" or "https" => StorageType.Azure,
                "file" when isDevelopment => StorageType.File,
                _ => throw new SettingException($"{SettingNames.CatalogBaseLocation} must be abfss://container@account.dfs.core.windows.net/path, not a {location.Scheme}: location"),
            },
            BaseLocation = location.Text,
            AllowedLocations = [.. allowed.Select(text => ReadLocation(SettingNames.CatalogAllowedLocations, text).Text)],
        };
    }

    private static Emulator? ReadEmulator(Func<string, string?> environment, Uri tables)
    {
        if (DevelopmentSettings.All.FirstOrDefault(name => Optional(environment, name) is not null) is not { } name)
        {
            return null;
        }

        if (!tables.IsLoopback)
        {
            throw new SettingException($"{name} is for an emulator on this machine, and {SettingNames.AzureTablesEndpoint} is {tables.Host}");
        }

        var keep = Optional(environment, DevelopmentSettings.KeepDroppedSeconds);
        return new Emulator(
            Optional(environment, DevelopmentSettings.AccountKey),
            Optional(environment, DevelopmentSettings.BlobsEndpoint) is { } blobs ? ReadUri(DevelopmentSettings.BlobsEndpoint, blobs) : null,
            keep is null ? null : ReadDeleteProfile(keep));
    }

    private static DeleteProfile ReadDeleteProfile(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
        ? seconds == 0 ? DeleteProfile.Hard : new DeleteProfile(TimeSpan.FromSeconds(seconds))
        : throw new SettingException($"{DevelopmentSettings.KeepDroppedSeconds} is '{text}'; it must be a number of seconds");

    private static (string Scheme, string Text) ReadLocation(string variable, string text)
    {
        try
        {
            return (Location.Parse(text, variable).Scheme, text);
        }
        catch (CatalogException exception)
        {
            throw new SettingException($"{variable}: {exception.Message}", exception);
        }
    }

    private static Uri ReadUri(string variable, string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback))
        ? uri
        : throw new SettingException($"{variable} is '{text}'; it must be an https address");

    private static string Required(Func<string, string?> environment, string variable) => Optional(environment, variable) ?? throw new SettingException($"{variable} is not set");

    private static string? Optional(Func<string, string?> environment, string variable) => environment(variable) is { Length: > 0 } text ? text : null;
}
