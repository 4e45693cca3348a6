using Frazil.AwsBackend;
using Frazil.AzureBackend;
using Frazil.Entities;
using Frazil.Storage;
using Frazil.Stores.Tests;

namespace Frazil.Api.Tests;

/// <summary>A DynamoDB table and an S3 bucket, by the emulators that the environment names. All worlds share them; each has partitions and a folder of its own.</summary>
public sealed class AwsWorld : World
{
    private static readonly string Table = $"api-{Guid.NewGuid():N}";
    private static readonly Lazy<Task> Made = new(async () =>
    {
        await new DynamoDbKeyValueStore(Aws.DynamoDb(), Table, TimeProvider.System, new IdSource()).CreateTableIfMissingAsync(CancellationToken.None);
        using var client = Aws.S3();
        await client.PutBucketAsync(Table);
    });

    public AwsWorld()
        : this(Guid.NewGuid().ToString("N"))
    {
    }

    private AwsWorld(string world)
        : base(
            clock => new KeyValueStoreOfWorld(new DynamoDbKeyValueStore(Aws.DynamoDb(), Table, TimeProvider.System, new IdSource(), clock), world),
            new S3ObjectStore(Aws.S3(), [$"s3://{Table}/{world}"], TimeProvider.System, new IdSource()),
            StorageType.S3,
            $"s3://{Table}/{world}")
    {
    }

    public override Task InitializeAsync() => Made.Value;

    public override bool RemovesEndedRows => true;

    public override World Another() => new AwsWorld();
}

/// <summary>A table and a container of Azure Storage, by the emulator that the environment names. All worlds share them; each has partitions and a folder of its own.</summary>
public sealed class AzureWorld : World
{
    private static readonly string Container = $"api{Guid.NewGuid():N}";
    private static readonly Lazy<Task> Made = new(async () =>
    {
        await new AzureTablesKeyValueStore(Azurite.Table(Container), TimeProvider.System, new IdSource()).CreateTableIfMissingAsync(CancellationToken.None);
        await Azurite.Blobs().CreateBlobContainerAsync(Container);
    });

    public AzureWorld()
        : this($"abfss://{Container}@{Azurite.Account}.dfs.core.windows.net", Guid.NewGuid().ToString("N"))
    {
    }

    private AzureWorld(string root, string world)
        : base(
            clock => new KeyValueStoreOfWorld(new AzureTablesKeyValueStore(Azurite.Table(Container), TimeProvider.System, new IdSource(), clock), world),
            new BlobObjectStore(Azurite.Blobs(), [$"{root}/{world}"], TimeProvider.System, new IdSource()),
            StorageType.Azure,
            $"{root}/{world}")
    {
    }

    public override Task InitializeAsync() => Made.Value;

    public override World Another() => new AzureWorld();
}

/// <summary>A store's partitions of one world.</summary>
public sealed class KeyValueStoreOfWorld(IKeyValueStore inner, string world) : IKeyValueStore
{
    public ValueTask<Item?> ReadAsync(string partition, string id, CancellationToken cancellationToken) => inner.ReadAsync(Of(partition), id, cancellationToken);

    public ValueTask<IReadOnlyList<Item?>> ReadManyAsync(string partition, IReadOnlyList<string> ids, CancellationToken cancellationToken) =>
        inner.ReadManyAsync(Of(partition), ids, cancellationToken);

    public ValueTask<IReadOnlyList<Item>> ListAsync(string partition, string prefix, string? after, int limit, CancellationToken cancellationToken) =>
        inner.ListAsync(Of(partition), prefix, after, limit, cancellationToken);

    public ValueTask<WriteResult> WriteAsync(string partition, string commitId, IReadOnlyList<Write> writes, CancellationToken cancellationToken) =>
        inner.WriteAsync(Of(partition), commitId, writes, cancellationToken);

    public ValueTask<int> SweepAsync(string partition, int limit, CancellationToken cancellationToken) => inner.SweepAsync(Of(partition), limit, cancellationToken);

    private string Of(string partition) => $"{world}/{partition}";
}
