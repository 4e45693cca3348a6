using Frazil.Iceberg;
using Frazil.Storage;
using Microsoft.Win32.SafeHandles;

namespace Frazil.EmbeddedBackend;

/// <summary>
/// Makes files that are durable when they are said to be made. Creations that wait together are made together: all are written and named, then all are synced, then each of their folders
/// once - so that the file system's journal moves once for all of them.
/// </summary>
/// <remarks>
/// Durable before a creation is answered, and so before a pointer can name the file: the file's content, its entry in its folder, and the entry of each folder up to the root of the warehouse.
/// </remarks>
internal sealed class FileCreations
{
    /// <summary>Bytes from which a file waits in a queue of its own: small ones do not wait behind it.</summary>
    private const int LargeFile = 1024 * 1024;

    // What .NET gives as an exception's HResult: the system's own number.
    private const int NoSpace = 28; // ENOSPC
    private const int OverQuota = 122; // EDQUOT on Linux
    private const int ReadOnly = 30; // EROFS
    private const int WindowsDiskFull = unchecked((int)0x80070070);

    private readonly FileRoots roots;
    private readonly IdSource ids;
    private readonly Disk disk;
    private readonly DurableFolders folders;
    private readonly GroupQueue<Creation, bool> small;
    private readonly GroupQueue<Creation, bool> large;

    public FileCreations(FileRoots roots, IdSource ids, Disk disk)
    {
        this.roots = roots;
        this.ids = ids;
        this.disk = disk;
        folders = new DurableFolders(disk);
        small = new("Files", new GroupLimits(Count: 64, Bytes: 8 * 1024 * 1024, Waiting: 8192), Settle);
        large = new("Large files", new GroupLimits(Count: 4, Bytes: 64 * 1024 * 1024, Waiting: 1024), Settle);
    }

    /// <summary>The folders that files are made in.</summary>
    public DurableFolders Folders => folders;

    /// <summary>Makes a file; false when its name is taken.</summary>
    /// <param name="location">Where, as it was asked for.</param>
    /// <param name="path">Where, as <see cref="FileRoots.PathAsSpelled"/> gives it.</param>
    /// <param name="content">Its content, which must stay as it is until the answer.</param>
    /// <param name="cancellationToken">Heeded until a thread takes it up.</param>
    public Task<bool> CreateAsync(string location, string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var creation = new Creation(location, path, content);
        return (content.Length < LargeFile ? small : large).TryAdd(creation)
            ? creation.WaitAsync(cancellationToken)
            : throw new StoreThrottledException($"Too many files wait to be written before {location}; nothing was written");
    }

    private void Settle(List<Creation> group)
    {
        group.RemoveAll(creation => !TryName(creation));
        if (group.Count > 1)
        {
            group.ForEach(creation => disk.BeginSync(creation.File!));
        }

        group.RemoveAll(creation => !TrySync(creation));
        foreach (var folder in group.GroupBy(creation => creation.Folder, StringComparer.Ordinal))
        {
            var failure = SyncFolder(folder.Key);
            foreach (var creation in folder)
            {
                if (failure is null)
                {
                    creation.Succeed(true);
                }
                else
                {
                    creation.Fail(new UnknownOutcomeException($"File {creation.Location} is there, but its folder could not be synced: {failure.Message}", failure));
                }
            }
        }
    }

    /// <summary>Writes a file and gives it its name. False when that ends the creation, which then has been answered.</summary>
    private bool TryName(Creation creation)
    {
        string? temporary = null;
        try
        {
            Write(creation, out temporary);
            if (disk.TryName(temporary, Path.Join(creation.Folder, creation.Name)))
            {
                return true;
            }

            Discard(creation, temporary);
            creation.Succeed(false);
        }
#pragma warning disable CA1031 // whatever it is, it is the caller's to hear of; the thread must live
        catch (Exception failure)
#pragma warning restore CA1031
        {
            Discard(creation, temporary);
            creation.Fail(failure is IOException and not DirectoryNotFoundException and not PathTooLongException ? NotWritten(creation, failure) : failure);
        }

        return false;
    }

    private void Write(Creation creation, out string temporary)
    {
        for (var attempt = 0; ; attempt++)
        {
            temporary = "";
            try
            {
                creation.Folder = FolderOf(creation);
                temporary = Path.Join(creation.Folder, $"{FileObjectStore.TemporaryPrefix}{ids.NewId():N}.tmp");
                creation.File = disk.Open(temporary);
                break;
            }
            catch (DirectoryNotFoundException) when (attempt < FileObjectStore.MaxAttempts)
            {
                // Somebody removed the folder, or an empty one above it, just now.
            }
        }

        disk.Write(creation.File, creation.Content.Span);
    }

    /// <summary>The real path of a file's folder, which is there, durable, and below a root.</summary>
    private string FolderOf(Creation creation)
    {
        var spelled = Path.GetDirectoryName(creation.Path)!;
        if (folders.Find(spelled) is { } known)
        {
            return known;
        }

        var (path, root) = roots.Resolve(creation.Location, followLast: false);
        var folder = Path.GetDirectoryName(path)!;
        try
        {
            folders.Ensure(folder, root);
        }
        catch (IOException inTheWay) when (FileAbove(folder, root))
        {
            throw new CatalogException(ErrorKind.BadRequest, $"Location {creation.Location} lies below a file", inTheWay);
        }

        if (FileRoots.RealPath(folder) != folder)
        {
            throw ObjectLocations.NotServed(creation.Location);
        }

        folders.Remember(spelled, folder);
        return folder;
    }

    /// <summary>Makes a file's content durable. False when that ends the creation: what could not be synced is taken away again.</summary>
    private bool TrySync(Creation creation)
    {
        try
        {
            disk.SyncFile(creation.File!);
            creation.File!.Dispose();
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            Discard(creation, Path.Join(creation.Folder, creation.Name));
            creation.Fail(NotWritten(creation, failure));
            return false;
        }
    }

    private static StoreUnavailableException NotWritten(Creation creation, Exception failure) => new(
        failure.HResult is NoSpace or OverQuota or WindowsDiskFull ? "the disk of the warehouse is full"
        : failure.HResult is ReadOnly ? "the disk of the warehouse is read-only"
        : "a file cannot be written to the warehouse",
        $"File {creation.Location} could not be written: {failure.Message}",
        failure);

    private Exception? SyncFolder(string folder)
    {
        try
        {
            disk.SyncFolder(folder);
            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return failure;
        }
    }

    private void Discard(Creation creation, string? path)
    {
        creation.File?.Dispose();
        try
        {
            if (!string.IsNullOrEmpty(path))
            {
                disk.Delete(path);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // It stays behind: under a name that is never served, or a fresh one that nobody was told.
        }
    }

    internal static bool FileAbove(string folder, string root)
    {
        for (var above = folder; above is not null && above.Length >= root.Length; above = Path.GetDirectoryName(above))
        {
            if (File.Exists(above))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A file to be made, and what has become of it so far.</summary>
    private sealed class Creation(string location, string path, ReadOnlyMemory<byte> content) : Pending<bool>
    {
        public string Location => location;

        public string Path => path;

        public ReadOnlyMemory<byte> Content => content;

        public override long Bytes => content.Length;

        public string Name { get; } = System.IO.Path.GetFileName(path);

        /// <summary>The real path of its folder.</summary>
        public string Folder { get; set; } = "";

        public SafeFileHandle? File { get; set; }
    }
}
