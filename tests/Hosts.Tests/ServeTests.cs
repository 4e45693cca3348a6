using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Frazil.Hosts.Tests;

/// <summary>The life of a server: what it keeps, how it stops, and whom it shares a folder with.</summary>
public sealed class ServeTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_restart_keeps_everything()
    {
        string etag;
        await using (var first = await FrazilProcess.ServeAsync(folder.Path))
        {
            await first.CreateTableAsync("t");
            await first.PostAsync("/v1/namespaces/n/tables/t", Requests.SetProperty("color", "blue"));
            using var loaded = await first.Client.GetAsync("/v1/namespaces/n/tables/t");
            etag = loaded.Headers.ETag!.Tag;
            Assert.Equal(0, await first.StopAsync());
        }

        await using var second = await FrazilProcess.ServeAsync(folder.Path);
        Assert.Equal("blue", (await second.PropertiesAsync("t"))["color"]);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/namespaces/n/tables/t") { Headers = { { "If-None-Match", etag } } };
        Assert.Equal(HttpStatusCode.NotModified, (await second.Client.SendAsync(request)).StatusCode);
    }

    [Fact]
    public async Task A_server_over_memory_writes_no_store()
    {
        await using var server = await FrazilProcess.ServeAsync(folder.Path, "--store", "memory", "--data", folder.Join("data"));
        await server.CreateTableAsync("t");

        Assert.False(File.Exists(folder.Join("data/frazil.sqlite")));
        Assert.Contains("ends with this process", await server.LineAsync(line => line.Contains("names and pointers", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task A_signal_lets_a_request_finish(string signal)
    {
        await using var server = await FrazilProcess.ServeAsync(folder.Path);
        using var slow = await SlowRequest.BeginAsync(server);

        await server.SignalAsync(signal);
        await server.LineAsync(line => line.Contains("Stopping", StringComparison.Ordinal));
        await Assert.ThrowsAsync<SocketException>(() => SlowRequest.BeginAsync(server));
        Assert.StartsWith("HTTP/1.1 200 OK", await slow.EndAsync(), StringComparison.Ordinal);

        Assert.Equal(0, await server.ExitCodeAsync());
        Assert.Contains(server.Output, line => line.EndsWith("Stopped", StringComparison.Ordinal));
        await using var again = await FrazilProcess.ServeAsync(folder.Path);
        await again.GetAsync("/v1/namespaces/slow");
    }

    [Fact]
    public async Task A_request_that_does_not_finish_in_time_is_cut_off()
    {
        await using var server = await FrazilProcess.ServeAsync(folder.Path, "--shutdown-seconds", "1");
        using var slow = await SlowRequest.BeginAsync(server);

        Assert.Equal(0, await server.StopAsync());
        Assert.Contains(server.Output, line => line.Contains("Stopped with requests unfinished", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_second_signal_ends_it_at_once()
    {
        await using var server = await FrazilProcess.ServeAsync(folder.Path, "--shutdown-seconds", "3600");
        using var slow = await SlowRequest.BeginAsync(server);

        await server.SignalAsync("TERM");
        await server.LineAsync(line => line.Contains("Stopping", StringComparison.Ordinal));
        await server.SignalAsync("TERM");

        Assert.Equal(128 + 15, await server.ExitCodeAsync());
    }

    [Fact]
    public async Task Two_servers_on_one_folder_lose_no_commit_to_one_table()
    {
        const int Writers = 4;
        const int Commits = 15;
        await using var first = await FrazilProcess.ServeAsync(folder.Path);
        await first.CreateTableAsync("t");
        await using var second = await FrazilProcess.ServeAsync(folder.Path);

        await Task.WhenAll(Enumerable.Range(0, Writers).Select(async writer =>
        {
            var server = writer % 2 == 0 ? first : second;
            for (var commit = 0; commit < Commits; commit++)
            {
                await server.PostAsync("/v1/namespaces/n/tables/t", Requests.SetProperty($"{writer}.{commit}", "done"));
            }
        }));

        foreach (var server in (FrazilProcess[])[first, second])
        {
            Assert.Equal(Writers * Commits, (await server.PropertiesAsync("t")).Count(property => property.Value == "done"));
        }
    }

    [Fact]
    public async Task What_was_answered_is_there_after_a_kill()
    {
        await using (var first = await FrazilProcess.ServeAsync(folder.Path))
        {
            await first.CreateTableAsync("t");
            await first.PostAsync("/v1/namespaces/n/tables/t", Requests.SetProperty("color", "red"));
            await first.SignalAsync("KILL");
            await first.ExitCodeAsync();
        }

        await using var second = await FrazilProcess.ServeAsync(folder.Path);
        Assert.Equal("red", (await second.PropertiesAsync("t"))["color"]);
    }

    /// <summary>A request whose body comes slowly: the server has begun to read it.</summary>
    private sealed class SlowRequest : IDisposable
    {
        private const string Body = """{"namespace":["slow"]}""";

        private readonly TcpClient connection = new();

        public static async Task<SlowRequest> BeginAsync(FrazilProcess server)
        {
            var request = new SlowRequest();
            try
            {
                await request.connection.ConnectAsync(server.Url.Host, server.Url.Port);
                await request.WriteAsync($"POST /v1/namespaces HTTP/1.1\r\nHost: localhost\r\nContent-Length: {Body.Length}\r\nExpect: 100-continue\r\n\r\n");
                Assert.StartsWith("HTTP/1.1 100", await request.ReadAsync("\r\n\r\n"), StringComparison.Ordinal);
                return request;
            }
            catch
            {
                request.Dispose();
                throw;
            }
        }

        public async Task<string> EndAsync()
        {
            await WriteAsync(Body);
            return await ReadAsync("{\"namespace\":[\"slow\"],\"properties\":{}}");
        }

        public void Dispose() => connection.Dispose();

        private async Task WriteAsync(string text) => await connection.GetStream().WriteAsync(Encoding.ASCII.GetBytes(text));

        private async Task<string> ReadAsync(string until)
        {
            var text = new StringBuilder();
            var buffer = new byte[4096];
            while (!text.ToString().Contains(until, StringComparison.Ordinal))
            {
                var read = await connection.GetStream().ReadAsync(buffer).AsTask().WaitAsync(FrazilProcess.Patience);
                if (read == 0)
                {
                    break;
                }

                text.Append(Encoding.UTF8.GetString(buffer, 0, read));
            }

            return text.ToString();
        }
    }
}
