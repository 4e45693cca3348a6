using System.Text;
using Frazil.Iceberg;
using Frazil.Security;

namespace Frazil.Api;

/// <summary>
/// The token route (REST operation 2; OAuth 2.0, RFC 6749 and RFC 8693): client credentials, in the form or as HTTP Basic, and the exchange of a token of ours for a fresh one.
/// Its errors are OAuth's, not the specification's. The scope is not heeded.
/// </summary>
public static class OAuthRoutes
{
    /// <summary>The routes.</summary>
    public static IReadOnlyList<Route> All { get; } = [new("POST", "/v1/oauth/tokens", "getToken", GetToken)];

    private const string TokenType = "urn:ietf:params:oauth:token-type:access_token";

    private static ValueTask<Answer> GetToken(ApiRequest request)
    {
        if (request.Operations.Tokens is not { } tokens)
        {
            return ValueTask.FromResult(Answer.Error(ErrorKind.UnsupportedOperation, "This catalog asks for no credentials and gives no tokens"));
        }

        var type = request.Http.Request.ContentType ?? "";
        if (!type.StartsWith("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase))
        {
            return Refused("invalid_request", "The body must be a form (application/x-www-form-urlencoded)");
        }

        try
        {
            var form = new Form(RequestTarget.Parse("/?" + Encoding.UTF8.GetString(request.Body.Span)));
            return form["grant_type"] switch
            {
                "client_credentials" => Grant(tokens, Authenticate(request, form, tokens)),
                "urn:ietf:params:oauth:grant-type:token-exchange" => Grant(tokens, tokens.Verify(form["subject_token"] ?? ""), "invalid_grant"),
                null or "" => Refused("invalid_request", "grant_type is missing"),
                _ => Refused("unsupported_grant_type", "grant_type must be client_credentials or token-exchange"),
            };
        }
        catch (CatalogException exception)
        {
            return Refused("invalid_request", exception.Message);
        }
    }

    private static Caller? Authenticate(ApiRequest request, Form form, AccessTokens tokens)
    {
        var (id, secret) = (form["client_id"] ?? "", form["client_secret"] ?? "");
        if (secret.Length == 0 && Basic(request.Http.Request.Headers.Authorization.ToString()) is { } basic)
        {
            (id, secret) = basic;
        }

        // PyIceberg sends a credential without a colon as a secret alone.
        return tokens.Root.Verify(id.Length == 0 ? tokens.Root.ClientId : id, secret) ? new Caller(tokens.Root.ClientId) : null;
    }

    private static (string Id, string Secret)? Basic(string header)
    {
        if (!header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var bytes = new byte[header.Length];
        if (!Convert.TryFromBase64String(header["Basic ".Length..].Trim(), bytes, out var length))
        {
            return null;
        }

        var pair = Encoding.UTF8.GetString(bytes, 0, length);
        var colon = pair.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? null : (pair[..colon], pair[(colon + 1)..]);
    }

    private static ValueTask<Answer> Grant(AccessTokens tokens, Caller? caller, string error = "invalid_client")
    {
        if (caller is null)
        {
            return ValueTask.FromResult(Answer.OAuthError(error == "invalid_client" ? 401 : 400, error, "The credentials are not valid"));
        }

        return ValueTask.FromResult(Answer.Token(Json.Write(tokens.Issue(caller), static (writer, token) =>
        {
            writer.WriteStartObject();
            writer.WriteString("access_token", token);
            writer.WriteString("token_type", "bearer");
            writer.WriteNumber("expires_in", (long)AccessTokens.Lifetime.TotalSeconds);
            writer.WriteString("issued_token_type", TokenType);
            writer.WriteEndObject();
        })));
    }

    private static ValueTask<Answer> Refused(string error, string description) => ValueTask.FromResult(Answer.OAuthError(400, error, description));

    /// <summary>A form's fields: written as a query is.</summary>
    private sealed class Form(RequestTarget target)
    {
        public string? this[string name] => target.Query(name);
    }
}
