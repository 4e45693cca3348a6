using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace Frazil.AzureFunctions;

/// <summary>The routes of tokens, each a function named by its operationId.</summary>
public static class OAuthFunctions
{
    [Function("getToken")]
    public static Task GetToken([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/oauth/tokens")] HttpRequest request) => request.HandOverAsync();
}
