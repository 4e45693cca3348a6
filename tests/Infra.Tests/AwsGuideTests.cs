using System.Text.RegularExpressions;

namespace Frazil.Infra.Tests;

/// <summary>docs/deploy-aws.md against the program: what it names exists, and what exists it names.</summary>
public sealed partial class AwsGuideTests
{
    private static readonly string Guide = File.ReadAllText(Path.Combine(Stacks.Root(), "docs", "deploy-aws.md"));

    /// <summary>What the table of troubles quotes of AWS' own, and words that are no sentence of ours.</summary>
    private static readonly string[] NotOurs =
    [
        "Forbidden", "Internal Server Error", "exec format error", "GLIBC_… not found", "UnreservedConcurrentExecution below its minimum", "ssm:", "secretsmanager:", "snapshots=refs",
    ];

    [Fact]
    public async Task Its_table_of_outputs_is_what_a_stack_gives_back()
    {
        var named = Section("| Output | Is |", "\n\n").SelectMany(line => Quoted().Matches(line.Split('|')[1]).Select(match => match.Groups[1].Value));
        Assert.Equal((await Stacks.AwsAsync()).Outputs.Keys.Order(StringComparer.Ordinal), named.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void It_names_every_key_that_an_AWS_stack_reads()
    {
        HashSet<string> read = ["frazil:cloud"];
        AwsOptions.Read(
            new ConfigReader(key =>
            {
                read.Add(key);
                return key == "frazil:package" ? Stacks.Package : null;
            }),
            "test");
        Assert.All(read, key => Assert.Matches($"{key}[ `]", Guide));
    }

    [Fact]
    public void Every_value_that_it_gives_a_key_is_taken()
    {
        var given = ValueOfKey().Matches(Guide).Where(match => !match.Groups[2].Value.Contains('…', StringComparison.Ordinal)).Select(match => (match.Groups[1].Value, match.Groups[2].Value)).Distinct().ToList();
        Assert.True(given.Count >= 8, string.Join('\n', given));
        Assert.All(given.Where(one => one.Item1 is not ("package" or "cloud")), one => AwsOptions.Read(Stacks.Reader("aws", one), "test"));
    }

    [Fact]
    public async Task It_counts_right()
    {
        var stack = await Stacks.AwsAsync();
        Assert.Equal(2, stack.OfType("aws:lambda/function:Function").Count());
        Assert.Equal(4, stack.OfType("aws:iam/role:Role").Count());
        Assert.Equal(JobList.All.Count, stack.OfType("aws:scheduler/schedule:Schedule").Count());
        Assert.Contains("two Lambda functions of one package", Guide, StringComparison.Ordinal);
        Assert.Contains("four roles, a\nschedule for each job", Guide, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_keys_alias_has_the_name_that_it_says()
    {
        var alias = (await Stacks.AwsAsync(("customerKey", "true"))).OfType("aws:kms/alias:Alias").Single().Text("name");
        Assert.Contains($"--key-id {alias.Replace("-test", "-prod", StringComparison.Ordinal)}`", Guide, StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_that_is_turned_looks_like_one_that_was_made()
    {
        Assert.Contains($"--value \"{RootSecret.Prefix}$(openssl rand -base64 32", Guide, StringComparison.Ordinal);
        Assert.Contains($"--value \"{RootSecret.Prefix}$(openssl rand -base64 32", File.ReadAllText(Path.Combine(Stacks.Root(), "docs", "deploy-azure.md")), StringComparison.Ordinal);
        Assert.Contains(
            $"SecretPrefix = \"{RootSecret.Prefix}\"",
            File.ReadAllText(Path.Combine(Stacks.Root(), "shared", "Catalog", "Security", "RootCredentials.cs")),
            StringComparison.Ordinal);
    }

    [Fact]
    public void The_packaging_script_knows_the_options_that_it_gives_it()
    {
        var script = File.ReadAllText(Path.Combine(Stacks.Root(), "infra", "package"));
        var options = PackageOptions().Matches(Guide).SelectMany(match => match.Groups[1].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Append("--arch").Distinct().ToList();
        Assert.Contains("--managed", options);
        Assert.All(options, option => Assert.Contains($"    {option}) ", script, StringComparison.Ordinal));
    }

    [Fact]
    public void What_it_quotes_of_troubles_is_what_is_said()
    {
        var sources = string.Concat(((string[])["functions", "infra", "shared"])
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Stacks.Root(), folder), "*.cs", SearchOption.AllDirectories))
            .Select(File.ReadAllText));
        var quotes = Section("| You see | It is |", "\n\n").SelectMany(line => Quoted().Matches(line).Select(match => match.Groups[1].Value))
            .Where(text => !NotOurs.Contains(text) && !Command().IsMatch(text)).Select(text => text.TrimEnd('…', ' ')).ToList();
        Assert.True(quotes.Count >= 5, string.Join('\n', quotes));
        Assert.All(quotes, quote => Assert.Contains(quote, sources, StringComparison.Ordinal));
    }

    /// <summary>The rows of a table.</summary>
    private static IEnumerable<string> Section(string head, string end)
    {
        var start = Guide.IndexOf(head, StringComparison.Ordinal);
        Assert.True(start >= 0, $"The table {head} is not there.");
        return Guide[start..Guide.IndexOf(end, start, StringComparison.Ordinal)].Split('\n').Skip(2);
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();

    [GeneratedRegex("^(pulumi|aws) |^frazil:")]
    private static partial Regex Command();

    [GeneratedRegex(@"frazil:([a-zA-Z0-9]+) ([^\s`|#""]+)(?=`|\s)")]
    private static partial Regex ValueOfKey();

    [GeneratedRegex(@"infra/package aws((?: --[a-z]+)*)")]
    private static partial Regex PackageOptions();
}
