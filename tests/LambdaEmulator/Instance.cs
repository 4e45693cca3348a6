using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Frazil.LambdaEmulator;

/// <summary>One process of a function, and the Runtime API that it alone speaks to.</summary>
internal sealed class Instance(LambdaFunction function) : IAsyncDisposable
{
    private const string Account = "123456789012";

    private readonly LambdaOptions options = function.Options;
    private readonly List<string> output = [];
    private readonly Lock gate = new();
    private WebApplication? api;
    private Process? process;
    private long started;
    private TimeSpan? toReady;
    private Invocation? current;
    private byte[]? initError;
    private volatile bool hasEnded;
    private bool isKilled;

    public bool IsAlive => !hasEnded;

    public ColdStart? ColdStart { get; private set; }

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

    public async Task StartAsync()
    {
        api = LocalWeb.Create();
        var runtime = api.MapGroup("/2018-06-01/runtime");
        runtime.MapGet("/invocation/next", NextAsync);
        runtime.MapPost("/invocation/{id}/response", AnsweredAsync);
        runtime.MapPost("/invocation/{id}/error", FailedAsync);
        runtime.MapPost("/init/error", (Delegate)InitFailedAsync);
        var address = await LocalWeb.StartAsync(api);

        var isManaged = options.Program.EndsWith(".dll", StringComparison.OrdinalIgnoreCase);
        var start = new ProcessStartInfo(isManaged ? "dotnet" : options.Program, isManaged ? [options.Program] : [])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetDirectoryName(Path.GetFullPath(options.Program)),
        };
        SetEnvironment(start, address.Authority);
        process = new Process { StartInfo = start, EnableRaisingEvents = true };
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.Exited += (_, _) => Ended();
        started = Stopwatch.GetTimestamp();
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public bool KillIfBusy()
    {
        lock (gate)
        {
            if (current is null || isKilled)
            {
                return false;
            }

            isKilled = true;
            Kill();
            return true;
        }
    }

    public async ValueTask DisposeAsync()
    {
        hasEnded = true;
        Kill();
        if (process is not null)
        {
            await process.WaitForExitAsync();
            process.Dispose();
        }

        if (api is not null)
        {
            await api.DisposeAsync();
        }
    }

    /// <summary>Of the tests' own environment a function sees nothing that could change what it does.</summary>
    internal static void ForgetTests(ProcessStartInfo start)
    {
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("FRAZIL", StringComparison.Ordinal) || name.StartsWith("AWS_", StringComparison.Ordinal)).ToArray())
        {
            start.Environment.Remove(name);
        }
    }

    private void SetEnvironment(ProcessStartInfo start, string runtimeApi)
    {
        ForgetTests(start);
        start.Environment["AWS_LAMBDA_RUNTIME_API"] = runtimeApi;
        start.Environment["AWS_LAMBDA_FUNCTION_NAME"] = "frazil";
        start.Environment["AWS_LAMBDA_FUNCTION_VERSION"] = "$LATEST";
        start.Environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] = "1024";
        start.Environment["AWS_LAMBDA_LOG_FORMAT"] = "JSON";
        start.Environment["AWS_LAMBDA_LOG_GROUP_NAME"] = "/aws/lambda/frazil";
        start.Environment["AWS_LAMBDA_LOG_STREAM_NAME"] = "local";
        start.Environment["AWS_LAMBDA_INITIALIZATION_TYPE"] = "on-demand";
        start.Environment["AWS_REGION"] = options.Region;
        start.Environment["AWS_DEFAULT_REGION"] = options.Region;
        start.Environment["_HANDLER"] = "bootstrap";
        start.Environment["LAMBDA_TASK_ROOT"] = start.WorkingDirectory;
        foreach (var (name, value) in options.Environment)
        {
            start.Environment[name] = value;
        }
    }

    private void Keep(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (output)
        {
            output.Add(line);
        }

        options.Log?.Invoke(line);
    }

    /// <summary>The process wants work. While there is none, it is frozen.</summary>
    private async Task NextAsync(HttpContext http)
    {
        toReady ??= Stopwatch.GetElapsedTime(started);
        Invocation invocation;
        if (!function.Waiting.TryRead(out invocation!))
        {
            Freeze();
            try
            {
                invocation = await function.Waiting.ReadAsync(http.RequestAborted);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            Thaw();
        }

        lock (gate)
        {
            current = invocation;
        }

        var headers = http.Response.Headers;
        headers["Lambda-Runtime-Aws-Request-Id"] = invocation.Id;
        headers["Lambda-Runtime-Deadline-Ms"] = (DateTimeOffset.UtcNow + options.Timeout).ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
        headers["Lambda-Runtime-Invoked-Function-Arn"] = $"arn:aws:lambda:{options.Region}:{Account}:function:frazil";
        headers["Lambda-Runtime-Trace-Id"] = $"Root=1-{DateTimeOffset.UtcNow.ToUnixTimeSeconds():x8}-{Guid.NewGuid().ToString("N")[..24]};Parent={Guid.NewGuid().ToString("N")[..16]};Sampled=0";
        _ = EndAtDeadlineAsync(invocation);
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = invocation.Payload.Length;
        await http.Response.Body.WriteAsync(invocation.Payload);
    }

    private async Task<IResult> AnsweredAsync(string id, HttpContext http)
    {
        var answer = await LocalWeb.ReadAsync(http.Request.Body);
        if (Take(id) is not { } invocation)
        {
            return Results.Json(new { errorType = "InvalidRequestID", errorMessage = "Invalid request ID" }, statusCode: StatusCodes.Status400BadRequest);
        }

        ColdStart ??= new ColdStart(toReady!.Value, Stopwatch.GetElapsedTime(started), PeakBytes());
        if (answer.Length > LambdaFunction.MaxPayloadBytes)
        {
            invocation.Fail("Function.ResponseSizeTooLarge", $"Response payload size exceeded maximum allowed payload size ({LambdaFunction.MaxPayloadBytes} bytes).");
            return Results.Json(
                new { errorType = "RequestEntityTooLarge", errorMessage = $"Exceeded maximum allowed payload size ({LambdaFunction.MaxPayloadBytes} bytes)." },
                statusCode: StatusCodes.Status413PayloadTooLarge);
        }

        invocation.Answer(answer);
        return Accepted();
    }

    private async Task<IResult> FailedAsync(string id, HttpContext http)
    {
        var error = await LocalWeb.ReadAsync(http.Request.Body);
        Take(id)?.Fail(error);
        return Accepted();
    }

    private async Task<IResult> InitFailedAsync(HttpContext http)
    {
        initError = await LocalWeb.ReadAsync(http.Request.Body);
        return Accepted();
    }

    private static IResult Accepted() => Results.Json(new { status = "OK" }, statusCode: StatusCodes.Status202Accepted);

    private Invocation? Take(string? id = null)
    {
        lock (gate)
        {
            if (current is null || (id is not null && current.Id != id))
            {
                return null;
            }

            var taken = current;
            current = null;
            return taken;
        }
    }

    private async Task EndAtDeadlineAsync(Invocation invocation)
    {
        await Task.WhenAny(invocation.Result, Task.Delay(options.Timeout));
        if (invocation.Fail("Sandbox.Timedout", $"Task timed out after {options.Timeout.TotalSeconds:0.00} seconds"))
        {
            Take(invocation.Id);
            Kill();
        }
    }

    /// <summary>A process that ends takes its invocation with it; one that never asked for work, the one that it was started for.</summary>
    private void Ended()
    {
        var wasDisposed = hasEnded;
        hasEnded = true;
        if (wasDisposed)
        {
            return;
        }

        process!.WaitForExit(); // until all that it wrote has been read
        var invocation = Take() ?? (toReady is null ? function.TakeOrphan() : null);
        if (initError is not null)
        {
            invocation?.Fail(initError);
        }
        else
        {
            invocation?.Fail("Runtime.ExitError", $"Runtime exited with error: exit status {process!.ExitCode}");
        }

        _ = function.ScaleAsync();
    }

    private void Kill()
    {
        try
        {
            process?.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended, or was never started.
        }
    }

    private void Freeze() => Signal("STOP");

    private void Thaw() => Signal("CONT");

    private void Signal(string name)
    {
        if (options.Freezes && process is { HasExited: false })
        {
            using var kill = Process.Start("kill", [$"-{name}", process.Id.ToString(CultureInfo.InvariantCulture)]);
            kill.WaitForExit();
        }
    }

    private long PeakBytes()
    {
        try
        {
            process!.Refresh();
            return process.PeakWorkingSet64;
        }
        catch (InvalidOperationException)
        {
            return 0;
        }
    }
}
