using System.Buffers;

namespace Frazil.Iceberg;

/// <summary>
/// A buffer that grows by chunks from the shared pool, so that writing a large document neither copies as it grows nor allocates more than the result.
/// </summary>
internal sealed class PooledChunks : IBufferWriter<byte>, IDisposable
{
    private const int FirstChunk = 4 * 1024;
    private const int LargestChunk = 256 * 1024;

    private readonly List<(byte[] Bytes, int Length)> full = [];
    private byte[] current = [];
    private int used;

    /// <summary>How many bytes have been written.</summary>
    public int Length { get; private set; }

    public void Advance(int count)
    {
        used += count;
        Length = checked(Length + count);
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (current.Length - used < Math.Max(sizeHint, 1))
        {
            NextChunk(sizeHint);
        }

        return current.AsMemory(used);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <summary>Everything written so far, in an array of exactly its size.</summary>
    public byte[] ToArray()
    {
        var result = GC.AllocateUninitializedArray<byte>(Length);
        var at = 0;
        foreach (var (bytes, length) in full)
        {
            bytes.AsSpan(0, length).CopyTo(result.AsSpan(at));
            at += length;
        }

        current.AsSpan(0, used).CopyTo(result.AsSpan(at));
        return result;
    }

    public void Dispose()
    {
        foreach (var (bytes, _) in full)
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }

        full.Clear();
        ReturnCurrent();
    }

    private void NextChunk(int sizeHint)
    {
        if (used > 0)
        {
            full.Add((current, used));
            current = [];
        }

        ReturnCurrent();
        current = ArrayPool<byte>.Shared.Rent(Math.Max(sizeHint, Math.Clamp(Length, FirstChunk, LargestChunk)));
    }

    private void ReturnCurrent()
    {
        if (current.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(current);
        }

        current = [];
        used = 0;
    }
}
