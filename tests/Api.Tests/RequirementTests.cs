namespace Frazil.Api.Tests;

/// <summary>Requirements of commits: what holds is 200, what does not is 409 and changes nothing.</summary>
public sealed class RequirementTests : CatalogTests
{
    private string uuid = "";
    private Reply table = null!;

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        var created = (await Catalog.CreateTableAsync("ns", "t", ""","partition-spec":{"fields":[{"source-id":1,"name":"p","transform":"bucket[4]"}]}""")).Ok().Metadata;
        uuid = created.GetProperty("table-uuid").GetString()!;
        var location = created.GetProperty("location").GetString()!;
        table = (await Catalog.CommitAsync("ns", "t", "", $"{Sample.Append(10, 1, location)},{Sample.SetRef("tagged", 10, "tag")}")).Ok();
    }

    [Fact]
    [Trait("Behaviour", "158")]
    public async Task Assert_table_uuid()
    {
        await HoldsAsync(Sample.AssertUuid(uuid));
        await HoldsAsync(Sample.AssertUuid(uuid.ToUpperInvariant()));
        await FailsAsync(Sample.AssertUuid("9c12d441-03fe-4693-9a96-a0705ddf69c1"), $"Requirement failed: UUID does not match: expected {uuid} != 9c12d441-03fe-4693-9a96-a0705ddf69c1");
    }

    [Fact]
    [Trait("Behaviour", "159")]
    public async Task Assert_ref_snapshot_id_of_a_branch()
    {
        await HoldsAsync(Sample.AssertRef("main", 10));
        await FailsAsync(Sample.AssertRef("main", 11), "Requirement failed: branch main has changed: expected id 11 != 10");
        await FailsAsync(Sample.AssertRef("main", null), "Requirement failed: branch main was created concurrently");
        await HoldsAsync(Sample.AssertRef("absent", null));
        await FailsAsync(Sample.AssertRef("absent", 10), "Requirement failed: branch or tag absent is missing, expected 10");
    }

    [Fact]
    [Trait("Behaviour", "160")]
    public async Task Assert_ref_snapshot_id_of_a_tag_and_without_an_id()
    {
        await HoldsAsync(Sample.AssertRef("tagged", 10));
        await FailsAsync(Sample.AssertRef("tagged", 11), "Requirement failed: tag tagged has changed: expected id 11 != 10");
        await FailsAsync("""{"type":"assert-ref-snapshot-id","ref":"main"}""", "Requirement failed: branch main was created concurrently");
        await HoldsAsync("""{"type":"assert-ref-snapshot-id","ref":"absent"}""");
    }

    [Theory]
    [InlineData("assert-last-assigned-field-id", "last-assigned-field-id", 2, "last assigned field id")]
    [InlineData("assert-current-schema-id", "current-schema-id", 0, "current schema")]
    [InlineData("assert-last-assigned-partition-id", "last-assigned-partition-id", 1000, "last assigned partition id")]
    [InlineData("assert-default-spec-id", "default-spec-id", 0, "default partition spec")]
    [InlineData("assert-default-sort-order-id", "default-sort-order-id", 0, "default sort order")]
    [Trait("Behaviour", "161")]
    [Trait("Behaviour", "162")]
    [Trait("Behaviour", "163")]
    [Trait("Behaviour", "164")]
    [Trait("Behaviour", "165")]
    public async Task Assert_an_id(string type, string member, int actual, string what)
    {
        await HoldsAsync($$"""{"type":"{{type}}","{{member}}":{{actual}}}""");
        await FailsAsync($$"""{"type":"{{type}}","{{member}}":{{actual + 7}}}""", $"Requirement failed: {what} changed: expected id {actual + 7} != {actual}");
    }

    [Fact]
    [Trait("Behaviour", "166")]
    public async Task A_commit_needs_no_requirement() => await HoldsAsync("");

    [Theory]
    [InlineData("""{"type":"assert-nothing"}""", "assert-nothing")]
    [InlineData("""{"type":"assert-view-uuid","uuid":"9c12d441-03fe-4693-9a96-a0705ddf69c1"}""", "assert-view-uuid")]
    [InlineData("""{"uuid":"9c12d441-03fe-4693-9a96-a0705ddf69c1"}""", "type")]
    [InlineData("""{"type":"assert-table-uuid"}""", "uuid")]
    [InlineData("""{"type":"assert-current-schema-id","current-schema-id":"0"}""", "current-schema-id")]
    [InlineData("5", "requirement")]
    [Trait("Behaviour", "167")]
    public async Task A_requirement_that_is_none_of_a_table_is_400(string requirement, string named) =>
        (await Catalog.CommitAsync("ns", "t", requirement, Sample.SetProperty("k", "v"))).Error(400, "BadRequestException", named);

    [Theory]
    [InlineData("""{"requirements":[]}""", "updates")]
    [InlineData("""{"requirements":[],"updates":null}""", "updates")]
    [InlineData("""{"requirements":{},"updates":[]}""", "requirements")]
    [Trait("Behaviour", "168")]
    public async Task A_commit_has_requirements_and_updates(string body, string missing) =>
        (await Catalog.PostAsync("/namespaces/ns/tables/t", body)).Error(400, "BadRequestException", missing);

    [Theory]
    [InlineData("")]
    [InlineData("\"requirements\":null,")]
    [Trait("Behaviour", "168")]
    public async Task A_commit_without_requirements_has_none(string requirements)
    {
        const string Updates = "\"updates\":[{\"action\":\"set-properties\",\"updates\":{\"k\":\"v\"}}]";
        (await Catalog.PostAsync("/namespaces/ns/tables/t", $$"""{{{requirements}}{{Updates}}}""")).Ok();
        (await Catalog.PostAsync("/transactions/commit", $$$"""{"table-changes":[{"identifier":{"namespace":["ns"],"name":"t"},{{{requirements}}}{{{Updates.Replace("\"v\"", "\"w\"")}}}}]}""")).NoContent();

        Assert.Equal("w", (await Catalog.LoadTableAsync("ns", "t")).Ok().Metadata.GetProperty("properties").GetProperty("k").GetString());
        (await Catalog.PostAsync("/namespaces/ns/tables/missing", $$"""{{{requirements}}{{Updates}}}""")).Error(404, "NoSuchTableException");
    }

    [Theory]
    [InlineData("tables", "ns", "other")]
    [InlineData("tables", "other", "t")]
    [InlineData("tables", "ns", "branch_b")]
    [InlineData("views", "ns", "other")]
    [InlineData("views", "other", "v")]
    [Trait("Behaviour", "168")]
    public async Task A_body_that_names_another_table_than_the_path_is_400_and_nothing_is_committed(string kind, string @namespace, string name)
    {
        Seam.Clear();
        var reply = await Catalog.PostAsync(
            kind == "tables" ? "/namespaces/ns/tables/t" : "/namespaces/ns/views/v",
            $$$"""{"identifier":{"namespace":["{{{@namespace}}}"],"name":"{{{name}}}"},"requirements":[],"updates":[{"action":"set-properties","updates":{"k":"v"}}]}""");

        reply.Error(400, "BadRequestException", $"{@namespace}.{name}");
        Assert.DoesNotContain(Seam.Calls, call => call.IsChange);
        Assert.Equal(table.MetadataLocation, (await Catalog.LoadTableAsync("ns", "t")).Ok().MetadataLocation);
    }

    [Fact]
    [Trait("Behaviour", "168")]
    public async Task A_body_may_name_the_table_of_the_path_or_the_table_of_the_branch_that_Spark_puts_there()
    {
        const string Identifier = "\"identifier\":{\"namespace\":[\"ns\"],\"name\":\"t\"}";
        foreach (var (path, value) in ((string, string)[])[("/namespaces/ns/tables/t", "1"), ("/namespaces/ns%1Ft/tables/branch_b", "2")])
        {
            (await Catalog.PostAsync(path, $$$"""{{{{Identifier}}},"requirements":[],"updates":[{"action":"set-properties","updates":{"k":"{{{value}}}"}}]}""")).Ok();
            Assert.Equal(value, (await Catalog.LoadTableAsync("ns", "t")).Ok().Metadata.GetProperty("properties").GetProperty("k").GetString());
        }

        // Nothing else of the kind: no other name in that place, no other table above it, no path without a body that says so.
        foreach (var (path, status) in ((string, int)[])[("/namespaces/ns%1Ft/tables/b", 400), ("/namespaces/ns%1Fu/tables/branch_b", 400), ("/namespaces/t/tables/branch_b", 400)])
        {
            (await Catalog.PostAsync(path, $$$"""{{{{Identifier}}},"updates":[{"action":"set-properties","updates":{"k":"3"}}]}""")).Error(status, "BadRequestException");
        }

        (await Catalog.PostAsync("/namespaces/ns%1Ft/tables/branch_b", """{"updates":[{"action":"set-properties","updates":{"k":"3"}}]}""")).Error(404, "NoSuchTableException");
        Assert.Equal("2", (await Catalog.LoadTableAsync("ns", "t")).Ok().Metadata.GetProperty("properties").GetProperty("k").GetString());
    }

    [Fact]
    [Trait("Behaviour", "169")]
    public async Task A_requirement_that_fails_changes_nothing()
    {
        var files = await World.ListFilesAsync();
        Seam.Clear();

        await FailsAsync(Sample.AssertRef("main", 11), "Requirement failed");

        Assert.DoesNotContain(Seam.Calls, call => call.IsChange);
        var loaded = (await Catalog.LoadTableAsync("ns", "t")).Ok();
        Assert.Equal(table.MetadataLocation, loaded.MetadataLocation);
        Assert.Equal(table.ETag, loaded.ETag);
        Assert.Equal(files, await World.ListFilesAsync());
    }

    [Fact]
    public async Task One_requirement_that_fails_is_enough() =>
        await FailsAsync($"{Sample.AssertUuid(uuid)},{Sample.AssertRef("main", 11)},{Sample.AssertRef("tagged", 10)}", "branch main has changed");

    private async Task HoldsAsync(string requirement)
    {
        var value = Guid.NewGuid().ToString();

        var reply = (await Catalog.CommitAsync("ns", "t", requirement, Sample.SetProperty("k", value))).Ok();

        Assert.Equal(value, reply.Metadata.GetProperty("properties").GetProperty("k").GetString());
    }

    private async Task FailsAsync(string requirement, string message) =>
        (await Catalog.CommitAsync("ns", "t", requirement, Sample.SetProperty("k", "v"))).Error(409, "CommitFailedException", message);
}
