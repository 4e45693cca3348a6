using System.Buffers.Text;
using System.Net.Sockets;
using System.Text;

namespace Frazil.Benchmarks.Load;

/// <summary>An answer as it came. The body is the connection's own buffer: it is gone with the next request.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="ETag">The entity tag in its quotes, or null.</param>
/// <param name="Body">The body as sent.</param>
internal readonly record struct RawAnswer(int Status, string? ETag, ReadOnlyMemory<byte> Body)
{
    /// <summary>The body as text, for messages.</summary>
    public string Text => Encoding.UTF8.GetString(Body.Span[..Math.Min(Body.Length, 500)]);
}

/// <summary>
/// A keep-alive connection that sends requests made beforehand: the client shares the processors with the server, so it must cost little. It reads what Frazil sends,
/// bodies with a Content-Length; it is no HTTP client for anything else.
/// </summary>
internal sealed class RawConnection : IDisposable
{
    private readonly Socket socket;
    private byte[] buffer = new byte[64 * 1024];

    private RawConnection(Socket socket) => this.socket = socket;

    public static async Task<RawConnection> OpenAsync(Uri server)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(server.Host, server.Port);
            return new RawConnection(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public async ValueTask<RawAnswer> SendAsync(ReadOnlyMemory<byte> request)
    {
        for (var sent = 0; sent < request.Length;)
        {
            sent += await socket.SendAsync(request[sent..]);
        }

        var length = 0;
        int end;
        do
        {
            length += await ReceiveAsync(length);
            end = buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
        }
        while (end < 0);

        var (status, etag, bodyLength) = ReadHead(buffer.AsSpan(0, end + 2));
        var begin = end + 4;
        if (buffer.Length < begin + bodyLength)
        {
            Array.Resize(ref buffer, begin + bodyLength);
        }

        while (length < begin + bodyLength)
        {
            length += await ReceiveAsync(length);
        }

        return new RawAnswer(status, etag, buffer.AsMemory(begin, bodyLength));
    }

    public void Dispose() => socket.Dispose();

    private async ValueTask<int> ReceiveAsync(int at)
    {
        if (at == buffer.Length)
        {
            Array.Resize(ref buffer, buffer.Length * 2);
        }

        var received = await socket.ReceiveAsync(buffer.AsMemory(at));
        return received > 0 ? received : throw new CheckFailedException("the server closed a connection in the midst of an answer");
    }

    private static (int Status, string? ETag, int Length) ReadHead(ReadOnlySpan<byte> head)
    {
        var status = Number(head["HTTP/1.1 ".Length..]);
        string? etag = null;
        var length = 0;
        for (var line = head[(head.IndexOf((byte)'\n') + 1)..]; line.Length > 0; line = line[(line.IndexOf((byte)'\n') + 1)..])
        {
            if (line.StartsWith("Content-Length: "u8))
            {
                length = Number(line["Content-Length: ".Length..]);
            }
            else if (line.StartsWith("ETag: "u8))
            {
                etag = Encoding.ASCII.GetString(line["ETag: ".Length..line.IndexOf((byte)'\r')]);
            }
        }

        return (status, etag, length);
    }

    private static int Number(ReadOnlySpan<byte> text) =>
        Utf8Parser.TryParse(text, out int number, out _) ? number : throw new CheckFailedException($"no number: {Encoding.ASCII.GetString(text[..Math.Min(text.Length, 100)])}");
}

/// <summary>Requests as bytes.</summary>
internal static class RawRequest
{
    public static byte[] Get(string path, params ReadOnlySpan<string> headers) => Make("GET", path, null, headers);

    public static byte[] Post(string path, string body) => Make("POST", path, body, []);

    private static byte[] Make(string method, string path, string? body, ReadOnlySpan<string> headers)
    {
        var text = new StringBuilder($"{method} {path} HTTP/1.1\r\nHost: localhost\r\n");
        foreach (var header in headers)
        {
            text.Append(header).Append("\r\n");
        }

        if (body is not null)
        {
            text.Append("Content-Type: application/json\r\nContent-Length: ").Append(Encoding.UTF8.GetByteCount(body)).Append("\r\n");
        }

        return Encoding.UTF8.GetBytes(text.Append("\r\n").Append(body).ToString());
    }
}

/// <summary>An answer was wrong: the run has failed, whatever its speed.</summary>
internal sealed class CheckFailedException(string message) : Exception(message);
