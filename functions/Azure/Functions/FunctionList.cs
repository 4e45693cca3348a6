using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Frazil.Api;
using Microsoft.Azure.Functions.Worker.Core.FunctionMetadata;

namespace Frazil.AzureFunctions;

/// <summary>
/// The functions that the worker tells Azure's host when it starts: one for each operation of the route table, named by its operationId, one for each timed job, and one for all other
/// paths. So the console lists calls by operation, and nothing has to be kept in step.
/// </summary>
internal sealed class FunctionList : IFunctionMetadataProvider
{
    /// <summary>
    /// What no route template says: the bases <c>/catalog/v1</c> and <c>/api/catalog/v1</c>, paths without a prefix, the pages, and what is not found. Azure's host takes functions in the
    /// order of their names, so this name must come behind all others.
    /// </summary>
    public const string Wildcard = "wildcard";

    /// <summary>The template that every path fits.</summary>
    public const string Everything = "{*path}";

    /// <summary>Every function.</summary>
    public static ImmutableArray<IFunctionMetadata> All { get; } =
    [
        .. RouteTable.Routes.Select(static route => Http(route.OperationId, route.Template.TrimStart('/'), route.Method)),
        Http(Wildcard, Everything, method: null),
        .. JobList.All.Select(static job => Timer(job.Name, job.Schedule)),
    ];

    /// <inheritdoc/>
    public Task<ImmutableArray<IFunctionMetadata>> GetFunctionMetadataAsync(string directory) => Task.FromResult(All);

    // Without a level the host asks for a key of its own, which would stand before the catalog's tokens.
    private static DefaultFunctionMetadata Http(string name, string route, string? method)
    {
        JsonObject trigger = new() { ["name"] = "request", ["direction"] = "In", ["type"] = "httpTrigger", ["authLevel"] = "Anonymous" };
        if (method is not null)
        {
            trigger["methods"] = new JsonArray(method.ToLowerInvariant());
        }

        trigger["route"] = route;
        return Function(name, nameof(EntryPoints.Answer), trigger, new JsonObject { ["name"] = "$return", ["type"] = "http", ["direction"] = "Out" });
    }

    private static DefaultFunctionMetadata Timer(string name, string schedule) =>
        Function(name, nameof(EntryPoints.RunJob), new JsonObject { ["name"] = "timer", ["direction"] = "In", ["type"] = "timerTrigger", ["schedule"] = schedule });

    private static DefaultFunctionMetadata Function(string name, string method, params JsonObject[] bindings) => new()
    {
        Language = "dotnet-isolated",
        Name = name,
        EntryPoint = $"{typeof(EntryPoints).FullName}.{method}",
        ScriptFile = $"{typeof(EntryPoints).Assembly.GetName().Name}.dll",
        RawBindings = [.. bindings.Select(static binding => binding.ToJsonString())],
    };
}
