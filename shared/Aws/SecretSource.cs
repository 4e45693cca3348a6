using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Amazon.Runtime;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil.AwsBackend;

/// <summary>Where a secret is kept.</summary>
public enum SecretKeeper
{
    /// <summary>An environment variable that the platform fills: <c>env:VARIABLE</c>.</summary>
    Environment,

    /// <summary>AWS Systems Manager Parameter Store: <c>ssm:NAME</c>.</summary>
    ParameterStore,

    /// <summary>AWS Secrets Manager, the whole text of the secret: <c>secretsmanager:NAME</c>.</summary>
    SecretsManager,
}

/// <summary>A reference to a secret, as <see cref="SettingNames.SecretSource"/> spells it. Holds no secret.</summary>
/// <param name="Keeper">Who keeps it.</param>
/// <param name="Name">Its name there.</param>
public sealed record SecretSource(SecretKeeper Keeper, string Name)
{
    /// <summary>Reads a reference.</summary>
    /// <exception cref="FormatException">It is none; the message says what one looks like.</exception>
    public static SecretSource Parse(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var name = colon < 0 ? "" : text[(colon + 1)..];
        return name.Length == 0
            ? throw Malformed()
            : text[..colon] switch
            {
                "env" => new SecretSource(SecretKeeper.Environment, name),
                "ssm" => new SecretSource(SecretKeeper.ParameterStore, name),
                "secretsmanager" => new SecretSource(SecretKeeper.SecretsManager, name),
                _ => throw Malformed(),
            };

        // The text is not repeated: somebody may have put the secret itself there.
        static FormatException Malformed() => new("It must be ssm:NAME, secretsmanager:NAME or env:VARIABLE");
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Keeper} {Name}";
}

/// <summary>A secret could not be read. The message names where it is kept and why, never the secret.</summary>
/// <param name="message">The message.</param>
/// <param name="inner">What caused it.</param>
public sealed class SecretUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// Reads a secret from AWS with one signed request, the same for both services: neither's SDK client is worth its size and its time to start for a single call.
/// </summary>
/// <param name="http">Sends.</param>
/// <param name="credentials">Whose requests these are.</param>
/// <param name="region">The region of this process.</param>
/// <param name="environment">Environment variables: the endpoint overrides that every AWS SDK honours (<c>AWS_ENDPOINT_URL_SSM</c>, <c>AWS_ENDPOINT_URL_SECRETS_MANAGER</c>, <c>AWS_ENDPOINT_URL</c>), and secrets kept there.</param>
/// <param name="clock">The time, for signatures and waits.</param>
/// <param name="ids">For jitter.</param>
public sealed class SecretReader(HttpClient http, AWSCredentials credentials, string region, Func<string, string?> environment, TimeProvider clock, IdSource ids)
{
    /// <summary>How long one request may take.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(3);

    /// <summary>Bytes of an answer, at most: a parameter has up to 8 KiB, a secret up to 64 KiB.</summary>
    public const int MaxAnswerBytes = 256 * 1024;

    private sealed record Service(string Name, string EndpointVariable, string Target, string NameMember, Func<JsonElement, string?> ReadValue);

    private static readonly Service ParameterStore = new(
        "ssm", "AWS_ENDPOINT_URL_SSM", "AmazonSSM.GetParameter", "Name", answer => answer.OptionalObject("Parameter")?.OptionalString("Value"));

    private static readonly Service SecretsManager = new(
        "secretsmanager", "AWS_ENDPOINT_URL_SECRETS_MANAGER", "secretsmanager.GetSecretValue", "SecretId", answer => answer.OptionalString("SecretString"));

    /// <summary>Reads it.</summary>
    /// <exception cref="SecretUnavailableException">It is not there, may not be read, or its keeper does not answer.</exception>
    public async ValueTask<string> ReadAsync(SecretSource source, CancellationToken cancellationToken)
    {
        var secret = source.Keeper switch
        {
            SecretKeeper.Environment => environment(source.Name),
            SecretKeeper.ParameterStore => await FetchAsync(ParameterStore, source, cancellationToken),
            _ => await FetchAsync(SecretsManager, source, cancellationToken),
        };
        return string.IsNullOrEmpty(secret) ? throw new SecretUnavailableException($"The secret in {source} is empty or has no text") : secret;
    }

    private Task<string?> FetchAsync(Service service, SecretSource source, CancellationToken cancellationToken) =>
        new Attempts(clock, ids, failure => Understand(failure, service, source)).AskAsync(token => FetchOnceAsync(service, source, token), cancellationToken);

    private static Failure Understand(Exception failure, Service service, SecretSource source) => failure is HttpRequestException { StatusCode: { } status }
        ? new Failure(
            failure.Message.Contains("Throttl", StringComparison.OrdinalIgnoreCase) ? FailureKind.Throttled : Failure.OfStatus((int)status),
            new SecretUnavailableException($"The secret in {source} cannot be read: {failure.Message}", failure))
        : new Failure(
            Failure.OfTransport(failure),
            new SecretUnavailableException($"The secret in {source} cannot be read: {service.Name} did not answer: {failure.GetType().Name}", failure));

    private async Task<string?> FetchOnceAsync(Service service, SecretSource source, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(Timeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        using var request = await RequestAsync(service, source.Name);
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
        await response.Content.LoadIntoBufferAsync(MaxAnswerBytes, either.Token);
        var body = await response.Content.ReadAsByteArrayAsync(either.Token);
        if (response.StatusCode != HttpStatusCode.OK)
        {
            throw new HttpRequestException($"{(int)response.StatusCode} {ErrorOf(body)}", null, response.StatusCode);
        }

        try
        {
            using var answer = Json.Parse(body);
            return service.ReadValue(answer.RootElement);
        }
        catch (CatalogException unreadable)
        {
            // Not the caller's mistake, and perhaps another time there is a better answer.
            throw new InvalidDataException(unreadable.Message, unreadable);
        }
    }

    private async Task<HttpRequestMessage> RequestAsync(Service service, string name)
    {
        using var buffer = new MemoryStream();
        await using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString(service.NameMember, name);
            if (service == ParameterStore)
            {
                writer.WriteBoolean("WithDecryption", true);
            }

            writer.WriteEndObject();
        }

        var body = buffer.ToArray();
        var request = new HttpRequestMessage(HttpMethod.Post, Endpoint(service)) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-amz-json-1.1");
        request.Headers.Add("X-Amz-Target", service.Target);
        var keys = await credentials.GetCredentialsAsync();
        SignatureV4.Sign(request, body, keys, region, service.Name, clock.GetUtcNow());
        return request;
    }

    private Uri Endpoint(Service service) => (environment(service.EndpointVariable) ?? environment("AWS_ENDPOINT_URL")) is { Length: > 0 } other
        ? new Uri(other)
        : new Uri($"https://{service.Name}.{region}.{(region.StartsWith("cn-", StringComparison.Ordinal) ? "amazonaws.com.cn" : "amazonaws.com")}/");

    /// <summary>The type of an error of the JSON protocols, and nothing else of its body.</summary>
    private static string ErrorOf(byte[] body)
    {
        try
        {
            using var error = Json.Parse(body);
            var type = error.RootElement.ValueKind == JsonValueKind.Object ? error.RootElement.OptionalString("__type") ?? "" : "";
            return type[(type.IndexOf('#', StringComparison.Ordinal) + 1)..];
        }
        catch (CatalogException)
        {
            return "";
        }
    }
}
