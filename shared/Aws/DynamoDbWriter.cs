using System.Security.Cryptography;
using System.Text;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Frazil.Storage;

namespace Frazil.AwsBackend;

/// <summary>
/// The write path of <see cref="DynamoDbKeyValueStore"/>: one request, sent again while its outcome is open, and judged by what comes back.
/// </summary>
/// <remarks>
/// <para>
/// One <see cref="Write.Create"/> or <see cref="Write.Replace"/> alone is a conditional PutItem. Everything else is a transaction, whose client token makes DynamoDB itself recognise a repeat for ten minutes;
/// so is one <see cref="Write.Delete"/> alone, because a row that is gone does not say who removed it.
/// </para>
/// <para>
/// A condition that fails on the first request is a refusal - unless the row carries the batch's own commit id: then the caller sent the batch again. A condition that fails after a request whose outcome is open
/// proves a refusal only where that request can neither have been applied nor be applied yet. It cannot when a version that it required has gone (versions do not come back) and the row says who took its place,
/// or the client token says that nothing was applied before. It can where only a <see cref="Write.Create"/> failed: the row in its way may go again while the first request still travels. Then the outcome is unknown.
/// </para>
/// <para>
/// A row that has ended is in nobody's way, but stays until DynamoDB removes it. A creation that meets one is sent again as the replacement of just that version, under a client token of its own: no condition asks for
/// the time, which another second or another writer would tell otherwise. That is another request, so it is made only when none before it is open; else whoever sent the batch sends it again.
/// </para>
/// </remarks>
internal sealed class DynamoDbWriter(IAmazonDynamoDB client, DynamoDbRows rows, string tableName, string partition, string commitId, IReadOnlyList<Write> writes)
{
    /// <summary>Versions of rows that have ended and are not removed yet, whose places creations take, by id.</summary>
    private readonly Dictionary<string, string> ended = new(StringComparer.Ordinal);

    public Task<WriteResult> RunAsync(Attempts attempts) => attempts.SendAsync(
        async () =>
        {
            await SendAsync();
            return WriteResult.Applied;
        },
        failure => Judge(failure, attempts.IsOpen) is { } result ? Task.FromResult(result) : null,
        failure => throw Unknown(failure));

    /// <summary>The batch as it is sent.</summary>
    private IEnumerable<Write> Sent => writes.Select(write => write is Write.Create create && ended.TryGetValue(write.Id, out var version)
        ? new Write.Replace(write.Id, create.Value, version) { ExpiresAt = create.ExpiresAt }
        : write);

    /// <summary>36 characters at most, and the same whenever this batch is sent over the same ended rows.</summary>
    private string Token()
    {
        var over = string.Concat(writes.Where(write => ended.ContainsKey(write.Id)).Select(write => $"\n{write.Id}\n{ended[write.Id]}"));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{tableName}\n{partition}\n{commitId}{over}")).AsSpan(0, 16));
    }

    // A request that was sent is not cancelled: that would only make its outcome open.
    private Task SendAsync() => writes is [Write.Create or Write.Replace]
        ? client.PutItemAsync(rows.PutOf(partition, commitId, Sent.Single()), CancellationToken.None)
        : client.TransactWriteItemsAsync(
            new TransactWriteItemsRequest { ClientRequestToken = Token(), TransactItems = [.. Sent.Select(write => rows.TransactOf(partition, commitId, write))] },
            CancellationToken.None);

    /// <summary>Null when it is no answer, or the batch is to be tried again.</summary>
    private WriteResult? Judge(Exception failure, bool isOpen) => failure switch
    {
        ConditionalCheckFailedException refused => JudgePut(refused, isOpen),
        TransactionCanceledException cancelled => JudgeTransaction(cancelled, isOpen),

        // Something was applied under this token: another batch, if a commit id served twice, or an earlier sending of this one. Only what is stored can tell.
        IdempotentParameterMismatchException mismatch => throw Unknown(mismatch),
        _ => null,
    };

    private WriteResult? JudgePut(ConditionalCheckFailedException refused, bool isOpen)
    {
        if (IsOurs(refused.Item))
        {
            return WriteResult.Applied;
        }

        var write = Sent.Single();
        if (IsFree(write, refused.Item))
        {
            return isOpen ? throw Unknown(refused) : null;
        }

        var other = DynamoDbRows.ReplacedVersionOf(refused.Item);
        return !isOpen || (other is not null && other == Batches.RequiredVersion(write)) ? new WriteResult(write.Id) : throw Unknown(refused);
    }

    private WriteResult? JudgeTransaction(TransactionCanceledException cancelled, bool isOpen)
    {
        var reasons = cancelled.CancellationReasons ?? [];
        var failed = Sent.Zip(reasons).Where(pair => pair.Second.Code == "ConditionalCheckFailed").ToList();
        if (failed.Any(pair => Batches.NewValue(pair.First) is not null && IsOurs(pair.Second.Item)))
        {
            return WriteResult.Applied;
        }

        var refusing = failed.Where(pair => !IsFree(pair.First, pair.Second.Item)).ToList();
        if (refusing.Count > 0)
        {
            var isCertain = !isOpen || refusing.Any(pair => pair.First is not Write.Create) || writes.All(write => write is Write.Check);
            return isCertain ? new WriteResult(refusing[0].First.Id) : throw Unknown(cancelled);
        }

        if (failed.Count > 0)
        {
            return isOpen ? throw Unknown(cancelled) : null;
        }

        if (reasons.Any(reason => reason.Code is "TransactionConflict" or "ProvisionedThroughputExceeded" or "ThrottlingError"))
        {
            return null;
        }

        var why = string.Join("; ", reasons.Where(reason => reason.Code is not (null or "None")).Select(reason => $"{reason.Code}: {reason.Message}"));
        throw isOpen ? Unknown(cancelled) : reasons.Any(reason => reason.Code == "ValidationError")
            ? new ArgumentException($"DynamoDB refuses the batch: {why}", cancelled)
            : new IOException($"DynamoDB table {tableName} refuses the batch: {(why.Length > 0 ? why : cancelled.Message)}", cancelled);
    }

    /// <summary>Whether a row carries this batch's version, or was replaced while it did.</summary>
    private bool IsOurs(Dictionary<string, AttributeValue>? row) => DynamoDbRows.VersionOf(row) == commitId || DynamoDbRows.ReplacedVersionOf(row) == commitId;

    /// <summary>
    /// Whether no row that counts refused a creation: the one in its way has ended, or the ended one whose place it would have taken is removed by now. What is sent next goes by what is there now.
    /// </summary>
    private bool IsFree(Write write, Dictionary<string, AttributeValue>? row)
    {
        var isOver = ended.Remove(write.Id);
        if (row is null || DynamoDbRows.VersionOf(row) is not { } version)
        {
            return isOver;
        }

        return (isOver || write is Write.Create) && rows.HasEnded(row) && ended.TryAdd(write.Id, version);
    }

    private UnknownOutcomeException Unknown(Exception cause) => new($"Batch {commitId} may or may not be in DynamoDB table {tableName}: {cause.Message}", cause);
}
