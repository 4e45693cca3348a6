using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Frazil.Iceberg;

namespace Frazil.Local;

/// <summary>A command could not be carried out; the message is for the terminal.</summary>
internal sealed class CommandException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Speaks to the management routes of a running catalog.</summary>
internal sealed class ManagementClient(Uri uri, string warehouse, string? token, string? credential) : IDisposable
{
    /// <summary>Longer than the longest run of a job that is started by hand.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = Patience };
    private string? bearer = token;

    /// <summary>Sends a request about the warehouse.</summary>
    public Task<JsonElement> SendAsync(HttpMethod method, string path, byte[]? body, CancellationToken cancellationToken) =>
        SendToAsync(method, $"/management/v1/warehouse/{Uri.EscapeDataString(warehouse)}{path}", body, cancellationToken);

    /// <summary>Sends a request about no warehouse. The answer is undefined when it has no content.</summary>
    /// <exception cref="CommandException">The catalog refused, or could not be reached.</exception>
    public async Task<JsonElement> SendToAsync(HttpMethod method, string path, byte[]? body, CancellationToken cancellationToken)
    {
        if (bearer is null && credential is not null)
        {
            bearer = await FetchTokenAsync(credential, cancellationToken);
        }

        using var request = new HttpRequestMessage(method, Address(path));
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        }

        if (bearer is not null)
        {
            if (!bearer.All(char.IsAscii) || bearer.Any(char.IsControl))
            {
                throw new CommandException("the token of --token or FRAZIL_TOKEN has a character that no token has");
            }

            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        }

        return await SendAsync(request, cancellationToken);
    }

    public void Dispose() => http.Dispose();

    private async Task<string> FetchTokenAsync(string credential, CancellationToken cancellationToken)
    {
        var colon = credential.IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0)
        {
            throw new CommandException("--credential must be ID:SECRET");
        }

        var form = $"grant_type=client_credentials&client_id={Uri.EscapeDataString(credential[..colon])}&client_secret={Uri.EscapeDataString(credential[(colon + 1)..])}";
        using var request = new HttpRequestMessage(HttpMethod.Post, Address("/v1/oauth/tokens"))
        {
            Content = new StringContent(form, Encoding.ASCII, "application/x-www-form-urlencoded"),
        };
        return (await SendAsync(request, cancellationToken)).RequiredString("access_token");
    }

    private async Task<JsonElement> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await http.SendAsync(request, cancellationToken);
            var content = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            if (!response.IsSuccessStatusCode)
            {
                throw new CommandException(Refusal(response.StatusCode, content));
            }

            if (content.Length == 0)
            {
                return default;
            }

            using var document = JsonDocument.Parse(content);
            return document.RootElement.Clone();
        }
        catch (HttpRequestException exception)
        {
            throw new CommandException($"{uri} cannot be reached: {exception.Message}", exception);
        }
        catch (TaskCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CommandException($"{uri} did not answer for {Patience.TotalMinutes} minutes", exception);
        }
        catch (JsonException exception)
        {
            throw new CommandException($"{uri} did not answer with JSON: is it a Frazil catalog?", exception);
        }
    }

    private static string Refusal(HttpStatusCode status, byte[] content)
    {
        try
        {
            using var document = JsonDocument.Parse(content);
            if (document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("error", out var error))
            {
                return error.ValueKind == JsonValueKind.Object && error.TryGetProperty("message", out var message)
                    ? $"{message.GetString()} ({(int)status})"
                    : $"{error} ({(int)status})";
            }
        }
        catch (JsonException)
        {
            // A gateway's page, perhaps.
        }

        return $"the catalog answered {(int)status} {status}";
    }

    private Uri Address(string path) => new(uri.ToString().TrimEnd('/') + path);
}
