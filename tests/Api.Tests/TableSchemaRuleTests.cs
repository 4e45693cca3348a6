namespace Frazil.Api.Tests;

/// <summary>What a schema, spec or order may not be: representatives of the builder's rules, through a create.</summary>
public sealed class TableSchemaRuleTests : CatalogTests
{
    [Fact]
    [Trait("Behaviour", "83")]
    public async Task Two_columns_of_one_name_are_400() =>
        await RefusedAsync(Sample.SchemaOf(Sample.Field(1, "a", "int"), Sample.Field(2, "a", "long")));

    [Theory]
    [InlineData("foo")]
    [InlineData("fixed[x]")]
    [InlineData("decimal(50,2)")]
    [InlineData("decimal(9)")]
    [Trait("Behaviour", "84")]
    public async Task A_type_that_is_none_is_400(string type) => await RefusedAsync(Sample.SchemaOf(Sample.Field(1, "a", type)));

    [Theory]
    [InlineData("variant")]
    [InlineData("timestamp_ns")]
    [InlineData("timestamptz_ns")]
    [InlineData("unknown")]
    [InlineData("geometry(srid:4326)")]
    [Trait("Behaviour", "85")]
    [Trait("Behaviour", "86")]
    public async Task A_type_of_v3_needs_v3(string type)
    {
        var schema = Sample.SchemaOf(Sample.Field(1, "a", type));

        await RefusedAsync(schema, "is not supported until v3");
        (await CreateAsync(schema, ""","properties":{"format-version":"3"}""")).Ok();
    }

    [Fact]
    [Trait("Behaviour", "87")]
    public async Task An_initial_default_needs_v3()
    {
        var schema = Sample.SchemaOf(Sample.Field(1, "a", "int", more: ""","initial-default":5,"write-default":6"""));

        await RefusedAsync(schema, "v3");
        var field = (await CreateAsync(schema, ""","properties":{"format-version":"3"}""")).Ok().Metadata.GetProperty("schemas")[0].GetProperty("fields")[0];
        Assert.Equal(5, field.GetProperty("initial-default").GetInt32());
        Assert.Equal(6, field.GetProperty("write-default").GetInt32());
    }

    [Theory]
    [InlineData("""{"id":1,"name":"a","type":"int","required":false}""", 1)]
    [InlineData("""{"id":1,"name":"a","type":"float","required":true}""", 1)]
    [InlineData("""{"id":1,"name":"a","type":"double","required":true}""", 1)]
    [InlineData("""{"id":1,"name":"a","required":true,"type":{"type":"list","element-id":2,"element":"int","element-required":true}}""", 2)]
    [InlineData("""{"id":1,"name":"a","type":"int","required":true}""", 9)]
    [Trait("Behaviour", "88")]
    public async Task An_identifier_must_be_a_required_exact_column_outside_of_lists(string field, int identifier) =>
        await RefusedAsync($$"""{"type":"struct","identifier-field-ids":[{{identifier}}],"fields":[{{field}}]}""");

    [Theory]
    [InlineData(9, "identity")]
    [InlineData(2, "bucket[4]")]
    [InlineData(3, "year")]
    [InlineData(1, "bucket[0]")]
    [Trait("Behaviour", "89")]
    public async Task A_partition_needs_a_column_that_its_transform_fits(int source, string transform) =>
        await RefusedAsync(
            Sample.SchemaOf(Sample.Field(1, "a", "int"), Sample.Field(2, "d", "double"), Sample.Field(3, "s", "string")),
            more: $$$""","partition-spec":{"fields":[{"source-id":{{{source}}},"name":"p","transform":"{{{transform}}}"}]}""");

    [Fact]
    [Trait("Behaviour", "90")]
    public async Task A_partition_field_may_not_have_the_name_of_another_column()
    {
        var schema = Sample.SchemaOf(Sample.Field(1, "a", "int"), Sample.Field(2, "b", "int"));

        await RefusedAsync(schema, more: ""","partition-spec":{"fields":[{"source-id":1,"name":"b","transform":"bucket[4]"}]}""");
        await RefusedAsync(schema, more: ""","partition-spec":{"fields":[{"source-id":1,"name":"b","transform":"identity"}]}""");
        (await CreateAsync(schema, ""","partition-spec":{"fields":[{"source-id":1,"name":"a","transform":"identity"}]}""")).Ok();
    }

    private Task<Reply> CreateAsync(string schema, string more = "") => Catalog.PostAsync("/namespaces/ns/tables", $$"""{"name":"t","schema":{{schema}}{{more}}}""");

    private async Task RefusedAsync(string schema, string? message = null, string more = "")
    {
        Seam.Clear();
        var reply = await CreateAsync(schema, more);
        Assert.Contains(reply.Json.GetProperty("error").GetProperty("type").GetString(), (string[])["ValidationException", "BadRequestException"]);
        reply.Error(400, reply.Json.GetProperty("error").GetProperty("type").GetString()!, message);
        Assert.DoesNotContain(Seam.Calls, call => call.IsChange);
    }
}
