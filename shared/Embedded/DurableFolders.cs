using System.Collections.Concurrent;
using Frazil.Iceberg;

namespace Frazil.EmbeddedBackend;

/// <summary>Folders that are still there after a loss of power, with a memory of those that are.</summary>
public sealed class DurableFolders
{
    /// <summary>Folders remembered. Then all are forgotten and synced again when they are next written to.</summary>
    private const int MaxKnown = 10_000;

    private readonly ConcurrentDictionary<string, bool> known = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> seenRoots = new(StringComparer.Ordinal);

    /// <summary>Makes a folder and what is missing above it, each with its entry in the folder above synced. Those that were there are left alone.</summary>
    /// <exception cref="IOException">A folder cannot be made, or a file is in its place.</exception>
    public static void Create(string folder)
    {
        if (Directory.Exists(folder))
        {
            return;
        }

        var parent = Path.GetDirectoryName(folder);
        if (parent is not null)
        {
            Create(parent);
        }

        Directory.CreateDirectory(folder);
        if (parent is not null)
        {
            Sync(parent);
        }
    }

    /// <summary>Makes a folder's entries durable. Windows has no such call, and its file systems log what they do to a folder.</summary>
    public static void Sync(string folder)
    {
        if (!OperatingSystem.IsWindows())
        {
            Posix.SyncFolder(folder);
        }
    }

    /// <summary>As <see cref="Create"/>, and makes durable what stands between the root and the folder, should another program have made it without a sync.</summary>
    public void Ensure(string folder, string root)
    {
        if (known.ContainsKey(folder))
        {
            return;
        }

        if (folder.Length > root.Length && Path.GetDirectoryName(folder) is { } parent)
        {
            Ensure(parent, root);
            Directory.CreateDirectory(folder);
            Sync(parent);
        }
        else
        {
            RequireRoot(folder);
            Create(folder);
            seenRoots[folder] = true;
        }

        if (known.Count >= MaxKnown)
        {
            known.Clear();
        }

        known[folder] = true;
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

    /// <summary>Forgets all: somebody has removed a folder.</summary>
    public void Forget() => known.Clear();
}
