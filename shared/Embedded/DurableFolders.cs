using System.Collections.Concurrent;
using Frazil.Iceberg;

namespace Frazil.EmbeddedBackend;

/// <summary>Folders that are still there after a loss of power, with a memory of those that are.</summary>
public sealed class DurableFolders
{
    /// <summary>Folders remembered. Then all are forgotten and synced again when they are next written to.</summary>
    private const int MaxKnown = 10_000;

    private readonly Disk disk;
    private readonly ConcurrentDictionary<string, Known> known = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> seenRoots = new(StringComparer.Ordinal);

    internal DurableFolders(Disk disk) => this.disk = disk;

    /// <summary>Makes a folder and what is missing above it, each with its entry in the folder above synced. Those that were there are left alone.</summary>
    /// <exception cref="IOException">A folder cannot be made, or a file is in its place.</exception>
    public static void Create(string folder) => Create(Disk.Native, folder);

    /// <summary>Makes a folder's entries durable, where the system has a call for it.</summary>
    public static void Sync(string folder) => Disk.Native.SyncFolder(folder);

    internal static void Create(Disk disk, string folder)
    {
        if (Directory.Exists(folder))
        {
            return;
        }

        var parent = Path.GetDirectoryName(folder);
        if (parent is not null)
        {
            Create(disk, parent);
        }

        disk.MakeFolder(folder);
        if (parent is not null)
        {
            disk.SyncFolder(parent);
        }
    }

    /// <summary>
    /// The real path of a folder that was remembered under a spelling, when that still leads to the same folder: one question to the file system rather than one for each part of the path. Null otherwise.
    /// </summary>
    public string? Find(string spelled) => known.TryGetValue(spelled, out var folder) && disk.IdentityOf(spelled) == folder.Identity ? folder.Real : null;

    /// <summary>As <see cref="Create(string)"/>, and makes durable what stands between the root and the folder, should another program have made it without a sync.</summary>
    public void Ensure(string folder, string root)
    {
        if (Find(folder) is not null)
        {
            return;
        }

        if (folder.Length > root.Length && Path.GetDirectoryName(folder) is { } parent)
        {
            Ensure(parent, root);
            disk.MakeFolder(folder);
            disk.SyncFolder(parent);
        }
        else
        {
            RequireRoot(folder);
            Create(disk, folder);
            seenRoots[folder] = true;
        }

        Remember(folder, folder);
    }

    /// <summary>Remembers a folder that <see cref="Ensure"/> was called for, under another spelling.</summary>
    public void Remember(string spelled, string real)
    {
        if (disk.IdentityOf(spelled) is not { } identity)
        {
            return;
        }

        if (known.Count >= MaxKnown)
        {
            known.Clear();
        }

        known[spelled] = new Known(real, identity);
    }

    /// <summary>Refuses to go on below a root that was there and is no more: it was moved away, and a new one in its place would hide that.</summary>
    /// <exception cref="CatalogException">500 that says so; nothing was made.</exception>
    public void RequireRoot(string root)
    {
        if (Directory.Exists(root))
        {
            seenRoots[root] = true;
        }
        else if (seenRoots.ContainsKey(root))
        {
            throw new CatalogException(ErrorKind.Internal, $"The folder {root}, in which tables are, is gone: nothing was written. Move it back, or start the catalog again");
        }
    }

    private sealed record Known(string Real, FileIdentity Identity);
}
