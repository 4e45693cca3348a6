using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using Snappier;
using ZstdSharp;

namespace Frazil.Iceberg.Manifests;

/// <summary>
/// Decodes the blocks of a file (Avro specification, "Required Codecs" and "Optional Codecs"): null, deflate, snappy and zstandard. A block decodes into one
/// buffer that the next block uses again, and to no more than <see cref="ManifestLimits.MaxBlockBytes"/>.
/// </summary>
internal sealed class AvroCodec : IDisposable
{
    /// <summary>The most that snappy makes of a byte: 3 bytes yield at most 64.</summary>
    private const int MaxSnappyRatio = 22;
    private const int MinBuffer = 64 << 10;

    /// <summary>One byte more than is allowed, to tell a block of exactly the limit from a longer one.</summary>
    private const int MaxBuffer = ManifestLimits.MaxBlockBytes + 1;

    private readonly string name;
    private readonly Decompressor? zstandard;
    private byte[] decoded = [];

    /// <param name="name">The codec's name in the file's header (<c>avro.codec</c>).</param>
    /// <exception cref="CatalogException">400 when it is none of the four.</exception>
    public AvroCodec(string name)
    {
        this.name = name is "null" or "deflate" or "snappy" or "zstandard"
            ? name
            : throw CatalogException.Validation($"the codec is none of null, deflate, snappy and zstandard but '{name}'");
        zstandard = name == "zstandard" ? new Decompressor() : null;
    }

    /// <summary>The data of the block that is the first <paramref name="length"/> bytes of <paramref name="block"/>, valid until the next call.</summary>
    /// <exception cref="CatalogException">400 when the block is damaged or decodes to more than the limit.</exception>
    public ReadOnlyMemory<byte> Decode(byte[] block, int length)
    {
        if (name == "null")
        {
            return block.AsMemory(0, length);
        }

        try
        {
            var written = name switch
            {
                "deflate" => Inflate(block, length),
                "snappy" => Unsnap(block.AsSpan(0, length)),
                _ => Unzstd(block.AsSpan(0, length)),
            };
            return written <= ManifestLimits.MaxBlockBytes ? decoded.AsMemory(0, written) : throw TooLong();
        }
        catch (Exception exception) when (exception is not (CatalogException or OutOfMemoryException))
        {
            // Whatever a decompressor makes of damaged bytes, the damage is what happened.
            throw new CatalogException(ErrorKind.Validation, $"a block is no valid {name} data: {exception.Message}", exception);
        }
    }

    /// <inheritdoc />
    public void Dispose() => zstandard?.Dispose();

    /// <summary>Bytes after the end of the compressed data are passed over: PyIceberg leaves three of its checksum there.</summary>
    private int Inflate(byte[] block, int length)
    {
        using var inflate = new DeflateStream(new MemoryStream(block, 0, length, writable: false), CompressionMode.Decompress);
        var filled = 0;
        while (true)
        {
            if (filled == decoded.Length)
            {
                Grow(Math.Max(filled + 1L, Math.Min(length * 2L, MaxBuffer)));
            }

            var read = inflate.Read(decoded, filled, decoded.Length - filled);
            if (read == 0)
            {
                return filled;
            }

            filled += read;
        }
    }

    private int Unsnap(ReadOnlySpan<byte> block)
    {
        if (block.Length < sizeof(uint))
        {
            throw CatalogException.Validation("a snappy block has no checksum");
        }

        var data = block[..^sizeof(uint)];
        var checksum = BinaryPrimitives.ReadUInt32BigEndian(block[^sizeof(uint)..]);
        var claimed = Snappy.GetUncompressedLength(data);
        if (claimed < 0 || claimed > data.Length * (long)MaxSnappyRatio)
        {
            throw CatalogException.Validation($"a snappy block of {data.Length} bytes claims to hold {claimed}");
        }

        Grow(claimed);
        var written = Snappy.Decompress(data, decoded);
        return Crc32.HashToUInt32(decoded.AsSpan(0, written)) == checksum
            ? written
            : throw CatalogException.Validation("the checksum of a snappy block does not match");
    }

    /// <summary>Whole frames at once: unlike streaming, that needs no window, whose size a hostile frame would choose.</summary>
    private int Unzstd(ReadOnlySpan<byte> block)
    {
        Grow(Math.Min(block.Length * 4L, MaxBuffer));
        while (true)
        {
            if (zstandard!.TryUnwrap(block, decoded, out var written))
            {
                return written;
            }

            Grow(decoded.Length + 1L);
        }
    }

    private void Grow(long needed)
    {
        if (needed > MaxBuffer)
        {
            throw TooLong();
        }

        if (needed <= decoded.Length)
        {
            return;
        }

        var size = Math.Max(Math.Max(needed, decoded.Length * 2L), MinBuffer);
        Array.Resize(ref decoded, size >= ManifestLimits.MaxBlockBytes ? MaxBuffer : (int)size);
    }

    private static CatalogException TooLong() => CatalogException.Validation($"a block decodes to more than the limit of {ManifestLimits.MaxBlockBytes} bytes");
}
