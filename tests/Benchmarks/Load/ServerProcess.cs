using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Frazil.Benchmarks.Load;

/// <summary>A <c>frazil serve</c> over SQLite and files in a folder. Ended when disposed of.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private const int MaxLines = 20;

    private readonly Process process;
    private readonly ConcurrentQueue<string> output = new();

    private ServerProcess(Process process, Uri url, TimeSpan firstAnswer)
    {
        this.process = process;
        Url = url;
        FirstAnswer = firstAnswer;
    }

    /// <summary>Where it listens.</summary>
    public Uri Url { get; }

    /// <summary>Time from its start to its first answer.</summary>
    public TimeSpan FirstAnswer { get; }

    /// <summary>Processor time it has used.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    /// <summary>Memory that is resident now.</summary>
    public long ResidentBytes
    {
        get
        {
            process.Refresh();
            return process.WorkingSet64;
        }
    }

    /// <summary>The built frazil beside this program: artifacts/bin/Frazil.Benchmarks/(configuration)/ is where this runs.</summary>
    public static string DefaultPath
    {
        get
        {
            var own = new DirectoryInfo(AppContext.BaseDirectory);
            return Path.Join(own.Parent!.Parent!.FullName, "Frazil.Local", own.Name, OperatingSystem.IsWindows() ? "frazil.exe" : "frazil");
        }
    }

    /// <summary>Starts one and waits for its first answer.</summary>
    public static async Task<ServerProcess> StartAsync(LoadOptions options, string data)
    {
        var port = options.Port != 0 ? options.Port : FreePort();
        var url = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/"));
        var start = new ProcessStartInfo(
            options.Server ?? DefaultPath, ["serve", "--port", port.ToString(CultureInfo.InvariantCulture), "--data", data])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var began = Stopwatch.GetTimestamp();
        var process = Process.Start(start)!;
        try
        {
            var live = RawRequest.Get("/health/live");
            while (true)
            {
                if (process.HasExited || Stopwatch.GetElapsedTime(began) > Patience)
                {
                    throw new CheckFailedException($"frazil does not answer: {(process.HasExited ? await process.StandardError.ReadToEndAsync() : "no connection")}");
                }

                try
                {
                    using var connection = await RawConnection.OpenAsync(url);
                    await connection.SendAsync(live);
                    var server = new ServerProcess(process, url, Stopwatch.GetElapsedTime(began));
                    server.Watch();
                    return server;
                }
                catch (SocketException)
                {
                    await Task.Delay(2);
                }
            }
        }
        catch
        {
            process.Kill();
            process.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    /// <summary>The last lines that it wrote.</summary>
    public IReadOnlyList<string> Output => [.. output];

    private void Watch()
    {
        void Take(object sender, DataReceivedEventArgs line)
        {
            output.Enqueue(line.Data ?? "");
            if (output.Count > MaxLines)
            {
                output.TryDequeue(out _);
            }
        }

        process.OutputDataReceived += Take;
        process.ErrorDataReceived += Take;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
