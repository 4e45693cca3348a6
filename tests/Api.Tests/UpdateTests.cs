using System.Text.Json;

namespace Frazil.Api.Tests;

/// <summary>Updates of commits, each through HTTP: the code and type of what is refused, and what the stored metadata says of what is not.</summary>
public sealed class UpdateTests : CatalogTests
{
    private string location = "";

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        location = (await Catalog.CreateTableAsync("ns", "t")).Ok().Metadata.GetProperty("location").GetString()!;
    }

    [Fact]
    [Trait("Behaviour", "170")]
    [Trait("Behaviour", "202")]
    public async Task Properties_are_set_and_removed_in_either_spelling()
    {
        (await CommitAsync("""{"action":"set-properties","updates":{"a":"1","b":"2"}}""")).Ok();
        (await CommitAsync("""{"action":"set-properties","updated":{"b":"3","c":"4"}},{"action":"remove-properties","removals":["a","missing"]}""")).Ok();
        (await CommitAsync("""{"action":"remove-properties","removed":["c"]},{"action":"set-properties","updates":{}}""")).Ok();

        Assert.Equal("""{"write.parquet.compression-codec":"zstd","b":"3"}""", (await MetadataAsync()).GetProperty("properties").GetRawText());
    }

    [Theory]
    [InlineData("")]
    [InlineData("""{"action":"set-properties","updates":{}}""")]
    [InlineData("""{"action":"remove-properties","removals":["missing"]}""")]
    [InlineData("""{"action":"set-current-schema","schema-id":0}""")]
    [InlineData("""{"action":"upgrade-format-version","format-version":2}""")]
    [Trait("Behaviour", "171")]
    public async Task A_commit_that_changes_nothing_writes_nothing(string update)
    {
        var before = (await Catalog.LoadTableAsync("ns", "t")).Ok();
        Clock.Advance(TimeSpan.FromSeconds(1));
        Seam.Clear();

        var reply = (await CommitAsync(update)).Ok();

        Assert.Equal(before.MetadataLocation, reply.MetadataLocation);
        Assert.Equal(before.Metadata.GetRawText(), reply.Metadata.GetRawText());
        Assert.Equal(before.ETag, reply.ETag);
        Assert.DoesNotContain(Seam.Calls, call => call.IsChange);
    }

    [Fact]
    [Trait("Behaviour", "172")]
    public async Task A_new_location_gets_the_next_metadata_file()
    {
        var moved = (await CommitAsync($$"""{"action":"set-location","location":"{{Catalog.Base}}/moved/"}""")).Ok();
        Assert.Equal(Catalog.Base + "/moved", moved.Metadata.GetProperty("location").GetString());
        Assert.StartsWith(Catalog.Base + "/moved/metadata/00001-", moved.MetadataLocation, StringComparison.Ordinal);

        var elsewhere = (await CommitAsync(Sample.SetProperty("write.metadata.path", Catalog.Base + "/meta/"))).Ok();
        Assert.StartsWith(Catalog.Base + "/meta/00002-", elsewhere.MetadataLocation, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"action":"set-location","location":"s3://elsewhere/t"}""", "s3://elsewhere/t")]
    [InlineData("""{"action":"set-properties","updates":{"write.data.path":"s3://elsewhere/t"}}""", "write.data.path")]
    [InlineData("""{"action":"set-properties","updates":{"write.metadata.path":"s3://elsewhere/t"}}""", "write.metadata.path")]
    [InlineData("""{"action":"add-snapshot","snapshot":{"snapshot-id":1,"sequence-number":1,"timestamp-ms":1767323045000,"manifest-list":"s3://elsewhere/l.avro","summary":{"operation":"append"}}}""", "manifest-list")]
    [InlineData("""{"action":"set-statistics","statistics":{"snapshot-id":1,"statistics-path":"s3://elsewhere/s.puffin","file-size-in-bytes":1,"file-footer-size-in-bytes":1,"blob-metadata":[]}}""", "statistics-path")]
    [InlineData("""{"action":"set-partition-statistics","partition-statistics":{"snapshot-id":1,"statistics-path":"s3://elsewhere/s.parquet","file-size-in-bytes":1}}""", "statistics-path")]
    [Trait("Behaviour", "172")]
    public async Task A_location_outside_of_the_catalog_is_403_and_nothing_is_written(string update, string named)
    {
        Seam.Clear();

        (await CommitAsync(update)).Error(403, "ForbiddenException", named);

        Assert.DoesNotContain(Seam.Calls, call => call.IsChange);
    }

    [Fact]
    [Trait("Behaviour", "173")]
    public async Task A_uuid_is_given_once()
    {
        var uuid = (await MetadataAsync()).GetProperty("table-uuid").GetString();
        var before = (await Catalog.LoadTableAsync("ns", "t")).Ok().MetadataLocation;

        Assert.Equal(before, (await CommitAsync($$"""{"action":"assign-uuid","uuid":"{{uuid}}"}""")).Ok().MetadataLocation);
        await RefusedAsync("""{"action":"assign-uuid","uuid":"9c12d441-03fe-4693-9a96-a0705ddf69c1"}""", "Cannot reassign uuid");
    }

    [Fact]
    [Trait("Behaviour", "174")]
    public async Task The_format_version_only_grows()
    {
        (await Catalog.CreateTableAsync("ns", "old", ""","properties":{"format-version":"1"}""")).Ok();

        var v2 = (await Catalog.CommitAsync("ns", "old", "", Upgrade(2))).Ok().Metadata;
        Assert.Equal(0, v2.GetProperty("last-sequence-number").GetInt64());
        var v3 = (await Catalog.CommitAsync("ns", "old", "", Upgrade(3))).Ok().Metadata;
        Assert.Equal(0, v3.GetProperty("next-row-id").GetInt64());
        Assert.Equal(JsonValueKind.Null, v3.GetProperty("current-snapshot-id").ValueKind);
        (await Catalog.CommitAsync("ns", "old", "", Upgrade(2))).Error(400, "ValidationException", "Cannot downgrade v3 table to v2");
        (await Catalog.CommitAsync("ns", "old", "", Upgrade(99))).Error(400, "ValidationException", "v99");

        static string Upgrade(int version) => $$"""{"action":"upgrade-format-version","format-version":{{version}}}""";
    }

    [Fact]
    [Trait("Behaviour", "175")]
    [Trait("Behaviour", "176")]
    [Trait("Behaviour", "177")]
    [Trait("Behaviour", "178")]
    public async Task Schemas_get_ids_and_are_reused_and_column_ids_never_shrink()
    {
        var wide = Sample.SchemaOf(Sample.Field(1, "id", "long", required: true), Sample.Field(2, "data", "string"), Sample.Field(3, "more", "int"));

        var grown = (await CommitAsync(AddSchema(wide, ""","last-column-id":1""") + SetLast)).Ok().Metadata;
        Assert.Equal(1, grown.GetProperty("current-schema-id").GetInt32());
        Assert.Equal(3, grown.GetProperty("last-column-id").GetInt32());

        var back = (await CommitAsync(AddSchema(Sample.Schema) + SetLast)).Ok().Metadata;
        Assert.Equal(0, back.GetProperty("current-schema-id").GetInt32());
        Assert.Equal(2, back.GetProperty("schemas").GetArrayLength());
        Assert.Equal(3, back.GetProperty("last-column-id").GetInt32());
    }

    [Fact]
    [Trait("Behaviour", "179")]
    [Trait("Behaviour", "183")]
    public async Task What_is_not_there_cannot_be_made_current()
    {
        await RefusedAsync("""{"action":"set-current-schema","schema-id":7}""", "Cannot set current schema to unknown schema: 7");
        await RefusedAsync("""{"action":"set-current-schema","schema-id":-1}""", "Cannot set last added schema: no schema has been added");
        await RefusedAsync("""{"action":"set-default-spec","spec-id":7}""", "unknown spec: 7");
        await RefusedAsync("""{"action":"set-default-spec","spec-id":-1}""", "Cannot set last added spec: no spec has been added");
        await RefusedAsync("""{"action":"set-default-sort-order","sort-order-id":-1}""", "Cannot set last added sort order: no sort order has been added");
    }

    [Fact]
    [Trait("Behaviour", "180")]
    public async Task The_source_of_the_default_spec_cannot_be_dropped()
    {
        (await CommitAsync(AddSpec(2, "data_p", "truncate[3]") + """,{"action":"set-default-spec","spec-id":-1}""")).Ok();

        await RefusedAsync(AddSchema(Sample.SchemaOf(Sample.Field(1, "id", "long", required: true))) + SetLast, "Cannot find source column for partition field");
    }

    [Fact]
    [Trait("Behaviour", "181")]
    [Trait("Behaviour", "182")]
    [Trait("Behaviour", "184")]
    public async Task Specs_get_ids_are_reused_and_removed()
    {
        var added = (await CommitAsync(AddSpec(1, "p", "bucket[4]") + """,{"action":"set-default-spec","spec-id":-1}""")).Ok().Metadata;
        Assert.Equal(1, added.GetProperty("default-spec-id").GetInt32());
        Assert.Equal(1000, added.GetProperty("last-partition-id").GetInt32());

        await RefusedAsync("""{"action":"remove-partition-specs","spec-ids":[1]}""", "Cannot remove the default partition spec");
        var back = (await CommitAsync("""{"action":"add-spec","spec":{"spec-id":5,"fields":[]}},{"action":"set-default-spec","spec-id":-1}""")).Ok().Metadata;
        Assert.Equal(0, back.GetProperty("default-spec-id").GetInt32());
        Assert.Equal(2, back.GetProperty("partition-specs").GetArrayLength());
        var removed = (await CommitAsync("""{"action":"remove-partition-specs","spec-ids":[1,9]}""")).Ok().Metadata;
        Assert.Equal(1, removed.GetProperty("partition-specs").GetArrayLength());
    }

    [Fact]
    [Trait("Behaviour", "185")]
    public async Task Schemas_but_the_current_one_can_be_removed()
    {
        (await CommitAsync(AddSchema(Sample.SchemaOf(Sample.Field(1, "id", "long", required: true))) + SetLast)).Ok();

        await RefusedAsync("""{"action":"remove-schemas","schema-ids":[1]}""", "Cannot remove the current schema");
        var removed = (await CommitAsync("""{"action":"remove-schemas","schema-ids":[0,9]}""")).Ok().Metadata;
        Assert.Equal(1, removed.GetProperty("schemas").GetArrayLength());
    }

    [Fact]
    [Trait("Behaviour", "186")]
    public async Task Sort_orders_get_ids_and_are_reused()
    {
        const string Order = """{"action":"add-sort-order","sort-order":{"order-id":9,"fields":[{"source-id":1,"transform":"identity","direction":"asc","null-order":"nulls-first"}]}},{"action":"set-default-sort-order","sort-order-id":-1}""";

        Assert.Equal(1, (await CommitAsync(Order)).Ok().Metadata.GetProperty("default-sort-order-id").GetInt32());
        var unsorted = (await CommitAsync("""{"action":"add-sort-order","sort-order":{"order-id":0,"fields":[]}},{"action":"set-default-sort-order","sort-order-id":-1}""")).Ok().Metadata;
        Assert.Equal(0, unsorted.GetProperty("default-sort-order-id").GetInt32());
        var again = (await CommitAsync(Order)).Ok().Metadata;
        Assert.Equal(1, again.GetProperty("default-sort-order-id").GetInt32());
        Assert.Equal(2, again.GetProperty("sort-orders").GetArrayLength());
    }

    [Fact]
    [Trait("Behaviour", "199")]
    [Trait("Behaviour", "200")]
    public async Task Statistics_are_one_of_each_kind_for_a_snapshot()
    {
        for (var size = 1; size <= 2; size++)
        {
            (await CommitAsync(
                $$$"""{"action":"set-statistics","snapshot-id":1,"statistics":{"snapshot-id":1,"statistics-path":"{{{location}}}/s{{{size}}}","file-size-in-bytes":{{{size}}},"file-footer-size-in-bytes":1,"blob-metadata":[]}},"""
                + $$$"""{"action":"set-partition-statistics","partition-statistics":{"snapshot-id":1,"statistics-path":"{{{location}}}/p{{{size}}}","file-size-in-bytes":{{{size}}}}}""")).Ok();
        }

        var metadata = await MetadataAsync();
        Assert.Equal(2, Assert.Single(metadata.GetProperty("statistics").EnumerateArray()).GetProperty("file-size-in-bytes").GetInt32());
        Assert.Equal(2, Assert.Single(metadata.GetProperty("partition-statistics").EnumerateArray()).GetProperty("file-size-in-bytes").GetInt32());

        var removed = (await CommitAsync("""{"action":"remove-statistics","snapshot-id":1},{"action":"remove-partition-statistics","snapshot-id":1}""")).Ok().Metadata;
        Assert.Equal("[]", removed.GetProperty("statistics").GetRawText());
        Assert.Equal("[]", removed.GetProperty("partition-statistics").GetRawText());
    }

    [Fact]
    [Trait("Behaviour", "201")]
    public async Task Encryption_keys_are_added_once_and_removed()
    {
        (await CommitAsync("""{"action":"upgrade-format-version","format-version":3}""")).Ok();
        const string Key = """{"action":"add-encryption-key","encryption-key":{"key-id":"k","encrypted-key-metadata":"YQ=="}}""";

        Assert.Single((await CommitAsync($"{Key},{Key}")).Ok().Metadata.GetProperty("encryption-keys").EnumerateArray());
        var removed = (await CommitAsync("""{"action":"remove-encryption-key","key-id":"k"},{"action":"remove-encryption-key","key-id":"missing"}""")).Ok().Metadata;
        Assert.False(removed.TryGetProperty("encryption-keys", out var keys) && keys.GetArrayLength() > 0);
    }

    [Theory]
    [InlineData("""{"action":"do-something"}""", "do-something")]
    [InlineData("""{"action":"add-view-version","view-version":{}}""", "add-view-version")]
    [InlineData("""{"updates":{}}""", "action")]
    [InlineData("""{"action":"set-properties"}""", "updates")]
    [InlineData("""{"action":"set-properties","updates":{"k":5}}""", "k")]
    [InlineData("""{"action":"add-schema"}""", "schema")]
    [InlineData("""{"action":"remove-snapshots","snapshot-ids":["1"]}""", "snapshot-ids")]
    [InlineData("\"set-properties\"", "update")]
    [Trait("Behaviour", "203")]
    public async Task An_update_that_is_none_of_a_table_is_400(string update, string named) => (await CommitAsync(update)).Error(400, "BadRequestException", named);

    [Fact]
    public async Task An_update_that_is_refused_takes_the_others_with_it()
    {
        await RefusedAsync(Sample.SetProperty("k", "v") + """,{"action":"set-current-schema","schema-id":7}""", "unknown schema");

        Assert.False((await MetadataAsync()).GetProperty("properties").TryGetProperty("k", out _));
    }

    [Fact]
    [Trait("Limit", nameof(Limits.MaxTableLocations))]
    public async Task A_table_can_be_moved_only_so_often()
    {
        for (var i = 1; i < Limits.MaxTableLocations; i++)
        {
            (await CommitAsync($$"""{"action":"set-location","location":"{{Catalog.Base}}/moved{{i}}"}""")).Ok();
        }

        await RefusedAsync($$"""{"action":"set-location","location":"{{Catalog.Base}}/once-more"}""", $"{Limits.MaxTableLocations}");
        (await Catalog.DeleteAsync("/namespaces/ns/tables/t")).NoContent();
    }

    private const string SetLast = """,{"action":"set-current-schema","schema-id":-1}""";

    private static string AddSchema(string schema, string more = "") => $$"""{"action":"add-schema","schema":{{schema}}{{more}}}""";

    private static string AddSpec(int source, string name, string transform) =>
        $$$"""{"action":"add-spec","spec":{"spec-id":1,"fields":[{"source-id":{{{source}}},"name":"{{{name}}}","transform":"{{{transform}}}"}]}}""";

    private Task<Reply> CommitAsync(string updates) => Catalog.CommitAsync("ns", "t", "", updates);

    private async Task<JsonElement> MetadataAsync() => (await Catalog.LoadTableAsync("ns", "t")).Ok().Metadata;

    private async Task RefusedAsync(string updates, string message) => (await CommitAsync(updates)).Error(400, "ValidationException", message);
}
