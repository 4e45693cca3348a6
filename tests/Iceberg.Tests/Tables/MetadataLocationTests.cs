using System.Text;

namespace Frazil.Iceberg;

public sealed class MetadataLocationTests
{
    private const string Id = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";

    private static readonly Dictionary<string, string> None = [];

    [Fact]
    [Trait("Behaviour", "99")]
    public void The_first_file_is_number_0_under_metadata()
    {
        Assert.Equal($"s3://b/t/metadata/00000-{Id}.metadata.json", MetadataLocation.First("s3://b/t/", None, 0, Samples.NewUuid).Location);
    }

    [Theory]
    [Trait("Behaviour", "156")]
    [Trait("Behaviour", "207")]
    [InlineData("s3://b/t/metadata/00000-x.metadata.json", "00001")]
    [InlineData("s3://b/t/metadata/00041-x.gz.metadata.json", "00042")]
    [InlineData("s3://elsewhere/99999-x.metadata.json", "100000")]
    [InlineData("00007-x.metadata.json", "00008")]
    [InlineData("s3://b/t/metadata/v3.metadata.json", "00000")]
    [InlineData("s3://b/t/metadata/-1-x.metadata.json", "00000")]
    [InlineData("s3://b/t/metadata/+1-x.metadata.json", "00000")]
    [InlineData("s3://b/t/metadata/2147483647-x.metadata.json", "00000")]
    [InlineData("s3://b/t/metadata/99999999999-x.metadata.json", "00000")]
    [InlineData("s3://b/00005-t/metadata.json", "00000")]
    [InlineData("", "00000")]
    public void The_next_file_is_numbered_from_the_one_before(string previous, string number)
    {
        Assert.Equal($"s3://b/t/metadata/{number}-{Id}.metadata.json", MetadataLocation.Next(previous, "s3://b/t", None, 0, Samples.NewUuid).Location);
    }

    [Fact]
    public void A_metadata_path_of_its_own_replaces_the_folder()
    {
        var properties = new Dictionary<string, string> { ["write.metadata.path"] = "s3://b/meta//" };

        Assert.Equal($"s3://b/meta/00000-{Id}.metadata.json", MetadataLocation.First("s3://b/t", properties, 0, Samples.NewUuid).Location);
    }

    [Theory]
    [Trait("Behaviour", "206")]
    [InlineData("gzip", ".gz.metadata.json", true)]
    [InlineData("GZIP", ".gz.metadata.json", true)]
    [InlineData("none", ".metadata.json", false)]
    [InlineData("None", ".metadata.json", false)]
    public void The_codec_shows_in_the_name(string codec, string extension, bool isGzip)
    {
        var location = MetadataLocation.First("s3://b/t", new Dictionary<string, string> { ["write.metadata.compression-codec"] = codec }, 0, Samples.NewUuid).Location;

        Assert.EndsWith($"{Id}{extension}", location, StringComparison.Ordinal);
        Assert.Equal(isGzip, MetadataLocation.IsGzip(location));
    }

    [Theory]
    [InlineData(null, MetadataLocation.GzipAboveBytes, false)]
    [InlineData(null, MetadataLocation.GzipAboveBytes + 1, true)]
    [InlineData("none", int.MaxValue, false)]
    [InlineData("gzip", 1, true)]
    public void A_large_file_is_compressed_unless_the_properties_say_otherwise(string? codec, int bytes, bool isGzip)
    {
        var properties = codec is null ? None : new Dictionary<string, string> { ["write.metadata.compression-codec"] = codec };

        Assert.Equal(isGzip, MetadataLocation.IsGzip(MetadataLocation.First("s3://b/t", properties, bytes, Samples.NewUuid).Location));
        Assert.Equal(isGzip, MetadataLocation.IsGzip(MetadataLocation.Next("s3://b/t/metadata/00000-x.metadata.json", "s3://b/t", properties, bytes, Samples.NewUuid).Location));
    }

    [Fact]
    [Trait("Behaviour", "206")]
    public void Another_codec_is_refused()
    {
        Samples.Invalid(
            "Invalid write.metadata.compression-codec: lz4",
            () => MetadataLocation.First("s3://b/t", new Dictionary<string, string> { ["write.metadata.compression-codec"] = "lz4" }, 0, Samples.NewUuid));
    }

    [Theory]
    [InlineData("a.metadata.json.gz", true)]
    [InlineData("a.gz.metadata.json", true)]
    [InlineData("a.metadata.json", false)]
    public void Both_spellings_of_a_compressed_files_name_are_known(string location, bool isGzip) => Assert.Equal(isGzip, MetadataLocation.IsGzip(location));

    [Fact]
    [Trait("Behaviour", "155")]
    [Trait("Behaviour", "206")]
    public void A_compressed_file_is_told_by_its_bytes_and_a_plain_one_is_not_copied()
    {
        var json = Samples.TableV2.ToJson();
        var compressed = MetadataLocation.Encode(json);

        Assert.True(compressed.Length < json.Length);
        Assert.Equal(json, MetadataLocation.Decode(compressed, json.Length).ToArray());
        Assert.True(MetadataLocation.Decode(json, json.Length).Span == json);
    }

    [Fact]
    public void What_would_grow_beyond_the_limit_is_refused_as_it_grows()
    {
        var bomb = MetadataLocation.Encode(new byte[50_000_000]);
        var before = GC.GetAllocatedBytesForCurrentThread();

        Samples.Refused(ErrorKind.BadRequest, "larger than the limit of 1000 bytes", () => MetadataLocation.Decode(bomb, 1000));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1_000_000);
        Samples.Refused(ErrorKind.BadRequest, "larger than the limit of 10 bytes", () => MetadataLocation.Decode(new byte[11], 10));
    }

    [Fact]
    public void What_says_that_it_is_too_large_is_refused_before_it_grows_and_what_hides_it_as_it_grows()
    {
        var bomb = MetadataLocation.Encode(new byte[50_000_000]);
        // Nothing of this one can be decompressed: its size is enough.
        byte[] header = [.. bomb.AsSpan(0, 10), .. bomb.AsSpan(bomb.Length - 8)];
        Samples.Refused(ErrorKind.BadRequest, "larger than the limit of 40000000 bytes", () => MetadataLocation.Decode(header, 40_000_000));

        bomb.AsSpan(bomb.Length - 4).Clear();
        Samples.Refused(ErrorKind.BadRequest, "larger than the limit of 40000000 bytes", () => MetadataLocation.Decode(bomb, 40_000_000));
    }

    [Fact]
    public void A_damaged_file_is_refused()
    {
        var compressed = MetadataLocation.Encode(Samples.TableV2.ToJson());
        var garbled = compressed.ToArray();
        garbled.AsSpan(20, 40).Fill(0xAB);

        Samples.Refused(ErrorKind.BadRequest, "Cannot decompress metadata file", () => MetadataLocation.Decode(garbled, int.MaxValue));

        // Half a file is not half a document.
        Samples.Refused(ErrorKind.BadRequest, "Cannot decompress metadata file", () => MetadataLocation.Decode(compressed.AsMemory(0, compressed.Length / 2), int.MaxValue));
    }

    [Fact]
    public void Json_is_written_to_an_array_of_its_size()
    {
        Assert.Equal(Encoding.UTF8.GetByteCount(Encoding.UTF8.GetString(Samples.TableV2.ToJson())), Samples.TableV2.ToJson().Length);
    }
}
