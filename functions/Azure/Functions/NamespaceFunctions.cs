using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace Frazil.AzureFunctions;

/// <summary>The routes of namespaces, each a function named by its operationId.</summary>
public static class NamespaceFunctions
{
    [Function("listNamespaces")]
    public static Task ListNamespaces([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/{prefix}/namespaces")] HttpRequest request) => request.HandOverAsync();

    [Function("createNamespace")]
    public static Task CreateNamespace([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/{prefix}/namespaces")] HttpRequest request) => request.HandOverAsync();

    [Function("loadNamespaceMetadata")]
    public static Task LoadNamespaceMetadata([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/{prefix}/namespaces/{namespace}")] HttpRequest request) => request.HandOverAsync();

    [Function("namespaceExists")]
    public static Task NamespaceExists([HttpTrigger(AuthorizationLevel.Anonymous, "head", Route = "v1/{prefix}/namespaces/{namespace}")] HttpRequest request) => request.HandOverAsync();

    [Function("dropNamespace")]
    public static Task DropNamespace([HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "v1/{prefix}/namespaces/{namespace}")] HttpRequest request) => request.HandOverAsync();

    [Function("updateProperties")]
    public static Task UpdateProperties([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/{prefix}/namespaces/{namespace}/properties")] HttpRequest request) => request.HandOverAsync();

    [Function("listFunctions")]
    public static Task ListFunctions([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/{prefix}/namespaces/{namespace}/functions")] HttpRequest request) => request.HandOverAsync();

    [Function("loadFunction")]
    public static Task LoadFunction([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/{prefix}/namespaces/{namespace}/functions/{function}")] HttpRequest request) => request.HandOverAsync();
}
