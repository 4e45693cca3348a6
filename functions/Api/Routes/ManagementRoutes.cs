using System.Globalization;
using System.Text.Json;
using Frazil.Entities;
using Frazil.Iceberg;

namespace Frazil.Api;

/// <summary>
/// The routes by which people look after a catalog: trash, protection, tasks, jobs. In the form of Lakekeeper's management API, where it has such a route;
/// a warehouse is named by its id or its name.
/// </summary>
public static class ManagementRoutes
{
    private const string Warehouses = "/management/v1/warehouse";
    private const string Warehouse = Warehouses + "/{warehouse}";

    /// <summary>How long a job that is run by hand may begin new work: short of what functions and gateways allow a request.</summary>
    public static readonly TimeSpan JobBudget = TimeSpan.FromSeconds(20);

    /// <summary>Files that a dry run names, at most; it counts them all.</summary>
    public const int MaxPreviewFiles = 1000;

    /// <summary>Tasks that one request may cancel or run.</summary>
    public const int MaxControlledTasks = 100;

    /// <summary>The routes.</summary>
    public static IReadOnlyList<Route> All { get; } =
    [
        new("GET", Warehouses, "listWarehouses", ListWarehouses),
        new("GET", Warehouse + "/deleted-tabulars", "listDeletedTabulars", ListDeletedTabulars),
        new("POST", Warehouse + "/deleted-tabulars/undrop", "undropTabulars", UndropTabulars),
        new("POST", Warehouse + "/deleted-tabulars/{id}/purge", "purgeDeletedTabular", PurgeDeletedTabular),
        new("GET", Warehouse + "/namespace/{id}/protection", "getNamespaceProtection", request => GetProtection(request, EntityKind.Namespace)),
        new("POST", Warehouse + "/namespace/{id}/protection", "setNamespaceProtection", request => SetProtection(request, EntityKind.Namespace)),
        new("GET", Warehouse + "/table/{id}/protection", "getTableProtection", request => GetProtection(request, EntityKind.Table)),
        new("POST", Warehouse + "/table/{id}/protection", "setTableProtection", request => SetProtection(request, EntityKind.Table)),
        new("GET", Warehouse + "/view/{id}/protection", "getViewProtection", request => GetProtection(request, EntityKind.View)),
        new("POST", Warehouse + "/view/{id}/protection", "setViewProtection", request => SetProtection(request, EntityKind.View)),
        new("POST", Warehouse + "/task/list", "listTasks", ListTasks),
        new("GET", Warehouse + "/task/by-id/{id}", "getTask", GetTask),
        new("POST", Warehouse + "/task/control", "controlTasks", ControlTasks),
        new("POST", "/management/v1/job/{job}/run", "runJob", RunJob),
    ];

    private static async ValueTask<Answer> ListWarehouses(ApiRequest request)
    {
        List<Catalog> catalogs = [];
        foreach (var name in await request.Operations.Catalogs.ListAsync(request.CancellationToken))
        {
            catalogs.Add(await request.Operations.Catalogs.GetAsync(name, request.CancellationToken));
        }

        return Answer.Document(Json.Write(catalogs, static (writer, catalogs) =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("warehouses");
            foreach (var catalog in catalogs)
            {
                writer.WriteStartObject();
                writer.WriteString("id", catalog.Entity.Id);
                writer.WriteString("warehouse-id", catalog.Entity.Id);
                writer.WriteString("name", catalog.Name);
                writer.WriteString("status", "active");
                writer.WriteStartObject("delete-profile");
                writer.WriteString("type", catalog.Entity.DeleteProfile.Expiration is null ? "hard" : "soft");
                writer.WriteOptional("expiration-seconds", (long?)catalog.Entity.DeleteProfile.Expiration?.TotalSeconds);
                writer.WriteEndObject();
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }));
    }

    private static async ValueTask<Answer> ListDeletedTabulars(ApiRequest request)
    {
        var call = await CallAsync(request);
        Namespace? @namespace = null;
        if (request.Target.RawQuery("namespace") is { Length: > 0 } path)
        {
            @namespace = RequestTarget.DecodeNamespace(path, request.Operations.Options.NamespaceSeparator);
        }
        else if (request.Target.Query("namespaceId") is { Length: > 0 } id)
        {
            @namespace = await request.Operations.Namespaces.FindAsync(call, ReadId(id, "namespaceId"), request.CancellationToken);
        }

        var (tables, next) = await request.Operations.DeletedTables.ListAsync(call, @namespace, request.Paging, request.CancellationToken);
        return Answer.Document(Json.Write((tables, next, call.Catalog), static (writer, list) =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("tabulars");
            foreach (var trashed in list.tables)
            {
                writer.WriteStartObject();
                WriteSubject(writer, trashed);
                writer.WriteString("warehouse-id", list.Catalog.Entity.Id);
                writer.WriteString("created-at", Text(trashed.Table.CreatedAt));
                writer.WriteString("deleted-at", Text(trashed.DroppedAt));
                writer.WriteString("expiration-date", Text(trashed.DueAt));
                writer.WriteBoolean("purge", trashed.Purge);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteString("next-page-token", list.next);
            writer.WriteEndObject();
        }));
    }

    private static async ValueTask<Answer> UndropTabulars(ApiRequest request)
    {
        using var body = request.ReadJson();
        var targets = body.RootElement.RequiredList("targets", target => ReadId(target.RequireObject("target").RequiredString("id"), "id"));
        var name = body.RootElement.OptionalObject("name") is { } identifier ? TableRoutes.ReadIdentifier(identifier) : null;
        await request.Operations.DeletedTables.UndropAsync(await CallAsync(request), targets, name, request.CancellationToken);
        return Answer.NoContent;
    }

    /// <summary>Ends the time in the trash now. With <c>dryRun=true</c> it tells which files would go, and changes nothing.</summary>
    private static async ValueTask<Answer> PurgeDeletedTabular(ApiRequest request)
    {
        var call = await CallAsync(request);
        var id = ReadId(request.Named("id"), "id");
        if (request.Target.QueryBoolean("dryRun") ?? false)
        {
            var trashed = await request.Operations.DeletedTables.GetAsync(call, id, request.CancellationToken);
            var preview = await Jobs.PreviewPurgeAsync(call, trashed.Table, MaxPreviewFiles, request.CancellationToken);
            return Answer.Document(Json.Write(preview, static (writer, preview) =>
            {
                writer.WriteStartObject();
                writer.WriteNumber("files-to-delete", preview.Total);
                writer.WriteNumber("files-to-skip", preview.Skipped);
                writer.WriteStrings("files", preview.Files);
                writer.WriteEndObject();
            }));
        }

        var task = await request.Operations.DeletedTables.PurgeAsync(call, id, request.CancellationToken);
        return Answer.Document(Json.Write(task, static (writer, task) =>
        {
            writer.WriteStartObject();
            writer.WriteString("task-id", task);
            writer.WriteEndObject();
        }));
    }

    private static async ValueTask<Answer> GetProtection(ApiRequest request, EntityKind kind) => ProtectionAnswer(
        await request.Operations.Protection.GetAsync(await CallAsync(request), kind, ReadId(request.Named("id"), "id"), request.CancellationToken));

    private static async ValueTask<Answer> SetProtection(ApiRequest request, EntityKind kind)
    {
        using var body = request.ReadJson();
        var isProtected = body.RootElement.RequiredBoolean("protected");
        await request.Operations.Protection.SetAsync(await CallAsync(request), kind, ReadId(request.Named("id"), "id"), isProtected, request.CancellationToken);
        return ProtectionAnswer(isProtected);
    }

    private static async ValueTask<Answer> ListTasks(ApiRequest request)
    {
        TaskState? state = null;
        Paging paging = Paging.None;
        if (!request.Body.IsEmpty)
        {
            using var body = request.ReadJson();
            if (body.RootElement.OptionalString("status") is { } status)
            {
                state = Enum.TryParse<TaskState>(status, ignoreCase: true, out var known) && Enum.IsDefined(known)
                    ? known
                    : throw CatalogException.BadRequest("Cannot parse 'status': it must be scheduled, running, success, failed or cancelled");
            }

            paging = new Paging(body.RootElement.OptionalString("page-token") ?? "", PageSize(body.RootElement.OptionalInt32("page-size")));
        }

        var (tasks, next) = await request.Operations.Tasks.ListAsync(await CallAsync(request), state, paging, request.CancellationToken);
        return Answer.Document(Json.Write((tasks, next), static (writer, list) =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("tasks");
            foreach (var task in list.tasks)
            {
                WriteTask(writer, task);
            }

            writer.WriteEndArray();
            writer.WriteString("next-page-token", list.next);
            writer.WriteEndObject();
        }));
    }

    private static async ValueTask<Answer> GetTask(ApiRequest request)
    {
        var task = await request.Operations.Tasks.GetAsync(await CallAsync(request), ReadId(request.Named("id"), "id"), request.CancellationToken);
        return Answer.Document(Json.Write(task, WriteTask));
    }

    private static async ValueTask<Answer> ControlTasks(ApiRequest request)
    {
        using var body = request.ReadJson();
        var action = body.RootElement.RequiredObject("action").RequiredString("action-type");
        var tasks = body.RootElement.RequiredList("task-ids", id => ReadId(id.AsString("task-ids"), "task-ids"));
        if (tasks.Count > MaxControlledTasks)
        {
            throw CatalogException.BadRequest($"At most {MaxControlledTasks} tasks can be controlled at once");
        }

        var call = await CallAsync(request);
        foreach (var task in tasks)
        {
            await (action switch
            {
                "cancel" or "stop" => request.Operations.Tasks.CancelAsync(call, task, request.CancellationToken),
                "run-now" => request.Operations.Tasks.RunNowAsync(call, task, request.CancellationToken),
                _ => throw CatalogException.BadRequest("Cannot parse 'action-type': it must be cancel or run-now"),
            });
        }

        return Answer.NoContent;
    }

    private static async ValueTask<Answer> RunJob(ApiRequest request)
    {
        var job = request.Named("job");
        if (!request.Operations.Options.JobsByRequest)
        {
            throw new CatalogException(ErrorKind.UnsupportedOperation, "Jobs of this deployment are run by its timers, under rights that this API does not have");
        }

        if (!JobList.All.Any(known => known.Name == job))
        {
            throw CatalogException.BadRequest($"No such job; there are {string.Join(", ", JobList.All.Select(known => known.Name))}");
        }

        var result = await request.Operations.Jobs.RunAsync(job, JobBudget, request.CancellationToken);
        return Answer.Document(Json.Write(result, static (writer, result) => result.WriteTo(writer)));
    }

    private static async ValueTask<CallContext> CallAsync(ApiRequest request)
    {
        var warehouse = request.Named("warehouse");
        return request.CallOn(await request.Operations.Catalogs.FindAsync(warehouse, request.CancellationToken) is { } catalog ? catalog
            : Guid.TryParse(warehouse, out var id) ? await request.Operations.Catalogs.GetAsync(id, request.CancellationToken)
            : await request.Operations.Catalogs.GetAsync(warehouse, request.CancellationToken));
    }

    private static int? PageSize(int? size) =>
        size is null or >= 1 ? size : throw CatalogException.BadRequest("Invalid page-size: it must be at least 1");

    private static Guid ReadId(string text, string what) =>
        Guid.TryParse(text, out var id) ? id : throw CatalogException.BadRequest($"Cannot parse '{what}': it must be a UUID");

    private static Answer ProtectionAnswer(bool isProtected) =>
        Answer.Document(isProtected ? """{"protected":true}"""u8.ToArray() : """{"protected":false}"""u8.ToArray());

    private static void WriteSubject(Utf8JsonWriter writer, TrashEntity subject)
    {
        writer.WriteString("id", subject.Table.Id);
        writer.WriteStrings("namespace", subject.Name.Namespace.Levels);
        writer.WriteString("name", subject.Name.Name);
        writer.WriteString("typ", subject.Table.Kind == TableKind.View ? "view" : "table");
    }

    private static void WriteTask(Utf8JsonWriter writer, TaskEntity task)
    {
        writer.WriteStartObject();
        writer.WriteString("task-id", task.Id);
        writer.WriteString("queue-name", "tabular_purge");
        writer.WriteStartObject("entity");
        WriteSubject(writer, task.Subject);
        writer.WriteEndObject();
        writer.WriteString("status", task.State.ToString().ToLowerInvariant());
        writer.WriteNumber("attempt", task.Attempt);
        writer.WriteString("created-at", Text(task.CreatedAt));
        writer.WriteString("scheduled-for", Text(task.ScheduledFor));
        writer.WriteOptional("leased-until", task.LeasedUntil is { } lease ? Text(lease) : null);
        writer.WriteOptional("ended-at", task.EndedAt is { } end ? Text(end) : null);
        writer.WriteNumber("files-deleted", task.FilesDeleted);
        writer.WriteNumber("files-skipped", task.FilesSkipped);
        writer.WriteOptional("message", task.Message);
        writer.WriteEndObject();
    }

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
