using System.Runtime.CompilerServices;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Frazil.Local;

/// <summary>
/// Sends metrics and traces to a collector. Nothing of it is loaded unless it is wanted: the SDK and its exporter take longer to start than the rest of the server.
/// </summary>
internal sealed class OtlpExport : IDisposable
{
    private const string RuntimeMeter = "System.Runtime";

    private readonly TracerProvider tracer;
    private readonly MeterProvider meter;

    private OtlpExport(TracerProvider tracer, MeterProvider meter)
    {
        this.tracer = tracer;
        this.meter = meter;
    }

    /// <summary>Begins.</summary>
    public static OtlpExport Start(OtlpTarget target) => new(
        Sdk.CreateTracerProviderBuilder().SetResourceBuilder(NewResource()).AddSource(MetricList.Namespace).AddOtlpExporter(options => Configure(options, target, "traces")).Build(),
        Sdk.CreateMeterProviderBuilder().SetResourceBuilder(NewResource()).AddMeter(MetricList.Namespace, RuntimeMeter).AddOtlpExporter(options => Configure(options, target, "metrics")).Build());

    /// <summary>Sends what is left, and ends.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Dispose()
    {
        tracer.Dispose();
        meter.Dispose();
    }

    private static void Configure(OtlpExporterOptions options, OtlpTarget target, string signal)
    {
        options.Protocol = target.Protocol == OtlpProtocol.Grpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        options.Endpoint = target.For(signal);
    }

    // The environment's OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES come after ours, and win.
    private static ResourceBuilder NewResource() =>
        ResourceBuilder.CreateEmpty().AddService("frazil", serviceVersion: FrazilCommand.Version).AddTelemetrySdk().AddEnvironmentVariableDetector();
}
