using System.Buffers.Binary;
using System.IO.Compression;

namespace Frazil;

/// <summary>A text as deflate blocks (RFC 1951), which can be spliced into a gzip stream and read again.</summary>
public sealed class DeflatedText
{
    private const int GzipHeadBytes = 10;
    private const int GzipTailBytes = 8;

    // The blocks, and an empty last one.
    private readonly byte[] bytes;

    private DeflatedText(byte[] bytes, int length)
    {
        this.bytes = bytes;
        Length = length;
    }

    private static ReadOnlySpan<byte> LastBlock => [3, 0];

    /// <summary>Bytes of the text.</summary>
    public int Length { get; }

    /// <summary>Bytes that it takes.</summary>
    public int Size => bytes.Length;

    /// <summary>The blocks, not finished and ending on a byte boundary, so that others can precede and follow.</summary>
    public ReadOnlyMemory<byte> Blocks => bytes.AsMemory(0, bytes.Length - LastBlock.Length);

    /// <summary>Deflates a text.</summary>
    public static DeflatedText Of(ReadOnlyMemory<byte> text)
    {
        using var buffer = new MemoryStream((text.Length / 8) + 64);
        var deflate = new DeflateStream(buffer, CompressionLevel.Fastest, leaveOpen: true);
        deflate.Write(text.Span);
        deflate.Flush();
        var length = (int)buffer.Length;
        var result = new byte[length + LastBlock.Length];
        buffer.GetBuffer().AsSpan(0, length).CopyTo(result);
        LastBlock.CopyTo(result.AsSpan(length));
        deflate.Dispose(); // writes its own last block, after what was taken
        return new(result, text.Length);
    }

    /// <summary>The text, to be read from its beginning.</summary>
    public Stream Open() => new DeflateStream(new MemoryStream(bytes, writable: false), CompressionMode.Decompress);

    /// <summary>The text, made anew.</summary>
    public byte[] ToText()
    {
        var text = GC.AllocateUninitializedArray<byte>(Length);
        using var stream = Open();
        stream.ReadExactly(text);
        return text;
    }

    /// <summary>The text as a gzip file.</summary>
    /// <param name="crc">Its CRC-32.</param>
    public byte[] ToGzip(uint crc)
    {
        var file = new byte[GzipHeadBytes + bytes.Length + GzipTailBytes];
        ReadOnlySpan<byte> head = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255];
        head.CopyTo(file);
        bytes.CopyTo(file.AsSpan(GzipHeadBytes));
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(file.Length - 8), crc);
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(file.Length - 4), (uint)Length);
        return file;
    }
}
