using Frazil.AwsBackend;
using Frazil.Entities;
using Frazil.Iceberg;

namespace Frazil.Lambda;

/// <summary>A setting that keeps the function from starting. The message names the variable, and holds no value that could be a secret.</summary>
internal sealed class SettingException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>What a function of the package does.</summary>
internal enum Entry
{
    /// <summary>Answers HTTP.</summary>
    Api,

    /// <summary>Runs the job that an event names.</summary>
    Jobs,
}

/// <summary>What the environment says (<see cref="SettingNames"/>), checked.</summary>
internal sealed record LambdaSettings
{
    /// <summary>What this function does.</summary>
    public required Entry Entry { get; init; }

    /// <summary>The DynamoDB table.</summary>
    public required string Table { get; init; }

    /// <summary>The region that the function runs in.</summary>
    public required string Region { get; init; }

    /// <summary>The catalog that exists from the first start.</summary>
    public required string Catalog { get; init; }

    /// <summary>Where that catalog keeps its tables; null for the jobs, which take catalogs as they find them.</summary>
    public StorageProfile? Storage { get; init; }

    /// <summary>The root principal's client id.</summary>
    public required string RootClientId { get; init; }

    /// <summary>Where the root secret is; null for the jobs, which nobody calls.</summary>
    public SecretSource? Secret { get; init; }

    /// <exception cref="SettingException">Something is missing or wrong.</exception>
    public static LambdaSettings Read(Func<string, string?> environment)
    {
        var entry = Required(environment, SettingNames.Entry) switch
        {
            "api" => Entry.Api,
            "jobs" => Entry.Jobs,
            var other => throw new SettingException($"{SettingNames.Entry} is '{other}'; it must be api or jobs"),
        };
        if (Required(environment, SettingNames.Store) is not "dynamodb" and var store)
        {
            throw new SettingException($"{SettingNames.Store} is '{store}'; a Lambda function serves dynamodb only");
        }

        var region = Required(environment, "AWS_REGION");
        return new LambdaSettings
        {
            Entry = entry,
            Table = Required(environment, SettingNames.DynamoDbTable),
            Region = region,
            Catalog = Optional(environment, SettingNames.CatalogName) ?? new FrazilOptions().DefaultCatalog,
            Storage = entry == Entry.Api ? ReadStorage(environment, region) : null,
            RootClientId = Optional(environment, SettingNames.RootClientId) ?? "root",
            Secret = entry == Entry.Api ? ReadSecret(environment) : null,
        };
    }

    private static StorageProfile ReadStorage(Func<string, string?> environment, string region)
    {
        var baseLocation = S3(SettingNames.CatalogBaseLocation, Required(environment, SettingNames.CatalogBaseLocation));
        var allowed = Optional(environment, SettingNames.CatalogAllowedLocations) ?? "";
        return new StorageProfile
        {
            Type = StorageType.S3,
            BaseLocation = baseLocation,
            AllowedLocations =
            [
                .. allowed.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(location => S3(SettingNames.CatalogAllowedLocations, location)),
            ],
            Region = Optional(environment, SettingNames.CatalogRegion) ?? region,
            RoleArn = Optional(environment, SettingNames.CatalogRoleArn),
        };
    }

    private static SecretSource ReadSecret(Func<string, string?> environment)
    {
        var text = Optional(environment, SettingNames.SecretSource)
            ?? throw new SettingException($"{SettingNames.SecretSource} is not set: without a root secret everybody could read and change everything, so this function answers nobody");
        try
        {
            return SecretSource.Parse(text);
        }
        catch (FormatException exception)
        {
            throw new SettingException($"{SettingNames.SecretSource}: {exception.Message}", exception);
        }
    }

    private static string S3(string variable, string text)
    {
        try
        {
            return Location.Parse(text, variable).Scheme == "s3" ? text : throw new SettingException($"{variable} is '{text}'; a Lambda function keeps tables in s3:// locations only");
        }
        catch (CatalogException exception)
        {
            throw new SettingException($"{variable}: {exception.Message}", exception);
        }
    }

    private static string Required(Func<string, string?> environment, string variable) => Optional(environment, variable) ?? throw new SettingException($"{variable} is not set");

    private static string? Optional(Func<string, string?> environment, string variable) => environment(variable) is { Length: > 0 } text ? text : null;
}
