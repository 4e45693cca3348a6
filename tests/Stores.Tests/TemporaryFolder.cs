namespace Frazil.Stores.Tests;

/// <summary>Folders that go when the tests have ended.</summary>
internal static class TemporaryFolder
{
    private static readonly Lazy<string> Root = new(() =>
    {
        var root = Directory.CreateTempSubdirectory("frazil-stores-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(root, recursive: true);
        return root;
    });

    /// <summary>A fresh, empty folder.</summary>
    public static string New() => Directory.CreateDirectory(Path.Join(Root.Value, Guid.NewGuid().ToString("N"))).FullName;

    /// <summary>The path of a file that is not there yet.</summary>
    public static string NewFile(string name) => Path.Join(New(), name);
}
