using Amazon.DynamoDBv2.Model;
using Amazon.Runtime;
using Frazil.Storage;

namespace Frazil.AwsBackend;

/// <summary>DynamoDB's failures in the store's terms, where nothing was applied.</summary>
internal static class DynamoDbFailures
{
    public static Exception Translate(Exception failure, AwsFailure kind, string tableName) => (failure, kind) switch
    {
        (_, AwsFailure.Throttled) => new StoreThrottledException($"DynamoDB table {tableName} is throttled: {failure.Message}", failure),
        (_, AwsFailure.Unreachable) => new IOException($"DynamoDB cannot be reached: {failure.Message}", failure),
        (ResourceNotFoundException, _) => new IOException($"DynamoDB table {tableName} does not exist; {nameof(DynamoDbKeyValueStore.CreateTableIfMissingAsync)} makes it", failure),
        (AmazonServiceException { ErrorCode: "ValidationException" }, _) => new ArgumentException($"DynamoDB refuses the request: {failure.Message}", failure),
        (AmazonServiceException { ErrorCode: var code }, _) => new IOException($"DynamoDB table {tableName} failed: {code}: {failure.Message}", failure),
        _ => new IOException($"DynamoDB table {tableName} failed: {failure.Message}", failure),
    };
}
