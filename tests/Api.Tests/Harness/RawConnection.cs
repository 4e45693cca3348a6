using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Frazil.Api.Tests;

/// <summary>One connection on which a test writes bytes and reads answers: for what no client library would send.</summary>
public sealed class RawConnection : IAsyncDisposable
{
    private readonly TcpClient client = new();
    private Stream stream = Stream.Null;

    public static async Task<RawConnection> OpenAsync(Server server)
    {
        var connection = new RawConnection();
        await connection.client.ConnectAsync(server.Address.Host, server.Address.Port);
        connection.stream = connection.client.GetStream();
        return connection;
    }

    public async Task SendAsync(string text) => await stream.WriteAsync(Encoding.Latin1.GetBytes(text));

    /// <summary>Reads one answer with a body of known length. One to HEAD, a 204 and a 304 have none, whatever their headers say.</summary>
    public async Task<(int Status, string Headers, string Body)> ReadAsync(bool isHead = false)
    {
        var head = new StringBuilder();
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            head.Append((char)await ReadByteAsync());
        }

        var lines = head.ToString().Split("\r\n");
        var status = int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture);
        var length = lines.FirstOrDefault(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase));
        var body = new byte[isHead || status is 204 or 304 || length is null ? 0 : int.Parse(length["Content-Length:".Length..], CultureInfo.InvariantCulture)];
        await stream.ReadExactlyAsync(body);
        return (status, head.ToString(), Encoding.UTF8.GetString(body));
    }

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<byte> ReadByteAsync()
    {
        var one = new byte[1];
        await stream.ReadExactlyAsync(one);
        return one[0];
    }
}
