using System.Globalization;
using System.Runtime.InteropServices;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Frazil.Storage;

namespace Frazil.AwsBackend;

/// <summary>The form of a row in the table, and of a write in a request.</summary>
/// <remarks>
/// <c>p</c> (hash key): partition, a tab, folder - no partition or id holds a tab. <c>r</c> (range key): the id's last part. <c>d</c>: the value; absent when empty.
/// <c>v</c>: the version, which is the commit id of the batch that wrote the row last. <c>u</c>: the version that this one replaced; absent for a row that was created where there was none.
/// <c>e</c>: when the row ends, in seconds of Unix time, for DynamoDB's time to live; absent for a row that does not end. DynamoDB takes its time to remove it, so reads and creations look at it too.
/// A request says nothing of the time at which it is made: sent again, it must be the same, or DynamoDB does not know it again by its client token.
/// </remarks>
internal sealed class DynamoDbRows(string tableName, TimeProvider clock)
{
    public const string HashKey = DynamoDbSchema.HashKey;
    public const string RangeKey = DynamoDbSchema.RangeKey;
    private const string Value = "d";
    private const string Version = "v";
    private const string Replaced = "u";

    private static readonly Dictionary<string, string> VersionName = new() { ["#v"] = Version };
    private static readonly Dictionary<string, string> RangeKeyName = new() { ["#r"] = RangeKey };

    public static string HashOf(string partition, string folder) => $"{partition}\t{folder}";

    public static Dictionary<string, AttributeValue> KeyOf(string partition, string id) => new()
    {
        [HashKey] = new AttributeValue(HashOf(partition, Ids.FolderOf(id))),
        [RangeKey] = new AttributeValue(Ids.NameOf(id)),
    };

    /// <summary>The row, or null when it has ended.</summary>
    public static Item? ItemOf(string id, Dictionary<string, AttributeValue> row, TimeProvider clock)
    {
        var version = row[Version].S;
        var end = EndOf(row);
        return Batches.HasEnded(end, clock) ? null : new Item(id, ValueOf(row), version, CommitId: version) { ExpiresAt = end is { } seconds ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null };
    }

    /// <summary>Whether a row as a failed condition shows it has ended.</summary>
    public bool HasEnded(Dictionary<string, AttributeValue> row) => Batches.HasEnded(EndOf(row), clock);

    /// <summary>The version of a row as a failed condition shows it; null for none there.</summary>
    public static string? VersionOf(Dictionary<string, AttributeValue>? row) => row?.GetValueOrDefault(Version)?.S;

    /// <summary>The version before that.</summary>
    public static string? ReplacedVersionOf(Dictionary<string, AttributeValue>? row) => row?.GetValueOrDefault(Replaced)?.S;

    /// <summary>A put as a request of its own: half the price of a transaction.</summary>
    public PutItemRequest PutOf(string partition, string commitId, Write write) => new()
    {
        TableName = tableName,
        Item = RowOf(partition, commitId, write),
        ConditionExpression = ConditionOf(write),
        ExpressionAttributeNames = NamesOf(write),
        ExpressionAttributeValues = ValuesOf(write),
        ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure.ALL_OLD,
    };

    /// <summary>A write as a part of a transaction.</summary>
    public TransactWriteItem TransactOf(string partition, string commitId, Write write) => write switch
    {
        Write.Create or Write.Replace => new TransactWriteItem
        {
            Put = new Put
            {
                TableName = tableName,
                Item = RowOf(partition, commitId, write),
                ConditionExpression = ConditionOf(write),
                ExpressionAttributeNames = NamesOf(write),
                ExpressionAttributeValues = ValuesOf(write),
                ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure.ALL_OLD,
            },
        },
        Write.Delete => new TransactWriteItem
        {
            Delete = new Delete
            {
                TableName = tableName,
                Key = KeyOf(partition, write.Id),
                ConditionExpression = ConditionOf(write),
                ExpressionAttributeNames = NamesOf(write),
                ExpressionAttributeValues = ValuesOf(write),
            },
        },
        _ => new TransactWriteItem
        {
            ConditionCheck = new ConditionCheck
            {
                TableName = tableName,
                Key = KeyOf(partition, write.Id),
                ConditionExpression = ConditionOf(write),
                ExpressionAttributeNames = NamesOf(write),
                ExpressionAttributeValues = ValuesOf(write),
            },
        },
    };

    private static string ConditionOf(Write write) => write is Write.Create ? "attribute_not_exists(#r)" : "#v = :v";

    private static Dictionary<string, string> NamesOf(Write write) => write is Write.Create ? RangeKeyName : VersionName;

    private static Dictionary<string, AttributeValue>? ValuesOf(Write write) => Batches.RequiredVersion(write) is { } version ? new() { [":v"] = new AttributeValue(version) } : null;

    private static AttributeValue Number(long number) => new() { N = number.ToString(CultureInfo.InvariantCulture) };

    private static long? EndOf(Dictionary<string, AttributeValue> row) => row.GetValueOrDefault(DynamoDbSchema.End)?.N is { } end ? long.Parse(end, CultureInfo.InvariantCulture) : null;

    private static Dictionary<string, AttributeValue> RowOf(string partition, string commitId, Write write)
    {
        var row = KeyOf(partition, write.Id);
        row[Version] = new AttributeValue(commitId);
        if (Batches.NewValue(write) is { IsEmpty: false } value)
        {
            row[Value] = new AttributeValue { B = StreamOf(value) };
        }

        if (Batches.RequiredVersion(write) is { } replaced)
        {
            row[Replaced] = new AttributeValue(replaced);
        }

        if (Batches.EndOf(write) is { } end)
        {
            row[DynamoDbSchema.End] = Number(end);
        }

        return row;
    }

    private static ReadOnlyMemory<byte> ValueOf(Dictionary<string, AttributeValue> row)
    {
        if (row.GetValueOrDefault(Value)?.B is not { } stream)
        {
            return ReadOnlyMemory<byte>.Empty;
        }

        return stream.TryGetBuffer(out var buffer) ? buffer : stream.ToArray();
    }

    private static MemoryStream StreamOf(ReadOnlyMemory<byte> value) => MemoryMarshal.TryGetArray(value, out var segment)
        ? new MemoryStream(segment.Array!, segment.Offset, segment.Count, writable: false, publiclyVisible: true)
        : new MemoryStream(value.ToArray(), writable: false);
}
