using System.Text.Json;
using Frazil.Iceberg;

namespace Frazil.Api;

/// <summary>
/// Put among a request's features by a host that cannot hand over the path as the client sent it, but only a decoded one. Some characters of a name do not survive that: a name
/// that holds one could not be told from another, or from two. So none is made there, and a path in which one is left is refused; no request is ever taken for another.
/// </summary>
/// <param name="host">What decodes, for the error.</param>
/// <param name="lost">The characters that do not survive.</param>
public sealed class DecodedPaths(string host, string lost)
{
    /// <summary>Names that do not survive for another reason than one of their characters.</summary>
    public Func<string, bool> IsLost { get; init; } = static _ => false;

    /// <summary>Checks a request before it is carried out.</summary>
    /// <exception cref="CatalogException">400.</exception>
    internal void Check(ApiRequest request)
    {
        foreach (var segment in request.Target.Segments)
        {
            Require(request.Target.Name(segment));
        }

        if (request.Body.IsEmpty || !Makes(request.Route.OperationId))
        {
            return;
        }

        using var body = request.ReadJson();
        RequireNamed(body.RootElement);
        if (body.RootElement.OptionalObject("destination") is { } destination)
        {
            RequireNamed(destination);
        }

        _ = body.RootElement.OptionalList("table-changes", change =>
        {
            if (change.RequireObject("table-changes").OptionalObject("identifier") is { } identifier)
            {
                RequireNamed(identifier);
            }

            return true;
        });
    }

    private static bool Makes(string operationId) => operationId is "commitTransaction" or "createNamespace" or "createTable" or "createView"
        or "registerTable" or "registerView" or "renameTable" or "renameView" or "undropTabulars";

    private void RequireNamed(JsonElement named)
    {
        if (named.TryMember("name", out var name) && name.ValueKind == JsonValueKind.String)
        {
            Require(name.GetString()!);
        }

        if (named.TryMember("namespace", out var levels) && levels.ValueKind == JsonValueKind.Array)
        {
            foreach (var level in levels.EnumerateArray().Where(level => level.ValueKind == JsonValueKind.String))
            {
                Require(level.GetString()!);
            }
        }
    }

    private void Require(string name)
    {
        if (name.AsSpan().IndexOfAny(lost) >= 0)
        {
            throw CatalogException.BadRequest(
                $"Invalid name '{RequestTarget.Shorten(name)}': {host} decodes paths, so a name with one of {string.Join(' ', lost.ToCharArray())} could not be told from another. Use an address that does not");
        }

        if (IsLost(name))
        {
            throw CatalogException.BadRequest($"Invalid name '{RequestTarget.Shorten(name)}': {host} decodes paths, so this name could not be told from another. Use an address that does not");
        }
    }
}
