using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace Frazil.AzureFunctions;

/// <summary>The routes of tables, transactions and scan planning, each a function named by its operationId.</summary>
public static class TableFunctions
{
    [Function("listTables")]
    public static Task ListTables([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/{prefix}/namespaces/{namespace}/tables")] HttpRequest request) => request.HandOverAsync();

    [Function("createTable")]
    public static Task CreateTable([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/{prefix}/namespaces/{namespace}/tables")] HttpRequest request) => request.HandOverAsync();

    [Function("registerTable")]
    public static Task RegisterTable([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/{prefix}/namespaces/{namespace}/register")] HttpRequest request) => request.HandOverAsync();

    [Function("loadTable")]
    public static Task LoadTable([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/{prefix}/namespaces/{namespace}/tables/{table}")] HttpRequest request) => request.HandOverAsync();

    [Function("updateTable")]
    public static Task UpdateTable([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/{prefix}/namespaces/{namespace}/tables/{table}")] HttpRequest request) => request.HandOverAsync();

    [Function("dropTable")]
    public static Task DropTable([HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "v1/{prefix}/namespaces/{namespace}/tables/{table}")] HttpRequest request) => request.HandOverAsync();

    [Function("tableExists")]
    public static Task TableExists([HttpTrigger(AuthorizationLevel.Anonymous, "head", Route = "v1/{prefix}/namespaces/{namespace}/tables/{table}")] HttpRequest request) => request.HandOverAsync();

    [Function("unregisterTable")]
    public static Task UnregisterTable([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/{prefix}/namespaces/{namespace}/tables/{table}/unregister")] HttpRequest request) => request.HandOverAsync();

    [Function("loadCredentials")]
    public static Task LoadCredentials([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/{prefix}/namespaces/{namespace}/tables/{table}/credentials")] HttpRequest request) => request.HandOverAsync();

    [Function("reportMetrics")]
    public static Task ReportMetrics([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/{prefix}/namespaces/{namespace}/tables/{table}/metrics")] HttpRequest request) => request.HandOverAsync();

    [Function("renameTable")]
    public static Task RenameTable([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/{prefix}/tables/rename")] HttpRequest request) => request.HandOverAsync();

    [Function("commitTransaction")]
    public static Task CommitTransaction([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/{prefix}/transactions/commit")] HttpRequest request) => request.HandOverAsync();

    [Function("planTableScan")]
    public static Task PlanTableScan([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/{prefix}/namespaces/{namespace}/tables/{table}/plan")] HttpRequest request) => request.HandOverAsync();

    [Function("fetchPlanningResult")]
    public static Task FetchPlanningResult([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/{prefix}/namespaces/{namespace}/tables/{table}/plan/{planId}")] HttpRequest request) => request.HandOverAsync();

    [Function("cancelPlanning")]
    public static Task CancelPlanning([HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "v1/{prefix}/namespaces/{namespace}/tables/{table}/plan/{planId}")] HttpRequest request) => request.HandOverAsync();

    [Function("fetchScanTasks")]
    public static Task FetchScanTasks([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/{prefix}/namespaces/{namespace}/tables/{table}/tasks")] HttpRequest request) => request.HandOverAsync();

    [Function("signRequest")]
    public static Task SignRequest([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/{prefix}/namespaces/{namespace}/tables/{table}/sign")] HttpRequest request) => request.HandOverAsync();
}
