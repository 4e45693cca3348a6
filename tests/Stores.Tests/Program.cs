using System.Security.Cryptography;
using Frazil.EmbeddedBackend;
using Frazil.Storage;

namespace Frazil.Stores.Tests;

/// <summary>What the tests run as a process of its own, to kill it: writes without end, and says what was acknowledged.</summary>
public static class Program
{
    public static async Task<int> Main(string[] args)
    {
        switch (args)
        {
            case ["write-rows", var path, var partition, var writer]:
                await WriteRowsAsync(path, partition, writer);
                return 0;
            case ["write-files", var folder, var writer]:
                await WriteFilesAsync(folder, writer);
                return 0;
            default:
                await Console.Error.WriteLineAsync("write-rows PATH PARTITION WRITER | write-files FOLDER WRITER");
                return 2;
        }
    }

    /// <summary>The content that belongs to a name, so that half a file shows.</summary>
    public static byte[] ContentOf(string name)
    {
        var seed = SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(name));
        var content = new byte[64 * 1024 + (seed[0] * 1024)];
        for (var i = 0; i < content.Length; i++)
        {
            content[i] = (byte)(seed[i % seed.Length] + (i >> 8));
        }

        return content;
    }

    private static async Task WriteRowsAsync(string path, string partition, string writer)
    {
        await using var store = new SqliteKeyValueStore(path);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(async () =>
        {
            for (var i = 0; ; i++)
            {
                // Three rows of one batch in three folders, and the row before it removed.
                var name = $"{writer}-{worker}-{i:000000}";
                List<Write> writes = [.. new[] { "x", "y", "z" }.Select(folder => new Write.Create($"{folder}/{name}", ContentOf(name).AsMemory(0, 1000)))];
                if ((await store.WriteAsync(partition, Guid.NewGuid().ToString(), writes, default)).IsApplied)
                {
                    await Console.Out.WriteLineAsync(name);
                }
            }
        })));
    }

    private static async Task WriteFilesAsync(string folder, string writer)
    {
        var store = new FileObjectStore([folder], new IdSource());
        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(async () =>
        {
            for (var i = 0; ; i++)
            {
                var name = $"{i % 7}/{writer}-{worker}-{i:000000}";
                if (await store.CreateAsync($"file:{folder}/{name}", ContentOf(name), default))
                {
                    await Console.Out.WriteLineAsync(name);
                }
            }
        })));
    }
}
