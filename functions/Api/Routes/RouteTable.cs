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

    /// <summary>Whether a path of as many segments as the pattern has fits it.</summary>
    internal bool Matches(ReadOnlySpan<string> segments)
    {
        for (var i = 0; i < segments.Length; i++)
        {
            if (Pattern[i][0] != '{' && Pattern[i] != segments[i])
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>What stands in a path where the route's template has parameters, still encoded.</summary>
/// <param name="Route">The route.</param>
/// <param name="Segments">The path, as far as the route's pattern describes it.</param>
public readonly record struct PathParameters(Route Route, ReadOnlyMemory<string> Segments)
{
    /// <summary>A parameter, or null when the template has none of this name.</summary>
    public string? Find(ReadOnlySpan<char> name)
    {
        for (var i = 0; i < Route.Pattern.Count; i++)
        {
            if (Route.Pattern[i] is ['{', .., '}'] part && part.AsSpan(1, part.Length - 2).SequenceEqual(name))
            {
                return Segments.Span[i];
            }
        }

        return null;
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

    private static readonly Route[][] Specified = ByLength(isManagement: false);
    private static readonly Route[][] Management = ByLength(isManagement: true);

    /// <summary>What the config response advertises: the routes about a catalog that are offered.</summary>
    public static IReadOnlyList<string> Endpoints { get; } = [.. Routes.Where(route => route.NeedsCatalog && route.Handler is not null).Select(route => route.Endpoint)];

    /// <summary>Finds the route of a request.</summary>
    /// <param name="method">The HTTP method.</param>
    /// <param name="target">The path.</param>
    /// <param name="prefix">The catalog's name in the path, decoded, or null.</param>
    /// <param name="parameters">What stands where the template has parameters.</param>
    /// <param name="allowed">The methods of the path when only the method does not fit.</param>
    /// <returns>The route, or null.</returns>
    public static Route? Find(string method, RequestTarget target, out string? prefix, out PathParameters parameters, out IReadOnlyList<string> allowed)
    {
        prefix = null;
        parameters = default;
        allowed = [];
        var path = target.AllSegments;
        var isManagement = path.Span is ["management", "v1", ..];
        var start = isManagement ? 2 : BaseOf(path.Span);
        if (start == 0)
        {
            return null;
        }

        path = path[start..];
        if (!isManagement && path.Length > 0 && !Catalogs.ReservedNames.Contains(path.Span[0]))
        {
            prefix = target.Name(path.Span[0]);
            path = path[1..];
        }

        var byLength = isManagement ? Management : Specified;
        List<string>? methods = null;
        foreach (var route in path.Length < byLength.Length ? byLength[path.Length] : [])
        {
            if ((prefix is not null && !route.NeedsCatalog) || !route.Matches(path.Span))
            {
                continue;
            }

            if (route.Method == method)
            {
                parameters = new(route, path);
                return route;
            }

            (methods ??= []).Add(route.Method);
        }

        allowed = methods ?? allowed;
        return null;
    }

    /// <summary>Segments of the base with which a path begins; 0 when it begins with none.</summary>
    private static int BaseOf(ReadOnlySpan<string> path)
    {
        foreach (var parts in Bases)
        {
            if (path.StartsWith(parts))
            {
                return parts.Length;
            }
        }

        return 0;
    }

    private static Route[][] ByLength(bool isManagement)
    {
        var routes = Routes.Where(route => route.IsManagement == isManagement).ToLookup(route => route.Pattern.Count);
        return [.. Enumerable.Range(0, routes.Max(group => group.Key) + 1).Select(length => routes[length].ToArray())];
    }
}
