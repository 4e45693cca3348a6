using System.Runtime.CompilerServices;
using Frazil.Entities;
using Frazil.Iceberg;

namespace Frazil.Api;

/// <summary>Turns outcomes of operations into answers.</summary>
internal static class Results
{
    private static readonly ConditionalWeakTable<Catalog, byte[]> AfterOf = [];
    private static readonly byte[] End = [(byte)'}'];
    private static readonly byte[] WithoutConfig = ",\"config\":{}}"u8.ToArray();

    /// <summary>The answer of an operation that changes something.</summary>
    public static async ValueTask<Answer> ToAnswerAsync(this ApiRequest request, ValueTask<Outcome> outcome) => await ToAnswerAsync(request, await outcome);

    /// <summary>The answer of an outcome.</summary>
    public static async ValueTask<Answer> ToAnswerAsync(this ApiRequest request, Outcome outcome) => outcome switch
    {
        Outcome.Done => Answer.NoContent,
        Outcome.Document document => Answer.Document(document.Body),
        Outcome.Staged staged => Staged(request, staged.Json),
        Outcome.Metadata metadata => await SpliceAsync(request, metadata),
        _ => throw new InvalidOperationException($"no answer for an outcome of type {outcome.GetType().Name}"),
    };

    private static async ValueTask<Answer> SpliceAsync(ApiRequest request, Outcome.Metadata outcome)
    {
        var document = outcome.ReferencedSnapshotsOnly ? await outcome.File.ReferencedAsync(request.CancellationToken) : outcome.File;
        return outcome.Form switch
        {
            ResultForm.LoadView => Answer.Spliced(document, WithoutConfig),
            ResultForm.CommitTable => Answer.Spliced(document, End, outcome.File.Tag(outcome.ReferencedSnapshotsOnly)),
            _ => Answer.Spliced(document, After(request.Catalog), outcome.File.Tag(outcome.ReferencedSnapshotsOnly)),
        };
    }

    private static Answer Staged(ApiRequest request, byte[] metadata)
    {
        request.IsStaged = true;
        return Answer.Spliced(new MetadataDocument("", metadata), After(request.Catalog));
    }

    /// <summary>What follows metadata: how a client reaches the table's files, the same as long as the catalog's definition is. Never a secret that would be stored.</summary>
    private static byte[] After(Catalog catalog) => AfterOf.GetValue(catalog, static known => MakeAfter(known.Entity.Storage));

    private static byte[] MakeAfter(StorageProfile storage)
    {
        var config = Json.Write(storage, static (writer, storage) =>
        {
            writer.WriteStartObject();
            if (storage.Type == StorageType.S3)
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
