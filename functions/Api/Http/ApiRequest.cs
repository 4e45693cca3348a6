using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Frazil.Iceberg;
using Frazil.Security;
using Microsoft.AspNetCore.Http;

namespace Frazil.Api;

/// <summary>A request on its way to an operation: what the path named, decoded, and the call's context.</summary>
public sealed class ApiRequest
{
    /// <summary>Bytes of a body that is parsed in next to nothing.</summary>
    private const int SmallBody = 64 * 1024;

    private readonly PathParameters parameters;
    private Catalog? catalog;

    internal ApiRequest(HttpContext http, Operations operations, Route route, RequestTarget target, string? prefix, PathParameters parameters)
    {
        Http = http;
        Operations = operations;
        Route = route;
        Target = target;
        Prefix = prefix;
        this.parameters = parameters;
    }

    /// <summary>The HTTP request.</summary>
    public HttpContext Http { get; }

    /// <summary>Every operation.</summary>
    public Operations Operations { get; }

    /// <summary>The route that matched.</summary>
    public Route Route { get; }

    /// <summary>Path and query as sent.</summary>
    public RequestTarget Target { get; }

    /// <summary>The catalog's name in the path, or null when the path has none.</summary>
    public string? Prefix { get; }

    /// <summary>Ends with the client's going away.</summary>
    public CancellationToken CancellationToken => Http.RequestAborted;

    /// <summary>The catalog that the request is about.</summary>
    public Catalog Catalog => catalog ?? throw new InvalidOperationException("the catalog is resolved before a handler runs");

    /// <summary>The context that operations want.</summary>
    public CallContext Call => CallOn(Catalog);

    /// <summary>Names the request in logs and in its answer.</summary>
    internal string RequestId { get; init; } = "";

    /// <summary>The key under which the client wants this done at most once, with the request's fingerprint.</summary>
    public IdempotentRequest? Idempotency { get; private set; }

    /// <summary>The body, whole; empty when there is none.</summary>
    public ReadOnlyMemory<byte> Body { get; private set; }

    /// <summary>Whether the answer is about something that was only thought through: a staged creation.</summary>
    internal bool IsStaged { get; set; }

    /// <summary>The namespace of the path.</summary>
    public Namespace Namespace => Target.NamespaceOf(Captured("namespace"), Operations.Options.NamespaceSeparator);

    /// <summary>The table of the path.</summary>
    public TableIdentifier Table => new(Namespace, Named("table"));

    /// <summary>The view of the path.</summary>
    public TableIdentifier View => new(Namespace, Named("view"));

    /// <summary>A name of the path, decoded.</summary>
    public string Named(string parameter) => Target.Name(Captured(parameter));

    /// <summary>The catalog that the request is about, for logs, as the path has it: of the management API its name or id. Null when it is about none.</summary>
    internal string? CatalogText => Route.NeedsCatalog
        ? SafeText.Show(RequestTarget.Shorten(Prefix ?? Operations.Options.DefaultCatalog))
        : parameters.Find("warehouse") is { } warehouse ? SafeText.Show(RequestTarget.Shorten(warehouse)) : null;

    /// <summary>The table or view that the path names, for logs; null when it names none.</summary>
    internal string? TableText
    {
        get
        {
            if ((parameters.Find("table") ?? parameters.Find("view")) is not { } name)
            {
                return null;
            }

            try
            {
                var levels = Target.NamespaceOf(Captured("namespace"), Operations.Options.NamespaceSeparator).Levels;
                return SafeText.Show(RequestTarget.Shorten($"{string.Join('.', levels)}.{Target.Name(name)}"));
            }
            catch (CatalogException)
            {
                // What cannot be read as a name is shown as it came.
                return SafeText.Show(RequestTarget.Shorten(name));
            }
        }
    }

    /// <summary>Paging parameters.</summary>
    /// <exception cref="CatalogException">400 when the page size is no positive number.</exception>
    public Paging Paging => new(Target.Query("pageToken"), PageSize(Target.Query("pageSize")));

    /// <summary>The body as a JSON object. Dispose it when its values are read.</summary>
    /// <exception cref="CatalogException">400 when it is something else.</exception>
    public JsonDocument ReadJson()
    {
        if (Body.IsEmpty)
        {
            throw CatalogException.BadRequest("The request must have a JSON body");
        }

        if (Body.Length > SmallBody)
        {
            Measures.Current?.Hold(DocumentBytes(Body.Span));
        }

        var document = Json.ParseRequest(Body);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
        {
            document.Dispose();
            throw CatalogException.BadRequest("The request's body must be a JSON object");
        }

        return document;
    }

    /// <summary>Who asks.</summary>
    public Caller Caller { get; private set; } = Caller.Anonymous;

    /// <summary>Finds out who asks, before anything else is read. False when the route wants a token and there is no valid one, and for a token that is not valid anywhere.</summary>
    internal bool Authenticate()
    {
        if (Operations.Tokens is not { } tokens || Route.OperationId == "getToken")
        {
            return true;
        }

        var header = Http.Request.Headers.Authorization.ToString();
        if (header.Length == 0 && Route.OperationId == "getConfig")
        {
            return true;
        }

        const string Scheme = "Bearer ";
        var started = Operations.Clock.GetTimestamp();
        var caller = header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? tokens.Verify(header.AsSpan(Scheme.Length).Trim()) : null;
        if (Measures.Current is { } measures)
        {
            measures.AuthMs = Operations.Clock.GetElapsedTime(started).TotalMilliseconds;
        }

        CatalogMeter.Auth.Add(1, CatalogMeter.Outcome(caller is null ? "denied" : "ok"));
        Caller = caller ?? Caller;
        return caller is not null;
    }

    /// <summary>The context of an operation on a catalog that is not the prefix's.</summary>
    internal CallContext CallOn(Catalog catalog) => new(catalog) { Caller = Caller, RequestId = RequestId, Idempotency = Idempotency, AccessDelegation = ReadDelegation() };

    internal async ValueTask PrepareAsync()
    {
        if (Http.Request.Method is "POST" or "PUT" && !Route.ReadsOwnBody)
        {
            Body = await RequestBody.ReadAsync(Http, Limits.MaxBodyBytes);
        }

        Http.Features.Get<DecodedPaths>()?.Check(this);
        if (Route.NeedsCatalog)
        {
            catalog = await Operations.Catalogs.GetAsync(Prefix ?? Operations.Options.DefaultCatalog, CancellationToken);
        }

        if (Route.IsIdempotent && Http.Request.Headers.TryGetValue("Idempotency-Key", out var keys))
        {
            Idempotency = new IdempotentRequest(ReadKey(keys.ToString()), Fingerprint());
        }
    }

    private AccessDelegation ReadDelegation()
    {
        if (!Http.Request.Headers.TryGetValue("X-Iceberg-Access-Delegation", out var header))
        {
            return AccessDelegation.None;
        }

        var wishes = header.ToString();
        return (wishes.Contains("vended-credentials", StringComparison.OrdinalIgnoreCase) ? AccessDelegation.VendedCredentials : 0)
            | (wishes.Contains("remote-signing", StringComparison.OrdinalIgnoreCase) ? AccessDelegation.RemoteSigning : 0);
    }

    private string Captured(string parameter) => parameters.Find(parameter) ?? throw new InvalidOperationException($"the path of {Route.OperationId} has no {parameter}");

    private static Guid ReadKey(string text) => text.Length == 36 && Guid.TryParseExact(text, "D", out var key)
        ? key
        : throw CatalogException.BadRequest("Invalid Idempotency-Key: it must be a UUID of 36 characters");

    private string Fingerprint()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{Caller.Principal} {Route.OperationId} {string.Join('/', Target.Segments)} {Target.QueryText}\n"));
        hash.AppendData(Body.Span);
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }

    /// <summary>What the parser takes for a text at most: twelve bytes for each value, name and end, in an array that doubles and is copied as it grows.</summary>
    private static long DocumentBytes(ReadOnlySpan<byte> json)
    {
        long rows = 1 + json.Count((byte)',') + json.Count((byte)':') + (2L * (json.Count((byte)'{') + json.Count((byte)'[')));
        return rows * 12 * 3;
    }

    private static int? PageSize(string? text) => text switch
    {
        null or "" => null,
        _ when long.TryParse(text, out var size) && size >= 1 => (int)Math.Min(size, Limits.MaxPageSize),
        _ => throw CatalogException.BadRequest($"Invalid pageSize: '{RequestTarget.Shorten(text)}' is not a number of at least 1"),
    };
}
