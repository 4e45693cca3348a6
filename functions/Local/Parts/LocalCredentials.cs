using System.Text;
using Frazil.Iceberg;
using Frazil.Security;

namespace Frazil.Local;

/// <summary>
/// The root credentials of a local catalog: from the environment, or made at the first start. Of made ones a file in the data folder keeps the key and the secret's keyed hash,
/// readable by its owner only; the secret itself is shown once.
/// </summary>
internal static class LocalCredentials
{
    private const string FileName = "auth.json";

    /// <summary>Opens or makes them.</summary>
    /// <param name="options">What the server was told.</param>
    /// <param name="secret">The secret when it was made just now, to be shown; else null.</param>
    /// <exception cref="SettingException">The secret of the environment is too short.</exception>
    /// <exception cref="StartException">The file cannot be read or written.</exception>
    public static RootCredentials Open(ServeOptions options, out string? secret)
    {
        secret = null;
        if (options.RootSecret is { } given)
        {
            try
            {
                return RootCredentials.FromSecret(options.RootClientId, given);
            }
            catch (ArgumentException exception)
            {
                throw new SettingException($"{SettingNames.RootSecret}: {exception.Message}", exception);
            }
        }

        var path = Path.Join(options.Data, FileName);
        try
        {
            return File.Exists(path) ? Read(path) : Create(path, options.RootClientId, out secret);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CatalogException or FormatException or ArgumentException)
        {
            throw new StartException($"The credentials file {path} is not usable: {exception.Message}", exception);
        }
    }

    private static RootCredentials Create(string path, string clientId, out string? secret)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var (credentials, made) = RootCredentials.Generate(clientId);
        var content = Json.Write(credentials, static (writer, root) =>
        {
            writer.WriteStartObject();
            writer.WriteString("client-id", root.ClientId);
            writer.WriteBase64String("key", root.Key);
            writer.WriteBase64String("secret-hash", root.SecretHash);
            writer.WriteEndObject();
        });
        var mode = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            mode.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        try
        {
            using var file = new FileStream(path, mode);
            file.Write(content);
            file.Flush(flushToDisk: true);
        }
        catch (IOException) when (File.Exists(path))
        {
            // Another process that was started at the same time made them.
            secret = null;
            return Read(path);
        }

        secret = made;
        return credentials;
    }

    private static RootCredentials Read(string path)
    {
        using var document = Json.Parse(Encoding.UTF8.GetBytes(File.ReadAllText(path)));
        var file = document.RootElement.RequireObject(path);
        return new RootCredentials(
            file.RequiredString("client-id"), Convert.FromBase64String(file.RequiredString("key")), Convert.FromBase64String(file.RequiredString("secret-hash")));
    }
}
