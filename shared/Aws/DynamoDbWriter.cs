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
/// </remarks>
internal sealed class DynamoDbWriter(IAmazonDynamoDB client, DynamoDbRows rows, string tableName, string partition, string commitId, IReadOnlyList<Write> writes)
{
    public Task<WriteResult> RunAsync(Attempts attempts) => attempts.SendAsync(
        async () =>
        {
            await SendAsync();
            return WriteResult.Applied;
        },
        failure => Judge(failure, attempts.IsOpen) is { } result ? Task.FromResult(result) : null,
        failure => throw Unknown(failure));

    /// <summary>36 characters at most, and the same whenever this batch is sent.</summary>
    private string Token() => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{tableName}\n{partition}\n{commitId}")).AsSpan(0, 16));

    // A request that was sent is not cancelled: that would only make its outcome open.
    private Task SendAsync() => writes is [Write.Create or Write.Replace]
        ? client.PutItemAsync(rows.PutOf(partition, commitId, writes[0]), CancellationToken.None)
        : client.TransactWriteItemsAsync(
            new TransactWriteItemsRequest { ClientRequestToken = Token(), TransactItems = [.. writes.Select(write => rows.TransactOf(partition, commitId, write))] },
            CancellationToken.None);

    /// <summary>Null when it is no answer.</summary>
    private WriteResult? Judge(Exception failure, bool isOpen) => failure switch
    {
        ConditionalCheckFailedException refused => JudgePut(writes[0], refused, isOpen),
        TransactionCanceledException cancelled => JudgeTransaction(cancelled, isOpen),
        IdempotentParameterMismatchException mismatch => throw new ArgumentException($"Commit id {commitId} was used for another batch: a commit id serves for one", mismatch),
        _ => null,
    };

    private WriteResult JudgePut(Write write, ConditionalCheckFailedException refused, bool isOpen)
    {
        if (IsOurs(refused.Item))
        {
            return WriteResult.Applied;
        }

        var other = DynamoDbRows.ReplacedVersionOf(refused.Item);
        return !isOpen || (other is not null && other == Batches.RequiredVersion(write)) ? new WriteResult(write.Id) : throw Unknown(refused);
    }

    /// <summary>Null when the transaction is to be tried again.</summary>
    private WriteResult? JudgeTransaction(TransactionCanceledException cancelled, bool isOpen)
    {
        var reasons = cancelled.CancellationReasons ?? [];
        var failed = writes.Zip(reasons).Where(pair => pair.Second.Code == "ConditionalCheckFailed").ToList();
        if (failed.Any(pair => Batches.NewValue(pair.First) is not null && IsOurs(pair.Second.Item)))
        {
            return WriteResult.Applied;
        }

        if (failed.Count > 0)
        {
            var isCertain = !isOpen || failed.Any(pair => pair.First is not Write.Create) || writes.All(write => write is Write.Check);
            return isCertain ? new WriteResult(failed[0].First.Id) : throw Unknown(cancelled);
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

    private UnknownOutcomeException Unknown(Exception cause) => new($"Batch {commitId} may or may not be in DynamoDB table {tableName}: {cause.Message}", cause);
}
