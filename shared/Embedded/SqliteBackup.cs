using Frazil.Storage;
using Microsoft.Data.Sqlite;

namespace Frazil.EmbeddedBackend;

/// <summary>Copies a store of <see cref="SqliteKeyValueStore"/> while others read and write it.</summary>
public static class SqliteBackup
{
    /// <summary>Copies the state of one moment, by SQLite's backup interface. The copy is checked and durable when it has its name, and readable by its owner alone.</summary>
    /// <param name="source">The store's file.</param>
    /// <param name="target">The copy's. Never written over.</param>
    /// <param name="ids">Names the unfinished file.</param>
    /// <exception cref="IOException">There is no store, the target is taken, or a disk failed.</exception>
    /// <exception cref="InvalidDataException">The source is no store of this version, or is damaged.</exception>
    /// <exception cref="StoreUnavailableException">Another process keeps the source locked, or it cannot be opened.</exception>
    public static void Copy(string source, string target, IdSource ids)
    {
        source = Path.GetFullPath(source);
        target = Path.GetFullPath(target);
        if (!File.Exists(source))
        {
            throw new FileNotFoundException($"There is no store {source}");
        }

        if (Path.Exists(target))
        {
            throw new IOException($"{target} is there already, and a backup is never written over anything");
        }

        var folder = Path.GetDirectoryName(target)!;
        var unfinished = Path.Join(folder, $"{FileObjectStore.TemporaryPrefix}{ids.NewId():N}.tmp");
        try
        {
            DurableFolders.Create(folder);
            CopyTo(source, unfinished);
            if (!Disk.Native.TryName(unfinished, target))
            {
                throw new IOException($"{target} is there already, and a backup is never written over anything");
            }

            DurableFolders.Sync(folder);
        }
        catch (SqliteException failure)
        {
            throw SqliteDatabase.Translate(failure, source);
        }
        finally
        {
            File.Delete(unfinished);
        }
    }

    private static void CopyTo(string source, string target)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (File.Open(target, options))
        {
            // Only made, with its rights.
        }

        using (var from = SqliteDatabase.OpenOurs(source))
        using (var to = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = target, Pooling = false }.ConnectionString))
        {
            to.Open();
            from.BackupDatabase(to);

            // As every store is: a copy is one file, whose log goes when it is closed.
            SqliteDatabase.Execute(to, "PRAGMA journal_mode = WAL");
            using var check = to.CreateCommand();
            check.CommandText = "PRAGMA quick_check(1)";
            if (check.ExecuteScalar() is not "ok" and var found)
            {
                throw new InvalidDataException($"The database {source} is damaged: {found}");
            }
        }

        using var copied = File.OpenHandle(target, FileMode.Open, FileAccess.Write);
        RandomAccess.FlushToDisk(copied);
    }
}
