using System.Text.Json;
using Frazil.Entities;
using Frazil.Iceberg;

namespace Frazil.Api;

/// <summary>The routes of namespaces (REST operations 3 to 8), and of functions, of which this catalog has none (11 and 12).</summary>
public static class NamespaceRoutes
{
    private const string Base = "/v1/{prefix}/namespaces";
    private const string One = Base + "/{namespace}";

    /// <summary>The routes.</summary>
    public static IReadOnlyList<Route> All { get; } =
    [
        new("GET", Base, "listNamespaces", ListNamespaces),
        new("POST", Base, "createNamespace", CreateNamespace),
        new("GET", One, "loadNamespaceMetadata", LoadNamespaceMetadata),
        new("HEAD", One, "namespaceExists", NamespaceExists),
        new("DELETE", One, "dropNamespace", DropNamespace),
        new("POST", One + "/properties", "updateProperties", UpdateProperties),
        new("GET", One + "/functions", "listFunctions", ListFunctions),
        new("GET", One + "/functions/{function}", "loadFunction", LoadFunction),
    ];

    private static async ValueTask<Answer> ListNamespaces(ApiRequest request)
    {
        var parent = string.IsNullOrEmpty(request.Target.RawQuery("parent")) ? null : await ResolveParentAsync(request, request.Target.RawQuery("parent")!);
        var (namespaces, next) = await request.Operations.Namespaces.ListAsync(request.Call, parent, request.Paging, request.CancellationToken);
        var wish = ListWish.Of(request);
        return Answer.Document(Json.Write((namespaces, next, wish), static (writer, list) =>
        {
            writer.WriteStartObject();
            writer.WriteString("next-page-token", list.next);
            writer.WriteStartArray("namespaces");
            foreach (var @namespace in list.namespaces)
            {
                WriteLevels(writer, @namespace.Name);
            }

            writer.WriteEndArray();
            list.wish.WriteTo(writer, "namespace-uuids", list.namespaces);
            writer.WriteEndObject();
        }));
    }

    private static async ValueTask<Answer> CreateNamespace(ApiRequest request)
    {
        using var body = request.ReadJson();
        var @namespace = new Namespace(body.RootElement.RequiredList("namespace", level => level.AsString("namespace")));
        var properties = body.RootElement.OptionalStringMap("properties") ?? [];
        return await request.ToAnswerAsync(
            request.Operations.Namespaces.CreateAsync(request.Call, @namespace, properties, entity => Describe(request.Catalog, @namespace, entity), request.CancellationToken));
    }

    private static async ValueTask<Answer> LoadNamespaceMetadata(ApiRequest request) => Answer.Document(
        Describe(request.Catalog, request.Namespace, await request.Operations.Namespaces.LoadAsync(request.Call, request.Namespace, request.CancellationToken)));

    private static async ValueTask<Answer> NamespaceExists(ApiRequest request)
    {
        await request.Operations.Namespaces.LoadAsync(request.Call, request.Namespace, request.CancellationToken);
        return Answer.NoContent;
    }

    private static ValueTask<Answer> DropNamespace(ApiRequest request)
    {
        var options = new DropOptions(Purge: request.Target.QueryBoolean("purge") ?? false, Force: request.Target.QueryBoolean("force") ?? false);
        return request.ToAnswerAsync(request.Target.QueryBoolean("recursive") ?? false
            ? request.Operations.Namespaces.DropRecursivelyAsync(request.Call, request.Namespace, options, request.CancellationToken)
            : request.Operations.Namespaces.DropAsync(request.Call, request.Namespace, options, request.CancellationToken));
    }

    private static async ValueTask<Answer> UpdateProperties(ApiRequest request)
    {
        using var body = request.ReadJson();
        var removals = body.RootElement.OptionalStrings("removals") ?? [];
        var updates = body.RootElement.OptionalStringMap("updates") ?? [];
        return await request.ToAnswerAsync(
            request.Operations.Namespaces.UpdatePropertiesAsync(request.Call, request.Namespace, removals, updates, request.CancellationToken));
    }

    private static async ValueTask<Answer> ListFunctions(ApiRequest request)
    {
        await request.Operations.Namespaces.LoadAsync(request.Call, request.Namespace, request.CancellationToken);
        return Answer.Document("""{"next-page-token":null,"identifiers":[]}"""u8.ToArray());
    }

    private static async ValueTask<Answer> LoadFunction(ApiRequest request)
    {
        await request.Operations.Namespaces.LoadAsync(request.Call, request.Namespace, request.CancellationToken);
        throw new CatalogException(ErrorKind.NoSuchFunction, $"Function does not exist: {request.Namespace}.{request.Named("function")}");
    }

    /// <summary>PyIceberg encodes the levels of a parent twice: when what was sent names nothing and still has escapes in it, they are decoded once more.</summary>
    private static async ValueTask<Namespace> ResolveParentAsync(ApiRequest request, string encoded)
    {
        var parent = RequestTarget.DecodeNamespace(encoded, request.Operations.Options.NamespaceSeparator);
        if (!parent.Levels.Any(level => level.Contains('%', StringComparison.Ordinal))
            || await request.Operations.Namespaces.ExistsAsync(request.Call, parent, request.CancellationToken))
        {
            return parent;
        }

        try
        {
            var again = new Namespace([.. parent.Levels.Select(RequestTarget.Decode)]);
            return await request.Operations.Namespaces.ExistsAsync(request.Call, again, request.CancellationToken) ? again : parent;
        }
        catch (CatalogException)
        {
            return parent;
        }
    }

    internal static void WriteLevels(Utf8JsonWriter writer, Namespace @namespace)
    {
        writer.WriteStartArray();
        foreach (var level in @namespace.Levels)
        {
            writer.WriteStringValue(level);
        }

        writer.WriteEndArray();
    }

    /// <summary>A namespace that was given no location shows the one where its tables go: Trino stages a <c>CREATE TABLE AS</c> only where there is one.</summary>
    private static byte[] Describe(Catalog catalog, Namespace @namespace, NamespaceEntity entity) => Json.Write((catalog, @namespace, entity), static (writer, answer) =>
    {
        var properties = answer.entity.Properties;
        writer.WriteStartObject();
        writer.WriteStrings("namespace", answer.@namespace.Levels);
        writer.WriteStringMap("properties", properties.ContainsKey("location") ? properties : [.. properties, new("location", Namespaces.LocationOf(answer.catalog, answer.@namespace, answer.entity))]);
        writer.WriteEndObject();
    });
}
