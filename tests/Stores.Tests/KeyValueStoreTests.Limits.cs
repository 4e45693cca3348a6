using Frazil.Storage;

namespace Frazil.Stores.Tests;

public abstract partial class KeyValueStoreTests
{
    [Fact]
    public async Task A_batch_has_a_hundred_writes_and_not_one_more()
    {
        Write[] writes = [.. Enumerable.Range(0, IKeyValueStore.MaxBatch).Select(i => Create($"f/{i:000}", $"{i}"))];
        await ApplyAsync(writes);
        Assert.Equal(IKeyValueStore.MaxBatch, (await ListAsync("f/")).Length);

        await RefusesAsync("MaxBatch", [.. writes.Select(write => Create("g" + write.Id)), Create("g/one-more")]);
        await RefusesAsync("MaxBatch");
        Assert.Empty(await ListAsync("gf/"));
    }

    [Fact]
    public async Task A_value_has_256_KiB_and_not_one_byte_more()
    {
        var value = new byte[IKeyValueStore.MaxValueBytes];
        Random.Shared.NextBytes(value);
        await ApplyAsync(new Write.Create("a", value));
        Assert.True((await ReadAsync("a"))!.Value.Span.SequenceEqual(value));

        await RefusesAsync("MaxValueBytes", new Write.Create("b", new byte[IKeyValueStore.MaxValueBytes + 1]));
        await RefusesAsync("MaxValueBytes", new Write.Replace("a", new byte[IKeyValueStore.MaxValueBytes + 1], await VersionOf("a")));
    }

    [Fact]
    public async Task The_values_of_a_batch_have_two_and_a_half_MiB_together_and_not_one_byte_more()
    {
        Write[] writes = [.. Enumerable.Range(0, IKeyValueStore.MaxBatchBytes / IKeyValueStore.MaxValueBytes).Select(i => new Write.Create($"f/{i:00}", new byte[IKeyValueStore.MaxValueBytes]))];
        await ApplyAsync(writes);
        Assert.Equal(10, (await ListAsync("f/")).Length);
        await RefusesAsync("MaxBatchBytes", [.. writes.Cast<Write.Create>().Select(write => write with { Id = "g" + write.Id }), Create("g", "x")]);
    }

    [Fact]
    public async Task A_full_batch_has_long_ids_and_large_values()
    {
        var folder = new string('é', 300) + "/";
        await ApplyAsync([.. Enumerable.Range(0, 100).Select(i => new Write.Create($"{folder}{new string('n', 200)}{i:000}", new byte[IKeyValueStore.MaxBatchBytes / 100]))]);
        Assert.Equal(100, (await ListAsync(folder)).Length);
    }

    [Fact]
    public async Task An_id_has_512_characters_and_not_one_more()
    {
        foreach (var id in new[] { new string('a', 512), "f/" + new string('b', 510), new string('c', 510) + "/d", new string('é', 512) })
        {
            await ApplyAsync(Create(id, "1"));
            Assert.Equal("1", await ValueOf(id));
            await RefusesIdAsync("MaxIdLength", id + "x");
        }

        Assert.Equal(["f/" + new string('b', 510)], await ListAsync("f/"));
        Assert.Equal([new string('c', 510) + "/d"], await ListAsync(new string('c', 510) + "/"));
    }

    [Fact]
    public async Task The_last_part_of_an_id_has_1024_bytes_and_not_one_more()
    {
        foreach (var id in new[] { new string('\u3042', 341) + "a", $"f/{new string('\u3042', 341)}a", $"{new string('\u3044', 170)}/{new string('\u3042', 341)}" })
        {
            await ApplyAsync(Create(id, "1"));
            Assert.Equal("1", await ValueOf(id));
            await RefusesIdAsync(id.Length < 512 ? "MaxNameBytes" : "MaxIdLength", id + "b\u3042");
        }

        Assert.Single(await ListAsync("f/"));
        await RefusesIdAsync("MaxNameBytes", $"f/{new string('\u3042', 341)}ab");
    }

    [Fact]
    public async Task An_id_has_512_characters_of_three_bytes_in_a_folder()
    {
        var folder = new string('\u3044', 300) + "/";
        await ApplyAsync(Create(folder + new string('\u3046', 211), "1"), Create(folder + "a", "2"));
        Assert.Equal([folder + "a", folder + new string('\u3046', 211)], await ListAsync(folder));
        Assert.Equal([folder + new string('\u3046', 211)], await ListAsync(folder + '\u3046'));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/")]
    [InlineData("/")]
    [InlineData("a\0b")]
    [InlineData("a\nb")]
    [InlineData("a\u001fb")]
    [InlineData("a\u007fb")]
    [InlineData("a\u0085b")]
    public Task What_some_store_cannot_keep_is_no_id(string id) => RefusesIdAsync("id", id);

    [Fact]
    public async Task Half_a_surrogate_pair_is_no_id()
    {
        foreach (var id in new[] { "a\ud800", "\udc00a", "\udc00\ud800", "a\ud83d/b" })
        {
            await RefusesIdAsync("surrogate", id);
        }
    }

    [Fact]
    public async Task A_partition_has_256_characters_and_not_one_more()
    {
        var partition = Partition + new string('é', IKeyValueStore.MaxPartitionLength - Partition.Length);
        var id = new string('\u3044', 340) + "/a";
        Assert.True((await Store.WriteAsync(partition, NewCommitId(), [Create(id, "1")], default)).IsApplied);
        Assert.Equal("1", Text((await Store.ReadAsync(partition, id, default))!));
        Assert.Equal(id, Assert.Single(await Store.ListAsync(partition, id[..^1], null, 10, default)).Id);

        foreach (var bad in new[] { partition + "x", new string('\u3042', 171), "", "a\0", "a\ud800" })
        {
            await Assert.ThrowsAnyAsync<ArgumentException>(() => Store.WriteAsync(bad, NewCommitId(), [Create("a")], default).AsTask());
            await Assert.ThrowsAnyAsync<ArgumentException>(() => Store.ReadAsync(bad, "a", default).AsTask());
            await Assert.ThrowsAnyAsync<ArgumentException>(() => Store.ReadManyAsync(bad, ["a"], default).AsTask());
            await Assert.ThrowsAnyAsync<ArgumentException>(() => Store.ListAsync(bad, "a/", null, 10, default).AsTask());
        }
    }

    [Fact]
    public async Task Odd_characters_in_ids_are_just_characters()
    {
        string[] names =
        [
            " ", " a", "a ", ".", "..", "%", "%2F", "%1F", "#", "?", "\\", "'", "\"", "''", "`", "a'b;--", "*", "$", "{", "}", "<a>", "&", "+", "|", ":", ";", "=", "~", "^", "[0]", "(", "a,b", "@", "!",
            "null", "A", "a", "Ä", "A\u0308", "ß", "ı", "İ", "日本語", "עברית", "👩‍👩‍👧", "\U0001F600", "\ufeff", "\u200b", "\u2028", "\ufffe", "\uffff",
        ];
        await ApplyAsync([.. names.Select(name => Create("o/" + name, name))]);
        await ApplyAsync([.. names.Select(name => Create($"deep/{name}/x", name))]);
        foreach (var name in names)
        {
            Assert.Equal(name, await ValueOf("o/" + name));
            Assert.Equal([$"deep/{name}/x"], await ListAsync($"deep/{name}/"));
            Assert.Contains("o/" + name, await ListAsync("o/" + name));
            await ApplyAsync(new Write.Replace("o/" + name, Bytes(name + "!"), await VersionOf("o/" + name)));
        }

        Assert.Equal(names.Select(name => "o/" + name).Order(Ids.Order), await ListAsync("o/"));
        Assert.Equal(names.Select(name => name + "!"), (await Store.ReadManyAsync(Partition, [.. names.Select(name => "o/" + name)], default)).Select(item => Text(item!)));
    }

    [Fact]
    public async Task An_id_comes_once_in_a_batch()
    {
        await ApplyAsync(Create("a"));
        var version = await VersionOf("a");
        await RefusesAsync("twice", new Write.Check("a", version), new Write.Replace("a", Bytes("2"), version));
        await RefusesAsync("twice", Create("b"), Create("c"), Create("b"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a_b")]
    [InlineData("é")]
    [InlineData("12345678901234567890123456789012345678901234567890123456789012345")]
    public async Task A_commit_id_is_short_and_plain(string commitId) =>
        await Assert.ThrowsAnyAsync<ArgumentException>(() => WriteAsync(commitId, Create("a")));

    [Fact]
    public async Task A_commit_id_may_have_64_characters()
    {
        var commitId = new string('A', 60) + "z-09";
        Assert.True((await WriteAsync(commitId, Create("a"), Create("b"))).IsApplied);
        Assert.Equal(commitId, (await ReadAsync("a"))!.CommitId);
    }

    [Fact]
    public async Task A_write_names_a_version_that_is_not_its_own()
    {
        await RefusesAsync("version", new Write.Replace("a", Bytes("1"), ""));
        var commitId = NewCommitId();
        await Assert.ThrowsAnyAsync<ArgumentException>(() => WriteAsync(commitId, new Write.Delete("a", commitId)));
    }

    [Fact]
    public async Task A_list_has_a_folder_and_a_limit()
    {
        foreach (var limit in new[] { 0, -1, IKeyValueStore.MaxPage + 1 })
        {
            await Assert.ThrowsAnyAsync<ArgumentException>(() => ListAsync("a/", limit: limit));
        }

        foreach (var prefix in new[] { "", "a", "a\0/", new string('a', 512) + "/" })
        {
            await Assert.ThrowsAnyAsync<ArgumentException>(() => ListAsync(prefix));
        }

        await Assert.ThrowsAnyAsync<ArgumentException>(() => ListAsync("a/", after: "a/\0"));
    }

    [Fact]
    public async Task A_read_has_a_hundred_ids_and_not_one_more()
    {
        string[] ids = [.. Enumerable.Range(0, IKeyValueStore.MaxBatch + 1).Select(i => $"{i}")];
        Assert.Equal(100, (await Store.ReadManyAsync(Partition, ids[1..], default)).Count);
        var error = await Assert.ThrowsAnyAsync<ArgumentException>(() => Store.ReadManyAsync(Partition, ids, default).AsTask());
        Assert.Contains("MaxBatch", error.Message);
    }

    private async Task RefusesAsync(string limit, params Write[] writes) =>
        Assert.Contains(limit, (await Assert.ThrowsAnyAsync<ArgumentException>(() => WriteAsync(writes))).Message);

    private async Task RefusesIdAsync(string limit, string id)
    {
        await RefusesAsync(limit, Create("fine"), Create(id));
        await RefusesAsync(limit, new Write.Check(id, "v"));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => ReadAsync(id));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Store.ReadManyAsync(Partition, ["fine", id], default).AsTask());
        Assert.Null(await ReadAsync("fine"));
    }
}
