namespace Frazil.Iceberg.Manifests;

/// <summary>
/// Reads a stream forwards in pieces of <see cref="BufferBytes"/>. A length that the file claims is paid for in memory only as its bytes arrive.
/// </summary>
internal sealed class AvroInput(Stream stream)
{
    private const int BufferBytes = 64 << 10;
    private const int MaxNumberBytes = 10;

    private readonly byte[] buffer = new byte[BufferBytes];
    private int start;
    private int end;

    /// <summary>Bytes read so far.</summary>
    public long Position { get; private set; }

    public async ValueTask<bool> IsAtEndAsync(CancellationToken cancellationToken) => await FillAsync(1, cancellationToken) == 0;

    /// <summary>A number in Avro's encoding of variable length.</summary>
    public async ValueTask<long> ReadLongAsync(CancellationToken cancellationToken)
    {
        var available = await FillAsync(MaxNumberBytes, cancellationToken);
        var length = buffer.AsSpan(start, Math.Min(available, MaxNumberBytes)).IndexOfAnyInRange((byte)0, (byte)0x7F) + 1;
        if (length == 0)
        {
            throw available < MaxNumberBytes ? Truncated() : CatalogException.Validation($"a number is longer than {MaxNumberBytes} bytes");
        }

        var value = new AvroDecoder(buffer.AsSpan(start, length), isCut: false).ReadLong();
        Advance(length);
        return value;
    }

    /// <summary>Reads <paramref name="length"/> bytes into the front of <paramref name="target"/>, or of a larger array in its place.</summary>
    public async ValueTask<byte[]> ReadAsync(byte[] target, int length, CancellationToken cancellationToken)
    {
        var filled = 0;
        while (filled < length)
        {
            if (filled == target.Length)
            {
                Array.Resize(ref target, (int)Math.Min(length, Math.Max(BufferBytes, target.Length * 2L)));
            }

            var read = await ReadSomeAsync(target.AsMemory(filled, Math.Min(length, target.Length) - filled), cancellationToken);
            filled += read > 0 ? read : throw Truncated();
        }

        return target;
    }

    public static CatalogException Truncated() => CatalogException.Validation("the file ends too early");

    private async ValueTask<int> ReadSomeAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        if (start == end && target.Length >= BufferBytes)
        {
            var direct = await stream.ReadAsync(target, cancellationToken);
            Position += direct;
            return direct;
        }

        var count = Math.Min(await FillAsync(1, cancellationToken), target.Length);
        buffer.AsSpan(start, count).CopyTo(target.Span);
        Advance(count);
        return count;
    }

    /// <summary>Tries to have <paramref name="wanted"/> bytes in the buffer; returns how many are there, fewer only at the end of the stream.</summary>
    private async ValueTask<int> FillAsync(int wanted, CancellationToken cancellationToken)
    {
        while (end - start < wanted)
        {
            if (start > 0)
            {
                buffer.AsSpan(start, end - start).CopyTo(buffer);
                (start, end) = (0, end - start);
            }

            var read = await stream.ReadAsync(buffer.AsMemory(end), cancellationToken);
            if (read == 0)
            {
                break;
            }

            end += read;
        }

        return end - start;
    }

    private void Advance(int count)
    {
        start += count;
        Position += count;
    }
}
