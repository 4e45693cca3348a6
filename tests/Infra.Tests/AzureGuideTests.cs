using System.Text.RegularExpressions;

namespace Frazil.Infra.Tests;

/// <summary>docs/deploy-azure.md against the program: what it names exists, and what exists it names.</summary>
public sealed partial class AzureGuideTests
{
    private static readonly string Guide = File.ReadAllText(Path.Combine(Stacks.Root(), "docs", "deploy-azure.md"));

    /// <summary>What the table of troubles quotes of Azure's own.</summary>
    private static readonly string[] NotOurs = ["MissingSubscriptionRegistration", "AuthorizationFailed … roleAssignments/write"];

    /// <summary>Whose resources a provider's part makes. The parts that are missing here belong to every subscription.</summary>
    private static readonly Dictionary<string, string> Providers = new()
    {
        ["applicationinsights"] = "Microsoft.Insights",
        ["keyvault"] = "Microsoft.KeyVault",
        ["managedidentity"] = "Microsoft.ManagedIdentity",
        ["monitor"] = "Microsoft.Insights",
        ["operationalinsights"] = "Microsoft.OperationalInsights",
        ["storage"] = "Microsoft.Storage",
        ["web"] = "Microsoft.Web",
    };

    [Fact]
    public async Task Its_table_of_outputs_is_what_a_stack_gives_back()
    {
        var named = Section("| Output | Is |").SelectMany(line => Quoted().Matches(line.Split('|')[1]).Select(match => match.Groups[1].Value));
        Assert.Equal((await Stacks.AzureAsync()).Outputs.Keys.Order(StringComparer.Ordinal), named.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void It_names_every_key_that_an_Azure_stack_reads()
    {
        HashSet<string> read = ["frazil:cloud"];
        AzureOptions.Read(
            new ConfigReader(key =>
            {
                read.Add(key);
                return key switch { "frazil:package" => Stacks.Package, "azure-native:location" => "westeurope", _ => null };
            }),
            "test");
        Assert.True(read.Count >= 15, string.Join('\n', read));
        Assert.All(read, key => Assert.Matches($"{key}[ `]", Guide));
    }

    [Fact]
    public void Every_value_that_it_gives_a_key_is_taken()
    {
        var given = ValueOfKey().Matches(Guide).Select(match => (match.Groups[1].Value, match.Groups[2].Value)).Where(one => !one.Item2.Contains('…', StringComparison.Ordinal)).Distinct().ToList();
        Assert.True(given.Count >= 5, string.Join('\n', given));
        Assert.All(given.Where(one => one.Item1 is not ("package" or "cloud")), one => AzureOptions.Read(Stacks.Reader("azure", one), "test"));
    }

    [Fact]
    public async Task It_counts_right()
    {
        var stack = await Stacks.AzureAsync();
        Assert.Equal(3, stack.OfType("azure-native:storage:StorageAccount").Count());
        Assert.Equal(6, stack.OfType("azure-native:authorization:RoleAssignment").Count());
        Assert.Contains("three storage accounts (rows, files, code)", Guide, StringComparison.Ordinal);
        Assert.Contains("a managed identity with six role assignments", Guide, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_namespace_that_is_needed_is_registered()
    {
        var registered = Namespaces().Match(Guide).Groups[1].Value.Split(' ').ToHashSet();
        var parts = (await Stacks.AzureAsync()).Mocks.All.Select(resource => resource.Type!).Where(type => type.StartsWith("azure-native:", StringComparison.Ordinal)).Select(type => type.Split(':')[1]).ToHashSet();
        parts.ExceptWith(["authorization", "resources"]);
        Assert.All(parts, part => Assert.Contains(Providers[part], registered));

        // Flex Consumption runs on it.
        Assert.Contains("Microsoft.App", registered);
    }

    [Fact]
    public async Task The_container_to_which_a_role_is_given_is_the_tables()
    {
        var lake = (await Stacks.AzureAsync())["frazil-lake"].Text("containerName");
        Assert.Contains($"/blobServices/default/containers/{lake}\"", Guide, StringComparison.Ordinal);
    }

    [Fact]
    public void The_package_and_the_options_of_its_script_are_those_of_the_script()
    {
        var script = File.ReadAllText(Path.Combine(Stacks.Root(), "infra", "package"));
        Assert.Contains("out=$root/artifacts/package", script, StringComparison.Ordinal);
        Assert.Contains("zip=$out/frazil-azure$suffix.zip", script, StringComparison.Ordinal);
        Assert.Contains("`artifacts/package/frazil-azure.zip` is there now", Guide, StringComparison.Ordinal);
        Assert.Contains("--src ../artifacts/package/frazil-azure.zip", Guide, StringComparison.Ordinal);
        var reader = new ConfigReader(key => key == "azure-native:location" ? "westeurope" : null);
        var problem = Assert.ThrowsAny<Exception>(() => AzureOptions.Read(reader, "test"));
        Assert.Contains("artifacts/package/frazil-azure.zip", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_it_quotes_of_troubles_is_what_is_said()
    {
        var sources = Sources();
        var quotes = Section("| You see | It is |").SelectMany(line => Quoted().Matches(line).Select(match => match.Groups[1].Value))
            .Where(text => !NotOurs.Contains(text) && !Command().IsMatch(text)).Select(text => text.TrimEnd('…', ' ')).ToList();
        Assert.True(quotes.Count >= 2, string.Join('\n', quotes));
        Assert.All(quotes, quote => Assert.Contains(quote, sources, StringComparison.Ordinal));
    }

    [Fact]
    public void The_header_that_names_are_read_from_is_the_workers()
    {
        var header = Header().Match(Guide).Groups[1].Value;
        Assert.Contains($"SentHeader = \"{header}\"", Sources(), StringComparison.Ordinal);
    }

    // As long as the catalog gives no client a credential for blobs, a session that counts on one would fail at its first file.
    [Fact]
    public void It_promises_no_vended_credentials_while_there_are_none()
    {
        var vends = Sources().Contains("GetUserDelegationKey", StringComparison.Ordinal);
        Assert.NotEqual(vends, Guide.Contains("the catalog hands out none yet", StringComparison.Ordinal));
    }

    private static string Sources() => string.Concat(((string[])["functions", "infra", "shared"])
        .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Stacks.Root(), folder), "*.cs", SearchOption.AllDirectories))
        .Select(File.ReadAllText));

    /// <summary>The rows of a table.</summary>
    private static IEnumerable<string> Section(string head)
    {
        var start = Guide.IndexOf(head, StringComparison.Ordinal);
        Assert.True(start >= 0, $"The table {head} is not there.");
        return Guide[start..Guide.IndexOf("\n\n", start, StringComparison.Ordinal)].Split('\n').Skip(2);
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();

    [GeneratedRegex("^(pulumi|az) |^frazil:")]
    private static partial Regex Command();

    [GeneratedRegex(@"frazil:([a-zA-Z0-9]+) ([^\s`|#""]+)(?=`|\s)")]
    private static partial Regex ValueOfKey();

    [GeneratedRegex("for namespace in ([^;]+); do")]
    private static partial Regex Namespaces();

    [GeneratedRegex(@"in the header\s+`([A-Za-z-]+)`")]
    private static partial Regex Header();
}
