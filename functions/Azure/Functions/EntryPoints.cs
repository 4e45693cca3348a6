using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.DependencyInjection;

namespace Frazil.AzureFunctions;

/// <summary>
/// The two methods behind every function of <see cref="FunctionList"/>: which function Azure's host chose names the call in the portal, and what answers is the pipeline of all hosts.
/// Their attributes are for the worker's generator, which makes the calls.
/// </summary>
public static class EntryPoints
{
    /// <summary>Answers a request.</summary>
    [Function(FunctionList.Wildcard)]
    public static Task Answer([HttpTrigger(AuthorizationLevel.Anonymous, Route = FunctionList.Everything)] HttpRequest request) =>
        request.HttpContext.RequestServices.GetRequiredService<CatalogHost>().AnswerAsync(request.HttpContext);

    /// <summary>Runs the job by whose name the function is called.</summary>
    [Function("job")]
    public static Task RunJob([TimerTrigger("0 0 * * * *")] TimerInfo timer, FunctionContext context) =>
        context.InstanceServices.GetRequiredService<CatalogHost>().RunAsync(context.FunctionDefinition.Name, context.CancellationToken);
}
