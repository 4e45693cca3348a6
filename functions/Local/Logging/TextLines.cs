using System.Globalization;
using System.Text;
using Frazil.Api;

namespace Frazil.Local;

/// <summary>Lines of the log for people: local time, level, message; a stack trace on lines of its own. What a client sent can neither forge a line nor play with the terminal.</summary>
internal static class TextLines
{
    /// <summary>The format, in the time zone of a clock.</summary>
    public static LineFormat In(TimeProvider clock) => (line, output) =>
    {
        var text = new StringBuilder(160);
        text.Append(CultureInfo.InvariantCulture, $"{TimeZoneInfo.ConvertTime(line.Time, clock.LocalTimeZone):HH:mm:ss.fff} ").Append(Name(line.Level)).Append(' ');
        text.Append(SafeText.Show(line.Message)).Append('\n');
        if (line.Exception is not null)
        {
            foreach (var trace in line.Exception.ToString().Split('\n'))
            {
                text.Append("             ").Append(SafeText.Show(trace)).Append('\n');
            }
        }

        Encoding.UTF8.GetBytes(text.ToString(), output);
    };

    private static string Name(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info ",
        LogLevel.Warning => "WARN ",
        _ => "ERROR",
    };
}
