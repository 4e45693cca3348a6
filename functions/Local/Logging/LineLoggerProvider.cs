using System.Buffers;

namespace Frazil.Local;

/// <summary>One message to be logged.</summary>
/// <param name="Time">When.</param>
/// <param name="Level">How grave.</param>
/// <param name="Event">Its name in a <c>Log.cs</c>.</param>
/// <param name="Message">The text, rendered.</param>
/// <param name="Fields">What the text was made from, by name.</param>
/// <param name="Exception">What went wrong, or null.</param>
internal readonly record struct LogLine(
    DateTimeOffset Time, LogLevel Level, string? Event, string Message, IReadOnlyList<KeyValuePair<string, object?>>? Fields, Exception? Exception);

/// <summary>Writes a line, with its end.</summary>
internal delegate void LineFormat(LogLine line, IBufferWriter<byte> output);

/// <summary>Logs to a stream, a line a message, each in one write: lines of several threads never mix, and none is lost in a buffer when the process dies.</summary>
/// <param name="output">Where to.</param>
/// <param name="format">What a line looks like.</param>
/// <param name="clock">The time.</param>
internal sealed class LineLoggerProvider(Stream output, LineFormat format, TimeProvider clock) : ILoggerProvider
{
    private readonly Lock gate = new();
    private readonly ArrayBufferWriter<byte> buffer = new(1024);

    public ILogger CreateLogger(string categoryName) => new LineLogger(this);

    public void Dispose()
    {
        // The stream is the process's own.
    }

    private void Write(LogLevel level, string? name, string message, IReadOnlyList<KeyValuePair<string, object?>>? fields, Exception? exception)
    {
        var line = new LogLine(clock.GetUtcNow(), level, name, message, fields, exception);
        lock (gate)
        {
            buffer.ResetWrittenCount();
            format(line, buffer);
            try
            {
                output.Write(buffer.WrittenSpan);
                output.Flush();
            }
            catch (IOException)
            {
                // Nobody reads the log any more; requests are still to be answered.
            }
        }
    }

    private sealed class LineLogger(LineLoggerProvider provider) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            provider.Write(logLevel, eventId.Name, formatter(state, exception), state as IReadOnlyList<KeyValuePair<string, object?>>, exception);
    }
}
