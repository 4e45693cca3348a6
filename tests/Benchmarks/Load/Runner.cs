using System.Diagnostics;

namespace Frazil.Benchmarks.Load;

/// <summary>Runs cases against a server.</summary>
/// <param name="client">Talks to it beside what is measured.</param>
/// <param name="options">How long.</param>
internal sealed class Runner(CatalogClient client, LoadOptions options)
{
    /// <summary>One round: prepared, warmed up, measured, checked.</summary>
    public async Task<Round> RunAsync(Case one)
    {
        await one.Prepare();
        var connections = await Task.WhenAll(Enumerable.Range(0, one.Connections).Select(_ => RawConnection.OpenAsync(client.Url)));
        try
        {
            Step[] workers = [.. Enumerable.Range(0, one.Connections).Select(one.NewWorker)];
            using var background = one.Background is null ? null : new Repeated(await RawConnection.OpenAsync(client.Url), one.Background);
            if (options.WarmUp > TimeSpan.Zero && !one.IsWarm)
            {
                await MeasureAsync(connections, workers, options.WarmUp, one.MaxOperations);
            }

            var before = await client.CountAsync();
            var began = Stopwatch.GetTimestamp();
            var milliseconds = await MeasureAsync(connections, workers, options.Duration * one.Share, one.MaxOperations);
            var elapsed = Stopwatch.GetElapsedTime(began);
            var after = await client.CountAsync();
            if (background is not null)
            {
                await background.StopAsync();
            }

            await one.Check();
            return new Round(milliseconds.Length, elapsed, after - before, milliseconds);
        }
        finally
        {
            Array.ForEach(connections, connection => connection.Dispose());
        }
    }

    private static async Task<double[]> MeasureAsync(RawConnection[] connections, Step[] workers, TimeSpan duration, int maxOperations)
    {
        var left = maxOperations;
        var began = Stopwatch.GetTimestamp();
        var lists = await Task.WhenAll(connections.Zip(workers, (connection, worker) => Task.Run(async () =>
        {
            List<double> taken = [];
            while (Stopwatch.GetElapsedTime(began) < duration && Interlocked.Decrement(ref left) >= 0)
            {
                var started = Stopwatch.GetTimestamp();
                await worker(connection);
                taken.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            }

            return taken;
        })));
        double[] all = [.. lists.SelectMany(list => list)];
        Array.Sort(all);
        return all;
    }

    /// <summary>A step that is repeated until it is stopped.</summary>
    private sealed class Repeated : IDisposable
    {
        private readonly RawConnection connection;
        private readonly Task running;
        private volatile bool isStopped;

        public Repeated(RawConnection connection, Step step)
        {
            this.connection = connection;
            running = Task.Run(async () =>
            {
                while (!isStopped)
                {
                    await step(connection);
                }
            });
        }

        public Task StopAsync()
        {
            isStopped = true;
            return running;
        }

        public void Dispose()
        {
            isStopped = true;
            connection.Dispose();
        }
    }
}
