using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Frazil.Hosts.Tests;

/// <summary>The built <c>frazil</c> as a process. Ended when disposed of.</summary>
public sealed partial class FrazilProcess : IAsyncDisposable
{
    /// <summary>Far longer than anything here takes on a busy machine; what does not end is broken.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process process;
    private readonly ConcurrentQueue<string> output = new();
    private readonly ConcurrentQueue<string> errors = new();
    private readonly List<(ConcurrentQueue<string> Lines, Predicate<string> Wanted, TaskCompletionSource<string> Found)> awaited = [];
    private readonly Task reading;

    private FrazilProcess(IReadOnlyList<string> arguments, string folder, IReadOnlyDictionary<string, string> environment, string? limits = null)
    {
        var start = new ProcessStartInfo(limits is null ? Executable : "/bin/sh", limits is null ? arguments : ["-c", $"{limits} && exec \"$0\" \"$@\"", Executable, .. arguments])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("FRAZIL__", StringComparison.OrdinalIgnoreCase)).ToArray())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        process = Process.Start(start)!;
        reading = Task.WhenAll(ReadAsync(process.StandardOutput, output), ReadAsync(process.StandardError, errors));
    }

    /// <summary>Its process id.</summary>
    public int Id => process.Id;

    /// <summary>Where the server listens.</summary>
    public Uri Url { get; private set; } = new("http://localhost");

    /// <summary>Talks to it.</summary>
    public HttpClient Client { get; private set; } = new();

    /// <summary>What it wrote to standard output.</summary>
    public IReadOnlyList<string> Output => [.. output];

    /// <summary>What it wrote to standard error.</summary>
    public string Errors => string.Join('\n', errors);

    /// <summary>The program; <c>FRAZIL_TEST_EXECUTABLE</c> names another one, such as a native build.</summary>
    public static string Executable
    {
        get
        {
            if (Environment.GetEnvironmentVariable("FRAZIL_TEST_EXECUTABLE") is { Length: > 0 } other)
            {
                return other;
            }

            // artifacts/bin/Frazil.Hosts.Tests/<configuration>/ is where this runs.
            var own = new DirectoryInfo(AppContext.BaseDirectory);
            return Path.Join(own.Parent!.Parent!.FullName, "Frazil.Local", own.Name, OperatingSystem.IsWindows() ? "frazil.exe" : "frazil");
        }
    }

    /// <summary>Starts a server on a free port and waits until it listens.</summary>
    public static async Task<FrazilProcess> ServeAsync(string folder, params string[] arguments)
    {
        var started = new FrazilProcess(["serve", "--port", "0", .. arguments], folder, new Dictionary<string, string>());
        await started.ListensAsync();
        return started;
    }

    /// <summary>Starts a server with these words and this environment, and waits until it listens.</summary>
    public static async Task<FrazilProcess> ServeAsync(string folder, IReadOnlyDictionary<string, string> environment, params string[] words)
    {
        var started = new FrazilProcess(words, folder, environment);
        await started.ListensAsync();
        return started;
    }

    /// <summary>Starts a server on a free port under limits of the system, in the shell's words, and waits until it listens.</summary>
    public static async Task<FrazilProcess> ServeUnderAsync(string limits, string folder, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var started = new FrazilProcess(["serve", "--port", "0", .. arguments], folder, environment, limits);
        await started.ListensAsync();
        return started;
    }

    /// <summary>Runs it to its end.</summary>
    public static async Task<(int ExitCode, string Output, string Errors)> RunAsync(string folder, IReadOnlyDictionary<string, string> environment, params string[] words)
    {
        await using var run = new FrazilProcess(words, folder, environment);
        var exitCode = await run.ExitCodeAsync();
        return (exitCode, string.Join('\n', run.Output), run.Errors);
    }

    /// <summary>Runs it to its end.</summary>
    public static Task<(int ExitCode, string Output, string Errors)> RunAsync(string folder, params string[] words) =>
        RunAsync(folder, new Dictionary<string, string>(), words);

    /// <summary>The first line of standard output, past or future, that is wanted.</summary>
    public Task<string> LineAsync(Predicate<string> wanted) => LineAsync(output, wanted);

    /// <summary>The first line of standard error, past or future, that is wanted.</summary>
    public Task<string> ErrorLineAsync(Predicate<string> wanted) => LineAsync(errors, wanted);

    /// <summary>Sends a signal.</summary>
    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Its exit code, when it has ended and everything that it wrote was read.</summary>
    public async Task<int> ExitCodeAsync()
    {
        await process.WaitForExitAsync().WaitAsync(Patience);
        await reading.WaitAsync(Patience);
        return process.ExitCode;
    }

    /// <summary>Asks it to stop, and waits until it has.</summary>
    public async Task<int> StopAsync()
    {
        await SignalAsync("TERM");
        return await ExitCodeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (!process.HasExited)
        {
            process.Kill();
        }

        await process.WaitForExitAsync();
        process.Dispose();
    }

    private Task<string> LineAsync(ConcurrentQueue<string> lines, Predicate<string> wanted)
    {
        lock (awaited)
        {
            if (lines.FirstOrDefault(line => wanted(line)) is { } line)
            {
                return Task.FromResult(line);
            }

            var found = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
            awaited.Add((lines, wanted, found));
            return found.Task.WaitAsync(Patience);
        }
    }

    private async Task ListensAsync()
    {
        var line = LineAsync(line => line.Contains("listens on", StringComparison.Ordinal));
        if (await Task.WhenAny(line, process.WaitForExitAsync()) != line)
        {
            throw new InvalidOperationException($"frazil ended with {await ExitCodeAsync()}: {Errors}");
        }

        Url = new Uri(UrlPattern().Match(await line).Value);
        Client.Dispose();
        Client = new HttpClient { BaseAddress = Url, Timeout = Patience };
    }

    private async Task ReadAsync(StreamReader reader, ConcurrentQueue<string> lines)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            lock (awaited)
            {
                lines.Enqueue(line);
                foreach (var (from, wanted, found) in awaited)
                {
                    if (from == lines && wanted(line))
                    {
                        found.TrySetResult(line);
                    }
                }
            }
        }
    }

    [GeneratedRegex(@"http://[0-9a-zA-Z.\[\]:]+")]
    private static partial Regex UrlPattern();
}

/// <summary>Short forms of what a client of the catalog does.</summary>
public static class Requests
{
    /// <summary>Sends a request, checks the status and gives the body.</summary>
    public static async Task<JsonElement> SendAsync(this FrazilProcess server, HttpMethod method, string path, string? body = null, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        }

        using var response = await server.Client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == expected, $"{method} {path}: {(int)response.StatusCode} {text}");
        return text.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(text);
    }

    public static Task<JsonElement> GetAsync(this FrazilProcess server, string path, HttpStatusCode expected = HttpStatusCode.OK) =>
        server.SendAsync(HttpMethod.Get, path, null, expected);

    public static Task<JsonElement> PostAsync(this FrazilProcess server, string path, string body, HttpStatusCode expected = HttpStatusCode.OK) =>
        server.SendAsync(HttpMethod.Post, path, body, expected);

    /// <summary>Makes namespace <c>n</c> and in it a table.</summary>
    public static async Task CreateTableAsync(this FrazilProcess server, string name)
    {
        if ((await server.Client.GetAsync("/v1/namespaces/n")).StatusCode == HttpStatusCode.NotFound)
        {
            await server.PostAsync("/v1/namespaces", """{"namespace":["n"]}""");
        }

        await server.PostAsync("/v1/namespaces/n/tables", $$$"""{"name":"{{{name}}}","schema":{"type":"struct","fields":[{"id":1,"name":"id","type":"long","required":true}]}}""");
    }

    /// <summary>The body of a commit that sets a property.</summary>
    public static string SetProperty(string key, string value) =>
        $$$"""{"requirements":[],"updates":[{"action":"set-properties","updates":{"{{{key}}}":"{{{value}}}"}}]}""";

    /// <summary>The properties of a table of namespace <c>n</c>.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> PropertiesAsync(this FrazilProcess server, string table)
    {
        var loaded = await server.GetAsync($"/v1/namespaces/n/tables/{table}");
        return loaded.GetProperty("metadata").GetProperty("properties").EnumerateObject().ToDictionary(property => property.Name, property => property.Value.GetString()!);
    }
}
