using System.Buffers.Binary;
using Frazil.Iceberg;
using Microsoft.AspNetCore.Http;

namespace Frazil.Api;

/// <summary>
/// An answer: a status and the pieces of a body. Large metadata is never copied nor parsed on its way out: the answer is spliced around the stored bytes,
/// and around their deflated form when the client accepts gzip.
/// </summary>
public sealed class Answer
{
    /// <summary>Bodies below this many bytes are not worth compressing.</summary>
    public const int MinGzipBytes = 8 * 1024;

    // Large bodies are written in slices, so that a slow client holds back the server's buffers and not the server's memory.
    private const int Slice = 64 * 1024;

    /// <summary>Answers that are not worth counting.</summary>
    private const int SmallBytes = 64 * 1024;

    // Header and trailer of a gzip member, and the heads of the stored blocks around the metadata.
    private const int GzipFrameBytes = 10 + 8 + (5 * 4);

    private static readonly KeyValuePair<string, object?> Plain = new("gz", "false");
    private static readonly KeyValuePair<string, object?> Gzipped = new("gz", "true");

    private readonly ReadOnlyMemory<byte> before;
    private readonly MetadataDocument? middle;
    private readonly ReadOnlyMemory<byte> after;

    private Answer(int status, ReadOnlyMemory<byte> before = default, MetadataDocument? middle = null, ReadOnlyMemory<byte> after = default)
    {
        Status = status;
        this.before = before;
        this.middle = middle;
        this.after = after;
    }

    /// <summary>204 and no body.</summary>
    public static Answer NoContent { get; } = new(StatusCodes.Status204NoContent);

    /// <summary>The HTTP status.</summary>
    public int Status { get; }

    /// <summary>The entity tag, in its quotes, or null.</summary>
    public string? ETag { get; init; }

    /// <summary>Whether the body is something else than JSON.</summary>
    public string ContentType { get; init; } = "application/json";

    /// <summary>Whole seconds after which a throttled client may try again, or null.</summary>
    public int? RetryAfter { get; init; }

    /// <summary>The methods that the path does allow, for a 405.</summary>
    public string? Allow { get; init; }

    /// <summary>How to authenticate, for a 401.</summary>
    public string? Challenge { get; private init; }

    /// <summary>Whether the answer must not be kept by anybody on the way.</summary>
    public bool IsSecret { get; private init; }

    /// <summary>What the client was refused, for logs; null when nothing was.</summary>
    public (ErrorKind Kind, string Message)? Refusal { get; private init; }

    /// <summary>Bytes of the body before compression.</summary>
    public long Length => before.Length + (middle?.Length ?? 0L) + after.Length;

    /// <summary>200 with a JSON document.</summary>
    public static Answer Document(ReadOnlyMemory<byte> json) => new(StatusCodes.Status200OK, json);

    /// <summary>200 with a page of HTML.</summary>
    public static Answer Page(ReadOnlyMemory<byte> html) => new(StatusCodes.Status200OK, html) { ContentType = "text/html; charset=utf-8" };

    /// <summary>200 with a JSON document spliced from metadata, with what stands before it, and what follows.</summary>
    public static Answer Spliced(MetadataDocument metadata, ReadOnlyMemory<byte> after, string? etag = null) =>
        new(StatusCodes.Status200OK, metadata.Opening, metadata, after) { ETag = etag };

    /// <summary>304.</summary>
    public static Answer NotModified(string etag) => new(StatusCodes.Status304NotModified) { ETag = etag };

    /// <summary>The specification's <c>IcebergErrorResponse</c>.</summary>
    public static Answer Error(ErrorKind kind, string message)
    {
        message = SafeText.Show(Cut(message));
        return new(CatalogException.CodeOf(kind), Json.Write((kind, message), static (writer, error) =>
        {
            writer.WriteStartObject();
            writer.WriteStartObject("error");
            writer.WriteString("message", error.message);
            writer.WriteString("type", CatalogException.TypeOf(error.kind));
            writer.WriteNumber("code", CatalogException.CodeOf(error.kind));
            writer.WriteEndObject();
            writer.WriteEndObject();
        }))
        {
            RetryAfter = kind is ErrorKind.SlowDown or ErrorKind.Unavailable ? 1 : null,
            Refusal = (kind, message),
        };
    }

    /// <summary>401: no valid token.</summary>
    public static Answer Unauthorized(string message)
    {
        var error = Error(ErrorKind.NotAuthorized, message);
        return new Answer(error.Status, error.before) { Challenge = "Bearer", Refusal = error.Refusal };
    }

    /// <summary>OAuth's error document (RFC 6749, 5.2), which is not the specification's.</summary>
    public static Answer OAuthError(int status, string error, string description) => new(status, Json.Write((error, description), static (writer, body) =>
    {
        writer.WriteStartObject();
        writer.WriteString("error", body.error);
        writer.WriteString("error_description", body.description);
        writer.WriteEndObject();
    }))
    {
        IsSecret = true,
        Challenge = status == StatusCodes.Status401Unauthorized ? "Basic realm=\"frazil\"" : null,
        Refusal = (status == StatusCodes.Status401Unauthorized ? ErrorKind.NotAuthorized : ErrorKind.BadRequest, description),
    };

    /// <summary>429: so many secrets were wrong that no further one is looked at for a while. Told as OAuth's errors are.</summary>
    public static Answer TooManyGuesses(TimeSpan wait)
    {
        var error = OAuthError(StatusCodes.Status429TooManyRequests, "temporarily_unavailable", "Too many wrong credentials were sent; try again later");
        return new Answer(error.Status, error.before) { IsSecret = true, RetryAfter = (int)Math.Ceiling(wait.TotalSeconds), Refusal = (ErrorKind.NotAuthorized, error.Refusal!.Value.Message) };
    }

    /// <summary>200 with a token, which nobody on the way may keep.</summary>
    public static Answer Token(ReadOnlyMemory<byte> json) => new(StatusCodes.Status200OK, json) { IsSecret = true };

    /// <summary>503 with a JSON document: this process cannot serve for the moment.</summary>
    public static Answer Unavailable(ReadOnlyMemory<byte> json) => new(StatusCodes.Status503ServiceUnavailable, json) { RetryAfter = 1 };

    /// <summary>405, with the methods that the path has.</summary>
    public static Answer MethodNotAllowed(string method, IReadOnlyList<string> allowed)
    {
        var error = Error(ErrorKind.MethodNotAllowed, $"Method {RequestTarget.Shorten(method)} is not allowed here; allowed: {string.Join(", ", allowed)}");
        return new Answer(error.Status, error.before) { Allow = string.Join(", ", allowed), Refusal = error.Refusal };
    }

    /// <summary>This answer, or what to answer instead when the host cannot carry it.</summary>
    /// <param name="http">The request; a host with a limit has put an <see cref="AnswerLimit"/> among its features.</param>
    /// <param name="isApplied">Whether the request has changed something. Then it must not be told as a failure: the client has to know that nobody should send it again.</param>
    public async ValueTask<Answer> WithinAsync(HttpContext http, bool isApplied)
    {
        if (http.Features.Get<AnswerLimit>() is not { } limit || !HasBody(http) || await FitsAsync(http, limit))
        {
            return this;
        }

        CatalogMeter.OversizeResponses.Add(1);
        var gzip = IsGzipFor(http) ? "" : "send Accept-Encoding: gzip, or ";
        var rest = $"({Length} bytes before compression) is larger than the {limit.MaxBytes} bytes that {limit.Host} carries: {gzip}ask for less, with snapshots=refs when a table is loaded";
        return isApplied
            ? Error(ErrorKind.CommitStateUnknown, $"The change WAS made; do not send it again. Only its answer {rest}")
            : Error(ErrorKind.ResponseTooLarge, $"The answer {rest}");
    }

    /// <summary>Counts what a large answer takes until a slow client has read it; metadata within it was counted when it was read.</summary>
    /// <exception cref="CatalogException">503 when there is no memory for it now.</exception>
    public void Hold()
    {
        if (before.Length + after.Length > SmallBytes)
        {
            Measures.Current?.Hold(before.Length + after.Length);
        }
    }

    /// <summary>Sends it.</summary>
    public async ValueTask SendAsync(HttpContext http)
    {
        var response = http.Response;
        response.StatusCode = Status;
        if (ETag is not null)
        {
            response.Headers.ETag = ETag;
        }

        if (RetryAfter is { } seconds)
        {
            response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        if (Allow is not null)
        {
            response.Headers.Allow = Allow;
        }

        if (Challenge is not null)
        {
            response.Headers.WWWAuthenticate = Challenge;
        }

        if (IsSecret)
        {
            response.Headers.CacheControl = "no-store";
        }

        if (Length == 0 || Status is StatusCodes.Status204NoContent or StatusCodes.Status304NotModified)
        {
            return;
        }

        response.ContentType = ContentType;
        if (!HasBody(http))
        {
            return;
        }

        if (IsCompressible)
        {
            response.Headers.Vary = "Accept-Encoding";
            if (IsGzipFor(http))
            {
                await SendGzipAsync(http, middle!);
                return;
            }
        }

        response.ContentLength = Length;
        await WriteAsync(http, before);
        if (middle is not null)
        {
            CatalogMeter.MetadataBytes.Record(middle.Length, Plain);
            await (middle.Unpacked is { } text ? WriteAsync(http, text) : InflateAsync(http, middle.Deflated));
            await WriteAsync(http, after);
        }

        await response.BodyWriter.FlushAsync(http.RequestAborted);
    }

    private static string Cut(string message)
    {
        const string End = "...";
        if (message.Length <= Limits.MaxErrorMessageLength)
        {
            return message;
        }

        var length = Limits.MaxErrorMessageLength - End.Length;
        return char.IsHighSurrogate(message[length - 1]) ? message[..(length - 1)] + End : message[..length] + End;
    }

    private bool IsCompressible => middle is not null && Length >= MinGzipBytes;

    private bool IsGzipFor(HttpContext http) => IsCompressible && AcceptsGzip(http.Request.Headers.AcceptEncoding.ToString());

    private bool HasBody(HttpContext http) =>
        Length > 0 && Status is not (StatusCodes.Status204NoContent or StatusCodes.Status304NotModified) && !HttpMethods.IsHead(http.Request.Method);

    private async ValueTask<bool> FitsAsync(HttpContext http, AnswerLimit limit) => IsGzipFor(http)
        ? limit.FitsBinary(before.Length + (await middle!.DeflatedAsync(http.RequestAborted)).Blocks.Length + after.Length + GzipFrameBytes)
        : middle is { Unpacked: null } ? limit.FitsText(before.Span, middle.Deflated, after.Span)
        : limit.FitsText(before.Span, (middle?.Unpacked ?? default).Span, after.Span);

    /// <summary>
    /// One gzip member (RFC 1952) made of a stored block, the metadata's deflate blocks as they are, and a last stored block: compressing costs once per metadata file.
    /// </summary>
    private async ValueTask SendGzipAsync(HttpContext http, MetadataDocument metadata)
    {
        var crc = await metadata.ChecksumAsync(http.RequestAborted);
        crc.Append(after.Span);
        byte[] head = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255, .. StoredBlock(before.Span, isLast: false)];
        byte[] tail = [.. StoredBlock(after.Span, isLast: true), 0, 0, 0, 0, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32LittleEndian(tail.AsSpan(tail.Length - 8), crc.GetCurrentHashAsUInt32());
        BinaryPrimitives.WriteUInt32LittleEndian(tail.AsSpan(tail.Length - 4), (uint)Length);
        var deflated = (await metadata.DeflatedAsync(http.RequestAborted)).Blocks;
        CatalogMeter.MetadataBytes.Record(deflated.Length, Gzipped);
        http.Response.Headers.ContentEncoding = "gzip";
        http.Response.ContentLength = head.Length + deflated.Length + tail.Length;
        await WriteAsync(http, head);
        await WriteAsync(http, deflated);
        await WriteAsync(http, tail);
        await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
    }

    private static byte[] StoredBlock(ReadOnlySpan<byte> content, bool isLast)
    {
        var blocks = Math.Max(1, (content.Length + ushort.MaxValue - 1) / ushort.MaxValue);
        var result = new byte[content.Length + (blocks * 5)];
        var at = 0;
        for (var i = 0; i < blocks; i++)
        {
            var part = content[..Math.Min(content.Length, ushort.MaxValue)];
            content = content[part.Length..];
            result[at] = (byte)(isLast && i == blocks - 1 ? 1 : 0);
            BinaryPrimitives.WriteUInt16LittleEndian(result.AsSpan(at + 1), (ushort)part.Length);
            BinaryPrimitives.WriteUInt16LittleEndian(result.AsSpan(at + 3), (ushort)~part.Length);
            part.CopyTo(result.AsSpan(at + 5));
            at += 5 + part.Length;
        }

        return result;
    }

    private static ValueTask WriteAsync(HttpContext http, ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length > Slice)
        {
            return WriteSlicesAsync(http, bytes);
        }

        var writer = http.Response.BodyWriter;
        bytes.Span.CopyTo(writer.GetSpan(bytes.Length));
        writer.Advance(bytes.Length);
        return ValueTask.CompletedTask;
    }

    private static async ValueTask WriteSlicesAsync(HttpContext http, ReadOnlyMemory<byte> bytes)
    {
        for (var at = 0; at < bytes.Length; at += Slice)
        {
            await http.Response.BodyWriter.WriteAsync(bytes.Slice(at, Math.Min(Slice, bytes.Length - at)), http.RequestAborted);
        }
    }

    private static async ValueTask InflateAsync(HttpContext http, DeflatedText text)
    {
        await using var stream = text.Open();
        var writer = http.Response.BodyWriter;
        for (var left = text.Length; left > 0;)
        {
            var buffer = writer.GetMemory(Math.Min(left, Slice));
            var read = await stream.ReadAtLeastAsync(buffer[..Math.Min(left, buffer.Length)], Math.Min(left, Slice), cancellationToken: http.RequestAborted);
            writer.Advance(read);
            left -= read;
            await writer.FlushAsync(http.RequestAborted);
        }
    }

    private static bool AcceptsGzip(string header)
    {
        foreach (var range in header.Split(',', StringSplitOptions.TrimEntries))
        {
            var parts = range.Split(';', StringSplitOptions.TrimEntries);
            if (parts[0].Equals("gzip", StringComparison.OrdinalIgnoreCase) || parts[0] == "*")
            {
                return !parts.Skip(1).Any(static part => part.StartsWith("q=0", StringComparison.OrdinalIgnoreCase) && part.AsSpan(2).Trim("0.") is "");
            }
        }

        return false;
    }
}
