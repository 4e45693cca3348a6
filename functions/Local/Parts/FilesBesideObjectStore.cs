using Frazil.Storage;

namespace Frazil.Local;

/// <summary>A storage elsewhere that also allows folders of this machine: a location's scheme says which of the two serves it.</summary>
/// <param name="elsewhere">The storage of every other scheme.</param>
/// <param name="here">The folders of this machine.</param>
internal sealed class FilesBesideObjectStore(IObjectStore elsewhere, IObjectStore here) : IObjectStore
{
    public ValueTask<ReadOnlyMemory<byte>?> ReadAsync(string location, CancellationToken cancellationToken) => Of(location).ReadAsync(location, cancellationToken);

    public bool? ExistsNearby(string location) => Of(location).ExistsNearby(location);

    public ValueTask<Stream?> OpenReadAsync(string location, CancellationToken cancellationToken) => Of(location).OpenReadAsync(location, cancellationToken);

    public ValueTask<bool> CreateAsync(string location, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        Of(location).CreateAsync(location, content, cancellationToken);

    public ValueTask DeleteAsync(string location, CancellationToken cancellationToken) => Of(location).DeleteAsync(location, cancellationToken);

    public ValueTask MakeFolderAsync(string location, CancellationToken cancellationToken) => Of(location).MakeFolderAsync(location, cancellationToken);

    public ValueTask RemoveEmptyFoldersAsync(string location, CancellationToken cancellationToken) => Of(location).RemoveEmptyFoldersAsync(location, cancellationToken);

    public IAsyncEnumerable<string> ListAsync(string folder, CancellationToken cancellationToken) => Of(folder).ListAsync(folder, cancellationToken);

    private IObjectStore Of(string location) =>
        location.StartsWith('/') || location.StartsWith("file:", StringComparison.OrdinalIgnoreCase) ? here : elsewhere;
}
