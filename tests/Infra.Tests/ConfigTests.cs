using Pulumi;

namespace Frazil.Infra.Tests;

/// <summary>Configuration that is wrong is answered with sentences that say what to set.</summary>
public sealed class ConfigTests
{
    [Theory]
    [InlineData("memory", "64", "Configuration frazil:memory is not a whole number from 128 to 10240 (it is '64'). Set it with: pulumi config set frazil:memory VALUE")]
    [InlineData("memory", "lots", "Configuration frazil:memory is not a whole number from 128 to 10240 (it is 'lots').")]
    [InlineData("timeout", "901", "Configuration frazil:timeout is not a whole number from 1 to 900")]
    [InlineData("runtime", "jvm", "Configuration frazil:runtime is not one of native, managed (it is 'jvm').")]
    [InlineData("architecture", "riscv", "Configuration frazil:architecture is not one of arm64, x86_64")]
    [InlineData("frontDoor", "alb", "Configuration frazil:frontDoor is not one of url, httpApi")]
    [InlineData("alarms", "yes", "Configuration frazil:alarms is not true or false (it is 'yes').")]
    [InlineData("logRetentionDays", "31", "Configuration frazil:logRetentionDays is not one of 1, 3, 5, 7, 14, 30,")]
    [InlineData("alarmEmail", "nobody", "Configuration frazil:alarmEmail is not an e-mail address")]
    [InlineData("catalog", "a/b", "Configuration frazil:catalog is not a catalog name: letters, digits, '_' and '-', at most 128")]
    [InlineData("rootSecret", "short", "Configuration frazil:rootSecret is shorter than 32 characters")]
    [InlineData("reservedConcurrency", "0", "Configuration frazil:reservedConcurrency is not a whole number from 1 to 100000")]
    [InlineData("package", "/nowhere/p.zip", "There is no package at /nowhere/p.zip. Build it with: infra/package aws")]
    [InlineData("allowedLocations", "abfss://c@a.dfs.core.windows.net/x", "The allowed location 'abfss://c@a.dfs.core.windows.net/x' does not begin with s3://")]
    [InlineData("allowedLocations", "s3://B/x", "The allowed location 's3://B/x' names no bucket")]
    [InlineData("allowedLocations", "s3://bucket/*", "The allowed location 's3://bucket/*' has a path that a policy could misread")]
    [InlineData("allowedLocations", "s3://bucket/${aws:username}", "has a path that a policy could misread")]
    [InlineData("allowedLocations", "s3://bucket/a?b", "has a path that a policy could misread")]
    [InlineData("allowedLocations", "s3://bucket/a/../b", "has a path that a policy could misread")]
    [InlineData("allowedLocations", "s3://bucket/a//b", "has a path that a policy could misread")]
    public void A_wrong_value_for_aws_is_a_sentence(string key, string value, string sentence) =>
        Assert.Contains(
            sentence,
            Assert.Throws<RunException>(() => AwsOptions.Read(Stacks.Reader("aws", (key, value)), "test")).Message,
            StringComparison.Ordinal);

    [Theory]
    [InlineData("instanceMemory", "1024", "Configuration frazil:instanceMemory is not one of 512, 2048, 4096 (it is '1024').")]
    [InlineData("maximumInstances", "1001", "Configuration frazil:maximumInstances is not a whole number from 1 to 1000")]
    [InlineData("redundancy", "GRS", "Configuration frazil:redundancy is not one of LRS, ZRS")]
    [InlineData("operators", "me", "The operator 'me' is not an object id. Find yours with: az ad signed-in-user show --query id -o tsv.")]
    [InlineData("allowedLocations", "s3://bucket/x", "The allowed location 's3://bucket/x' does not begin with abfss://")]
    [InlineData("allowedLocations", "abfss://account.dfs.core.windows.net/x", "is not of the form abfss://CONTAINER@ACCOUNT.dfs.core.windows.net/PATH")]
    [InlineData("azure-native:location", "", "Configuration azure-native:location is missing: the region to deploy to.")]
    [InlineData("logRetentionDays", "7", "Configuration frazil:logRetentionDays is not one of 30, 60,")]
    public void A_wrong_value_for_azure_is_a_sentence(string key, string value, string sentence) =>
        Assert.Contains(
            sentence,
            Assert.Throws<RunException>(() => AzureOptions.Read(Stacks.Reader("azure", (key, value)), "test")).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Everything_that_is_wrong_is_said_at_once()
    {
        var message = Assert.Throws<RunException>(() => AwsOptions.Read(Stacks.Reader("aws", ("memory", "1"), ("runtime", "x"), ("alarms", "?")), "test")).Message;
        Assert.Equal(3, message.Split(Environment.NewLine).Length);
    }

    [Fact]
    public void Behind_an_http_api_no_request_takes_longer_than_it_waits() =>
        Assert.Contains(
            "from 1 to 30",
            Assert.Throws<RunException>(() => AwsOptions.Read(Stacks.Reader("aws", ("frontDoor", "httpApi"), ("timeout", "60")), "test")).Message,
            StringComparison.Ordinal);

    [Fact]
    public void More_instances_ready_than_allowed_is_refused() =>
        Assert.Contains(
            "frazil:alwaysReady (5) is larger than frazil:maximumInstances (2)",
            Assert.Throws<RunException>(() => AzureOptions.Read(Stacks.Reader("azure", ("alwaysReady", "5"), ("maximumInstances", "2")), "test")).Message,
            StringComparison.Ordinal);

    [Theory]
    [InlineData("prod", "prod")]
    [InlineData("Prod_EU.1", "prod-eu-1")]
    [InlineData("a-very-long-name-of-a-stack-indeed", "a-very-long-name-of-a-st")]
    public void A_stacks_name_becomes_one_that_every_service_takes(string stack, string name) =>
        Assert.Equal(name, AwsOptions.Read(Stacks.Reader("aws"), stack).Common.Stack);

    [Fact]
    public void Every_key_that_is_read_is_documented_in_the_project_file_and_every_other_way_round()
    {
        var read = new HashSet<string>();
        string? Note(string key)
        {
            read.Add(key);
            return key switch { "frazil:cloud" => "aws", "frazil:package" => Stacks.Package, "azure-native:location" => "westeurope", _ => null };
        }

        var reader = new ConfigReader(Note);
        reader.Text("cloud");
        AwsOptions.Read(reader, "test");
        AzureOptions.Read(reader, "test");
        var documented = File.ReadAllLines(Path.Combine(Stacks.Root(), "infra", "Pulumi.yaml")).Select(line => line.Trim()).Where(line => line.StartsWith("frazil:", StringComparison.Ordinal)).Select(line => line.TrimEnd(':'));
        Assert.Equal(
            read.Where(key => key.StartsWith("frazil:", StringComparison.Ordinal)).Order(StringComparer.Ordinal),
            documented.Order(StringComparer.Ordinal));
    }
}
