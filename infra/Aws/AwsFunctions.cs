using Pulumi;
using Pulumi.Aws.ApiGatewayV2;
using Pulumi.Aws.Lambda;
using Pulumi.Aws.Lambda.Inputs;

namespace Frazil.Infra;

/// <summary>The two functions of the one package, and the door to the API.</summary>
public sealed record AwsFunctions(Function Api, Function Jobs, Output<string> Uri)
{
    /// <summary>The longest that Lambda allows: a purge saves its place and goes on with the next run.</summary>
    private const int JobsTimeout = 900;

    private const int HttpApiTimeoutMilliseconds = 30_000;
    private const int MaxEventAge = 6 * 3600;
    private const string Assembly = "Frazil.Lambda";

    public static AwsFunctions Declare(AwsOptions options, string prefix, AwsStorage storage, AwsRoles roles, Output<string> region)
    {
        var api = NewFunction(options, $"{prefix}-api", "Frazil: the Iceberg REST catalog", roles.Api.Arn, roles.ApiLogs.Name, roles, new FunctionArgs
        {
            MemorySize = options.Memory,
            Timeout = options.Timeout,
            ReservedConcurrentExecutions = options.ReservedConcurrency is { } most ? most : (Input<int>?)null,
            Environment = new FunctionEnvironmentArgs { Variables = Settings(options, storage, roles, region, "api") },
        });
        var jobs = NewFunction(options, $"{prefix}-jobs", "Frazil: the timed jobs", roles.Jobs.Arn, roles.JobsLogs.Name, roles, new FunctionArgs
        {
            MemorySize = options.JobsMemory,
            Timeout = JobsTimeout,
            Environment = new FunctionEnvironmentArgs { Variables = Settings(options, storage, roles, region, "jobs") },
        });

        // A schedule hands the event over and is done; what fails after that would vanish without this.
        _ = new FunctionEventInvokeConfig($"{prefix}-jobs-failures", new FunctionEventInvokeConfigArgs
        {
            FunctionName = jobs.Name,
            MaximumRetryAttempts = 0, // the next run of the schedule is the retry, and jobs go on where they stopped
            MaximumEventAgeInSeconds = MaxEventAge,
            DestinationConfig = new FunctionEventInvokeConfigDestinationConfigArgs
            {
                OnFailure = new FunctionEventInvokeConfigDestinationConfigOnFailureArgs { Destination = roles.DeadLetters.Arn },
            },
        }, new CustomResourceOptions { DependsOn = roles.Attached.ToArray<Resource>() });
        return new AwsFunctions(api, jobs, options.HttpApi ? HttpApi(prefix, api) : Url(prefix, api));
    }

    private static Function NewFunction(
        AwsOptions options, string name, string description, Input<string> role, Input<string> logGroup, AwsRoles roles, FunctionArgs args)
    {
        args.Description = description;
        args.Role = role;
        args.Code = new FileArchive(options.Common.Package);
        args.Runtime = options.Managed ? Runtime.Dotnet10 : Runtime.CustomAL2023;
        args.Handler = options.Managed ? Assembly : "bootstrap";
        args.Architectures = new[] { options.Architecture };
        args.LoggingConfig = new FunctionLoggingConfigArgs { LogFormat = "JSON", LogGroup = logGroup };
        return new Function(name, args, new CustomResourceOptions { DependsOn = roles.Attached.ToArray<Resource>() });
    }

    private static InputMap<string> Settings(AwsOptions options, AwsStorage storage, AwsRoles roles, Output<string> region, string entry)
    {
        var settings = new InputMap<string>
        {
            { SettingNames.Entry, entry },
            { SettingNames.Store, "dynamodb" },
            { SettingNames.DynamoDbTable, storage.Table.Name },
            { SettingNames.CatalogName, options.Common.Catalog },
            { SettingNames.CatalogBaseLocation, BaseLocation(storage) },
            { SettingNames.CatalogRegion, region },
        };
        if (options.Locations.Count > 0)
        {
            settings.Add(
                SettingNames.CatalogAllowedLocations,
                string.Join(',', options.Locations.Select(location => $"s3://{location.Bucket}/{location.Prefix}".TrimEnd('/'))));
        }

        if (entry == "api")
        {
            settings.Add(SettingNames.CatalogRoleArn, roles.Vending.Arn);
            settings.Add(SettingNames.RootClientId, RootSecret.ClientId);
            settings.Add(SettingNames.SecretSource, Output.Format($"ssm:{storage.Secret.Name}"));
        }

        return settings;
    }

    public static Output<string> BaseLocation(AwsStorage storage) => Output.Format($"s3://{storage.Bucket.Id}/{AwsStorage.WarehousePrefix}");

    /// <summary>
    /// The catalog authenticates its callers itself, so the URL is open. Since October 2025 a URL answers 403 unless the function's policy allows
    /// both actions; the second is narrowed to calls that come through a URL.
    /// </summary>
    private static Output<string> Url(string prefix, Function api)
    {
        var url = new FunctionUrl($"{prefix}-url", new FunctionUrlArgs { FunctionName = api.Name, AuthorizationType = "NONE", InvokeMode = "BUFFERED" });
        _ = new Permission($"{prefix}-url-invoke-url", new PermissionArgs
        {
            Function = api.Name,
            Principal = "*",
            Action = "lambda:InvokeFunctionUrl",
            FunctionUrlAuthType = "NONE",
        });
        _ = new Permission($"{prefix}-url-invoke", new PermissionArgs
        {
            Function = api.Name,
            Principal = "*",
            Action = "lambda:InvokeFunction",
            InvokedViaFunctionUrl = true,
        });
        return url.FunctionUrlResult.Apply(text => text.TrimEnd('/'));
    }

    /// <summary>An HTTP API in front, for a domain of one's own or a throttle. It hands paths on decoded: a name with a slash does not survive it.</summary>
    private static Output<string> HttpApi(string prefix, Function api)
    {
        var gateway = new Api($"{prefix}-http", new ApiArgs { ProtocolType = "HTTP", Description = "Frazil: the Iceberg REST catalog" });
        var integration = new Integration($"{prefix}-http-integration", new IntegrationArgs
        {
            ApiId = gateway.Id,
            IntegrationType = "AWS_PROXY",
            IntegrationUri = api.InvokeArn,
            PayloadFormatVersion = "2.0",
            TimeoutMilliseconds = HttpApiTimeoutMilliseconds,
        });
        var route = new Route($"{prefix}-http-route", new RouteArgs
        {
            ApiId = gateway.Id,
            RouteKey = "$default",
            Target = Output.Format($"integrations/{integration.Id}"),
        });
        _ = new Stage(
            $"{prefix}-http-stage",
            new StageArgs { ApiId = gateway.Id, Name = "$default", AutoDeploy = true },
            new CustomResourceOptions { DependsOn = { route } });
        _ = new Permission($"{prefix}-http-invoke", new PermissionArgs
        {
            Function = api.Name,
            Principal = "apigateway.amazonaws.com",
            Action = "lambda:InvokeFunction",
            SourceArn = Output.Format($"{gateway.ExecutionArn}/*/*"),
        });
        return gateway.ApiEndpoint;
    }
}
