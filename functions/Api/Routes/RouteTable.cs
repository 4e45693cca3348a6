using System.Diagnostics.CodeAnalysis;

namespace Frazil.Api;

/// <summary>What answers a request.</summary>
public delegate ValueTask<Answer> Handler(ApiRequest request);

/// <summary>One route of the REST specification.</summary>
/// <param name="Method">The HTTP method.</param>
/// <param name="Template">The path as the specification has it, from <c>/v1</c> on; or a path of the management API.</param>
/// <param name="OperationId">The specification's name for it, which is also the name of the handler.</param>
/// <param name="Handler">What answers, or null for an operation of the specification that this server does not offer (406).</param>
public sealed record Route(string Method, string Template, string OperationId, Handler? Handler)
{
    /// <summary>The segments after <c>/v1</c>, without the prefix.</summary>
    public IReadOnlyList<string> Pattern { get; } =
        [.. Template.Split('/', StringSplitOptions.RemoveEmptyEntries).SkipWhile(part => part != "v1").Skip(1).Where(part => part != "{prefix}")];

    /// <summary>Whether the route is the management API's.</summary>
    public bool IsManagement { get; } = Template.StartsWith("/management/", StringComparison.Ordinal);

    /// <summary>Whether the path has a <c>{prefix}</c>: whether the route is about one catalog.</summary>
    public bool NeedsCatalog { get; } = Template.Contains("{prefix}", StringComparison.Ordinal);

    /// <summary>Whether an <c>Idempotency-Key</c> is heeded: on everything that changes something.</summary>
    public bool IsIdempotent => NeedsCatalog && Method is "POST" or "DELETE" && OperationId is not ("reportMetrics" or "signRequest" or "planTableScan" or "fetchScanTasks");

    /// <summary>Whether the handler reads the body, up to a limit of its own: who sends it is not known before.</summary>
    public bool ReadsOwnBody { get; } = OperationId == "getToken";

    /// <summary>As <c>endpoints</c> of the config response lists it.</summary>
    public string Endpoint => $"{Method} {Template}";

    /// <summary>Whether the path fits, and what stands where the template has parameters.</summary>
    internal bool Matches(ReadOnlySpan<string> segments, [NotNullWhen(true)] out Dictionary<string, string>? captured)
    {
        captured = null;
        if (segments.Length != Pattern.Count)
        {
            return false;
        }

        for (var i = 0; i < segments.Length; i++)
        {
            if (Pattern[i][0] != '{' && Pattern[i] != segments[i])
            {
                return false;
            }
        }

        captured = new Dictionary<string, string>(2, StringComparer.Ordinal);
        for (var i = 0; i < segments.Length; i++)
        {
            if (Pattern[i][0] == '{')
            {
                captured[Pattern[i][1..^1]] = segments[i];
            }
        }

        return true;
    }
}

/// <summary>
/// The one list of routes: hosts serve it, <c>endpoints</c> of the config response is made from it, and metrics are named by it.
/// Every route is a static method named by the specification's operationId.
/// </summary>
public static class RouteTable
{
    private static readonly string[][] Bases = [["v1"], ["catalog", "v1"], ["api", "catalog", "v1"]];

    /// <summary>Every route: those of the specification, offered or not, and those of the management API.</summary>
    public static IReadOnlyList<Route> Routes { get; } =
    [
        .. ConfigRoutes.All,
        .. OAuthRoutes.All,
        .. NamespaceRoutes.All,
        .. TableRoutes.All,
        .. ViewRoutes.All,
        .. ManagementRoutes.All,
    ];

    private static readonly ILookup<(bool IsManagement, int Length), Route> ByLength = Routes.ToLookup(route => (route.IsManagement, route.Pattern.Count));

    /// <summary>What the config response advertises: the routes about a catalog that are offered.</summary>
    public static IReadOnlyList<string> Endpoints { get; } = [.. Routes.Where(route => route.NeedsCatalog && route.Handler is not null).Select(route => route.Endpoint)];

    /// <summary>Finds the route of a request.</summary>
    /// <param name="method">The HTTP method.</param>
    /// <param name="target">The path.</param>
    /// <param name="prefix">The catalog's name in the path, decoded, or null.</param>
    /// <param name="captured">What stands where the template has parameters, still encoded.</param>
    /// <param name="allowed">The methods of the path when only the method does not fit.</param>
    /// <returns>The route, or null.</returns>
    public static Route? Find(string method, RequestTarget target, out string? prefix, out IReadOnlyDictionary<string, string> captured, out IReadOnlyList<string> allowed)
    {
        prefix = null;
        captured = new Dictionary<string, string>();
        allowed = [];
        var segments = target.Segments.ToArray();
        var isManagement = segments is ["management", "v1", ..];
        var start = isManagement ? 2 : Bases.FirstOrDefault(parts => segments.AsSpan().StartsWith(parts))?.Length;
        if (start is null)
        {
            return null;
        }

        ReadOnlySpan<string> path = segments.AsSpan(start.Value);
        if (!isManagement && path.Length > 0 && !Catalogs.ReservedNames.Contains(path[0]))
        {
            prefix = RequestTarget.Decode(path[0]);
            path = path[1..];
        }

        List<string> methods = [];
        foreach (var route in ByLength[(isManagement, path.Length)])
        {
            if ((prefix is not null && !route.NeedsCatalog) || !route.Matches(path, out var found))
            {
                continue;
            }

            if (route.Method == method)
            {
                captured = found;
                return route;
            }

            methods.Add(route.Method);
        }

        allowed = methods;
        return null;
    }
}
