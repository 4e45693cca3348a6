using System.Text;
using System.Text.Json;

namespace Frazil.Infra;

/// <summary>Whether a statement gives or takes; what is denied once stays denied.</summary>
public enum Effect
{
    Allow,
    Deny,
}

/// <summary>An IAM policy as data. It is built from records and written once, so that a test can read what was meant.</summary>
public sealed record PolicyDocument(params IReadOnlyList<Statement> Statements)
{
    private const string LanguageVersion = "2012-10-17";

    public string ToJson()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("Version", LanguageVersion);
            json.WriteStartArray("Statement");
            foreach (var statement in Statements)
            {
                Write(json, statement);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void Write(Utf8JsonWriter json, Statement statement)
    {
        json.WriteStartObject();
        json.WriteString("Sid", statement.Sid);
        json.WriteString("Effect", statement.Effect.ToString());
        if (statement.Principal is { } principal)
        {
            Write(json, principal);
        }

        WriteList(json, "Action", statement.Actions);
        if (statement.Resources.Count > 0)
        {
            WriteList(json, "Resource", statement.Resources);
        }

        if (statement.Conditions.Count > 0)
        {
            Write(json, statement.Conditions);
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, Principal principal)
    {
        if (principal.Ids.Count == 0)
        {
            json.WriteString("Principal", principal.Kind);
            return;
        }

        json.WriteStartObject("Principal");
        WriteList(json, principal.Kind, principal.Ids);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, IReadOnlyList<Condition> conditions)
    {
        json.WriteStartObject("Condition");
        foreach (var group in conditions.GroupBy(condition => condition.Operator))
        {
            json.WriteStartObject(group.Key);
            foreach (var condition in group)
            {
                WriteList(json, condition.Key, condition.Values);
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteList(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }
}

/// <summary>One statement. Trust policies name a principal and no resource; policies of a role name resources and no principal.</summary>
public sealed record Statement(string Sid, Effect Effect, IReadOnlyList<string> Actions, IReadOnlyList<string> Resources)
{
    public Principal? Principal { get; init; }

    public IReadOnlyList<Condition> Conditions { get; init; } = [];
}

/// <summary>Who a statement is about: services or roles; <see cref="Anyone"/> only ever under <see cref="Effect.Deny"/>.</summary>
public sealed record Principal(string Kind, params IReadOnlyList<string> Ids)
{
    public static Principal Anyone { get; } = new("*");

    public static Principal Service(string name) => new("Service", name);

    public static Principal Role(string arn) => new("AWS", arn);
}

/// <summary>A condition: all of a statement's must hold, by any of their values.</summary>
public sealed record Condition(string Operator, string Key, params IReadOnlyList<string> Values);
