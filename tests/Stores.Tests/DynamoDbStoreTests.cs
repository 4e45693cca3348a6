using Frazil.AwsBackend;
using Frazil.Storage;

namespace Frazil.Stores.Tests;

[Trait("Needs", "dynamodb")]
public sealed class DynamoDbKeyValueStoreTests : KeyValueStoreTests
{
    private static readonly Lazy<Task<string>> Shared = new(async () =>
    {
        using var client = Aws.DynamoDb();
        var table = $"stores-{Guid.NewGuid():N}";
        await new DynamoDbKeyValueStore(client, table, TimeProvider.System, new IdSource()).CreateTableIfMissingAsync(default);
        return table;
    });

    private IKeyValueStore? store;

    protected override IKeyValueStore Store => store!;

    protected override int ModelRuns => 15;

    /// <summary>One table for the whole run; each test has its own partition.</summary>
    public static Task<string> TableAsync() => Shared.Value;

    protected override bool RemovesByItself => true;

    public override async Task InitializeAsync() => store = new DynamoDbKeyValueStore(Aws.DynamoDb(), await TableAsync(), TimeProvider.System, new IdSource(), Clock);
}
