using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace Frazil.AzureFunctions;

/// <summary>What no route template says.</summary>
public static class OtherFunctions
{
    /// <summary>
    /// The bases <c>/catalog/v1</c> and <c>/api/catalog/v1</c>, paths without a prefix, the pages, and what is not found. Azure's host takes functions in the order of their names, so this
    /// name must come behind all others.
    /// </summary>
    [Function("wildcard")]
    public static Task Wildcard([HttpTrigger(AuthorizationLevel.Anonymous, Route = "{*path}")] HttpRequest request) => request.HandOverAsync();
}
