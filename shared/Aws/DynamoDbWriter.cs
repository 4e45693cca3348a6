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
internal sealed class DynamoDbWriter(IAmazonDynamoDB client, string tableName, string partition, string commitId, IReadOnlyList<Write> writes)
{
    private readonly DynamoDbRows rows = new(tableName);

    /// <summary>Whether a request was sent whose outcome is open.</summary>
    private bool isOpen;

    public async Task<WriteResult> RunAsync(Attempts attempts)
    {
        while (true)
        {
            try
            {
                await SendAsync();
                return WriteResult.Applied;
            }
            catch (ConditionalCheckFailedException refused)
            {
                return JudgePut(writes[0], refused);
            }
            catch (TransactionCanceledException cancelled)
            {
                if (JudgeTransaction(cancelled) is { } result)
                {
                    return result;
                }

                await WaitAsync(attempts, cancelled, AwsFailure.Throttled);
            }
            catch (IdempotentParameterMismatchException mismatch)
            {
                throw new ArgumentException($"Commit id {commitId} was used for another batch: a commit id serves for one", mismatch);
            }
            catch (TransactionConflictException conflict)
            {
                await WaitAsync(attempts, conflict, AwsFailure.Throttled);
            }
            catch (TransactionInProgressException earlier)
            {
                await WaitAsync(attempts, earlier, AwsFailure.Unclear);
            }
            catch (Exception failure) when (failure is not UnknownOutcomeException)
            {
                await WaitAsync(attempts, failure, AwsFailures.Classify(failure));
            }
        }
    }

    /// <summary>36 characters at most, and the same whenever this batch is sent.</summary>
    private string Token() => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{tableName}\n{partition}\n{commitId}")).AsSpan(0, 16));

    // A request that was sent is not cancelled: that would only make its outcome open.
    private Task SendAsync() => writes is [Write.Create or Write.Replace]
        ? client.PutItemAsync(rows.PutOf(partition, commitId, writes[0]), CancellationToken.None)
        : client.TransactWriteItemsAsync(
            new TransactWriteItemsRequest { ClientRequestToken = Token(), TransactItems = [.. writes.Select(write => rows.TransactOf(partition, commitId, write))] },
            CancellationToken.None);

    private WriteResult JudgePut(Write write, ConditionalCheckFailedException refused)
    {
        if (IsOurs(refused.Item))
        {
            return WriteResult.Applied;
        }

        var other = DynamoDbRows.ReplacedVersionOf(refused.Item);
        return !isOpen || (other is not null && other == Batches.RequiredVersion(write)) ? new WriteResult(write.Id) : throw Unknown(refused);
    }

    /// <summary>Null when the transaction is to be tried again.</summary>
    private WriteResult? JudgeTransaction(TransactionCanceledException cancelled)
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

    /// <summary>Waits before the next attempt; throws what the failure amounts to when there is none.</summary>
    private async Task WaitAsync(Attempts attempts, Exception failure, AwsFailure kind)
    {
        isOpen |= kind == AwsFailure.Unclear;
        if (kind != AwsFailure.Rejected && await attempts.NextAsync(CancellationToken.None))
        {
            return;
        }

        throw isOpen ? Unknown(failure) : DynamoDbFailures.Translate(failure, kind, tableName);
    }

    private UnknownOutcomeException Unknown(Exception cause) => new($"Batch {commitId} may or may not be in DynamoDB table {tableName}: {cause.Message}", cause);
}
