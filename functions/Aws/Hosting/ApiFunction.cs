using System.Text.Json.Serialization;
using Amazon.Lambda.APIGatewayEvents;
using Amazon.Lambda.AspNetCoreServer;
using Amazon.Lambda.AspNetCoreServer.Hosting;
using Amazon.Lambda.Core;
using Amazon.Lambda.Serialization.SystemTextJson;
using Frazil.Api;
using Frazil.AwsBackend;
using Frazil.Iceberg;
using Frazil.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using LogLevel = Microsoft.Extensions.Logging.LogLevel;

namespace Frazil.Lambda;

/// <summary>The catalog behind a function URL or an HTTP API: events of payload 2.0 become requests of the one pipeline.</summary>
internal sealed class ApiFunction(
    LambdaSettings settings, Func<string, string?> environment, TimeProvider clock, EmbeddedMetrics metrics, Invocation invocation, ILoggerProvider lines, ILoggerFactory loggers)
{
    /// <summary>Bytes of the answer's document, as Lambda counts them.</summary>
    public const int MaxAnswerBytes = 6_291_556;

    /// <summary>What of them is kept for status, headers and the document's own members.</summary>
    private const int EnvelopeBytes = 16 * 1024;

    private const string NoRoute = "none";

    private static readonly AnswerLimit Limit = new("AWS Lambda", MaxAnswerBytes - EnvelopeBytes);

    private readonly ILogger logger = loggers.CreateLogger("Frazil");

    /// <summary>Answers events until Lambda ends the process.</summary>
    public async Task RunAsync()
    {
        var opening = new Opening(settings, environment, clock, new IdSource(), loggers.CreateLogger<FrazilPipeline>());
        _ = opening.OpenAsync(); // a failure is told by the first request, which finds it

        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            // No file of the package is watched for changes: there can be none.
            Args = ["--hostBuilder:reloadConfigOnChange=false"],
            EnvironmentName = "Production",
            ContentRootPath = AppContext.BaseDirectory,
        });
        builder.Logging.ClearProviders().AddProvider(lines).SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddAWSLambdaHosting(LambdaEventSource.HttpApi, new SourceGeneratorLambdaJsonSerializer<HttpApiJson>(), Configure);
        await using var app = builder.Build();
        app.Run(http => AnswerAsync(http, opening));
        await app.RunAsync();
    }

    /// <summary>Compressed bodies are base64 in an answer: as text their bytes would be lost. Every other body of ours is UTF-8.</summary>
    private static void Configure(HostingOptions options) => options.RegisterResponseContentEncodingForContentEncoding("gzip", ResponseContentEncoding.Base64);

    private async Task AnswerAsync(HttpContext http, Opening opening)
    {
        var context = http.Items[AbstractAspNetCoreFunction.LAMBDA_CONTEXT] as ILambdaContext;
        invocation.Begin(context);
        try
        {
            http.Features.Set(Limit);
            if (http.Items[AbstractAspNetCoreFunction.LAMBDA_REQUEST_OBJECT] is APIGatewayHttpApiV2ProxyRequest request)
            {
                EventTarget.Restore(http, request);
            }

            if (context is not null && !http.Request.Headers.ContainsKey(FrazilPipeline.RequestIdHeader))
            {
                http.Request.Headers[FrazilPipeline.RequestIdHeader] = context.AwsRequestId;
            }

            await AnswerAsync(http, await OpenAsync(http, opening));
        }
        finally
        {
            metrics.Flush(new KeyValuePair<string, string>("awsRequestId", invocation.RequestId));
        }
    }

    private static async Task AnswerAsync(HttpContext http, FrazilPipeline? pipeline)
    {
        if (pipeline is not null)
        {
            await pipeline.InvokeAsync(http);
        }
    }

    /// <summary>The open catalog, or null when the request was answered without one.</summary>
    private async Task<FrazilPipeline?> OpenAsync(HttpContext http, Opening opening)
    {
        if (http.Request.Path.Value == FrazilPipeline.LivePath && HttpMethods.IsGet(http.Request.Method))
        {
            // Whether this process lives does not hang on what it is connected to.
            await FrazilPipeline.Alive.SendAsync(http);
            return null;
        }

        try
        {
            return await opening.OpenAsync();
        }
        catch (Exception exception)
        {
            var isPassing = exception is StoreThrottledException or StoreUnavailableException or SecretUnavailableException or IOException
                or CatalogException { Kind: ErrorKind.SlowDown or ErrorKind.Unavailable };
            var answer = isPassing
                ? Answer.Error(ErrorKind.SlowDown, "The catalog cannot be opened at the moment; nothing was changed. Try again later")
                : Answer.Error(ErrorKind.Internal, "The catalog cannot be opened; its log tells why");

            // The pipeline counts what it answers; this it never sees, and the alarm for the server's errors must.
            CatalogMeter.Requests.Add(1, new("route", NoRoute), new("status", "5xx"));
            Log.NotOpened(logger, exception.Message, http.Request.Headers[FrazilPipeline.RequestIdHeader].ToString(), answer.Status, NoRoute, "failed", exception);
            await answer.SendAsync(http);
            return null;
        }
    }
}

/// <summary>Events and answers of payload 2.0, without reflection.</summary>
[JsonSerializable(typeof(APIGatewayHttpApiV2ProxyRequest))]
[JsonSerializable(typeof(APIGatewayHttpApiV2ProxyResponse))]
internal sealed partial class HttpApiJson : JsonSerializerContext;
