using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Pulumi;
using Pulumi.Testing;
using Pulumi.Utilities;

namespace Frazil.Infra.Tests;

/// <summary>A program that was run under mocks: what it declared, what it asked and what it gave back.</summary>
public sealed record Declared(Mocks Mocks, IDictionary<string, object?> Outputs)
{
    public MockResourceArgs this[string name] => Mocks[name];

    public IEnumerable<MockResourceArgs> OfType(string type) => Mocks.All.Where(resource => resource.Type == type);

    public async Task<string?> TextAsync(string output) => Outputs[output] switch
    {
        null => null,
        string text => text,
        Output<string> later => await OutputUtilities.GetValueAsync(later),
        var other => throw new InvalidOperationException($"The output {output} is a {other.GetType()}."),
    };
}

/// <summary>Runs the program as a user would, from configuration.</summary>
public static class Stacks
{
    public const string Account = "123456789012";
    public const string Region = "eu-central-1";

    /// <summary>Stands for the package: no test looks into it.</summary>
    public static string Package { get; } = MakePackage();

    public static Task<Declared> AwsAsync(params (string Key, string Value)[] config) => RunAsync("aws", () => "frazil_test-secret-of-the-first-run-0000", config);

    public static Task<Declared> AzureAsync(params (string Key, string Value)[] config) => RunAsync("azure", () => "frazil_test-secret-of-the-first-run-0000", config);

    public static async Task<Declared> RunAsync(string cloud, Func<string> makeSecret, params (string Key, string Value)[] config)
    {
        var mocks = new Mocks();
        var options = new TestOptions { IsPreview = false, ProjectName = "frazil", StackName = "test" };
        var reader = Reader(cloud, config);
        var (_, outputs) = await Deployment.TestAsync(mocks, options, () => cloud == "aws"
            ? Deploy.Aws(AwsOptions.Read(reader, "test"), makeSecret).ToDictionary()
            : Deploy.Azure(AzureOptions.Read(reader, "test"), makeSecret).ToDictionary());
        return new Declared(mocks, outputs);
    }

    public static ConfigReader Reader(string cloud, params (string Key, string Value)[] config)
    {
        var values = new Dictionary<string, string> { ["frazil:cloud"] = cloud, ["frazil:package"] = Package, ["azure-native:location"] = "westeurope" };
        foreach (var (key, value) in config)
        {
            values[key.Contains(':', StringComparison.Ordinal) ? key : "frazil:" + key] = value;
        }

        return new ConfigReader(key => values.GetValueOrDefault(key) is { Length: > 0 } value ? value : null);
    }

    /// <summary>The top of the repository, from where this file was compiled.</summary>
    public static string Root([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", ".."));

    private static string MakePackage()
    {
        var path = Path.Combine(AppContext.BaseDirectory, "package.zip");
        File.WriteAllBytes(path, [0x50, 0x4b, 0x05, 0x06, .. new byte[18]]); // an empty zip
        return path;
    }
}

/// <summary>Mocks that keep what is declared and answer names as the clouds do, so that policies can be evaluated.</summary>
public sealed class Mocks : IMocks
{
    private readonly ConcurrentDictionary<string, MockResourceArgs> _resources = new();

    public MockResourceArgs this[string name] => _resources.TryGetValue(name, out var found) ? found : throw new KeyNotFoundException($"Nothing named {name} is declared.");

    public IReadOnlyList<MockResourceArgs> All => [.. _resources.Values.OrderBy(resource => resource.Name, StringComparer.Ordinal)];

    public bool Has(string name) => _resources.ContainsKey(name);

    public Task<(string? id, object state)> NewResourceAsync(MockResourceArgs args)
    {
        Assert.True(_resources.TryAdd(args.Name!, args), $"{args.Name} is declared twice.");
        var name = Text(args, "name") ?? Text(args, "resourceGroupName") ?? args.Name!;
        var state = args.Inputs.ToBuilder();
        var id = args.Name!;
        if (args.Type!.StartsWith("aws:", StringComparison.Ordinal))
        {
            state["name"] = name;
            state["arn"] = AwsArn(args.Type, name);
            AddAws(args, name, state);
            id = args.Type is "aws:sqs/queue:Queue" ? $"https://sqs.{Stacks.Region}.amazonaws.com/{Stacks.Account}/{name}" : name;
        }
        else
        {
            id = AzureId(args);
            state["name"] = id.Split('/')[^1];
            AddAzure(args, state);
        }

        return Task.FromResult<(string?, object)>((id, state.ToImmutable()));
    }

    public Task<object> CallAsync(MockCallArgs args) => Task.FromResult<object>(args.Token switch
    {
        "aws:index/getCallerIdentity:getCallerIdentity" => new Dictionary<string, object> { ["accountId"] = Stacks.Account, ["arn"] = "arn", ["id"] = "i", ["userId"] = "u" },
        "aws:index/getRegion:getRegion" => new Dictionary<string, object> { ["region"] = Stacks.Region, ["id"] = Stacks.Region, ["name"] = Stacks.Region, ["endpoint"] = "e", ["description"] = "d" },
        "azure-native:authorization:getClientConfig" => new Dictionary<string, object> { ["subscriptionId"] = "sub-1", ["tenantId"] = "tenant-1", ["clientId"] = "c", ["objectId"] = "o" },
        _ => throw new InvalidOperationException($"The program asks {args.Token}, which no test knows."),
    });

    private static string AwsArn(string type, string name) => type switch
    {
        "aws:s3/bucket:Bucket" => $"arn:aws:s3:::{name}",
        "aws:dynamodb/table:Table" => $"arn:aws:dynamodb:{Stacks.Region}:{Stacks.Account}:table/{name}",
        "aws:iam/role:Role" => $"arn:aws:iam::{Stacks.Account}:role/{name}",
        "aws:cloudwatch/logGroup:LogGroup" => $"arn:aws:logs:{Stacks.Region}:{Stacks.Account}:log-group:{name}",
        "aws:ssm/parameter:Parameter" => $"arn:aws:ssm:{Stacks.Region}:{Stacks.Account}:parameter{name}",
        "aws:lambda/function:Function" => $"arn:aws:lambda:{Stacks.Region}:{Stacks.Account}:function:{name}",
        "aws:kms/key:Key" => $"arn:aws:kms:{Stacks.Region}:{Stacks.Account}:key/{name}",
        _ => $"arn:aws:{type.Split(':')[1].Split('/')[0]}:{Stacks.Region}:{Stacks.Account}:{name}",
    };

    private static void AddAws(MockResourceArgs args, string name, ImmutableDictionary<string, object>.Builder state)
    {
        switch (args.Type)
        {
            case "aws:lambda/functionUrl:FunctionUrl":
                state["functionUrl"] = "https://abc123.lambda-url.eu-central-1.on.aws/";
                break;
            case "aws:apigatewayv2/api:Api":
                state["apiEndpoint"] = "https://abc123.execute-api.eu-central-1.amazonaws.com";
                state["executionArn"] = $"arn:aws:execute-api:{Stacks.Region}:{Stacks.Account}:abc123";
                break;
            case "aws:sqs/queue:Queue":
                state["url"] = $"https://sqs.{Stacks.Region}.amazonaws.com/{Stacks.Account}/{name}";
                break;
            case "aws:kms/key:Key":
                state["keyId"] = name;
                break;
        }
    }

    private static string AzureId(MockResourceArgs args)
    {
        const string group = "/subscriptions/sub-1/resourceGroups/frazil-test";
        var account = Text(args, "accountName");
        return args.Type switch
        {
            "azure-native:resources:ResourceGroup" => group,
            "azure-native:storage:StorageAccount" => $"{group}/providers/Microsoft.Storage/storageAccounts/{args.Name}",
            "azure-native:storage:BlobContainer" => $"{group}/providers/Microsoft.Storage/storageAccounts/{account}/blobServices/default/containers/{Text(args, "containerName")}",
            "azure-native:storage:Table" => $"{group}/providers/Microsoft.Storage/storageAccounts/{account}/tableServices/default/tables/{Text(args, "tableName")}",
            "azure-native:keyvault:Secret" => $"{group}/providers/Microsoft.KeyVault/vaults/{Text(args, "vaultName")}/secrets/{Text(args, "secretName")}",
            _ => $"{group}/providers/{args.Type!.Replace(':', '.')}/{args.Name}",
        };
    }

    private static void AddAzure(MockResourceArgs args, ImmutableDictionary<string, object>.Builder state)
    {
        switch (args.Type)
        {
            case "azure-native:storage:StorageAccount":
                state["primaryEndpoints"] = new Dictionary<string, object>
                {
                    ["blob"] = $"https://{args.Name}.blob.core.windows.net/",
                    ["dfs"] = $"https://{args.Name}.dfs.core.windows.net/",
                    ["table"] = $"https://{args.Name}.table.core.windows.net/",
                };
                break;
            case "azure-native:managedidentity:UserAssignedIdentity":
                state["principalId"] = "principal-1";
                state["clientId"] = "client-1";
                break;
            case "azure-native:web:WebApp":
                state["defaultHostName"] = $"{args.Name}.azurewebsites.net";
                break;
            case "azure-native:applicationinsights:Component":
                state["connectionString"] = "InstrumentationKey=00000000";
                break;
        }
    }

    private static string? Text(MockResourceArgs args, string key) => args.Inputs.GetValueOrDefault(key) as string;
}

/// <summary>Ways into the inputs that mocks see.</summary>
public static class Inputs
{
    public static string Text(this MockResourceArgs args, string key) => (string)args.Inputs[key];

    public static ImmutableDictionary<string, object> Object(this MockResourceArgs args, string key) => (ImmutableDictionary<string, object>)args.Inputs[key];

    public static ImmutableDictionary<string, object> Object(this ImmutableDictionary<string, object> value, string key) => (ImmutableDictionary<string, object>)value[key];

    public static IReadOnlyList<object> List(this ImmutableDictionary<string, object> value, string key) => [.. (ImmutableArray<object>)value[key]];

    public static IReadOnlyList<ImmutableDictionary<string, object>> Objects(this ImmutableDictionary<string, object> value, string key) =>
        [.. ((ImmutableArray<object>)value[key]).Cast<ImmutableDictionary<string, object>>()];
}
