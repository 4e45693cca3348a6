using System.Net;

namespace Frazil.Hosts.Tests;

/// <summary>Backups of the store of a local catalog, and what a restored one is.</summary>
public sealed class BackupTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_backup_under_load_restores_every_commit_that_was_answered_before_it_and_every_table_loads()
    {
        const int Writers = 4;
        const int Before = 5;
        await using var server = await FrazilProcess.ServeAsync(folder.Path);
        foreach (var writer in Enumerable.Range(0, Writers))
        {
            await server.CreateTableAsync($"t{writer}");
        }

        using var stop = new CancellationTokenSource();
        var answered = new int[Writers];
        var begun = new int[Writers];
        var load = Task.WhenAll(Enumerable.Range(0, Writers).Select(async writer =>
        {
            while (!stop.IsCancellationRequested || answered[writer] <= Before)
            {
                begun[writer]++;
                await server.PostAsync($"/v1/namespaces/n/tables/t{writer}", Requests.SetProperty($"{begun[writer]}", "done"));
                answered[writer]++;
            }
        }));
        while (answered.Any(count => count < Before))
        {
            await Task.Yield();
        }

        var certain = answered.ToArray();
        var (exitCode, output, errors) = await FrazilProcess.RunAsync(folder.Path, "backup", "copies/store.sqlite");
        var possible = begun.ToArray();
        await stop.CancelAsync();
        await load;
        Assert.True(exitCode == 0, errors);
        Assert.Contains("copies/store.sqlite", output, StringComparison.Ordinal);
        Assert.Equal(["store.sqlite"], Directory.GetFileSystemEntries(folder.Join("copies")).Select(Path.GetFileName));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(folder.Join("copies/store.sqlite")));
        }

        await server.StopAsync();

        // As docs/backup.md has it.
        Directory.CreateDirectory(folder.Join("old"));
        foreach (var file in Directory.GetFiles(folder.Join("frazil-data"), "frazil.sqlite*"))
        {
            File.Move(file, Path.Join(folder.Join("old"), Path.GetFileName(file)));
        }

        File.Copy(folder.Join("copies/store.sqlite"), folder.Join("frazil-data/frazil.sqlite"));
        await using var restored = await FrazilProcess.ServeAsync(folder.Path);
        foreach (var writer in Enumerable.Range(0, Writers))
        {
            var count = (await restored.PropertiesAsync($"t{writer}")).Count(property => property.Value == "done");
            Assert.InRange(count, certain[writer], possible[writer]);
            await restored.PostAsync($"/v1/namespaces/n/tables/t{writer}", Requests.SetProperty("after", "done"));
        }
    }

    [Fact]
    public async Task A_restored_pointer_to_a_purged_file_is_a_404_that_names_it_and_hurts_nothing_else()
    {
        await using var server = await FrazilProcess.ServeAsync(folder.Path, "--keep-dropped", "0");
        await server.CreateTableAsync("gone");
        await server.CreateTableAsync("kept");
        var metadata = (await server.GetAsync("/v1/namespaces/n/tables/gone")).GetProperty("metadata-location").GetString()!;
        await FrazilProcess.RunAsync(folder.Path, "backup", "store.sqlite");
        await server.SendAsync(HttpMethod.Delete, "/v1/namespaces/n/tables/gone?purgeRequested=true", null, HttpStatusCode.NoContent);
        await Eventually.TrueAsync(() => !File.Exists(new Uri(metadata).LocalPath));
        await server.StopAsync();

        Directory.CreateDirectory(folder.Join("other"));
        File.Copy(folder.Join("store.sqlite"), folder.Join("other/frazil.sqlite"));
        await using var restored = await FrazilProcess.ServeAsync(folder.Path, "--data", "other", "--warehouse", folder.Join("frazil-data/warehouse"));

        var error = (await restored.GetAsync("/v1/namespaces/n/tables/gone", HttpStatusCode.NotFound)).GetProperty("error");
        Assert.Equal("NotFoundException", error.GetProperty("type").GetString());
        Assert.Contains(Path.GetFileName(metadata), error.GetProperty("message").GetString(), StringComparison.Ordinal);
        await restored.GetAsync("/v1/namespaces/n/tables/kept");
        await restored.SendAsync(HttpMethod.Delete, "/v1/namespaces/n/tables/gone", null, HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task What_cannot_be_backed_up_is_one_sentence()
    {
        await RefusedAsync(1, "There is no store", "backup", "copy.sqlite");
        await RefusedAsync(2, "not one in dynamodb; docs/backup.md", "backup", "copy.sqlite", "--store", "dynamodb");
        await RefusedAsync(2, "argument", "backup");
        await using (var server = await FrazilProcess.ServeAsync(folder.Path))
        {
            await server.StopAsync();
        }

        folder.Write("taken.sqlite", "mine");
        await RefusedAsync(1, "is there already, and a backup is never written over anything", "backup", "taken.sqlite");
        Assert.Equal("mine", await File.ReadAllTextAsync(folder.Join("taken.sqlite")));

        folder.Write("frazil-data/frazil.sqlite", "this is a letter to my mother, and no database at all; it has more than a hundred bytes, as letters do");
        await RefusedAsync(1, "is not a SQLite database", "backup", "copy.sqlite");
        Assert.False(File.Exists(folder.Join("copy.sqlite")));
        Assert.Empty(Directory.GetFiles(folder.Path, ".frazil-*"));
    }

    private async Task RefusedAsync(int code, string sentence, params string[] words)
    {
        var (exitCode, _, errors) = await FrazilProcess.RunAsync(folder.Path, words);
        Assert.True(exitCode == code, errors);
        Assert.Contains(sentence, errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
    }
}
