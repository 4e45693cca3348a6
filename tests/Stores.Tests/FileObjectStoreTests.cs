using Frazil.EmbeddedBackend;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil.Stores.Tests;

public sealed class FileObjectStoreTests : ObjectStoreTests
{
    private readonly string outside = TemporaryFolder.New();
    private readonly string folder = TemporaryFolder.New();

    protected override IObjectStore Store => field ??= new FileObjectStore([folder], new IdSource());

    protected override string Folder => "file://" + folder;

    [Fact]
    public async Task Every_spelling_of_a_file_is_the_same_file()
    {
        string[] spellings = [$"file:{folder}/a", $"file://{folder}/a", $"file://localhost{folder}/a", $"{folder}/a", $"file:{folder}//a", $"file:///{folder}/a"];
        for (var i = 0; i < spellings.Length; i++)
        {
            Assert.True(await CreateAsync(spellings[i], $"{i}"));
            foreach (var other in spellings)
            {
                Assert.False(await CreateAsync(other, "x"));
                Assert.Equal($"{i}", await ReadAsync(other));
            }

            await Store.DeleteAsync(spellings[(i + 1) % spellings.Length], default);
        }

        await CreateAsync($"file:{folder}/b", "x");
        Assert.Equal([$"file:{folder}/b"], await ListAsync($"file:{folder}/"));
        Assert.Equal([$"{folder}/b"], await ListAsync(folder));
    }

    [Fact]
    public async Task A_name_is_not_decoded()
    {
        await CreateAsync(At("a%2Fb"), "x");
        Assert.Equal("a%2Fb", Path.GetFileName(Assert.Single(Directory.GetFiles(folder, "*", SearchOption.AllDirectories))));
    }

    [Theory]
    [InlineData("file://otherhost/a", ErrorKind.BadRequest)]
    [InlineData("file:a", ErrorKind.BadRequest)]
    [InlineData("FILE:/a", ErrorKind.BadRequest)]
    [InlineData("s3://bucket/a", ErrorKind.BadRequest)]
    [InlineData("/etc/passwd", ErrorKind.Forbidden)]
    [InlineData("file:///etc/passwd", ErrorKind.Forbidden)]
    public Task What_is_no_file_of_the_roots_is_refused(string location, ErrorKind kind) => RefusesAsync(location, kind);

    [Fact]
    public Task The_root_itself_is_no_file() => RefusesAsync(Folder, ErrorKind.Forbidden);

    [Fact]
    public async Task A_symbolic_link_does_not_lead_outside()
    {
        await File.WriteAllTextAsync(Path.Join(outside, "secret"), "secret");
        Directory.CreateSymbolicLink(Path.Join(folder, "link"), outside);
        File.CreateSymbolicLink(Path.Join(folder, "file-link"), Path.Join(outside, "secret"));
        Directory.CreateSymbolicLink(Path.Join(folder, "relative"), "../" + Path.GetFileName(outside));

        await RefusesAsync($"{Folder}/link/secret", ErrorKind.Forbidden);
        await RefusesAsync($"{Folder}/relative/secret", ErrorKind.Forbidden);
        await RefusesAsync($"{Folder}/link/new/deep/file", ErrorKind.Forbidden);
        Assert.Equal(ErrorKind.Forbidden, (await Assert.ThrowsAsync<CatalogException>(() => ReadAsync($"{Folder}/file-link"))).Kind);
        Assert.Equal(ErrorKind.Forbidden, (await Assert.ThrowsAsync<CatalogException>(() => ListAsync($"{Folder}/link"))).Kind);
        Assert.Empty(await ListAsync(Folder));
        Assert.False(await CreateAsync($"{Folder}/file-link", "x"));

        // Deleting a link deletes the link.
        await Store.DeleteAsync($"{Folder}/file-link", default);
        Assert.Equal("secret", await File.ReadAllTextAsync(Path.Join(outside, "secret")));
        Assert.Equal(["secret"], Directory.GetFileSystemEntries(outside).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_symbolic_link_to_nowhere_is_taken_and_leads_nowhere()
    {
        File.CreateSymbolicLink(Path.Join(folder, "dangling"), Path.Join(outside, "not-yet"));
        Assert.False(await CreateAsync($"{Folder}/dangling", "x"));
        Assert.Null(await ReadAsync($"{Folder}/dangling"));
        await Assert.ThrowsAnyAsync<Exception>(() => CreateAsync($"{Folder}/dangling/a", "x"));
        Assert.Empty(Directory.GetFileSystemEntries(outside));
    }

    [Fact]
    public async Task A_symbolic_link_within_the_root_is_followed()
    {
        Directory.CreateDirectory(Path.Join(folder, "real"));
        Directory.CreateSymbolicLink(Path.Join(folder, "alias"), Path.Join(folder, "real"));
        Assert.True(await CreateAsync($"{Folder}/alias/a", "x"));
        Assert.False(await CreateAsync($"{Folder}/real/a", "y"));
        Assert.Equal("x", await ReadAsync($"{Folder}/real/a"));
    }

    [Fact]
    public async Task The_root_may_be_a_symbolic_link_and_need_not_exist_yet()
    {
        var link = Path.Join(outside, "root");
        Directory.CreateSymbolicLink(link, folder);
        var store = new FileObjectStore([link, $"file:{outside}/later/deep/"], new IdSource());
        Assert.True(await store.CreateAsync($"file:{link}/a", Bytes("x"), default));
        Assert.Equal("x", await ReadAsync($"{Folder}/a"));
        Assert.NotNull(await store.ReadAsync($"file:{folder}/a", default));

        Assert.Null(await store.ReadAsync($"file:{outside}/later/deep/a", default));
        Assert.True(await store.CreateAsync($"file:{outside}/later/deep/a", Bytes("x"), default));
        Assert.NotNull(await store.ReadAsync($"file:{outside}/later/deep/a", default));
        await Assert.ThrowsAsync<CatalogException>(() => store.CreateAsync($"file:{outside}/later/a", Bytes("x"), default).AsTask());
    }

    [Fact]
    public async Task Unfinished_files_are_never_served()
    {
        var leftover = Path.Join(folder, FileObjectStore.TemporaryPrefix + "1234.tmp");
        await File.WriteAllTextAsync(leftover, "half");
        await RefusesAsync("file:" + leftover, ErrorKind.BadRequest);
        Assert.Empty(await ListAsync(Folder));
    }

    [Fact]
    public async Task Unfinished_files_are_swept_when_they_are_old_and_a_second_walk_is_asked_for_only_where_some_are_young()
    {
        var now = DateTimeOffset.UtcNow;
        Assert.Equal((0, false), TemporaryFiles.Sweep(folder, now, default));
        await File.WriteAllTextAsync(Path.Join(folder, "data"), "x");
        await File.WriteAllTextAsync(Path.Join(folder, FileObjectStore.TemporaryPrefix + "1234.tmp"), "half");
        Assert.Equal((0, true), TemporaryFiles.Sweep(folder, now, default));
        Assert.Equal((1, false), TemporaryFiles.Sweep(folder, now + TemporaryFiles.Lifetime + TimeSpan.FromMinutes(1), default));
        Assert.Equal((0, false), TemporaryFiles.Sweep(folder, now + TimeSpan.FromDays(1), default));
        Assert.True(File.Exists(Path.Join(folder, "data")));
    }

    [Fact]
    public async Task Nothing_is_left_beside_a_file()
    {
        await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(() => CreateAsync(At($"{i % 4}"), "x"))));
        await Assert.ThrowsAsync<CatalogException>(() => CreateAsync(At("0/below-a-file"), "x"));
        Assert.Equal(4, Directory.GetFileSystemEntries(folder, "*", SearchOption.AllDirectories).Count(File.Exists));
    }

    [Fact]
    public void A_name_goes_to_one_of_those_who_want_it_at_the_same_moment()
    {
        // .NET's own move without overwriting lets two through in about one round of a thousand.
        const int Rounds = 4000, Callers = 4;
        var winners = new int[Rounds];
        using var together = new Barrier(Callers);
        var threads = Enumerable.Range(0, Callers).Select(caller => new Thread(() =>
        {
            for (var round = 0; round < Rounds; round++)
            {
                var unfinished = Path.Join(folder, $"{round}-{caller}");
                File.WriteAllText(unfinished, "");
                together.SignalAndWait();
                if (Disk.Native.TryName(unfinished, Path.Join(folder, $"{round}")))
                {
                    Interlocked.Increment(ref winners[round]);
                }
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        Assert.All(winners, winner => Assert.Equal(1, winner));
    }

    [Fact]
    public async Task A_file_below_a_file_is_refused()
    {
        await CreateAsync(At("a"), "x");
        Assert.Equal(ErrorKind.BadRequest, (await Assert.ThrowsAsync<CatalogException>(() => CreateAsync(At("a/b"), "x"))).Kind);
        Assert.Equal(ErrorKind.BadRequest, (await Assert.ThrowsAsync<CatalogException>(() => CreateAsync(At("a/b/c"), "x"))).Kind);
        Assert.Null(await ReadAsync(At("a/b")));
        await Store.DeleteAsync(At("a/b"), default);
        Assert.Equal("x", await ReadAsync(At("a")));
    }

    [Fact]
    public async Task A_name_too_long_for_the_file_system_is_refused()
    {
        Assert.True(await CreateAsync(At(new string('a', 255)), "x"));
        foreach (var name in new[] { new string('a', 256), new string('é', 128), new string('a', 256) + "/b" })
        {
            Assert.Equal(ErrorKind.BadRequest, (await Assert.ThrowsAsync<CatalogException>(() => CreateAsync(At(name), "x"))).Kind);
            Assert.Equal(ErrorKind.BadRequest, (await Assert.ThrowsAsync<CatalogException>(() => ReadAsync(At(name)))).Kind);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("/n/t")]
    public async Task A_root_is_never_removed_be_it_the_folder_of_a_table_or_below_one(string inner)
    {
        var root = outside + inner;
        Directory.CreateDirectory(Path.Join(root, "t", "metadata"));
        var store = new FileObjectStore([outside, root], new IdSource());
        foreach (var emptied in (string[])[$"file:{outside}", $"file:{root}", $"file:{root}/t/metadata"])
        {
            await store.RemoveEmptyFoldersAsync(emptied, default);
            Assert.Empty(Directory.GetFileSystemEntries(root));
            Assert.True(await store.CreateAsync($"file:{root}/t/metadata/a", Bytes("x"), default));
            await store.DeleteAsync($"file:{root}/t/metadata/a", default);
        }
    }

    [Fact]
    public async Task A_folder_that_somebody_removed_is_made_again()
    {
        Assert.True(await CreateAsync(At("f/g/a"), "x"));
        Directory.Delete(Directory.GetParent(Assert.Single(Directory.GetFiles(folder, "a", SearchOption.AllDirectories)))!.Parent!.FullName, recursive: true);
        Assert.True(await CreateAsync(At("f/g/b"), "x"));
        Assert.Equal("x", await ReadAsync(At("f/g/b")));
    }

    [Fact]
    public async Task A_pipe_is_no_file_and_keeps_nobody_waiting()
    {
        using (var made = System.Diagnostics.Process.Start("mkfifo", [Path.Join(folder, "pipe")]))
        {
            await made.WaitForExitAsync();
        }

        Assert.Null(await ReadAsync($"{Folder}/pipe").WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.Null(await Store.OpenReadAsync($"{Folder}/pipe", default).AsTask().WaitAsync(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task A_file_too_large_to_be_read_whole_is_said_to_be_and_can_be_streamed()
    {
        using (var file = File.Create(Path.Join(folder, "large")))
        {
            file.SetLength(IObjectStore.MaxReadBytes + 1L);
        }

        var error = await Assert.ThrowsAsync<CatalogException>(() => ReadAsync($"{Folder}/large"));
        Assert.Contains($"{IObjectStore.MaxReadBytes}", error.Message);
        await using var stream = await Store.OpenReadAsync($"{Folder}/large", default);
        Assert.Equal(0, stream!.ReadByte());
    }
}
