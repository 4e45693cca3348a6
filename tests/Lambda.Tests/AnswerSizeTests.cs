using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Frazil.Lambda.Tests;

/// <summary>Answers that a function cannot carry: they are refused in words, never cut off, and a change that was made is never told as one that failed.</summary>
[Trait("Needs", "dynamodb")]
[Trait("Needs", "s3")]
public sealed class AnswerSizeTests : IAsyncLifetime
{
    private const string Schema = """{"type":"struct","fields":[{"id":1,"name":"id","required":true,"type":"long"}]}""";
    private const string Table = "/v1/default/namespaces/n/tables/t";

    private Cloud cloud = null!;
    private LambdaClient client = null!;

    public async Task InitializeAsync()
    {
        cloud = await Cloud.CreateAsync();
        client = await LambdaClient.OpenAsync(cloud.Function("api"));
        await client.SignInAsync();
        await client.SendAsync("POST /v1/default/namespaces", 200, """{"namespace":["n"]}""");
        await client.SendAsync("POST /v1/default/namespaces/n/tables", 200, $$$"""{"name":"t","schema":{{{Schema}}}}""");
    }

    public async Task DisposeAsync()
    {
        await client.DisposeAsync();
        await cloud.DisposeAsync();
    }

    [Fact]
    public async Task A_load_that_does_not_fit_names_the_ways_out_and_they_work()
    {
        await SetAsync("p", new string('x', 7_000_000), gzip: true);

        var (status, body, response) = await client.SendAsync($"GET {Table}");
        Assert.Equal(413, status);
        Assert.Equal("application/json", response.Content.Headers.ContentType!.ToString());
        var error = JsonDocument.Parse(body).RootElement.GetProperty("error");
        Assert.Equal("ResponseTooLargeException", error.GetProperty("type").GetString());
        Assert.Equal(413, error.GetProperty("code").GetInt32());
        Assert.Contains("snapshots=refs", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains("Accept-Encoding: gzip", error.GetProperty("message").GetString(), StringComparison.Ordinal);

        Assert.Equal(204, (await client.SendAsync($"HEAD {Table}")).Status);
        Assert.Equal(7_000_000, (await LoadAsync()).GetProperty("metadata").GetProperty("properties").GetProperty("p").GetString()!.Length);
        Assert.Contains(client.Api.Output, line => line.Contains("\"catalog.response.oversize\":1", StringComparison.Ordinal));
        Assert.Equal(1, client.Api.StartCount);
    }

    [Fact]
    public async Task A_commit_whose_answer_does_not_fit_is_made_and_says_so()
    {
        await SetAsync("p", new string('x', 6_500_000), gzip: true);

        var (status, body, _) = await SetAsync("q", "made", gzip: false);
        Assert.Equal(500, status);
        var error = JsonDocument.Parse(body).RootElement.GetProperty("error");
        Assert.Equal("CommitStateUnknownException", error.GetProperty("type").GetString());
        Assert.Contains("The change WAS made; do not send it again", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("made", (await LoadAsync()).GetProperty("metadata").GetProperty("properties").GetProperty("q").GetString());
    }

    [Fact]
    public async Task A_staged_creation_whose_answer_does_not_fit_is_a_plain_refusal()
    {
        var create = $$$"""{"name":"staged","schema":{{{Schema}}},"stage-create":true,"properties":{"p":"{{{new string('x', 6_500_000)}}}"}}""";
        using var content = Compressed(create);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(client.Url, "/v1/default/namespaces/n/tables")) { Content = content };
        var (status, body) = await SendAsync(request);
        Assert.True(status == 413, body);
        Assert.Equal(404, (await client.SendAsync("GET /v1/default/namespaces/n/tables/staged")).Status);
    }

    [Theory]
    [InlineData('x', 6_200_000, 200)]
    [InlineData('x', 6_300_000, 413)]
    [InlineData('"', 1_500_000, 200)] // two characters in JSON, four in JSON within JSON
    [InlineData('"', 1_600_000, 413)]
    [InlineData('ß', 3_100_000, 200)] // two bytes, and none more
    public async Task What_counts_is_the_answer_as_it_is_carried(char letter, int count, int expected)
    {
        await SetAsync("p", new string(letter, count), gzip: true);

        var (status, body, _) = await client.SendAsync($"GET {Table}");
        Assert.Equal(expected, status);
        Assert.Equal(expected == 200, body.StartsWith("{\"metadata-location\"", StringComparison.Ordinal));
    }

    private async Task<(int Status, string Body, HttpResponseMessage Response)> SetAsync(string key, string value, bool gzip)
    {
        using var content = Compressed($$"""{"requirements":[],"updates":[{"action":"set-properties","updates":{{JsonSerializer.Serialize(new Dictionary<string, string> { [key] = value })}}}]}""");
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(client.Url, Table)) { Content = content };
        if (gzip)
        {
            request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("gzip"));
        }

        var response = await client.Http.SendAsync(request);
        var body = gzip ? "" : await response.Content.ReadAsStringAsync();
        Assert.True(!gzip || response.IsSuccessStatusCode, $"{response.StatusCode}");
        return ((int)response.StatusCode, body, response);
    }

    private async Task<JsonElement> LoadAsync()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(client.Url, Table));
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("gzip"));
        using var response = await client.Http.SendAsync(request);
        await using var gzip = new GZipStream(await response.Content.ReadAsStreamAsync(), CompressionMode.Decompress);
        return (await JsonDocument.ParseAsync(gzip)).RootElement;
    }

    private async Task<(int Status, string Body)> SendAsync(HttpRequestMessage request)
    {
        using var response = await client.Http.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    private static ByteArrayContent Compressed(string body)
    {
        using var buffer = new MemoryStream();
        using (var gzip = new GZipStream(buffer, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(Encoding.UTF8.GetBytes(body));
        }

        var content = new ByteArrayContent(buffer.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        content.Headers.ContentEncoding.Add("gzip");
        return content;
    }
}
