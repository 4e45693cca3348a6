using System.Net;
using System.Text;
using Amazon.Runtime;
using Amazon.S3;

namespace Frazil.Hosts.Tests;

/// <summary>A local server whose store or files are AWS' (here their emulators).</summary>
public sealed class AwsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    [Trait("Needs", "dynamodb")]
    public async Task A_catalog_in_DynamoDB_is_shared_by_servers_and_survives_them()
    {
        var environment = new Dictionary<string, string>
        {
            ["FRAZIL__DYNAMODB__ENDPOINT"] = Required("FRAZIL_TEST_DYNAMODB"),
            ["FRAZIL__CREDENTIALS__DYNAMODB__ACCESSKEYID"] = "test",
            ["FRAZIL__CREDENTIALS__DYNAMODB__SECRETACCESSKEY"] = "test",
        };
        string[] words = ["--port", "0", "--store", "dynamodb", "--dynamodb-table", $"hosts-{Guid.NewGuid():N}"];
        await using (var first = await FrazilProcess.ServeAsync(folder.Path, environment, words))
        {
            await using var second = await FrazilProcess.ServeAsync(folder.Path, environment, words);
            await first.CreateTableAsync("t");
            await Task.WhenAll(((FrazilProcess[])[first, second]).Select(async (server, writer) =>
            {
                for (var commit = 0; commit < 10; commit++)
                {
                    await server.PostAsync("/v1/namespaces/n/tables/t", Requests.SetProperty($"{writer}.{commit}", "done"));
                }
            }));
            Assert.Equal(0, await first.StopAsync());
        }

        await using var third = await FrazilProcess.ServeAsync(folder.Path, environment, words);
        Assert.Equal(20, (await third.PropertiesAsync("t")).Count(property => property.Value == "done"));
        Assert.False(File.Exists(folder.Join("frazil-data/frazil.sqlite")));
    }

    [Fact]
    public async Task A_DynamoDB_that_cannot_be_reached_is_one_sentence_and_exit_code_1()
    {
        var environment = new Dictionary<string, string>
        {
            ["FRAZIL__CREDENTIALS__DYNAMODB__ACCESSKEYID"] = "test",
            ["FRAZIL__CREDENTIALS__DYNAMODB__SECRETACCESSKEY"] = "test",
        };

        // Nothing listens on the discard port.
        var (exitCode, _, errors) = await FrazilProcess.RunAsync(folder.Path, environment, "--port", "0", "--store", "dynamodb", "--dynamodb-endpoint", "http://127.0.0.1:9");

        Assert.Equal(1, exitCode);
        Assert.StartsWith("frazil: Cannot use the DynamoDB table frazil at http://127.0.0.1:9: ", errors, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', errors);
    }

    [Fact]
    [Trait("Needs", "s3")]
    public async Task Tables_in_S3_with_named_credentials_that_stay_in_the_process()
    {
        var (endpoint, accessKey, secretKey) = (Required("FRAZIL_TEST_S3"), Required("FRAZIL_TEST_S3_ACCESS_KEY"), Required("FRAZIL_TEST_S3_SECRET_KEY"));
        var bucket = $"hosts-{Guid.NewGuid():N}";
        using var client = new AmazonS3Client(
            new BasicAWSCredentials(accessKey, secretKey), new AmazonS3Config { ServiceURL = endpoint, AuthenticationRegion = "us-east-1", ForcePathStyle = true });
        await client.PutBucketAsync(bucket);
        var environment = new Dictionary<string, string>
        {
            ["FRAZIL__CREDENTIALS__MY_RADOS__ACCESSKEYID"] = accessKey,
            ["FRAZIL__CREDENTIALS__MY_RADOS__SECRETACCESSKEY"] = secretKey,
        };
        var credentials = folder.Write("credentials.json", $$$"""{"other":{"access-key-id":"{{{accessKey}}}","secret-access-key":"{{{secretKey}}}"}}""");
        var catalogs = folder.Write("catalogs.json", $$$"""
            {"catalogs":[{"name":"lake","storage":{"storage-type":"s3","base-location":"s3://{{{bucket}}}/lake","endpoint":"{{{endpoint}}}","path-style-access":true,"credential-name":"other"}}]}
            """);

        await using var server = await FrazilProcess.ServeAsync(
            folder.Path, environment, "--port", "0", "--json", "--credentials", credentials, "--catalogs", catalogs,
            "--warehouse", $"s3://{bucket}/warehouse", "--s3-endpoint", endpoint, "--s3-path-style", "--s3-credentials", "my-rados");
        await server.CreateTableAsync("t");
        await server.PostAsync("/v1/namespaces/n/tables/t", Requests.SetProperty("color", "green"));
        await server.PostAsync("/v1/lake/namespaces", """{"namespace":["n"]}""");
        await server.PostAsync("/v1/lake/namespaces/n/tables", """{"name":"t","schema":{"type":"struct","fields":[]}}""");
        var loaded = await server.GetAsync("/v1/namespaces/n/tables/t");

        Assert.StartsWith($"s3://{bucket}/warehouse/", loaded.GetProperty("metadata-location").GetString(), StringComparison.Ordinal);
        Assert.Equal(endpoint, loaded.GetProperty("config").GetProperty("s3.endpoint").GetString());
        var keys = (await client.ListObjectsV2Async(new() { BucketName = bucket })).S3Objects.Select(found => found.Key).ToArray();
        Assert.Equal(2, keys.Count(key => key.StartsWith("warehouse/", StringComparison.Ordinal)));
        Assert.Single(keys, key => key.StartsWith("lake/", StringComparison.Ordinal));

        await server.StopAsync();
        Assert.DoesNotContain(server.Output, line => line.Contains(secretKey, StringComparison.Ordinal));
        Assert.DoesNotContain(secretKey, Encoding.Latin1.GetString(await File.ReadAllBytesAsync(folder.Join("frazil-data/frazil.sqlite"))), StringComparison.Ordinal);
        Assert.DoesNotContain(secretKey, loaded.ToString(), StringComparison.Ordinal);
        Assert.Contains(server.Output, line => line.Contains("chmod 600", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_storage_elsewhere_may_allow_a_folder_of_this_machine_too()
    {
        var here = folder.Join("here");
        await using var server = await FrazilProcess.ServeAsync(folder.Path, "--warehouse", "memory://elsewhere/x", "--allow-location", here);
        await server.CreateTableAsync("t");
        await server.PostAsync("/v1/namespaces/n/tables", $$$"""{"name":"u","location":"file:{{{here}}}/u","schema":{"type":"struct","fields":[]}}""");
        await server.PostAsync("/v1/namespaces/n/tables/u", Requests.SetProperty("color", "green"));
        await server.PostAsync(
            "/v1/namespaces/n/tables", $$$"""{"name":"v","location":"file:{{{folder.Path}}}/v","schema":{"type":"struct","fields":[]}}""", HttpStatusCode.Forbidden);

        Assert.StartsWith("memory://elsewhere/x/", (await server.GetAsync("/v1/namespaces/n/tables/t")).GetProperty("metadata-location").GetString(), StringComparison.Ordinal);
        Assert.Equal("green", (await server.PropertiesAsync("u"))["color"]);
        Assert.Equal(2, Directory.GetFiles(Path.Join(here, "u", "metadata")).Length);
        Assert.False(Directory.Exists(folder.Join("v")));
    }

    [Fact]
    public async Task Credentials_that_nobody_set_are_one_sentence_and_exit_code_2()
    {
        var (exitCode, _, errors) = await FrazilProcess.RunAsync(
            folder.Path, "--port", "0", "--warehouse", "s3://bucket/x", "--s3-endpoint", "http://127.0.0.1:9", "--s3-credentials", "my-rados");

        Assert.Equal(2, exitCode);
        Assert.StartsWith("frazil: The catalog 'default' cannot be served: no credentials are named 'my-rados': set FRAZIL__CREDENTIALS__MY_RADOS__ACCESS_KEY_ID and __SECRET_ACCESS_KEY", errors, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Needs", "dynamodb")]
    public async Task Servers_over_one_table_take_the_same_secret_whatever_folders_they_have()
    {
        var environment = new Dictionary<string, string>
        {
            ["FRAZIL__DYNAMODB_ENDPOINT"] = Required("FRAZIL_TEST_DYNAMODB"),
            ["FRAZIL__CREDENTIALS__DYNAMODB__ACCESS_KEY_ID"] = "test",
            ["FRAZIL__CREDENTIALS__DYNAMODB__SECRET_ACCESS_KEY"] = "test",
        };
        string[] words = ["--port", "0", "--store", "dynamodb", "--dynamodb-table", $"hosts-{Guid.NewGuid():N}", "--warehouse", folder.Join("tables")];
        await using var first = await FrazilProcess.ServeAsync(folder.Path, environment, [.. words, "--auth", "--data", "one"]);
        var secret = (await first.ErrorLineAsync(line => line.StartsWith("The root credentials", StringComparison.Ordinal))).Split(':')[^1];
        await using var second = await FrazilProcess.ServeAsync(folder.Path, environment, [.. words, "--auth", "--data", "two"]);

        foreach (var server in (FrazilProcess[])[first, second])
        {
            using var form = new FormUrlEncodedContent([new("grant_type", "client_credentials"), new("client_id", "root"), new("client_secret", secret)]);
            using var granted = await server.Client.PostAsync("/v1/oauth/tokens", form);
            Assert.Equal(HttpStatusCode.OK, granted.StatusCode);

            // A token of one is good at the other.
            var token = System.Text.Json.JsonDocument.Parse(await granted.Content.ReadAsStringAsync()).RootElement.GetProperty("access_token").GetString()!;
            var other = server == first ? second : first;
            using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/namespaces") { Headers = { Authorization = new("Bearer", token) } };
            using var answer = await other.Client.SendAsync(request);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        var (exitCode, _, errors) = await FrazilProcess.RunAsync(folder.Path, environment, [.. words, "--data", "three"]);
        Assert.Equal(2, exitCode);
        Assert.Contains("was served with --auth until now", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("frazil: The catalog 'default' cannot be served: its S3 has no region: say --s3-region (FRAZIL__S3_REGION; 'region' in a file of --catalogs), or AWS_REGION", "--warehouse", "s3://bucket/x")]
    [InlineData("frazil: Cannot use the DynamoDB table frazil: it has no region: say --dynamodb-region (FRAZIL__DYNAMODB_REGION), or AWS_REGION", "--store", "dynamodb")]
    public async Task A_region_that_nobody_named_is_one_sentence_that_names_the_setting(string sentence, params string[] words)
    {
        // No profile, and no machine of Amazon's to be asked.
        var environment = new Dictionary<string, string>
        {
            ["AWS_EC2_METADATA_DISABLED"] = "true",
            ["AWS_REGION"] = "",
            ["AWS_DEFAULT_REGION"] = "",
            ["AWS_CONFIG_FILE"] = folder.Join("none"),
            ["AWS_SHARED_CREDENTIALS_FILE"] = folder.Join("none"),
            ["AWS_ACCESS_KEY_ID"] = "a",
            ["AWS_SECRET_ACCESS_KEY"] = "b",
        };

        var (exitCode, _, errors) = await FrazilProcess.RunAsync(folder.Path, environment, ["--port", "0", .. words]);

        Assert.Equal(2, exitCode);
        Assert.Equal(sentence, errors);
    }

    [Fact]
    public async Task A_server_that_needs_nothing_of_AWS_loads_nothing_of_it()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        await using var server = await FrazilProcess.ServeAsync(folder.Path);
        await server.CreateTableAsync("t");

        Assert.DoesNotContain("AWSSDK", await File.ReadAllTextAsync($"/proc/{server.Id}/maps"), StringComparison.Ordinal);
    }

    private static string Required(string variable) => Environment.GetEnvironmentVariable(variable)
        ?? throw new InvalidOperationException($"{variable} is not set: start the tests with tests/run, which starts the emulators and names them");
}
