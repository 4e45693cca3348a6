using System.Text;
using Frazil.Iceberg;
using Frazil.Security;
using Microsoft.AspNetCore.Http;

namespace Frazil.Api;

/// <summary>
/// The token route (REST operation 2; OAuth 2.0, RFC 6749 and RFC 8693): client credentials, in the form or as HTTP Basic, and the exchange of a token of ours for a fresh one.
/// Its errors are OAuth's, not the specification's, and repeat nothing that was sent. The scope is not heeded.
/// </summary>
/// <remarks>Whoever asks is not known yet, so an answer costs kilobytes and microseconds whatever was sent.</remarks>
public static class OAuthRoutes
{
    /// <summary>The routes.</summary>
    public static IReadOnlyList<Route> All { get; } = [new("POST", "/v1/oauth/tokens", "getToken", GetToken)];

    private const string TokenType = "urn:ietf:params:oauth:token-type:access_token";
    private const string Unreadable = "The form cannot be read: its fields must be form-encoded UTF-8";

    private static async ValueTask<Answer> GetToken(ApiRequest request)
    {
        if (request.Operations.Tokens is not { } tokens)
        {
            return Answer.Error(ErrorKind.UnsupportedOperation, "This catalog asks for no credentials and gives no tokens");
        }

        var type = request.Http.Request.ContentType ?? "";
        if (!type.StartsWith("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase))
        {
            return Refused("invalid_request", "The body must be a form (application/x-www-form-urlencoded)");
        }

        try
        {
            return Form.Parse((await RequestBody.ReadAsync(request.Http, Limits.MaxTokenRequestBytes)).Span) is { } form ? Grant(request, form, tokens) : Refused("invalid_request", Unreadable);
        }
        catch (CatalogException exception) when (exception.Kind == ErrorKind.PayloadTooLarge)
        {
            return Answer.OAuthError(StatusCodes.Status413PayloadTooLarge, "invalid_request", exception.Message);
        }
        catch (CatalogException exception) when (exception.Kind == ErrorKind.BadRequest)
        {
            return Refused("invalid_request", "The body cannot be read: it must be whole, and compressed with gzip or not at all");
        }
    }

    private static Answer Grant(ApiRequest request, Form form, AccessTokens tokens)
    {
        var isExchange = form.GrantType == "urn:ietf:params:oauth:grant-type:token-exchange";
        if (!isExchange && form.GrantType != "client_credentials")
        {
            return form.GrantType.Length == 0
                ? Refused("invalid_request", "grant_type is missing")
                : Refused("unsupported_grant_type", "grant_type must be client_credentials or token-exchange");
        }

        // Java's client exchanges a token that has ended together with its credentials; these alone say who asks, and begin anew.
        var credentials = Credentials(request, form);
        if (isExchange && credentials.Count == 0)
        {
            return Given(tokens.Renew(form.SubjectToken)) ?? Answer.OAuthError(StatusCodes.Status400BadRequest, "invalid_grant", "The token is not valid, or was renewed for as long as one may be");
        }

        var source = request.Http.Connection.RemoteIpAddress;
        var wait = tokens.Guesses.WaitOf(source);
        if (wait is not null && !GuessLimit.IsShared(source))
        {
            return TooManyGuesses(wait.Value);
        }

        foreach (var (id, secret) in credentials)
        {
            // PyIceberg sends a credential without a colon as a secret alone.
            if (tokens.Root.Verify(id.Length == 0 ? tokens.Root.ClientId : id, secret))
            {
                tokens.Guesses.Right(source);
                return Given(tokens.Issue(new Caller(tokens.Root.ClientId)))!;
            }
        }

        if (wait is not null)
        {
            return TooManyGuesses(wait.Value);
        }

        tokens.Guesses.Wrong(source, credentials.Count == 0 ? "" : $"{credentials[0].Id}\n{credentials[0].Secret}");
        return Given(null) ?? Answer.OAuthError(StatusCodes.Status401Unauthorized, "invalid_client", "The credentials are not valid");
    }

    /// <summary>
    /// What may be meant as id and secret: the form's fields, else HTTP Basic, raw as most clients send it, or each form-encoded as RFC 6749 (2.3.1) has it.
    /// </summary>
    private static IReadOnlyList<(string Id, string Secret)> Credentials(ApiRequest request, Form form)
    {
        if (form.ClientSecret.Length > 0)
        {
            return [(form.ClientId, form.ClientSecret)];
        }

        if (Basic(request.Http.Request.Headers.Authorization.ToString()) is not var (id, secret))
        {
            return [];
        }

        return Form.Decode(Encoding.UTF8.GetBytes(id)) is { } plainId && Form.Decode(Encoding.UTF8.GetBytes(secret)) is { } plainSecret && (plainId != id || plainSecret != secret)
            ? [(id, secret), (plainId, plainSecret)]
            : [(id, secret)];
    }

    private static (string Id, string Secret)? Basic(string header)
    {
        const string Scheme = "Basic ";
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) || header.Length > Limits.MaxTokenRequestBytes)
        {
            return null;
        }

        var bytes = new byte[header.Length];
        if (!Convert.TryFromBase64String(header[Scheme.Length..].Trim(), bytes, out var length))
        {
            return null;
        }

        var pair = Encoding.UTF8.GetString(bytes, 0, length);
        var colon = pair.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? null : (pair[..colon], pair[(colon + 1)..]);
    }

    private static Answer? Given(AccessToken? token)
    {
        CatalogMeter.Auth.Add(1, CatalogMeter.Outcome(token is null ? "denied" : "ok"));
        return token is null ? null : Answer.Token(Json.Write(token, static (writer, token) =>
        {
            writer.WriteStartObject();
            writer.WriteString("access_token", token.Text);
            writer.WriteString("token_type", "bearer");
            writer.WriteNumber("expires_in", (long)token.Lifetime.TotalSeconds);
            writer.WriteString("issued_token_type", TokenType);
            writer.WriteEndObject();
        }));
    }

    private static Answer TooManyGuesses(TimeSpan wait)
    {
        CatalogMeter.Auth.Add(1, CatalogMeter.Outcome("denied"));
        return Answer.TooManyGuesses(wait);
    }

    private static Answer Refused(string error, string description) => Answer.OAuthError(StatusCodes.Status400BadRequest, error, description);

    /// <summary>The fields that count, taken from the body in one pass. Of a field that is there more than once the first counts.</summary>
    private sealed class Form
    {
        public string GrantType { get; private set; } = "";

        public string ClientId { get; private set; } = "";

        public string ClientSecret { get; private set; } = "";

        public string SubjectToken { get; private set; } = "";

        /// <summary>Null when one of them is not form-encoded UTF-8.</summary>
        public static Form? Parse(ReadOnlySpan<byte> body)
        {
            var form = new Form();
            var isRead = true;
            foreach (var range in body.Split((byte)'&'))
            {
                var pair = body[range];
                var equals = pair.IndexOf((byte)'=');
                var value = equals < 0 ? [] : pair[(equals + 1)..];
                switch (Decode(equals < 0 ? pair : pair[..equals]))
                {
                    case "grant_type":
                        form.GrantType = First(form.GrantType, value);
                        break;
                    case "client_id":
                        form.ClientId = First(form.ClientId, value);
                        break;
                    case "client_secret":
                        form.ClientSecret = First(form.ClientSecret, value);
                        break;
                    case "subject_token":
                        form.SubjectToken = First(form.SubjectToken, value);
                        break;
                }
            }

            return isRead ? form : null;

            string First(string before, ReadOnlySpan<byte> encoded)
            {
                var text = before.Length > 0 ? before : Decode(encoded);
                isRead &= text is not null;
                return text ?? "";
            }
        }

        /// <summary>Decodes a name or value; null for a percent sign without two hex digits, and for bytes that are not UTF-8.</summary>
        public static string? Decode(ReadOnlySpan<byte> encoded)
        {
            var bytes = new byte[encoded.Length];
            var length = 0;
            for (var i = 0; i < encoded.Length; i++)
            {
                var next = encoded[i];
                if (next == '%')
                {
                    if (encoded[(i + 1)..] is not [var high, var low, ..] || !char.IsAsciiHexDigit((char)high) || !char.IsAsciiHexDigit((char)low))
                    {
                        return null;
                    }

                    next = Convert.FromHexString([(char)high, (char)low])[0];
                    i += 2;
                }
                else if (next == '+')
                {
                    next = (byte)' ';
                }

                bytes[length++] = next;
            }

            return System.Text.Unicode.Utf8.IsValid(bytes.AsSpan(0, length)) ? Encoding.UTF8.GetString(bytes, 0, length) : null;
        }
    }
}
