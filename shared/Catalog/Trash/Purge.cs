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
/// So a manifest that is missing means that its files are gone, and another try finds its place again from <see cref="Position"/> or, without one, walks the same tree and finds
/// less of it. Files outside of the table's own locations are left alone and counted: metadata is written by clients, and may name anything. Memory is bounded by the metadata,
/// one block of a manifest, <see cref="MaxPieceSize"/> entries of one and of a manifest list, <see cref="ChunkSize"/> paths, and a digest of each manifest's path.
/// </remarks>
internal sealed class Purge(Catalog catalog, TableEntity table, PurgePosition? begin = null)
{
    /// <summary>Deletions under way at once.</summary>
    public const int Parallelism = 32;

    /// <summary>Files that are found before they are deleted together: what a run may still delete when its time is over.</summary>
    public const int ChunkSize = 256;

    /// <summary>
    /// Entries of a manifest or manifest list that are read before the file is closed and something is done with them. Deleting takes long, and a store ends a connection that nobody
    /// reads from; so a longer file is opened anew for each piece, from its beginning. Each piece is as long as what is before it, so that a file is not read more than about three times,
    /// and never longer than <see cref="MaxPieceSize"/>.
    /// </summary>
    public const int MinPieceSize = 4096;

    /// <summary>The longest piece: at 1 KiB for an entry, which is a long path, 64 MiB.</summary>
    public const int MaxPieceSize = 64 * 1024;

    private readonly IReadOnlyList<Location> own = Claims.Of(table);
    private readonly PurgePosition begin = begin ?? PurgePosition.Begin;
    private readonly List<Reached> chunk = new(ChunkSize);

    /// <summary>What of the tree is gone for certain.</summary>
    public PurgePosition Position { get; private set; } = begin ?? PurgePosition.Begin;

    /// <summary>Files deleted, or that a dry run would delete. A file that several manifests name counts for each, since nobody can remember them all.</summary>
    public long Deleted { get; private set; }

    /// <summary>Files left alone.</summary>
    public long Skipped { get; private set; }

    /// <summary>Whether the table's metadata file was not there, so that nothing could be found.</summary>
    public bool IsMetadataMissing { get; private set; }

    /// <summary>Deletes everything.</summary>
    /// <param name="isPauseDue">Whether <paramref name="pause"/> wants to be called soon.</param>
    /// <param name="pause">Called when everything before <see cref="Position"/> is deleted; may end the walk by throwing.</param>
    /// <param name="requireLease">Called before each deletion; ends the walk by throwing.</param>
    /// <param name="cancellationToken">Ends the walk.</param>
    /// <exception cref="CatalogException">400 when the table says <c>gc.enabled=false</c>, or a file of its tree is no metadata, manifest list or manifest.</exception>
    public async Task RunAsync(Func<bool> isPauseDue, Func<ValueTask> pause, Action requireLease, CancellationToken cancellationToken)
    {
        await foreach (var reached in WalkAsync(cancellationToken))
        {
            if (reached.Location is { } location)
            {
                if (IsOwn(location))
                {
                    chunk.Add(reached);
                }
                else
                {
                    Skipped++;
                }
            }

            if (chunk.Count >= ChunkSize || isPauseDue())
            {
                await FlushAsync(requireLease, cancellationToken);
                Position = reached.Next;
                await pause();
            }
        }

        await FlushAsync(requireLease, cancellationToken);
    }

    /// <summary>The files that a purge would delete, in its order. Changes nothing.</summary>
    public async ValueTask<IReadOnlyList<string>> PreviewAsync(int limit, CancellationToken cancellationToken)
    {
        List<string> files = [];
        await foreach (var reached in WalkAsync(cancellationToken))
        {
            if (reached.Location is not { } location)
            {
                continue;
            }

            if (!IsOwn(location))
            {
                Skipped++;
                continue;
            }

            Deleted++;
            if (files.Count < limit)
            {
                files.Add(location);
            }
        }

        return files;
    }

    private async IAsyncEnumerable<Reached> WalkAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (await catalog.Files.ReadAsync(table.MetadataLocation, cancellationToken) is not { } stored)
        {
            IsMetadataMissing = true; // It goes last: everything is gone, or cannot be found.
            yield break;
        }

        if (table.Kind == TableKind.View)
        {
            yield return new Reached(table.MetadataLocation, Stage.Metadata, begin);
            yield break;
        }

        var metadata = MetadataFiles.ParseTable(table.MetadataLocation, stored, ErrorKind.BadRequest); // like the other files of the tree: it is so in every try
        Tables.RequireGarbageCollection(metadata, table.Location);
        HashSet<UInt128> seen = [];
        for (var i = begin.Snapshot; i < metadata.Snapshots.Count; i++)
        {
            var ordinal = 0;
            await foreach (var manifest in ManifestsAsync(metadata.Snapshots[i], cancellationToken))
            {
                var at = new PurgePosition(i, ordinal++, 0);
                if (seen.Add(Digest(manifest.Path)) && at.Manifest >= (i == begin.Snapshot ? begin.Manifest : 0))
                {
                    await foreach (var reached in WalkAsync(manifest, metadata.Snapshots[i], at, cancellationToken))
                    {
                        yield return reached;
                    }
                }
            }

            yield return new Reached(null, Stage.Files, new PurgePosition(i + 1, 0, 0));
        }

        var rest = metadata.Snapshots.Select(snapshot => snapshot.ManifestList).OfType<string>()
            .Concat(metadata.Statistics.Select(file => file.StatisticsPath))
            .Concat(metadata.PartitionStatistics.Select(file => file.StatisticsPath))
            .Concat(metadata.MetadataLog.Select(entry => entry.MetadataFile).Where(file => file != table.MetadataLocation));
        var end = new PurgePosition(metadata.Snapshots.Count, begin.Snapshot == metadata.Snapshots.Count ? begin.Manifest : 0, 0);
        foreach (var location in rest.Skip(end.Manifest))
        {
            end = end with { Manifest = end.Manifest + 1 };
            yield return new Reached(location, Stage.Rest, end);
        }

        yield return new Reached(table.MetadataLocation, Stage.Metadata, end);
    }

    /// <summary>The data and delete files that a manifest names, then the manifest; nothing when it is gone. One that is not the table's own is not even opened.</summary>
    private async IAsyncEnumerable<Reached> WalkAsync(
        (string Path, ManifestFile? File) manifest, Snapshot snapshot, PurgePosition at, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var next = at with { Manifest = at.Manifest + 1 };
        if (!IsOwn(manifest.Path))
        {
            yield return new Reached(manifest.Path, Stage.Manifests, next);
            yield break;
        }

        at = at == begin with { Entry = 0 } ? begin : at;
        (List<string> Entries, bool IsLast) piece;
        do
        {
            if (await ReadPieceAsync(manifest.Path, at.Entry, PathsAsync, cancellationToken) is not { } read)
            {
                yield return new Reached(null, Stage.Manifests, next);
                yield break;
            }

            piece = read;
            foreach (var path in piece.Entries)
            {
                at = at with { Entry = at.Entry + 1 };
                yield return new Reached(path, Stage.Files, at);
            }
        }
        while (!piece.IsLast);

        yield return new Reached(manifest.Path, Stage.Manifests, next);

        async IAsyncEnumerable<string> PathsAsync(Stream stream)
        {
            using var reader = manifest.File is { } file
                ? await ManifestReader.OpenAsync(stream, file, ManifestProjection.Files, cancellationToken)
                : await ManifestReader.OpenEmbeddedAsync(stream, manifest.Path, snapshot.SnapshotId, ManifestProjection.Files, cancellationToken);
            await foreach (var entry in reader.ReadAsync(cancellationToken))
            {
                yield return entry.DataFile.FilePath;
            }
        }
    }

    private async IAsyncEnumerable<(string Path, ManifestFile? File)> ManifestsAsync(Snapshot snapshot, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var path in snapshot.Manifests)
        {
            yield return (path, null);
        }

        if (snapshot.ManifestList is not { } list || !IsOwn(list))
        {
            yield break;
        }

        for (var done = 0; await ReadPieceAsync(list, done, ManifestsAsync, cancellationToken) is { } piece; done += piece.Entries.Count)
        {
            foreach (var manifest in piece.Entries)
            {
                yield return (manifest.ManifestPath, manifest);
            }

            if (piece.IsLast)
            {
                yield break;
            }
        }

        async IAsyncEnumerable<ManifestFile> ManifestsAsync(Stream stream)
        {
            await foreach (var manifest in ManifestListReader.ReadAsync(stream, list, cancellationToken))
            {
                // Without what only queries want, and what may be large.
                yield return manifest with { Partitions = null, KeyMetadata = null };
            }
        }
    }

    /// <summary>The next entries of a file, with the file closed again; null when it is gone.</summary>
    private async ValueTask<(List<T> Entries, bool IsLast)?> ReadPieceAsync<T>(string location, long done, Func<Stream, IAsyncEnumerable<T>> read, CancellationToken cancellationToken)
    {
        if (await catalog.Files.OpenReadAsync(location, cancellationToken) is not { } stream)
        {
            return null;
        }

        await using (stream)
        {
            var size = (int)Math.Clamp(done, MinPieceSize, MaxPieceSize);
            List<T> piece = [];
            await foreach (var item in read(stream))
            {
                if (done-- <= 0)
                {
                    piece.Add(item);
                    if (piece.Count == size)
                    {
                        return (piece, false);
                    }
                }
            }

            return (piece, true);
        }
    }

    /// <summary>Deletes what was found: what stands on others before those. A failure ends it, with nothing of a later stage gone.</summary>
    private async Task FlushAsync(Action requireLease, CancellationToken cancellationToken)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellationToken };
        foreach (var stage in chunk.GroupBy(reached => reached.Stage).OrderBy(group => group.Key))
        {
            await System.Threading.Tasks.Parallel.ForEachAsync(stage, options, async (reached, token) =>
            {
                requireLease();
                await catalog.Files.DeleteAsync(reached.Location!, token);
            });
            Deleted += stage.Count();
        }

        chunk.Clear();
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

    /// <summary>In which order the files of one chunk go.</summary>
    private enum Stage
    {
        Files,
        Manifests,
        Rest,
        Metadata,
    }

    /// <summary>A place of the walk: a file, or nothing but the way to the next place.</summary>
    private readonly record struct Reached(string? Location, Stage Stage, PurgePosition Next);
}
