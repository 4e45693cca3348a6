using Frazil.Storage;

namespace Frazil.Stores.Tests;

public abstract partial class KeyValueStoreTests
{
    [Fact]
    public async Task Nothing_is_read_where_nothing_was_written()
    {
        Assert.Null(await ReadAsync("a"));
        Assert.Empty(await ListAsync("a/"));
    }

    [Fact]
    public async Task A_created_row_reads_as_written()
    {
        var commitId = NewCommitId();
        Assert.True((await WriteAsync(commitId, Create("a/b", "one"))).IsApplied);

        var item = await ReadAsync("a/b");
        Assert.NotNull(item);
        Assert.Equal(("a/b", "one", commitId), (item.Id, Text(item), item.CommitId));
        Assert.NotEmpty(item.Version);
    }

    [Fact]
    public async Task An_empty_value_is_a_value()
    {
        await ApplyAsync(new Write.Create("a", ReadOnlyMemory<byte>.Empty));
        Assert.Equal(0, (await ReadAsync("a"))!.Value.Length);
    }

    [Fact]
    public async Task A_value_is_what_it_was_when_it_was_written()
    {
        byte[] buffer = [1, 2, 3];
        await ApplyAsync(new Write.Create("a", buffer));
        buffer[0] = 9;
        Assert.Equal([1, 2, 3], (await ReadAsync("a"))!.Value.ToArray());
    }

    [Fact]
    public async Task Create_fails_where_a_row_is()
    {
        await ApplyAsync(Create("a", "one"));
        Assert.Equal("a", (await WriteAsync(Create("a", "two"))).RefusedBy);
        Assert.Equal("one", await ValueOf("a"));
    }

    [Fact]
    public async Task Replace_moves_the_version_and_names_its_batch()
    {
        await ApplyAsync(Create("a", "one"));
        var version = await VersionOf("a");
        var commitId = NewCommitId();
        Assert.True((await WriteAsync(commitId, new Write.Replace("a", Bytes("two"), version))).IsApplied);

        var item = (await ReadAsync("a"))!;
        Assert.Equal(("two", commitId), (Text(item), item.CommitId));
        Assert.NotEqual(version, item.Version);
    }

    [Fact]
    public async Task Replace_fails_at_a_stale_version()
    {
        await ApplyAsync(Create("a", "1"));
        var stale = await VersionOf("a");
        await ApplyAsync(new Write.Replace("a", Bytes("2"), stale));

        Assert.Equal("a", (await WriteAsync(new Write.Replace("a", Bytes("3"), stale))).RefusedBy);
        Assert.Equal("2", await ValueOf("a"));
    }

    [Fact]
    public async Task Replace_moves_the_version_even_when_the_value_is_the_same()
    {
        await ApplyAsync(Create("a", "1"));
        var stale = await VersionOf("a");
        await ApplyAsync(new Write.Replace("a", Bytes("1"), stale));
        Assert.False((await WriteAsync(new Write.Replace("a", Bytes("1"), stale))).IsApplied);
    }

    [Fact]
    public async Task Replace_and_delete_and_check_fail_where_no_row_is()
    {
        Assert.Equal("a", (await WriteAsync(new Write.Replace("a", Bytes("1"), "v"))).RefusedBy);
        Assert.Equal("a", (await WriteAsync(new Write.Delete("a", "v"))).RefusedBy);
        Assert.Equal("a", (await WriteAsync(new Write.Check("a", "v"))).RefusedBy);
        Assert.Null(await ReadAsync("a"));
    }

    [Fact]
    public async Task Delete_removes_a_row_at_its_version_only()
    {
        await ApplyAsync(Create("f/a", "1"));
        var stale = await VersionOf("f/a");
        await ApplyAsync(new Write.Replace("f/a", Bytes("2"), stale));

        Assert.Equal("f/a", (await WriteAsync(new Write.Delete("f/a", stale))).RefusedBy);
        await ApplyAsync(new Write.Delete("f/a", await VersionOf("f/a")));
        Assert.Null(await ReadAsync("f/a"));
        Assert.Empty(await ListAsync("f/"));
    }

    [Fact]
    public async Task A_version_does_not_come_back_when_a_row_is_made_anew()
    {
        var versions = new HashSet<string>();
        for (var i = 0; i < 5; i++)
        {
            await ApplyAsync(Create("a", "same"));
            Assert.True(versions.Add(await VersionOf("a")));
            await ApplyAsync(new Write.Delete("a", await VersionOf("a")));
        }

        await ApplyAsync(Create("a", "same"));
        foreach (var version in versions)
        {
            Assert.False((await WriteAsync(new Write.Replace("a", Bytes("x"), version))).IsApplied);
            Assert.False((await WriteAsync(new Write.Delete("a", version))).IsApplied);
        }

        Assert.Equal("same", await ValueOf("a"));
    }

    [Fact]
    public async Task A_check_guards_a_batch()
    {
        await ApplyAsync(Create("guard", "1"));
        var version = await VersionOf("guard");
        await ApplyAsync(new Write.Check("guard", version), Create("a", "1"));

        // A backend may move the version for a check; the row and its commit id stay.
        var guard = (await ReadAsync("guard"))!;
        Assert.Equal("1", Text(guard));
        await ApplyAsync(new Write.Replace("guard", Bytes("2"), guard.Version));
        Assert.Equal("guard", (await WriteAsync(new Write.Check("guard", guard.Version), Create("b", "1"))).RefusedBy);
        Assert.Null(await ReadAsync("b"));
    }

    [Fact]
    public async Task A_check_leaves_value_and_commit_id_alone()
    {
        await ApplyAsync(Create("a", "1"), Create("b", "1"));
        var before = (await ReadAsync("a"))!;
        await ApplyAsync(new Write.Check("a", before.Version), new Write.Replace("b", Bytes("2"), await VersionOf("b")));

        var after = (await ReadAsync("a"))!;
        Assert.Equal((Text(before), before.CommitId), (Text(after), after.CommitId));
    }

    [Fact]
    public async Task A_batch_of_checks_alone_is_decided()
    {
        await ApplyAsync(Create("a"), Create("b"));
        await ApplyAsync(new Write.Check("a", await VersionOf("a")));
        await ApplyAsync(new Write.Check("a", await VersionOf("a")), new Write.Check("b", await VersionOf("b")));
        Assert.Equal("b", (await WriteAsync(new Write.Check("b", "stale"))).RefusedBy);
        Assert.Equal("b", (await WriteAsync(new Write.Check("a", await VersionOf("a")), new Write.Check("b", "stale"))).RefusedBy);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_refused_batch_leaves_nothing(int place)
    {
        await ApplyAsync(Create("x/replaced", "1"), Create("x/deleted", "1"), Create("taken", "1"));
        List<Write> writes =
        [
            Create("y/made", "new"),
            new Write.Replace("x/replaced", Bytes("2"), await VersionOf("x/replaced")),
            new Write.Delete("x/deleted", await VersionOf("x/deleted")),
        ];
        writes.Insert(place, Create("taken", "2"));

        Assert.Equal("taken", (await WriteAsync([.. writes])).RefusedBy);
        await HoldAsync(("x/replaced", "1"), ("x/deleted", "1"), ("taken", "1"), ("y/made", null));
        Assert.Equal(["x/deleted", "x/replaced"], await ListAsync("x/"));
        Assert.Empty(await ListAsync("y/"));
    }

    [Fact]
    public async Task A_batch_makes_changes_and_removes_rows_of_many_folders_together()
    {
        await ApplyAsync(Create("a/old", "1"), Create("b/kept", "1"));
        await ApplyAsync(
            Create("c/new", "1"),
            new Write.Delete("a/old", await VersionOf("a/old")),
            new Write.Replace("b/kept", Bytes("2"), await VersionOf("b/kept")),
            Create("rootless", "1"));

        await HoldAsync(("a/old", null), ("b/kept", "2"), ("c/new", "1"), ("rootless", "1"));
    }

    [Fact]
    public async Task A_batch_sent_again_is_applied_once_and_never_refused()
    {
        await ApplyAsync(Create("b", "1"), Create("c", "1"));
        var commitId = NewCommitId();
        Write[] writes = [Create("a", "1"), new Write.Replace("b", Bytes("2"), await VersionOf("b")), new Write.Delete("c", await VersionOf("c"))];
        for (var sent = 0; sent < 3; sent++)
        {
            Assert.True((await WriteAsync(commitId, writes)).IsApplied);
        }

        await HoldAsync(("a", "1"), ("b", "2"), ("c", null));
    }

    [Fact]
    public async Task A_single_write_sent_again_is_applied_once_and_never_refused()
    {
        var (create, replace) = (NewCommitId(), NewCommitId());
        Assert.True((await WriteAsync(create, Create("a", "1"))).IsApplied);
        Assert.True((await WriteAsync(create, Create("a", "1"))).IsApplied);
        var version = await VersionOf("a");
        Assert.True((await WriteAsync(replace, new Write.Replace("a", Bytes("2"), version))).IsApplied);
        Assert.True((await WriteAsync(replace, new Write.Replace("a", Bytes("2"), version))).IsApplied);
        Assert.Equal("2", await ValueOf("a"));
    }

    [Fact]
    public async Task A_batch_sent_again_does_not_undo_what_came_after_it()
    {
        var commitId = NewCommitId();
        Write[] writes = [Create("a", "1"), Create("b", "1")];
        Assert.True((await WriteAsync(commitId, writes)).IsApplied);
        await ApplyAsync(new Write.Replace("a", Bytes("2"), await VersionOf("a")));

        Assert.True((await WriteAsync(commitId, writes)).IsApplied);
        await HoldAsync(("a", "2"), ("b", "1"));
    }

    [Fact]
    public async Task Partitions_are_apart()
    {
        await ApplyAsync(Create("f/a", "1"));
        foreach (var other in new[] { Partition + "x", Partition + "/f", Partition[..^1], "f" + Partition })
        {
            Assert.Null(await Store.ReadAsync(other, "f/a", default));
            Assert.Null(await Store.ReadAsync(other, "a", default));
            Assert.Empty(await Store.ListAsync(other, "f/", null, 10, default));
        }
    }

    [Fact]
    public async Task A_cancelled_call_applies_nothing()
    {
        var cancelled = new CancellationToken(canceled: true);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.WriteAsync(Partition, NewCommitId(), [Create("a")], cancelled).AsTask());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.ReadAsync(Partition, "a", cancelled).AsTask());
        Assert.Null(await ReadAsync("a"));
    }
}
