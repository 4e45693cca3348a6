using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Frazil.Security;

/// <summary>
/// The one principal that a catalog knows until access control is set up. Its secret has 256 bits, so that guessing is hopeless, and is never kept:
/// only a keyed hash of it, under a key that signs tokens too. A copy of the hash without the key is worth nothing.
/// </summary>
public sealed class RootCredentials
{
    /// <summary>How secrets begin, so that scanners recognise one that leaked.</summary>
    public const string SecretPrefix = "frzs_";

    /// <summary>Bytes of chance in a generated secret, and of the key.</summary>
    public const int SecretBytes = 32;

    /// <summary>Characters that a secret given from outside must have at least: 256 bits of hexadecimal or base64 text have more.</summary>
    public const int MinSecretLength = 32;

    private readonly byte[] secretHash;

    /// <param name="clientId">The client id.</param>
    /// <param name="key">The key, <see cref="SecretBytes"/> long.</param>
    /// <param name="secretHash">The secret's hash under the key.</param>
    public RootCredentials(string clientId, byte[] key, byte[] secretHash)
    {
        if (key.Length != SecretBytes || secretHash.Length != SecretBytes)
        {
            throw new ArgumentException($"A key and a hash must have {SecretBytes} bytes each", nameof(key));
        }

        ClientId = clientId;
        Key = key;
        this.secretHash = secretHash;
    }

    /// <summary>The client id.</summary>
    public string ClientId { get; }

    /// <summary>The secret's hash, for keeping.</summary>
    public ReadOnlySpan<byte> SecretHash => secretHash;

    /// <summary>The key, for keeping and for signing.</summary>
    public byte[] Key { get; }

    /// <summary>
    /// From a secret that the platform keeps (a vault, a parameter store). Every process derives the same key from it, so that a token of one is good at all,
    /// and nothing need be stored.
    /// </summary>
    /// <exception cref="ArgumentException">The secret is too short to be one.</exception>
    public static RootCredentials FromSecret(string clientId, string secret)
    {
        // A file or a vault that was filled from a file brings a line end along, and no client sends it.
        secret = secret.TrimEnd('\r', '\n');
        if (secret.Length < MinSecretLength)
        {
            throw new ArgumentException($"The root secret must have at least {MinSecretLength} characters of chance: generate it, do not think it up", nameof(secret));
        }

        var key = HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret), SecretBytes, info: "frazil root key 1"u8.ToArray());
        return new RootCredentials(clientId, key, Hash(key, secret));
    }

    /// <summary>Fresh ones. The secret is told here and never again.</summary>
    public static (RootCredentials Credentials, string Secret) Generate(string clientId)
    {
        var secret = SecretPrefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));
        var key = RandomNumberGenerator.GetBytes(SecretBytes);
        return (new RootCredentials(clientId, key, Hash(key, secret)), secret);
    }

    /// <summary>Whether a client is who it says. Takes the same time whether id, secret, or nothing is right.</summary>
    public bool Verify(string clientId, string clientSecret)
    {
        var isId = CryptographicOperations.FixedTimeEquals(Hash(Key, clientId), Hash(Key, ClientId));
        var isSecret = CryptographicOperations.FixedTimeEquals(Hash(Key, clientSecret), secretHash);
        return isId & isSecret;
    }

    private static byte[] Hash(byte[] key, string text) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));
}
