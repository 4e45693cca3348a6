using System.IO.Compression;
using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil;

/// <summary>
/// Requests under an <c>Idempotency-Key</c> take effect once. The record of a success is a row in the same batch as the change, so there is no moment in which one is
/// there without the other; a terminal 4xx is recorded after it happened; a 5xx is not, so that the client may try again under the same key.
/// </summary>
public sealed class Idempotency(StoreWriter writer, MetadataFiles files, TimeProvider clock)
{
    /// <summary>Carries out an operation, or gives the recorded answer of its first time.</summary>
    /// <exception cref="CatalogException">What the operation throws; 422 when the key was used for another request.</exception>
    public async ValueTask<Outcome> RunAsync(CallContext call, Func<ValueTask<Outcome>> operation, CancellationToken cancellationToken)
    {
        if (call.Idempotency is null)
        {
            return await operation();
        }

        if (await ReplayAsync(call, cancellationToken) is { } earlier)
        {
            return earlier;
        }

        CatalogMeter.Idempotency.Add(1, CatalogMeter.Outcome("new"));
        try
        {
            return await operation();
        }
        catch (IdempotencyKeyTakenException)
        {
            // Another request under this key was faster; nothing of this one was applied.
            return await ReplayAsync(call, cancellationToken)
                ?? throw new CatalogException(ErrorKind.CommitStateUnknown, "The record of this idempotency key vanished while it was read");
        }
        catch (CatalogException exception) when (IsTerminal(exception.Kind))
        {
            var failure = new Outcome.Failure(exception.Kind, exception.Message);
            if (await RecordAsync(call, failure, cancellationToken) is { } other)
            {
                return other;
            }

            throw;
        }
    }

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

    /// <summary>Records an outcome that changed nothing in the store. Gives the earlier outcome when there was one after all.</summary>
    public async ValueTask<Outcome?> RecordAsync(CallContext call, Outcome outcome, CancellationToken cancellationToken)
    {
        if (call.Idempotency is null)
        {
            return null;
        }

        var record = Record(call, outcome, clock.GetUtcNow()).Single();
        if (record is Write.Create { Value.Length: > IKeyValueStore.MaxValueBytes })
        {
            return null; // Changed nothing, so carrying it out again is the same.
        }

        return (await writer.WriteAsync(call.Catalog.Partition, [record], cancellationToken)).IsApplied ? null : await ReplayAsync(call, cancellationToken);
    }

    private async ValueTask<Outcome?> ReplayAsync(CallContext call, CancellationToken cancellationToken)
    {
        var request = call.Idempotency!;
        if (await writer.Store.ReadAsync(call.Catalog.Partition, Keys.Idempotency(request.Key), cancellationToken) is not { } item)
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
    private static bool IsTerminal(ErrorKind kind) => CatalogException.CodeOf(kind) is >= 400 and < 500 && kind is not
        (ErrorKind.NotAuthorized or ErrorKind.Forbidden or ErrorKind.PayloadTooLarge or ErrorKind.MethodNotAllowed or ErrorKind.NoSuchEndpoint or ErrorKind.Unprocessable);
}

/// <summary>The batch was refused because its idempotency key was used already.</summary>
internal sealed class IdempotencyKeyTakenException() : Exception("the idempotency key was used already");
