using System.Reflection;
using System.Text.RegularExpressions;

namespace Frazil.Api.Tests;

/// <summary>What holds the house together.</summary>
public sealed partial class ConventionTests
{
    private static readonly string Root = FindRoot();

    /// <summary>The operations of the Iceberg REST specification.</summary>
    private static readonly string[] OperationIds =
    [
        "cancelPlanning", "commitTransaction", "createNamespace", "createTable", "createView", "dropNamespace", "dropTable", "dropView", "fetchPlanningResult", "fetchScanTasks",
        "getConfig", "getToken", "listFunctions", "listNamespaces", "listTables", "listViews", "loadCredentials", "loadFunction", "loadNamespaceMetadata", "loadTable", "loadView",
        "namespaceExists", "planTableScan", "registerTable", "registerView", "renameTable", "renameView", "replaceView", "reportMetrics", "signRequest", "tableExists",
        "unregisterTable", "updateProperties", "updateTable", "viewExists",
    ];

    /// <summary>Which of our assemblies each of them may refer to.</summary>
    private static readonly Dictionary<string, string[]> References = new()
    {
        ["Frazil.Iceberg"] = [],
        ["Frazil.Catalog"] = ["Frazil.Iceberg"],
        ["Frazil.Api"] = ["Frazil.Catalog", "Frazil.Iceberg"],
        ["Frazil.EmbeddedBackend"] = ["Frazil.Catalog", "Frazil.Iceberg"],
    };

    public static TheoryData<string> Assemblies { get; } = [.. References.Keys];

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void References_point_one_way(string name)
    {
        var assembly = Assembly.LoadFrom(Path.Join(AppContext.BaseDirectory, $"{name}.dll"));

        var ours = assembly.GetReferencedAssemblies().Select(reference => reference.Name!).Where(reference => reference.StartsWith("frazil", StringComparison.OrdinalIgnoreCase));

        Assert.Empty(ours.Except(References[name]));
    }

    [Fact]
    public void The_specification_the_catalog_and_the_api_know_no_vendor()
    {
        foreach (var name in new[] { "Frazil.Iceberg", "Frazil.Catalog", "Frazil.Api" })
        {
            var assembly = Assembly.LoadFrom(Path.Join(AppContext.BaseDirectory, $"{name}.dll"));
            Assert.DoesNotContain(assembly.GetReferencedAssemblies(), reference =>
                reference.Name!.StartsWith("AWSSDK", StringComparison.Ordinal) || reference.Name.StartsWith("Azure", StringComparison.Ordinal) || reference.Name.Contains("Sqlite", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Every_operation_of_the_specification_has_its_route_and_no_other_has_one() =>
        Assert.Equal(OperationIds.Order(), RouteTable.Routes.Where(route => !route.IsManagement).Select(route => route.OperationId).Order());

    [Fact]
    public void A_route_of_the_specification_is_answered_by_the_method_of_its_operations_name()
    {
        foreach (var route in RouteTable.Routes.Where(route => !route.IsManagement && route.Handler is not null))
        {
            Assert.Equal(route.OperationId, route.Handler!.Method.Name, ignoreCase: true);
        }
    }

    [Fact]
    public void The_page_of_conformance_and_the_tests_say_the_same()
    {
        var shown = Directory.EnumerateFiles(Path.Join(Root, "tests"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .SelectMany(file => BehaviourTrait().Matches(File.ReadAllText(file)))
            .Select(match => int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture))
            .ToHashSet();
        var page = File.ReadAllLines(Path.Join(Root, "docs", "conformance.md")).Select(line => PageRow().Match(line)).Where(match => match.Success)
            .ToDictionary(match => int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture), match => match.Groups[2].Value);
        var required = Enumerable.Range(1, 217).Concat(Enumerable.Range(226, 27)).Concat(Enumerable.Range(275, 21)).ToArray();

        Assert.Empty(required.Except(page.Keys));
        Assert.Equal([.. page.Where(row => !row.Value.StartsWith("*open*", StringComparison.Ordinal)).Select(row => row.Key).Order()], shown.Order());
        foreach (var (number, text) in page.Where(row => !row.Value.StartsWith("*open*", StringComparison.Ordinal)))
        {
            Assert.True(TestOfRow().Matches(text).All(match => Directory.EnumerateFiles(Path.Join(Root, "tests"), $"{match.Groups[1].Value}.cs", SearchOption.AllDirectories).Any()), $"{number}: {text}");
        }
    }

    [GeneratedRegex("Trait\\(\"Behaviour\", \"(\\d+)\"\\)")]
    private static partial Regex BehaviourTrait();

    [GeneratedRegex(@"^\| (\d+) \| (.*) \|$")]
    private static partial Regex PageRow();

    [GeneratedRegex(@"\(`([^`]+)`\)")]
    private static partial Regex TestOfRow();

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Join(folder.FullName, "Serverless.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("The tests are not in their clone: no folder above them holds Serverless.sln");
        }

        return folder.FullName;
    }
}
