using System.Text.Json;

namespace Frazil.Api.Tests;

public sealed class StagedCreateTests : CatalogTests
{
    [Fact]
    [Trait("Behaviour", "79")]
    [Trait("Behaviour", "131")]
    public async Task A_staged_table_is_described_and_nowhere_to_be_seen()
    {
        var files = await World.ListFilesAsync();

        var reply = await StageAsync();

        Assert.True(!reply.Json.TryGetProperty("metadata-location", out var location) || location.ValueKind == JsonValueKind.Null);
        Assert.True(reply.Metadata.GetProperty("table-uuid").TryGetGuid(out _));
        Assert.StartsWith(Catalog.Base, reply.Metadata.GetProperty("location").GetString(), StringComparison.Ordinal);
        Assert.Empty(await Catalog.NamesAsync("ns"));
        Assert.Equal(404, (await Catalog.HeadAsync("/namespaces/ns/tables/t")).Status);
        (await Catalog.LoadTableAsync("ns", "t")).Error(404, "NoSuchTableException");
        Assert.Equal(files, await World.ListFilesAsync());
    }

    [Fact]
    [Trait("Behaviour", "80")]
    public async Task A_name_can_be_staged_twice()
    {
        var first = await StageAsync();
        var second = await StageAsync();

        Assert.NotEqual(first.Metadata.GetProperty("table-uuid").GetString(), second.Metadata.GetProperty("table-uuid").GetString());
    }

    [Fact]
    [Trait("Behaviour", "81")]
    public async Task Staging_an_existing_table_is_409()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();

        (await Catalog.CreateTableAsync("ns", "t", ""","stage-create":true""")).Error(409, "AlreadyExistsException", "Table already exists: ns.t");
    }

    [Fact]
    [Trait("Behaviour", "98")]
    [Trait("Behaviour", "99")]
    [Trait("Behaviour", "104")]
    public async Task The_commit_makes_what_was_staged()
    {
        var staged = (await StageAsync()).Metadata;
        var uuid = staged.GetProperty("table-uuid").GetString();
        var location = staged.GetProperty("location").GetString();

        var reply = (await CreateAsync($$"""{"action":"assign-uuid","uuid":"{{uuid}}"},{{Sample.CreateUpdates}},{"action":"set-location","location":"{{location}}"}""")).Ok();

        Assert.Equal(uuid, reply.Metadata.GetProperty("table-uuid").GetString());
        Assert.Equal(location, reply.Metadata.GetProperty("location").GetString());
        Assert.Equal("[]", reply.Metadata.GetProperty("metadata-log").GetRawText());
        Assert.StartsWith(location + "/metadata/00000-", reply.MetadataLocation, StringComparison.Ordinal);
        Assert.Equal(["t"], await Catalog.NamesAsync("ns"));
        var loaded = (await Catalog.LoadTableAsync("ns", "t")).Ok();
        Assert.Equal(reply.MetadataLocation, loaded.MetadataLocation);
        Assert.Equal(reply.ETag, loaded.ETag);
    }

    [Fact]
    [Trait("Behaviour", "100")]
    public async Task The_commit_of_a_table_that_exists_is_409()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();

        var message = (await CreateAsync(Sample.CreateUpdates)).Error(409, "CommitFailedException");

        Assert.StartsWith("Requirement failed: table already exists", message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Behaviour", "101")]
    public async Task The_commit_under_the_name_of_a_view_is_409()
    {
        (await Catalog.CreateViewAsync("ns", "t")).Ok();

        (await CreateAsync(Sample.CreateUpdates)).Error(409, "AlreadyExistsException", "View with same name already exists: ns.t");
    }

    [Theory]
    [InlineData("""{"type":"assert-table-uuid","uuid":"9c12d441-03fe-4693-9a96-a0705ddf69c1"}""")]
    [InlineData("""{"type":"assert-current-schema-id","current-schema-id":0}""")]
    [Trait("Behaviour", "102")]
    public async Task Assert_create_stands_alone(string requirement) =>
        (await Catalog.CommitAsync("ns", "t", $"{Sample.AssertCreate},{requirement}", Sample.CreateUpdates)).Error(400, "BadRequestException", "Invalid create requirements");

    [Fact]
    [Trait("Behaviour", "103")]
    public async Task The_commit_in_a_missing_namespace_is_404() =>
        (await Catalog.CommitAsync("missing", "t", Sample.AssertCreate, Sample.CreateUpdates)).Error(404, "NoSuchNamespaceException", "Namespace does not exist: missing");

    [Theory]
    [InlineData(null, 2)]
    [InlineData(1, 1)]
    [InlineData(3, 3)]
    [Trait("Behaviour", "104")]
    public async Task The_first_format_version_is_chosen_freely(int? asked, int version)
    {
        var upgrade = asked is null ? "" : $$"""{"action":"upgrade-format-version","format-version":{{asked}}},""";

        var metadata = (await CreateAsync($$"""{{upgrade}}{"action":"add-schema","schema":{{Sample.Schema}}},{"action":"set-current-schema","schema-id":-1}""")).Ok().Metadata;

        Assert.Equal(version, metadata.GetProperty("format-version").GetInt32());
    }

    [Fact]
    [Trait("Behaviour", "105")]
    public async Task A_table_can_be_made_with_its_first_snapshot()
    {
        var location = Catalog.Base + "/ctas";

        var metadata = (await CreateAsync($$"""{{Sample.CreateUpdates}},{"action":"set-location","location":"{{location}}"},{{Sample.Append(77, 1, location)}}""")).Ok().Metadata;

        Assert.Equal(77, metadata.GetProperty("current-snapshot-id").GetInt64());
        Assert.Equal(77, metadata.GetProperty("refs").GetProperty("main").GetProperty("snapshot-id").GetInt64());
        Assert.Equal(1, metadata.GetProperty("last-sequence-number").GetInt64());
    }

    [Fact]
    [Trait("Behaviour", "106")]
    public async Task Two_schemas_get_the_ids_0_and_1()
    {
        var second = Sample.SchemaOf(Sample.Field(1, "id", "long", required: true), Sample.Field(2, "data", "string"), Sample.Field(3, "more", "int"));

        var metadata = (await CreateAsync($$"""{{Sample.CreateUpdates}},{"action":"add-schema","schema":{{second}}},{"action":"set-current-schema","schema-id":-1}""")).Ok().Metadata;

        Assert.Equal([0, 1], metadata.GetProperty("schemas").EnumerateArray().Select(schema => schema.GetProperty("schema-id").GetInt32()));
        Assert.Equal(1, metadata.GetProperty("current-schema-id").GetInt32());
    }

    [Fact]
    [Trait("Behaviour", "107")]
    public async Task A_table_without_a_schema_is_400()
    {
        (await CreateAsync("""{"action":"set-properties","updates":{"k":"v"}}""")).Error(400, "ValidationException", "schema");

        Assert.Empty(await Catalog.NamesAsync("ns"));
    }

    [Fact]
    [Trait("Behaviour", "108")]
    [Trait("Behaviour", "249")]
    public async Task A_transaction_makes_staged_tables_beside_other_changes()
    {
        (await Catalog.CreateTableAsync("ns", "old")).Ok();
        var body =
            $$$"""
            {"table-changes":[
              {"identifier":{"namespace":["ns"],"name":"new1"},"requirements":[{{{Sample.AssertCreate}}}],"updates":[{{{Sample.CreateUpdates}}}]},
              {"identifier":{"namespace":["ns"],"name":"old"},"requirements":[],"updates":[{{{Sample.SetProperty("k", "v")}}}]},
              {"identifier":{"namespace":["ns"],"name":"new2"},"requirements":[{{{Sample.AssertCreate}}}],"updates":[{{{Sample.CreateUpdates}}}]}]}
            """;

        (await Catalog.PostAsync("/transactions/commit", body)).NoContent();

        Assert.Equal(["new1", "new2", "old"], await Catalog.NamesAsync("ns"));
        Assert.Equal("v", (await Catalog.LoadTableAsync("ns", "old")).Ok().Metadata.GetProperty("properties").GetProperty("k").GetString());
        (await Catalog.PostAsync("/transactions/commit", body)).Error(409, "CommitFailedException", "Requirement failed: table already exists");
    }

    [Fact]
    public async Task A_staged_location_outside_of_the_catalog_is_403() =>
        (await Catalog.CreateTableAsync("ns", "t", ""","stage-create":true,"location":"s3://elsewhere/t" """)).Error(403, "ForbiddenException");

    private async Task<Reply> StageAsync() => (await Catalog.CreateTableAsync("ns", "t", ""","stage-create":true""")).Ok();

    private Task<Reply> CreateAsync(string updates) => Catalog.CommitAsync("ns", "t", Sample.AssertCreate, updates);
}
