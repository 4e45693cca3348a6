using System.Buffers.Text;
using System.Security.Cryptography;
using Pulumi;

namespace Frazil.Infra;

/// <summary>
/// The root client secret. Unless the user chose one, the first <c>up</c> makes it and every later one leaves it alone: the fresh value of a
/// later run never reaches the cloud, and a secret that was turned by hand stays.
/// </summary>
public static class RootSecret
{
    public const string ClientId = "root";

    /// <summary>How secrets begin, as those do that a local catalog makes, so that scanners recognise one that leaked.</summary>
    public const string Prefix = "frzs_";

    private const int Bytes = 32;

    /// <summary>256 random bits behind the prefix.</summary>
    public static string Make() => Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes));

    /// <summary>The value to declare. It is secret in the state, too.</summary>
    public static Output<string> Value(CommonOptions options, Func<string> make) => options.RootSecret ?? Output.CreateSecret(make());

    /// <summary>Keeps what was made once: the engine takes <paramref name="property"/> from its state when the resource exists.</summary>
    public static CustomResourceOptions Kept(CommonOptions options, string property) =>
        options.RootSecret is null ? new CustomResourceOptions { IgnoreChanges = { property } } : new CustomResourceOptions();
}
