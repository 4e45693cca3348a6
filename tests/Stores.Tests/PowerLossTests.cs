using System.Text;
using Frazil.EmbeddedBackend;
using Frazil.Storage;

namespace Frazil.Stores.Tests;

/// <summary>What was said to be created is there, whole and under its name, after everything that was not synced is gone.</summary>
public sealed class PowerLossTests
{
    private readonly string folder = TemporaryFolder.New();

    [Fact]
    public async Task A_created_file_survives_with_every_folder_above_it()
    {
        var (disk, store) = New();
        Assert.True(await CreateAsync(store, "a/b/c/metadata/1.json"));
        Assert.True(await CreateAsync(store, "a/b/c/metadata/2.json"));
        Assert.True(await CreateAsync(store, "a/b/d/3.json"));
        Assert.True(await CreateAsync(store, "4.json"));
        AssertSurvive(disk, ["a/b/c/metadata/1.json", "a/b/c/metadata/2.json", "a/b/d/3.json", "4.json"]);
    }

    [Fact]
    public async Task Folders_that_another_program_made_survive_with_what_is_created_in_them()
    {
        var (disk, store) = New();
        Directory.CreateDirectory(Path.Join(folder, "x/y/z"));
        Assert.True(await CreateAsync(store, "x/y/z/1.json"));
        AssertSurvive(disk, ["x/y/z/1.json"]);
    }

    [Fact]
    public async Task A_folder_that_was_removed_and_made_again_is_made_durable_again()
    {
        var (disk, store) = New();
        for (var round = 0; round < 3; round++)
        {
            Assert.True(await CreateAsync(store, $"x/y/{round}.json"));
            AssertSurvive(disk, [$"x/y/{round}.json"]);
            Directory.Delete(Path.Join(folder, "x"), recursive: true);
            disk.SyncFolder(folder);
            Directory.CreateDirectory(Path.Join(folder, "x/y"));
        }
    }

    /// <summary>Creations by many at once, and the power lost before each sync of them: what was answered by then is there.</summary>
    [Fact]
    public async Task Whenever_the_power_goes_what_was_answered_by_then_survives()
    {
        var (disk, store) = New();
        var answered = new HashSet<string>();
        var crashes = 0;
        disk.BeforeSync = _ =>
        {
            lock (answered)
            {
                crashes++;
                AssertSurvive(disk, answered);
            }
        };
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            for (var i = 0; i < 25; i++)
            {
                var path = $"t{(worker + i) % 5}/metadata/{worker}-{i}.json";
                Assert.True(await CreateAsync(store, path));
                lock (answered)
                {
                    answered.Add(path);
                }
            }
        })));
        disk.BeforeSync = null;
        AssertSurvive(disk, answered);
        Assert.Equal(200, answered.Count);
        Assert.True(crashes > 20);

        // Together: two syncs for each file would be 400, and those of folders that were made.
        Assert.True(disk.Syncs < 400, $"{disk.Syncs} syncs");
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task These_tests_see_a_sync_that_is_missing(bool skipFiles, bool skipFolders)
    {
        var (disk, store) = New();
        (disk.SkipFiles, disk.SkipFolders) = (skipFiles, skipFolders);
        Assert.True(await CreateAsync(store, "a/1.json"));
        Assert.ThrowsAny<Exception>(() => AssertSurvive(disk, ["a/1.json"]));
    }

    [Fact]
    public async Task A_file_that_cannot_be_synced_is_not_created()
    {
        var (disk, store) = New();
        disk.BeforeSync = number =>
        {
            if (number > 1)
            {
                throw new IOException("no space left");
            }
        };
        var failure = await Assert.ThrowsAsync<StoreUnavailableException>(() => CreateAsync(store, "a/1.json").AsTask());
        Assert.Contains("no space left", failure.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(folder, "*", SearchOption.AllDirectories));

        disk.BeforeSync = null;
        Assert.True(await CreateAsync(store, "a/1.json"));
        AssertSurvive(disk, ["a/1.json"]);
    }

    [Fact]
    public async Task A_folder_that_cannot_be_synced_leaves_the_outcome_unknown_and_the_file()
    {
        var (disk, store) = New();
        disk.BeforeSync = number =>
        {
            if (number > 2)
            {
                throw new IOException("no space left");
            }
        };
        await Assert.ThrowsAsync<UnknownOutcomeException>(() => CreateAsync(store, "a/1.json").AsTask());
        Assert.True(File.Exists(Path.Join(folder, "a/1.json")));
    }

    private (ForgetfulDisk Disk, FileObjectStore Store) New()
    {
        var disk = new ForgetfulDisk(folder);
        return (disk, new FileObjectStore([folder], new IdSource(), disk));
    }

    private ValueTask<bool> CreateAsync(FileObjectStore store, string path) => store.CreateAsync($"file:{folder}/{path}", ContentOf(path), default);

    private static byte[] ContentOf(string path) => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(path, 1000)));

    private void AssertSurvive(ForgetfulDisk disk, IEnumerable<string> paths)
    {
        var left = disk.LosePower();
        Assert.All(paths, path => Assert.True(left.TryGetValue(Path.Join(folder, path), out var content) && content.AsSpan().SequenceEqual(ContentOf(path)), $"{path} is lost"));
    }
}
