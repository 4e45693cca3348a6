using System.Text;

namespace Frazil.Iceberg;

/// <summary>A registered file is anybody's: whatever it holds, the answer is a sentence and never a crash.</summary>
public sealed class HostileMetadataTests
{
    public static TheoryData<string, string> Defects
    {
        get
        {
            var defects = new TheoryData<string, string>();
            foreach (var file in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Fixtures"), "TableMetadata*.json").Order(StringComparer.Ordinal))
            {
                // The first line of a fixture is a comment that holds the message.
                var lines = File.ReadAllLines(file);
                defects.Add(Path.GetFileNameWithoutExtension(file), lines[0][3..]);
            }

            return defects;
        }
    }

    [Theory]
    [MemberData(nameof(Defects))]
    public void Invalid_metadata_is_refused_in_words(string fixture, string message)
    {
        var document = string.Join('\n', File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Fixtures", fixture + ".json")).Skip(1));

        Samples.Refused(ErrorKind.BadRequest, message, () => Samples.Parse(document));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("{\"format-version\": 2} {}")]
    [InlineData("{\"format-version\": 2147483648}")]
    public void What_is_no_metadata_is_refused(string document)
    {
        Assert.Equal(ErrorKind.BadRequest, Assert.Throws<CatalogException>(() => Samples.Parse(document)).Kind);
    }

    [Fact]
    public void Bytes_that_are_not_UTF8_are_refused()
    {
        var bytes = Encoding.UTF8.GetBytes(Samples.V2);
        bytes[Array.IndexOf(bytes, (byte)'a')] = 0xFF;

        Samples.Refused(ErrorKind.BadRequest, "not valid UTF-8", () => TableMetadata.Parse(bytes));
    }

    [Fact]
    public void Unpaired_surrogates_are_refused()
    {
        Samples.Refused(ErrorKind.BadRequest, "surrogate", () => Samples.Parse(Samples.V2.Replace("\"ann\"", "\"\\ud800\"", StringComparison.Ordinal)));
        Samples.Refused(ErrorKind.BadRequest, "surrogate", () => Samples.Parse(Samples.V2.Replace("\"owner\"", "\"\\ud800\"", StringComparison.Ordinal)));
        Samples.Refused(ErrorKind.BadRequest, "surrogate", () => Samples.Parse(Samples.V2.Replace("\"first\"", "\"\\ud800\"", StringComparison.Ordinal)));
        Samples.Refused(ErrorKind.BadRequest, "surrogate", () => Samples.Parse(Samples.V2.Replace("snap-1", "\\ud800", StringComparison.Ordinal)));
    }

    [Fact]
    public void Nesting_beyond_the_limit_is_refused()
    {
        var deep = string.Concat(Enumerable.Repeat("[", 10_000));

        Assert.Equal(ErrorKind.BadRequest, Assert.Throws<CatalogException>(() => Samples.Parse($$"""{"x": {{deep}}""")).Kind);
    }

    /// <summary>Every member of a valid document, at every level, replaced by each of a set of wrong values, or left out.</summary>
    [Theory]
    [InlineData(Samples.V2)]
    [InlineData(Samples.EarlyV1)]
    public void No_wrong_member_crashes(string document)
    {
        Mutants.Survive(document, mutant =>
        {
            var metadata = Samples.Parse(mutant);
            metadata.ReadFully();
            _ = metadata.Locations().Count();
            _ = metadata.WithReferencedSnapshotsOnly();
            _ = TableMetadata.Parse(metadata.ToJson());
            _ = Samples.Change(metadata, """{"action": "set-properties", "updates": {"k": "v"}}""", Samples.AddSnapshot(99, 0), Samples.SetMain(99));
        });
    }
}
