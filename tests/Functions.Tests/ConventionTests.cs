using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Frazil.Api;
using Frazil.AzureFunctions;
using Microsoft.Azure.Functions.Worker;

namespace Frazil.Functions.Tests;

/// <summary>Holds together what is said in three places: the functions, the route table, the job list.</summary>
public sealed class ConventionTests
{
    private const string Wildcard = "wildcard";

    private static readonly IReadOnlyList<(string Name, MethodInfo Method)> All =
    [
        .. typeof(JobFunctions).Assembly.GetTypes().SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance))
            .Select(method => (method.GetCustomAttribute<FunctionAttribute>()?.Name!, method)).Where(function => function.Item1 is not null),
    ];

    private static readonly IReadOnlyDictionary<string, HttpTriggerAttribute> Http = All
        .Select(function => (function.Name, Trigger: function.Method.GetParameters().Select(parameter => parameter.GetCustomAttribute<HttpTriggerAttribute>()).FirstOrDefault(trigger => trigger is not null)))
        .Where(function => function.Trigger is not null).ToDictionary(function => function.Name, function => function.Trigger!);

    private static readonly IReadOnlyDictionary<string, string> Timers = All
        .Select(function => (function.Name, Trigger: function.Method.GetParameters().Select(parameter => parameter.GetCustomAttribute<TimerTriggerAttribute>()).FirstOrDefault(trigger => trigger is not null)))
        .Where(function => function.Trigger is not null).ToDictionary(function => function.Name, function => function.Trigger!.Schedule);

    [Fact]
    public void Every_operation_is_a_function_and_every_function_an_operation_or_a_job() =>
        Assert.Equal(
            RouteTable.Routes.Select(route => route.OperationId).Concat(JobList.All.Select(job => job.Name)).Append(Wildcard).Order(StringComparer.Ordinal),
            All.Select(function => function.Name).Order(StringComparer.Ordinal));

    [Fact]
    public void A_function_has_the_method_and_the_template_of_its_route() =>
        Assert.All(RouteTable.Routes, route =>
        {
            var trigger = Http[route.OperationId];
            Assert.Equal(route.Method, Assert.Single(trigger.Methods!), ignoreCase: true);
            Assert.Equal(Unnamed(route.Template.TrimStart('/')), Unnamed(trigger.Route!));
        });

    [Fact]
    public void A_job_has_a_timer_with_its_schedule() =>
        Assert.Equal(JobList.All.ToDictionary(job => job.Name, job => job.Schedule), Timers);

    [Fact]
    public void A_function_is_a_static_method_named_like_it() =>
        Assert.All(All, function =>
        {
            Assert.True(function.Method.IsStatic);
            Assert.Equal(function.Name, char.ToLowerInvariant(function.Method.Name[0]) + function.Method.Name[1..]);
        });

    // The host's own keys would stand before the catalog's tokens, and an attribute without a level means a key.
    [Fact]
    public void No_function_asks_for_a_key_of_the_host() => Assert.All(Http.Values, trigger => Assert.Equal(AuthorizationLevel.Anonymous, trigger.AuthLevel));

    // Azure's host tries routes in the order of the functions' names.
    [Fact]
    public void The_catch_all_is_tried_last()
    {
        Assert.Equal(Wildcard, Http.Keys.Order(StringComparer.OrdinalIgnoreCase).Last());
        Assert.Equal("{*path}", Http[Wildcard].Route);
        Assert.Empty(Http[Wildcard].Methods ?? []);
    }

    [Fact]
    public void The_host_file_says_no_prefix_and_OpenTelemetry()
    {
        using var file = JsonDocument.Parse(File.ReadAllBytes(Path.Join(Path.GetDirectoryName(Worker.Assembly), "host.json")));
        Assert.Equal("2.0", file.RootElement.GetProperty("version").GetString());
        Assert.Equal("OpenTelemetry", file.RootElement.GetProperty("telemetryMode").GetString());
        Assert.Equal("", file.RootElement.GetProperty("extensions").GetProperty("http").GetProperty("routePrefix").GetString());
        Assert.True(TimeSpan.Parse(file.RootElement.GetProperty("functionTimeout").GetString()!, System.Globalization.CultureInfo.InvariantCulture) > 2 * CatalogHost.JobBudget);
    }

    [Fact]
    public void A_run_of_a_job_ends_before_the_next_is_due() => Assert.All(JobList.All, job => Assert.True(CatalogHost.JobBudget < job.Every));

    private static string Unnamed(string template) => Regex.Replace(template, @"\{[^}]*\}", "{}");
}
