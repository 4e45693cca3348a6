using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace Frazil.AzureFunctions;

/// <summary>The routes of what a client is told first, each a function named by its operationId.</summary>
public static class ConfigFunctions
{
    [Function("getConfig")]
    public static Task GetConfig([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/config")] HttpRequest request) => request.HandOverAsync();
}
