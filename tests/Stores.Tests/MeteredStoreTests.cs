using Frazil.Storage;

namespace Frazil.Stores.Tests;

/// <summary>A measured store keeps every promise of the one it measures.</summary>
public sealed class MeteredKeyValueStoreTests : KeyValueStoreTests
{
    public MeteredKeyValueStoreTests() => Store = new MeteredKeyValueStore(new InMemoryKeyValueStore(Clock), "memory", TimeProvider.System);

    protected override IKeyValueStore Store { get; }
}

public sealed class MeteredObjectStoreTests : ObjectStoreTests
{
    protected override IObjectStore Store { get; } = new MeteredObjectStore(new InMemoryObjectStore("memory://warehouse/"), "memory", TimeProvider.System);

    protected override string Folder => "memory://warehouse";
}
