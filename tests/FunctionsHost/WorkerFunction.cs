using System.Text.Json;
using Frazil.FunctionsHost.Protocol;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Template;

namespace Frazil.FunctionsHost;

/// <summary>A function as the worker describes it.</summary>
public sealed class WorkerFunction
{
    private readonly TemplateMatcher? matcher;

    internal WorkerFunction(RpcFunctionMetadata metadata, string routePrefix)
    {
        Metadata = metadata;
        foreach (var text in metadata.RawBindings)
        {
            using var document = JsonDocument.Parse(text);
            var binding = document.RootElement;
            var type = Text(binding, "type") ?? "";
            if (!type.EndsWith("Trigger", StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            Parameter = Text(binding, "name") ?? "";
            Schedule = Text(binding, "schedule");
            AuthLevel = Text(binding, "authLevel") ?? "Function";
            if (type.Equals("httpTrigger", StringComparison.OrdinalIgnoreCase))
            {
                Route = Text(binding, "route") is { Length: > 0 } route ? route : metadata.Name;
                Methods = binding.TryGetProperty("methods", out var methods) ? [.. methods.EnumerateArray().Select(method => method.GetString()!)] : [];
                if (Route.Split('/')[0].ToLowerInvariant() is "admin" or "runtime")
                {
                    throw new WorkerException($"the route {Route} of {metadata.Name} is one of the host's own");
                }

                matcher = new TemplateMatcher(TemplateParser.Parse(routePrefix.Length == 0 ? Route : $"{routePrefix}/{Route}"), []);
            }
        }
    }

    /// <summary>Its name.</summary>
    public string Name => Metadata.Name;

    /// <summary>The parameter that its trigger fills.</summary>
    public string Parameter { get; } = "";

    /// <summary>Its route, without the prefix; null when HTTP does not trigger it.</summary>
    public string? Route { get; }

    /// <summary>Its methods; none for all.</summary>
    public IReadOnlyList<string> Methods { get; } = [];

    /// <summary>Who may call it.</summary>
    public string AuthLevel { get; } = "Function";

    /// <summary>When a timer triggers it, as NCRONTAB; else null.</summary>
    public string? Schedule { get; }

    internal RpcFunctionMetadata Metadata { get; }

    /// <summary>Whether a request is for this function.</summary>
    internal bool Matches(string method, string path, out RouteValueDictionary values)
    {
        values = [];
        return matcher is not null && (Methods.Count == 0 || Methods.Contains(method, StringComparer.OrdinalIgnoreCase)) && matcher.TryMatch(path, values);
    }

    private static string? Text(JsonElement binding, string name)
    {
        foreach (var member in binding.EnumerateObject())
        {
            if (member.Name.Equals(name, StringComparison.OrdinalIgnoreCase) && member.Value.ValueKind == JsonValueKind.String)
            {
                return member.Value.GetString();
            }
        }

        return null;
    }
}
