using System.Diagnostics;
using System.Text;

namespace Frazil.FunctionsHost;

/// <summary>A worker as Azure's host starts it.</summary>
internal sealed class WorkerProcess : IDisposable
{
    // What would reach into the worker from the machine that runs the tests.
    private static readonly string[] Removed = ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"];

    private readonly StringBuilder words = new();
    private readonly Process process;

    public WorkerProcess(string assembly, Uri host, string workerId, IReadOnlyDictionary<string, string> environment)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(assembly))!;
        var start = new ProcessStartInfo("dotnet") { WorkingDirectory = folder, RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var argument in (string[])[
            Path.GetFullPath(assembly), "--host", host.Host, "--port", $"{host.Port}", "--workerId", workerId, "--requestId", Guid.NewGuid().ToString(),
            "--functions-uri", host.ToString(), "--functions-worker-id", workerId, "--functions-request-id", Guid.NewGuid().ToString(),
            "--functions-grpc-max-message-length", $"{int.MaxValue}"])
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var name in start.Environment.Keys.Where(IsRemoved).ToArray())
        {
            start.Environment.Remove(name);
        }

        start.Environment["FUNCTIONS_APPLICATION_DIRECTORY"] = folder;
        start.Environment["FUNCTIONS_WORKER_DIRECTORY"] = folder;
        foreach (var (name, text) in environment)
        {
            start.Environment[name] = text;
        }

        process = new Process { StartInfo = start, EnableRaisingEvents = true };
        process.OutputDataReceived += (_, line) => Hear(line.Data);
        process.ErrorDataReceived += (_, line) => Hear(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>What it printed.</summary>
    public string Words
    {
        get
        {
            lock (words)
            {
                return words.ToString();
            }
        }
    }

    /// <summary>The process's id.</summary>
    public int Id => process.Id;

    /// <summary>Waits until it has ended; its exit code.</summary>
    public async Task<int> WaitAsync(CancellationToken cancellationToken)
    {
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode;
    }

    public void Kill()
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
        }
    }

    public void Dispose()
    {
        Kill();
        process.Dispose();
    }

    private static bool IsRemoved(string name) =>
        Removed.Contains(name) || name.StartsWith("ASPNETCORE_", StringComparison.Ordinal) || name.StartsWith("Kestrel__", StringComparison.Ordinal) || name.StartsWith("FRAZIL__", StringComparison.Ordinal);

    private void Hear(string? line)
    {
        if (line is not null)
        {
            lock (words)
            {
                words.AppendLine(line);
            }
        }
    }
}
