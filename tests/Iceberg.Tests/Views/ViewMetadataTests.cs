using System.Text;
using System.Text.Json.Nodes;

namespace Frazil.Iceberg;

public sealed class ViewMetadataTests
{
    private const string Uuid = "fa6506c3-7681-40c8-86dc-e36561f83385";

    private const string Orders = """
        {
          "view-uuid": "fa6506c3-7681-40c8-86dc-e36561f83385",
          "format-version": 1,
          "location": "s3://lake/db/v",
          "current-version-id": 1,
          "properties": {"comment": "orders"},
          "versions": [{
            "version-id": 1, "timestamp-ms": 1600000000000, "schema-id": 0, "summary": {"engine-name": "Spark"},
            "default-catalog": "prod", "default-namespace": ["db"],
            "representations": [{"type": "sql", "sql": "SELECT 1", "dialect": "spark"}]}],
          "version-log": [{"timestamp-ms": 1600000000000, "version-id": 1}],
          "schemas": [{"type": "struct", "schema-id": 0, "fields": [{"id": 1, "name": "a", "required": false, "type": "int"}]}]
        }
        """;

    private const string Sales = """{"type": "struct", "schema-id": 0, "fields": [{"id": 1, "name": "b", "required": false, "type": "string"}]}""";

    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000);

    private static ViewMetadata View => Parse(Orders);

    [Fact]
    public void What_is_read_is_written_back_with_the_same_meaning()
    {
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Orders), JsonNode.Parse(View.ToJson())));
        Assert.Equal(View.ToJson(), ViewMetadata.Parse(View.ToJson()).ToJson());
    }

    [Fact]
    public void Unknown_members_are_kept_at_every_level()
    {
        var document = Orders
            .Replace("\"format-version\": 1,", "\"format-version\": 1, \"x-top\": [1],", StringComparison.Ordinal)
            .Replace("\"dialect\": \"spark\"}", "\"dialect\": \"spark\", \"x-representation\": 1}, {\"type\": \"plan\", \"bytes\": \"00\"}", StringComparison.Ordinal)
            .Replace("\"schema-id\": 0, \"summary\"", "\"schema-id\": 0, \"x-version\": 2, \"summary\"", StringComparison.Ordinal);

        var changed = Change(Parse(document), """{"action": "set-properties", "updates": {"k": "v"}}""").Metadata;

        Assert.Contains("\"x-top\":[1]", Encoding.UTF8.GetString(changed.ToJson()), StringComparison.Ordinal);
        Assert.Equal(2, (int?)JsonNode.Parse(changed.ToJson())!["versions"]![0]!["x-version"]);
        Assert.Equal("00", (string?)JsonNode.Parse(changed.ToJson())!["versions"]![0]!["representations"]![1]!["bytes"]);
    }

    [Fact]
    [Trait("Behaviour", "226")]
    public void A_new_views_version_is_1_of_schema_0_whatever_the_request_says_and_keeps_its_time()
    {
        var view = ViewMetadata.Create(Samples.Schema(Sales), Version(Json(id: 7, schema: 5)), "s3://lake/db/v/", new Dictionary<string, string> { ["k"] = "v" }, new Guid(Uuid));

        Assert.Equal((Uuid, "s3://lake/db/v", 1), (view.Uuid, view.Location, view.CurrentVersionId));
        Assert.Equal((1, 0, 1_650_000_000_000), (view.CurrentVersion.VersionId, view.CurrentVersion.SchemaId, view.CurrentVersion.TimestampMs));
        Assert.Equal([new ViewVersionLogEntry(1_650_000_000_000, 1)], view.VersionLog);
        Assert.Equal("b", Assert.Single(view.CurrentSchema.Fields).Name);
        Assert.Equal(view.ToJson(), ViewMetadata.Parse(view.ToJson()).ToJson());
    }

    [Theory]
    [Trait("Behaviour", "228")]
    [InlineData("[]", "without representations")]
    [InlineData("""[{"type": "sql", "sql": "1", "dialect": "trino"}, {"type": "sql", "sql": "2", "dialect": "Trino"}]""", "Invalid view version: Cannot add multiple queries for dialect trino")]
    public void A_version_has_representations_one_per_dialect(string representations, string message)
    {
        var version = Version($$"""{"version-id": 1, "timestamp-ms": 1, "schema-id": 0, "summary": {}, "default-namespace": [], "representations": {{representations}}}""");

        Samples.Refused(ErrorKind.IllegalArgument, message, () => ViewMetadata.Create(Samples.Schema(Sales), version, "s3://v", new Dictionary<string, string>(), new Guid(Uuid)));
        Samples.Refused(ErrorKind.IllegalArgument, message, () => ViewMetadataBuilder.From(View).Apply(new ViewUpdate.AddViewVersion(version)));
    }

    [Fact]
    [Trait("Behaviour", "232")]
    public void A_replace_adds_a_version_of_the_schema_added_last_and_makes_it_current()
    {
        var change = Change(View, AddSchema(Sales), AddVersion(Json(id: 2, schema: -1, sql: "SELECT 2")), SetCurrent(-1));

        Assert.True(change.HasChanges);
        Assert.Equal((2, 1), (change.Metadata.CurrentVersionId, change.Metadata.CurrentVersion.SchemaId));
        Assert.Equal([1, 2], change.Metadata.Versions.Select(version => version.VersionId));
        Assert.Equal(new ViewVersionLogEntry(1_650_000_000_000, 2), change.Metadata.VersionLog[^1]);
        Assert.Equal("b", Assert.Single(change.Metadata.CurrentSchema.Fields).Name);
    }

    [Fact]
    public void A_version_id_that_is_taken_is_given_anew()
    {
        var first = Change(View, AddVersion(Json(id: 2, sql: "SELECT 2")), SetCurrent(-1)).Metadata;
        var second = Change(first, AddVersion(Json(id: 2, sql: "SELECT 3")), SetCurrent(-1)).Metadata;

        Assert.Equal((2, 3), (first.CurrentVersionId, second.CurrentVersionId));
    }

    [Fact]
    [Trait("Behaviour", "234")]
    public void A_version_that_behaves_as_an_old_one_is_that_one()
    {
        var replaced = Change(View, AddVersion(Json(id: 2, sql: "SELECT 2")), SetCurrent(-1)).Metadata;

        var back = Change(replaced, AddVersion(Json(id: 3, sql: "SELECT 1")), SetCurrent(-1)).Metadata;

        Assert.Equal(1, back.CurrentVersionId);
        Assert.Equal(2, back.Versions.Count);
        Assert.Equal(new ViewVersionLogEntry(Now.ToUnixTimeMilliseconds(), 1), back.VersionLog[^1]);
    }

    [Theory]
    [InlineData("""{"action": "set-current-view-version", "view-version-id": -1}""", "Cannot set last version id: no current version id has been set")]
    [InlineData("""{"action": "set-current-view-version", "view-version-id": 9}""", "Cannot set current version to unknown version: 9")]
    [InlineData("""{"action": "assign-uuid", "uuid": "00000000-0000-0000-0000-000000000001"}""", "Cannot reassign uuid")]
    [InlineData("""{"action": "upgrade-format-version", "format-version": 2}""", "Cannot upgrade view to unsupported format version: v2 (supported: v1)")]
    [InlineData("""{"action": "upgrade-format-version", "format-version": 0}""", "Cannot downgrade v1 view to v0")]
    public void An_update_that_would_make_a_view_invalid_is_refused(string update, string message)
    {
        Samples.Invalid(message, () => Change(View, update));
    }

    [Fact]
    public void A_version_of_an_unknown_schema_is_refused()
    {
        Samples.Invalid("Cannot add version with unknown schema: 4", () => Change(View, AddVersion(Json(schema: 4))));
        Samples.Invalid("Cannot set last added schema: no schema has been added", () => Change(View, AddVersion(Json(schema: -1))));
    }

    [Fact]
    public void Updates_that_change_nothing_leave_no_trace()
    {
        var change = Change(
            View,
            $$"""{"action": "assign-uuid", "uuid": "{{Uuid.ToUpperInvariant()}}"}""",
            """{"action": "upgrade-format-version", "format-version": 1}""",
            """{"action": "set-location", "location": "s3://lake/db/v/"}""",
            """{"action": "set-properties", "updates": {"comment": "orders"}}""",
            """{"action": "set-properties", "updates": {}}""",
            """{"action": "remove-properties", "removals": ["none"]}""",
            """{"action": "add-schema", "schema": {"type": "struct", "schema-id": 3, "fields": [{"id": 1, "name": "a", "required": false, "type": "int"}]}}""",
            AddVersion(Json(id: 4, schema: -1, sql: "SELECT 1")),
            SetCurrent(-1));

        Assert.False(change.HasChanges);
        Assert.Equal(View.ToJson(), change.Metadata.ToJson());
    }

    [Fact]
    [Trait("Behaviour", "238")]
    public void Properties_and_location_change()
    {
        var changed = Change(
            View,
            """{"action": "set-location", "location": "s3://lake/db/w"}""",
            """{"action": "set-properties", "updates": {"a": "1", "b": "2"}}""",
            """{"action": "remove-properties", "removals": ["comment", "b"]}""").Metadata;

        Assert.Equal("s3://lake/db/w", changed.Location);
        Assert.Equal(new Dictionary<string, string> { ["a"] = "1" }, changed.Properties);
        Assert.Equal([("location", "s3://lake/db/w")], changed.Locations());
    }

    [Fact]
    [Trait("Behaviour", "236")]
    public void Only_the_newest_versions_are_kept_and_history_begins_after_a_gap()
    {
        var view = Change(View, """{"action": "set-properties", "updates": {"version.history.num-entries": "2"}}""").Metadata;
        view = Change(view, AddVersion(Json(id: 2, sql: "SELECT 2")), SetCurrent(-1)).Metadata;
        view = Change(view, AddVersion(Json(id: 3, sql: "SELECT 3")), SetCurrent(-1)).Metadata;

        Assert.Equal([2, 3], view.Versions.Select(version => version.VersionId));
        Assert.Equal([2, 3], view.VersionLog.Select(entry => entry.VersionId));
    }

    [Fact]
    public void The_current_version_and_those_just_added_are_kept_whatever_the_limit()
    {
        var view = Change(
            View,
            """{"action": "set-properties", "updates": {"version.history.num-entries": "1"}}""",
            AddVersion(Json(id: 2, sql: "SELECT 2")),
            AddVersion(Json(id: 3, sql: "SELECT 3"))).Metadata;

        Assert.Equal([1, 2, 3], view.Versions.Select(version => version.VersionId));

        view = Change(view, AddVersion(Json(id: 4, sql: "SELECT 4"))).Metadata;
        Assert.Equal([1, 4], view.Versions.Select(version => version.VersionId));
    }

    [Theory]
    [Trait("Behaviour", "236")]
    [InlineData("0")]
    [InlineData("-1")]
    public void The_number_of_versions_to_keep_is_positive(string size)
    {
        Samples.Invalid(
            $"version.history.num-entries must be positive but was {size}",
            () => Change(View, $$$"""{"action": "set-properties", "updates": {"version.history.num-entries": "{{{size}}}"}}"""));
    }

    [Fact]
    [Trait("Behaviour", "235")]
    public void A_replace_must_not_lose_a_dialect_unless_the_view_allows_it()
    {
        string[] replace = [AddVersion(Json(id: 2, dialect: "trino")), SetCurrent(-1)];

        var refusal = Samples.Invalid("Cannot replace view due to loss of view dialects (replace.drop-dialect.allowed=false):", () => Change(View, replace));
        Assert.Contains("Previous dialects: [spark]\nNew dialects: [trino]", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(2, Change(View, [.. replace, """{"action": "set-properties", "updates": {"replace.drop-dialect.allowed": "true"}}"""]).Metadata.CurrentVersionId);
        Assert.Equal(2, Change(View, AddVersion(Json(id: 2, dialect: "SPARK", sql: "SELECT 2")), SetCurrent(-1)).Metadata.CurrentVersionId);
    }

    [Theory]
    [Trait("Behaviour", "239")]
    [InlineData("""{"action": "add-snapshot", "snapshot": {}}""")]
    [InlineData("""{"action": "set-current-schema", "schema-id": 0}""")]
    [InlineData("""{"action": "explode"}""")]
    [InlineData("""{}""")]
    [InlineData("""[]""")]
    public void What_is_no_view_update_is_refused(string update)
    {
        Assert.Equal(ErrorKind.BadRequest, Assert.Throws<CatalogException>(() => Update(update)).Kind);
    }

    [Fact]
    [Trait("Behaviour", "233")]
    public void The_uuid_requirement_ignores_letter_case_and_fails_as_a_conflict()
    {
        ViewRequirement.Read(Samples.Element($$"""{"uuid": "{{Uuid.ToUpperInvariant()}}", "type": "Assert-View-UUID"}""")).Check(View);

        var other = ViewRequirement.Read(Samples.Element("""{"type": "assert-view-uuid", "uuid": "x"}"""));
        Assert.Equal(
            $"Requirement failed: view UUID does not match: expected {Uuid} != x",
            Samples.Refused(ErrorKind.CommitFailed, "", () => other.Check(View)).Message);
        Samples.Refused(ErrorKind.CommitFailed, "view does not exist", () => other.Check(null));
    }

    [Theory]
    [InlineData("assert-table-uuid")]
    [InlineData("assert-create")]
    public void A_tables_requirement_is_none_of_a_view(string type)
    {
        Samples.Refused(ErrorKind.BadRequest, type, () => ViewRequirement.Read(Samples.Element($$"""{"type": "{{type}}", "uuid": "x"}""")));
    }

    [Theory]
    [InlineData("\"format-version\": 1", "\"format-version\": 2", "cannot read unsupported version 2")]
    [InlineData("\"current-version-id\": 1", "\"current-version-id\": 3", "cannot find current version 3")]
    [InlineData("\"schema-id\": 0, \"summary\"", "\"schema-id\": 8, \"summary\"", "cannot find current schema with id 8")]
    [InlineData("\"view-uuid\"", "\"x\"", "missing field: view-uuid")]
    [InlineData("\"versions\": [", "\"versions\": [null, ", "expected an object")]
    [InlineData("\"location\"", "\"format-version\": 1, \"location\"", "Malformed JSON")]
    public void Invalid_metadata_is_refused_in_words(string valid, string invalid, string message)
    {
        Samples.Refused(ErrorKind.BadRequest, message, () => Parse(Orders.Replace(valid, invalid, StringComparison.Ordinal)));
    }

    [Fact]
    public void No_wrong_member_crashes()
    {
        Mutants.Survive(Orders, mutant =>
        {
            var view = Parse(mutant);
            view.ReadFully();
            _ = ViewMetadata.Parse(Change(view, AddSchema(Sales), AddVersion(Json(id: 2, schema: -1, sql: "SELECT 2")), SetCurrent(-1)).Metadata.ToJson());
        });
        Mutants.Survive(AddVersion(Json(id: 2, sql: "SELECT 2")), mutant => _ = ViewMetadata.Parse(Change(View, mutant, SetCurrent(-1)).Metadata.ToJson()));
    }

    private static ViewMetadata Parse(string json) => ViewMetadata.Parse(Encoding.UTF8.GetBytes(json));

    private static ViewUpdate Update(string json) => ViewUpdate.Read(Samples.Element(json), default);

    private static ViewVersion Version(string json) => ViewVersion.Read(Samples.Element(json), default);

    private static ViewMetadataChange Change(ViewMetadata view, params string[] updates) => ViewMetadataBuilder.From(view).Apply(updates.Select(Update)).Build(Now);

    private static string Json(int id = 2, int schema = 0, string sql = "SELECT 1", string dialect = "spark") => $$"""
        {"version-id": {{id}}, "timestamp-ms": 1650000000000, "schema-id": {{schema}}, "summary": {"engine-name": "Spark"}, "default-catalog": "prod", "default-namespace": ["db"],
         "representations": [{"type": "sql", "sql": "{{sql}}", "dialect": "{{dialect}}"}]}
        """;

    private static string AddSchema(string schema) => $$"""{"action": "add-schema", "schema": {{schema}}}""";

    private static string AddVersion(string version) => $$"""{"action": "add-view-version", "view-version": {{version}}}""";

    private static string SetCurrent(int id) => $$"""{"action": "set-current-view-version", "view-version-id": {{id}}}""";
}
