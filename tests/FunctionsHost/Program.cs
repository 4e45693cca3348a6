using System.Collections;
using System.Globalization;
using System.Runtime.InteropServices;
using Frazil.FunctionsHost;

// Runs a worker on a port until it is told to stop:
//
//   dotnet Frazil.FunctionsHost.dll WORKER.dll PORT [--no-front-end]
//
// As in Azure, App Service's front end stands before the host, if it is not left out. The worker's settings are those environment variables that begin with FRAZIL__. Prints the address once it answers.
if (args is not [var assembly, var portText, .. var more] || more is not ([] or ["--no-front-end"]) || !int.TryParse(portText, CultureInfo.InvariantCulture, out var port))
{
    await Console.Error.WriteLineAsync("usage: Frazil.FunctionsHost WORKER.dll PORT [--no-front-end]");
    return 2;
}

TaskCompletionSource stop = new(TaskCreationOptions.RunContinuationsAsynchronously);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
var settings = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Where(entry => ((string)entry.Key).StartsWith("FRAZIL__", StringComparison.Ordinal))
    .ToDictionary(entry => (string)entry.Key, entry => (string)entry.Value!);
try
{
    await using var host = await Host.StartAsync(assembly, port, settings, hasFrontEnd: more.Length == 0);
    await Console.Out.WriteLineAsync(host.Address.ToString().TrimEnd('/'));
    await stop.Task;
    await host.StopAsync();
    foreach (var line in host.Logs.Where(line => !line.StartsWith("Debug", StringComparison.Ordinal) && !line.StartsWith("Trace", StringComparison.Ordinal)))
    {
        await Console.Error.WriteLineAsync(line);
    }

    return 0;
}
catch (WorkerException exception)
{
    await Console.Error.WriteLineAsync(exception.Message);
    return 1;
}

void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stop.TrySetResult();
}
