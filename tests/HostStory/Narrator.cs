using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Frazil.HostStory;

/// <summary>Speaks to a host, writes down what was said, and stops the story when an answer is not what it must be.</summary>
internal sealed class Narrator(StoryHost host) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ActivityHeadersPropagator = null }) { Timeout = Patience };

    public Transcript Transcript { get; } = new(host.Warehouse);

    /// <summary>The bearer token that is sent; null for none.</summary>
    public string? Token { get; set; }

    /// <summary>Sends a request.</summary>
    /// <param name="request">Method and target, as in <c>GET /v1/config</c>; the target is sent as it stands here.</param>
    /// <param name="expected">The status that the answer must have.</param>
    /// <param name="body">JSON, or null.</param>
    /// <param name="headers">Further headers.</param>
    public async Task<Said> SayAsync(string request, int expected, string? body = null, params (string Name, string Value)[] headers)
    {
        using var content = body is null ? null : new StringContent(body, Encoding.UTF8);
        if (content is not null)
        {
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        return await SayAsync(request, expected, content, headers);
    }

    /// <summary>Sends a body that is compressed.</summary>
    public async Task<Said> SayGzipAsync(string request, int expected, string body, params (string Name, string Value)[] headers)
    {
        using var buffer = new MemoryStream();
        await using (var gzip = new GZipStream(buffer, CompressionLevel.Fastest, leaveOpen: true))
        {
            await gzip.WriteAsync(Encoding.UTF8.GetBytes(body));
        }

        using var content = new ByteArrayContent(buffer.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        content.Headers.ContentEncoding.Add("gzip");
        return await SayAsync(request, expected, content, headers);
    }

    /// <summary>Sends a form.</summary>
    public async Task<Said> SayFormAsync(string request, int expected, Dictionary<string, string> form, params (string Name, string Value)[] headers)
    {
        using var content = new FormUrlEncodedContent(form);
        return await SayAsync(request, expected, content, headers);
    }

    /// <summary>Has a job run.</summary>
    public async Task<JsonElement> RunAsync(string job)
    {
        var result = await host.RunJobAsync(job);
        Transcript.Add($"job {job}", result.GetRawText());
        return result;
    }

    /// <summary>Looks at the page for people. It is not written down: it names the address, and links what the host serves.</summary>
    public async Task SeePageAsync(string text)
    {
        using var response = await SendAsync("GET /", null, []);
        var page = await response.Content.ReadAsStringAsync();
        if (!response.IsSuccessStatusCode || !page.Contains(text, StringComparison.Ordinal))
        {
            throw new StoryException($"the page for people was answered {(int)response.StatusCode}: {page}");
        }
    }

    /// <summary>Has the purge run until nothing is left of it. What one run did is not written down: a host may begin by itself.</summary>
    public async Task PurgeAsync()
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            await host.RunJobAsync("purge");
            using var content = new StringContent("{}", Encoding.UTF8, "application/json");
            using var response = await SendAsync("POST /management/v1/warehouse/default/task/list", content, []);
            var tasks = await response.Content.ReadAsStringAsync();
            if (JsonDocument.Parse(tasks).RootElement.GetProperty("tasks").EnumerateArray().All(task => task.GetProperty("status").GetString() == "success"))
            {
                return;
            }

            if (Stopwatch.GetElapsedTime(began) > Patience)
            {
                throw new StoryException($"a purge did not end: {tasks}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100));
        }
    }

    public void Dispose() => http.Dispose();

    private async Task<Said> SayAsync(string request, int expected, HttpContent? content, (string Name, string Value)[] headers)
    {
        using var response = await SendAsync(request, content, headers);
        var body = await response.Content.ReadAsByteArrayAsync();
        var said = new Said((int)response.StatusCode, response.Headers.ETag?.ToString(), body, response.Content.Headers.ContentEncoding.Contains("gzip"));
        Transcript.Add(request, said.Status, [.. response.Headers, .. response.Content.Headers], body);
        return said.Status == expected ? said : throw new StoryException($"{request} was answered {said.Status} rather than {expected}: {said.Text[..Math.Min(said.Text.Length, 2000)]}");
    }

    private async Task<HttpResponseMessage> SendAsync(string request, HttpContent? content, (string Name, string Value)[] headers)
    {
        var space = request.IndexOf(' ', StringComparison.Ordinal);
        var uri = new Uri(host.Address.GetLeftPart(UriPartial.Authority) + request[(space + 1)..], new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        using var message = new HttpRequestMessage(new HttpMethod(request[..space]), uri) { Content = content };
        if (Token is not null)
        {
            message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        }

        foreach (var (name, value) in headers)
        {
            message.Headers.Remove(name);
            message.Headers.TryAddWithoutValidation(name, value);
        }

        return await http.SendAsync(message);
    }
}

/// <summary>An answer.</summary>
/// <param name="Status">The status.</param>
/// <param name="ETag">The entity tag, or null.</param>
/// <param name="Body">The body as it came.</param>
/// <param name="IsGzip">Whether it is compressed.</param>
internal sealed record Said(int Status, string? ETag, byte[] Body, bool IsGzip)
{
    public string Text
    {
        get
        {
            if (!IsGzip)
            {
                return Encoding.UTF8.GetString(Body);
            }

            using var reader = new StreamReader(new GZipStream(new MemoryStream(Body), CompressionMode.Decompress));
            return reader.ReadToEnd();
        }
    }

    public JsonElement Json => JsonSerializer.Deserialize<JsonElement>(Text);

    /// <summary>A member at a path of names.</summary>
    public JsonElement At(params ReadOnlySpan<string> path)
    {
        var element = Json;
        foreach (var name in path)
        {
            element = element.GetProperty(name);
        }

        return element;
    }

    /// <summary>Stops the story when an answer does not hold what it must.</summary>
    public Said MustHold(string text) => Text.Contains(text, StringComparison.Ordinal)
        ? this
        : throw new StoryException(string.Create(CultureInfo.InvariantCulture, $"the answer does not hold '{text}': {Text[..Math.Min(Text.Length, 2000)]}"));

    /// <summary>Stops the story when an answer holds what it must not.</summary>
    public Said MustNotHold(string text) => !Text.Contains(text, StringComparison.Ordinal)
        ? this
        : throw new StoryException($"the answer holds '{text}'");
}
