using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace Frazil.AzureFunctions;

/// <summary>The routes of views, each a function named by its operationId.</summary>
public static class ViewFunctions
{
    [Function("listViews")]
    public static Task ListViews([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/{prefix}/namespaces/{namespace}/views")] HttpRequest request) => request.HandOverAsync();

    [Function("createView")]
    public static Task CreateView([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/{prefix}/namespaces/{namespace}/views")] HttpRequest request) => request.HandOverAsync();

    [Function("loadView")]
    public static Task LoadView([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/{prefix}/namespaces/{namespace}/views/{view}")] HttpRequest request) => request.HandOverAsync();

    [Function("replaceView")]
    public static Task ReplaceView([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/{prefix}/namespaces/{namespace}/views/{view}")] HttpRequest request) => request.HandOverAsync();

    [Function("dropView")]
    public static Task DropView([HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "v1/{prefix}/namespaces/{namespace}/views/{view}")] HttpRequest request) => request.HandOverAsync();

    [Function("viewExists")]
    public static Task ViewExists([HttpTrigger(AuthorizationLevel.Anonymous, "head", Route = "v1/{prefix}/namespaces/{namespace}/views/{view}")] HttpRequest request) => request.HandOverAsync();

    [Function("renameView")]
    public static Task RenameView([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/{prefix}/views/rename")] HttpRequest request) => request.HandOverAsync();

    [Function("registerView")]
    public static Task RegisterView([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/{prefix}/namespaces/{namespace}/register-view")] HttpRequest request) => request.HandOverAsync();
}
