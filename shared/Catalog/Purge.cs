using System.Runtime.CompilerServices;
using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Iceberg.Manifests;

namespace Frazil;

/// <summary>
/// Deletes what a dropped table's metadata reaches: data and delete files, manifests, manifest lists, statistics, old metadata files, and the metadata file last. Never a prefix.
/// </summary>
/// <remarks>
/// The order is what makes it survive a crash anywhere: a manifest goes after the files it names, a manifest list after its manifests, the metadata file after everything.
/// So a manifest that is missing means that its files are gone, and another try walks the same tree and finds less of it. Files outside of the table's own locations are
/// left alone and counted: metadata is written by clients, and may name anything. Memory is bounded by one manifest's entries in flight and a digest of each manifest's path.
/// </remarks>
internal sealed class Purge(Catalog catalog, TableEntity table)
{
    /// <summary>Deletions under way at once.</summary>
    public const int Parallelism = 32;

    private readonly IReadOnlyList<Location> own = Claims.Of(table);

    /// <summary>Files deleted, or that a dry run would delete.</summary>
    public long Deleted { get; private set; }

    /// <summary>Files left alone.</summary>
    public long Skipped { get; private set; }

    /// <summary>Deletes everything. <paramref name="alive"/> is called between manifests, and may end the walk by throwing.</summary>
    public Task RunAsync(Func<ValueTask> alive, CancellationToken cancellationToken) => WalkAsync(DeleteAsync, alive, cancellationToken);

    /// <summary>The files that a purge would delete, in its order. Changes nothing.</summary>
    public async ValueTask<IReadOnlyList<string>> PreviewAsync(int limit, CancellationToken cancellationToken)
    {
        List<string> files = [];
        await WalkAsync(
            async (locations, token) =>
            {
                await foreach (var location in locations.WithCancellation(token))
                {
                    if (IsOwn(location))
                    {
                        Deleted++;
                        if (files.Count < limit)
                        {
                            files.Add(location);
                        }
                    }
                    else
                    {
                        Skipped++;
                    }
                }
            },
            static () => ValueTask.CompletedTask,
            cancellationToken);
        return files;
    }

    private async Task WalkAsync(Func<IAsyncEnumerable<string>, CancellationToken, Task> take, Func<ValueTask> alive, CancellationToken cancellationToken)
    {
        if (await catalog.Files.ReadAsync(table.MetadataLocation, cancellationToken) is not { } stored)
        {
            return; // The metadata file goes last: everything is gone.
        }

        var json = MetadataLocation.Decode(stored, Limits.MaxMetadataBytes);
        if (table.Kind == TableKind.View)
        {
            await take(Each([table.MetadataLocation]), cancellationToken);
            return;
        }

        var metadata = TableMetadata.Parse(json);
        HashSet<UInt128> seen = [];
        foreach (var snapshot in metadata.Snapshots)
        {
            await foreach (var manifest in ManifestsAsync(snapshot, cancellationToken))
            {
                if (seen.Add(Digest(manifest.Path)))
                {
                    await alive();
                    await take(FilesAsync(manifest, snapshot.SnapshotId, cancellationToken), cancellationToken);
                    await take(Each([manifest.Path]), cancellationToken);
                }
            }
        }

        await alive();
        await take(Each(metadata.Snapshots.Select(snapshot => snapshot.ManifestList).OfType<string>()), cancellationToken);
        await take(Each(metadata.Statistics.Select(file => file.StatisticsPath).Concat(metadata.PartitionStatistics.Select(file => file.StatisticsPath))), cancellationToken);
        await take(Each(metadata.MetadataLog.Select(entry => entry.MetadataFile).Where(file => file != table.MetadataLocation)), cancellationToken);
        await take(Each([table.MetadataLocation]), cancellationToken);
    }

    private async IAsyncEnumerable<(string Path, ManifestFile? File)> ManifestsAsync(Snapshot snapshot, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var path in snapshot.Manifests)
        {
            yield return (path, null);
        }

        if (snapshot.ManifestList is not { } list || !IsOwn(list) || await catalog.Files.OpenReadAsync(list, cancellationToken) is not { } stream)
        {
            yield break;
        }

        await using (stream)
        {
            await foreach (var manifest in ManifestListReader.ReadAsync(stream, list, cancellationToken))
            {
                yield return (manifest.ManifestPath, manifest);
            }
        }
    }

    /// <summary>The data and delete files that a manifest names; none when it is gone, or is not the table's own.</summary>
    private async IAsyncEnumerable<string> FilesAsync((string Path, ManifestFile? File) manifest, long snapshotId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!IsOwn(manifest.Path) || await catalog.Files.OpenReadAsync(manifest.Path, cancellationToken) is not { } stream)
        {
            yield break;
        }

        await using (stream)
        {
            using var reader = manifest.File is { } file
                ? await ManifestReader.OpenAsync(stream, file, ManifestProjection.Files, cancellationToken)
                : await ManifestReader.OpenEmbeddedAsync(stream, manifest.Path, snapshotId, ManifestProjection.Files, cancellationToken);
            await foreach (var entry in reader.ReadAsync(cancellationToken))
            {
                yield return entry.DataFile.FilePath;
            }
        }
    }

    private async Task DeleteAsync(IAsyncEnumerable<string> locations, CancellationToken cancellationToken)
    {
        using var slots = new SemaphoreSlim(Parallelism);
        List<Task> running = new(Parallelism);
        try
        {
            await foreach (var location in locations.WithCancellation(cancellationToken))
            {
                if (!IsOwn(location))
                {
                    Skipped++;
                    continue;
                }

                await slots.WaitAsync(cancellationToken);
                Deleted++;
                running.Add(DeleteOneAsync(location, slots, cancellationToken));
                if (running.Count >= Parallelism * 2)
                {
                    // A failure must end the walk before the manifest that names the file is deleted.
                    await Task.WhenAll(running.Where(task => task.IsCompleted));
                    running.RemoveAll(task => task.IsCompleted);
                }
            }
        }
        finally
        {
            await Task.WhenAll(running);
        }
    }

    private async Task DeleteOneAsync(string location, SemaphoreSlim slots, CancellationToken cancellationToken)
    {
        try
        {
            await catalog.Files.DeleteAsync(location, cancellationToken);
        }
        finally
        {
            slots.Release();
        }
    }

    private bool IsOwn(string text)
    {
        try
        {
            var location = catalog.RequireAllowed("file", text);
            return own.Any(location.IsWithin);
        }
        catch (CatalogException)
        {
            return false;
        }
    }

    private static UInt128 Digest(string path)
    {
        Span<byte> digest = stackalloc byte[32];
        System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(path), digest);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(digest);
    }

    private static async IAsyncEnumerable<string> Each(IEnumerable<string> locations)
    {
        foreach (var location in locations)
        {
            yield return location;
        }

        await Task.CompletedTask;
    }
}
