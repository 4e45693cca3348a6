namespace Frazil.Hosts.Tests;

/// <summary>A folder that is gone after the test.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("frazil-hosts-").FullName;

    public string Join(string name) => System.IO.Path.Join(Path, name);

    public string Write(string name, string text)
    {
        File.WriteAllText(Join(name), text);
        return Join(name);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
