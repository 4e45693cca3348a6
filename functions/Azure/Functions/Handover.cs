using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.DependencyInjection;

namespace Frazil.AzureFunctions;

/// <summary>Where every function ends: which one Azure's host chose names the call in the portal, and what answers is the pipeline of all hosts.</summary>
internal static class Handover
{
    /// <summary>Answers a request.</summary>
    public static Task HandOverAsync(this HttpRequest request) => request.HttpContext.RequestServices.GetRequiredService<CatalogHost>().AnswerAsync(request.HttpContext);

    /// <summary>Runs a timed job.</summary>
    public static Task RunAsync(this FunctionContext context, string job) => context.InstanceServices.GetRequiredService<CatalogHost>().RunAsync(job, context.CancellationToken);
}
