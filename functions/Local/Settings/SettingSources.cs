using System.Collections;
using System.Text.Json;

namespace Frazil.Local;

/// <summary>A setting that cannot be used; the message is for the person who set it.</summary>
internal sealed class SettingException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Where settings come from: flags, then the environment, then a file. A name that is no setting ends the start: what it was meant to do would silently not happen.</summary>
internal sealed class SettingSources
{
    /// <summary>What the environment variables of settings begin with.</summary>
    public const string Prefix = "FRAZIL__";

    private const string Section = "Frazil";
    private const string DefaultFile = "appsettings.json";

    private static readonly JsonDocumentOptions FileOptions = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    private readonly IReadOnlyDictionary<Setting, IReadOnlyList<string>> flags;
    private readonly Dictionary<Setting, (string Text, string Variable)> environment = [];
    private readonly Dictionary<Setting, List<string>> file = [];
    private readonly List<(string Name, string Member, string Text)> credentials = [];
    private readonly string path = DefaultFile;

    /// <exception cref="SettingException">A variable or a member is no setting, or the file cannot be read.</exception>
    public SettingSources(IReadOnlyDictionary<Setting, IReadOnlyList<string>> flags, IDictionary variables)
    {
        this.flags = flags;
        List<(string Name, string Member, string Text)> ofEnvironment = [];
        foreach (var variable in variables.Cast<DictionaryEntry>().OrderBy(variable => (string)variable.Key, StringComparer.Ordinal))
        {
            var name = (string)variable.Key;
            if (name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
            {
                TakeVariable(name, (string)variable.Value!, ofEnvironment);
            }
        }

        var named = Find(SettingList.Config);
        if (named is not null || File.Exists(DefaultFile))
        {
            path = named?.Text ?? DefaultFile;
            ReadFile(isNamed: named is not null);
        }

        credentials.AddRange(ofEnvironment);
    }

    /// <summary>The credentials of all names, member by member, the environment's behind the file's.</summary>
    public IReadOnlyList<(string Name, string Member, string Text)> Credentials => credentials;

    /// <summary>The key of a variable: its name without our prefix, levels joined by colons.</summary>
    public static string KeyOf(string variable) => variable[Prefix.Length..].Replace("__", ":", StringComparison.Ordinal);

    /// <summary>A name without what does not count in it: case, dashes, underscores, and whether <c>DYNAMODB__TABLE</c> is two levels or <c>dynamodb-table</c> one.</summary>
    public static string Normal(string name) => string.Concat(name.Where(c => c is not ('-' or '_' or ':'))).ToUpperInvariant();

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

        if (environment.TryGetValue(setting, out var set))
        {
            return (setting.Form == SettingForm.Many ? set.Text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) : [set.Text], set.Variable);
        }

        return file.TryGetValue(setting, out var values) ? (values, $"{Section}:{setting.Flag} in {path}") : ([], "");
    }

    private void TakeVariable(string name, string text, List<(string Name, string Member, string Text)> credentialsFound)
    {
        var key = KeyOf(name);
        if (CredentialOf(key) is { } credential)
        {
            credentialsFound.Add((credential.Name, credential.Member, text));
            return;
        }

        var setting = SettingList.Find(key) ?? throw new SettingException(
            $"{name} is set but is no setting of this version; the nearest is {Nearest.Of(name, SettingList.All.SelectMany(known => known.Variables).Append($"{Prefix}CREDENTIALS__<NAME>__ACCESS_KEY_ID"))}. Correct it, or unset it");
        if (text.Length == 0)
        {
            return;
        }

        if (environment.TryGetValue(setting, out var other) && other.Text != text)
        {
            throw new SettingException($"{other.Variable} and {name} are the same setting and say different things; unset one of them");
        }

        environment[setting] = (text, name);
    }

    private void ReadFile(bool isNamed)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path), FileOptions);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new SettingException($"{path} is not a JSON object");
            }

            var sections = document.RootElement.EnumerateObject().Where(member => member.Name.Equals(Section, StringComparison.OrdinalIgnoreCase)).ToArray();
            if (sections.Length == 0 && isNamed)
            {
                throw new SettingException($"{path} has no section '{Section}', in which settings stand: {{\"{Section}\": {{\"port\": 8181}}}}");
            }

            foreach (var section in sections)
            {
                if (section.Value.ValueKind != JsonValueKind.Object)
                {
                    throw new SettingException($"'{Section}' in {path} is not a JSON object");
                }

                Flatten("", section.Value);
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
                TakeMember(key, null);
                foreach (var item in element.EnumerateArray())
                {
                    Flatten(key, item);
                }

                break;
            case JsonValueKind.Null:
                TakeMember(key, null);
                break;
            default:
                TakeMember(key, element.ToString());
                break;
        }
    }

    /// <summary>Takes a value of the file; null when there is none, and only the name is looked at.</summary>
    private void TakeMember(string key, string? text)
    {
        if (CredentialOf(key) is { } credential)
        {
            if (text is not null)
            {
                credentials.Add((credential.Name, credential.Member, text));
            }

            return;
        }

        if (SettingList.Find(key) is not { } setting || setting == SettingList.Config)
        {
            throw new SettingException(
                $"{path} has '{Section}:{key}', which is no setting; the nearest is '{Nearest.Of(key, SettingList.Options.Select(known => known.Flag).Append("credentials:<name>:access-key-id"))}'");
        }

        if (setting.Form == SettingForm.Secret)
        {
            throw new SettingException($"{path} has '{Section}:{key}', a secret: set {setting.OnClouds ?? setting.Variable} in the environment instead");
        }

        if (text is not null)
        {
            if (!file.TryGetValue(setting, out var values))
            {
                file[setting] = values = [];
            }

            values.Add(text);
        }
    }

    /// <summary><c>credentials:name:access-key-id</c>, or null when the key is not of that form.</summary>
    private static (string Name, string Member)? CredentialOf(string key) =>
        key.Split(':') is [var section, var name, var member]
        && section.Equals("Credentials", StringComparison.OrdinalIgnoreCase)
        && S3CredentialSet.Members.FirstOrDefault(known => Normal(known) == Normal(member)) is { } known
            ? (name, known)
            : null;
}
