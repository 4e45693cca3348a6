using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace Frazil.Storage;

/// <summary>The object contract in one process's memory, for tests and demonstrations.</summary>
/// <param name="root">What every location it serves begins with, such as <c>memory://warehouse/</c>; a slash is added at the end when it has none.</param>
public sealed class InMemoryObjectStore(string root) : IObjectStore
{
    private readonly string root = root.EndsWith('/') ? root : root + "/";
    private readonly ConcurrentDictionary<string, ReadOnlyMemory<byte>> files = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>?> ReadAsync(string location, CancellationToken cancellationToken)
    {
        CheckFile(location, cancellationToken);
        return new(files.TryGetValue(location, out var content) ? content : default(ReadOnlyMemory<byte>?));
    }

    /// <inheritdoc/>
    public ValueTask<Stream?> OpenReadAsync(string location, CancellationToken cancellationToken)
    {
        CheckFile(location, cancellationToken);
        return new(files.TryGetValue(location, out var content) ? new MemoryStream(content.ToArray(), writable: false) : null);
    }

    /// <inheritdoc/>
    public ValueTask<bool> CreateAsync(string location, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        CheckFile(location, cancellationToken);
        ObjectLocations.CheckContent(location, content);
        return new(files.TryAdd(location, content.ToArray()));
    }

    /// <inheritdoc/>
    public ValueTask DeleteAsync(string location, CancellationToken cancellationToken)
    {
        CheckFile(location, cancellationToken);
        files.TryRemove(location, out _);
        return default;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> ListAsync(string folder, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ObjectLocations.Check(folder);
        var prefix = folder.EndsWith('/') ? folder : folder + "/";
        CheckServed(prefix);
        foreach (var location in files.Keys.Where(location => location.StartsWith(prefix, StringComparison.Ordinal)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return location;
        }

        await Task.CompletedTask;
    }

    private void CheckFile(string location, CancellationToken cancellationToken)
    {
        ObjectLocations.CheckFile(location);
        CheckServed(location);
        cancellationToken.ThrowIfCancellationRequested();
    }

    private void CheckServed(string location)
    {
        if (!location.StartsWith(root, StringComparison.Ordinal))
        {
            throw ObjectLocations.NotServed(location);
        }
    }
}
