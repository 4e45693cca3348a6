using System.Buffers;
using System.Security.Cryptography;
using Pulumi;

namespace Frazil.Infra;

/// <summary>What both clouds are asked for.</summary>
/// <param name="Stack">The stack's name as names of resources can carry it.</param>
/// <param name="Package">Path of the zip to deploy.</param>
/// <param name="PackageDigest">Its SHA-256, in lower-case hexadecimal.</param>
/// <param name="Catalog">Name of the first catalog.</param>
/// <param name="AllowedLocations">Further locations, as given.</param>
/// <param name="DeletionProtection">Whether what holds data refuses to be deleted.</param>
/// <param name="Alarms">Whether alarms and dashboards are made.</param>
/// <param name="AlarmEmail">Who is told of alarms; nobody when null.</param>
/// <param name="LoadP99Milliseconds">Bound of the load-latency alarm.</param>
/// <param name="LogRetentionDays">How long logs are kept.</param>
/// <param name="RootSecret">The root client secret where the user chose it.</param>
public sealed record CommonOptions(
    string Stack, string Package, string PackageDigest, string Catalog, IReadOnlyList<string> AllowedLocations, bool DeletionProtection, bool Alarms,
    string? AlarmEmail, int LoadP99Milliseconds, int LogRetentionDays, Output<string>? RootSecret)
{
    private const int MaxStackName = 24;
    private const int MinSecretLength = 32;
    private const int MaxCatalogName = 128;

    /// <summary>What CloudWatch Logs allows up to ten years; Log Analytics takes those from 30 to 730.</summary>
    private static readonly int[] AwsRetentions = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

    private static readonly int[] AzureRetentions = [30, 60, 90, 120, 180, 270, 365, 550, 730];

    private static readonly SearchValues<char> CatalogNameCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

    public static CommonOptions Read(ConfigReader config, string cloud, string stack)
    {
        var catalog = config.Text("catalog", "default");
        if (catalog.Length > MaxCatalogName || catalog.AsSpan().ContainsAnyExcept(CatalogNameCharacters))
        {
            config.Wrong("catalog", $"is not a catalog name: letters, digits, '_' and '-', at most {MaxCatalogName}");
        }

        var email = config.Text("alarmEmail");
        if (email is not null && !(email.Contains('@', StringComparison.Ordinal) && !email.Contains(' ', StringComparison.Ordinal)))
        {
            config.Wrong("alarmEmail", "is not an e-mail address");
        }

        var secret = config.Text("rootSecret");
        if (secret is { Length: < MinSecretLength })
        {
            config.Problem($"Configuration frazil:rootSecret is shorter than {MinSecretLength} characters; leave it out and one of 256 bits is made.");
        }

        var package = config.Text("package", $"../artifacts/package/frazil-{cloud}.zip");
        return new CommonOptions(
            SafeName(stack),
            package,
            Digest(config, package, cloud),
            catalog,
            config.List("allowedLocations"),
            config.Flag("deletionProtection", true),
            config.Flag("alarms", true),
            email,
            config.Number("loadP99Milliseconds", 1000, 1, 60_000),
            config.NumberOf("logRetentionDays", 30, cloud == "aws" ? AwsRetentions : AzureRetentions),
            secret is null ? null : Output.CreateSecret(secret));
    }

    private static string Digest(ConfigReader config, string package, string cloud)
    {
        if (!File.Exists(package))
        {
            config.Problem($"There is no package at {package}. Build it with: infra/package {cloud}");
            return "";
        }

        using var file = File.OpenRead(package);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    /// <summary>Lower case, digits and hyphens: what every service takes in a name.</summary>
    private static string SafeName(string stack)
    {
        var name = new string([.. stack.ToLowerInvariant().Select(character => char.IsAsciiLetterOrDigit(character) ? character : '-')]).Trim('-');
        return name.Length > MaxStackName ? name[..MaxStackName].TrimEnd('-') : name;
    }
}
