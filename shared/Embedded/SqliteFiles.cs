using Frazil.Storage;

namespace Frazil.EmbeddedBackend;

/// <summary>
/// The files of an open database, and whether they are still where they were. Whoever deletes or replaces one leaves this process with a file that has no name any more: what is written there
/// is gone when the process ends. So it is asked before a group of batches is written and before it is answered.
/// </summary>
internal sealed class SqliteFiles(string path, Disk disk)
{
    private static readonly string[] Suffixes = ["", "-wal", "-shm"];

    private readonly FileIdentity?[] found = new FileIdentity?[Suffixes.Length];
    private volatile bool isGone;

    /// <summary>The database file.</summary>
    public string Path => path;

    /// <summary>Bytes that the disk still takes.</summary>
    public long FreeBytes => disk.FreeBytes(System.IO.Path.GetDirectoryName(path)!);

    /// <summary>Learns which files these are: the database once and for all, its log and the log's index while a connection is open.</summary>
    public void Learn()
    {
        for (var i = 0; i < Suffixes.Length; i++)
        {
            found[i] ??= disk.IdentityOf(path + Suffixes[i]);
        }
    }

    /// <summary>Learns which file the database is.</summary>
    public void LearnDatabase() => found[0] = disk.IdentityOf(path);

    /// <summary>
    /// A connection is about to be closed, which may take the log away - unless it was taken away already: then that stays found, since other connections of this process still have it open.
    /// </summary>
    public void Forget()
    {
        try
        {
            Check();
            found.AsSpan(1).Clear();
        }
        catch (StoreUnavailableException)
        {
            // Whoever comes next is told.
        }
    }

    /// <summary>Looks whether all of them are there.</summary>
    /// <exception cref="StoreUnavailableException">One was deleted, moved or replaced.</exception>
    public void Check()
    {
        for (var i = 0; i < found.Length; i++)
        {
            if (found[i] is { } identity && disk.IdentityOf(path + Suffixes[i]) != identity)
            {
                isGone = true;
                throw new StoreUnavailableException(
                    "the file of its database was deleted, moved or replaced while it was in use",
                    $"The file {path}{Suffixes[i]} was deleted, moved or replaced while this process had it open. Put it back where it was, or stop this process and start it again");
            }
        }

        isGone = false;
    }

    /// <summary>For reads, which do not look by themselves: what was found gone is gone for them, too.</summary>
    /// <exception cref="StoreUnavailableException">Still gone.</exception>
    public void RequireNotGone()
    {
        if (isGone)
        {
            Check();
        }
    }
}
