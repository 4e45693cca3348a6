using System.Collections;
using System.Text.Json;

namespace Frazil.Local;

/// <summary>A setting that cannot be used; the message is for the person who set it.</summary>
internal sealed class SettingException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Where settings come from: flags, then the environment, then a file.</summary>
internal sealed class SettingSources
{
    /// <summary>What the environment variables of settings begin with.</summary>
    public const string Prefix = "FRAZIL__";

    /// <summary>The section of named S3 credentials.</summary>
    public const string Credentials = "Credentials:";

    private const string DefaultFile = "appsettings.json";

    private static readonly JsonDocumentOptions FileOptions = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    // What cloud hosts read; none of it means anything here, and none of it is a mistake.
    private static readonly HashSet<string> OfOtherHosts = new(
        [
            SettingNames.Entry, SettingNames.AzureTablesEndpoint, SettingNames.AzureTablesTable, SettingNames.CatalogRoleArn,
            SettingNames.RootClientId, SettingNames.SecretSource, SettingNames.RootSecret, SettingNames.Package,
        ],
        StringComparer.OrdinalIgnoreCase);

    private readonly IReadOnlyDictionary<Setting, IReadOnlyList<string>> flags;
    private readonly Dictionary<string, string> environment = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, List<string>> file = new(StringComparer.OrdinalIgnoreCase);
    private readonly string path = DefaultFile;

    /// <exception cref="SettingException">The file cannot be read, or holds what is no setting.</exception>
    public SettingSources(IReadOnlyDictionary<Setting, IReadOnlyList<string>> flags, IDictionary variables)
    {
        this.flags = flags;
        foreach (DictionaryEntry variable in variables)
        {
            var name = (string)variable.Key;
            if (name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
            {
                environment[name[Prefix.Length..].Replace("__", ":", StringComparison.Ordinal)] = (string)variable.Value!;
            }
        }

        var named = Find(SettingList.Config);
        if (named is not null || File.Exists(DefaultFile))
        {
            path = named?.Text ?? DefaultFile;
            ReadFile();
        }

        Unknown = [.. environment.Keys.Where(key => !IsKnown(key)).Select(key => Prefix + key.Replace(":", "__", StringComparison.Ordinal)).Except(OfOtherHosts, StringComparer.OrdinalIgnoreCase)];
    }

    /// <summary>Environment variables with our prefix that no setting has: likely misspelled.</summary>
    public IReadOnlyList<string> Unknown { get; }

    /// <summary>The value of a setting and where it was set, or null when it was not.</summary>
    public (string Text, string Where)? Find(Setting setting)
    {
        var (texts, where) = FindMany(setting);
        return texts.Count switch
        {
            0 => null,
            1 => (texts[0], where),
            _ => throw new SettingException($"{where} is given more than once"),
        };
    }

    /// <summary>The values of a setting that takes many.</summary>
    public (IReadOnlyList<string> Texts, string Where) FindMany(Setting setting)
    {
        if (flags.TryGetValue(setting, out var given))
        {
            return (given, "--" + setting.Flag);
        }

        if (environment.TryGetValue(setting.Key, out var variable) && variable.Length > 0)
        {
            return (setting.Form == SettingForm.Many ? variable.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) : [variable], setting.Variable);
        }

        return file.TryGetValue(setting.Key, out var values) ? (values, $"Frazil:{setting.Key} in {path}") : ([], "");
    }

    /// <summary>The names and members of the section of credentials: <c>name:AccessKeyId</c> and so on, the environment's before the file's.</summary>
    public IEnumerable<(string Key, string Text)> FindCredentials() =>
        file.Select(entry => (entry.Key, Text: entry.Value[^1]))
            .Concat(environment.Select(entry => (entry.Key, Text: entry.Value)))
            .Where(entry => entry.Key.StartsWith(Credentials, StringComparison.OrdinalIgnoreCase))
            .Select(entry => (entry.Key[Credentials.Length..], entry.Text));

    private void ReadFile()
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path), FileOptions);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new SettingException($"{path} is not a JSON object");
            }

            foreach (var member in document.RootElement.EnumerateObject())
            {
                if (member.Name.Equals("Frazil", StringComparison.OrdinalIgnoreCase) && member.Value.ValueKind == JsonValueKind.Object)
                {
                    Flatten("", member.Value);
                }
            }
        }
        catch (JsonException exception)
        {
            throw new SettingException($"{path} is not JSON: {exception.Message}", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new SettingException($"Cannot read the settings file {path}: {exception.Message}", exception);
        }

        if (file.Keys.FirstOrDefault(key => !IsKnown(key)) is { } unknown)
        {
            throw new SettingException($"{path} has 'Frazil:{unknown}', which is no setting");
        }
    }

    private void Flatten(string key, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in element.EnumerateObject())
                {
                    Flatten(key.Length == 0 ? member.Name : $"{key}:{member.Name}", member.Value);
                }

                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                {
                    Flatten(key, item);
                }

                break;
            case JsonValueKind.Null:
                break;
            default:
                if (!file.TryGetValue(key, out var values))
                {
                    file[key] = values = [];
                }

                values.Add(element.ToString());
                break;
        }
    }

    private static bool IsKnown(string key) =>
        key.StartsWith(Credentials, StringComparison.OrdinalIgnoreCase) || SettingList.All.Any(setting => setting.Key.Equals(key, StringComparison.OrdinalIgnoreCase));
}
