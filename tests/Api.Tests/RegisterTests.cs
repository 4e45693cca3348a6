using System.IO.Compression;
using System.Text;

namespace Frazil.Api.Tests;

public sealed class RegisterTests : CatalogTests
{
    [Fact]
    [Trait("Behaviour", "148")]
    public async Task Register_adopts_a_file_as_it_is()
    {
        var (location, json) = await FileAsync("adopted", "00007-x.metadata.json");

        var reply = (await RegisterAsync("t", location)).Ok();

        Assert.Equal(location, reply.MetadataLocation);
        Assert.Equal(json, reply.Metadata.GetRawText());
        Assert.Equal(location, (await Catalog.LoadTableAsync("ns", "t")).Ok().MetadataLocation);
    }

    [Fact]
    [Trait("Behaviour", "149")]
    public async Task Register_of_an_existing_name_is_409_and_changes_nothing()
    {
        var existing = (await Catalog.CreateTableAsync("ns", "t")).Ok();
        var (location, _) = await FileAsync("adopted", "00000-x.metadata.json");

        (await RegisterAsync("t", location)).Error(409, "AlreadyExistsException", "Table already exists: ns.t");

        Assert.Equal(existing.MetadataLocation, (await Catalog.LoadTableAsync("ns", "t")).Ok().MetadataLocation);
    }

    [Fact]
    [Trait("Behaviour", "150")]
    public async Task Register_with_overwrite_replaces_the_pointer()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        var (location, _) = await FileAsync("adopted", "00000-x.metadata.json");

        var reply = (await RegisterAsync("t", location, ""","overwrite":true""")).Ok();

        Assert.Equal(location, reply.MetadataLocation);
        var loaded = (await Catalog.LoadTableAsync("ns", "t")).Ok();
        Assert.Equal(location, loaded.MetadataLocation);
        Assert.Equal(reply.ETag, loaded.ETag);
        (await RegisterAsync("fresh", (await FileAsync("second", "00000-x.metadata.json")).Location, ""","overwrite":true""")).Ok();
    }

    [Fact]
    [Trait("Behaviour", "151")]
    public async Task Register_under_the_name_of_a_view_is_409_even_with_overwrite()
    {
        (await Catalog.CreateViewAsync("ns", "t")).Ok();
        var (location, _) = await FileAsync("adopted", "00000-x.metadata.json");

        (await RegisterAsync("t", location)).Error(409, "AlreadyExistsException", "View with same name already exists: ns.t");
        (await RegisterAsync("t", location, ""","overwrite":true""")).Error(409, "AlreadyExistsException", "View with same name already exists: ns.t");
    }

    [Fact]
    [Trait("Behaviour", "152")]
    public async Task Register_in_a_missing_namespace_is_404()
    {
        var (location, _) = await FileAsync("adopted", "00000-x.metadata.json");

        (await Catalog.PostAsync("/namespaces/missing/register", $$"""{"name":"t","metadata-location":"{{location}}"}"""))
            .Error(404, "NoSuchNamespaceException", "Namespace does not exist: missing");
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("""{"format-version":9}""")]
    [Trait("Behaviour", "153")]
    public async Task Register_of_a_malformed_file_is_400(string content)
    {
        await Catalog.WriteFileAsync(Catalog.Base + "/bad/00000-x.metadata.json", content);

        (await RegisterAsync("t", Catalog.Base + "/bad/00000-x.metadata.json")).Error(400, "BadRequestException");
        Assert.Empty(await Catalog.NamesAsync("ns"));
    }

    [Fact]
    [Trait("Behaviour", "153")]
    public async Task Register_of_a_missing_file_is_404() =>
        (await RegisterAsync("t", Catalog.Base + "/none/00000-x.metadata.json")).Error(404, "NotFoundException", $"Failed to open input stream for file: {Catalog.Base}/none/00000-x.metadata.json");

    [Theory]
    [InlineData("s3://elsewhere/t/00000-x.metadata.json", 403, "ForbiddenException")]
    [InlineData("memory://warehouse/default/../secret/00000-x.metadata.json", 400, "BadRequestException")]
    [InlineData("memory://warehouse/other/00000-x.metadata.json", 403, "ForbiddenException")]
    [InlineData("not a location", 400, "BadRequestException")]
    [Trait("Behaviour", "154")]
    public async Task Register_outside_of_the_catalog_is_refused_before_anything_is_read(string location, int code, string type)
    {
        Seam.Clear();

        (await RegisterAsync("t", location)).Error(code, type);

        Assert.Equal(0, Seam.Count(CallKind.ReadFile));
    }

    [Theory]
    [InlineData("\"location\":\"BASE/adopted\"", "\"location\":\"s3://elsewhere/adopted\"")]
    [InlineData("\"properties\":{", "\"properties\":{\"write.data.path\":\"s3://elsewhere/adopted\",")]
    [InlineData("\"snapshots\":[]", "\"snapshots\":[SNAPSHOT]")]
    [Trait("Behaviour", "154")]
    public async Task Register_of_a_file_that_leads_out_of_the_catalog_is_403(string part, string replacement)
    {
        var (_, json) = await FileAsync("adopted", "00000-x.metadata.json");
        var snapshot = Sample.Snapshot(1, 1, "s3://elsewhere/adopted");
        var bad = json.Replace(part.Replace("BASE", Catalog.Base, StringComparison.Ordinal), replacement.Replace("SNAPSHOT", snapshot, StringComparison.Ordinal), StringComparison.Ordinal)
            .Replace("\"last-sequence-number\":0", "\"last-sequence-number\":1", StringComparison.Ordinal);
        Assert.NotEqual(json, bad);
        await Catalog.WriteFileAsync(Catalog.Base + "/adopted/00001-y.metadata.json", bad);

        (await RegisterAsync("t", Catalog.Base + "/adopted/00001-y.metadata.json")).Error(403, "ForbiddenException", "s3://elsewhere");
    }

    [Theory]
    [InlineData("00003-x.gz.metadata.json")]
    [InlineData("00003-x.metadata.json.gz")]
    [Trait("Behaviour", "155")]
    public async Task Register_of_a_compressed_file_gives_what_is_in_it(string name)
    {
        var (_, json) = await FileAsync("adopted", "plain.metadata.json");
        using var buffer = new MemoryStream();
        await using (var gzip = new GZipStream(buffer, CompressionLevel.Fastest, leaveOpen: true))
        {
            await gzip.WriteAsync(Encoding.UTF8.GetBytes(json));
        }

        Assert.True(await World.Files.CreateAsync($"{Catalog.Base}/adopted/metadata/{name}", buffer.ToArray(), CancellationToken.None));

        Assert.Equal(json, (await RegisterAsync("t", $"{Catalog.Base}/adopted/metadata/{name}")).Ok().Metadata.GetRawText());
        Assert.Contains("/00004-", (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("k", "v"))).Ok().MetadataLocation, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("00041-x.metadata.json", "/00042-")]
    [InlineData("v3.metadata.json", "/00000-")]
    [InlineData("99999-x.metadata.json", "/100000-")]
    [Trait("Behaviour", "156")]
    public async Task Files_are_numbered_on_after_a_registered_one(string name, string next)
    {
        var (location, _) = await FileAsync("adopted", name);
        (await RegisterAsync("t", location)).Ok();

        var committed = (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("k", "v"))).Ok();

        Assert.Contains(next, committed.MetadataLocation, StringComparison.Ordinal);
        Assert.Equal(location, committed.Metadata.GetProperty("metadata-log")[0].GetProperty("metadata-file").GetString());
    }

    [Fact]
    public async Task Register_of_another_tables_file_is_403()
    {
        var existing = (await Catalog.CreateTableAsync("ns", "a")).Ok();

        (await RegisterAsync("b", existing.MetadataLocation)).Error(403, "ForbiddenException", "conflicts with the location");
    }

    [Fact]
    public async Task A_dropped_table_can_be_registered_again()
    {
        var created = (await Catalog.CreateTableAsync("ns", "t")).Ok();
        (await Catalog.DeleteAsync("/namespaces/ns/tables/t")).NoContent();

        Assert.Equal(created.ETag, (await RegisterAsync("t", created.MetadataLocation)).Ok().ETag);
        (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("k", "v"))).Ok();
    }

    [Fact]
    public async Task A_table_registered_out_of_the_trash_gives_back_every_location_it_had()
    {
        (await Catalog.CreateTableAsync("ns", "t", $""","location":"{Catalog.Base}/first" """)).Ok();
        var moved = (await Catalog.CommitAsync("ns", "t", "", $$"""{"action":"set-location","location":"{{Catalog.Base}}/second"}""")).Ok();
        (await Catalog.DeleteAsync("/namespaces/ns/tables/t")).NoContent();
        (await RegisterAsync("t", moved.MetadataLocation)).Ok();
        (await Catalog.CreateTableAsync("ns", "u", $""","location":"{Catalog.Base}/first" """)).Error(403, "ForbiddenException");

        (await Catalog.SendAsync("POST", "/namespaces/ns/tables/t/unregister", null)).Ok();

        (await Catalog.CreateTableAsync("ns", "u", $""","location":"{Catalog.Base}/first" """)).Ok();
        (await Catalog.CreateTableAsync("ns", "v", $""","location":"{Catalog.Base}/second" """)).Ok();
    }

    /// <summary>A metadata file of a table that no name stands for.</summary>
    private async Task<(string Location, string Json)> FileAsync(string folder, string name)
    {
        var staged = (await Catalog.CreateTableAsync("ns", "elsewhere", $$""","stage-create":true,"location":"{{Catalog.Base}}/{{folder}}" """)).Ok();
        var location = $"{Catalog.Base}/{folder}/metadata/{name}";
        await Catalog.WriteFileAsync(location, staged.Metadata.GetRawText());
        return (location, staged.Metadata.GetRawText());
    }

    private Task<Reply> RegisterAsync(string table, string location, string more = "") =>
        Catalog.PostAsync("/namespaces/ns/register", $$"""{"name":"{{table}}","metadata-location":"{{location}}"{{more}}}""");
}
