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
        var isNew = false;
        while (true)
        {
            var table = await DescribeAsync(cancellationToken);
            if (table is null)
            {
                table = await CreateAsync(cancellationToken);
                isNew |= table is not null;
            }

            CheckKeys(table);
            if (table?.TableStatus == TableStatus.ACTIVE || table?.TableStatus == TableStatus.UPDATING)
            {
                if (isNew)
                {
                    await RemoveEndedRowsAsync(cancellationToken);
                }

                return;
            }

            if (time.GetElapsedTime(began) > Patience)
            {
                throw new IOException($"DynamoDB table {tableName} is still {table?.TableStatus} after {Patience.TotalMinutes} minutes");
            }

            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    private Task RemoveEndedRowsAsync(CancellationToken cancellationToken) => client.UpdateTimeToLiveAsync(
        new UpdateTimeToLiveRequest { TableName = tableName, TimeToLiveSpecification = new TimeToLiveSpecification { AttributeName = DynamoDbSchema.End, Enabled = true } }, cancellationToken);

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
