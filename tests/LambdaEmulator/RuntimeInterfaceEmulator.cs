using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Frazil.LambdaEmulator;

/// <summary>
/// A function under AWS' own Runtime Interface Emulator: the vendor's word on the Runtime API, on how an instance is started, and on what becomes of one that ends. One instance, one
/// invocation at a time; it is started by the first invocation, and anew by the next one after it has ended.
/// </summary>
public sealed class RuntimeInterfaceEmulator : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(30);

    private readonly Process process;
    private readonly HttpClient http;
    private readonly SemaphoreSlim turn = new(1, 1);
    private readonly List<string> output = [];

    private RuntimeInterfaceEmulator(Process process, HttpClient http) => (this.process, this.http) = (process, http);

    /// <summary>What the function and the emulator wrote.</summary>
    public IReadOnlyList<string> Output
    {
        get
        {
            lock (output)
            {
                return [.. output];
            }
        }
    }

    /// <summary>Instances that were started.</summary>
    public int StartCount => Output.Count(line => line.Contains("INIT START", StringComparison.Ordinal));

    /// <summary>Starts it; the function itself is started by the first invocation.</summary>
    /// <param name="emulator">The vendor's executable.</param>
    /// <param name="options">The function.</param>
    public static async Task<RuntimeInterfaceEmulator> StartAsync(string emulator, LambdaOptions options)
    {
        var (front, runtime) = (FreePort(), FreePort());
        var isManaged = options.Program.EndsWith(".dll", StringComparison.OrdinalIgnoreCase);
        var start = new ProcessStartInfo(
            emulator,
            [
                "--runtime-interface-emulator-address", $"127.0.0.1:{front}", "--runtime-api-address", $"127.0.0.1:{runtime}",
                .. isManaged ? [Environment.ProcessPath!, options.Program] : (string[])[options.Program],
            ])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetDirectoryName(Path.GetFullPath(options.Program)),
        };
        Instance.ForgetTests(start);
        start.Environment["AWS_LAMBDA_FUNCTION_TIMEOUT"] = ((int)options.Timeout.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        start.Environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] = "1024";
        start.Environment["AWS_REGION"] = options.Region;
        foreach (var (name, value) in options.Environment)
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start)!;
        process.StandardInput.Close();
        var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri($"http://127.0.0.1:{front}"), Timeout = options.Timeout + TimeSpan.FromSeconds(30) };
        var started = new RuntimeInterfaceEmulator(process, http);
        process.OutputDataReceived += (_, line) => started.Keep(line.Data);
        process.ErrorDataReceived += (_, line) => started.Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await AwaitAsync(front);
        return started;
    }

    /// <summary>Invokes it with an event, and waits for its answer.</summary>
    public async Task<InvocationResult> InvokeAsync(ReadOnlyMemory<byte> payload)
    {
        await turn.WaitAsync();
        try
        {
            using var content = new ReadOnlyMemoryContent(payload);
            using var response = await http.PostAsync(new Uri("/2015-03-31/functions/function/invocations", UriKind.Relative), content);
            var answer = await response.Content.ReadAsByteArrayAsync();
            return new InvocationResult("", answer, response.StatusCode != HttpStatusCode.OK || IsError(answer));
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Ends the instance as a lack of memory would.</summary>
    /// <returns>Whether there was one.</returns>
    public bool Kill()
    {
        var children = Process.GetProcesses().Where(candidate => ParentOf(candidate.Id) == process.Id).ToArray();
        foreach (var child in children)
        {
            child.Kill();
        }

        return children.Length > 0;
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
        http.Dispose();
        turn.Dispose();
    }

    // What ran out of time is told in words.
    private static bool IsError(byte[] answer)
    {
        try
        {
            using var document = JsonDocument.Parse(answer);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("errorType", out _);
        }
        catch (JsonException)
        {
            return true;
        }
    }

    private static int ParentOf(int id)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{id}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return -1;
        }
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static async Task AwaitAsync(int port)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, port);
                return;
            }
            catch (SocketException) when (Stopwatch.GetElapsedTime(began) < StartTimeout)
            {
                await Task.Delay(50);
            }
        }
    }

    private void Keep(string? line)
    {
        if (line is not null)
        {
            lock (output)
            {
                output.Add(line);
            }
        }
    }
}
