using System.Net.Http.Headers;
using System.Text.Json;

namespace Frazil.HostStory;

/// <summary>A host that runs jobs when its management API asks for it, as <c>frazil serve</c> does.</summary>
public sealed class LocalStoryHost(Uri address, string warehouse) : StoryHost
{
    /// <inheritdoc/>
    public override Uri Address { get; } = address;

    /// <inheritdoc/>
    public override string Warehouse { get; } = warehouse;

    /// <inheritdoc/>
    public override async Task<JsonElement> RunJobAsync(string job)
    {
        using var http = new HttpClient { BaseAddress = Address };
        using var form = new FormUrlEncodedContent(new Dictionary<string, string> { ["grant_type"] = "client_credentials", ["client_id"] = ClientId, ["client_secret"] = ClientSecret });
        using var token = await http.PostAsync("/v1/oauth/tokens", form);
        var credentials = JsonDocument.Parse(await token.Content.ReadAsStreamAsync()).RootElement.GetProperty("access_token").GetString();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", credentials);
        using var response = await http.PostAsync($"/management/v1/job/{job}/run", null);
        var body = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode ? JsonDocument.Parse(body).RootElement : throw new StoryException($"job {job} was answered {(int)response.StatusCode}: {body}");
    }
}
