using System.Buffers;
using System.IO.Compression;
using Frazil.Iceberg;
using Microsoft.AspNetCore.Http;

namespace Frazil.Api;

/// <summary>
/// Reads a request's body, decompressed, up to a limit. Memory follows what has come and not what was announced: a client that sends a large <c>Content-Length</c> and then nothing
/// costs one small buffer.
/// </summary>
internal static class RequestBody
{
    private const int FirstChunk = 4 * 1024;
    private const int LargestChunk = 1024 * 1024;

    /// <summary>Reads it.</summary>
    /// <param name="http">The request.</param>
    /// <param name="limit">Bytes after decompression, at most.</param>
    /// <exception cref="CatalogException">413 when it is larger; 400 when it is not what its <c>Content-Encoding</c> says; 503 when there is no memory for it now.</exception>
    public static async ValueTask<ReadOnlyMemory<byte>> ReadAsync(HttpContext http, int limit)
    {
        if (http.Request.ContentLength > limit)
        {
            throw TooLarge(limit);
        }

        var encoding = http.Request.Headers.ContentEncoding.ToString();
        try
        {
            return encoding.ToUpperInvariant() switch
            {
                "" or "IDENTITY" => await ReadAllAsync(http.Request.Body, limit, ArrayPool<byte>.Shared, http.RequestAborted),
                "GZIP" or "X-GZIP" => await ReadGzipAsync(http, limit),
                _ => throw CatalogException.BadRequest($"Unsupported Content-Encoding: {RequestTarget.Shorten(encoding)}; send gzip or none"),
            };
        }
        catch (IOException exception) when (exception.InnerException is OverflowException)
        {
            // A chunk whose size has more digits than any size.
            throw new CatalogException(ErrorKind.BadRequest, "The request's body is not in chunks, as its Transfer-Encoding says", exception);
        }
    }

    /// <summary>413.</summary>
    public static CatalogException TooLarge(int limit) => new(ErrorKind.PayloadTooLarge, $"The request's body is larger than the limit of {limit} bytes");

    private static async ValueTask<ReadOnlyMemory<byte>> ReadGzipAsync(HttpContext http, int limit)
    {
        try
        {
            await using var gzip = new GZipStream(http.Request.Body, CompressionMode.Decompress, leaveOpen: true);
            return await ReadAllAsync(gzip, limit, ArrayPool<byte>.Shared, http.RequestAborted);
        }
        catch (InvalidDataException exception)
        {
            throw new CatalogException(ErrorKind.BadRequest, "The request's body is not gzip, as its Content-Encoding says, or not whole", exception);
        }
    }

    internal static async ValueTask<ReadOnlyMemory<byte>> ReadAllAsync(Stream stream, int limit, ArrayPool<byte> pool, CancellationToken cancellationToken)
    {
        List<byte[]> full = [];
        var chunk = pool.Rent(FirstChunk);
        var (length, used) = (0, 0);
        try
        {
            while (await stream.ReadAsync(chunk.AsMemory(used), cancellationToken) is > 0 and var read)
            {
                (length, used) = (length + read, used + read);
                if (length > limit)
                {
                    throw TooLarge(limit);
                }

                if (used == chunk.Length)
                {
                    // As much again as there is: twice it is what the body takes while it is put together.
                    var next = Math.Min(length, LargestChunk);
                    Measures.Current?.Hold(2L * next);
                    var another = pool.Rent(next); // first, so that a failure of it finds each array in one place only
                    full.Add(chunk);
                    (chunk, used) = (another, 0);
                }
            }

            return Join(full, chunk.AsSpan(0, used), length);
        }
        finally
        {
            pool.Return(chunk);
            foreach (var bytes in full)
            {
                pool.Return(bytes);
            }
        }
    }

    private static byte[] Join(List<byte[]> full, ReadOnlySpan<byte> last, int length)
    {
        var body = GC.AllocateUninitializedArray<byte>(length);
        var at = 0;
        foreach (var bytes in full)
        {
            bytes.CopyTo(body.AsSpan(at));
            at += bytes.Length;
        }

        last.CopyTo(body.AsSpan(at));
        return body;
    }
}
