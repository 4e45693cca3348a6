using Frazil.Entities;
using Frazil.Iceberg;

namespace Frazil.Api;

/// <summary>Turns outcomes of operations into answers.</summary>
internal static class Results
{
    /// <summary>The answer of an operation that changes something.</summary>
    public static async ValueTask<Answer> ToAnswerAsync(this ApiRequest request, ValueTask<Outcome> outcome) => ToAnswer(request, await outcome);

    /// <summary>The answer of an outcome.</summary>
    public static Answer ToAnswer(ApiRequest request, Outcome outcome) => outcome switch
    {
        Outcome.Done => Answer.NoContent,
        Outcome.Document document => Answer.Document(document.Body),
        Outcome.Staged staged => Staged(request, staged.Json),
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

    private static Answer Staged(ApiRequest request, byte[] metadata)
    {
        request.IsStaged = true;
        return Answer.Spliced("{\"metadata\":"u8.ToArray(), new MetadataDocument("", metadata), After(request.Catalog));
    }

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
