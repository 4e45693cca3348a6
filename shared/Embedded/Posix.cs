using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Frazil.EmbeddedBackend;

/// <summary>
/// The few calls that .NET has no form for: a name given without replacing another, a folder's fsync, an open that does not wait for a pipe's other end, a real path, a file's number.
/// (File.Move without overwrite is no substitute for the first: it looks for the target first and may then rename over one that has come meanwhile.)
/// </summary>
[UnsupportedOSPlatform("windows")]
internal static partial class Posix
{
    private const int NotPermitted = 1; // EPERM
    private const int AccessDenied = 13; // EACCES
    private const int FileExists = 17; // EEXIST, the same number on Linux and macOS
    private const int NoEntry = 2; // ENOENT
    private const int NotADirectory = 20; // ENOTDIR
    private const int Invalid = 22; // EINVAL
    private const int NoSuchCall = 38; // ENOSYS
    private const int NotSupported = 95; // EOPNOTSUPP on Linux
    private const int NotSupportedMac = 45; // ENOTSUP on macOS
    private const int CurrentFolder = -100; // AT_FDCWD on Linux
    private const uint NoReplace = 1; // RENAME_NOREPLACE
    private const int NameTooLong = 36; // ENAMETOOLONG on Linux
    private const int NameTooLongMac = 63; // ENAMETOOLONG on macOS

    /// <summary>Whether the kernel, the file system and the C library know a rename that replaces nothing; learned at the first try.</summary>
    private static bool canRename = OperatingSystem.IsLinux();

    /// <summary>
    /// Gives a file another name in the same file system. False when that name is taken, by whatever it may be; of any number of callers exactly one gets it.
    /// One call where the kernel has it, else a hard link and the removal of the first name.
    /// </summary>
    public static bool TryRename(string existing, string name)
    {
        if (canRename)
        {
            try
            {
                if (RenameAt(CurrentFolder, existing, CurrentFolder, name, NoReplace) == 0)
                {
                    return true;
                }

                switch (Marshal.GetLastPInvokeError())
                {
                    case FileExists:
                        return false;
                    case Invalid or NoSuchCall or NotSupported:
                        break; // this file system, perhaps not the next
                    case var error:
                        throw Failure("create", name, error);
                }
            }
            catch (EntryPointNotFoundException)
            {
                canRename = false;
            }
        }

        if (!TryLink(existing, name))
        {
            return false;
        }

        File.Delete(existing);
        return true;
    }

    /// <summary>Gives a file a second name. False when that name is taken, by whatever it may be; of any number of callers exactly one gets it.</summary>
    public static bool TryLink(string existing, string name)
    {
        if (Link(existing, name) == 0)
        {
            return true;
        }

        return Marshal.GetLastPInvokeError() switch
        {
            FileExists => false,

            // What Linux and macOS answer on FAT and some network and FUSE file systems.
            NotPermitted or NotSupported or NotSupportedMac => throw new IOException($"Cannot create {name}: its file system has no hard links, which are what creates a file without replacing another"),
            var error => throw Failure("link", name, error),
        };
    }

    /// <summary>Makes a folder's entries durable.</summary>
    public static void SyncFolder(string folder)
    {
        using var handle = OpenForRead(folder) ?? throw new DirectoryNotFoundException($"Folder {folder} is gone");

        // RandomAccess.FlushToDisk also issues macOS's F_FULLFSYNC, and takes file systems that cannot sync a folder for what they are.
        RandomAccess.FlushToDisk(handle);
    }

    /// <summary>Opens a file (or folder) for reading without ever waiting; null when there is none.</summary>
    public static SafeFileHandle? OpenForRead(string path)
    {
        // O_CLOEXEC | O_NONBLOCK. The latter changes nothing for a file, and keeps a pipe of that name from hanging the caller.
        var flags = OperatingSystem.IsMacOS() ? 0x1000000 | 0x4 : 0x80000 | 0x800;
        var descriptor = Open(path, flags);
        if (descriptor >= 0)
        {
            return new SafeFileHandle(descriptor, ownsHandle: true);
        }

        var error = Marshal.GetLastPInvokeError();
        return error is NoEntry or NotADirectory ? null : throw Failure("open", path, error);
    }

    /// <summary>Opens a new file for writing.</summary>
    [SupportedOSPlatform("linux")]
    public static SafeFileHandle CreateNew(string path)
    {
        // O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC: as File.OpenHandle, without the four calls for its lock, its length and its kind.
        var descriptor = Open(path, 0x1 | 0x40 | 0x80 | 0x80000, 0x1B6 /* rw-rw-rw-, less the umask */);
        return descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw Failure("create", path, Marshal.GetLastPInvokeError());
    }

    /// <summary>Begins to write a file's pages to the disk. That it cannot is no failure: the sync that follows does it all.</summary>
    [SupportedOSPlatform("linux")]
    public static void BeginSync(SafeFileHandle file) => _ = SyncFileRange(file, 0, 0, 2 /* SYNC_FILE_RANGE_WRITE */);

    /// <summary>The numbers of what a path leads to, links followed; null when there is nothing.</summary>
    [SupportedOSPlatform("linux")]
    public static unsafe FileIdentity? IdentityOf(string path)
    {
        // struct statx has one layout everywhere: 256 bytes, the inode's number at 0x20, its birth at 0x50, the device's number at 0x88.
        var buffer = stackalloc byte[256];
        if (StatX(CurrentFolder, path, 0, 0x900 /* STATX_INO | STATX_BTIME */, buffer) == 0)
        {
            return new FileIdentity(*(long*)(buffer + 0x88), *(long*)(buffer + 0x20), (*(long*)(buffer + 0x50) * 1_000_000_000) + *(uint*)(buffer + 0x58));
        }

        var error = Marshal.GetLastPInvokeError();
        return error is NoEntry or NotADirectory ? null : throw Failure("look at", path, error);
    }

    /// <summary>The path with every symbolic link followed; null when there is nothing of that name.</summary>
    public static string? RealPath(string path)
    {
        var resolved = RealPath(path, 0);
        if (resolved == 0)
        {
            var error = Marshal.GetLastPInvokeError();
            return error is NoEntry or NotADirectory ? null : throw Failure("resolve", path, error);
        }

        try
        {
            return Marshal.PtrToStringUTF8(resolved);
        }
        finally
        {
            Free(resolved);
        }
    }

    private static Exception Failure(string what, string path, int error) => error switch
    {
        NotPermitted or AccessDenied => new UnauthorizedAccessException($"Cannot {what} {path}: {Marshal.GetPInvokeErrorMessage(error)}"),
        NoEntry => new DirectoryNotFoundException($"Cannot {what} {path}: its folder is not there"),
        NameTooLong or NameTooLongMac => new PathTooLongException($"Cannot {what} {path}: a name in it is too long for the file system"),
        _ => new IOException($"Cannot {what} {path}: {Marshal.GetPInvokeErrorMessage(error)} (errno {error})", error),
    };

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string name);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameAt(int existingFolder, string existing, int folder, string name, uint flags);

    [LibraryImport("libc", EntryPoint = "sync_file_range")]
    private static partial int SyncFileRange(SafeFileHandle file, long offset, long count, uint flags);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatX(int folder, string path, int flags, uint mask, byte* buffer);

    [LibraryImport("libc", EntryPoint = "realpath", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint RealPath(string path, nint buffer);

    [LibraryImport("libc", EntryPoint = "free")]
    private static partial void Free(nint pointer);
}
