using System.Text.Json;
using Frazil.Iceberg;

namespace Frazil.Api.Tests;

public sealed class TableCreateTestsInMemory() : TableCreateTests(new MemoryWorld());

public sealed class TableCreateTestsEmbedded() : TableCreateTests(new EmbeddedWorld());

public abstract class TableCreateTests(World world) : CatalogTests(world)
{
    [Fact]
    [Trait("Behaviour", "65")]
    [Trait("Behaviour", "207")]
    public async Task Create_writes_the_metadata_file_that_it_names()
    {
        var reply = (await Catalog.CreateTableAsync("ns", "t")).Ok();

        Assert.Equal(JsonValueKind.Object, reply.Json.GetProperty("config").ValueKind);
        Assert.Matches(@"/metadata/00000-[0-9a-f-]{36}\.metadata\.json$", reply.MetadataLocation);
        Assert.StartsWith(reply.Metadata.GetProperty("location").GetString() + "/metadata/", reply.MetadataLocation, StringComparison.Ordinal);
        Assert.Equal(reply.Metadata.GetRawText(), await Catalog.ReadFileAsync(reply.MetadataLocation));
    }

    [Fact]
    [Trait("Behaviour", "66")]
    public async Task A_new_table_has_the_defaults_of_format_version_2()
    {
        var metadata = (await Catalog.CreateTableAsync("ns", "t")).Ok().Metadata;

        Assert.Equal(2, metadata.GetProperty("format-version").GetInt32());
        Assert.True(metadata.GetProperty("table-uuid").TryGetGuid(out _));
        Assert.Equal(0, metadata.GetProperty("last-sequence-number").GetInt64());
        Assert.Equal(0, metadata.GetProperty("current-schema-id").GetInt32());
        Assert.Equal(0, metadata.GetProperty("default-spec-id").GetInt32());
        Assert.Equal(0, metadata.GetProperty("default-sort-order-id").GetInt32());
        Assert.Equal(999, metadata.GetProperty("last-partition-id").GetInt32());
        Assert.Equal(-1, metadata.GetProperty("current-snapshot-id").GetInt64());
        Assert.Equal(Clock.Milliseconds, metadata.GetProperty("last-updated-ms").GetInt64());
        foreach (var member in (string[])["snapshots", "snapshot-log", "metadata-log", "statistics", "partition-statistics"])
        {
            Assert.Equal("[]", metadata.GetProperty(member).GetRawText());
        }

        Assert.Equal("{}", metadata.GetProperty("refs").GetRawText());
    }

    [Fact]
    [Trait("Behaviour", "67")]
    [Trait("Behaviour", "68")]
    [Trait("Behaviour", "69")]
    [Trait("Behaviour", "70")]
    public async Task Field_ids_are_given_anew_level_by_level_and_everything_follows_them()
    {
        const string Body =
            """
            {"name":"t","schema":{"type":"struct","identifier-field-ids":[70],"fields":[
              {"id":50,"name":"place","required":false,"type":{"type":"struct","fields":[
                {"id":60,"name":"x","required":true,"type":"double"},
                {"id":61,"name":"tags","required":false,"type":{"type":"list","element-id":62,"element":"string","element-required":true}}]}},
              {"id":70,"name":"id","required":true,"type":"long"},
              {"id":80,"name":"at","required":false,"type":"timestamp"}]},
             "partition-spec":{"spec-id":7,"fields":[{"source-id":80,"field-id":5000,"name":"day","transform":"day"},{"source-id":70,"field-id":5001,"name":"part","transform":"bucket[4]"}]},
             "write-order":{"order-id":9,"fields":[{"source-id":60,"transform":"identity","direction":"desc","null-order":"nulls-last"}]}}
            """;

        var metadata = (await Catalog.PostAsync("/namespaces/ns/tables", Body)).Ok().Metadata;

        var schema = metadata.GetProperty("schemas")[0];
        Assert.Equal([1, 2, 3], schema.GetProperty("fields").EnumerateArray().Select(field => field.GetProperty("id").GetInt32()));
        var place = schema.GetProperty("fields")[0].GetProperty("type");
        Assert.Equal([4, 5], place.GetProperty("fields").EnumerateArray().Select(field => field.GetProperty("id").GetInt32()));
        Assert.Equal(6, place.GetProperty("fields")[1].GetProperty("type").GetProperty("element-id").GetInt32());
        Assert.Equal(6, metadata.GetProperty("last-column-id").GetInt32());
        Assert.Equal("[2]", schema.GetProperty("identifier-field-ids").GetRawText());

        var spec = metadata.GetProperty("partition-specs")[0];
        Assert.Equal(0, spec.GetProperty("spec-id").GetInt32());
        Assert.Equal([3, 2], spec.GetProperty("fields").EnumerateArray().Select(field => field.GetProperty("source-id").GetInt32()));
        Assert.Equal([1000, 1001], spec.GetProperty("fields").EnumerateArray().Select(field => field.GetProperty("field-id").GetInt32()));
        Assert.Equal(1001, metadata.GetProperty("last-partition-id").GetInt32());

        var order = metadata.GetProperty("sort-orders").EnumerateArray().Single(order => order.GetProperty("order-id").GetInt32() == 1);
        Assert.Equal(4, order.GetProperty("fields")[0].GetProperty("source-id").GetInt32());
        Assert.Equal(1, metadata.GetProperty("default-sort-order-id").GetInt32());
    }

    [Fact]
    [Trait("Behaviour", "70")]
    public async Task A_table_without_an_order_is_unsorted()
    {
        var metadata = (await Catalog.CreateTableAsync("ns", "t", ""","write-order":{"order-id":1,"fields":[]}""")).Ok().Metadata;

        Assert.Equal("""[{"order-id":0,"fields":[]}]""", metadata.GetProperty("sort-orders").GetRawText());
    }

    [Theory]
    [InlineData("1", 1)]
    [InlineData("3", 3)]
    [Trait("Behaviour", "71")]
    public async Task The_format_version_property_chooses_and_is_not_stored(string property, int version)
    {
        var metadata = (await Catalog.CreateTableAsync("ns", "t", $$$""","properties":{"format-version":"{{{property}}}","k":"v"}""")).Ok().Metadata;

        Assert.Equal(version, metadata.GetProperty("format-version").GetInt32());
        Assert.False(metadata.GetProperty("properties").TryGetProperty("format-version", out _));
        Assert.Equal("v", metadata.GetProperty("properties").GetProperty("k").GetString());
    }

    [Theory]
    [InlineData("99")]
    [InlineData("0")]
    [InlineData("two")]
    [Trait("Behaviour", "72")]
    public async Task A_format_version_that_is_not_supported_is_400(string property) =>
        (await Catalog.CreateTableAsync("ns", "t", $$$""","properties":{"format-version":"{{{property}}}"}""")).Error(400, "ValidationException");

    [Fact]
    [Trait("Behaviour", "73")]
    public async Task Reserved_properties_are_not_stored()
    {
        const string Reserved =
            """
            ,"properties":{"uuid":"u","snapshot-count":"1","current-snapshot-id":"1","current-snapshot-summary":"s","current-snapshot-timestamp-ms":"1",
            "current-schema":"{}","default-partition-spec":"{}","default-sort-order":"{}","kept":"1"}
            """;

        var metadata = (await Catalog.CreateTableAsync("ns", "t", Reserved)).Ok().Metadata;

        Assert.Equal(["kept", "write.parquet.compression-codec"], metadata.GetProperty("properties").EnumerateObject().Select(property => property.Name).Order());
    }

    [Fact]
    [Trait("Behaviour", "74")]
    public async Task A_location_is_honoured_without_its_trailing_slash()
    {
        var reply = (await Catalog.CreateTableAsync("ns", "t", $""","location":"{Catalog.Base}/mine/" """)).Ok();

        Assert.Equal(Catalog.Base + "/mine", reply.Metadata.GetProperty("location").GetString());
        Assert.StartsWith(Catalog.Base + "/mine/metadata/", reply.MetadataLocation, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("s3://elsewhere/t", 403, "ForbiddenException")]
    [InlineData("BASE-not/t", 403, "ForbiddenException")]
    [InlineData("BASE/../t", 400, "BadRequestException")]
    [InlineData("BASE/a/%2e%2e/t", 400, "BadRequestException")]
    [InlineData("relative/t", 400, "BadRequestException")]
    [InlineData("", 400, "BadRequestException")]
    [Trait("Behaviour", "74")]
    public async Task A_location_that_is_not_allowed_is_refused_before_anything_is_written(string location, int code, string type)
    {
        var before = await World.ListFilesAsync();
        Seam.Clear();

        (await Catalog.CreateTableAsync("ns", "t", $""","location":"{location.Replace("BASE", Catalog.Base, StringComparison.Ordinal)}" """)).Error(code, type);

        Assert.DoesNotContain(Seam.Calls, call => call.IsChange);
        Assert.Equal(before, await World.ListFilesAsync());
    }

    [Theory]
    [InlineData("BASE/a?b&c-0f8c3f7e")]
    [InlineData("BASE/a#b-0f8c3f7e")]
    [InlineData("BASE/50% off; it's <\\\"|\\\">-0f8c3f7e")]
    [Trait("Behaviour", "74")]
    public async Task A_location_that_Trino_makes_of_a_name_is_a_location(string location)
    {
        location = location.Replace("BASE", Catalog.Base, StringComparison.Ordinal);
        var spelled = $"\"{location}\"";
        var reply = (await Catalog.CreateTableAsync("ns", "t", $",\"location\":{spelled}")).Ok();
        Assert.Equal(JsonDocument.Parse(spelled).RootElement.GetString(), reply.Metadata.GetProperty("location").GetString());
        (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("k", "v"))).Ok();
        Assert.Equal("v", (await Catalog.LoadTableAsync("ns", "t")).Ok().Metadata.GetProperty("properties").GetProperty("k").GetString());

        // Nothing was cut off: what stands before the question mark is another place, and the place itself is taken.
        (await Catalog.CreateTableAsync("ns", "u", $",\"location\":\"{Catalog.Base}/a\"")).Ok();
        (await Catalog.CreateTableAsync("ns", "v", $",\"location\":{spelled[..^1]}/below\"")).Error(403, "ForbiddenException");
    }

    [Theory]
    [InlineData("https://account.blob.core.windows.net/c/a?sig=x")]
    [InlineData("https://account.dfs.core.windows.net/c/a#b")]
    [InlineData("abfss://c?d@account.dfs.core.windows.net/a")]
    [InlineData("abfss://c@account.dfs.core.windows.net?x/a")]
    [InlineData("s3://bucket/a*b")]
    [InlineData("s3://buck?et/a")]
    [InlineData("s3://bucket/a\\b")]
    [InlineData("file:///a/%2e%2e/b?c")]
    [Trait("Behaviour", "74")]
    public void A_location_that_could_be_read_in_two_ways_is_refused(string location) =>
        Assert.Equal(ErrorKind.BadRequest, Assert.Throws<CatalogException>(() => Location.Parse(location)).Kind);

    [Theory]
    [InlineData("write.data.path")]
    [InlineData("write.metadata.path")]
    [InlineData("write.object-storage.path")]
    [InlineData("write.folder-storage.path")]
    [Trait("Behaviour", "74")]
    public async Task A_location_in_a_property_is_checked_too(string property) =>
        (await Catalog.CreateTableAsync("ns", "t", $$$""","properties":{"{{{property}}}":"s3://elsewhere/t"}""")).Error(403, "ForbiddenException", property);

    [Fact]
    [Trait("Behaviour", "75")]
    public async Task Without_a_location_a_table_goes_below_its_namespace_under_a_name_of_its_own()
    {
        (await Catalog.PostAsync("/namespaces", $$$"""{"namespace":["placed"],"properties":{"location":"{{{Catalog.Base}}}/here/"}}""")).Ok();

        var first = await LocationAsync("ns");
        var second = await LocationAsync("ns");
        var placed = await LocationAsync("placed");

        Assert.StartsWith(Catalog.Base + "/ns/t-", first, StringComparison.Ordinal);
        Assert.NotEqual(first, second);
        Assert.StartsWith(Catalog.Base + "/here/t-", placed, StringComparison.Ordinal);

        async Task<string> LocationAsync(string @namespace)
        {
            var location = (await Catalog.CreateTableAsync(@namespace, "t")).Ok().Metadata.GetProperty("location").GetString()!;
            (await Catalog.DeleteAsync($"/namespaces/{@namespace}/tables/t")).NoContent();
            return location;
        }
    }

    [Fact]
    [Trait("Behaviour", "76")]
    public async Task Create_of_an_existing_table_is_409()
    {
        var existing = (await Catalog.CreateTableAsync("ns", "t")).Ok();
        var files = await World.ListFilesAsync();

        (await Catalog.CreateTableAsync("ns", "t")).Error(409, "AlreadyExistsException", "Table already exists: ns.t");

        Assert.Equal(existing.MetadataLocation, (await Catalog.LoadTableAsync("ns", "t")).Ok().MetadataLocation);
        Assert.Equal(files, await World.ListFilesAsync());
    }

    [Fact]
    [Trait("Behaviour", "77")]
    public async Task Create_under_the_name_of_a_view_is_409()
    {
        (await Catalog.CreateViewAsync("ns", "t")).Ok();

        (await Catalog.CreateTableAsync("ns", "t")).Error(409, "AlreadyExistsException", "View with same name already exists: ns.t");
    }

    [Fact]
    [Trait("Behaviour", "78")]
    public async Task Create_in_a_missing_namespace_is_404() =>
        (await Catalog.CreateTableAsync("missing", "t")).Error(404, "NoSuchNamespaceException", "Namespace does not exist: missing");

    [Theory]
    [InlineData("""{"schema":{"type":"struct","fields":[]}}""", "name")]
    [InlineData("""{"name":"t"}""", "schema")]
    [InlineData("""{"name":null,"schema":{"type":"struct","fields":[]}}""", "name")]
    [Trait("Behaviour", "82")]
    public async Task Create_without_name_or_schema_is_400_and_says_which(string body, string missing) =>
        (await Catalog.PostAsync("/namespaces/ns/tables", body)).Error(400, "BadRequestException", missing);

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a\u0001b")]
    [Trait("Behaviour", "92")]
    public async Task A_name_that_is_none_is_400(string name) => (await Catalog.CreateTableAsync("ns", name)).Error(400, "BadRequestException", "name");

    [Theory]
    [InlineData("a.b", "a.b")]
    [InlineData("a b", "a%20b")]
    [InlineData("a+b", "a+b")]
    [InlineData("50%", "50%25")]
    [InlineData("a/b", "a%2Fb")]
    [InlineData("雪 𝄞", "%E9%9B%AA%20%F0%9D%84%9E")]
    [Trait("Behaviour", "91")]
    public async Task Names_of_any_characters_survive(string name, string encoded)
    {
        (await Catalog.CreateTableAsync("ns", name)).Ok();

        Assert.Equal([name], await Catalog.NamesAsync("ns"));
        (await Catalog.LoadTableAsync("ns", encoded)).Ok();
        (await Catalog.HeadAsync($"/namespaces/ns/tables/{encoded}")).NoContent();
        (await Catalog.DeleteAsync($"/namespaces/ns/tables/{encoded}")).NoContent();
        Assert.Empty(await Catalog.NamesAsync("ns"));
    }

    [Fact]
    [Trait("Behaviour", "95")]
    public async Task An_unknown_access_delegation_is_ignored() =>
        (await Catalog.CreateTableAsync("ns", "t", "", ("X-Iceberg-Access-Delegation", "telepathy"))).Ok();

    [Fact]
    [Trait("Behaviour", "96")]
    public async Task The_entity_tag_of_a_create_is_that_of_the_load()
    {
        var created = (await Catalog.CreateTableAsync("ns", "t")).Ok();

        Assert.NotNull(created.ETag);
        Assert.Equal(created.ETag, (await Catalog.LoadTableAsync("ns", "t", "?snapshots=all")).Ok().ETag);
    }

    [Fact]
    [Trait("Behaviour", "97")]
    public async Task A_v1_table_has_the_members_of_v1()
    {
        var metadata = (await Catalog.CreateTableAsync("ns", "t", ""","properties":{"format-version":"1"}""")).Ok().Metadata;

        Assert.Equal("struct", metadata.GetProperty("schema").GetProperty("type").GetString());
        Assert.Equal("[]", metadata.GetProperty("partition-spec").GetRawText());
        Assert.False(metadata.TryGetProperty("last-sequence-number", out _));
    }

    [Fact]
    public async Task A_table_whose_location_overlaps_another_tables_is_403()
    {
        (await Catalog.CreateTableAsync("ns", "a", $""","location":"{Catalog.Base}/x/y" """)).Ok();

        foreach (var location in (string[])["/x", "/x/y", "/x/y/z"])
        {
            (await Catalog.CreateTableAsync("ns", "b", $""","location":"{Catalog.Base}{location}" """)).Error(403, "ForbiddenException", "conflicts with the location of another table");
        }

        (await Catalog.CreateTableAsync("ns", "b", $""","location":"{Catalog.Base}/x/yy" """)).Ok();
    }
}
