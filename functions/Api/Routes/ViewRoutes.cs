using System.Text.Json;
using Frazil.Iceberg;

namespace Frazil.Api;

/// <summary>The routes of views (REST operations 28 to 35).</summary>
public static class ViewRoutes
{
    private const string Base = "/v1/{prefix}/namespaces/{namespace}/views";
    private const string One = Base + "/{view}";

    /// <summary>The routes.</summary>
    public static IReadOnlyList<Route> All { get; } =
    [
        new("GET", Base, "listViews", ListViews),
        new("POST", Base, "createView", CreateView),
        new("GET", One, "loadView", LoadView),
        new("POST", One, "replaceView", ReplaceView),
        new("DELETE", One, "dropView", DropView),
        new("HEAD", One, "viewExists", ViewExists),
        new("POST", "/v1/{prefix}/views/rename", "renameView", RenameView),
        new("POST", "/v1/{prefix}/namespaces/{namespace}/register-view", "registerView", RegisterView),
    ];

    private static async ValueTask<Answer> ListViews(ApiRequest request)
    {
        var (views, next) = await request.Operations.Views.ListAsync(request.Call, request.Namespace, request.Paging, request.CancellationToken);
        return TableRoutes.Identifiers(views, next, ListWish.Of(request));
    }

    private static async ValueTask<Answer> CreateView(ApiRequest request)
    {
        using var body = request.ReadJson();
        var create = ReadCreate(body.RootElement, request.Body);
        return await request.ToAnswerAsync(request.Operations.Views.CreateAsync(request.Call, request.Namespace, create, request.CancellationToken));
    }

    private static async ValueTask<Answer> LoadView(ApiRequest request)
    {
        ReferencedBy.Read(request);
        return await request.ToAnswerAsync(await request.Operations.Views.LoadAsync(request.Call, request.View, request.CancellationToken));
    }

    private static async ValueTask<Answer> ReplaceView(ApiRequest request)
    {
        using var body = request.ReadJson();
        if (body.RootElement.OptionalObject("identifier") is { } identifier && TableRoutes.ReadIdentifier(identifier) is var named && named != request.View)
        {
            throw TableRoutes.OtherName(named, request.View);
        }

        var requirements = body.RootElement.OptionalList("requirements", ViewRequirement.Read) ?? [];
        var updates = body.RootElement.RequiredList("updates", update => ViewUpdate.Read(update, request.Body));
        return await request.ToAnswerAsync(request.Operations.Views.CommitAsync(request.Call, request.View, requirements, updates, request.CancellationToken));
    }

    private static ValueTask<Answer> DropView(ApiRequest request)
    {
        var options = new DropOptions(Force: request.Target.QueryBoolean("force") ?? false);
        return request.ToAnswerAsync(request.Operations.Views.DropAsync(request.Call, request.View, options, request.CancellationToken));
    }

    private static async ValueTask<Answer> ViewExists(ApiRequest request) =>
        await request.Operations.Views.ExistsAsync(request.Call, request.View, request.CancellationToken)
            ? Answer.NoContent
            : throw new CatalogException(ErrorKind.NoSuchView, $"View does not exist: {request.View}");

    private static async ValueTask<Answer> RenameView(ApiRequest request)
    {
        using var body = request.ReadJson();
        var (from, to) = TableRoutes.ReadRename(body.RootElement);
        return await request.ToAnswerAsync(request.Operations.Views.RenameAsync(request.Call, from, to, request.CancellationToken));
    }

    private static async ValueTask<Answer> RegisterView(ApiRequest request)
    {
        using var body = request.ReadJson();
        var view = new TableIdentifier(request.Namespace, body.RootElement.RequiredString("name"));
        var metadataLocation = body.RootElement.RequiredString("metadata-location");
        return await request.ToAnswerAsync(request.Operations.Views.RegisterAsync(request.Call, view, metadataLocation, request.CancellationToken));
    }

    private static CreateViewRequest ReadCreate(JsonElement body, ReadOnlyMemory<byte> source) => new(
        body.RequiredString("name"),
        Schema.Read(body.RequiredObject("schema"), source),
        ViewVersion.Read(body.RequiredObject("view-version"), source),
        body.OptionalString("location"),
        body.OptionalStringMap("properties") ?? []);
}
