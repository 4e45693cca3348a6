using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Frazil.Local;

/// <summary>What lines of the log look like.</summary>
internal static class LineFormats
{
    // UTF-8 as it is rather than escaped, for people who read it; control characters and quotes are escaped all the same.
    private static readonly JsonWriterOptions JsonOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>For people: local time, level, message; a stack trace on lines of its own.</summary>
    public static LineFormat Text(TimeProvider clock) => (line, output) =>
    {
        var text = new StringBuilder(160);
        text.Append(CultureInfo.InvariantCulture, $"{TimeZoneInfo.ConvertTime(line.Time, clock.LocalTimeZone):HH:mm:ss.fff} ").Append(Name(line.Level)).Append(' ');
        AppendPrintable(text, line.Message);
        text.Append('\n');
        if (line.Exception is not null)
        {
            foreach (var trace in line.Exception.ToString().Split('\n'))
            {
                text.Append("             ");
                AppendPrintable(text, trace);
                text.Append('\n');
            }
        }

        Encoding.UTF8.GetBytes(text.ToString(), output);
    };

    /// <summary>For machines: one JSON object.</summary>
    public static void Json(LogLine line, IBufferWriter<byte> output)
    {
        using (var writer = new Utf8JsonWriter(output, JsonOptions))
        {
            writer.WriteStartObject();
            writer.WriteString("time", line.Time.UtcDateTime);
            writer.WriteString("level", Name(line.Level).TrimEnd().ToLowerInvariant());
            writer.WriteString("message", line.Message);
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
                writer.WriteString("exception", line.Exception.ToString());
            }

            writer.WriteEndObject();
        }

        output.Write("\n"u8);
    }

    private static string Name(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info ",
        LogLevel.Warning => "WARN ",
        _ => "ERROR",
    };

    private static void WriteValue(Utf8JsonWriter writer, object value)
    {
        switch (value)
        {
            case string text:
                writer.WriteStringValue(text);
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

    /// <summary>What a client sent must not forge lines of the log, nor play with the terminal.</summary>
    private static void AppendPrintable(StringBuilder text, string message)
    {
        foreach (var c in message)
        {
            if (char.IsControl(c) && c != '\t')
            {
                text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            }
            else
            {
                text.Append(c);
            }
        }
    }
}
