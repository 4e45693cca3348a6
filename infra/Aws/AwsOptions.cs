using System.Buffers;

namespace Frazil.Infra;

/// <summary>What an AWS stack is asked for.</summary>
/// <param name="Common">What both clouds are asked for.</param>
/// <param name="Locations">The allowed locations beside the stack's own bucket.</param>
/// <param name="Managed">Whether the functions run on the managed .NET runtime instead of a native binary.</param>
/// <param name="Architecture"><c>arm64</c> or <c>x86_64</c>.</param>
/// <param name="Memory">Of the API function, in MB.</param>
/// <param name="Timeout">Of the API function, in seconds.</param>
/// <param name="JobsMemory">Of the jobs function, in MB.</param>
/// <param name="ReservedConcurrency">Most requests at once; the account's limit when null.</param>
/// <param name="HttpApi">Whether an HTTP API stands in front instead of a Function URL.</param>
/// <param name="CustomerKey">Whether the table and the root secret have a KMS key of their own.</param>
public sealed record AwsOptions(
    CommonOptions Common, IReadOnlyList<S3Location> Locations, bool Managed, string Architecture, int Memory, int Timeout, int JobsMemory,
    int? ReservedConcurrency, bool HttpApi, bool CustomerKey)
{
    /// <summary>An HTTP API gives up after 30 seconds; a function that goes on is paid for nothing.</summary>
    private const int HttpApiTimeout = 30;

    private const int MaxLambdaTimeout = 900;

    /// <summary>S3's safe characters without the asterisk, which IAM would read as a wildcard. Neither is <c>?</c> or <c>$</c> among them.</summary>
    private static readonly SearchValues<char> SafeKeyCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!-_.'()/=");

    private static readonly SearchValues<char> BucketCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789.-");

    public static AwsOptions Read(ConfigReader config, string stack)
    {
        var common = CommonOptions.Read(config, "aws", stack);
        var httpApi = config.OneOf("frontDoor", "url", "url", "httpApi") == "httpApi";
        var options = new AwsOptions(
            common,
            [.. common.AllowedLocations.Select(text => ReadLocation(config, text)).OfType<S3Location>()],
            config.OneOf("runtime", "native", "native", "managed") == "managed",
            config.OneOf("architecture", "arm64", "arm64", "x86_64"),
            config.Number("memory", 1024, 128, 10_240),
            config.Number("timeout", 30, 1, httpApi ? HttpApiTimeout : MaxLambdaTimeout),
            config.Number("jobsMemory", 1024, 128, 10_240),
            config.OptionalNumber("reservedConcurrency", 1, 100_000),
            httpApi,
            config.Flag("customerKey", false));
        config.Check();
        return options;
    }

    private static S3Location? ReadLocation(ConfigReader config, string text)
    {
        const string scheme = "s3://";
        if (!text.StartsWith(scheme, StringComparison.Ordinal))
        {
            config.Problem($"The allowed location '{text}' does not begin with {scheme}, and an AWS stack has no other. Mend frazil:allowedLocations.");
            return null;
        }

        var parts = text[scheme.Length..].Split('/', 2);
        var bucket = parts[0];
        var prefix = parts.Length == 1 ? "" : parts[1].TrimEnd('/');
        if (bucket.Length is < 3 or > 63 || bucket.AsSpan().ContainsAnyExcept(BucketCharacters))
        {
            config.Problem(
                $"The allowed location '{text}' names no bucket: 3 to 63 lower-case letters, digits, dots and hyphens. Mend frazil:allowedLocations.");
            return null;
        }

        if (prefix.AsSpan().ContainsAnyExcept(SafeKeyCharacters)
            || prefix.Split('/').Any(level => level is "." or "..")
            || prefix.Contains("//", StringComparison.Ordinal))
        {
            config.Problem(
                $"The allowed location '{text}' has a path that a policy could misread: use letters, digits and !-_.'()= between single slashes. " +
                "Mend frazil:allowedLocations.");
            return null;
        }

        return new S3Location(bucket, prefix);
    }
}
