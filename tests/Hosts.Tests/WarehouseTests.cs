using System.Net;

namespace Frazil.Hosts.Tests;

/// <summary>Tables in folders of this machine: what is made there, what is left, and what is missed when it is gone.</summary>
public sealed class WarehouseTests : IDisposable
{
    private const string Schema = """{"type":"struct","fields":[{"id":1,"name":"id","type":"long","required":true}]}""";

    private readonly TemporaryFolder folder = new();

    private string Warehouse => folder.Join("frazil-data/warehouse");

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("false", "")]
    [InlineData("true", "")]
    [InlineData("true", "/elsewhere")]
    public async Task A_created_table_has_the_folders_that_engines_write_into(string isStaged, string data)
    {
        await using var server = await FrazilProcess.ServeAsync(folder.Path);
        await server.PostAsync("/v1/namespaces", """{"namespace":["n"]}""");
        var properties = data.Length == 0 ? "" : $"\"write.data.path\":\"file://{Warehouse}{data}\"";

        var created = await server.PostAsync("/v1/namespaces/n/tables", $$$"""{"name":"t","stage-create":{{{isStaged}}},"schema":{{{Schema}}},"properties":{{{{properties}}}}}""");

        var location = new Uri(created.GetProperty("metadata").GetProperty("location").GetString()!).LocalPath;
        Assert.True(Directory.Exists(data.Length == 0 ? Path.Join(location, "data") : Warehouse + data));
        Assert.True(Directory.Exists(Path.Join(location, "metadata")));
    }

    [Fact]
    public async Task A_purge_starts_at_once_and_leaves_no_empty_folders()
    {
        await using var server = await FrazilProcess.ServeAsync(folder.Path, "--keep-dropped", "0");
        await server.CreateTableAsync("kept");
        await server.CreateTableAsync("t");
        var location = new Uri((await server.GetAsync("/v1/namespaces/n/tables/t")).GetProperty("metadata").GetProperty("location").GetString()!).LocalPath;
        Directory.CreateDirectory(Path.Join(location, "data/day=1/hour=2"));

        await server.SendAsync(HttpMethod.Delete, "/v1/namespaces/n/tables/t?purgeRequested=true", null, HttpStatusCode.NoContent);

        await Eventually.TrueAsync(() => !Directory.Exists(location));
        await server.GetAsync("/v1/namespaces/n/tables/kept");

        // The last table takes the namespace's folder along, and the warehouse stays.
        await server.SendAsync(HttpMethod.Delete, "/v1/namespaces/n/tables/kept?purgeRequested=true", null, HttpStatusCode.NoContent);
        await Eventually.TrueAsync(() => Directory.GetFileSystemEntries(Warehouse).Length == 0);
        Assert.True(Directory.Exists(Warehouse));
        await server.CreateTableAsync("again");
    }

    [Fact]
    public async Task A_purge_leaves_a_folder_in_which_is_something_of_others()
    {
        await using var server = await FrazilProcess.ServeAsync(folder.Path, "--keep-dropped", "0");
        await server.CreateTableAsync("t");
        var location = new Uri((await server.GetAsync("/v1/namespaces/n/tables/t")).GetProperty("metadata").GetProperty("location").GetString()!).LocalPath;
        await File.WriteAllTextAsync(Path.Join(location, "data/orphan.parquet"), "x");
        Directory.CreateDirectory(folder.Join("outside"));
        Directory.CreateSymbolicLink(Path.Join(location, "link"), folder.Join("outside"));

        await server.SendAsync(HttpMethod.Delete, "/v1/namespaces/n/tables/t?purgeRequested=true", null, HttpStatusCode.NoContent);

        await Eventually.TrueAsync(() => !Directory.Exists(Path.Join(location, "metadata")));
        Assert.True(File.Exists(Path.Join(location, "data/orphan.parquet")));
        Assert.True(Directory.Exists(folder.Join("outside")));
        Assert.NotNull(new DirectoryInfo(Path.Join(location, "link")).LinkTarget);
    }

    [Fact]
    public async Task A_purge_that_an_earlier_process_left_starts_with_the_next()
    {
        string location;
        await using (var server = await FrazilProcess.ServeAsync(folder.Path, "--keep-dropped", "0"))
        {
            await server.CreateTableAsync("t");
            location = new Uri((await server.GetAsync("/v1/namespaces/n/tables/t")).GetProperty("metadata").GetProperty("location").GetString()!).LocalPath;
            await server.SendAsync(HttpMethod.Delete, "/v1/namespaces/n/tables/t?purgeRequested=true", null, HttpStatusCode.NoContent);
            await server.SignalAsync("KILL");
            await server.ExitCodeAsync();
        }

        await using var next = await FrazilProcess.ServeAsync(folder.Path);
        await Eventually.TrueAsync(() => !Directory.Exists(location));
    }

    [Fact]
    public async Task A_warehouse_that_was_moved_away_is_missed_and_not_made_anew()
    {
        await using (var server = await FrazilProcess.ServeAsync(folder.Path))
        {
            await server.CreateTableAsync("t");
            Directory.Move(Warehouse, folder.Join("moved"));
            var refused = await server.PostAsync("/v1/namespaces/n/tables", $$$"""{"name":"u","schema":{{{Schema}}}}""", HttpStatusCode.InternalServerError);
            Assert.Contains("is gone: nothing was written", refused.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
            await server.StopAsync();
        }

        var (exitCode, output, errors) = await FrazilProcess.RunAsync(folder.Path, "--port", "0");
        Assert.Equal(1, exitCode);
        Assert.StartsWith($"frazil: The folder {Warehouse}, in which the catalog 'default' keeps its tables, is gone: move it back", errors, StringComparison.Ordinal);
        Assert.Empty(output);
        Assert.False(Directory.Exists(Warehouse));

        Directory.Move(folder.Join("moved"), Warehouse);
        await using var again = await FrazilProcess.ServeAsync(folder.Path);
        await again.GetAsync("/v1/namespaces/n/tables/t");
    }

    [Fact]
    public async Task Unfinished_files_of_killed_processes_are_swept_and_those_of_living_ones_are_not()
    {
        Directory.CreateDirectory(Path.Join(Warehouse, "n/t/metadata"));
        var old = Path.Join(Warehouse, "n/t/metadata/.frazil-0123.tmp");
        var fresh = Path.Join(Warehouse, "n/t/metadata/.frazil-4567.tmp");
        var foreign = Path.Join(Warehouse, "n/t/metadata/other.tmp");
        foreach (var file in (string[])[old, foreign, fresh])
        {
            await File.WriteAllTextAsync(file, "{");
            File.SetLastWriteTimeUtc(file, file == fresh ? DateTime.UtcNow.AddMinutes(10) : DateTime.UtcNow.AddMinutes(-10));
        }

        await using var server = await FrazilProcess.ServeAsync(folder.Path);

        await server.LineAsync(line => line.Contains("1 unfinished files of killed processes were deleted", StringComparison.Ordinal));
        Assert.False(File.Exists(old));
        Assert.True(File.Exists(fresh));
        Assert.True(File.Exists(foreign));
    }

    [Fact]
    public async Task Undrop_of_a_table_whose_metadata_file_is_gone_says_so_and_keeps_the_entry()
    {
        await using var server = await FrazilProcess.ServeAsync(folder.Path);
        await server.CreateTableAsync("t");
        var file = new Uri((await server.GetAsync("/v1/namespaces/n/tables/t")).GetProperty("metadata-location").GetString()!).LocalPath;
        await server.SendAsync(HttpMethod.Delete, "/v1/namespaces/n/tables/t", null, HttpStatusCode.NoContent);
        var id = (await server.GetAsync("/management/v1/warehouse/default/deleted-tabulars")).GetProperty("tabulars")[0].GetProperty("id").GetString()!;
        var content = await File.ReadAllBytesAsync(file);
        File.Delete(file);

        var (exitCode, _, errors) = await FrazilProcess.RunAsync(folder.Path, "trash", "undrop", id, "--uri", server.Url.ToString());
        Assert.Equal(1, exitCode);
        Assert.Contains("Cannot undrop n.t: its metadata file ", errors, StringComparison.Ordinal);
        Assert.Contains($"{file} is gone", errors, StringComparison.Ordinal);
        Assert.Contains("it stays in the trash", errors, StringComparison.Ordinal);
        await server.GetAsync("/v1/namespaces/n/tables/t", HttpStatusCode.NotFound);

        await File.WriteAllBytesAsync(file, content);
        (exitCode, _, errors) = await FrazilProcess.RunAsync(folder.Path, "trash", "undrop", id, "--uri", server.Url.ToString());
        Assert.True(exitCode == 0, errors);
        await server.GetAsync("/v1/namespaces/n/tables/t");
    }

    [Fact]
    public async Task A_refused_location_names_what_is_allowed_and_the_option_that_allows_more()
    {
        await using var server = await FrazilProcess.ServeAsync(folder.Path, "--allow-location", folder.Join("more"));
        await server.PostAsync("/v1/namespaces", """{"namespace":["n"]}""");

        var refused = await server.PostAsync("/v1/namespaces/n/tables", $$$"""{"name":"t","location":"file:///elsewhere/t","schema":{{{Schema}}}}""", HttpStatusCode.Forbidden);

        var message = refused.GetProperty("error").GetProperty("message").GetString();
        Assert.All((string[])[Warehouse, folder.Join("more"), "--allow-location", "FRAZIL__CATALOG__ALLOWEDLOCATIONS"], text => Assert.Contains(text, message, StringComparison.Ordinal));
    }
}
