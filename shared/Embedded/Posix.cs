using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Frazil.EmbeddedBackend;

/// <summary>
/// The few calls that .NET has no form for: a hard link, a folder's fsync, an open that does not wait for a pipe's other end, a real path.
/// (File.Move without overwrite is no substitute for the link: it looks for the target first and may then rename over one that has come meanwhile.)
/// </summary>
[UnsupportedOSPlatform("windows")]
internal static partial class Posix
{
    private const int NotPermitted = 1; // EPERM
    private const int AccessDenied = 13; // EACCES
    private const int FileExists = 17; // EEXIST, the same number on Linux and macOS
    private const int NoEntry = 2; // ENOENT
    private const int NotADirectory = 20; // ENOTDIR
    private const int NotSupported = 95; // EOPNOTSUPP on Linux
    private const int NotSupportedMac = 45; // ENOTSUP on macOS
    private const int NameTooLong = 36; // ENAMETOOLONG on Linux
    private const int NameTooLongMac = 63; // ENAMETOOLONG on macOS

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
        NameTooLong or NameTooLongMac => new PathTooLongException($"Cannot {what} {path}: a name in it is too long for the file system"),
        _ => new IOException($"Cannot {what} {path}: {Marshal.GetPInvokeErrorMessage(error)} (errno {error})"),
    };

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string name);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "realpath", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint RealPath(string path, nint buffer);

    [LibraryImport("libc", EntryPoint = "free")]
    private static partial void Free(nint pointer);
}
