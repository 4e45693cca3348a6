using System.Security.Cryptography;
using System.Text;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil.Stores.Tests;

/// <summary>What every <see cref="IObjectStore"/> promises. A backend derives from this and says how to make one.</summary>
public abstract class ObjectStoreTests
{
    private readonly string run = $"{Guid.NewGuid():N}";

    protected abstract IObjectStore Store { get; }

    /// <summary>A folder that the store serves, without a slash at its end.</summary>
    protected abstract string Folder { get; }

    /// <summary>A location in a folder of this test's own.</summary>
    protected string At(string name) => $"{Folder}/{run}/{name}";

    [Fact]
    public async Task Nothing_is_read_where_nothing_was_created()
    {
        Assert.Null(await ReadAsync(At("a")));
        Assert.Null(await Store.OpenReadAsync(At("a"), default));
        Assert.Empty(await ListAsync(At("none")));
    }

    [Fact]
    public async Task A_created_file_reads_as_written()
    {
        Assert.True(await CreateAsync(At("metadata/00000-x.metadata.json"), "one"));
        Assert.Equal("one", await ReadAsync(At("metadata/00000-x.metadata.json")));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(127 * 1024)]
    [InlineData(9 * 1024 * 1024 + 17)]
    public async Task A_file_of_any_size_is_whole(int length)
    {
        var content = RandomNumberGenerator.GetBytes(length);
        Assert.True(await Store.CreateAsync(At("a"), content, default));
        Assert.True((await Store.ReadAsync(At("a"), default))!.Value.Span.SequenceEqual(content));

        await using var stream = await Store.OpenReadAsync(At("a"), default);
        using var copy = new MemoryStream();
        await stream!.CopyToAsync(copy);
        Assert.True(copy.ToArray().AsSpan().SequenceEqual(content));
    }

    [Fact]
    public async Task Content_is_what_it_was_when_it_was_created()
    {
        var buffer = "one"u8.ToArray();
        Assert.True(await Store.CreateAsync(At("a"), buffer, default));
        buffer[0] = (byte)'x';
        Assert.Equal("one", await ReadAsync(At("a")));
    }

    [Fact]
    public async Task Nothing_is_overwritten_not_even_by_the_same()
    {
        Assert.True(await CreateAsync(At("a"), "one"));
        Assert.False(await CreateAsync(At("a"), "two"));
        Assert.False(await CreateAsync(At("a"), "one"));
        Assert.False(await CreateAsync(At("a"), ""));
        Assert.Equal("one", await ReadAsync(At("a")));
    }

    [Fact]
    public async Task Of_sixteen_creators_one_wins()
    {
        for (var round = 0; round < 10; round++)
        {
            var location = At($"race-{round}/a");
            var results = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(() => CreateAsync(location, new string((char)('a' + i), 10_000)))));
            var winner = Assert.Single(Enumerable.Range(0, 16), i => results[i]);
            Assert.Equal(new string((char)('a' + winner), 10_000), await ReadAsync(location));
        }
    }

    [Fact]
    public async Task Of_sixteen_creators_of_the_same_content_one_wins()
    {
        var results = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => CreateAsync(At("same"), "same"))));
        Assert.Single(results, created => created);
    }

    [Fact]
    public async Task A_deleted_file_is_gone_and_its_place_free()
    {
        await CreateAsync(At("a"), "one");
        await Store.DeleteAsync(At("a"), default);
        Assert.Null(await ReadAsync(At("a")));
        Assert.Empty(await ListAsync(At("")));
        Assert.True(await CreateAsync(At("a"), "two"));
        Assert.Equal("two", await ReadAsync(At("a")));
    }

    [Fact]
    public async Task Deleting_nothing_is_as_good()
    {
        await Store.DeleteAsync(At("none"), default);
        await Store.DeleteAsync(At("no/folder/either"), default);
    }

    [Fact]
    public async Task A_folder_is_not_a_file()
    {
        await CreateAsync(At("folder/file"), "one");
        Assert.Null(await ReadAsync(At("folder")));
        Assert.Null(await Store.OpenReadAsync(At("folder"), default));
        await Store.DeleteAsync(At("folder"), default);
        Assert.Equal("one", await ReadAsync(At("folder/file")));
        await RefusesAsync(At("folder/"), ErrorKind.BadRequest);
    }

    [Fact]
    public async Task A_list_shows_what_is_below_a_folder_and_nothing_beside_it()
    {
        string[] below = [At("t/a"), At("t/b/c"), At("t/b/d/e")];
        foreach (var location in below.Concat([At("ta"), At("t2/a"), At("s/a")]))
        {
            await CreateAsync(location, "x");
        }

        Assert.Equal(below, (await ListAsync(At("t"))).Order(StringComparer.Ordinal));
        Assert.Equal(below, (await ListAsync(At("t/"))).Order(StringComparer.Ordinal));
        Assert.Equal([At("t/b/d/e")], await ListAsync(At("t/b/d")));
    }

    [Fact]
    public async Task Odd_characters_in_names_are_just_characters()
    {
        string[] names =
        [
            "a b", "%", "%2F", "%20", "a%2Fb", "%2e%2e", "#", "a#b", "?", "a?b=c&d", "+", "'", "&", "=", ";", ",", "@", "$", "!", "(x)", "[0]", "{a}", "~", "^", "*", "a:b", "...", ".a", "a.", "Ä", "A\u0308", "日本語", "\U0001F600",
            "b%", "b%zz", "<a>", "a|b", "\"q\"", "`", " lead", "trail ",
        ];
        foreach (var name in names)
        {
            Assert.True(await CreateAsync(At("odd/" + name), name), name);
            Assert.True(await CreateAsync(At($"odd-folder/{name}/x"), name), name);
        }

        foreach (var name in names)
        {
            Assert.Equal(name, await ReadAsync(At("odd/" + name)));
            Assert.Equal(name, await ReadAsync(At($"odd-folder/{name}/x")));
            Assert.Equal([At($"odd-folder/{name}/x")], await ListAsync(At($"odd-folder/{name}")));
        }

        Assert.Equal(names.Select(name => At("odd/" + name)).Order(StringComparer.Ordinal), (await ListAsync(At("odd"))).Order(StringComparer.Ordinal));
        foreach (var name in names)
        {
            await Store.DeleteAsync(At("odd/" + name), default);
        }

        Assert.Empty(await ListAsync(At("odd")));
    }

    [Theory]
    [InlineData("../a")]
    [InlineData("a/../../b")]
    [InlineData("a/..")]
    [InlineData("./a")]
    [InlineData("a/./b")]
    [InlineData("a\0b")]
    [InlineData("a\nb")]
    [InlineData("a\u007fb")]
    public Task What_somebody_would_rewrite_is_refused(string name) => RefusesAsync(At(name), ErrorKind.BadRequest);

    [Fact]
    public Task Half_a_surrogate_pair_is_refused() => RefusesAsync(At("a\ud800b"), ErrorKind.BadRequest);

    [Fact]
    public async Task An_endless_location_is_refused() => await RefusesAsync(At(new string('a', IObjectStore.MaxLocationLength)), ErrorKind.BadRequest);

    [Theory]
    [InlineData("")]
    [InlineData("relative/path")]
    [InlineData("http://example.com/a")]
    [InlineData("gopher://warehouse/a")]
    public async Task Other_schemes_are_refused(string location)
    {
        var error = await Assert.ThrowsAsync<CatalogException>(() => CreateAsync(location, "x"));
        Assert.True(error.Kind is ErrorKind.BadRequest or ErrorKind.Forbidden, error.Message);
        await Assert.ThrowsAsync<CatalogException>(() => ReadAsync(location));
    }

    [Fact]
    public async Task A_sibling_of_the_served_folder_is_outside()
    {
        await RefusesAsync($"{Folder}-sibling/a", ErrorKind.Forbidden);
        await RefusesAsync(Folder[..^1] + "/a", ErrorKind.Forbidden);
    }

    [Fact]
    public async Task A_cancelled_creation_creates_nothing()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.CreateAsync(At("a"), Bytes("x"), new CancellationToken(canceled: true)).AsTask());
        Assert.Null(await ReadAsync(At("a")));
        Assert.Empty(await ListAsync(At("")));
    }

    protected static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);

    protected async Task<bool> CreateAsync(string location, string text) => await Store.CreateAsync(location, Bytes(text), default);

    protected async Task<string?> ReadAsync(string location) => await Store.ReadAsync(location, default) is { } content ? Encoding.UTF8.GetString(content.Span) : null;

    protected async Task<string[]> ListAsync(string folder)
    {
        var locations = new List<string>();
        await foreach (var location in Store.ListAsync(folder, default))
        {
            locations.Add(location);
        }

        return [.. locations];
    }

    /// <summary>Every call refuses the location, and nothing has been created.</summary>
    protected async Task RefusesAsync(string location, ErrorKind kind)
    {
        Assert.Equal(kind, (await Assert.ThrowsAsync<CatalogException>(() => CreateAsync(location, "x"))).Kind);
        Assert.Equal(kind, (await Assert.ThrowsAsync<CatalogException>(() => ReadAsync(location))).Kind);
        Assert.Equal(kind, (await Assert.ThrowsAsync<CatalogException>(() => Store.OpenReadAsync(location, default).AsTask())).Kind);
        Assert.Equal(kind, (await Assert.ThrowsAsync<CatalogException>(() => Store.DeleteAsync(location, default).AsTask())).Kind);
    }
}
