using System.Diagnostics;
using Frazil.EmbeddedBackend;

namespace Frazil.Stores.Tests;

/// <summary>A process that writes is killed (SIGKILL) in the midst of it: what it acknowledged is there, and nothing is there by half.</summary>
public sealed class KilledProcessTests
{
    [Fact]
    public async Task Every_acknowledged_batch_survives_and_none_is_half_there()
    {
        var path = TemporaryFolder.NewFile("catalog.db");
        var acknowledged = new List<string>();
        for (var kill = 0; kill < 4; kill++)
        {
            acknowledged.AddRange(await RunAndKillAsync(lines: 50 + (kill * 37), "write-rows", path, "p", $"writer{kill}"));
        }

        await using var store = new SqliteKeyValueStore(path);
        var rows = new Dictionary<string, HashSet<string>>();
        foreach (var folder in new[] { "x/", "y/", "z/" })
        {
            var names = rows[folder] = [];
            string? after = null;
            do
            {
                var page = await store.ListAsync("p", folder, after, 1000, default);
                names.UnionWith(page.Select(item => item.Id[2..]));
                Assert.All(page, item => Assert.True(item.Value.Span.SequenceEqual(Program.ContentOf(item.Id[2..]).AsSpan(0, 1000))));
                after = page.Count == 0 ? null : page[^1].Id;
            }
            while (after is not null);
        }

        Assert.True(acknowledged.Count >= 4 * 50);
        Assert.Empty(acknowledged.Except(rows["x/"]));
        Assert.True(rows["x/"].SetEquals(rows["y/"]) && rows["x/"].SetEquals(rows["z/"]));
    }

    [Fact]
    public async Task Every_acknowledged_file_survives_and_none_is_half_there()
    {
        var folder = TemporaryFolder.New();
        var acknowledged = new List<string>();
        for (var kill = 0; kill < 4; kill++)
        {
            acknowledged.AddRange(await RunAndKillAsync(lines: 50 + (kill * 37), "write-files", folder, $"writer{kill}"));
        }

        var store = new FileObjectStore([folder], new IdSource());
        var found = new HashSet<string>();
        await foreach (var location in store.ListAsync("file:" + folder, default))
        {
            var name = location[$"file:{folder}/".Length..];
            Assert.True(found.Add(name));
            Assert.True((await store.ReadAsync(location, default))!.Value.Span.SequenceEqual(Program.ContentOf(name)), $"{name} is torn");
        }

        Assert.True(acknowledged.Count >= 4 * 50);
        Assert.Empty(acknowledged.Except(found));
    }

    private static async Task<List<string>> RunAndKillAsync(int lines, params string[] arguments)
    {
        var dotnet = Environment.ProcessPath is { } self && Path.GetFileNameWithoutExtension(self) == "dotnet" ? self : "dotnet";
        using var process = Process.Start(new ProcessStartInfo(dotnet, ["exec", typeof(Program).Assembly.Location, .. arguments]) { RedirectStandardOutput = true })!;
        var acknowledged = new List<string>();
        while (acknowledged.Count < lines && await process.StandardOutput.ReadLineAsync() is { } line)
        {
            acknowledged.Add(line);
        }

        process.Kill();

        // What it said before it died counts, but for a last line cut short.
        var rest = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        acknowledged.AddRange(rest.Split('\n')[..^1]);
        Assert.True(acknowledged.Count >= lines, $"the process ended by itself after {acknowledged.Count} lines");
        return acknowledged;
    }
}
