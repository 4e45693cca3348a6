using Frazil.Storage;

namespace Frazil.Stores.Tests;

public abstract partial class KeyValueStoreTests
{
    [Fact]
    public async Task Many_rows_are_read_in_the_order_asked_for()
    {
        await ApplyAsync(Create("a/1", "1"), Create("b/2", "2"), Create("3", "3"));
        var items = await Store.ReadManyAsync(Partition, ["3", "missing", "a/1", "b/2", "a/1", "b/none"], default);
        Assert.Equal(["3", null, "1", "2", "1", null], items.Select(item => item is null ? null : Text(item)));
        Assert.Equal(["3", null, "a/1", "b/2", "a/1", null], items.Select(item => item?.Id));
        Assert.Empty(await Store.ReadManyAsync(Partition, [], default));
    }

    [Fact]
    public async Task A_hundred_large_rows_are_read_at_once()
    {
        var value = new byte[200 * 1024];
        string[] ids = [.. Enumerable.Range(0, IKeyValueStore.MaxBatch).Select(i => $"f/{i:000}")];
        foreach (var id in ids)
        {
            value[0]++;
            await ApplyAsync(new Write.Create(id, value));
        }

        var items = await Store.ReadManyAsync(Partition, ids, default);
        Assert.Equal(ids, items.Select(item => item!.Id));
        Assert.Equal(Enumerable.Range(1, ids.Length).Select(i => (byte)i), items.Select(item => item!.Value.Span[0]));
        Assert.All(items, item => Assert.Equal(value.Length, item!.Value.Length));

        // More than one page of a store that pages by size.
        var listed = await Store.ListAsync(Partition, "f/", null, IKeyValueStore.MaxPage, default);
        Assert.Equal(ids, listed.Select(item => item.Id));
    }

    [Fact]
    public async Task A_list_walks_one_folder_and_its_prefix()
    {
        await ApplyAsync(
            Create("a/b"), Create("a/ba"), Create("a/c"), Create("a/b/deeper"), Create("a/b/c/deepest"), Create("ab/b"), Create("a"), Create("b"), Create("/b"), Create("a//b"));

        Assert.Equal(["a/b", "a/ba", "a/c"], await ListAsync("a/"));
        Assert.Equal(["a/b", "a/ba"], await ListAsync("a/b"));
        Assert.Equal(["a/b/deeper"], await ListAsync("a/b/"));
        Assert.Equal(["a/b/c/deepest"], await ListAsync("a/b/c/d"));
        Assert.Equal(["a//b"], await ListAsync("a//"));
        Assert.Equal(["/b"], await ListAsync("/"));
        Assert.Empty(await ListAsync("a/d"));
        Assert.Empty(await ListAsync("c/"));
    }

    [Fact]
    public async Task A_list_gives_whole_rows()
    {
        await ApplyAsync(Create("f/a", "1"), Create("f/b", "2"));
        var items = await Store.ListAsync(Partition, "f/", null, 10, default);
        foreach (var (item, id) in items.Zip(["f/a", "f/b"]))
        {
            var read = (await ReadAsync(id))!;
            Assert.Equal((read.Id, Text(read), read.Version, read.CommitId), (item.Id, Text(item), item.Version, item.CommitId));
        }
    }

    [Fact]
    public async Task A_list_is_in_the_order_of_utf8_bytes()
    {
        // U+FFFD comes before U+1F600 in UTF-8, and behind its surrogates in UTF-16.
        string[] names = ["!", "%", "A", "Z", "_", "a", "ab", "a~", "é", "\u3042", "\ud7ff", "\ue000", "\ufffd", "\U0001F600", "\U0010FFFF"];
        await ApplyAsync([.. names.Reverse().Select(name => Create("f/" + name))]);
        Assert.Equal(names.Select(name => "f/" + name), await ListAsync("f/"));

        for (var i = 0; i < names.Length; i++)
        {
            Assert.Equal(names[(i + 1)..].Select(name => "f/" + name), await ListAsync("f/", after: "f/" + names[i]));
        }
    }

    [Fact]
    public async Task A_list_shows_each_write_at_once()
    {
        var expected = new List<string>();
        for (var i = 0; i < 20; i++)
        {
            await ApplyAsync(Create($"f/{i:00}"));
            expected.Add($"f/{i:00}");
            Assert.Equal(expected, await ListAsync("f/"));
        }

        for (var i = 0; i < 20; i += 2)
        {
            await ApplyAsync(new Write.Delete($"f/{i:00}", await VersionOf($"f/{i:00}")));
            expected.Remove($"f/{i:00}");
            Assert.Equal(expected, await ListAsync("f/"));
        }
    }

    [Fact]
    public async Task Pages_follow_each_other_without_gap_or_repeat()
    {
        string[] ids = [.. Enumerable.Range(0, 25).Select(i => $"f/{i:00}")];
        await ApplyAsync([.. ids.Select(id => Create(id))]);
        foreach (var limit in new[] { 1, 7, 25, 26 })
        {
            var walked = new List<string>();
            string[] page;
            do
            {
                page = await ListAsync("f/", walked.LastOrDefault(), limit);
                walked.AddRange(page);
            }
            while (page.Length == limit);

            Assert.Equal(ids, walked);
        }
    }

    [Fact]
    public async Task Pages_survive_rows_that_come_and_go_between_them()
    {
        string[] kept = [.. Enumerable.Range(0, 10).Select(i => $"f/{i:00}")];
        await ApplyAsync([.. kept.Select(id => Create(id))]);
        var walked = new List<string>();
        for (var round = 0; ; round++)
        {
            var page = await ListAsync("f/", walked.LastOrDefault(), limit: 3);
            walked.AddRange(page);
            if (page.Length < 3)
            {
                break;
            }

            // The last row of the page goes, and rows before and behind it come.
            await ApplyAsync(new Write.Delete(page[^1], await VersionOf(page[^1])), Create($"f/!{round}"), Create($"f/{page[^1][2..]}+"));
        }

        Assert.Equal(walked.Distinct(), walked);
        Assert.Empty(kept.Except(walked));
        Assert.DoesNotContain(walked, id => id.Contains('!'));
    }

    [Fact]
    public async Task After_is_a_bound_and_need_not_exist()
    {
        await ApplyAsync(Create("f/b"), Create("f/bb"), Create("f/d"));
        Assert.Equal(["f/b", "f/bb", "f/d"], await ListAsync("f/", after: "f/"));
        Assert.Equal(["f/b", "f/bb", "f/d"], await ListAsync("f/", after: "f/a"));
        Assert.Equal(["f/b", "f/bb", "f/d"], await ListAsync("f/", after: "e"));
        Assert.Equal(["f/b", "f/bb", "f/d"], await ListAsync("f/", after: ""));
        Assert.Equal(["f/bb", "f/d"], await ListAsync("f/", after: "f/b"));
        Assert.Equal(["f/bb", "f/d"], await ListAsync("f/", after: "f/b/x"));
        Assert.Equal(["f/d"], await ListAsync("f/", after: "f/c"));
        Assert.Empty(await ListAsync("f/", after: "f/d"));
        Assert.Empty(await ListAsync("f/", after: "g"));

        Assert.Equal(["f/b", "f/bb"], await ListAsync("f/b", after: "f/a"));
        Assert.Equal(["f/bb"], await ListAsync("f/b", after: "f/b"));
        Assert.Empty(await ListAsync("f/b", after: "f/c"));
    }

    [Fact]
    public async Task A_full_page_has_a_thousand_rows()
    {
        for (var batch = 0; batch < 11; batch++)
        {
            await ApplyAsync([.. Enumerable.Range(batch * 100, 100).Select(i => Create($"f/{i:0000}", $"{i}"))]);
        }

        Assert.Equal(Enumerable.Range(0, 1000).Select(i => $"f/{i:0000}"), await ListAsync("f/"));
        Assert.Equal(Enumerable.Range(1000, 100).Select(i => $"f/{i:0000}"), await ListAsync("f/", after: "f/0999"));
    }
}
