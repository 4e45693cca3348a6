using System.Collections;
using System.Collections.Immutable;
using Pulumi;

namespace Frazil.Infra.Tests;

/// <summary>A second run changes nothing, and the one secret stays a secret.</summary>
public sealed class StabilityTests
{
    [Theory]
    [InlineData("aws")]
    [InlineData("azure")]
    public async Task Two_runs_declare_the_same_but_for_the_fresh_secret_that_is_ignored(string cloud)
    {
        var first = await Stacks.RunAsync(cloud, () => "frazil_first-first-first-first-first-first");
        var second = await Stacks.RunAsync(cloud, () => "frazil_second-second-second-second-second");
        Assert.Equal(first.Mocks.All.Select(resource => resource.Name), second.Mocks.All.Select(resource => resource.Name));
        var different = first.Mocks.All.Zip(second.Mocks.All).Where(pair => Render(pair.First.Inputs) != Render(pair.Second.Inputs)).Select(pair => pair.First.Name);
        Assert.Equal([cloud == "aws" ? "frazil-test-root-secret" : "frazil-root-secret"], different);
        Assert.Equal(first.Outputs.Keys, second.Outputs.Keys);
        foreach (var output in first.Outputs.Keys)
        {
            Assert.Equal(await first.TextAsync(output), await second.TextAsync(output));
        }
    }

    [Theory]
    [InlineData("value")]
    [InlineData("properties.value")]
    public void A_secret_that_was_made_is_kept_and_one_that_was_chosen_is_followed(string property)
    {
        var made = AwsOptions.Read(Stacks.Reader("aws"), "test").Common;
        var chosen = AwsOptions.Read(Stacks.Reader("aws", ("rootSecret", new string('x', 40))), "test").Common;
        Assert.Equal([property], RootSecret.Kept(made, property).IgnoreChanges);
        Assert.Empty(RootSecret.Kept(chosen, property).IgnoreChanges);
    }

    [Fact]
    public async Task The_secret_is_secret_in_the_state_too()
    {
        var made = AwsOptions.Read(Stacks.Reader("aws"), "test").Common;
        Assert.True(await Output.IsSecretAsync(RootSecret.Value(made, RootSecret.Make)));
        var chosen = AwsOptions.Read(Stacks.Reader("aws", ("rootSecret", new string('x', 40))), "test").Common;
        Assert.True(await Output.IsSecretAsync(RootSecret.Value(chosen, RootSecret.Make)));
    }

    [Fact]
    public void A_made_secret_has_256_bits_and_is_another_each_time()
    {
        var secrets = Enumerable.Range(0, 20).Select(_ => RootSecret.Make()).ToList();
        Assert.Equal(20, secrets.Distinct().Count());
        Assert.All(secrets, secret => Assert.Matches("^frzs_[A-Za-z0-9_-]{43}$", secret));
    }

    [Theory]
    [InlineData("aws")]
    [InlineData("azure")]
    public async Task No_output_and_no_resource_but_the_secrets_own_carries_the_secret(string cloud)
    {
        const string secret = "frazil_a-secret-that-no-one-may-see-anywhere";
        var stack = await Stacks.RunAsync(cloud, () => secret);
        foreach (var output in stack.Outputs.Keys)
        {
            Assert.DoesNotContain(secret, await stack.TextAsync(output) ?? "", StringComparison.Ordinal);
        }

        var carriers = stack.Mocks.All.Where(resource => Render(resource.Inputs).Contains(secret, StringComparison.Ordinal)).Select(resource => resource.Name);
        Assert.Equal([cloud == "aws" ? "frazil-test-root-secret" : "frazil-root-secret"], carriers);
        Assert.Equal(
            cloud == "aws" ? "SecureString" : "text/plain",
            cloud == "aws" ? stack["frazil-test-root-secret"].Inputs["type"] : stack["frazil-root-secret"].Object("properties")["contentType"]);
    }

    [Fact]
    public async Task Names_of_resources_differ_between_stacks_where_the_account_is_shared()
    {
        var options = AwsOptions.Read(Stacks.Reader("aws"), "other");
        var mocks = new Mocks();
        await Deployment.TestAsync(
            mocks,
            new Pulumi.Testing.TestOptions { IsPreview = false, StackName = "other", ProjectName = "frazil" },
            () => Deploy.Aws(options, RootSecret.Make).ToDictionary());
        Assert.All(mocks.All, resource => Assert.StartsWith("frazil-other-", resource.Name, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("aws")]
    [InlineData("azure")]
    public async Task A_preview_of_a_fresh_account_goes_through(string cloud)
    {
        var mocks = new Mocks();
        var reader = Stacks.Reader(cloud);
        await Deployment.TestAsync(mocks, new Pulumi.Testing.TestOptions { IsPreview = true, StackName = "test", ProjectName = "frazil" }, () => cloud == "aws"
            ? Deploy.Aws(AwsOptions.Read(reader, "test"), RootSecret.Make).ToDictionary()
            : Deploy.Azure(AzureOptions.Read(reader, "test"), RootSecret.Make).ToDictionary());
        Assert.True(mocks.All.Count > 30);
    }

    private static string Render(object? value) => value switch
    {
        null => "",
        string text => text,
        ImmutableDictionary<string, object> map => "{" + string.Join(
            ",",
            map.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => pair.Key + ":" + Render(pair.Value))) + "}",
        IEnumerable list => "[" + string.Join(",", list.Cast<object>().Select(Render)) + "]",
        _ => Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture)!,
    };
}
