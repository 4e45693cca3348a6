using System.Formats.Tar;
using System.IO.Compression;

namespace Frazil.Iceberg.Manifests;

/// <summary>Files that other implementations wrote; fixtures/README.md tells how.</summary>
internal static class Fixtures
{
    private static readonly Lazy<Dictionary<string, byte[]>> Files = new(() => new[] { "java", "python" }.SelectMany(Unpack).ToDictionary());

    public static byte[] Read(string name) => Files.Value[name];

    public static IEnumerable<string> Names => Files.Value.Keys.Order(StringComparer.Ordinal);

    private static IEnumerable<KeyValuePair<string, byte[]>> Unpack(string archive)
    {
        using var stream = typeof(Fixtures).Assembly.GetManifestResourceStream($"manifests.{archive}.tar.gz")!;
        using var gzip = new GZipStream(stream, CompressionMode.Decompress);
        using var tar = new TarReader(gzip);
        while (tar.GetNextEntry() is { } entry)
        {
            if (entry.DataStream is { } data)
            {
                var bytes = new byte[entry.Length];
                data.ReadExactly(bytes);
                yield return new(Path.GetFileName(entry.Name), bytes);
            }
        }
    }
}
