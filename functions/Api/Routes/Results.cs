using Frazil.Entities;
using Frazil.Iceberg;

namespace Frazil.Api;

/// <summary>Turns outcomes of operations into answers.</summary>
internal static class Results
{
    /// <summary>Carries out an operation that changes something, at most once when the client sent an idempotency key, and answers with its outcome.</summary>
    public static async ValueTask<Answer> RunAsync(this ApiRequest request, Func<ValueTask<Outcome>> operation) =>
        ToAnswer(request, await request.Operations.Idempotency.RunAsync(request.Call, operation, request.CancellationToken));

    /// <summary>The answer of an outcome.</summary>
    public static Answer ToAnswer(ApiRequest request, Outcome outcome) => outcome switch
    {
        Outcome.Done => Answer.NoContent,
        Outcome.Document document => Answer.Document(document.Body),
        Outcome.Staged staged => Answer.Document(Staged(request.Catalog, staged.Json)),
        Outcome.Metadata metadata => Splice(request.Catalog, metadata),
        _ => throw new InvalidOperationException($"no answer for an outcome of type {outcome.GetType().Name}"),
    };

    private static Answer Splice(Catalog catalog, Outcome.Metadata outcome)
    {
        var document = outcome.ReferencedSnapshotsOnly ? outcome.File.Referenced : outcome.File;
        var before = Json.Write(document.Location, static (writer, location) =>
        {
            writer.WriteStartObject();
            writer.WriteString("metadata-location", location);
            writer.WritePropertyName("metadata");
        });
        var after = outcome.Form == ResultForm.CommitTable ? "}"u8.ToArray() : After(outcome.Form == ResultForm.LoadTable ? catalog : null);
        return outcome.Form == ResultForm.LoadView
            ? Answer.Spliced(before, document, after)
            : Answer.Spliced(before, document, after, EntityTag.Of(document.Location, outcome.ReferencedSnapshotsOnly));
    }

    private static byte[] Staged(Catalog catalog, byte[] metadata) => [.. "{\"metadata\":"u8, .. metadata, .. After(catalog)];

    /// <summary>What follows metadata: how a client reaches the table's files. Never a secret that would be stored.</summary>
    private static byte[] After(Catalog? catalog)
    {
        var config = Json.Write(catalog?.Entity.Storage, static (writer, storage) =>
        {
            writer.WriteStartObject();
            if (storage is { Type: StorageType.S3 })
            {
                writer.WriteOptional("client.region", storage.Region);
                writer.WriteOptional("s3.endpoint", storage.Endpoint);
                if (storage.PathStyleAccess)
                {
                    writer.WriteString("s3.path-style-access", "true");
                }
            }

            writer.WriteEndObject();
        });
        return [.. ",\"config\":"u8, .. config, (byte)'}'];
    }
}
