using System.Buffers;
using System.Text.Encodings.Web;

namespace Frazil.Api;

/// <summary>
/// How large an answer may be on a host that carries it whole inside a JSON document: as a string of it when it is text, in base64 when it is compressed.
/// Such a host puts this among a request's features; where it is missing, answers of any size are sent.
/// </summary>
/// <param name="host">What has the limit, for the error that it causes.</param>
/// <param name="maxBytes">Bytes that there are for the body, as it is carried.</param>
public sealed class AnswerLimit(string host, long maxBytes)
{
    // A control character becomes \u0000; nothing grows more.
    private const int MaxGrowth = 6;

    private const int MaxUtf8Bytes = 4;
    private const int BufferBytes = 16 * 1024;

    /// <summary>What has the limit.</summary>
    public string Host { get; } = host;

    /// <summary>Bytes that there are for the body, as it is carried.</summary>
    public long MaxBytes { get; } = maxBytes;

    /// <summary>Whether a compressed body fits.</summary>
    public bool FitsBinary(long length) => (length + 2) / 3 * 4 <= MaxBytes;

    /// <summary>Whether a text fits, given in parts that are whole UTF-8 each.</summary>
    public bool FitsText(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third)
    {
        var length = (long)first.Length + second.Length + third.Length;
        return length <= MaxBytes && (length * MaxGrowth <= MaxBytes || EscapedBytes(first) + EscapedBytes(second) + EscapedBytes(third) <= MaxBytes);
    }

    /// <summary>The same where the second part is at hand deflated only. It is counted on the way and not put together: this may be the answer of a change that was made, which no lack of memory undoes.</summary>
    public bool FitsText(ReadOnlySpan<byte> first, DeflatedText second, ReadOnlySpan<byte> third)
    {
        var length = (long)first.Length + second.Length + third.Length;
        return length <= MaxBytes && (length * MaxGrowth <= MaxBytes || EscapedBytes(first) + EscapedBytes(second) + EscapedBytes(third) <= MaxBytes);
    }

    private static long EscapedBytes(DeflatedText text)
    {
        using var stream = text.Open();
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        var (total, kept) = (0L, 0);
        while (stream.Read(buffer.AsSpan(kept)) is > 0 and var read)
        {
            // The last character is counted with what follows it: it may not be whole.
            var whole = kept + read;
            var last = buffer.AsSpan(0, whole).LastIndexOfAnyExceptInRange((byte)0x80, (byte)0xBF);
            if (last >= 0 && whole - last <= MaxUtf8Bytes)
            {
                whole = last;
            }

            total += EscapedBytes(buffer.AsSpan(0, whole));
            kept = kept + read - whole;
            buffer.AsSpan(whole, kept).CopyTo(buffer);
        }

        total += EscapedBytes(buffer.AsSpan(0, kept));
        ArrayPool<byte>.Shared.Return(buffer);
        return total;
    }

    private static long EscapedBytes(ReadOnlySpan<byte> utf8)
    {
        Span<byte> scratch = stackalloc byte[4096];
        var total = 0L;
        while (!utf8.IsEmpty)
        {
            // What a function's serializer uses; the default encoder would escape more.
            var plain = JavaScriptEncoder.UnsafeRelaxedJsonEscaping.FindFirstCharacterToEncodeUtf8(utf8);
            if (plain < 0)
            {
                return total + utf8.Length;
            }

            total += plain;
            utf8 = utf8[plain..];
            var status = JavaScriptEncoder.UnsafeRelaxedJsonEscaping.EncodeUtf8(utf8, scratch, out var consumed, out var written, isFinalBlock: true);
            total += written;
            utf8 = utf8[consumed..];
            if (status is not (OperationStatus.Done or OperationStatus.DestinationTooSmall))
            {
                return total + (utf8.Length * (long)MaxGrowth);
            }
        }

        return total;
    }
}
