using System.Net;
using System.Text;
using System.Text.Json;

namespace Frazil.Api.Tests;

/// <summary>Sends requests exactly as they are written: nothing rewrites the target.</summary>
public class ApiClient(Server server, string root)
{
    private static readonly UriCreationOptions AsWritten = new() { DangerousDisablePathAndQueryCanonicalization = true };

    public Server Server { get; } = server;

    public Task<Reply> GetAsync(string target, params (string Name, string Value)[] headers) => SendAsync("GET", target, null, headers);

    public Task<Reply> HeadAsync(string target, params (string Name, string Value)[] headers) => SendAsync("HEAD", target, null, headers);

    public Task<Reply> DeleteAsync(string target, params (string Name, string Value)[] headers) => SendAsync("DELETE", target, null, headers);

    public Task<Reply> PostAsync(string target, string body, params (string Name, string Value)[] headers) => SendAsync("POST", target, JsonBody(body), headers);

    /// <summary>Sends a request. The target goes behind this client's root, byte for byte; one that begins with <c>^</c> is the whole target.</summary>
    public async Task<Reply> SendAsync(string method, string target, HttpContent? body, params (string Name, string Value)[] headers)
    {
        var whole = target.StartsWith('^') ? target[1..] : root + target;
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(Server.Address.GetLeftPart(UriPartial.Authority) + whole, AsWritten)) { Content = body };
        foreach (var (name, value) in headers)
        {
            Assert.True(request.Headers.TryAddWithoutValidation(name, value) || request.Content?.Headers.TryAddWithoutValidation(name, value) == true);
        }

        using var response = await Server.Http.SendAsync(request);
        return new Reply(
            (int)response.StatusCode,
            response.Headers.Concat(response.Content.Headers).ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase),
            await response.Content.ReadAsByteArrayAsync());
    }

    internal static ByteArrayContent JsonBody(string body)
    {
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        content.Headers.Add("Content-Type", "application/json");
        return content;
    }
}

/// <summary>An answer.</summary>
public sealed record Reply(int Status, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    private JsonElement? json;

    public string Text => Encoding.UTF8.GetString(Body);

    public JsonElement Json => json ??= JsonDocument.Parse(Body).RootElement;

    public string? ETag => Headers.GetValueOrDefault("ETag");

    /// <summary>The metadata of an answer that has some.</summary>
    public JsonElement Metadata => Json.GetProperty("metadata");

    public string MetadataLocation => Json.GetProperty("metadata-location").GetString()!;

    /// <summary>The answer, when it is 200.</summary>
    public Reply Ok()
    {
        Assert.True(Status == (int)HttpStatusCode.OK, $"{Status} {Text}");
        Assert.Equal("application/json", Headers.GetValueOrDefault("Content-Type"));
        return this;
    }

    /// <summary>The answer, when it is 204 and empty.</summary>
    public Reply NoContent()
    {
        Assert.True(Status == (int)HttpStatusCode.NoContent, $"{Status} {Text}");
        Assert.Empty(Body);
        return this;
    }

    /// <summary>The message of an error in the specification's shape, when it is this one.</summary>
    public string Error(int code, string type, string? message = null)
    {
        Assert.True(Status == code, $"expected {code} {type}, got {Status} {Text}");
        Assert.Equal("application/json", Headers.GetValueOrDefault("Content-Type"));
        var error = Json.GetProperty("error");
        Assert.Equal(code, error.GetProperty("code").GetInt32());
        Assert.Equal(type, error.GetProperty("type").GetString());
        Assert.False(error.TryGetProperty("stack", out _));
        var actual = error.GetProperty("message").GetString()!;
        Assert.DoesNotContain("   at ", actual, StringComparison.Ordinal);
        if (message is not null)
        {
            Assert.Contains(message, actual, StringComparison.Ordinal);
        }

        return actual;
    }
}
