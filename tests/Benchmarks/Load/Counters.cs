using System.Globalization;

namespace Frazil.Benchmarks.Load;

/// <summary>What the server counted of itself, from <c>/metrics</c>.</summary>
/// <param name="ProcessorSeconds">Processor time it used.</param>
/// <param name="AllocatedBytes">Bytes it allocated.</param>
/// <param name="StoreReads">Operations on the store that read: reads of one row, of many rows, and lists.</param>
/// <param name="StoreWrites">Batches written to the store.</param>
/// <param name="FileReads">Files read.</param>
/// <param name="FileWrites">Files written.</param>
/// <param name="FileDeletes">Files deleted.</param>
/// <param name="ResidentBytes">Memory that is resident at the end.</param>
internal sealed record Counters(
    double ProcessorSeconds, double AllocatedBytes, double StoreReads, double StoreWrites, double FileReads, double FileWrites, double FileDeletes, double ResidentBytes)
{
    public static readonly Counters None = new(0, 0, 0, 0, 0, 0, 0, 0);

    public static Counters operator -(Counters left, Counters right) => new(
        left.ProcessorSeconds - right.ProcessorSeconds,
        left.AllocatedBytes - right.AllocatedBytes,
        left.StoreReads - right.StoreReads,
        left.StoreWrites - right.StoreWrites,
        left.FileReads - right.FileReads,
        left.FileWrites - right.FileWrites,
        left.FileDeletes - right.FileDeletes,
        left.ResidentBytes);

    /// <summary>Reads Prometheus text.</summary>
    public static Counters Parse(string text)
    {
        double processor = 0, allocated = 0, storeReads = 0, storeWrites = 0, fileReads = 0, fileWrites = 0, fileDeletes = 0, resident = 0;
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            var space = line.LastIndexOf(' ');
            var series = line[..space];
            var value = double.Parse(line[(space + 1)..], CultureInfo.InvariantCulture);
            if (series.StartsWith("dotnet_process_cpu_time_seconds_total"))
            {
                processor += value;
            }
            else if (series.StartsWith("dotnet_gc_heap_total_allocated_bytes_total"))
            {
                allocated += value;
            }
            else if (series.StartsWith("dotnet_process_memory_working_set"))
            {
                resident = value;
            }
            else if (series.StartsWith("catalog_store_latency_milliseconds_count"))
            {
                (series.Contains("op=\"write\"", StringComparison.Ordinal) ? ref storeWrites : ref storeReads) += value;
            }
            else if (series.StartsWith("catalog_file_latency_milliseconds_count"))
            {
                var isWrite = series.Contains("op=\"create\"", StringComparison.Ordinal);
                var isDelete = series.Contains("op=\"delete\"", StringComparison.Ordinal);
                (isWrite ? ref fileWrites : ref isDelete ? ref fileDeletes : ref fileReads) += value;
            }
        }

        return new Counters(processor, allocated, storeReads, storeWrites, fileReads, fileWrites, fileDeletes, resident);
    }
}
