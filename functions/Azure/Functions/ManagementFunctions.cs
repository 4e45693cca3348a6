using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace Frazil.AzureFunctions;

/// <summary>The routes of the management API, each a function named by its operationId.</summary>
public static class ManagementFunctions
{
    [Function("listWarehouses")]
    public static Task ListWarehouses([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "management/v1/warehouse")] HttpRequest request) => request.HandOverAsync();

    [Function("listDeletedTabulars")]
    public static Task ListDeletedTabulars([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "management/v1/warehouse/{warehouse}/deleted-tabulars")] HttpRequest request) => request.HandOverAsync();

    [Function("undropTabulars")]
    public static Task UndropTabulars([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "management/v1/warehouse/{warehouse}/deleted-tabulars/undrop")] HttpRequest request) => request.HandOverAsync();

    [Function("purgeDeletedTabular")]
    public static Task PurgeDeletedTabular([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "management/v1/warehouse/{warehouse}/deleted-tabulars/{id}/purge")] HttpRequest request) => request.HandOverAsync();

    [Function("getNamespaceProtection")]
    public static Task GetNamespaceProtection([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "management/v1/warehouse/{warehouse}/namespace/{id}/protection")] HttpRequest request) => request.HandOverAsync();

    [Function("setNamespaceProtection")]
    public static Task SetNamespaceProtection([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "management/v1/warehouse/{warehouse}/namespace/{id}/protection")] HttpRequest request) => request.HandOverAsync();

    [Function("getTableProtection")]
    public static Task GetTableProtection([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "management/v1/warehouse/{warehouse}/table/{id}/protection")] HttpRequest request) => request.HandOverAsync();

    [Function("setTableProtection")]
    public static Task SetTableProtection([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "management/v1/warehouse/{warehouse}/table/{id}/protection")] HttpRequest request) => request.HandOverAsync();

    [Function("getViewProtection")]
    public static Task GetViewProtection([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "management/v1/warehouse/{warehouse}/view/{id}/protection")] HttpRequest request) => request.HandOverAsync();

    [Function("setViewProtection")]
    public static Task SetViewProtection([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "management/v1/warehouse/{warehouse}/view/{id}/protection")] HttpRequest request) => request.HandOverAsync();

    [Function("listTasks")]
    public static Task ListTasks([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "management/v1/warehouse/{warehouse}/task/list")] HttpRequest request) => request.HandOverAsync();

    [Function("getTask")]
    public static Task GetTask([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "management/v1/warehouse/{warehouse}/task/by-id/{id}")] HttpRequest request) => request.HandOverAsync();

    [Function("controlTasks")]
    public static Task ControlTasks([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "management/v1/warehouse/{warehouse}/task/control")] HttpRequest request) => request.HandOverAsync();

    [Function("runJob")]
    public static Task RunJob([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "management/v1/job/{job}/run")] HttpRequest request) => request.HandOverAsync();
}
