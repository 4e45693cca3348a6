using Amazon.DynamoDBv2.Model;
using Amazon.Runtime;
using Frazil.Storage;

namespace Frazil.AwsBackend;

/// <summary>DynamoDB's failures in the store's terms, where nothing was applied.</summary>
internal static class DynamoDbFailures
{
    public static Failure Understand(Exception failure, string tableName)
    {
        var kind = failure switch
        {
            TransactionCanceledException or TransactionConflictException or ConditionalCheckFailedException => FailureKind.Throttled, // others were in its way
            TransactionInProgressException => FailureKind.Unclear,
            _ => AwsFailures.Classify(failure),
        };
        return new Failure(kind, Translate(failure, kind, tableName));
    }

    private static Exception Translate(Exception failure, FailureKind kind, string tableName) => (failure, kind) switch
    {
        (_, FailureKind.Throttled) => new StoreThrottledException($"DynamoDB table {tableName} is throttled: {failure.Message}", failure),
        (_, FailureKind.Unreachable) => new StoreUnavailableException("its store cannot be reached", $"DynamoDB cannot be reached: {failure.Message}", failure),
        (ResourceNotFoundException, _) => new IOException($"DynamoDB table {tableName} does not exist; {nameof(DynamoDbKeyValueStore.CreateTableIfMissingAsync)} makes it", failure),
        (AmazonServiceException { ErrorCode: "ValidationException" }, _) => new ArgumentException($"DynamoDB refuses the request: {failure.Message}", failure),
        (AmazonServiceException { ErrorCode: var code }, _) => new IOException($"DynamoDB table {tableName} failed: {code}: {failure.Message}", failure),
        _ => new IOException($"DynamoDB table {tableName} failed: {failure.Message}", failure),
    };
}
