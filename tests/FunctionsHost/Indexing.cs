using System.Text.Json;
using System.Text.RegularExpressions;
using Frazil.FunctionsHost.Protocol;

namespace Frazil.FunctionsHost;

/// <summary>What Azure's host makes of the functions that a worker tells it ("worker indexing"): which ones it would not take, and what it asks the worker to load.</summary>
internal static partial class Indexing
{
    /// <summary>Checks what a worker tells.</summary>
    /// <exception cref="WorkerException">Azure's host would leave a function out, or not start.</exception>
    public static IReadOnlyList<RpcFunctionMetadata> Check(FunctionMetadataResponse told)
    {
        if (told.UseDefaultMetadataIndexing)
        {
            throw new WorkerException("the worker leaves it to the host to find its functions, and there is nothing on disk that says them");
        }

        var functions = told.FunctionMetadataResults;
        Refuse(functions.GroupBy(function => function.Name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(same => same.Count() > 1)?.Key, "is the name of two functions");
        Refuse(functions.GroupBy(function => function.FunctionId, StringComparer.OrdinalIgnoreCase).FirstOrDefault(same => same.Count() > 1)?.Key, "is the id of two functions");
        foreach (var function in functions)
        {
            Refuse(FunctionName.IsMatch(function.Name) ? null : function.Name, "is not a name that a function may have");
            Refuse(function.ScriptFile.Length > 0 && function.EntryPoint.Length > 0 && function.FunctionId.Length > 0 ? null : function.Name, "has no script file, entry point or id");
            Refuse(function.Language == "dotnet-isolated" ? null : function.Name, "is not of this worker's language");
            var bindings = Bindings(function);
            Refuse(bindings.All(binding => BindingName.IsMatch(binding.Name)) ? null : function.Name, "has a binding with a name that none may have");
            Refuse(bindings.DistinctBy(binding => binding.Name, StringComparer.OrdinalIgnoreCase).Count() == bindings.Count ? null : function.Name, "has two bindings of one name");
            Refuse(bindings.All(binding => binding.Name != "$return" || binding.Info.Direction == BindingInfo.Types.Direction.Out) ? null : function.Name, "has a return value that does not go out");
            Refuse(bindings.Count(IsTrigger) == 1 ? null : function.Name, "has not one trigger");
        }

        return functions;
    }

    /// <summary>What the host asks a worker to load: made anew by the host from what it understood, and not the worker's own words.</summary>
    public static FunctionLoadRequest LoadRequest(RpcFunctionMetadata told)
    {
        var load = new RpcFunctionMetadata { Name = told.Name, Directory = told.Directory, EntryPoint = told.EntryPoint, ScriptFile = told.ScriptFile };
        foreach (var (name, info) in Bindings(told))
        {
            load.Bindings.Add(name, info);
        }

        load.Properties.Add(told.Properties);
        return new FunctionLoadRequest { FunctionId = told.FunctionId, Metadata = load };
    }

    private static List<(string Name, BindingInfo Info)> Bindings(RpcFunctionMetadata function) =>
        [.. function.RawBindings.Select(static text =>
        {
            using var document = JsonDocument.Parse(text);
            var members = document.RootElement.EnumerateObject().Where(member => member.Value.ValueKind == JsonValueKind.String).ToDictionary(member => member.Name, member => member.Value.GetString()!, StringComparer.OrdinalIgnoreCase);
            var direction = Enum.Parse<BindingInfo.Types.Direction>(members.GetValueOrDefault("direction", "In"), ignoreCase: true);
            return (members.GetValueOrDefault("name", ""), new BindingInfo { Type = members.GetValueOrDefault("type", ""), Direction = direction });
        })];

    private static bool IsTrigger((string Name, BindingInfo Info) binding) =>
        binding.Info.Direction == BindingInfo.Types.Direction.In && binding.Info.Type.EndsWith("Trigger", StringComparison.OrdinalIgnoreCase);

    private static void Refuse(string? what, string why)
    {
        if (what is not null)
        {
            throw new WorkerException($"'{what}' {why}");
        }
    }

    [GeneratedRegex(@"^(?!host$)[a-z][a-z0-9_-]{0,127}$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex FunctionName { get; }

    [GeneratedRegex(@"^([a-zA-Z][a-zA-Z0-9]{0,127}|\$return)$")]
    private static partial Regex BindingName { get; }
}
