using System.Xml;
using Frazil.Iceberg;

namespace Frazil.Api;

/// <summary>The route by which a client learns how to speak to this server (REST operation 1).</summary>
public static class ConfigRoutes
{
    /// <summary>The routes.</summary>
    public static IReadOnlyList<Route> All { get; } = [new("GET", "/v1/config", "getConfig", GetConfig)];

    private static async ValueTask<Answer> GetConfig(ApiRequest request)
    {
        var options = request.Operations.Options;
        var warehouse = request.Target.Query("warehouse");
        var catalog = await request.Operations.Catalogs.GetWarehouseAsync(string.IsNullOrEmpty(warehouse) ? options.DefaultCatalog : warehouse, request.CancellationToken);
        return Answer.Document(Json.Write((catalog, options), static (writer, state) =>
        {
            var properties = state.catalog.Entity.Properties;
            writer.WriteStartObject();
            writer.WriteStringMap("defaults", Under(properties, "defaults."));
            writer.WriteStringMap("overrides",
            [
                .. Under(properties, "overrides."),
                new("prefix", state.catalog.Name),
                new("namespace-separator", state.options.NamespaceSeparator),
            ]);
            writer.WriteStrings("endpoints", RouteTable.Endpoints);
            writer.WriteString("idempotency-key-lifetime", XmlConvert.ToString(Limits.IdempotencyKeyLifetime));
            writer.WriteEndObject();
        }));
    }

    private static IEnumerable<KeyValuePair<string, string>> Under(IReadOnlyDictionary<string, string> properties, string prefix) =>
        properties.Where(property => property.Key.StartsWith(prefix, StringComparison.Ordinal)).Select(property => KeyValuePair.Create(property.Key[prefix.Length..], property.Value));
}
