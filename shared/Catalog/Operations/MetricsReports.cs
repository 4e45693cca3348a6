using System.Text.Json;
using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil;

/// <summary>
/// The reports that clients send of their scans and commits (<c>reportMetrics</c>). The newest <see cref="Limits.MaxReportsPerTable"/> of each table are kept, so that people
/// can see how a table is used. A report is a courtesy: when it cannot be kept it is dropped, and the client is never failed for it.
/// </summary>
public sealed class MetricsReports(Changes changes, Tables tables, TimeProvider clock)
{
    private const int MaxAttempts = 5;

    /// <summary>Takes a report.</summary>
    /// <param name="call">The request.</param>
    /// <param name="table">The table it is about.</param>
    /// <param name="report">The report: an object with <c>report-type</c>.</param>
    /// <param name="source">The bytes of the request.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="CatalogException">400 when it is no report. A table that is not there is no error: Java reports a staged creation before it commits it.</exception>
    public async ValueTask ReportAsync(CallContext call, TableIdentifier table, JsonElement report, ReadOnlyMemory<byte> source, CancellationToken cancellationToken)
    {
        report.RequireObject("report").RequiredString("report-type");
        var raw = report.Raw(source);
        if (raw.Length > Limits.MaxReportBytes)
        {
            return;
        }

        try
        {
            var entity = await tables.RequireAsync(call, table, cancellationToken);
            await KeepAsync(call, Keys.Reports(entity.Id), Stamp(raw), cancellationToken);
        }
        catch (Exception exception) when (exception is StoreThrottledException or StoreUnavailableException)
        {
            // Dropped.
        }
        catch (CatalogException exception) when (exception.Kind is ErrorKind.NoSuchTable or ErrorKind.NoSuchNamespace or ErrorKind.SlowDown or ErrorKind.Unavailable or ErrorKind.CommitStateUnknown)
        {
            // Dropped, or kept after all.
        }
    }

    /// <summary>The reports kept of a table, newest first: a JSON array of <c>{"reported-at-ms", "report"}</c>.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ListAsync(CallContext call, TableIdentifier table, CancellationToken cancellationToken)
    {
        var entity = await tables.RequireAsync(call, table, cancellationToken);
        return (await changes.Store.ReadAsync(call.Catalog.Partition, Keys.Reports(entity.Id), cancellationToken))?.Value ?? "[]"u8.ToArray();
    }

    private async ValueTask KeepAsync(CallContext call, string key, ReadOnlyMemory<byte> report, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var item = await changes.Store.ReadAsync(call.Catalog.Partition, key, cancellationToken);
            var kept = item is null ? [] : Split(item.Value);
            var value = Join([report, .. kept.Take(Limits.MaxReportsPerTable - 1)]);
            Write write = item is null ? new Write.Create(key, value) : new Write.Replace(key, value, item.Version);
            if (await changes.ApplyAsync(call, Change.Upkeep(write), cancellationToken))
            {
                return;
            }
        }
    }

    private static List<ReadOnlyMemory<byte>> Split(ReadOnlyMemory<byte> array)
    {
        using var document = Json.Parse(array);
        return [.. document.RootElement.EnumerateArray().Select(item => item.Raw(array))];
    }

    private static byte[] Join(IEnumerable<ReadOnlyMemory<byte>> items) => Json.Write(items, static (writer, items) =>
    {
        writer.WriteStartArray();
        foreach (var item in items)
        {
            writer.WriteRawValue(item.Span, skipInputValidation: true);
        }

        writer.WriteEndArray();
    });

    private byte[] Stamp(ReadOnlyMemory<byte> report) => Json.Write((At: clock.GetUtcNow(), report), static (writer, item) =>
    {
        writer.WriteStartObject();
        writer.WriteNumber("reported-at-ms", item.At.ToUnixTimeMilliseconds());
        writer.WritePropertyName("report");
        writer.WriteRawValue(item.report.Span, skipInputValidation: true);
        writer.WriteEndObject();
    });
}
