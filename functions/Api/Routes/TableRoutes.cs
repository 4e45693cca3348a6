using System.Text.Json;
using Frazil.Iceberg;

namespace Frazil.Api;

/// <summary>The routes of tables (REST operations 9, 10 and 13 to 27).</summary>
public static class TableRoutes
{
    private const string Base = "/v1/{prefix}/namespaces/{namespace}/tables";
    private const string One = Base + "/{table}";

    /// <summary>What Spark puts before a branch's name.</summary>
    private const string BranchPrefix = "branch_";

    /// <summary>The routes.</summary>
    public static IReadOnlyList<Route> All { get; } =
    [
        new("GET", Base, "listTables", ListTables),
        new("POST", Base, "createTable", CreateTable),
        new("POST", "/v1/{prefix}/namespaces/{namespace}/register", "registerTable", RegisterTable),
        new("GET", One, "loadTable", LoadTable),
        new("POST", One, "updateTable", UpdateTable),
        new("DELETE", One, "dropTable", DropTable),
        new("HEAD", One, "tableExists", TableExists),
        new("POST", One + "/unregister", "unregisterTable", UnregisterTable),
        new("GET", One + "/credentials", "loadCredentials", LoadCredentials),
        new("POST", One + "/metrics", "reportMetrics", ReportMetrics),
        new("POST", "/v1/{prefix}/tables/rename", "renameTable", RenameTable),
        new("POST", "/v1/{prefix}/transactions/commit", "commitTransaction", CommitTransaction),
        new("POST", One + "/plan", "planTableScan", null),
        new("GET", One + "/plan/{plan-id}", "fetchPlanningResult", null),
        new("DELETE", One + "/plan/{plan-id}", "cancelPlanning", null),
        new("POST", One + "/tasks", "fetchScanTasks", null),
        new("POST", One + "/sign", "signRequest", null),
    ];

    private static async ValueTask<Answer> ListTables(ApiRequest request)
    {
        var (tables, next) = await request.Operations.Tables.ListAsync(request.Call, request.Namespace, request.Paging, request.CancellationToken);
        return Identifiers(tables, next, ListWish.Of(request));
    }

    private static async ValueTask<Answer> CreateTable(ApiRequest request)
    {
        using var body = request.ReadJson();
        var create = ReadCreate(body.RootElement, request.Body);
        return await request.ToAnswerAsync(request.Operations.Tables.CreateAsync(request.Call, request.Namespace, create, request.CancellationToken));
    }

    private static async ValueTask<Answer> RegisterTable(ApiRequest request)
    {
        using var body = request.ReadJson();
        var table = new TableIdentifier(request.Namespace, body.RootElement.RequiredString("name"));
        var metadataLocation = body.RootElement.RequiredString("metadata-location");
        var overwrite = body.RootElement.OptionalBoolean("overwrite") ?? false;
        return await request.ToAnswerAsync(request.Operations.Tables.RegisterAsync(request.Call, table, metadataLocation, overwrite, request.CancellationToken));
    }

    private static async ValueTask<Answer> LoadTable(ApiRequest request)
    {
        var referencedOnly = request.Target.Query("snapshots")?.ToLowerInvariant() switch
        {
            null or "" or "all" => false,
            "refs" => true,
            var other => throw CatalogException.BadRequest($"Invalid snapshots: '{RequestTarget.Shorten(other)}' is neither all nor refs"),
        };
        ReferencedBy.Read(request);
        var ifNoneMatch = request.Http.Request.Headers.IfNoneMatch.ToString();
        var known = "";
        var outcome = await request.Operations.Tables.LoadAsync(
            request.Call, request.Table, referencedOnly, ifNoneMatch.Length == 0 ? null : etag => IfNoneMatch.Holds(ifNoneMatch, known = etag), request.CancellationToken);
        return outcome is null ? Answer.NotModified(known) : await request.ToAnswerAsync(outcome);
    }

    private static async ValueTask<Answer> UpdateTable(ApiRequest request)
    {
        using var body = request.ReadJson();
        var commit = ReadCommit(body.RootElement, TableOf(request, body.RootElement), request.Body);
        return await request.ToAnswerAsync(request.Operations.TableCommits.CommitAsync(request.Call, commit, request.CancellationToken));
    }

    private static ValueTask<Answer> DropTable(ApiRequest request)
    {
        var options = new DropOptions(Purge: request.Target.QueryBoolean("purgeRequested") ?? false, Force: request.Target.QueryBoolean("force") ?? false);
        return request.ToAnswerAsync(request.Operations.Tables.DropAsync(request.Call, request.Table, options, request.CancellationToken));
    }

    private static async ValueTask<Answer> TableExists(ApiRequest request) =>
        await request.Operations.Tables.ExistsAsync(request.Call, request.Table, request.CancellationToken)
            ? Answer.NoContent
            : throw new CatalogException(ErrorKind.NoSuchTable, $"Table does not exist: {request.Table}");

    private static ValueTask<Answer> UnregisterTable(ApiRequest request) =>
        request.ToAnswerAsync(request.Operations.Tables.UnregisterAsync(request.Call, request.Table, request.CancellationToken));

    /// <summary>A file system needs no credentials, and vending for others is not offered yet: the list is empty.</summary>
    private static async ValueTask<Answer> LoadCredentials(ApiRequest request)
    {
        ReferencedBy.Read(request);
        await request.Operations.Tables.RequireAsync(request.Call, request.Table, request.CancellationToken);
        return Answer.Document("""{"storage-credentials":[]}"""u8.ToArray());
    }

    private static async ValueTask<Answer> ReportMetrics(ApiRequest request)
    {
        using var body = request.ReadJson();
        await request.Operations.Reports.ReportAsync(request.Call, request.Table, body.RootElement, request.Body, request.CancellationToken);
        return Answer.NoContent;
    }

    private static async ValueTask<Answer> RenameTable(ApiRequest request)
    {
        using var body = request.ReadJson();
        var (from, to) = ReadRename(body.RootElement);
        return await request.ToAnswerAsync(request.Operations.Tables.RenameAsync(request.Call, from, to, request.CancellationToken));
    }

    private static async ValueTask<Answer> CommitTransaction(ApiRequest request)
    {
        using var body = request.ReadJson();
        var changes = body.RootElement.RequiredList("table-changes", change =>
        {
            change.RequireObject("table-changes");
            return ReadCommit(change, ReadIdentifier(change.RequiredObject("identifier")), request.Body);
        });
        return await request.ToAnswerAsync(request.Operations.TableCommits.CommitTransactionAsync(request.Call, changes, request.CancellationToken));
    }

    internal static Answer Identifiers(IReadOnlyList<Listed<TableIdentifier>> listed, string? next, ListWish wish) => Answer.Document(Json.Write((listed, next, wish), static (writer, list) =>
    {
        writer.WriteStartObject();
        writer.WriteString("next-page-token"u8, list.next);
        writer.WriteStartArray("identifiers"u8);

        // All are of one namespace, so it is written once and copied.
        byte[] levels = list.listed.Count == 0 ? [] : Json.Write(list.listed[0].Name.Namespace, NamespaceRoutes.WriteLevels);
        foreach (var (identifier, _, _) in list.listed)
        {
            writer.WriteStartObject();
            writer.WritePropertyName("namespace"u8);
            writer.WriteRawValue(levels, skipInputValidation: true);
            writer.WriteString("name"u8, identifier.Name);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        list.wish.WriteTo(writer, "table-uuids", list.listed);
        writer.WriteEndObject();
    }));

    internal static (TableIdentifier From, TableIdentifier To) ReadRename(JsonElement body) =>
        (ReadIdentifier(body.RequiredObject("source")), ReadIdentifier(body.RequiredObject("destination")));

    internal static TableIdentifier ReadIdentifier(JsonElement identifier) =>
        new(new Namespace(identifier.RequiredList("namespace", level => level.AsString("namespace"))), identifier.RequiredString("name"));

    /// <summary>
    /// The table that a commit is to: that of the path. A body that names another is refused, since one of the two must be a mistake, but for the form that Spark sends for a branch of
    /// <c>ns.t</c>: the table <c>branch_b</c> of a namespace <c>ns.t</c> in the path.
    /// </summary>
    private static TableIdentifier TableOf(ApiRequest request, JsonElement body)
    {
        var path = request.Table;
        if (body.OptionalObject("identifier") is not { } identifier || ReadIdentifier(identifier) is var named && named == path)
        {
            return path;
        }

        return path.Name.StartsWith(BranchPrefix, StringComparison.Ordinal) && path.Namespace.Equals(new Namespace([.. named.Namespace.Levels, named.Name])) ? named : throw OtherName(named, path);
    }

    internal static CatalogException OtherName(TableIdentifier named, TableIdentifier path) =>
        CatalogException.BadRequest($"Invalid identifier: the body names {RequestTarget.Shorten(named.ToString())}, and the path {RequestTarget.Shorten(path.ToString())}; nothing was changed");

    private static CreateTableRequest ReadCreate(JsonElement body, ReadOnlyMemory<byte> source) => new(
        body.RequiredString("name"),
        Schema.Read(body.RequiredObject("schema"), source),
        body.OptionalObject("partition-spec") is { } spec ? PartitionSpec.Read(spec, source) : null,
        body.OptionalObject("write-order") is { } order ? SortOrder.Read(order, source) : null,
        body.OptionalString("location"),
        body.OptionalBoolean("stage-create") ?? false,
        body.OptionalStringMap("properties") ?? []);

    private static CommitTableRequest ReadCommit(JsonElement body, TableIdentifier table, ReadOnlyMemory<byte> source) => new(
        table,
        body.OptionalList("requirements", TableRequirement.Read) ?? [],
        body.RequiredList("updates", update => TableUpdate.Read(update, source)));
}
