namespace Frazil.Api.Tests;

/// <summary>The operations of the Iceberg REST specification: method, path, operationId. Data, to be compared with what the server has.</summary>
public static class Specification
{
    /// <summary>Every operation.</summary>
    public static readonly IReadOnlyList<(string Method, string Path, string OperationId)> Operations =
    [
        ("GET", "/v1/config", "getConfig"),
        ("POST", "/v1/oauth/tokens", "getToken"),
        ("GET", "/v1/{prefix}/namespaces", "listNamespaces"),
        ("POST", "/v1/{prefix}/namespaces", "createNamespace"),
        ("GET", "/v1/{prefix}/namespaces/{namespace}", "loadNamespaceMetadata"),
        ("HEAD", "/v1/{prefix}/namespaces/{namespace}", "namespaceExists"),
        ("DELETE", "/v1/{prefix}/namespaces/{namespace}", "dropNamespace"),
        ("POST", "/v1/{prefix}/namespaces/{namespace}/properties", "updateProperties"),
        ("GET", "/v1/{prefix}/namespaces/{namespace}/tables", "listTables"),
        ("POST", "/v1/{prefix}/namespaces/{namespace}/tables", "createTable"),
        ("GET", "/v1/{prefix}/namespaces/{namespace}/functions", "listFunctions"),
        ("GET", "/v1/{prefix}/namespaces/{namespace}/functions/{function}", "loadFunction"),
        ("POST", "/v1/{prefix}/namespaces/{namespace}/tables/{table}/plan", "planTableScan"),
        ("GET", "/v1/{prefix}/namespaces/{namespace}/tables/{table}/plan/{plan-id}", "fetchPlanningResult"),
        ("DELETE", "/v1/{prefix}/namespaces/{namespace}/tables/{table}/plan/{plan-id}", "cancelPlanning"),
        ("POST", "/v1/{prefix}/namespaces/{namespace}/tables/{table}/tasks", "fetchScanTasks"),
        ("POST", "/v1/{prefix}/namespaces/{namespace}/register", "registerTable"),
        ("GET", "/v1/{prefix}/namespaces/{namespace}/tables/{table}", "loadTable"),
        ("POST", "/v1/{prefix}/namespaces/{namespace}/tables/{table}", "updateTable"),
        ("DELETE", "/v1/{prefix}/namespaces/{namespace}/tables/{table}", "dropTable"),
        ("HEAD", "/v1/{prefix}/namespaces/{namespace}/tables/{table}", "tableExists"),
        ("POST", "/v1/{prefix}/namespaces/{namespace}/tables/{table}/unregister", "unregisterTable"),
        ("GET", "/v1/{prefix}/namespaces/{namespace}/tables/{table}/credentials", "loadCredentials"),
        ("POST", "/v1/{prefix}/namespaces/{namespace}/tables/{table}/sign", "signRequest"),
        ("POST", "/v1/{prefix}/tables/rename", "renameTable"),
        ("POST", "/v1/{prefix}/namespaces/{namespace}/tables/{table}/metrics", "reportMetrics"),
        ("POST", "/v1/{prefix}/transactions/commit", "commitTransaction"),
        ("GET", "/v1/{prefix}/namespaces/{namespace}/views", "listViews"),
        ("POST", "/v1/{prefix}/namespaces/{namespace}/views", "createView"),
        ("GET", "/v1/{prefix}/namespaces/{namespace}/views/{view}", "loadView"),
        ("POST", "/v1/{prefix}/namespaces/{namespace}/views/{view}", "replaceView"),
        ("DELETE", "/v1/{prefix}/namespaces/{namespace}/views/{view}", "dropView"),
        ("HEAD", "/v1/{prefix}/namespaces/{namespace}/views/{view}", "viewExists"),
        ("POST", "/v1/{prefix}/views/rename", "renameView"),
        ("POST", "/v1/{prefix}/namespaces/{namespace}/register-view", "registerView"),
    ];
}
