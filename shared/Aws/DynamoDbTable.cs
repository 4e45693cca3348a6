using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;

namespace Frazil.AwsBackend;

/// <summary>Makes the table of <see cref="DynamoDbKeyValueStore"/>.</summary>
internal sealed class DynamoDbTable(IAmazonDynamoDB client, string tableName, TimeProvider time)
{
    /// <summary>How long a fresh table may take to become active.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    public async Task CreateIfMissingAsync(CancellationToken cancellationToken)
    {
        try
        {
            await CreateAndWaitAsync(cancellationToken);
        }
        catch (Exception failure) when (failure is not (IOException or InvalidDataException) && !cancellationToken.IsCancellationRequested)
        {
            // Nothing is lost when this is run again, so it is not repeated here.
            throw DynamoDbFailures.Understand(failure, tableName).Meaning;
        }
    }

    private async Task CreateAndWaitAsync(CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            var table = await DescribeAsync(cancellationToken) ?? await CreateAsync(cancellationToken);
            CheckKeys(table);
            if (table?.TableStatus == TableStatus.ACTIVE || table?.TableStatus == TableStatus.UPDATING)
            {
                await RemoveEndedRowsAsync(cancellationToken);
                return;
            }

            if (time.GetElapsedTime(began) > Patience)
            {
                throw new IOException($"DynamoDB table {tableName} is still {table?.TableStatus} after {Patience.TotalMinutes} minutes");
            }

            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    /// <summary>Has DynamoDB remove ended rows, also from a table that was made without: by an earlier version, or by a process that came no further.</summary>
    private async Task RemoveEndedRowsAsync(CancellationToken cancellationToken)
    {
        try
        {
            var removal = (await client.DescribeTimeToLiveAsync(tableName, cancellationToken)).TimeToLiveDescription;
            if (removal.TimeToLiveStatus == TimeToLiveStatus.DISABLED)
            {
                await client.UpdateTimeToLiveAsync(
                    new UpdateTimeToLiveRequest { TableName = tableName, TimeToLiveSpecification = new TimeToLiveSpecification { AttributeName = DynamoDbSchema.End, Enabled = true } }, cancellationToken);
            }
        }
        catch (AmazonDynamoDBException failure) when (failure.ErrorCode is "AccessDeniedException" or "ValidationException")
        {
            // The table is somebody else's to set up, or another process sets it up at this moment. What has ended is absent anyhow, and the next start looks again.
        }
    }

    private async Task<TableDescription?> DescribeAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (await client.DescribeTableAsync(tableName, cancellationToken)).Table;
        }
        catch (ResourceNotFoundException)
        {
            return null;
        }
    }

    private async Task<TableDescription?> CreateAsync(CancellationToken cancellationToken)
    {
        try
        {
            var response = await client.CreateTableAsync(
                new Amazon.DynamoDBv2.Model.CreateTableRequest // the catalog has a request of that name too
                {
                    TableName = tableName,
                    BillingMode = BillingMode.PAY_PER_REQUEST,
                    AttributeDefinitions = [new(DynamoDbRows.HashKey, ScalarAttributeType.S), new(DynamoDbRows.RangeKey, ScalarAttributeType.S)],
                    KeySchema = [new(DynamoDbRows.HashKey, KeyType.HASH), new(DynamoDbRows.RangeKey, KeyType.RANGE)],
                },
                cancellationToken);
            return response.TableDescription;
        }
        catch (ResourceInUseException)
        {
            // Another process makes it at this moment.
            return null;
        }
    }

    private void CheckKeys(TableDescription? table)
    {
        if (table?.KeySchema is { } keys && !keys.Select(key => (key.AttributeName, key.KeyType.Value)).SequenceEqual([(DynamoDbRows.HashKey, "HASH"), (DynamoDbRows.RangeKey, "RANGE")]))
        {
            throw new InvalidDataException(
                $"DynamoDB table {tableName} has other keys than the hash key {DynamoDbRows.HashKey} and the range key {DynamoDbRows.RangeKey}; name another table for the store");
        }
    }
}
