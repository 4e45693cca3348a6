using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Frazil.Hosts.Tests;

/// <summary>HTTP as it comes over the wire: too much, malformed, or from somewhere it should not. One server takes it all.</summary>
public sealed class HttpTests(HttpTests.Served served) : IClassFixture<HttpTests.Served>
{
    private FrazilProcess Server => served.Server;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_over_the_limit_is_answered_413_to_a_client_that_sends_all_of_it_first(bool chunked)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/namespaces") { Content = new ByteArrayContent(new byte[Limits.MaxBodyBytes + 1]) };
        request.Headers.TransferEncodingChunked = chunked;

        using var answer = await Server.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        Assert.Contains($"larger than the limit of {Limits.MaxBodyBytes} bytes", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await Server.GetAsync("/health/live");
    }

    [Theory]
    [InlineData("GARBAGE\r\n\r\n", 400)]
    [InlineData("GET /v1/config HTTP/1.1\r\n\r\n", 400)]
    [InlineData("GET /v1/config HTTP/9.9\r\nHost: localhost\r\n\r\n", 505)]
    [InlineData("GET /v1/%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400)]
    [InlineData("GET /v1/config HTTP/1.1\r\nHost: localhost\r\nHost: other\r\n\r\n", 400)]
    [InlineData("GET /v1/config HTTP/1.1\r\nHost: localhost\r\nBad Header: x\r\n\r\n", 400)]
    [InlineData("POST /v1/namespaces HTTP/1.1\r\nHost: localhost\r\nContent-Length: abc\r\n\r\n", 400)]
    [InlineData("POST /v1/namespaces HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400)]
    [InlineData("\u0016\u0003\u0001\u0002\u0000\u0001\r\n\r\n", 400)]
    public async Task What_is_no_HTTP_is_refused_and_the_server_goes_on(string request, int status)
    {
        Assert.StartsWith($"HTTP/1.1 {status} ", await RawAsync(request), StringComparison.Ordinal);
        await Server.GetAsync("/health/live");
    }

    [Theory]
    [InlineData("POST /v1/namespaces HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n", 400, "BadRequestException")]
    [InlineData("POST /v1/namespaces HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nFFFFFFFFFFFFFFFFF\r\n", 400, "BadRequestException")]
    [InlineData("GET /v1/%zz/namespaces HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404, "NoSuchWarehouseException")]
    [InlineData("GET /v1/%c3%28/namespaces HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 400, "BadRequestException")]
    [InlineData("GET /v1/../etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404, "NoSuchEndpointException")]
    [InlineData("FOO /v1/namespaces HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 405, "MethodNotAllowedException")]
    [InlineData("OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404, "NoSuchEndpointException")]
    public async Task What_is_HTTP_but_nonsense_is_refused_in_the_specification_s_shape(string request, int status, string type)
    {
        var answer = await RawAsync(request);

        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        Assert.Contains($"\"type\":\"{type}\",\"code\":{status}", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_of_a_hundred_thousand_characters_is_refused_in_the_specification_s_shape()
    {
        var answer = await RawAsync($"GET /v1/namespaces/{new string('a', 100_000)} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 404 ", answer, StringComparison.Ordinal);
        Assert.Contains("\"type\":\"NoSuchNamespaceException\",\"code\":404", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_line_and_headers_have_limits()
    {
        Assert.StartsWith("HTTP/1.1 414 ", await RawAsync($"GET /{new string('a', 300_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 431 ", await RawAsync($"GET / HTTP/1.1\r\nHost: localhost\r\nX: {new string('a', 200_000)}\r\n\r\n"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Origin: http://evil.example", 403)]
    [InlineData("Origin: null", 403)]
    [InlineData("Host: rebound.example:8181", 403)]
    [InlineData("Host: localhost:8181", 200)]
    [InlineData("Host: [::1]:8181", 200)]
    [InlineData("Host: host.docker.internal:8181", 200)]
    public async Task Web_pages_are_kept_out(string header, int status)
    {
        var host = header.StartsWith("Host", StringComparison.Ordinal) ? "" : "Host: localhost\r\n";

        Assert.StartsWith($"HTTP/1.1 {status} ", await RawAsync($"GET /v1/namespaces HTTP/1.1\r\n{host}{header}\r\nConnection: close\r\n\r\n"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cross-site", "POST", 403)]
    [InlineData("same-site", "POST", 403)]
    [InlineData("cross-site", "DELETE", 403)]
    [InlineData("same-origin", "POST", 400)]
    [InlineData("none", "POST", 400)]
    [InlineData("cross-site", "GET", 200)]
    public async Task A_page_elsewhere_changes_nothing_also_where_its_browser_sends_no_origin(string site, string method, int status)
    {
        var answer = await RawAsync($"{method} /v1/namespaces HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: {site}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");

        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_of_the_server_s_own_may_ask_it()
    {
        var answer = await RawAsync("GET /v1/namespaces HTTP/1.1\r\nHost: localhost:8181\r\nOrigin: http://localhost:8181\r\nConnection: close\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_server_does_not_say_what_it_is_made_of()
    {
        Assert.DoesNotContain("\r\nServer:", await RawAsync("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"), StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Sends bytes and gives the answer, up to where the server closes the connection.</summary>
    private async Task<string> RawAsync(string request)
    {
        using var connection = new TcpClient();
        await connection.ConnectAsync(Server.Url.Host, Server.Url.Port);
        await connection.GetStream().WriteAsync(Encoding.Latin1.GetBytes(request));
        var answer = new MemoryStream();
        try
        {
            await connection.GetStream().CopyToAsync(answer).WaitAsync(FrazilProcess.Patience);
        }
        catch (IOException) when (answer.Length > 0)
        {
            // Closed while it still had something of ours to read.
        }

        return Encoding.UTF8.GetString(answer.ToArray());
    }

    /// <summary>The server.</summary>
    public sealed class Served : IAsyncLifetime, IDisposable
    {
        private readonly TemporaryFolder folder = new();

        public FrazilProcess Server { get; private set; } = null!;

        public async Task InitializeAsync() => Server = await FrazilProcess.ServeAsync(folder.Path);

        public async Task DisposeAsync() => await Server.DisposeAsync();

        public void Dispose() => folder.Dispose();
    }
}
