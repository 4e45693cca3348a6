using Frazil.Api;
using Frazil.AwsBackend;
using Microsoft.Extensions.Logging;

namespace Frazil.Lambda;

/// <summary>The one executable: which of the two functions it is, the environment says.</summary>
internal static class Function
{
    /// <summary>Runs until Lambda ends the process.</summary>
    /// <returns>1 when it cannot start.</returns>
    public static async Task<int> RunAsync(Func<string, string?> environment)
    {
        var clock = TimeProvider.System;
        var invocation = new Invocation();

        // Standard output itself: the runtime wraps what goes through Console, and CloudWatch would find neither metrics nor levels in it.
        var output = Console.OpenStandardOutput();
        var lines = new LineLoggerProvider(output, (line, buffer) => JsonLines.Write(line, buffer, invocation.WriteHead), clock);
        using var loggers = new LoggerFactory([lines], new LoggerFilterOptions { MinLevel = LevelOf(environment("AWS_LAMBDA_LOG_LEVEL")) });
        var logger = loggers.CreateLogger("Frazil");
        try
        {
            var settings = LambdaSettings.Read(environment);
            using var metrics = new EmbeddedMetrics(output, clock);
            if (settings.Entry == Entry.Jobs)
            {
                await new JobsFunction(settings, environment, clock, metrics, invocation, logger).RunAsync();
            }
            else
            {
                await new ApiFunction(settings, environment, clock, metrics, invocation, lines, loggers).RunAsync();
            }

            return 0;
        }
        catch (SettingException exception)
        {
            Log.CannotStart(logger, exception.Message);
            return 1;
        }
    }

    /// <summary>The level that the function's logging configuration asks for, by the names that Lambda has for them.</summary>
    private static LogLevel LevelOf(string? name) => name switch
    {
        "TRACE" => LogLevel.Trace,
        "DEBUG" => LogLevel.Debug,
        "WARN" => LogLevel.Warning,
        "ERROR" => LogLevel.Error,
        "FATAL" => LogLevel.Critical,
        _ => LogLevel.Information,
    };
}
