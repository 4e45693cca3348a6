using System.Text.Json;
using Amazon.Lambda.Core;
using Frazil.Api;
using LogLevel = Microsoft.Extensions.Logging.LogLevel;

namespace Frazil.Lambda;

/// <summary>The invocation under way: a process has one at a time. Every line of the log names it, as Lambda's own lines do.</summary>
internal sealed class Invocation
{
    private ILambdaContext? current;
    private int count;

    /// <summary>Lambda's id of it; empty while the process starts.</summary>
    public string RequestId => current?.AwsRequestId ?? "";

    /// <summary>Whether it is the process's first.</summary>
    public bool IsColdStart => count <= 1;

    /// <summary>One begins.</summary>
    public void Begin(ILambdaContext? context)
    {
        current = context;
        count++;
    }

    /// <summary>The head of a line of the log. Lambda's log filter reads <c>timestamp</c> and <c>level</c>.</summary>
    public void WriteHead(Utf8JsonWriter writer, LogLine line)
    {
        writer.WriteString("timestamp", line.Time.UtcDateTime);
        writer.WriteString("level", line.Level switch
        {
            LogLevel.Trace => "TRACE",
            LogLevel.Debug => "DEBUG",
            LogLevel.Information => "INFO",
            LogLevel.Warning => "WARN",
            LogLevel.Error => "ERROR",
            _ => "FATAL",
        });
        if (current is not null)
        {
            writer.WriteString("awsRequestId", current.AwsRequestId);
            if (!string.IsNullOrEmpty(current.TraceId))
            {
                writer.WriteString("xrayTraceId", current.TraceId);
            }
        }

        // A request's own line says so itself.
        if (IsColdStart && line.Fields?.Any(static field => field is { Key: "coldStart", Value: true }) != true)
        {
            writer.WriteBoolean("coldStart", true);
        }
    }
}
