using System.Globalization;
using System.Text.Json;

namespace Frazil.Api.Tests;

/// <summary>Bodies of requests, so that a test shows only what it is about.</summary>
public static class Sample
{
    public const string Schema = """{"type":"struct","fields":[{"id":1,"name":"id","type":"long","required":true},{"id":2,"name":"data","type":"string","required":false}]}""";

    public const string AssertCreate = """{"type":"assert-create"}""";

    /// <summary>What clients send to make a staged table.</summary>
    public const string CreateUpdates =
        """{"action":"upgrade-format-version","format-version":2},"""
        + """{"action":"add-schema","schema":""" + Schema + """},{"action":"set-current-schema","schema-id":-1},"""
        + """{"action":"add-spec","spec":{"spec-id":0,"fields":[]}},{"action":"set-default-spec","spec-id":-1},"""
        + """{"action":"add-sort-order","sort-order":{"order-id":0,"fields":[]}},{"action":"set-default-sort-order","sort-order-id":-1}""";

    /// <summary>A schema of these fields, given as JSON.</summary>
    public static string SchemaOf(params string[] fields) => $$"""{"type":"struct","fields":[{{string.Join(',', fields)}}]}""";

    /// <summary>A field; a type is a name or JSON.</summary>
    public static string Field(int id, string name, string type, bool required = false, string more = "") =>
        $$"""{"id":{{id}},"name":"{{name}}","type":{{(type[0] == '{' ? type : $"\"{type}\"")}},"required":{{(required ? "true" : "false")}}{{more}}}""";

    public static string Identifier((string Namespace, string Name) table) => $$"""{"namespace":["{{table.Namespace}}"],"name":"{{table.Name}}"}""";

    public static string SetProperty(string name, string value) => $$"""{"action":"set-properties","updates":{{JsonSerializer.Serialize(new Dictionary<string, string> { [name] = value })}}}""";

    public static string AssertUuid(string uuid) => $$"""{"type":"assert-table-uuid","uuid":"{{uuid}}"}""";

    public static string AssertRef(string name, long? snapshot) =>
        $$"""{"type":"assert-ref-snapshot-id","ref":"{{name}}","snapshot-id":{{snapshot?.ToString(CultureInfo.InvariantCulture) ?? "null"}}}""";

    public static string Snapshot(long id, long sequence, string location, long? parent = null, long timestamp = 1_767_323_045_000, string more = "") =>
        $$"""{"snapshot-id":{{id}},{{(parent is { } p ? $"\"parent-snapshot-id\":{p}," : "")}}"sequence-number":{{sequence}},"timestamp-ms":{{timestamp}},"manifest-list":"{{location}}/metadata/snap-{{id}}.avro","summary":{"operation":"append"},"schema-id":0{{more}}}""";

    public static string AddSnapshot(long id, long sequence, string location, long? parent = null, long timestamp = 1_767_323_045_000, string more = "") =>
        $$"""{"action":"add-snapshot","snapshot":{{Snapshot(id, sequence, location, parent, timestamp, more)}}}""";

    public static string SetRef(string name, long snapshot, string type = "branch", string more = "") =>
        $$"""{"action":"set-snapshot-ref","ref-name":"{{name}}","type":"{{type}}","snapshot-id":{{snapshot}}{{more}}}""";

    /// <summary>An append to main.</summary>
    public static string Append(long id, long sequence, string location, long? parent = null, long timestamp = 1_767_323_045_000) =>
        $"{AddSnapshot(id, sequence, location, parent, timestamp)},{SetRef("main", id)}";

    public static string ViewVersion(int id, string sql, string dialect = "spark", int schema = 0, long timestamp = 1_767_323_045_000) =>
        $$"""{"version-id":{{id}},"timestamp-ms":{{timestamp}},"schema-id":{{schema}},"summary":{"engine-name":"test"},"representations":[{"type":"sql","sql":{{JsonSerializer.Serialize(sql)}},"dialect":"{{dialect}}"}],"default-namespace":["ns"]}""";

    public static string View(string name, string more = "", string? version = null) =>
        $$"""{"name":"{{name}}","schema":{{Schema}},"view-version":{{version ?? ViewVersion(1, "select 1")}},"properties":{}{{more}}}""";

    /// <summary>The updates that make another version of a view current.</summary>
    public static string NewViewVersion(string sql, string dialect = "spark", int id = 2) =>
        $$"""{"action":"add-view-version","view-version":{{ViewVersion(id, sql, dialect)}}},{"action":"set-current-view-version","view-version-id":-1}""";
}
