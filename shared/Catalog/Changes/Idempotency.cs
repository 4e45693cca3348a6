using System.IO.Compression;
using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil;

/// <summary>
/// The records of requests under an <c>Idempotency-Key</c>, which take effect once. The record of a success is a row in the same batch as the change (<see cref="Changes"/>), so there is no moment
/// in which one is there without the other.
/// </summary>
public sealed class Idempotency(IKeyValueStore store, MetadataFiles files)
{
    /// <summary>How long a record is kept: twice the advertised lifetime, since a client that just read the config must still be able to count on it.</summary>
    internal static readonly TimeSpan KeptFor = Limits.IdempotencyKeyLifetime * 2;

    /// <summary>The write that records a success, to be part of the batch that makes the change; nothing when the client sent no key.</summary>
    public static IEnumerable<Write> Record(CallContext call, Outcome outcome, DateTimeOffset now) => call.Idempotency is null
        ? []
        : [new Write.Create(Keys.Idempotency(call.Idempotency.Key), ToValue(call.Idempotency.Fingerprint, outcome, now)) { ExpiresAt = now + KeptFor }];

    /// <summary>Throws when a refused batch was refused by its idempotency record: the operation is not to be tried again, its first answer is to be given.</summary>
    public static void ThrowIfTaken(CallContext call, WriteResult result)
    {
        if (call.Idempotency is { } request && result.RefusedBy == Keys.Idempotency(request.Key))
        {
            throw new IdempotencyKeyTakenException();
        }
    }

    /// <summary>What a request under this key was answered the first time; null when this is the first time.</summary>
    /// <exception cref="CatalogException">422 when the key was used for another request; the failure that was recorded.</exception>
    internal async ValueTask<Outcome?> ReplayAsync(CallContext call, CancellationToken cancellationToken)
    {
        var request = call.Idempotency!;
        if (await store.ReadAsync(call.Catalog.Partition, Keys.Idempotency(request.Key), cancellationToken) is not { } item)
        {
            return null;
        }

        var record = ReadRecord(item);
        if (record.Fingerprint != request.Fingerprint)
        {
            CatalogMeter.Idempotency.Add(1, CatalogMeter.Outcome("mismatch"));
            throw new CatalogException(ErrorKind.Unprocessable, "Idempotency-Key was used for another request before");
        }

        CatalogMeter.Idempotency.Add(1, CatalogMeter.Outcome("replay"));
        return record.Outcome switch
        {
            "done" => Outcome.Done.Instance,
            "document" => new Outcome.Document(record.Body),
            "staged" => new Outcome.Staged(record.Body),
            "failure" => throw new CatalogException(record.Kind, record.Message),
            _ => new Outcome.Metadata(record.Form, await ReadFileAsync(call, record, cancellationToken)),
        };
    }

    /// <summary>A file that later commits deleted must not make a change that was carried out look as if it had failed.</summary>
    private async ValueTask<MetadataDocument> ReadFileAsync(CallContext call, IdempotencyRecord record, CancellationToken cancellationToken)
    {
        try
        {
            var document = await files.ReadAsync(call.Catalog, record.MetadataLocation, record.Form == ResultForm.LoadView ? TableKind.View : TableKind.Table, cancellationToken);
            return record.Uuid is null ? document : document.WithUuid(record.Uuid);
        }
        catch (CatalogException exception) when (exception.Kind == ErrorKind.NotFound)
        {
            throw new CatalogException(ErrorKind.CommitStateUnknown, $"The request of this idempotency key was carried out; its metadata file {record.MetadataLocation} is gone since. Load again", exception);
        }
    }

    internal static IdempotencyRecord ReadRecord(Item item) => Rows.Read(item, static (ref row) =>
    {
        string? fingerprint = null, outcome = null, metadataLocation = null, uuid = null, message = null;
        DateTimeOffset? at = null;
        byte[] body = [];
        var kind = ErrorKind.Internal;
        row.Enter();
        while (row.Next())
        {
            if (row.Is("fingerprint"u8))
            {
                fingerprint = row.String();
            }
            else if (row.Is("at-ms"u8))
            {
                at = row.Time();
            }
            else if (row.Is("outcome"u8))
            {
                outcome = row.String();
            }
            else if (row.Is("body"u8))
            {
                body = Inflate(row.String());
            }
            else if (row.Is("metadata-location"u8))
            {
                metadataLocation = row.String();
            }
            else if (row.Is("uuid"u8))
            {
                uuid = row.String();
            }
            else if (row.Is("kind"u8))
            {
                kind = Enum.Parse<ErrorKind>(row.String());
            }
            else if (row.Is("message"u8))
            {
                message = row.String();
            }
            else
            {
                row.SkipMember();
            }
        }

        return new IdempotencyRecord(fingerprint ?? throw RowReader.Missing("fingerprint"), at ?? throw RowReader.Missing("at-ms"), outcome ?? throw RowReader.Missing("outcome"))
        {
            Body = body,
            Kind = kind,
            Message = message ?? "",
            MetadataLocation = metadataLocation ?? "",
            Uuid = uuid,
            Form = metadataLocation is null ? default : Enum.Parse<ResultForm>(outcome),
        };
    });

    private static byte[] ToValue(string fingerprint, Outcome outcome, DateTimeOffset now) => Rows.Write((fingerprint, outcome, now), static (writer, row) =>
    {
        writer.WriteString("fingerprint", row.fingerprint);
        writer.WriteNumber("at-ms", row.now.ToUnixTimeMilliseconds());
        switch (row.outcome)
        {
            case Outcome.Done:
                writer.WriteString("outcome", "done");
                break;
            case Outcome.Document document:
                writer.WriteString("outcome", "document");
                writer.WriteBase64String("body", Deflate(document.Body));
                break;
            case Outcome.Staged staged:
                writer.WriteString("outcome", "staged");
                writer.WriteBase64String("body", Deflate(staged.Json));
                break;
            case Outcome.Metadata metadata:
                writer.WriteString("outcome", metadata.Form.ToString());
                writer.WriteString("metadata-location", metadata.File.Location);
                if (metadata.File.GivenUuid is { } uuid)
                {
                    writer.WriteString("uuid", uuid);
                }

                break;
            case Outcome.Failure failure:
                writer.WriteString("outcome", "failure");
                writer.WriteString("kind", failure.Kind.ToString());
                writer.WriteString("message", failure.Message);
                break;
            default:
                throw new InvalidOperationException($"an outcome of type {row.outcome.GetType().Name} cannot be recorded");
        }
    });

    private static byte[] Deflate(byte[] body)
    {
        using var buffer = new MemoryStream();
        using (var deflate = new DeflateStream(buffer, CompressionLevel.Fastest))
        {
            deflate.Write(body);
        }

        return buffer.ToArray();
    }

    private static byte[] Inflate(string body)
    {
        using var inflate = new DeflateStream(new MemoryStream(Convert.FromBase64String(body)), CompressionMode.Decompress);
        using var buffer = new MemoryStream();
        inflate.CopyTo(buffer);
        return buffer.ToArray();
    }

    /// <summary>Failures that another try of the same request would meet again.</summary>
    internal static bool IsTerminal(ErrorKind kind) => CatalogException.CodeOf(kind) is >= 400 and < 500 && kind is not
        (ErrorKind.NotAuthorized or ErrorKind.Forbidden or ErrorKind.PayloadTooLarge or ErrorKind.MethodNotAllowed or ErrorKind.NoSuchEndpoint or ErrorKind.Unprocessable);
}

/// <summary>What is remembered of a request that was carried out under an idempotency key.</summary>
/// <param name="Fingerprint">Of the request.</param>
/// <param name="At">When it was carried out.</param>
/// <param name="Outcome">The form of its answer.</param>
internal sealed record IdempotencyRecord(string Fingerprint, DateTimeOffset At, string Outcome)
{
    public byte[] Body { get; init; } = [];

    public ErrorKind Kind { get; init; }

    public string Message { get; init; } = "";

    public string MetadataLocation { get; init; } = "";

    /// <summary>The uuid that was shown, where the file has none.</summary>
    public string? Uuid { get; init; }

    public ResultForm Form { get; init; }
}

/// <summary>The batch was refused because its idempotency key was used already.</summary>
internal sealed class IdempotencyKeyTakenException() : Exception("the idempotency key was used already");
