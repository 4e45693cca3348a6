using System.Runtime.Versioning;
using Frazil.EmbeddedBackend;

namespace Frazil.Local;

/// <summary>Keeps other users of this machine from the data folder.</summary>
internal static class OwnerOnly
{
    private const UnixFileMode Folder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode File = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>What we put into a data folder ourselves.</summary>
    private static readonly string[] Ours = ["warehouse", LocalCredentials.FormerFile];

    /// <summary>Lets the owner alone into the data folder and read the store's files, which are made when they are missing: SQLite gives what stands beside a database the rights of the database.</summary>
    /// <returns>What is careless about the folder and was left as it is: one that holds things of others too is not ours to close.</returns>
    public static IReadOnlyList<string> Close(string folder, string database)
    {
        if (OperatingSystem.IsWindows())
        {
            return [];
        }

        var isLeftOpen = !CloseFolder(folder, database);
        using (System.IO.File.Open(database, new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Read, Share = FileShare.ReadWrite | FileShare.Delete, UnixCreateMode = File }))
        {
            // Only made.
        }

        foreach (var file in Directory.EnumerateFiles(folder, Path.GetFileName(database) + "*"))
        {
            if ((System.IO.File.GetUnixFileMode(file) & ~File) != 0)
            {
                System.IO.File.SetUnixFileMode(file, File);
            }
        }

        return isLeftOpen ? [$"The data folder {folder} can be entered by others and holds more than the catalog's own files; chmod 700 it, or give the catalog a folder of its own"] : [];
    }

    [UnsupportedOSPlatform("windows")]
    private static bool CloseFolder(string folder, string database)
    {
        if (!Directory.Exists(folder))
        {
            var parent = Path.GetDirectoryName(folder)!;
            DurableFolders.Create(parent);
            Directory.CreateDirectory(folder, Folder);
            DurableFolders.Sync(parent);
            return true;
        }

        if ((System.IO.File.GetUnixFileMode(folder) & ~Folder) == 0)
        {
            return true;
        }

        if (!Directory.EnumerateFileSystemEntries(folder).Select(Path.GetFileName).All(name => Ours.Contains(name) || name!.StartsWith(Path.GetFileName(database), StringComparison.Ordinal)))
        {
            return false;
        }

        System.IO.File.SetUnixFileMode(folder, Folder);
        return true;
    }
}
