using System.Text.Json;
using Frazil.Iceberg;

namespace Frazil.Api;

/// <summary>
/// The OpenAPI document of what is served, made from <see cref="RouteTable"/>: paths, operationIds, parameters and errors. For the schemas of bodies it points to the
/// specification, which is their one source.
/// </summary>
internal static class OpenApiDocument
{
    private const string Specification = "https://github.com/apache/iceberg/blob/main/open-api/rest-catalog-open-api.yaml";

    private static readonly Lazy<Answer> Document = new(() => Answer.Document(Json.Write(0, static (writer, _) => Write(writer))));

    private static readonly Dictionary<string, (string Name, string Type, string Meaning)[]> QueryParameters = new(StringComparer.Ordinal)
    {
        ["getConfig"] = [("warehouse", "string", "The catalog; without it the default one")],
        ["listNamespaces"] = [("parent", "string", "List below this namespace"), .. Paging],
        ["listTables"] = Paging,
        ["listViews"] = Paging,
        ["loadTable"] = [("snapshots", "string", "'all', or 'refs' for only those that a branch or tag names"), ReferencedBy],
        ["loadView"] = [ReferencedBy],
        ["loadCredentials"] = [ReferencedBy],
        ["dropTable"] = [("purgeRequested", "boolean", "Whether the table's files are to be deleted too")],
    };

    /// <summary>The document.</summary>
    public static Answer Answer => Document.Value;

    private static (string, string, string)[] Paging =>
        [("pageToken", "string", "Where the last page ended; empty to begin"), ("pageSize", "integer", $"At most so many, up to {Limits.MaxPageSize}")];

    private static (string, string, string) ReferencedBy => ("referenced-by", "string", "The chain of views by which a reader came here");

    private static void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("openapi", "3.1.0");
        writer.WriteStartObject("info");
        writer.WriteString("title", "Frazil, an Apache Iceberg REST catalog");
        writer.WriteString("version", typeof(OpenApiDocument).Assembly.GetName().Version!.ToString(fieldCount: 3));
        writer.WriteEndObject();
        writer.WriteStartObject("externalDocs");
        writer.WriteString("description", "The specification: the schemas of requests and answers");
        writer.WriteString("url", Specification);
        writer.WriteEndObject();
        WriteServers(writer);
        writer.WriteStartObject("paths");
        foreach (var path in RouteTable.Routes.GroupBy(route => route.Template))
        {
            writer.WriteStartObject(path.Key);
            WriteParameters(writer, PathParameters(path.Key).Select(name => ("path", name, "string", MeaningOf(name))));
            foreach (var route in path)
            {
                WriteOperation(writer, route);
            }

            writer.WriteEndObject();
        }

        foreach (var page in ServiceRoutes.All)
        {
            WritePage(writer, page);
        }

        writer.WriteEndObject();
        WriteComponents(writer);
        writer.WriteEndObject();
    }

    private static void WriteServers(Utf8JsonWriter writer)
    {
        writer.WriteStartArray("servers");
        foreach (var @base in (ReadOnlySpan<string>)["/", "/catalog", "/api/catalog"])
        {
            writer.WriteStartObject();
            writer.WriteString("url", @base);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteOperation(Utf8JsonWriter writer, Route route)
    {
        writer.WriteStartObject(route.Method.ToLowerInvariant());
        writer.WriteString("operationId", route.OperationId);
        List<(string, string, string, string)> parameters =
            [.. QueryParameters.GetValueOrDefault(route.OperationId, []).Select(parameter => ("query", parameter.Name, parameter.Type, parameter.Meaning))];
        if (route.IsIdempotent)
        {
            parameters.Add(("header", "Idempotency-Key", "string", "A UUID under which the request takes effect once"));
        }

        if (route.OperationId == "loadTable")
        {
            parameters.Add(("header", "If-None-Match", "string", "The ETag of an earlier answer; 304 when the table is still the same"));
        }

        WriteParameters(writer, parameters);
        if (route.Method == "POST" && route.OperationId != "unregisterTable")
        {
            writer.WriteStartObject("requestBody");
            WriteContent(writer, route.OperationId == "getToken" ? "application/x-www-form-urlencoded" : "application/json", static writer => writer.WriteString("type", "object"));
            writer.WriteEndObject();
        }

        writer.WriteStartObject("responses");
        if (route.Handler is not null)
        {
            writer.WriteStartObject("2XX");
            writer.WriteString("description", "Done: 200 with a JSON body as the specification has it, or 204");
            writer.WriteEndObject();
        }

        writer.WriteStartObject("default");
        writer.WriteString("$ref", "#/components/responses/Error");
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WritePage(Utf8JsonWriter writer, ServiceRoute page)
    {
        writer.WriteStartObject(page.Path);
        writer.WriteStartObject("get");
        writer.WriteString("operationId", page.Name);
        writer.WriteStartObject("responses");
        writer.WriteStartObject("200");
        writer.WriteString("description", "As it is");
        writer.WriteEndObject();
        if (page.Name == "ready")
        {
            writer.WriteStartObject("503");
            writer.WriteString("description", "Not able to serve for the moment; the body tells the reason");
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteComponents(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("components");
        writer.WriteStartObject("responses");
        writer.WriteStartObject("Error");
        var codes = Enum.GetValues<ErrorKind>().Select(CatalogException.CodeOf).Distinct().Order();
        writer.WriteString("description", $"What went wrong; the status is one of {string.Join(", ", codes)}");
        WriteContent(writer, "application/json", static writer => writer.WriteString("$ref", "#/components/schemas/IcebergErrorResponse"));
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteStartObject("schemas");
        writer.WriteStartObject("IcebergErrorResponse");
        writer.WriteString("type", "object");
        writer.WriteStrings("required", ["error"]);
        writer.WriteStartObject("properties");
        writer.WriteStartObject("error");
        writer.WriteString("type", "object");
        writer.WriteStrings("required", ["message", "type", "code"]);
        writer.WriteStartObject("properties");
        WriteProperty(writer, "message", "string", []);
        WriteProperty(writer, "type", "string", Enum.GetValues<ErrorKind>().Select(CatalogException.TypeOf).Distinct());
        WriteProperty(writer, "code", "integer", []);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteProperty(Utf8JsonWriter writer, string name, string type, IEnumerable<string> values)
    {
        writer.WriteStartObject(name);
        writer.WriteString("type", type);
        if (values.Any())
        {
            writer.WriteStrings("enum", values);
        }

        writer.WriteEndObject();
    }

    private static void WriteContent(Utf8JsonWriter writer, string type, Action<Utf8JsonWriter> schema)
    {
        writer.WriteStartObject("content");
        writer.WriteStartObject(type);
        writer.WriteStartObject("schema");
        schema(writer);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteParameters(Utf8JsonWriter writer, IEnumerable<(string In, string Name, string Type, string Meaning)> parameters)
    {
        writer.WriteStartArray("parameters");
        foreach (var (place, name, type, meaning) in parameters)
        {
            writer.WriteStartObject();
            writer.WriteString("name", name);
            writer.WriteString("in", place);
            writer.WriteString("description", meaning);
            if (place == "path")
            {
                writer.WriteBoolean("required", true);
            }

            writer.WriteStartObject("schema");
            writer.WriteString("type", type);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static IEnumerable<string> PathParameters(string template) =>
        template.Split('/').Where(part => part.StartsWith('{')).Select(part => part[1..^1]);

    private static string MeaningOf(string parameter) => parameter switch
    {
        "prefix" => "The catalog's name, as the config route gives it; may be left out for the default catalog",
        "namespace" => "The namespace, its levels joined by the separator that the config route gives",
        _ => $"The {parameter}, URL-encoded",
    };
}
