using Frazil.Iceberg;

namespace Frazil.Local;

/// <summary>Static S3 credentials. They stay in this process: no store, no log and no answer ever holds them.</summary>
/// <param name="AccessKeyId">The access key's id.</param>
/// <param name="SecretAccessKey">Its secret.</param>
/// <param name="SessionToken">The token of temporary credentials, or null.</param>
internal sealed record S3Credentials(string AccessKeyId, string SecretAccessKey, string? SessionToken)
{
    /// <inheritdoc />
    public override string ToString() => AccessKeyId;
}

/// <summary>Credentials by the name under which a storage profile asks for them. Case and the difference between <c>-</c> and <c>_</c> do not count, since environment variables have neither.</summary>
internal sealed class S3CredentialSet
{
    public const string AccessKeyId = "access-key-id";
    private const string SecretAccessKey = "secret-access-key";
    private const string SessionToken = "session-token";

    /// <summary>The members of credentials, as files have them.</summary>
    public static readonly IReadOnlyList<string> Members = [AccessKeyId, SecretAccessKey, SessionToken];

    private readonly Dictionary<string, S3Credentials> byName;

    private S3CredentialSet(Dictionary<string, S3Credentials> byName) => this.byName = byName;

    /// <summary>The credentials of a name, or null.</summary>
    public S3Credentials? Find(string name) => byName.GetValueOrDefault(Normal(name));

    /// <summary>Reads them from a file and from the environment, which comes first.</summary>
    /// <param name="sources">The environment and the settings file.</param>
    /// <param name="path">A file of credentials, or null.</param>
    /// <param name="warnings">What is careless about it.</param>
    /// <exception cref="SettingException">Something is missing, or the file cannot be read.</exception>
    public static S3CredentialSet Read(SettingSources sources, string? path, out IReadOnlyList<string> warnings)
    {
        Dictionary<string, S3Credentials> byName = [];
        warnings = path is null ? [] : ReadFile(path, byName);
        foreach (var named in sources.Credentials.GroupBy(entry => Normal(entry.Name)))
        {
            // Later ones replace earlier ones: the environment's come last.
            Dictionary<string, string> members = [];
            foreach (var (_, member, text) in named)
            {
                members[member] = text;
            }

            byName[named.Key] = new S3Credentials(
                Required(members, named.Key, AccessKeyId), Required(members, named.Key, SecretAccessKey), members.GetValueOrDefault(SessionToken));
        }

        return new S3CredentialSet(byName);
    }

    private static IReadOnlyList<string> ReadFile(string path, Dictionary<string, S3Credentials> byName)
    {
        try
        {
            using var document = Json.Parse(File.ReadAllBytes(path));
            foreach (var member in document.RootElement.RequireObject(path).EnumerateObject())
            {
                var credentials = member.Value.RequireObject(member.Name);
                JsonFiles.RequireKnown(credentials, Members, $"The credentials file {path}", member.Name);
                byName[Normal(member.Name)] = new S3Credentials(
                    credentials.RequiredString(AccessKeyId), credentials.RequiredString(SecretAccessKey), credentials.OptionalString(SessionToken));
            }

            const UnixFileMode others = UnixFileMode.GroupRead | UnixFileMode.OtherRead;
            return !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & others) != 0 ? [$"{path} holds secrets and can be read by others; chmod 600 it"] : [];
        }
        catch (CatalogException exception)
        {
            throw new SettingException($"The credentials file {path} is not usable: {exception.Message}", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new SettingException($"Cannot read the credentials file {path}: {exception.Message}", exception);
        }
    }

    private static string Required(Dictionary<string, string> members, string name, string member) => members.TryGetValue(member, out var text) && text.Length > 0
        ? text
        : throw new SettingException($"The credentials '{name.ToLowerInvariant()}' have no {member}: set {Variable(name, member)}");

    /// <summary>The variable of a member of the credentials of a name.</summary>
    public static string Variable(string name, string member) => $"{SettingSources.Prefix}CREDENTIALS__{Normal(name)}__{member.ToUpperInvariant().Replace('-', '_')}";

    /// <summary>A name as environment variables spell it.</summary>
    public static string Normal(string name) => name.ToUpperInvariant().Replace('-', '_');
}
