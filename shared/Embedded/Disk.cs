using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Frazil.EmbeddedBackend;

/// <summary>
/// What a creation asks of the file system, call by call. What is durable after a loss of power is what was synced, and nothing else: a file's content by <see cref="SyncFile"/>,
/// the names in a folder by <see cref="SyncFolder"/>. (Tests put a disk here that forgets everything else.)
/// </summary>
internal abstract class Disk
{
    /// <summary>The file system of this machine.</summary>
    public static Disk Native { get; } = OperatingSystem.IsWindows() ? new WindowsDisk() : new PosixDisk();

    /// <summary>What a path leads to now, so that it can be told later whether it still does; null when there is nothing.</summary>
    public abstract FileIdentity? IdentityOf(string path);

    /// <summary>Makes one folder, whose parent is there; one that is there already is as good.</summary>
    /// <exception cref="IOException">A file is in its place, or the disk is full or read-only.</exception>
    public virtual void MakeFolder(string folder) => Directory.CreateDirectory(folder);

    /// <summary>Opens a new, empty file for writing.</summary>
    /// <exception cref="DirectoryNotFoundException">Its folder is not there.</exception>
    public abstract SafeFileHandle Open(string path);

    /// <summary>Writes a file's content.</summary>
    public virtual void Write(SafeFileHandle file, ReadOnlySpan<byte> content) => RandomAccess.Write(file, content, fileOffset: 0);

    /// <summary>Gives a file its name; false when that is taken. Of any number of callers exactly one gets it.</summary>
    public abstract bool TryName(string temporary, string path);

    /// <summary>Begins to write a file's content to the disk and does not wait for it: several that are begun together are one journal entry of the file system rather than one each.</summary>
    public virtual void BeginSync(SafeFileHandle file)
    {
    }

    /// <summary>Makes a file's content durable.</summary>
    public virtual void SyncFile(SafeFileHandle file) => RandomAccess.FlushToDisk(file);

    /// <summary>Makes the names in a folder durable.</summary>
    public abstract void SyncFolder(string folder);

    /// <summary>Removes a name; none there is as good.</summary>
    public virtual void Delete(string path) => File.Delete(path);

    [UnsupportedOSPlatform("windows")]
    private sealed class PosixDisk : Disk
    {
        public override FileIdentity? IdentityOf(string path) => OperatingSystem.IsLinux() ? Posix.IdentityOf(path) : IdentityByBirth(path);

        public override SafeFileHandle Open(string path) => OperatingSystem.IsLinux() ? Posix.CreateNew(path) : OpenByName(path);

        public override bool TryName(string temporary, string path) => Posix.TryRename(temporary, path);

        public override void BeginSync(SafeFileHandle file)
        {
            if (OperatingSystem.IsLinux())
            {
                Posix.BeginSync(file);
            }
        }

        public override void SyncFolder(string folder) => Posix.SyncFolder(folder);

        private static SafeFileHandle OpenByName(string path) => File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
    }

    private sealed class WindowsDisk : Disk
    {
        public override FileIdentity? IdentityOf(string path) => IdentityByBirth(path);

        public override SafeFileHandle Open(string path) => File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);

        public override bool TryName(string temporary, string path)
        {
            try
            {
                File.Move(temporary, path, overwrite: false);
                return true;
            }
            catch (IOException) when (Path.Exists(path))
            {
                return false;
            }
        }

        public override void SyncFolder(string folder)
        {
            // Windows has no such call, and its file systems log what they do to a folder.
        }
    }

    /// <summary>Bytes that this process may still write to the disk of a folder.</summary>
    public virtual long FreeBytes(string folder) => new DriveInfo(folder).AvailableFreeSpace;

    /// <summary>Where there is no number of a file to ask for: the time of its birth.</summary>
    private static FileIdentity? IdentityByBirth(string path)
    {
        FileSystemInfo info = Directory.Exists(path) ? new DirectoryInfo(path) : new FileInfo(path);
        return info.Exists ? new FileIdentity(0, 0, info.CreationTimeUtc.Ticks) : null;
    }
}

/// <summary>Tells a file or folder from any other, as long as it is there.</summary>
/// <param name="Device">Its disk.</param>
/// <param name="Number">Its number on that disk, which another may get once it is gone.</param>
/// <param name="Birth">When it was made.</param>
internal readonly record struct FileIdentity(long Device, long Number, long Birth);
