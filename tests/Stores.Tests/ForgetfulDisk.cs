using System.Collections.Concurrent;
using Frazil.EmbeddedBackend;
using Microsoft.Win32.SafeHandles;

namespace Frazil.Stores.Tests;

/// <summary>
/// The disk of this machine, with a record of what was synced: <see cref="LosePower"/> takes everything else away, as a loss of power may. A folder's names, and with them everything below, are
/// there afterwards only if the folder was synced after they came; a file's content only if the file was synced after it was written.
/// </summary>
internal sealed class ForgetfulDisk(string root) : Disk
{
    private readonly Lock gate = new();
    private readonly Dictionary<FileIdentity, byte[]> synced = [];
    private readonly HashSet<string> durable = [];
    private readonly ConcurrentDictionary<SafeFileHandle, string> open = new();

    /// <summary>Called before each call that makes something durable, with its number.</summary>
    public Action<int>? BeforeSync { get; set; }

    /// <summary>Calls that made something durable.</summary>
    public int Syncs { get; private set; }

    /// <summary>Syncs of files that do nothing: what a missing sync would look like.</summary>
    public bool SkipFiles { get; set; }

    /// <summary>As <see cref="SkipFiles"/>, of folders.</summary>
    public bool SkipFolders { get; set; }

    public override FileIdentity? IdentityOf(string path) => Native.IdentityOf(path);

    public override SafeFileHandle Open(string path)
    {
        var file = Native.Open(path);
        open[file] = path;
        return file;
    }

    public override bool TryName(string temporary, string path)
    {
        if (!Native.TryName(temporary, path))
        {
            return false;
        }

        foreach (var (file, name) in open)
        {
            if (name == temporary)
            {
                open[file] = path;
            }
        }

        return true;
    }

    public override void BeginSync(SafeFileHandle file) => Native.BeginSync(file);

    public override void SyncFile(SafeFileHandle file)
    {
        lock (gate)
        {
            BeforeSync?.Invoke(++Syncs);
            if (!SkipFiles)
            {
                synced[Native.IdentityOf(open[file])!.Value] = File.ReadAllBytes(open[file]);
            }
        }
    }

    public override void SyncFolder(string folder)
    {
        lock (gate)
        {
            BeforeSync?.Invoke(++Syncs);
            if (!SkipFolders)
            {
                durable.RemoveWhere(path => Path.GetDirectoryName(path) == folder);
                durable.UnionWith(Directory.EnumerateFileSystemEntries(folder));
            }
        }
    }

    /// <summary>What is left of the root in the worst case: each file with its content, by path.</summary>
    public Dictionary<string, byte[]> LosePower()
    {
        lock (gate)
        {
            return Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).Where(IsDurable)
                .ToDictionary(path => path, path => synced.GetValueOrDefault(Native.IdentityOf(path)!.Value, []));
        }
    }

    private bool IsDurable(string path)
    {
        for (var part = path; part != root; part = Path.GetDirectoryName(part)!)
        {
            if (!durable.Contains(part))
            {
                return false;
            }
        }

        return true;
    }
}
