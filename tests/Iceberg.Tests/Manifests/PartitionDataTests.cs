namespace Frazil.Iceberg.Manifests;

public sealed class PartitionDataTests
{
    [Fact]
    public void Tuples_are_compared_by_value()
    {
        var one = new PartitionData(new byte[] { 1, 2 }, null);
        Assert.Equal(one, new PartitionData(new byte[] { 1, 2 }, null));
        Assert.Equal(one.GetHashCode(), new PartitionData(new byte[] { 1, 2 }, null).GetHashCode());
        Assert.NotEqual(one, new PartitionData(new byte[] { 1, 3 }, null));
        Assert.NotEqual(one, new PartitionData(new byte[] { 1, 2 }));
        Assert.NotEqual(PartitionData.Unpartitioned, one);
    }

    [Fact]
    public void Null_is_not_the_empty_string() =>
        Assert.NotEqual(new PartitionData(default(ReadOnlyMemory<byte>?)), new PartitionData(ReadOnlyMemory<byte>.Empty));

    [Theory]
    [InlineData(
        """{"type":"string","logicalType":"uuid"}""",
        "uuid",
        "4866373963336530392d363737632d346262642d613437392d336633343963623738356537",
        "f79c3e09677c4bbda4793f349cb785e7")]
    [InlineData("""{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}""", "decimal(9, 2)", "0800000080", "0080")]
    [InlineData("""{"type":"fixed","name":"d","size":3,"logicalType":"decimal","precision":4,"scale":0}""", "decimal(4, 0)", "ffff7f", "ff7f")]
    [InlineData("""{"type":"fixed","name":"d","size":3,"logicalType":"decimal","precision":4,"scale":0}""", "decimal(4, 0)", "000000", "00")]
    [InlineData("""{"type":"fixed","name":"d","size":3,"logicalType":"decimal","precision":4,"scale":0}""", "decimal(4, 0)", "ffffff", "ff")]
    [InlineData("""{"type":"fixed","name":"f","size":3}""", "fixed[3]", "0600ff", "0600ff")]
    [InlineData("""{"type":"fixed","name":"f","size":3}""", "fixed[3]", "06abcdef", "abcdef")]
    [InlineData("\"null\"", "unknown", "", null)]
    [InlineData("""["string","null"]""", "string", "02", null)]
    [InlineData("""["string","null"]""", "string", "0000", "")]
    public async Task A_value_is_read_into_its_single_value_form(string type, string typeName, string stored, string? expected)
    {
        var schema = AvroSchemas.Manifest($$$"""
            ,{"name":"partition","field-id":102,"type":{"type":"record","name":"r102","fields":[{"name":"p","field-id":1000,"type":{{{type}}}}]}}
            """);
        var file = AvroBytes.File(schema, 1, AvroSchemas.ManifestEntry(), Convert.FromHexString(stored));
        using var reader = await ManifestReader.OpenAsync(
            new MemoryStream(file), new ManifestFile { ManifestPath = "m", PartitionSpecId = 0 }, ManifestProjection.Everything, CancellationToken.None);

        Assert.Equal([new PartitionTypeField(1000, "p", typeName)], reader.PartitionType.Fields);
        var value = Assert.Single((await reader.ReadAsync(CancellationToken.None).SingleAsync()).DataFile.Partition!.Values);
        Assert.Equal(expected, value is { } bytes ? Convert.ToHexStringLower(bytes.Span) : null);
    }
}
