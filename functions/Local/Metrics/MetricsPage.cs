using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;

namespace Frazil.Local;

/// <summary>
/// The metrics of this process as Prometheus text: the catalog's own meter and the runtime's. It listens to the meters directly; a metrics SDK with its exporter would
/// take longer to start than the rest of the server.
/// </summary>
internal sealed class MetricsPage : IDisposable
{
    /// <summary>Where it is served.</summary>
    public const string Path = "/metrics";

    private const string RuntimeMeter = "System.Runtime";

    private readonly ConcurrentDictionary<Instrument, MetricFamily> families = new();
    private readonly MeterListener listener;

    public MetricsPage()
    {
        listener = new MeterListener
        {
            InstrumentPublished = (instrument, source) =>
            {
                if (instrument.Meter.Name is MetricList.Namespace or RuntimeMeter)
                {
                    source.EnableMeasurementEvents(instrument, families.GetOrAdd(instrument, static published => new MetricFamily(published)));
                }
            },
        };
        listener.SetMeasurementEventCallback<long>(static (_, value, tags, family) => ((MetricFamily)family!).Take(value, tags));
        listener.SetMeasurementEventCallback<int>(static (_, value, tags, family) => ((MetricFamily)family!).Take(value, tags));
        listener.SetMeasurementEventCallback<double>(static (_, value, tags, family) => ((MetricFamily)family!).Take(value, tags));
        listener.Start();
    }

    /// <summary>Answers a request for it.</summary>
    public async Task AnswerAsync(HttpContext http)
    {
        listener.RecordObservableInstruments();
        var text = new StringBuilder(16 * 1024);
        foreach (var family in families.Values.OrderBy(family => family.Name, StringComparer.Ordinal))
        {
            family.Write(text);
        }

        http.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        await http.Response.WriteAsync(text.ToString(), http.RequestAborted);
    }

    public void Dispose() => listener.Dispose();
}
