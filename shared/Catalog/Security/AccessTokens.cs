using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Frazil.Iceberg;

namespace Frazil.Security;

/// <summary>A token as it is given to a client.</summary>
/// <param name="Text">What the client sends.</param>
/// <param name="Lifetime">How long it is good from now.</param>
public sealed record AccessToken(string Text, TimeSpan Lifetime);

/// <summary>
/// Short-lived bearer tokens that this catalog signs and checks itself: JSON Web Tokens (RFC 7519) with HMAC-SHA256. Only the one header that it writes is accepted,
/// so no token can choose its own algorithm; checking needs no store and no network, and one that was checked is remembered until it ends.
/// </summary>
public sealed class AccessTokens(RootCredentials root, TimeProvider clock, IdSource ids)
{
    /// <summary>How long a token is good.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    /// <summary>How long after somebody signed in a token can be exchanged for a fresh one, and how long the last of these is good: a token that leaked ends with it.</summary>
    public static readonly TimeSpan MaxSession = TimeSpan.FromHours(24);

    /// <summary>How far the clocks of two processes may be apart.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    /// <summary>Characters of a token, at most.</summary>
    public const int MaxTokenLength = 4096;

    /// <summary>Tokens that are remembered as checked. Only those of this catalog can be among them.</summary>
    public const int MaxRemembered = 1000;

    private const string Issuer = "frazil";

    private static readonly string Header = Base64Url.EncodeToString("""{"alg":"HS256","typ":"JWT"}"""u8);

    private readonly byte[] key = HKDF.DeriveKey(HashAlgorithmName.SHA256, root.Key, RootCredentials.SecretBytes, info: "frazil token key 1"u8.ToArray());
    private readonly ConcurrentDictionary<string, Claims> remembered = new(StringComparer.Ordinal);

    /// <summary>The root principal's credentials.</summary>
    public RootCredentials Root { get; } = root;

    /// <summary>Keeps its secret from being guessed.</summary>
    public GuessLimit Guesses { get; } = new(clock);

    /// <summary>A token for a caller who has signed in just now.</summary>
    public AccessToken Issue(Caller caller) => Issue(caller, clock.GetUtcNow());

    /// <summary>A fresh token for one that is good still; null when it is not, and at the end of the time since its owner signed in.</summary>
    public AccessToken? Renew(string token) => Check(token) is { } claims && claims.SignedInAt + MaxSession > clock.GetUtcNow() ? Issue(claims.Caller, claims.SignedInAt) : null;

    /// <summary>Whose token it is; null when it is none of ours, was changed, or is over.</summary>
    public Caller? Verify(ReadOnlySpan<char> token) => Check(token)?.Caller;

    private AccessToken Issue(Caller caller, DateTimeOffset signedInAt)
    {
        var now = clock.GetUtcNow();
        var end = now + Lifetime;
        end = end < signedInAt + MaxSession ? end : signedInAt + MaxSession;
        var claims = Json.Write((caller, now, end, signedInAt, Id: ids.NewId()), static (writer, token) =>
        {
            writer.WriteStartObject();
            writer.WriteString("iss", Issuer);
            writer.WriteString("aud", Issuer);
            writer.WriteString("sub", token.caller.Principal);
            writer.WriteNumber("iat", token.now.ToUnixTimeSeconds());
            writer.WriteNumber("exp", token.end.ToUnixTimeSeconds());
            writer.WriteNumber("auth_time", token.signedInAt.ToUnixTimeSeconds());
            writer.WriteString("jti", token.Id);
            writer.WriteEndObject();
        });
        var signed = $"{Header}.{Base64Url.EncodeToString(claims)}";
        return new AccessToken($"{signed}.{Base64Url.EncodeToString(Sign(signed))}", end - now);
    }

    private Claims? Check(ReadOnlySpan<char> token)
    {
        // Compared whole. Nothing is remembered that was not signed by us, so nobody can fill this up.
        if (remembered.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(token, out var known))
        {
            return known.End > clock.GetUtcNow() ? known : null;
        }

        if (token.Length > MaxTokenLength || Read(token.ToString()) is not { } claims)
        {
            return null;
        }

        Remember(token.ToString(), claims);
        return claims;
    }

    private Claims? Read(string token)
    {
        var parts = token.Split('.');
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
        var (end, issued) = (DateTimeOffset.FromUnixTimeSeconds(body.RequiredInt64("exp")), DateTimeOffset.FromUnixTimeSeconds(body.RequiredInt64("iat")));
        return body.OptionalString("iss") == Issuer && body.OptionalString("aud") == Issuer && end > now && issued <= now + ClockSkew
            ? new Claims(new Caller(body.RequiredString("sub")), end, body.OptionalInt64("auth_time") is { } then ? DateTimeOffset.FromUnixTimeSeconds(then) : issued)
            : null;
    }

    private void Remember(string token, Claims claims)
    {
        if (remembered.Count >= MaxRemembered)
        {
            var now = clock.GetUtcNow();
            foreach (var (old, ended) in remembered)
            {
                if (ended.End <= now)
                {
                    remembered.TryRemove(old, out _);
                }
            }

            if (remembered.Count >= MaxRemembered)
            {
                remembered.Clear(); // each is checked anew once
            }
        }

        remembered.TryAdd(token, claims);
    }

    private byte[] Sign(string text) => HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(text));

    private sealed record Claims(Caller Caller, DateTimeOffset End, DateTimeOffset SignedInAt);
}
