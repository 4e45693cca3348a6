using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Runtime.InteropServices;

namespace Frazil.Iceberg;

/// <summary>
/// Where a metadata file is: <c>&lt;location&gt;/metadata/00000-&lt;uuid&gt;.metadata.json</c>, with a number that grows by one with every commit. Of tables and views alike.
/// </summary>
public sealed record MetadataLocation
{
    private const string Extension = ".metadata.json";
    private const string GzipExtension = ".gz.metadata.json";
    private const string OldGzipExtension = ".metadata.json.gz";

    /// <summary>Bytes of JSON above which a metadata file is compressed unless its properties say otherwise: then it costs less to store and to read than it takes to pack.</summary>
    public const int GzipAboveBytes = 1024 * 1024;

    private MetadataLocation(string location, int version) => (Location, Version) = (location, version);

    /// <summary>The full location.</summary>
    public string Location { get; }

    /// <summary>The number in the file's name.</summary>
    public int Version { get; }

    /// <summary>The location of the first metadata file.</summary>
    /// <param name="tableLocation">The table's or view's location.</param>
    /// <param name="properties">Its properties, of which <c>write.metadata.path</c> and <c>write.metadata.compression-codec</c> matter.</param>
    /// <param name="bytes">Bytes of the file's JSON, by which it is compressed where the properties leave that open.</param>
    /// <param name="id">A fresh id.</param>
    /// <exception cref="CatalogException">400 when the compression codec is neither none nor gzip.</exception>
    public static MetadataLocation First(string tableLocation, IReadOnlyDictionary<string, string> properties, int bytes, Guid id) =>
        Of(0, tableLocation, properties, bytes, id);

    /// <summary>The location of the metadata file after another one. After a name without a number the count starts anew.</summary>
    /// <param name="previousLocation">The location of the current metadata file.</param>
    /// <param name="tableLocation">The table's or view's location as the new metadata has it.</param>
    /// <param name="properties">Its properties as the new metadata has them.</param>
    /// <param name="bytes">Bytes of the file's JSON, by which it is compressed where the properties leave that open.</param>
    /// <param name="id">A fresh id.</param>
    /// <exception cref="CatalogException">400 when the compression codec is neither none nor gzip.</exception>
    public static MetadataLocation Next(string previousLocation, string tableLocation, IReadOnlyDictionary<string, string> properties, int bytes, Guid id) =>
        Of(VersionOf(previousLocation) + 1, tableLocation, properties, bytes, id);

    /// <summary>Whether the file's name says that it is compressed.</summary>
    public static bool IsGzip(string location) =>
        location.EndsWith(GzipExtension, StringComparison.Ordinal) || location.EndsWith(OldGzipExtension, StringComparison.Ordinal);

    /// <summary>Whether bytes start as gzip does.</summary>
    public static bool IsGzip(ReadOnlySpan<byte> stored) => stored is [0x1f, 0x8b, ..];

    /// <summary>Whether a metadata file of so many bytes is compressed: as the properties ask for, else by its size.</summary>
    /// <exception cref="CatalogException">400 when the codec is neither none nor gzip.</exception>
    public static bool UsesGzip(IReadOnlyDictionary<string, string> properties, int bytes = 0) =>
        properties.GetValueOrDefault(TableProperties.MetadataCompressionCodec) switch
        {
            null => bytes > GzipAboveBytes,
            var codec when codec.Equals("none", StringComparison.OrdinalIgnoreCase) => false,
            var codec when codec.Equals("gzip", StringComparison.OrdinalIgnoreCase) => true,
            var codec => throw CatalogException.Validation($"Invalid {TableProperties.MetadataCompressionCodec}: {codec} (supported: none, gzip)"),
        };

    /// <summary>The JSON in a stored metadata file. Compression is told by the bytes, since not every writer names its files as it should.</summary>
    /// <param name="stored">The file's bytes.</param>
    /// <param name="maxBytes">The size at which uncompressed metadata is refused.</param>
    /// <exception cref="CatalogException">400 when the file is damaged, or its JSON is larger than <paramref name="maxBytes"/>.</exception>
    public static ReadOnlyMemory<byte> Decode(ReadOnlyMemory<byte> stored, int maxBytes)
    {
        if (!IsGzip(stored.Span))
        {
            return stored.Length <= maxBytes ? stored : throw TooLarge(maxBytes);
        }

        // A gzip file ends in its size (RFC 1952: of its last member, modulo 2^32), so most bombs are known before they go off. A false size gets no further than the limit.
        if (stored.Length >= 4 && BinaryPrimitives.ReadUInt32LittleEndian(stored.Span[^4..]) > maxBytes)
        {
            throw TooLarge(maxBytes);
        }

        using var chunks = new PooledChunks();
        try
        {
            using var gzip = new GZipStream(AsStream(stored), CompressionMode.Decompress);
            while (true)
            {
                var read = gzip.Read(chunks.GetSpan(4096));
                if (read == 0)
                {
                    return chunks.ToArray();
                }

                chunks.Advance(read);
                if (chunks.Length > maxBytes)
                {
                    throw TooLarge(maxBytes);
                }
            }
        }
        catch (InvalidDataException exception)
        {
            throw new CatalogException(ErrorKind.BadRequest, $"Cannot decompress metadata file: {exception.Message}", exception);
        }
    }

    /// <summary>Bytes that a gzip file says it has when decompressed (RFC 1952: of its last member, modulo 2^32); no more than <paramref name="maxBytes"/>, where decompressing ends.</summary>
    public static int DecodedLength(ReadOnlySpan<byte> gzip, int maxBytes) => gzip.Length < 4 ? 0 : (int)Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(gzip[^4..]), (uint)maxBytes);

    /// <summary>Bytes compressed with gzip.</summary>
    public static byte[] Encode(ReadOnlyMemory<byte> json)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(json.Span);
        }

        return compressed.ToArray();
    }

    /// <summary>The full location.</summary>
    public override string ToString() => Location;

    private static MetadataLocation Of(int version, string tableLocation, IReadOnlyDictionary<string, string> properties, int bytes, Guid id)
    {
        var folder = properties.TryGetValue(TableProperties.MetadataPath, out var path)
            ? TableLocation.Normalise(path)
            : $"{TableLocation.Normalise(tableLocation)}/metadata";
        var extension = UsesGzip(properties, bytes) ? GzipExtension : Extension;
        return new(string.Create(CultureInfo.InvariantCulture, $"{folder}/{version:D5}-{id}{extension}"), version);
    }

    private static int VersionOf(string location)
    {
        var name = location.AsSpan(location.LastIndexOf('/') + 1);
        var end = name.IndexOf('-');
        return end > 0 && int.TryParse(name[..end], NumberStyles.None, CultureInfo.InvariantCulture, out var version) && version < int.MaxValue ? version : -1;
    }

    private static MemoryStream AsStream(ReadOnlyMemory<byte> bytes) => MemoryMarshal.TryGetArray(bytes, out var segment)
        ? new MemoryStream(segment.Array!, segment.Offset, segment.Count, writable: false)
        : new MemoryStream(bytes.ToArray(), writable: false);

    private static CatalogException TooLarge(int maxBytes) => CatalogException.BadRequest($"Metadata file is larger than the limit of {maxBytes} bytes");
}
