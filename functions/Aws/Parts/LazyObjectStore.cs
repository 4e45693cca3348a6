using Frazil.Storage;

namespace Frazil.Lambda;

/// <summary>A storage that is opened when it is first used.</summary>
internal sealed class LazyObjectStore(Func<IObjectStore> open) : IObjectStore
{
    private readonly Lazy<IObjectStore> store = new(open);

    public ValueTask<ReadOnlyMemory<byte>?> ReadAsync(string location, CancellationToken cancellationToken) => store.Value.ReadAsync(location, cancellationToken);

    public ValueTask<Stream?> OpenReadAsync(string location, CancellationToken cancellationToken) => store.Value.OpenReadAsync(location, cancellationToken);

    public ValueTask<bool> CreateAsync(string location, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => store.Value.CreateAsync(location, content, cancellationToken);

    public ValueTask DeleteAsync(string location, CancellationToken cancellationToken) => store.Value.DeleteAsync(location, cancellationToken);

    public IAsyncEnumerable<string> ListAsync(string folder, CancellationToken cancellationToken) => store.Value.ListAsync(folder, cancellationToken);
}
