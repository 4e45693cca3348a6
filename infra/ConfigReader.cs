using System.Globalization;
using Pulumi;

namespace Frazil.Infra;

/// <summary>
/// Reads configuration and gathers what is wrong with it, so that one run says everything there is to mend, each as a sentence with the fix.
/// </summary>
public sealed class ConfigReader(Func<string, string?> get)
{
    private readonly List<string> _problems = [];

    public string? Text(string key) => get("frazil:" + key) is { } text && text.Trim() is { Length: > 0 } trimmed ? trimmed : null;

    public string Text(string key, string fallback) => Text(key) ?? fallback;

    /// <summary>A key of a provider, such as <c>azure-native:location</c>.</summary>
    public string? ProviderText(string key) => get(key);

    public bool Flag(string key, bool fallback)
    {
        switch (Text(key)?.ToLowerInvariant())
        {
            case null:
                return fallback;
            case "true":
                return true;
            case "false":
                return false;
            default:
                Wrong(key, "is not true or false");
                return fallback;
        }
    }

    public int Number(string key, int fallback, int least, int most) => OptionalNumber(key, least, most) ?? fallback;

    public int? OptionalNumber(string key, int least, int most)
    {
        if (Text(key) is not { } text)
        {
            return null;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
        {
            return number;
        }

        Wrong(key, $"is not a whole number from {least} to {most}");
        return null;
    }

    public int NumberOf(string key, int fallback, params IReadOnlyList<int> allowed)
    {
        if (Text(key) is not { } text)
        {
            return fallback;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && allowed.Contains(number))
        {
            return number;
        }

        Wrong(key, $"is not one of {string.Join(", ", allowed)}");
        return fallback;
    }

    public string OneOf(string key, string fallback, params IReadOnlyList<string> allowed)
    {
        var text = Text(key, fallback);
        if (allowed.Contains(text))
        {
            return text;
        }

        Wrong(key, $"is not one of {string.Join(", ", allowed)}");
        return fallback;
    }

    public IReadOnlyList<string> List(string key) =>
        Text(key)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];

    public void Wrong(string key, string what) =>
        _problems.Add($"Configuration frazil:{key} {what} (it is '{Text(key)}'). Set it with: pulumi config set frazil:{key} VALUE");

    public void Problem(string sentence) => _problems.Add(sentence);

    /// <summary>Ends the reading: throws once, with a line for each problem.</summary>
    public void Check()
    {
        if (_problems.Count > 0)
        {
            throw new RunException(string.Join(Environment.NewLine, _problems));
        }
    }
}
