using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Frazil.Api;

/// <summary>Lines of the log for machines: one JSON object each.</summary>
public static class JsonLines
{
    // UTF-8 as it is rather than escaped, for people who read it; control characters and quotes are escaped all the same.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>The format: time, level, message, event, and what the message was made from.</summary>
    public static void Write(LogLine line, IBufferWriter<byte> output) => Write(line, output, static (writer, line) =>
    {
        writer.WriteString("time", line.Time.UtcDateTime);
        writer.WriteString("level", line.Level switch
        {
            LogLevel.Trace => "trace",
            LogLevel.Debug => "debug",
            LogLevel.Information => "info",
            LogLevel.Warning => "warn",
            _ => "error",
        });
    });

    /// <summary>The same under members of a host's own for time, level and what every line of it shall say.</summary>
    /// <param name="line">The message.</param>
    /// <param name="output">Where to.</param>
    /// <param name="writeHead">Writes those members.</param>
    public static void Write(LogLine line, IBufferWriter<byte> output, Action<Utf8JsonWriter, LogLine> writeHead)
    {
        using (var writer = new Utf8JsonWriter(output, Options))
        {
            writer.WriteStartObject();
            writeHead(writer, line);
            writer.WriteString("message", SafeText.Show(line.Message));
            if (line.Event is not null)
            {
                writer.WriteString("event", line.Event);
            }

            foreach (var (name, value) in line.Fields ?? [])
            {
                if (name != "{OriginalFormat}" && value is not null and not "")
                {
                    writer.WritePropertyName(JsonNamingPolicy.CamelCase.ConvertName(name));
                    WriteValue(writer, value);
                }
            }

            if (line.Exception is not null)
            {
                writer.WriteString("exception", SafeText.Show(line.Exception.ToString(), keepsLines: true));
            }

            writer.WriteEndObject();
        }

        output.Write("\n"u8);
    }

    private static void WriteValue(Utf8JsonWriter writer, object value)
    {
        switch (value)
        {
            case string text:
                writer.WriteStringValue(SafeText.Show(text));
                break;
            case bool isTrue:
                writer.WriteBooleanValue(isTrue);
                break;
            case int number:
                writer.WriteNumberValue(number);
                break;
            case long number:
                writer.WriteNumberValue(number);
                break;
            case double number:
                writer.WriteNumberValue(Math.Round(number, 3));
                break;
            default:
                writer.WriteStringValue(Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
        }
    }
}
