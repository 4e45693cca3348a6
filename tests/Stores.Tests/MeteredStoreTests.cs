using Frazil.Storage;

namespace Frazil.Stores.Tests;

/// <summary>A measured store keeps every promise of the one it measures.</summary>
public sealed class MeteredKeyValueStoreTests : KeyValueStoreTests
{
    protected override IKeyValueStore Store { get; } = new MeteredKeyValueStore(new InMemoryKeyValueStore(), "memory", TimeProvider.System);
}

public sealed class MeteredObjectStoreTests : ObjectStoreTests
{
    protected override IObjectStore Store { get; } = new MeteredObjectStore(new InMemoryObjectStore("memory://warehouse/"), "memory", TimeProvider.System);

    protected override string Folder => "memory://warehouse";
}
