using Azure;
using Azure.Data.Tables;
using Frazil.Storage;

namespace Frazil.AzureBackend;

/// <summary>Rows as entities: the id, the commit id, and the value in parts of 64 KiB, which is what one property holds.</summary>
internal static class AzureTableRows
{
    /// <summary>Bytes of one binary property.</summary>
    public const int PartBytes = 64 * 1024;

    private const string IdProperty = "id";
    private const string CommitProperty = "commit";
    private const string ReplacedProperty = "replaced";
    private const string EndProperty = "ends";
    private const string PartPrefix = "v";

    /// <summary>The row of an entity.</summary>
    public static Item ToItem(TableEntity entity)
    {
        var parts = Enumerable.Range(0, IKeyValueStore.MaxValueBytes / PartBytes).Select(i => entity.GetBinary(PartPrefix + i)).TakeWhile(part => part is not null).ToArray();
        var value = parts.Length == 1 ? parts[0]! : [.. parts.SelectMany(part => part!)];
        return new Item(IdOf(entity), value, entity.ETag.ToString(), entity.GetString(CommitProperty))
        {
            ExpiresAt = EndOf(entity) is { } end ? DateTimeOffset.FromUnixTimeSeconds(end) : null,
        };
    }

    /// <summary>The id of a row, or of the row whose end an entity tells.</summary>
    public static string IdOf(TableEntity entity) => entity.GetString(IdProperty);

    /// <summary>When a row ends, in seconds of Unix time; null when it does not.</summary>
    public static long? EndOf(TableEntity entity) => entity.GetInt64(EndProperty);

    /// <summary>Whether a version is of the form that the service gives.</summary>
    public static bool IsVersion(string version) => version.StartsWith("W/\"datetime'", StringComparison.Ordinal) && version.EndsWith("'\"", StringComparison.Ordinal);

    /// <summary>The batch that wrote a row last.</summary>
    public static string? CommitIdOf(TableEntity entity) => entity.GetString(CommitProperty);

    /// <summary>The version whose place a row took; null for a row that was made anew.</summary>
    public static string? ReplacedVersionOf(TableEntity entity) => entity.GetString(ReplacedProperty);

    /// <summary>A write as the service's action.</summary>
    public static TableTransactionAction ToAction(string partition, string commitId, Write write) => write switch
    {
        Write.Create create => new(TableTransactionActionType.Add, ToEntity(partition, commitId, write.Id, create.Value, null, Batches.EndOf(write))),
        Write.Replace replace => new(TableTransactionActionType.UpdateReplace, ToEntity(partition, commitId, write.Id, replace.Value, replace.Version, Batches.EndOf(write)), new ETag(replace.Version)),
        Write.Delete delete => new(TableTransactionActionType.Delete, Bare(partition, write.Id), new ETag(delete.Version)),

        // There is no condition without a write: a merge of nothing holds the row still for the batch, and moves its version.
        Write.Check check => new(TableTransactionActionType.UpdateMerge, Bare(partition, write.Id), new ETag(check.Version)),
        _ => throw new ArgumentOutOfRangeException(nameof(write), write, "no such kind of write"),
    };

    /// <summary>What tells a sweep when the row of a write is to be removed; null when it does not end. Of earlier ends it may find others, and no row that ends then.</summary>
    public static TableTransactionAction? ToEndAction(string partition, Write write) => Batches.EndOf(write) is { } end
        ? new(TableTransactionActionType.UpsertReplace, new TableEntity(RowKeys.Partition(partition), RowKeys.OfEnd(end, write.Id)) { [IdProperty] = write.Id, [EndProperty] = end })
        : null;

    private static TableEntity ToEntity(string partition, string commitId, string id, ReadOnlyMemory<byte> value, string? replaced, long? end)
    {
        var entity = Bare(partition, id);
        entity[IdProperty] = id;
        entity[CommitProperty] = commitId;
        if (replaced is not null)
        {
            entity[ReplacedProperty] = replaced;
        }

        if (end is not null)
        {
            entity[EndProperty] = end;
        }

        for (var (i, at) = (0, 0); at < value.Length || i == 0; i++, at += PartBytes)
        {
            entity[PartPrefix + i] = value.Slice(at, Math.Min(PartBytes, value.Length - at)).ToArray();
        }

        return entity;
    }

    private static TableEntity Bare(string partition, string id) => new(RowKeys.Partition(partition), RowKeys.Of(id));
}
