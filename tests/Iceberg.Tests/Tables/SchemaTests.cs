using System.Text;

namespace Frazil.Iceberg;

public sealed class SchemaTests
{
    private const string Nested = """
        {"type": "struct", "schema-id": 0, "fields": [
          {"id": 1, "name": "A", "required": true, "type": {"type": "struct", "fields": [{"id": 2, "name": "b", "required": false, "type": "int"}]}},
          {"id": 3, "name": "l", "required": true, "type": {"type": "list", "element-id": 4, "element-required": true, "element":
            {"type": "struct", "fields": [{"id": 5, "name": "x", "required": false, "type": "int"}]}}},
          {"id": 6, "name": "m", "required": true, "type": {"type": "map", "key-id": 7, "key": "string", "value-id": 8, "value-required": true, "value":
            {"type": "struct", "fields": [{"id": 9, "name": "y", "required": false, "type": "int"}]}}},
          {"id": 10, "name": "d.e", "required": false, "type": "int"},
          {"id": 11, "name": "a", "required": false, "type": "int"}]}
        """;

    [Theory]
    [InlineData("A", 1)]
    [InlineData("A.b", 2)]
    [InlineData("l.element", 4)]
    [InlineData("l.element.x", 5)]
    [InlineData("l.x", 5)]
    [InlineData("m.key", 7)]
    [InlineData("m.value", 8)]
    [InlineData("m.value.y", 9)]
    [InlineData("m.y", 9)]
    [InlineData("d.e", 10)]
    [InlineData("a", 11)]
    [InlineData("b", null)]
    [InlineData("A.B", null)]
    [InlineData("A.", null)]
    [InlineData(".b", null)]
    [InlineData("", null)]
    [InlineData("d", null)]
    [InlineData("element.x", null)]
    public void A_field_is_found_by_its_full_name_or_a_short_one(string name, int? id)
    {
        Assert.Equal(id, Samples.Schema(Nested).Find(name)?.Id);
    }

    [Theory]
    [InlineData("a", 1)]
    [InlineData("a.B", 2)]
    [InlineData("L.ELEMENT.x", 5)]
    [InlineData("L.X", 5)]
    [InlineData("D.E", 10)]
    [InlineData("q", null)]
    public void Without_letter_case_the_first_match_is_meant(string name, int? id)
    {
        Assert.Equal(id, Samples.Schema(Nested).Find(name, caseSensitive: false)?.Id);
    }

    [Fact]
    public void A_field_knows_its_name_and_parent()
    {
        var schema = Samples.Schema(Nested);

        Assert.Equal("m.value.y", schema.FullNameOf(9));
        Assert.Equal([8, 6], [schema.ParentOf(9)!.Id, schema.ParentOf(8)!.Id]);
        Assert.Null(schema.ParentOf(6));
        Assert.Null(schema.FullNameOf(99));
        Assert.Equal(11, schema.HighestFieldId);
    }

    [Theory]
    [InlineData("DECIMAL( 9 , 2 )", "decimal(9, 2)")]
    [InlineData("decimal(38,0)", "decimal(38, 0)")]
    [InlineData("Fixed[ 16 ]", "fixed[16]")]
    [InlineData("geometry", "geometry")]
    [InlineData("geometry(OGC:CRS84)", "geometry")]
    [InlineData("geometry('ogc:crs84')", "geometry")]
    [InlineData("geography(OGC:CRS84, spherical)", "geography")]
    [InlineData("geography('OGC:CRS84', 'spherical')", "geography")]
    [InlineData("geography(OGC:CRS84, karney)", "geography(OGC:CRS84, karney)")]
    [InlineData("geometry('srid:3857')", "geometry('srid:3857')")]
    [InlineData("geometry( srid:3857 )", "geometry(srid:3857)")]
    [InlineData("geometry(a,b)", "geometry(a,b)")]
    [InlineData("geography('srid:4326')", "geography('srid:4326')")]
    [InlineData("Geography( srid:4326 , Karney )", "geography(srid:4326, karney)")]
    [InlineData("timestamptz_ns", "timestamptz_ns")]
    [InlineData("String", "string")]
    public void A_primitive_type_is_read_leniently_and_written_strictly(string text, string written)
    {
        Assert.Equal(written, PrimitiveType.Parse(text).Text);
        Assert.Equal(PrimitiveType.Parse(text), PrimitiveType.Parse(written));
    }

    [Fact]
    public void A_type_of_a_hostile_length_is_refused_at_once()
    {
        Samples.Refused(ErrorKind.BadRequest, "longer than 512 characters", () => PrimitiveType.Parse($"geometry({new string(' ', 5_000_000)}"));
    }

    [Fact]
    public void Long_names_above_many_fields_take_no_more_space_than_their_text()
    {
        var fields = string.Join(",", Enumerable.Range(2, 20_000).Select(id => $$"""{"id": {{id}}, "name": "c{{id}}", "required": false, "type": "int"}"""));
        var json = $$$"""
            {"type": "struct", "fields": [{"id": 1, "name": "{{{new string('n', 1_000_000)}}}", "required": false, "type": {"type": "struct", "fields": [{{{fields}}}]}}]}
            """;
        var schema = Samples.Schema(json);
        var before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Equal(20_001, schema.HighestFieldId);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 20 * json.Length);
    }

    [Fact]
    public void The_deepest_schema_that_can_be_read_can_be_written_and_read_again()
    {
        var type = "\"int\"";
        for (var id = 100; id > 20; id--)
        {
            type = $$$"""{"type": "struct", "fields": [{"id": {{{id}}}, "name": "f", "required": false, "type": {{{type}}}}]}""";
        }

        var table = Samples.NewTable($$$"""{"type": "struct", "fields": [{"id": 1, "name": "f", "required": false, "type": {{{type}}}}]}""");

        Assert.Equal(81, TableMetadata.Parse(table.ToJson()).LastColumnId);
        Assert.Equal(ErrorKind.BadRequest, Assert.Throws<CatalogException>(() =>
        {
            using var document = Json.Parse(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":", 300)) + "1" + new string('}', 300)));
        }).Kind);
    }

    [Theory]
    [InlineData("boolean", "true", "1")]
    [InlineData("int", "-2147483648", "2147483648")]
    [InlineData("long", "9223372036854775807", "9223372036854775808")]
    [InlineData("long", "1", "1.5")]
    [InlineData("float", "1.5", "\"1.5\"")]
    [InlineData("double", "1e300", "\"NaN\"")]
    [InlineData("decimal(4, 2)", "\"-14.20\"", "\"14.2\"")]
    [InlineData("decimal(4, 2)", "\"0.05\"", "\"114.20\"")]
    [InlineData("decimal(4, 2)", "\"14.20\"", "14.20")]
    [InlineData("date", "\"2024-02-29\"", "\"2023-02-29\"")]
    [InlineData("time", "\"22:31:08.123456\"", "\"24:00:00\"")]
    [InlineData("timestamp", "\"2024-01-31T22:31:08.123456\"", "\"2024-01-31T22:31:08+00:00\"")]
    [InlineData("timestamptz", "\"2024-01-31T22:31:08.123456+00:00\"", "\"2024-01-31T22:31:08.123456+01:00\"")]
    [InlineData("timestamp_ns", "\"2024-01-31T22:31:08.123456789\"", "\"x\"")]
    [InlineData("timestamptz_ns", "\"2024-01-31T22:31:08.123456789+00:00\"", "\"T\"")]
    [InlineData("string", "\"\"", "7")]
    [InlineData("uuid", "\"f79c3e09-677c-4bbd-a479-3f349cb785e7\"", "\"f79c3e09\"")]
    [InlineData("fixed[2]", "\"00FF\"", "\"00FF00\"")]
    [InlineData("binary", "\"00ff\"", "\"0\"")]
    public void A_default_is_a_value_of_its_columns_type(string type, string valid, string invalid)
    {
        static string Column(string type, string value) =>
            $$$"""{"type": "struct", "fields": [{"id": 1, "name": "c", "required": false, "type": "{{{type}}}", "write-default": {{{value}}}}]}""";

        Assert.Equal(valid, Samples.NewTable(Column(type, valid), properties: ("format-version", "3")).CurrentSchema.Fields[0].WriteDefault.ToString());
        Samples.Invalid($"Invalid write default for c: {invalid} is no value of type {type}", () => Samples.NewTable(Column(type, invalid), properties: ("format-version", "3")));
    }

    [Theory]
    [InlineData("\"variant\"", "1")]
    [InlineData("\"unknown\"", "1")]
    [InlineData("\"geometry\"", "\"POINT\"")]
    [InlineData("""{"type": "struct", "fields": []}""", """{"1": 2}""")]
    [InlineData("""{"type": "struct", "fields": []}""", "{}")]
    [InlineData("""{"type": "list", "element-id": 2, "element-required": false, "element": "int"}""", "[1]")]
    [InlineData("""{"type": "map", "key-id": 2, "key": "string", "value-id": 3, "value-required": false, "value": "int"}""", """{"keys": ["a"], "values": [1]}""")]
    [InlineData("\"float\"", "1")]
    public void A_default_that_no_column_of_the_type_can_have_is_refused(string type, string value)
    {
        Samples.Invalid(
            "Invalid initial default for c",
            () => Samples.NewTable(
                $$$"""{"type": "struct", "fields": [{"id": 1, "name": "c", "required": false, "type": {{{type}}}, "initial-default": {{{value}}}}]}""",
                properties: ("format-version", "3")));
    }
}
