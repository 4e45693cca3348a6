using System.Globalization;
using System.Runtime.InteropServices;
using Frazil.LambdaEmulator;

// lambda-emulator --function FILE --port N [--http-api] [--instances N] [--timeout SECONDS] [--log FILE] NAME=VALUE...
//
// Serves the function in FILE (a .dll or an executable) at http://127.0.0.1:N as a function URL would, or as an HTTP API would, with the environment NAME=VALUE... .
// With FRAZIL__ENTRY=api it starts FILE once more with FRAZIL__ENTRY=jobs when POST /2015-03-31/functions/jobs/invocations brings an event. Prints the address when it listens.
//
// lambda-emulator --cold ROUNDS --function FILE [--function FILE...] NAME=VALUE...
//
// Measures cold starts of builds of the API function, and ends.
List<string> programs = [];
string? log = null;
int port = 0, instances = 8, timeout = 30, cold = 0;
var kind = DoorKind.FunctionUrl;
Dictionary<string, string> environment = [];
for (var i = 0; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--function":
            programs.Add(Path.GetFullPath(args[++i]));
            break;
        case "--cold":
            cold = int.Parse(args[++i], CultureInfo.InvariantCulture);
            break;
        case "--port":
            port = int.Parse(args[++i], CultureInfo.InvariantCulture);
            break;
        case "--instances":
            instances = int.Parse(args[++i], CultureInfo.InvariantCulture);
            break;
        case "--timeout":
            timeout = int.Parse(args[++i], CultureInfo.InvariantCulture);
            break;
        case "--log":
            log = args[++i];
            break;
        case "--http-api":
            kind = DoorKind.HttpApi;
            break;
        case var pair when pair.Contains('=', StringComparison.Ordinal):
            environment[pair[..pair.IndexOf('=', StringComparison.Ordinal)]] = pair[(pair.IndexOf('=', StringComparison.Ordinal) + 1)..];
            break;
        default:
            await Console.Error.WriteLineAsync($"lambda-emulator: what is '{args[i]}'?");
            return 2;
    }
}

if (programs.Count == 0)
{
    await Console.Error.WriteLineAsync("lambda-emulator: --function FILE is missing");
    return 2;
}

if (cold > 0)
{
    await ColdStarts.RunAsync(programs, environment, cold);
    return 0;
}

await using var output = log is null ? null : TextWriter.Synchronized(new StreamWriter(log, append: true) { AutoFlush = true });
var options = new LambdaOptions
{
    Program = programs[0],
    Environment = environment,
    MaxInstances = instances,
    Timeout = TimeSpan.FromSeconds(timeout),
    Log = output is null ? null : output.WriteLine,
};
await using var api = new LambdaFunction(options);
await using var jobs = new LambdaFunction(options with { Environment = new Dictionary<string, string>(environment) { ["FRAZIL__ENTRY"] = "jobs" } });
await using var door = await FrontDoor.OpenAsync(api, kind, port, jobs);
var stop = new TaskCompletionSource();
using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Stop(context));
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Stop(context));
Console.WriteLine(door.Url.ToString().TrimEnd('/'));
await stop.Task;
return 0;

void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stop.TrySetResult();
}
