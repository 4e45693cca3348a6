using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;

namespace Frazil.Hosts.Tests;

/// <summary>A process with little of everything goes on serving its owner, whatever others send.</summary>
public sealed class StrangerTests
{
    private const string Secret = "frzs_0123456789abcdef0123456789abcdef";

    [Fact]
    public async Task Idle_connections_take_neither_the_process_nor_anybody_s_place_and_cut_no_request()
    {
        using var folder = new TemporaryFolder();
        await using var server = await FrazilProcess.ServeUnderAsync("ulimit -n 1024", folder.Path, new Dictionary<string, string>());
        await server.LineAsync(line => line.Contains("At most 480 connections", StringComparison.Ordinal));
        await server.CreateTableAsync("t");

        // A request that is under way for as long as all of this takes.
        using var slow = await ConnectAsync(server);
        const string Body = """{"namespace":["slow"]}""";
        await SendAsync(slow, $"POST /v1/namespaces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
        using var done = new CancellationTokenSource();
        var dripping = DripAsync(slow, done.Token);

        List<TcpClient> idle = [];
        try
        {
            for (var i = 0; i < 1200; i++)
            {
                idle.Add(await ConnectAsync(server));
            }

            for (var i = 0; i < 10; i++)
            {
                using var client = new HttpClient { BaseAddress = server.Url, Timeout = FrazilProcess.Patience };
                using var content = new StringContent(Requests.SetProperty("k", $"{i}"), Encoding.UTF8, "application/json");
                using var answer = await client.PostAsync(new Uri("/v1/namespaces/n/tables/t", UriKind.Relative), content);
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            }

            await done.CancelAsync();
            await dripping;
            await SendAsync(slow, $"{Body.Length:x}\r\n{Body}\r\n0\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 200 ", await ReadLineAsync(slow), StringComparison.Ordinal);
        }
        finally
        {
            idle.ForEach(connection => connection.Dispose());
        }

        Assert.Equal("9", (await server.PropertiesAsync("t"))["k"]);
        Assert.Equal(0, await server.StopAsync());
    }

    [Fact]
    public async Task Under_a_memory_limit_what_is_too_much_is_asked_to_come_again_and_the_owner_s_commits_go_on()
    {
        using var folder = new TemporaryFolder();
        var environment = new Dictionary<string, string>
        {
            ["DOTNET_GCHeapHardLimit"] = (320 * 1024 * 1024).ToString("x", CultureInfo.InvariantCulture),
            [SettingNames.RootSecret] = Secret,
        };
        await using var server = await FrazilProcess.ServeAsync(folder.Path, environment, "serve", "--port", "0", "--auth", "--cache-mb", "0");
        server.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await SignInAsync(server));
        await server.CreateTableAsync("t");

        // Strangers: bodies that are announced and do not come, forms that unpack to 200 MB, sockets that announce all there is.
        List<TcpClient> idle = [];
        for (var i = 0; i < 60; i++)
        {
            idle.Add(await ConnectAsync(server));
            await SendAsync(idle[i], $"POST /v1/oauth/tokens HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {Limits.MaxTokenRequestBytes}\r\n\r\ngrant");
            idle.Add(await ConnectAsync(server));
            await SendAsync(idle[^1], $"POST /v1/namespaces HTTP/1.1\r\nHost: localhost\r\n{Bearer(server)}\r\nContent-Length: {Limits.MaxBodyBytes}\r\n\r\n{{");
        }

        var bomb = Pack(string.Concat(Enumerable.Repeat("&a=", 70_000_000)));
        var bombs = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => PostAsync(server, "/v1/oauth/tokens", bomb, "application/x-www-form-urlencoded", "gzip")));
        Assert.All(bombs, status => Assert.Equal(HttpStatusCode.RequestEntityTooLarge, status));
        await CommitAsync(server, "strangers");

        // The owner's own: more large bodies at once than there is memory for.
        var large = Encoding.UTF8.GetBytes($$"""{"namespace":["n"],"x":"{{new string('x', 20_000_000)}}"}""");
        var bodies = Task.WhenAll(Enumerable.Range(0, 25).Select(_ => PostAsync(server, "/v1/namespaces", large, "application/json", null)));
        await CommitAsync(server, "between");
        Assert.All(await bodies, status => Assert.True(status is HttpStatusCode.Conflict or HttpStatusCode.ServiceUnavailable, $"{status}"));
        Assert.Contains(HttpStatusCode.Conflict, await bodies);
        idle.ForEach(connection => connection.Dispose());

        // And a large table, of which nothing is cached, asked for by many.
        await server.PostAsync("/v1/namespaces/n/tables/t", Requests.SetProperty("large", new string('x', 8_000_000)));
        var loads = await Task.WhenAll(Enumerable.Range(0, 40).Select(async _ =>
        {
            using var answer = await server.Client.GetAsync(new Uri("/v1/namespaces/n/tables/t", UriKind.Relative));
            Assert.True(answer.StatusCode == HttpStatusCode.OK || (answer.StatusCode == HttpStatusCode.ServiceUnavailable && answer.Headers.RetryAfter is not null), $"{answer.StatusCode}");
            return answer.StatusCode;
        }));
        Assert.Contains(HttpStatusCode.OK, loads);

        await CommitAsync(server, "after");
        Assert.Equal(0, await server.StopAsync());
    }

    private static async Task CommitAsync(FrazilProcess server, string value)
    {
        // As clients do: whoever is asked to come again comes again.
        for (var i = 0; ; i++)
        {
            using var content = new StringContent(Requests.SetProperty("k", value), Encoding.UTF8, "application/json");
            using var answer = await server.Client.PostAsync(new Uri("/v1/namespaces/n/tables/t", UriKind.Relative), content);
            if (answer.StatusCode == HttpStatusCode.OK)
            {
                return;
            }

            Assert.True(answer.StatusCode == HttpStatusCode.ServiceUnavailable && answer.Headers.RetryAfter is not null && i < 60, $"{answer.StatusCode}");
            await Task.Delay(TimeSpan.FromSeconds(1));
        }
    }

    private static async Task<string> SignInAsync(FrazilProcess server)
    {
        using var form = new FormUrlEncodedContent([new("grant_type", "client_credentials"), new("client_id", "root"), new("client_secret", Secret)]);
        using var answer = await server.Client.PostAsync(new Uri("/v1/oauth/tokens", UriKind.Relative), form);
        return System.Text.Json.JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("access_token").GetString()!;
    }

    private static string Bearer(FrazilProcess server) => $"Authorization: {server.Client.DefaultRequestHeaders.Authorization}";

    private static async Task<HttpStatusCode> PostAsync(FrazilProcess server, string path, byte[] body, string type, string? encoding)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue(type);
        if (encoding is not null)
        {
            content.Headers.ContentEncoding.Add(encoding);
        }

        using var answer = await server.Client.PostAsync(new Uri(path, UriKind.Relative), content);
        Assert.True(answer.StatusCode != HttpStatusCode.ServiceUnavailable || answer.Headers.RetryAfter is not null);
        return answer.StatusCode;
    }

    private static byte[] Pack(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(Encoding.UTF8.GetBytes(text));
        }

        return packed.ToArray();
    }

    private static async Task<TcpClient> ConnectAsync(FrazilProcess server)
    {
        var client = new TcpClient();
        await client.ConnectAsync(server.Url.Host, server.Url.Port);
        return client;
    }

    private static async Task SendAsync(TcpClient client, string text) => await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(text));

    /// <summary>Enough not to be taken for a client that has gone.</summary>
    private static async Task DripAsync(TcpClient client, CancellationToken done)
    {
        while (!done.IsCancellationRequested)
        {
            await SendAsync(client, $"200\r\n{new string(' ', 0x200)}\r\n");
            await Task.WhenAny(Task.Delay(500, done));
        }
    }

    private static async Task<string> ReadLineAsync(TcpClient client)
    {
        using var reader = new StreamReader(client.GetStream(), Encoding.Latin1, leaveOpen: true);
        return await reader.ReadLineAsync().WaitAsync(FrazilProcess.Patience) ?? "";
    }
}
