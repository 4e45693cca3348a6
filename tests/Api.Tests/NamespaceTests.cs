using System.Text.Json;

namespace Frazil.Api.Tests;

public sealed class NamespaceTestsInMemory() : NamespaceTests(new MemoryWorld());

public sealed class NamespaceTestsEmbedded() : NamespaceTests(new EmbeddedWorld());

public abstract class NamespaceTests(World world) : CatalogTests(world)
{
    [Fact]
    [Trait("Behaviour", "24")]
    public async Task Create_echoes_the_namespace_with_its_properties()
    {
        var reply = (await Catalog.PostAsync("/namespaces", """{"namespace":["a"],"properties":{"k":"v"}}""")).Ok();

        Assert.Equal($$$"""{"namespace":["a"],"properties":{"k":"v","location":"{{{Catalog.Base}}}/a"}}""", reply.Text);
    }

    [Fact]
    [Trait("Behaviour", "25")]
    public async Task Create_without_properties_gives_none() =>
        Assert.Equal($$$"""{"namespace":["a"],"properties":{"location":"{{{Catalog.Base}}}/a"}}""", (await Catalog.PostAsync("/namespaces", """{"namespace":["a"]}""")).Ok().Text);

    [Fact]
    [Trait("Behaviour", "26")]
    public async Task Create_of_an_existing_namespace_is_409() =>
        (await Catalog.CreateNamespaceAsync("ns")).Error(409, "AlreadyExistsException", "Namespace already exists: ns");

    [Theory]
    [InlineData("""{"namespace":[]}""")]
    [InlineData("""{"namespace":null}""")]
    [InlineData("""{}""")]
    [Trait("Behaviour", "27")]
    public async Task Create_without_a_level_is_400(string body) => (await Catalog.PostAsync("/namespaces", body)).Error(400, "BadRequestException");

    [Theory]
    [InlineData("""[""]""")]
    [InlineData("""["a",""]""")]
    [InlineData("""["a",5]""")]
    [InlineData("""["."]""")]
    [InlineData("""[".."]""")]
    [InlineData("""["a\u001fb"]""")]
    [InlineData("""["\ud800"]""")]
    [Trait("Behaviour", "28")]
    public async Task Create_with_a_level_that_is_no_name_is_400(string levels) =>
        (await Catalog.PostAsync("/namespaces", $$"""{"namespace":{{levels}}}""")).Error(400, "BadRequestException");

    [Fact]
    [Trait("Behaviour", "29")]
    public async Task Create_below_an_existing_parent_succeeds()
    {
        (await Catalog.CreateNamespaceAsync("ns", "child")).Ok();

        Assert.Equal($$$"""{"namespace":["ns","child"],"properties":{"location":"{{{Catalog.Base}}}/ns/child"}}""", (await Catalog.GetAsync("/namespaces/ns%1Fchild")).Ok().Text);
    }

    [Fact]
    [Trait("Behaviour", "30")]
    public async Task Create_below_a_missing_parent_is_404() =>
        (await Catalog.CreateNamespaceAsync("missing", "child")).Error(404, "NoSuchNamespaceException", "Namespace does not exist: missing");

    [Theory]
    [InlineData("null")]
    [InlineData("5")]
    [InlineData("{}")]
    [Trait("Behaviour", "31")]
    [Trait("Behaviour", "32")]
    public async Task Create_with_a_property_that_is_no_string_is_400(string value)
    {
        (await Catalog.PostAsync("/namespaces", $$$"""{"namespace":["a"],"properties":{"key":{{{value}}}}}""")).Error(400, "BadRequestException", "key");

        (await Catalog.GetAsync("/namespaces/a")).Error(404, "NoSuchNamespaceException");
    }

    [Fact]
    [Trait("Behaviour", "33")]
    public async Task Load_gives_an_empty_object_where_no_property_is_set() =>
        Assert.Equal($$$"""{"namespace":["ns"],"properties":{"location":"{{{Catalog.Base}}}/ns"}}""", (await Catalog.GetAsync("/namespaces/ns")).Ok().Text);

    [Fact]
    [Trait("Behaviour", "34")]
    public async Task Load_of_a_missing_namespace_is_404() =>
        Assert.Equal("Namespace does not exist: missing", (await Catalog.GetAsync("/namespaces/missing")).Error(404, "NoSuchNamespaceException"));

    [Fact]
    [Trait("Behaviour", "35")]
    public async Task Head_tells_whether_a_namespace_exists()
    {
        (await Catalog.HeadAsync("/namespaces/ns")).NoContent();
        var missing = await Catalog.HeadAsync("/namespaces/missing");
        Assert.Equal(404, missing.Status);
        Assert.Empty(missing.Body);
    }

    [Fact]
    [Trait("Behaviour", "36")]
    public async Task Levels_are_parted_by_1F_in_either_case()
    {
        (await Catalog.CreateNamespaceAsync("ns", "b")).Ok();

        (await Catalog.GetAsync("/namespaces/ns%1Fb")).Ok();
        (await Catalog.GetAsync("/namespaces/ns%1fb")).Ok();
    }

    [Fact]
    [Trait("Behaviour", "37")]
    public async Task Levels_are_parted_by_the_advertised_separator_and_by_1F_alike()
    {
        var dotted = Catalog.Through(await World.StartAsync(new FrazilOptions { NamespaceSeparator = "%2E" }));
        (await Catalog.CreateNamespaceAsync("ns", "b")).Ok();

        (await dotted.GetAsync("/namespaces/ns%2Eb")).Ok();
        (await dotted.GetAsync("/namespaces/ns%2eb")).Ok();
        (await dotted.GetAsync("/namespaces/ns%1Fb")).Ok();
        (await dotted.GetAsync("/namespaces?parent=ns%2Eb")).Ok();
        (await Catalog.GetAsync("/namespaces/ns%2Eb")).Error(404, "NoSuchNamespaceException");
    }

    [Theory]
    [InlineData("a.b", "a.b")]
    [InlineData("a b", "a%20b")]
    [InlineData("a+b", "a%2Bb")]
    [InlineData("50%", "50%25")]
    [InlineData("%2F", "%252F")]
    [InlineData("hütte/雪 𝄞", "h%C3%BCtte%2F%E9%9B%AA%20%F0%9D%84%9E")]
    [InlineData("\"quotes\" & 'more'", "%22quotes%22%20%26%20'more'")]
    [InlineData("a/b", "a%2Fb")]
    [InlineData("tables", "tables")]
    [Trait("Behaviour", "38")]
    [Trait("Behaviour", "39")]
    public async Task Names_of_any_characters_survive(string name, string encoded)
    {
        (await Catalog.CreateNamespaceAsync(name)).Ok();
        (await Catalog.CreateNamespaceAsync(name, name)).Ok();

        Assert.Equal([name], LevelsOf((await Catalog.GetAsync($"/namespaces/{encoded}")).Ok().Json.GetProperty("namespace")));
        Assert.Contains([name], await ListAsync(""));
        Assert.Equal([[name, name]], await ListAsync($"?parent={encoded}"));
        (await Catalog.DeleteAsync($"/namespaces/{encoded}%1F{encoded}")).NoContent();
        (await Catalog.DeleteAsync($"/namespaces/{encoded}")).NoContent();
        Assert.Equal([["ns"]], await ListAsync(""));
    }

    [Theory]
    [InlineData("b+c", "Apache Iceberg 1.10.0 (commit 2114bf631e49af532d66e2ce148ee49dd1dd1f1f)", "b c")]
    [InlineData("b%20c", "Apache Iceberg 1.10.0 (commit 2114bf631e49af532d66e2ce148ee49dd1dd1f1f)", "b c")]
    [InlineData("b%2Bc", "Apache Iceberg 1.10.0 (commit 2114bf631e49af532d66e2ce148ee49dd1dd1f1f)", "b+c")]
    [InlineData("b+c", "0.14.1", "b+c")]
    [InlineData("b+c", null, "b+c")]
    [InlineData("b%2Bc", null, "b+c")]
    [InlineData("b%20c", null, "b c")]
    [Trait("Behaviour", "40")]
    public async Task A_plus_in_a_path_is_a_space_from_Icebergs_Java_client_only(string segment, string? clientVersion, string name)
    {
        (await Catalog.CreateNamespaceAsync(name)).Ok();
        (string, string)[] headers = clientVersion is null ? [] : [("X-Client-Version", clientVersion)];

        var reply = (await Catalog.SendAsync("GET", $"/namespaces/{segment}", null, headers)).Ok();
        Assert.Equal(name, reply.Json.GetProperty("namespace")[0].GetString());
        Assert.Equal(["t"], await TablesOfAsync(segment, headers));

        async Task<string[]> TablesOfAsync(string encoded, (string, string)[] sent)
        {
            (await Catalog.CreateTableAsync(Uri.EscapeDataString(name), "t")).Ok();
            return [.. (await Catalog.SendAsync("GET", $"/namespaces/{encoded}/tables", null, sent)).Ok().Json.GetProperty("identifiers").EnumerateArray().Select(table => table.GetProperty("name").GetString()!)];
        }
    }

    [Theory]
    [InlineData("50%%20off", "50% off")]
    [InlineData("50%", "50%")]
    [InlineData("a%2", "a%2")]
    [InlineData("%zz", "%zz")]
    [InlineData("%%", "%%")]
    [InlineData("%%32F", "%2F")] // once, and never what came of it
    [InlineData("%%25", "%%")]
    [Trait("Behaviour", "40")]
    public async Task A_percent_sign_without_two_hex_digits_stands_for_itself_in_a_name(string segment, string name)
    {
        (await Catalog.PostAsync("/namespaces", $$"""{"namespace":["{{name}}"]}""")).Ok();
        (await Catalog.CreateTableAsync(Uri.EscapeDataString(name), name)).Ok();

        Assert.Equal(name, (await Catalog.GetAsync($"/namespaces/{segment}")).Ok().Json.GetProperty("namespace")[0].GetString());
        (await Catalog.GetAsync($"/namespaces/{segment}/tables/{segment}")).Ok();
        (await Catalog.DeleteAsync($"/namespaces/{segment}/tables/{segment}")).NoContent();
    }

    [Fact]
    [Trait("Behaviour", "53")]
    public async Task A_namespace_shows_where_its_tables_go_and_keeps_only_what_it_was_given()
    {
        var created = (await Catalog.PostAsync("/namespaces", """{"namespace":["a b%"]}""")).Ok();
        var shown = created.Json.GetProperty("properties").GetProperty("location").GetString()!;
        Assert.Equal(created.Text, (await Catalog.GetAsync("/namespaces/a%20b%25")).Ok().Text);
        Assert.StartsWith(shown + "/t-", (await Catalog.CreateTableAsync("a%20b%25", "t")).Ok().Metadata.GetProperty("location").GetString(), StringComparison.Ordinal);

        // What is shown is no property: there is nothing to remove.
        var removed = (await Catalog.PostAsync("/namespaces/a%20b%25/properties", """{"removals":["location"]}""")).Ok();
        Assert.Equal("""{"updated":[],"removed":[],"missing":["location"]}""", removed.Text);

        var given = $"{Catalog.Base}/given/";
        Assert.Equal(given, (await Catalog.PostAsync("/namespaces", $$$"""{"namespace":["b"],"properties":{"location":"{{{given}}}"}}""")).Ok().Json.GetProperty("properties").GetProperty("location").GetString());
        Assert.Equal(given, (await Catalog.GetAsync("/namespaces/b")).Ok().Json.GetProperty("properties").GetProperty("location").GetString());
    }

    [Fact]
    [Trait("Behaviour", "53")]
    [Trait("Behaviour", "54")]
    public async Task Updated_properties_are_told_apart()
    {
        (await Catalog.PostAsync("/namespaces", """{"namespace":["a"],"properties":{"k":"v","gone":"1"}}""")).Ok();

        var reply = (await Catalog.PostAsync("/namespaces/a/properties", """{"updates":{"k":"v2","n":"1"},"removals":["x","gone"]}""")).Ok();

        Assert.Equal("""{"updated":["k","n"],"removed":["gone"],"missing":["x"]}""", reply.Text);
        Assert.Equal($$"""{"k":"v2","n":"1","location":"{{Catalog.Base}}/a"}""", (await Catalog.GetAsync("/namespaces/a")).Ok().Json.GetProperty("properties").GetRawText());
    }

    [Fact]
    [Trait("Behaviour", "55")]
    public async Task A_key_in_updates_and_removals_is_422()
    {
        (await Catalog.PostAsync("/namespaces/ns/properties", """{"updates":{"k":"v","other":"1"},"removals":["k"]}""")).Error(422, "UnprocessableEntityException", "k");

        Assert.Equal($$"""{"location":"{{Catalog.Base}}/ns"}""", (await Catalog.GetAsync("/namespaces/ns")).Ok().Json.GetProperty("properties").GetRawText());
    }

    [Fact]
    [Trait("Behaviour", "56")]
    public async Task Properties_of_a_missing_namespace_are_404() =>
        (await Catalog.PostAsync("/namespaces/missing/properties", """{"updates":{"k":"v"}}""")).Error(404, "NoSuchNamespaceException", "Namespace does not exist: missing");

    [Fact]
    [Trait("Behaviour", "57")]
    public async Task An_empty_update_changes_nothing() =>
        Assert.Equal("""{"updated":[],"removed":[],"missing":[]}""", (await Catalog.PostAsync("/namespaces/ns/properties", "{}")).Ok().Text);

    [Fact]
    [Trait("Behaviour", "58")]
    public async Task Removals_and_updates_are_applied_in_one_batch()
    {
        (await Catalog.PostAsync("/namespaces", """{"namespace":["a"],"properties":{"old":"1"}}""")).Ok();
        Seam.Clear();

        (await Catalog.PostAsync("/namespaces/a/properties", """{"updates":{"new":"1"},"removals":["old"]}""")).Ok();

        Assert.Equal(1, Seam.Count(CallKind.Write));
        Assert.Equal($$"""{"new":"1","location":"{{Catalog.Base}}/a"}""", (await Catalog.GetAsync("/namespaces/a")).Ok().Json.GetProperty("properties").GetRawText());
    }

    [Fact]
    [Trait("Behaviour", "59")]
    public async Task Drop_of_an_empty_namespace_removes_it()
    {
        (await Catalog.DeleteAsync("/namespaces/ns")).NoContent();

        (await Catalog.GetAsync("/namespaces/ns")).Error(404, "NoSuchNamespaceException");
        (await Catalog.CreateNamespaceAsync("ns")).Ok();
    }

    [Fact]
    [Trait("Behaviour", "60")]
    public async Task Drop_of_a_missing_namespace_is_404() =>
        (await Catalog.DeleteAsync("/namespaces/missing")).Error(404, "NoSuchNamespaceException", "Namespace does not exist: missing");

    [Fact]
    [Trait("Behaviour", "61")]
    public async Task Drop_of_a_namespace_with_a_table_is_409()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();

        (await Catalog.DeleteAsync("/namespaces/ns")).Error(409, "NamespaceNotEmptyException", "is not empty");
        (await Catalog.LoadTableAsync("ns", "t")).Ok();
    }

    [Fact]
    [Trait("Behaviour", "62")]
    public async Task Drop_of_a_namespace_with_a_view_is_409()
    {
        (await Catalog.CreateViewAsync("ns", "v")).Ok();

        (await Catalog.DeleteAsync("/namespaces/ns")).Error(409, "NamespaceNotEmptyException", "is not empty");
    }

    [Fact]
    [Trait("Behaviour", "63")]
    public async Task Drop_of_a_namespace_with_a_child_is_409()
    {
        (await Catalog.CreateNamespaceAsync("ns", "child")).Ok();

        (await Catalog.DeleteAsync("/namespaces/ns")).Error(409, "NamespaceNotEmptyException", "is not empty");
        (await Catalog.DeleteAsync("/namespaces/ns%1Fchild")).NoContent();
        (await Catalog.DeleteAsync("/namespaces/ns")).NoContent();
    }

    [Fact]
    public async Task A_namespace_location_outside_of_the_catalog_is_403()
    {
        (await Catalog.PostAsync("/namespaces", """{"namespace":["a"],"properties":{"location":"s3://elsewhere/a"}}""")).Error(403, "ForbiddenException", "s3://elsewhere/a");
        (await Catalog.PostAsync("/namespaces/ns/properties", """{"updates":{"location":"s3://elsewhere/a"}}""")).Error(403, "ForbiddenException");
        (await Catalog.PostAsync("/namespaces/ns/properties", """{"updates":{"location":"nonsense"}}""")).Error(400, "BadRequestException", "scheme");
    }

    private async Task<string[][]> ListAsync(string query) =>
        [.. (await Catalog.GetAsync("/namespaces" + query)).Ok().Json.GetProperty("namespaces").EnumerateArray().Select(LevelsOf)];

    private static string[] LevelsOf(JsonElement levels) => [.. levels.EnumerateArray().Select(level => level.GetString()!)];
}
