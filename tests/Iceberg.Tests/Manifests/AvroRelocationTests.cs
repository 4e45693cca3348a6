namespace Frazil.Iceberg.Manifests;

/// <summary>What other tests trust in when they move the files of others to another place.</summary>
public sealed class AvroRelocationTests
{
    /// <summary>All but one that is not what its schema says (apache/iceberg#17501).</summary>
    public static TheoryData<string> Files => [.. Fixtures.Names.Where(name => name.EndsWith(".avro", StringComparison.Ordinal) && name != "java-types-manifest-0.avro")];

    [Theory]
    [MemberData(nameof(Files))]
    public async Task A_file_that_is_moved_there_and_back_says_the_same_as_before(string name)
    {
        var file = Fixtures.Read(name);
        var away = AvroRelocation.Relocate(file, text => $"elsewhere/{text}");

        Assert.Equal(await PathsAsync(name, file), (await PathsAsync(name, away)).Select(path => path["elsewhere/".Length..]));
        Assert.Equal(AvroRelocation.Relocate(file, text => text), AvroRelocation.Relocate(away, text => text["elsewhere/".Length..]));
    }

    private static async Task<List<string>> PathsAsync(string name, byte[] file)
    {
        if (name.Contains("-list-", StringComparison.Ordinal))
        {
            return await ManifestListReader.ReadAsync(new MemoryStream(file), name, default).Select(manifest => manifest.ManifestPath).ToListAsync();
        }

        using var reader = await ManifestReader.OpenAsync(new MemoryStream(file), new ManifestFile { ManifestPath = name, PartitionSpecId = 0 }, ManifestProjection.Files, default);
        return await reader.ReadAsync(default).Select(entry => entry.DataFile.FilePath).ToListAsync();
    }
}
