using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Frazil.HostStory;
using Frazil.LambdaEmulator;

namespace Frazil.Lambda.Tests;

/// <summary>A deployed catalog and a client of it with the root's credentials.</summary>
internal sealed class LambdaClient : IAsyncDisposable
{
    private readonly FrontDoor door;

    private LambdaClient(LambdaFunction api, FrontDoor door) => (Api, this.door) = (api, door);

    /// <summary>What it speaks with.</summary>
    public HttpClient Http { get; } = new() { Timeout = TimeSpan.FromSeconds(120) };

    /// <summary>The API function.</summary>
    public LambdaFunction Api { get; }

    public Uri Url => door.Url;

    public static async Task<LambdaClient> OpenAsync(LambdaFunction api, DoorKind kind = DoorKind.FunctionUrl) => new(api, await FrontDoor.OpenAsync(api, kind));

    /// <summary>Takes a token, and sends it from now on.</summary>
    public async Task SignInAsync()
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = StoryHost.ClientId,
            ["client_secret"] = StoryHost.ClientSecret,
        });
        using var response = await Http.PostAsync(new Uri(Url, "/v1/oauth/tokens"), form);
        var body = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, body);
        Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", JsonDocument.Parse(body).RootElement.GetProperty("access_token").GetString());
    }

    /// <summary>Sends a request. The target is sent as it stands here.</summary>
    public async Task<(int Status, string Body, HttpResponseMessage Response)> SendAsync(string request, string? body = null, params (string Name, string Value)[] headers)
    {
        var space = request.IndexOf(' ', StringComparison.Ordinal);
        var uri = new Uri(Url.GetLeftPart(UriPartial.Authority) + request[(space + 1)..], new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        using var message = new HttpRequestMessage(new HttpMethod(request[..space]), uri);
        if (body is not null)
        {
            message.Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        }

        foreach (var (name, value) in headers)
        {
            message.Headers.TryAddWithoutValidation(name, value);
        }

        var response = await Http.SendAsync(message);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(), response);
    }

    /// <summary>Sends a request that must be answered with a status.</summary>
    public async Task<JsonElement> SendAsync(string request, int expected, string? body = null)
    {
        var (status, text, _) = await SendAsync(request, body);
        Assert.True(status == expected, $"{request}: {status} {text[..Math.Min(1000, text.Length)]}\n{string.Join('\n', Api.Output.TakeLast(10))}");
        return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement;
    }

    /// <summary>What the function logged, as CloudWatch would have it: one JSON object a line.</summary>
    public IReadOnlyList<JsonElement> Log() => [.. Api.Output.Select(line => JsonDocument.Parse(line).RootElement)];

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await door.DisposeAsync();
        await Api.DisposeAsync();
    }
}
