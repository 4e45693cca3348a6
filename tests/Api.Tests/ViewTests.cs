using System.Text.Json;

namespace Frazil.Api.Tests;

public sealed class ViewTestsInMemory() : ViewTests(new MemoryWorld());

public sealed class ViewTestsEmbedded() : ViewTests(new EmbeddedWorld());

public abstract class ViewTests(World world) : CatalogTests(world)
{
    [Fact]
    [Trait("Behaviour", "226")]
    public async Task Create_gives_version_1_of_schema_0()
    {
        var reply = (await Catalog.PostAsync("/namespaces/ns/views", Sample.View("v", version: Sample.ViewVersion(9, "select 1", schema: 7, timestamp: 1234)))).Ok();

        Assert.Equal(JsonValueKind.Object, reply.Json.GetProperty("config").ValueKind);
        var metadata = reply.Metadata;
        Assert.True(metadata.GetProperty("view-uuid").TryGetGuid(out _));
        Assert.Equal(1, metadata.GetProperty("format-version").GetInt32());
        Assert.Equal(1, metadata.GetProperty("current-version-id").GetInt32());
        var version = Assert.Single(metadata.GetProperty("versions").EnumerateArray());
        Assert.Equal((1, 0, 1234L), (version.GetProperty("version-id").GetInt32(), version.GetProperty("schema-id").GetInt32(), version.GetProperty("timestamp-ms").GetInt64()));
        Assert.Equal(0, Assert.Single(metadata.GetProperty("schemas").EnumerateArray()).GetProperty("schema-id").GetInt32());
        var entry = Assert.Single(metadata.GetProperty("version-log").EnumerateArray());
        Assert.Equal((1, 1234L), (entry.GetProperty("version-id").GetInt32(), entry.GetProperty("timestamp-ms").GetInt64()));
        Assert.Matches(@"/metadata/00000-[0-9a-f-]{36}(\.gz)?\.metadata\.json$", reply.MetadataLocation);
        Assert.True(await Catalog.FileExistsAsync(reply.MetadataLocation));
        Assert.Equal(metadata.GetRawText(), (await Catalog.Through(await World.StartAsync()).GetAsync("/namespaces/ns/views/v")).Ok().Metadata.GetRawText());
    }

    [Fact]
    [Trait("Behaviour", "227")]
    public async Task Create_under_a_name_that_is_taken_or_nowhere_is_refused()
    {
        (await Catalog.CreateViewAsync("ns", "v")).Ok();
        (await Catalog.CreateTableAsync("ns", "t")).Ok();

        (await Catalog.CreateViewAsync("ns", "v")).Error(409, "AlreadyExistsException", "View already exists: ns.v");
        (await Catalog.CreateViewAsync("ns", "t")).Error(409, "AlreadyExistsException", "Table with same name already exists: ns.t");
        (await Catalog.CreateViewAsync("missing", "v")).Error(404, "NoSuchNamespaceException", "Namespace does not exist: missing");
    }

    [Theory]
    [InlineData("trino", "trino")]
    [InlineData("trino", "TRINO")]
    [Trait("Behaviour", "228")]
    public async Task A_dialect_twice_is_an_illegal_argument(string first, string second)
    {
        var version =
            $$"""{"version-id":1,"timestamp-ms":1,"schema-id":0,"summary":{},"default-namespace":["ns"],"representations":[{"type":"sql","sql":"a","dialect":"{{first}}"},{"type":"sql","sql":"b","dialect":"{{second}}"}]}""";

        (await Catalog.PostAsync("/namespaces/ns/views", Sample.View("v", version: version)))
            .Error(400, "IllegalArgumentException", "Invalid view version: Cannot add multiple queries for dialect trino");
    }

    [Theory]
    [InlineData("""{"schema":{"type":"struct","fields":[]},"view-version":{},"properties":{}}""", "name")]
    [InlineData("""{"name":"v","view-version":{},"properties":{}}""", "schema")]
    [InlineData("""{"name":"v","schema":{"type":"struct","fields":[]},"properties":{}}""", "view-version")]
    [InlineData("""{"name":"v","schema":{"type":"struct","fields":[]},"view-version":{"version-id":1,"timestamp-ms":1,"schema-id":0,"summary":{},"default-namespace":[]},"properties":{}}""", "representations")]
    public async Task Create_without_something_it_needs_is_400_and_says_what(string body, string missing) =>
        (await Catalog.PostAsync("/namespaces/ns/views", body)).Error(400, "BadRequestException", missing);

    [Fact]
    [Trait("Behaviour", "229")]
    [Trait("Behaviour", "242")]
    public async Task Load_gives_the_view_and_nothing_else()
    {
        var created = (await Catalog.CreateViewAsync("ns", "v")).Ok();
        (await Catalog.CreateTableAsync("ns", "t")).Ok();

        var loaded = (await Catalog.GetAsync("/namespaces/ns/views/v?referenced-by=ns%1Fouter,ns%1Fin%2Cner")).Ok();
        Assert.Equal(created.Metadata.GetRawText(), loaded.Metadata.GetRawText());
        Assert.Equal(created.MetadataLocation, loaded.MetadataLocation);
        (await Catalog.GetAsync("/namespaces/ns/views/missing")).Error(404, "NoSuchViewException", "View does not exist: ns.missing");
        (await Catalog.GetAsync("/namespaces/missing/views/v")).Error(404, "NoSuchViewException", "View does not exist: missing.v");
        (await Catalog.GetAsync("/namespaces/ns/views/t")).Error(404, "NoSuchViewException", "View does not exist: ns.t");
    }

    [Fact]
    [Trait("Behaviour", "230")]
    public async Task Head_and_drop_know_views_only()
    {
        (await Catalog.CreateViewAsync("ns", "v")).Ok();
        (await Catalog.CreateTableAsync("ns", "t")).Ok();

        (await Catalog.HeadAsync("/namespaces/ns/views/v")).NoContent();
        Assert.Equal(404, (await Catalog.HeadAsync("/namespaces/ns/views/t")).Status);
        (await Catalog.DeleteAsync("/namespaces/ns/views/t")).Error(404, "NoSuchViewException", "View does not exist: ns.t");
        (await Catalog.DeleteAsync("/namespaces/ns/views/v")).NoContent();
        Assert.Equal(404, (await Catalog.HeadAsync("/namespaces/ns/views/v")).Status);
        (await Catalog.DeleteAsync("/namespaces/ns/views/v")).Error(404, "NoSuchViewException", "View does not exist: ns.v");
    }

    [Fact]
    [Trait("Behaviour", "232")]
    public async Task Replace_makes_version_2()
    {
        var uuid = (await Catalog.CreateViewAsync("ns", "v")).Ok().Metadata.GetProperty("view-uuid").GetString()!;
        var schema = Sample.SchemaOf(Sample.Field(1, "id", "long"));

        var reply = (await Catalog.ReplaceViewAsync(
            "ns",
            "v",
            AssertUuid(uuid),
            $$"""{"action":"add-schema","schema":{{schema}}},{"action":"add-view-version","view-version":{{Sample.ViewVersion(2, "select 2", schema: -1)}}},{"action":"set-current-view-version","view-version-id":-1}""")).Ok();

        Assert.Equal(2, reply.Metadata.GetProperty("current-version-id").GetInt32());
        Assert.Equal(1, reply.Metadata.GetProperty("versions")[1].GetProperty("schema-id").GetInt32());
        Assert.Equal([1, 2], LogOf(reply));
        Assert.Contains("/00001-", reply.MetadataLocation, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Behaviour", "233")]
    public async Task Replace_of_another_view_is_409()
    {
        var uuid = (await Catalog.CreateViewAsync("ns", "v")).Ok().Metadata.GetProperty("view-uuid").GetString()!;

        (await Catalog.ReplaceViewAsync("ns", "v", AssertUuid("9c12d441-03fe-4693-9a96-a0705ddf69c1"), Sample.NewViewVersion("select 2")))
            .Error(409, "CommitFailedException", $"Requirement failed: view UUID does not match: expected {uuid} != 9c12d441-03fe-4693-9a96-a0705ddf69c1");
        (await Catalog.ReplaceViewAsync("ns", "missing", "", Sample.NewViewVersion("select 2"))).Error(404, "NoSuchViewException", "View does not exist: ns.missing");
    }

    [Fact]
    [Trait("Behaviour", "234")]
    public async Task An_equal_version_is_used_again()
    {
        (await Catalog.CreateViewAsync("ns", "v")).Ok();
        (await Catalog.ReplaceViewAsync("ns", "v", "", Sample.NewViewVersion("select 2"))).Ok();

        var reply = (await Catalog.ReplaceViewAsync("ns", "v", "", Sample.NewViewVersion("select 1", id: 3))).Ok();

        Assert.Equal(1, reply.Metadata.GetProperty("current-version-id").GetInt32());
        Assert.Equal(2, reply.Metadata.GetProperty("versions").GetArrayLength());
        Assert.Equal([1, 2, 1], LogOf(reply));
    }

    [Fact]
    [Trait("Behaviour", "235")]
    public async Task A_dialect_is_not_lost_unless_that_is_allowed()
    {
        (await Catalog.CreateViewAsync("ns", "v")).Ok();

        (await Catalog.ReplaceViewAsync("ns", "v", "", Sample.NewViewVersion("select 2", "trino"))).Error(400, "ValidationException", "loss of view dialects");
        (await Catalog.ReplaceViewAsync("ns", "v", "", Sample.SetProperty("replace.drop-dialect.allowed", "true") + "," + Sample.NewViewVersion("select 2", "trino"))).Ok();
    }

    [Fact]
    [Trait("Behaviour", "236")]
    public async Task Old_versions_are_forgotten()
    {
        (await Catalog.CreateViewAsync("ns", "v")).Ok();
        (await Catalog.ReplaceViewAsync("ns", "v", "", Sample.SetProperty("version.history.num-entries", "0"))).Error(400, "ValidationException", "version.history.num-entries must be positive but was 0");
        (await Catalog.ReplaceViewAsync("ns", "v", "", Sample.SetProperty("version.history.num-entries", "2"))).Ok();
        Reply? last = null;
        for (var i = 2; i <= 5; i++)
        {
            last = (await Catalog.ReplaceViewAsync("ns", "v", "", Sample.NewViewVersion($"select {i}", id: i))).Ok();
        }

        Assert.Equal([4, 5], last!.Metadata.GetProperty("versions").EnumerateArray().Select(version => version.GetProperty("version-id").GetInt32()).Order());
        Assert.Equal([4, 5], LogOf(last));
    }

    [Fact]
    [Trait("Behaviour", "238")]
    public async Task Properties_and_location_of_views_change()
    {
        (await Catalog.CreateViewAsync("ns", "v")).Ok();

        (await Catalog.ReplaceViewAsync("ns", "v", "", """{"action":"set-properties","updates":{"a":"1","b":"2"}},{"action":"remove-properties","removals":["a"]}""")).Ok();
        var moved = (await Catalog.ReplaceViewAsync("ns", "v", "", $$"""{"action":"set-location","location":"{{Catalog.Base}}/moved"}""")).Ok();

        Assert.Equal("""{"b":"2"}""", moved.Metadata.GetProperty("properties").GetRawText());
        Assert.StartsWith(Catalog.Base + "/moved/metadata/00002-", moved.MetadataLocation, StringComparison.Ordinal);
        (await Catalog.ReplaceViewAsync("ns", "v", "", """{"action":"set-location","location":"s3://elsewhere/v"}""")).Error(403, "ForbiddenException");
        (await Catalog.CreateViewAsync("ns", "w", ""","location":"s3://elsewhere/v" """)).Error(403, "ForbiddenException");
    }

    [Theory]
    [InlineData("""{"action":"add-snapshot","snapshot":{}}""", "add-snapshot")]
    [InlineData("""{"action":"set-default-spec","spec-id":0}""", "set-default-spec")]
    [InlineData("""{"action":"nothing"}""", "nothing")]
    [Trait("Behaviour", "239")]
    public async Task An_update_that_is_none_of_a_view_is_400(string update, string named)
    {
        (await Catalog.CreateViewAsync("ns", "v")).Ok();

        (await Catalog.ReplaceViewAsync("ns", "v", "", update)).Error(400, "BadRequestException", named);
        (await Catalog.ReplaceViewAsync("ns", "v", """{"type":"assert-table-uuid","uuid":"9c12d441-03fe-4693-9a96-a0705ddf69c1"}""", "")).Error(400, "BadRequestException", "assert-table-uuid");
    }

    [Fact]
    [Trait("Behaviour", "241")]
    public async Task A_views_file_can_be_registered()
    {
        var created = (await Catalog.CreateViewAsync("ns", "v")).Ok();
        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        await Catalog.WriteFileAsync(Catalog.Base + "/bad/00000-x.metadata.json", "{}");

        (await RegisterAsync("v", created.MetadataLocation)).Error(409, "AlreadyExistsException", "View already exists: ns.v");
        (await RegisterAsync("t", created.MetadataLocation)).Error(409, "AlreadyExistsException", "Table with same name already exists: ns.t");
        (await RegisterAsync("w", Catalog.Base + "/bad/00000-x.metadata.json")).Error(400, "BadRequestException");
        (await RegisterAsync("w", Catalog.Base + "/none/00000-x.metadata.json")).Error(404, "NotFoundException");
        (await RegisterAsync("w", "s3://elsewhere/00000-x.metadata.json")).Error(403, "ForbiddenException");
        (await Catalog.PostAsync("/namespaces/missing/register-view", """{"name":"w","metadata-location":"x"}""")).Error(404, "NoSuchNamespaceException");

        (await Catalog.DeleteAsync("/namespaces/ns/views/v")).NoContent();
        var reply = (await RegisterAsync("w", created.MetadataLocation)).Ok();
        Assert.Equal(created.MetadataLocation, reply.MetadataLocation);
        Assert.Equal(created.Metadata.GetRawText(), (await Catalog.GetAsync("/namespaces/ns/views/w")).Ok().Metadata.GetRawText());

        Task<Reply> RegisterAsync(string view, string location) => Catalog.PostAsync("/namespaces/ns/register-view", $$"""{"name":"{{view}}","metadata-location":"{{location}}"}""");
    }

    private static string AssertUuid(string uuid) => $$"""{"type":"assert-view-uuid","uuid":"{{uuid}}"}""";

    private static int[] LogOf(Reply reply) => [.. reply.Metadata.GetProperty("version-log").EnumerateArray().Select(entry => entry.GetProperty("version-id").GetInt32())];
}
