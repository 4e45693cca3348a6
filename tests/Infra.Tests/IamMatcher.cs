using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Frazil.Infra.Tests;

/// <summary>
/// Evaluates policy JSON as IAM does, as far as these policies go: what is denied anywhere is denied; what is allowed nowhere is denied too.
/// A condition operator or a statement element that it does not know fails the test rather than pass for true.
/// </summary>
public static class IamMatcher
{
    private static readonly string[] KnownElements = ["Sid", "Effect", "Action", "Resource", "Principal", "Condition"];

    public static bool Allows(string policy, string action, string resource, params (string Key, string Value)[] context) =>
        Decide(policy, null, action, resource, context) == Effect.Allow;

    /// <summary>The verdict for a call by <paramref name="principal"/> (<c>AWS:arn</c>, <c>Service:name</c>); null when no statement speaks of it.</summary>
    public static Effect? Decide(string policy, string? principal, string action, string? resource, params (string Key, string Value)[] context)
    {
        using var document = JsonDocument.Parse(policy);
        Assert.Equal("2012-10-17", document.RootElement.GetProperty("Version").GetString());
        var speaking = document.RootElement.GetProperty("Statement").EnumerateArray()
            .Where(statement => Speaks(statement, principal, action, resource, context))
            .Select(statement => Enum.Parse<Effect>(statement.GetProperty("Effect").GetString()!))
            .ToList();
        return speaking.Contains(Effect.Deny) ? Effect.Deny : speaking.Contains(Effect.Allow) ? Effect.Allow : null;
    }

    public static IReadOnlyList<string> Strings(JsonElement element) => element.ValueKind == JsonValueKind.Array
        ? [.. element.EnumerateArray().Select(item => item.GetString()!)]
        : [element.GetString()!];

    private static bool Speaks(JsonElement statement, string? principal, string action, string? resource, (string Key, string Value)[] context)
    {
        Assert.All(statement.EnumerateObject(), member => Assert.Contains(member.Name, KnownElements));
        return Strings(statement.GetProperty("Action")).Any(pattern => Like(pattern, action, ignoreCase: true))
            && (!statement.TryGetProperty("Resource", out var resources) || (resource is not null && Strings(resources).Any(pattern => Like(pattern, resource))))
            && Names(statement, principal)
            && (!statement.TryGetProperty("Condition", out var conditions) || conditions.EnumerateObject().All(group => group.Value.EnumerateObject().All(condition =>
                Holds(group.Name, context.FirstOrDefault(pair => pair.Key == condition.Name).Value, Strings(condition.Value)))));
    }

    private static bool Names(JsonElement statement, string? principal)
    {
        if (!statement.TryGetProperty("Principal", out var element))
        {
            return principal is null;
        }

        return element.ValueKind == JsonValueKind.String
            ? element.GetString() == "*"
            : element.EnumerateObject().Any(kind => Strings(kind.Value).Any(id => $"{kind.Name}:{id}" == principal));
    }

    /// <summary>A key that the request does not carry fulfils no condition.</summary>
    private static bool Holds(string operation, string? actual, IReadOnlyList<string> values) => actual is not null && operation switch
    {
        "StringEquals" => values.Contains(actual),
        "StringLike" => values.Any(value => Like(value, actual)),
        "Bool" => values.Contains(actual),
        "NumericLessThan" => values.Any(value => decimal.Parse(actual, CultureInfo.InvariantCulture) < decimal.Parse(value, CultureInfo.InvariantCulture)),
        _ => throw new InvalidOperationException($"The matcher does not know the condition {operation}."),
    };

    private static bool Like(string pattern, string text, bool ignoreCase = false) => Regex.IsMatch(
        text,
        "^" + Regex.Escape(pattern).Replace(@"\*", ".*", StringComparison.Ordinal).Replace(@"\?", ".", StringComparison.Ordinal) + "$",
        RegexOptions.Singleline | (ignoreCase ? RegexOptions.IgnoreCase : RegexOptions.None));
}
