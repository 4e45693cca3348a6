using Frazil.Storage;

namespace Frazil.Api.Tests;

/// <summary>A store behind a seam.</summary>
public sealed class SeamedKeyValueStore(IKeyValueStore inner, Seam seam) : IKeyValueStore
{
    public ValueTask<Item?> ReadAsync(string partition, string id, CancellationToken cancellationToken) =>
        seam.RunAsync(CallKind.Read, id, [], () => inner.ReadAsync(partition, id, cancellationToken));

    public ValueTask<IReadOnlyList<Item?>> ReadManyAsync(string partition, IReadOnlyList<string> ids, CancellationToken cancellationToken) =>
        seam.RunAsync(CallKind.ReadMany, string.Join(' ', ids), [], () => inner.ReadManyAsync(partition, ids, cancellationToken));

    public ValueTask<IReadOnlyList<Item>> ListAsync(string partition, string prefix, string? after, int limit, CancellationToken cancellationToken) =>
        seam.RunAsync(CallKind.List, prefix, [], () => inner.ListAsync(partition, prefix, after, limit, cancellationToken));

    public ValueTask<int> SweepAsync(string partition, int limit, CancellationToken cancellationToken) =>
        seam.RunAsync(CallKind.Sweep, partition, [], () => inner.SweepAsync(partition, limit, cancellationToken));

    public ValueTask<WriteResult> WriteAsync(string partition, string commitId, IReadOnlyList<Write> writes, CancellationToken cancellationToken) =>
        seam.RunAsync(CallKind.Write, string.Join(' ', writes.Select(write => write.Id)), writes, () => inner.WriteAsync(partition, commitId, writes, cancellationToken));
}

/// <summary>A storage behind a seam.</summary>
public sealed class SeamedObjectStore(IObjectStore inner, Seam seam) : IObjectStore
{
    public ValueTask<ReadOnlyMemory<byte>?> ReadAsync(string location, CancellationToken cancellationToken) =>
        seam.RunAsync(CallKind.ReadFile, location, [], () => inner.ReadAsync(location, cancellationToken));

    public ValueTask<Stream?> OpenReadAsync(string location, CancellationToken cancellationToken) =>
        seam.RunAsync(CallKind.ReadFile, location, [], () => inner.OpenReadAsync(location, cancellationToken));

    public ValueTask<bool> CreateAsync(string location, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        seam.RunAsync(CallKind.CreateFile, location, [], () => inner.CreateAsync(location, content, cancellationToken));

    public async ValueTask DeleteAsync(string location, CancellationToken cancellationToken) =>
        await seam.RunAsync(CallKind.DeleteFile, location, [], async () =>
        {
            await inner.DeleteAsync(location, cancellationToken);
            return true;
        });

    public IAsyncEnumerable<string> ListAsync(string folder, CancellationToken cancellationToken) => inner.ListAsync(folder, cancellationToken);
}
