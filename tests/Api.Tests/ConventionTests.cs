using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;

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

    /// <summary>Every project that is shipped, with all the projects it names.</summary>
    public static TheoryData<string, string[]> ProjectReferences { get; } = new()
    {
        { "shared/Iceberg/Frazil.Iceberg.csproj", [] },
        { "shared/Catalog/Frazil.Catalog.csproj", ["shared/Iceberg/Frazil.Iceberg.csproj"] },
        { "shared/Embedded/Frazil.EmbeddedBackend.csproj", ["shared/Catalog/Frazil.Catalog.csproj"] },
        { "shared/Aws/Frazil.AwsBackend.csproj", ["shared/Catalog/Frazil.Catalog.csproj"] },
        { "shared/Azure/Frazil.AzureBackend.csproj", ["shared/Catalog/Frazil.Catalog.csproj"] },
        { "functions/Api/Frazil.Api.csproj", ["shared/Catalog/Frazil.Catalog.csproj"] },
        { "functions/Local/Frazil.Local.csproj", ["functions/Api/Frazil.Api.csproj", "shared/Aws/Frazil.AwsBackend.csproj", "shared/Embedded/Frazil.EmbeddedBackend.csproj"] },
        { "functions/Aws/Frazil.Lambda.csproj", ["functions/Api/Frazil.Api.csproj", "shared/Aws/Frazil.AwsBackend.csproj"] },
        {
            "functions/Azure/Frazil.AzureFunctions.csproj",
            ["functions/Api/Frazil.Api.csproj", "shared/Azure/Frazil.AzureBackend.csproj", "shared/Embedded/Frazil.EmbeddedBackend.csproj"]
        },
        { "infra/Frazil.Infra.csproj", [] },
    };

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
    public void Every_limit_is_shown_by_a_test()
    {
        var limits = typeof(Limits).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => field.Name);
        var shown = typeof(ConventionTests).Assembly.GetTypes().SelectMany(type => type.GetMethods()).SelectMany(method => method.GetCustomAttributesData())
            .Where(attribute => attribute.AttributeType == typeof(TraitAttribute) && (string)attribute.ConstructorArguments[0].Value! == "Limit")
            .Select(attribute => (string)attribute.ConstructorArguments[1].Value!);

        Assert.Equal(limits.Order(), shown.Distinct().Order());
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

    [Fact]
    public void A_catalog_is_changed_in_one_place_only()
    {
        // The place; what stands above catalogs; and where they are put together.
        string[] known = ["Changes/Changes.cs", "Changes/StoreWriter.cs", "Operations/Catalogs.cs", "Operations/Operations.cs", "Placement/CatalogLocations.cs"];
        var folder = Path.Join(Root, "shared", "Catalog");
        var writers = Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Where(file => File.ReadLines(file).Any(line => !line.TrimStart().StartsWith("///", StringComparison.Ordinal) && SendsBatches().IsMatch(line)))
            .Select(file => Path.GetRelativePath(folder, file).Replace('\\', '/'));

        Assert.Equal(known, writers.Where(file => !file.StartsWith("obj/", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_operation_on_a_catalog_takes_the_context_of_its_call()
    {
        Type[] operations =
        [
            typeof(Namespaces), typeof(Tables), typeof(TableCommits), typeof(Views), typeof(MetricsReports), typeof(DeletedTables), typeof(Tasks), typeof(Protection),
        ];
        var methods = operations.SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)).ToArray();

        Assert.True(methods.Length > 30);
        Assert.All(methods, method => Assert.True(
            method.GetParameters() is [var first, .., var last] && first.ParameterType == typeof(CallContext) && last.ParameterType == typeof(CancellationToken),
            $"{method.DeclaringType!.Name}.{method.Name} does not begin with a call and end with a token"));
    }

    [Theory]
    [MemberData(nameof(ProjectReferences))]
    public void A_project_refers_to_those_below_it_only(string project, string[] below)
    {
        var references = XDocument.Load(Path.Join(Root, project)).Descendants("ProjectReference")
            .Select(reference => Path.GetRelativePath(Root, Path.GetFullPath(Path.Join(Root, Path.GetDirectoryName(project), reference.Attribute("Include")!.Value))));

        Assert.Equal(below.Order(), references.Select(reference => reference.Replace('\\', '/')).Order());
    }

    [Fact]
    public void Every_suite_of_trash_and_jobs_is_joined_by_every_pair_of_store_and_storage()
    {
        var types = typeof(ConventionTests).Assembly.GetExportedTypes();
        string[] suites = [.. types.Where(type => type.IsAbstract && IsOverAnyWorld(type) && (type.IsSubclassOf(typeof(TrashTests)) || type == typeof(JobCrashTests))).Select(type => type.Name)];

        string[] known = [nameof(JobCrashTests), nameof(JobTests), nameof(PurgeTests), nameof(RaceTests), nameof(SoftDeleteTests), nameof(SweepTests), nameof(WrittenByOthersTests)];
        Assert.Empty(known.Except(suites));
        Assert.Equal(
            suites.SelectMany(suite => new[] { "InMemory", "Embedded", "Aws", "Azure" }.Select(world => suite + world)).Order(),
            types.Where(type => type.IsSealed && suites.Contains(type.BaseType?.Name)).Select(type => type.Name).Order());

        static bool IsOverAnyWorld(Type type) => type.GetMethods().Any(method => method.DeclaringType == type && method.GetCustomAttributes<FactAttribute>().Any());
    }

    [Fact]
    public void Every_project_outside_of_the_tests_has_its_place_in_the_order() =>
        Assert.Equal(
            ProjectsOf("Serverless.sln").Where(project => !project.StartsWith("tests/", StringComparison.Ordinal)).Order(),
            ProjectReferences.Select(row => (string)row[0]).Order());

    [Fact]
    public void Every_project_that_any_registry_can_restore_has_a_lock_file_and_no_other_has_one()
    {
        var core = ProjectsOf("Core.slnf");

        Assert.All(core, project => Assert.True(File.Exists(LockFile(project)), $"{project} has no lock file: dotnet restore Core.slnf"));
        Assert.All(ProjectsOf("Serverless.sln").Except(core), project => Assert.False(File.Exists(LockFile(project)), $"{project} has a lock file, whose hashes may be those of packages from a folder"));
    }

    [Fact]
    public void What_is_locked_is_what_is_asked_for_centrally_and_comes_with_its_hash()
    {
        var versions = XDocument.Load(Path.Join(Root, "Directory.Packages.props")).Descendants("PackageVersion")
            .ToDictionary(version => version.Attribute("Include")!.Value, version => version.Attribute("Version")!.Value, StringComparer.OrdinalIgnoreCase);
        foreach (var project in ProjectsOf("Core.slnf"))
        {
            using var document = JsonDocument.Parse(File.ReadAllText(LockFile(project)));
            foreach (var package in document.RootElement.GetProperty("dependencies").EnumerateObject().SelectMany(framework => framework.Value.EnumerateObject()))
            {
                if (package.Value.GetProperty("type").GetString() == "Project")
                {
                    continue;
                }

                Assert.False(string.IsNullOrEmpty(package.Value.GetProperty("contentHash").GetString()), $"{project}: {package.Name} has no hash");
                if (versions.TryGetValue(package.Name, out var version))
                {
                    Assert.True(package.Value.GetProperty("resolved").GetString() == version, $"{project}: {package.Name} is locked at another version than {version}: dotnet restore Core.slnf");
                }
            }
        }
    }

    /// <summary>A version that nothing uses is one that nobody looks after. Those that only come with others stand by themselves, as pins.</summary>
    [Fact]
    public void Every_central_version_is_that_of_a_package_which_a_project_asks_for_or_a_pin_of_one_that_comes_with_others()
    {
        var groups = XDocument.Load(Path.Join(Root, "Directory.Packages.props")).Descendants("ItemGroup")
            .ToDictionary(group => group.Attribute("Label")!.Value, group => group.Elements("PackageVersion").Select(version => version.Attribute("Include")!.Value).ToArray());
        var asked = ProjectsOf("Serverless.sln").Append("Directory.Build.targets").Select(project => Path.Join(Root, project)).Where(File.Exists)
            .SelectMany(project => XDocument.Load(project).Descendants("PackageReference").Select(reference => reference.Attribute("Include")?.Value))
            .OfType<string>().ToHashSet(StringComparer.OrdinalIgnoreCase);
        var locked = ProjectsOf("Core.slnf").SelectMany(project =>
        {
            using var document = JsonDocument.Parse(File.ReadAllText(LockFile(project)));
            return document.RootElement.GetProperty("dependencies").EnumerateObject().SelectMany(framework => framework.Value.EnumerateObject()).Select(package => package.Name).ToArray();
        }).ToHashSet(StringComparer.OrdinalIgnoreCase);

        Assert.Equal([], groups.Where(group => group.Key != "Pins").SelectMany(group => group.Value).Where(package => !asked.Contains(package)));
        Assert.Equal([], groups["Pins"].Where(asked.Contains));

        // What belongs to the Lambda host alone has no lock file to be looked for in.
        Assert.Equal([], groups["Pins"].Where(package => !locked.Contains(package) && !package.StartsWith("Amazon.Lambda.", StringComparison.Ordinal)));
    }

    private static string LockFile(string project) => Path.Join(Root, Path.GetDirectoryName(project), "packages.lock.json");

    private static string[] ProjectsOf(string solution) =>
        [.. ProjectOfSolution().Matches(File.ReadAllText(Path.Join(Root, solution))).Select(match => Slashes().Replace(match.Groups[1].Value, "/")).Distinct()];

    [GeneratedRegex(@"\bStoreWriter\b|\b[Ss]tore\.WriteAsync\(")]
    private static partial Regex SendsBatches();

    [GeneratedRegex("\"([^\"]+\\.csproj)\"")]
    private static partial Regex ProjectOfSolution();

    [GeneratedRegex(@"[\\/]+")]
    private static partial Regex Slashes();

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
