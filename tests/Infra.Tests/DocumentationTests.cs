using System.Text.RegularExpressions;

namespace Frazil.Infra.Tests;

/// <summary>Commands in the documentation name keys and outputs that there are.</summary>
public sealed partial class DocumentationTests
{
    [Theory]
    [InlineData("deploy-aws.md", "aws")]
    [InlineData("deploy-azure.md", "azure")]
    public async Task Outputs_and_keys_in_the_guides_exist(string page, string cloud)
    {
        var text = Read("docs", page);
        var stack = cloud == "aws" ? await Stacks.AwsAsync() : await Stacks.AzureAsync();
        var outputs = OutputPattern().Matches(text).Select(match => match.Groups[1].Value).ToHashSet();
        Assert.True(outputs.Count >= 5);
        Assert.All(outputs, output => Assert.True(stack.Outputs.ContainsKey(output), $"{page} names the output {output}, which a stack for {cloud} does not have."));
        AssertKeysExist(text);
    }

    [Fact]
    public async Task Outputs_and_keys_in_the_pages_for_both_clouds_exist()
    {
        var known = (await Stacks.AwsAsync()).Outputs.Keys.Union((await Stacks.AzureAsync()).Outputs.Keys).ToHashSet();
        foreach (var page in new[] { "operations.md", "cost.md" })
        {
            var text = Read("docs", page);
            Assert.All(OutputPattern().Matches(text).Select(match => match.Groups[1].Value), output => Assert.Contains(output, known));
            AssertKeysExist(text);
        }
    }

    [Theory]
    [InlineData("deploy-aws.md")]
    [InlineData("deploy-azure.md")]
    [InlineData("operations.md")]
    [InlineData("cost.md")]
    public void Links_lead_somewhere(string page)
    {
        var folder = Path.Combine(Stacks.Root(), "docs");
        Assert.All(
            LinkPattern().Matches(Read("docs", page)).Select(match => match.Groups[1].Value).Where(link => !link.StartsWith("http", StringComparison.Ordinal)),
            link => Assert.True(File.Exists(Path.Combine(folder, link)), $"{page} links to {link}."));
    }

    [Fact]
    public async Task The_root_secrets_parameter_has_the_name_that_the_guide_says()
    {
        var parameter = (await Stacks.AwsAsync())["frazil-test-root-secret"].Text("name");
        Assert.Contains($"parameter={parameter.Replace("-test", "-prod", StringComparison.Ordinal)}", Read("docs", "deploy-aws.md"), StringComparison.Ordinal);
        var secret = (await Stacks.AzureAsync())["frazil-root-secret"].Text("secretName");
        Assert.Contains($"--name {secret} ", Read("docs", "deploy-azure.md"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("deploy-aws.md", "aws")]
    [InlineData("deploy-azure.md", "azure")]
    public async Task The_guides_say_how_many_resources_there_will_be(string page, string cloud)
    {
        var declared = (await Stacks.RunAsync(cloud, RootSecret.Make, ("alarmEmail", "you@example.org"), ("operators", "11111111-2222-3333-4444-555555555555"))).Mocks.All.Count;
        Assert.Contains($"(about {Math.Round(declared / 10.0) * 10} resources)", Read("docs", page), StringComparison.Ordinal);
    }

    private static void AssertKeysExist(string text)
    {
        var project = Read("infra", "Pulumi.yaml");
        Assert.All(KeyPattern().Matches(text).Select(match => match.Value), key => Assert.Contains($"  {key}:\n", project, StringComparison.Ordinal));
    }

    private static string Read(params string[] path) => File.ReadAllText(Path.Combine([Stacks.Root(), .. path]));

    [GeneratedRegex(@"pulumi stack output ([A-Za-z]+)")]
    private static partial Regex OutputPattern();

    [GeneratedRegex(@"frazil:[a-zA-Z0-9]+")]
    private static partial Regex KeyPattern();

    [GeneratedRegex(@"\]\(([^)#]+)\)")]
    private static partial Regex LinkPattern();
}
