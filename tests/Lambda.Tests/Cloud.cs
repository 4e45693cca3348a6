using Amazon.DynamoDBv2;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Frazil.AwsBackend;
using Frazil.HostStory;
using Frazil.LambdaEmulator;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Frazil.Lambda.Tests;

/// <summary>What infra makes of an account, on emulators: a table, a bucket, and a parameter with the root secret. Each test has its own.</summary>
public sealed class Cloud : IAsyncDisposable
{
    public const string Region = "us-east-1";
    public const string ParameterName = "/frazil/root-client-secret";

    private readonly WebApplication parameters;

    private Cloud(string name, WebApplication parameters)
    {
        Name = name;
        this.parameters = parameters;
        Warehouse = $"s3://{Bucket}/warehouse-{name}";
    }

    /// <summary>The table's name.</summary>
    public string Name { get; }

    public static string Bucket => "frazil-lambda";

    public string Warehouse { get; }

    /// <summary>What Parameter Store answers next; null for its secret.</summary>
    public Func<HttpContext, Task>? Parameter { get; set; }

    /// <summary>How often Parameter Store was asked.</summary>
    public int ParameterReads { get; private set; }

    public static string Required(string variable) => Environment.GetEnvironmentVariable(variable)
        ?? throw new InvalidOperationException($"{variable} is not set: start the tests with tests/run, which starts the emulators and names them, or start one of tests/emulators and set what it prints");

    public static async Task<Cloud> CreateAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var cloud = new Cloud($"lambda-{Guid.NewGuid():N}", builder.Build());
        cloud.parameters.Run(cloud.AnswerParameterAsync);
        await cloud.parameters.StartAsync();

        using var dynamo = DynamoDb();
        await new DynamoDbKeyValueStore(dynamo, cloud.Name, TimeProvider.System, new IdSource()).CreateTableIfMissingAsync(CancellationToken.None);

        using var s3 = S3();
        try
        {
            await s3.PutBucketAsync(Bucket);
        }
        catch (AmazonS3Exception exception) when (exception.ErrorCode is "BucketAlreadyExists" or "BucketAlreadyOwnedByYou")
        {
            // An earlier test made it.
        }

        return cloud;
    }

    /// <summary>The files of the warehouse.</summary>
    public async Task<IReadOnlyList<string>> ListFilesAsync()
    {
        using var s3 = S3();
        List<string> keys = [];
        await foreach (var file in s3.Paginators.ListObjectsV2(new ListObjectsV2Request { BucketName = Bucket, Prefix = Warehouse[$"s3://{Bucket}/".Length..] + "/" }).S3Objects)
        {
            keys.Add(file.Key);
        }

        return keys;
    }

    /// <summary>The environment that infra gives a function.</summary>
    public Dictionary<string, string> EnvironmentOf(string entry) => new()
    {
        ["FRAZIL__ENTRY"] = entry,
        ["FRAZIL__STORE"] = "dynamodb",
        ["FRAZIL__DYNAMODB__TABLE"] = Name,
        ["FRAZIL__CATALOG__NAME"] = "default",
        ["FRAZIL__CATALOG__BASELOCATION"] = Warehouse,
        ["FRAZIL__CATALOG__REGION"] = Region,
        ["FRAZIL__AUTH__ROOTCLIENTID"] = StoryHost.ClientId,
        ["FRAZIL__AUTH__SECRETSOURCE"] = $"ssm:{ParameterName}",
        ["AWS_ENDPOINT_URL_DYNAMODB"] = Required("FRAZIL_TEST_DYNAMODB"),
        ["AWS_ENDPOINT_URL_S3"] = Required("FRAZIL_TEST_S3"),
        ["AWS_ENDPOINT_URL_SSM"] = parameters.Urls.Single(),
        ["AWS_ACCESS_KEY_ID"] = Required("FRAZIL_TEST_S3_ACCESS_KEY"),
        ["AWS_SECRET_ACCESS_KEY"] = Required("FRAZIL_TEST_S3_SECRET_KEY"),
    };

    /// <summary>One of the two functions, not started yet.</summary>
    public LambdaFunction Function(string entry, int instances = 1, Action<Dictionary<string, string>>? change = null, TimeSpan? timeout = null)
    {
        var environment = EnvironmentOf(entry);
        change?.Invoke(environment);
        return new LambdaFunction(new LambdaOptions { Program = Built.Lambda, Environment = environment, MaxInstances = instances, Timeout = timeout ?? TimeSpan.FromSeconds(60) });
    }

    /// <summary>One of the two functions under AWS' own emulator, not started yet.</summary>
    public Task<RuntimeInterfaceEmulator> UnderRuntimeInterfaceAsync(string entry, Action<Dictionary<string, string>>? change = null, TimeSpan? timeout = null) =>
        RuntimeInterfaceEmulator.StartAsync(Required("FRAZIL_TEST_RIE"), Function(entry, change: change, timeout: timeout).Options);

    public async ValueTask DisposeAsync()
    {
        await parameters.DisposeAsync();
        using var dynamo = DynamoDb();
        await dynamo.DeleteTableAsync(Name);
    }

    public static AmazonDynamoDBClient DynamoDb() => new(
        new BasicAWSCredentials("test", "test"), AwsClients.Configure(new AmazonDynamoDBConfig { ServiceURL = Required("FRAZIL_TEST_DYNAMODB"), AuthenticationRegion = Region }));

    private static AmazonS3Client S3() => new(
        new BasicAWSCredentials(Required("FRAZIL_TEST_S3_ACCESS_KEY"), Required("FRAZIL_TEST_S3_SECRET_KEY")),
        new AmazonS3Config { ServiceURL = Required("FRAZIL_TEST_S3"), AuthenticationRegion = Region, ForcePathStyle = true });

    private async Task AnswerParameterAsync(HttpContext http)
    {
        ParameterReads++;
        if (Parameter is { } answer)
        {
            await answer(http);
            return;
        }

        using var reader = new StreamReader(http.Request.Body);
        var body = await reader.ReadToEndAsync();
        Assert.Equal($$"""{"Name":"{{ParameterName}}","WithDecryption":true}""", body);
        await http.Response.WriteAsync($$$"""{"Parameter":{"Value":"{{{StoryHost.ClientSecret}}}"}}""");
    }
}

/// <summary>The hosts, as they were built with these tests.</summary>
internal static class Built
{
    /// <summary>The function; another build of it, such as a native binary, when <c>FRAZIL_LAMBDA</c> names one.</summary>
    public static string Lambda => Environment.GetEnvironmentVariable("FRAZIL_LAMBDA") is { Length: > 0 } other ? other : Path("Frazil.Lambda", "Frazil.Lambda.dll");

    public static string Local => Path("Frazil.Local", OperatingSystem.IsWindows() ? "frazil.exe" : "frazil");

    private static string Path(string project, string file)
    {
        // artifacts/bin/Frazil.Lambda.Tests/<configuration>/ is where this runs.
        var own = new DirectoryInfo(AppContext.BaseDirectory);
        return System.IO.Path.Join(own.Parent!.Parent!.FullName, project, own.Name, file);
    }
}
