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
    /// <summary>The write that records a success, to be part of the batch that makes the change; nothing when the client sent no key.</summary>
    public static IEnumerable<Write> Record(CallContext call, Outcome outcome, DateTimeOffset now) => call.Idempotency is null
        ? []
        : [new Write.Create(Keys.Idempotency(call.Idempotency.Key), ToValue(call.Idempotency.Fingerprint, outcome, now))];

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

        using var document = Json.Parse(item.Value);
        var row = document.RootElement;
        if (row.RequiredString("fingerprint") != request.Fingerprint)
        {
            CatalogMeter.Idempotency.Add(1, CatalogMeter.Outcome("mismatch"));
            throw new CatalogException(ErrorKind.Unprocessable, "Idempotency-Key was used for another request before");
        }

        CatalogMeter.Idempotency.Add(1, CatalogMeter.Outcome("replay"));
        return row.RequiredString("outcome") switch
        {
            "done" => Outcome.Done.Instance,
            "document" => new Outcome.Document(Inflate(row.RequiredString("body"))),
            "staged" => new Outcome.Staged(Inflate(row.RequiredString("body"))),
            "failure" => throw new CatalogException(Enum.Parse<ErrorKind>(row.RequiredString("kind")), row.RequiredString("message")),
            var form => new Outcome.Metadata(Enum.Parse<ResultForm>(form), await ReadFileAsync(call, row.RequiredString("metadata-location"), cancellationToken)),
        };
    }

    /// <summary>A file that later commits deleted must not make a change that was carried out look as if it had failed.</summary>
    private async ValueTask<MetadataDocument> ReadFileAsync(CallContext call, string location, CancellationToken cancellationToken)
    {
        try
        {
            return await files.ReadAsync(call.Catalog, location, cancellationToken);
        }
        catch (CatalogException exception) when (exception.Kind == ErrorKind.NotFound)
        {
            throw new CatalogException(ErrorKind.CommitStateUnknown, $"The request of this idempotency key was carried out; its metadata file {location} is gone since. Load again", exception);
        }
    }

    private static byte[] ToValue(string fingerprint, Outcome outcome, DateTimeOffset now) => Json.Write((fingerprint, outcome, now), static (writer, row) =>
    {
        writer.WriteStartObject();
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
                break;
            case Outcome.Failure failure:
                writer.WriteString("outcome", "failure");
                writer.WriteString("kind", failure.Kind.ToString());
                writer.WriteString("message", failure.Message);
                break;
            default:
                throw new InvalidOperationException($"an outcome of type {row.outcome.GetType().Name} cannot be recorded");
        }

        writer.WriteEndObject();
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

/// <summary>The batch was refused because its idempotency key was used already.</summary>
internal sealed class IdempotencyKeyTakenException() : Exception("the idempotency key was used already");
