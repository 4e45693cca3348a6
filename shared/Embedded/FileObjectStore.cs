using System.Runtime.CompilerServices;
using System.Runtime.Versioning;
using Frazil.Iceberg;
using Frazil.Storage;
using Microsoft.Win32.SafeHandles;

namespace Frazil.EmbeddedBackend;

/// <summary>
/// The object contract on folders of a local file system. <c>file:/x</c>, <c>file:///x</c>, <c>file://localhost/x</c> and <c>/x</c> are the same file.
/// </summary>
/// <remarks>
/// <para>
/// A file is written under a name of its own beside its place (<c>.frazil-*.tmp</c>, never served; one that a crash leaves behind can be deleted at any time no process writes),
/// then given its name in a way that never replaces anything and that one of several gets, then file and folder are synced, and only then it counts as created. So a name stands for a whole file, however
/// a process ends; and after a loss of power every file that was said to be created is whole, while one that was not yet may be there, not be there, or be torn under its fresh name, which nobody was told.
/// </para>
/// <para>
/// Only files below the roots are served. Symbolic links are followed, and must not lead out of the roots; a program that may exchange folders for links inside a root while Frazil works there is trusted.
/// Empty folders are left behind by deletions, as object stores have none, until <see cref="RemoveEmptyFoldersAsync"/> is asked to look after a place. A root that was there once is never made anew:
/// where it was moved away, files of a table would be in two places.
/// </para>
/// </remarks>
public sealed class FileObjectStore : IObjectStore
{
    /// <summary>How names of unfinished files begin. No location may have such a name.</summary>
    public const string TemporaryPrefix = ".frazil-";

    /// <summary>Stands for a file in a folder, when it is the folder that a location names.</summary>
    private const string FolderProbe = "_";

    /// <summary>Tries to make a file or folder while empty folders around it are removed.</summary>
    internal const int MaxAttempts = 5;

    /// <summary>Bytes up to which a file is read on the caller's thread: it is likely in memory, and a change of threads costs more.</summary>
    private const int MaxInlineRead = 128 * 1024;

    private readonly FileRoots roots;
    private readonly FileCreations creations;

    /// <param name="roots">The folders to serve, as locations or absolute paths. They need not exist yet.</param>
    /// <param name="ids">Names temporary files.</param>
    public FileObjectStore(IEnumerable<string> roots, IdSource ids)
        : this(roots, ids, Disk.Native)
    {
    }

    internal FileObjectStore(IEnumerable<string> roots, IdSource ids, Disk disk)
    {
        this.roots = new FileRoots(roots);
        creations = new FileCreations(this.roots, ids, disk);
    }

    /// <summary>The path of the folder that a <c>file:</c> location names.</summary>
    /// <exception cref="CatalogException">BadRequest when it is no file location.</exception>
    public static string PathOfFolder(string location) => FileRoots.Parse(location).TrimEnd(Path.DirectorySeparatorChar);

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(string location, CancellationToken cancellationToken)
    {
        using var handle = Open(location, cancellationToken);
        if (handle is null)
        {
            return null;
        }

        var length = RandomAccess.GetLength(handle);
        if (length > IObjectStore.MaxReadBytes)
        {
            throw ObjectLocations.TooLarge(location, length);
        }

        Measures.Current?.Hold(length);
        var content = GC.AllocateUninitializedArray<byte>((int)length);
        var read = 0;
        while (read < content.Length)
        {
            var rest = content.AsMemory(read);
            var count = length <= MaxInlineRead ? RandomAccess.Read(handle, rest.Span, read) : await RandomAccess.ReadAsync(handle, rest, read, cancellationToken);
            if (count == 0)
            {
                break;
            }

            read += count;
        }

        return content.AsMemory(0, read);
    }

    /// <inheritdoc/>
    public bool? ExistsNearby(string location) => File.Exists(roots.PathAsSpelled(location));

    /// <inheritdoc/>
    public ValueTask<Stream?> OpenReadAsync(string location, CancellationToken cancellationToken)
    {
        var handle = Open(location, cancellationToken);
        return new(handle is null ? null : new FileStream(handle, FileAccess.Read));
    }

    /// <inheritdoc/>
    public async ValueTask<bool> CreateAsync(string location, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        CheckFile(location);
        var path = roots.PathAsSpelled(location);
        ObjectLocations.CheckContent(location, content);
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            return await creations.CreateAsync(location, path, content, cancellationToken);
        }
        catch (UnauthorizedAccessException denied)
        {
            throw Denied(location, denied);
        }
    }

    /// <inheritdoc/>
    public ValueTask DeleteAsync(string location, CancellationToken cancellationToken)
    {
        var file = PathOf(location, followLast: false).Path;
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            if (!Directory.Exists(file))
            {
                File.Delete(file);
            }
        }
        catch (DirectoryNotFoundException)
        {
            // None there is as good.
        }
        catch (UnauthorizedAccessException denied)
        {
            throw Denied(location, denied);
        }

        return default;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> ListAsync(string folder, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // The name of a file that cannot be there: what is below a root may be listed, and so may the root itself.
        var path = Path.GetDirectoryName(roots.Resolve(folder.TrimEnd('/') + "/" + TemporaryPrefix, followLast: false).Path)!;
        if (!Directory.Exists(path))
        {
            yield break;
        }

        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = false };
        foreach (var file in Directory.EnumerateFiles(path, "*", options))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!Path.GetFileName(file).StartsWith(TemporaryPrefix, StringComparison.Ordinal))
            {
                yield return folder.TrimEnd('/') + "/" + Path.GetRelativePath(path, file).Replace(Path.DirectorySeparatorChar, '/');
            }
        }

        await Task.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask MakeFolderAsync(string location, CancellationToken cancellationToken)
    {
        var folder = PathOf(location.TrimEnd('/') + "/" + FolderProbe, followLast: false);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                creations.Folders.RequireRoot(folder.Root);
                Directory.CreateDirectory(Path.GetDirectoryName(folder.Path)!);
                return default;
            }
            catch (DirectoryNotFoundException) when (attempt < MaxAttempts)
            {
                // Somebody removed an empty folder above it at the same time.
            }
            catch (IOException inTheWay) when (FileCreations.FileAbove(Path.GetDirectoryName(folder.Path)!, folder.Root))
            {
                throw new CatalogException(ErrorKind.BadRequest, $"Location {location} lies below a file", inTheWay);
            }
            catch (UnauthorizedAccessException denied)
            {
                throw Denied(location, denied);
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask RemoveEmptyFoldersAsync(string location, CancellationToken cancellationToken)
    {
        var probe = PathOf(location.TrimEnd('/') + "/" + FolderProbe, followLast: false);
        var folder = Path.GetDirectoryName(probe.Path)!;
        if (!RemoveEmpty(folder, cancellationToken))
        {
            return default;
        }

        for (var above = Path.GetDirectoryName(folder); above is not null && TryRemove(above); above = Path.GetDirectoryName(above))
        {
        }

        return default;
    }

    /// <summary>Removes a folder whose folders are all empty, or those of its folders that are; links are files here.</summary>
    private bool RemoveEmpty(string folder, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            var isEmpty = true;
            foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos())
            {
                isEmpty &= entry is DirectoryInfo && entry.LinkTarget is null && RemoveEmpty(entry.FullName, cancellationToken);
            }

            return isEmpty && TryRemove(folder);
        }
        catch (DirectoryNotFoundException)
        {
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Never removes what is in a folder: the system refuses one that is not empty. Nor a root, where the folder of a table may be or which it may hold: it would count as moved away.</summary>
    private bool TryRemove(string folder)
    {
        if (roots.IsRoot(folder))
        {
            return false;
        }

        try
        {
            Directory.Delete(folder, recursive: false);
            return true;
        }
        catch (DirectoryNotFoundException)
        {
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static void CheckFile(string location)
    {
        ObjectLocations.CheckFile(location);
        if (Path.GetFileName(location.AsSpan()).StartsWith(TemporaryPrefix, StringComparison.Ordinal))
        {
            throw CatalogException.BadRequest($"Location {location} has a name that begins with {TemporaryPrefix}, which is kept for unfinished files");
        }
    }

    private ServedPath PathOf(string location, bool followLast)
    {
        CheckFile(location);
        try
        {
            return roots.Resolve(location, followLast);
        }
        catch (UnauthorizedAccessException denied)
        {
            throw Denied(location, denied);
        }
    }

    private SafeFileHandle? Open(string location, CancellationToken cancellationToken)
    {
        var path = PathOf(location, followLast: true).Path;
        cancellationToken.ThrowIfCancellationRequested();
        if (Directory.Exists(path))
        {
            return null;
        }

        try
        {
            if (OperatingSystem.IsWindows())
            {
                return File.Exists(path) ? File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete) : null;
            }

            return OpenRegular(path);
        }
        catch (UnauthorizedAccessException denied)
        {
            throw Denied(location, denied);
        }
    }

    [UnsupportedOSPlatform("windows")]
    private static SafeFileHandle? OpenRegular(string path)
    {
        var handle = Posix.OpenForRead(path);
        try
        {
            _ = handle is null ? 0 : RandomAccess.GetLength(handle);
            return handle;
        }
        catch (NotSupportedException)
        {
            // A pipe, a socket, a terminal: no file.
            handle?.Dispose();
            return null;
        }
    }

    private static CatalogException Denied(string location, UnauthorizedAccessException denied) => new(ErrorKind.Forbidden, $"This server may not access {location}", denied);
}
