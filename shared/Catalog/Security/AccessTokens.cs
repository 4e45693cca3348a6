using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Frazil.Iceberg;

namespace Frazil.Security;

/// <summary>
/// Short-lived bearer tokens that this catalog signs and checks itself: JSON Web Tokens (RFC 7519) with HMAC-SHA256. Only the one header that it writes is accepted,
/// so no token can choose its own algorithm; checking needs no store and no network.
/// </summary>
public sealed class AccessTokens(RootCredentials root, TimeProvider clock, IdSource ids)
{
    /// <summary>How long a token is good.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    /// <summary>How far the clocks of two processes may be apart.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    /// <summary>Characters of a token, at most.</summary>
    public const int MaxTokenLength = 4096;

    private const string Issuer = "frazil";

    private static readonly string Header = Base64Url.EncodeToString("""{"alg":"HS256","typ":"JWT"}"""u8);

    private readonly byte[] key = HKDF.DeriveKey(HashAlgorithmName.SHA256, root.Key, RootCredentials.SecretBytes, info: "frazil token key 1"u8.ToArray());

    /// <summary>The root principal's credentials.</summary>
    public RootCredentials Root { get; } = root;

    /// <summary>A token for a caller.</summary>
    public string Issue(Caller caller)
    {
        var now = clock.GetUtcNow();
        var claims = Json.Write((caller, now, Id: ids.NewId()), static (writer, token) =>
        {
            writer.WriteStartObject();
            writer.WriteString("iss", Issuer);
            writer.WriteString("aud", Issuer);
            writer.WriteString("sub", token.caller.Principal);
            writer.WriteNumber("iat", token.now.ToUnixTimeSeconds());
            writer.WriteNumber("exp", (token.now + Lifetime).ToUnixTimeSeconds());
            writer.WriteString("jti", token.Id);
            writer.WriteEndObject();
        });
        var signed = $"{Header}.{Base64Url.EncodeToString(claims)}";
        return $"{signed}.{Base64Url.EncodeToString(Sign(signed))}";
    }

    /// <summary>Whose token it is; null when it is none of ours, was changed, or is over.</summary>
    public Caller? Verify(string token)
    {
        var parts = token.Length > MaxTokenLength ? [] : token.Split('.');
        if (parts.Length != 3 || parts[0] != Header || !Base64Url.IsValid(parts[1]) || !Base64Url.IsValid(parts[2]))
        {
            return null;
        }

        // The signature first: nothing in a token is read before it is known to be ours.
        if (!CryptographicOperations.FixedTimeEquals(Sign($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2])))
        {
            return null;
        }

        using var claims = Json.Parse(Base64Url.DecodeFromChars(parts[1]));
        var body = claims.RootElement;
        var now = clock.GetUtcNow();
        return body.OptionalString("iss") == Issuer
            && body.OptionalString("aud") == Issuer
            && DateTimeOffset.FromUnixTimeSeconds(body.RequiredInt64("exp")) > now
            && DateTimeOffset.FromUnixTimeSeconds(body.RequiredInt64("iat")) <= now + ClockSkew
            ? new Caller(body.RequiredString("sub"))
            : null;
    }

    private byte[] Sign(string text) => HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(text));
}
