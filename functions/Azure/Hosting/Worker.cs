using Azure.Monitor.OpenTelemetry.Exporter;
using Frazil.Iceberg;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Azure.Functions.Worker.Core.FunctionMetadata;
using Microsoft.Azure.Functions.Worker.OpenTelemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Frazil.AzureFunctions;

/// <summary>The process that Azure's host starts and hands invocations to.</summary>
internal static class Worker
{
    /// <summary>Bytes of a body that Azure's host lets through. The catalog itself refuses smaller ones and says why.</summary>
    public const long MaxBodyBytes = 104_857_600;

    /// <summary>Bytes of a request line. Encoded anew, a path can be longer than it came.</summary>
    public const int MaxRequestLineBytes = 256 * 1024;

    /// <summary>Bytes of all headers of a request: Azure's front end and host add many.</summary>
    public const int MaxHeaderBytes = 128 * 1024;

    /// <summary>Runs until the host ends it. The exit code is 1 when the settings do not allow a start.</summary>
    public static async Task<int> RunAsync(string[] args, Func<string, string?> environment)
    {
        AzureSettings settings;
        AzureParts parts;
        try
        {
            settings = AzureSettings.Read(environment);
            parts = new AzureParts(settings, TimeProvider.System, new IdSource());

            // Locations that no account here serves would otherwise be told as a catalog that does not exist.
            _ = parts.OpenStorage(settings.Storage);
        }
        catch (Exception exception) when (exception is SettingException or CatalogException)
        {
            // Azure's host shows a worker's last words in its own log.
            await Console.Error.WriteLineAsync($"Frazil cannot start: {exception.Message}");
            return 1;
        }

        using var app = Build(args, settings, parts);

        // The first round trips to the store need not wait for the handshake with the host. What fails is tried again, and told then.
        _ = app.Services.GetRequiredService<CatalogHost>().EnsureAsync();
        await app.RunAsync();
        return 0;
    }

    private static IHost Build(string[] args, AzureSettings settings, AzureParts parts)
    {
        var builder = FunctionsApplication.CreateBuilder(args);
        builder.ConfigureFunctionsWebApplication();
        builder.Services.Configure<KestrelServerOptions>(static kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxBodyBytes;
            kestrel.Limits.MaxRequestLineSize = MaxRequestLineBytes;
            kestrel.Limits.MaxRequestHeadersTotalSize = MaxHeaderBytes;
        });
        builder.Services.AddSingleton<IFunctionMetadataProvider, FunctionList>();
        builder.Services.AddSingleton(settings).AddSingleton(parts).AddSingleton(TimeProvider.System).AddSingleton<IdSource>().AddSingleton<CatalogHost>();
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("Azure", LogLevel.Warning);

        if (settings.ApplicationInsights is { } connection)
        {
            AddTelemetry(builder.Services, connection, settings.SendsEverySpan);
        }

        return builder.Build();
    }

    /// <summary>
    /// Metrics, spans and log lines to Application Insights. Of spans at most a few traces a second are taken, unless every one is wanted, and count for those that are not
    /// (<c>ItemCount</c>); metrics are whole, and so are log lines: each request is one.
    /// </summary>
    private static void AddTelemetry(IServiceCollection services, string connection, bool sendsEverySpan) => services.AddOpenTelemetry()
        .WithMetrics(static metrics => metrics.AddMeter(MetricList.Namespace))
        .WithTracing(static traces => traces.AddSource(MetricList.Namespace))
        .UseFunctionsWorkerDefaults()
        .UseAzureMonitorExporter(options =>
        {
            options.ConnectionString = connection;
            options.EnableTraceBasedLogsSampler = false;
            if (sendsEverySpan)
            {
                options.TracesPerSecond = null;
                options.SamplingRatio = 1;
            }
        });
}
