using System.Text;
using Frazil.Storage;

namespace Frazil.Stores.Tests;

/// <summary>What every <see cref="IKeyValueStore"/> promises. A backend derives from this and says how to make one.</summary>
public abstract partial class KeyValueStoreTests : IAsyncLifetime
{
    protected abstract IKeyValueStore Store { get; }

    /// <summary>A partition of this test's own, so that suites may share one store.</summary>
    protected string Partition { get; } = $"test-{Guid.NewGuid():N}";

    public virtual Task InitializeAsync() => Task.CompletedTask;

    public virtual async Task DisposeAsync()
    {
        if (Store is IAsyncDisposable disposable)
        {
            await disposable.DisposeAsync();
        }
    }

    protected static string NewCommitId() => Guid.NewGuid().ToString();

    protected static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);

    protected static string Text(Item item) => Encoding.UTF8.GetString(item.Value.Span);

    protected static Write.Create Create(string id, string value = "") => new(id, Bytes(value));

    protected Task<WriteResult> WriteAsync(params Write[] writes) => WriteAsync(NewCommitId(), writes);

    protected async Task<WriteResult> WriteAsync(string commitId, params Write[] writes) => await Store.WriteAsync(Partition, commitId, writes, default);

    protected async Task ApplyAsync(params Write[] writes) => Assert.Equal(WriteResult.Applied, await WriteAsync(writes));

    protected async Task<Item?> ReadAsync(string id) => await Store.ReadAsync(Partition, id, default);

    protected async Task<string?> ValueOf(string id) => await ReadAsync(id) is { } item ? Text(item) : null;

    /// <summary>Asserts that rows have these values; null for none there.</summary>
    protected async Task HoldAsync(params (string Id, string? Value)[] rows)
    {
        foreach (var (id, value) in rows)
        {
            Assert.Equal((id, value), (id, await ValueOf(id)));
        }
    }

    protected async Task<string> VersionOf(string id) => (await ReadAsync(id))!.Version;

    protected async Task<string[]> ListAsync(string prefix, string? after = null, int limit = IKeyValueStore.MaxPage) =>
        [.. (await Store.ListAsync(Partition, prefix, after, limit, default)).Select(item => item.Id)];
}
