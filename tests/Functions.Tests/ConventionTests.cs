using System.Text.Json;
using System.Text.Json.Nodes;
using Frazil.Api;
using Frazil.AzureFunctions;
using Microsoft.Azure.Functions.Worker.Core.FunctionMetadata;

namespace Frazil.Functions.Tests;

/// <summary>What the worker tells Azure's host follows from the route table and the job list, in the words of the worker's SDK.</summary>
public sealed class ConventionTests
{
    private static readonly IReadOnlyDictionary<string, JsonObject> Triggers = FunctionList.All.ToDictionary(function => function.Name!, Trigger);

    [Fact]
    public void Every_operation_and_every_job_is_a_function_and_there_is_one_for_the_rest() =>
        Assert.Equal(
            RouteTable.Routes.Select(route => route.OperationId).Concat(JobList.All.Select(job => job.Name)).Append(FunctionList.Wildcard).Order(StringComparer.Ordinal),
            FunctionList.All.Select(function => function.Name).Order(StringComparer.Ordinal));

    [Fact]
    public void A_function_has_the_method_and_the_template_of_its_route() =>
        Assert.All(RouteTable.Routes, route =>
        {
            var trigger = Triggers[route.OperationId];
            Assert.Equal("httpTrigger", Text(trigger, "type"));
            Assert.Equal(route.Method, Assert.Single(trigger["methods"]!.AsArray())!.GetValue<string>(), ignoreCase: true);
            Assert.Equal(route.Template, "/" + Text(trigger, "route"));
        });

    [Fact]
    public void A_job_has_a_timer_with_its_schedule() =>
        Assert.All(JobList.All, job => Assert.Equal(("timerTrigger", job.Schedule), (Text(Triggers[job.Name], "type"), Text(Triggers[job.Name], "schedule"))));

    // Two functions of one id: the worker loads the first, and Azure's host calls it for both.
    [Fact]
    public void No_two_functions_have_one_id() => Assert.Equal(FunctionList.All.Length, FunctionList.All.Select(function => function.FunctionId).Distinct().Count());

    // The host's own keys would stand before the catalog's tokens, and a trigger without a level means a key.
    [Fact]
    public void No_function_asks_for_a_key_of_the_host() =>
        Assert.All(Triggers.Values.Where(trigger => Text(trigger, "type") == "httpTrigger"), trigger => Assert.Equal("Anonymous", Text(trigger, "authLevel")));

    // Azure's host tries routes in the order of the functions' names.
    [Fact]
    public void The_catch_all_is_tried_last()
    {
        Assert.Equal(FunctionList.Wildcard, Triggers.Keys.Order(StringComparer.OrdinalIgnoreCase).Last());
        Assert.Null(Triggers[FunctionList.Wildcard]["methods"]);
    }

    // What the SDK's generator writes for the attributes of the entry points is what it would have written for an attribute of each function.
    [Fact]
    public async Task A_function_is_told_as_the_SDK_tells_the_entry_point()
    {
        var told = await new GeneratedFunctionMetadataProvider().GetFunctionMetadataAsync("");
        Assert.Equal(2, told.Length);
        Assert.All(FunctionList.All, function =>
        {
            var generated = Assert.Single(told, candidate => candidate.EntryPoint == function.EntryPoint);
            Assert.Equal((generated.ScriptFile, generated.Language, generated.IsProxy, generated.Retry), (function.ScriptFile, function.Language, function.IsProxy, function.Retry));
            Assert.Equal(generated.RawBindings!.Select(Anonymous), function.RawBindings!.Select(Anonymous));
        });

        // One is the same function.
        var wildcard = told.Single(function => function.Name == FunctionList.Wildcard);
        var ours = FunctionList.All.Single(function => function.Name == FunctionList.Wildcard);
        Assert.Equal(wildcard.FunctionId, ours.FunctionId);
        Assert.Equal(wildcard.RawBindings!.Select(Ordered), ours.RawBindings!.Select(Ordered));
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

    private static JsonObject Trigger(IFunctionMetadata function) =>
        Assert.Single(function.RawBindings!.Select(text => JsonNode.Parse(text)!.AsObject()), binding => Text(binding, "type").EndsWith("Trigger", StringComparison.Ordinal));

    private static string Text(JsonObject binding, string member) => binding[member]!.GetValue<string>();

    private static string Ordered(string binding) => string.Join(' ', JsonNode.Parse(binding)!.AsObject().Select(member => $"{member.Key}={member.Value?.ToJsonString()}").Order(StringComparer.Ordinal));

    private static string Anonymous(string binding) =>
        string.Join(' ', JsonNode.Parse(binding)!.AsObject().Where(member => member.Key is not ("route" or "methods" or "schedule")).Select(member => $"{member.Key}={member.Value?.ToJsonString()}").Order(StringComparer.Ordinal));
}
