namespace Frazil.Api.Tests;

public sealed class EntityTagTests : CatalogTests
{
    [Fact]
    [Trait("Behaviour", "119")]
    public async Task A_known_tag_is_304_without_reading_a_file()
    {
        var tag = (await Catalog.CreateTableAsync("ns", "t")).Ok().ETag!;
        var fresh = await World.StartAsync();

        var reply = await Catalog.Through(fresh).LoadTableAsync("ns", "t", "", ("If-None-Match", tag));

        Assert.Equal(304, reply.Status);
        Assert.Empty(reply.Body);
        Assert.Equal(tag, reply.ETag);
        Assert.Equal(0, fresh.Seam.Count(CallKind.ReadFile));
    }

    [Fact]
    [Trait("Behaviour", "120")]
    [Trait("Behaviour", "126")]
    public async Task A_change_of_a_property_gives_a_new_tag()
    {
        var before = (await Catalog.CreateTableAsync("ns", "t")).Ok().ETag!;
        (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("k", "v"))).Ok();

        var reply = (await Catalog.LoadTableAsync("ns", "t", "", ("If-None-Match", before))).Ok();

        Assert.NotEqual(before, reply.ETag);
        Assert.Equal("v", reply.Metadata.GetProperty("properties").GetProperty("k").GetString());
    }

    [Fact]
    [Trait("Behaviour", "121")]
    public async Task Each_representation_has_its_tag()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        var all = (await Catalog.LoadTableAsync("ns", "t", "?snapshots=all")).Ok().ETag!;
        var refs = (await Catalog.LoadTableAsync("ns", "t", "?snapshots=refs")).Ok().ETag!;

        Assert.NotEqual(all, refs);
        Assert.Equal(200, (await Catalog.LoadTableAsync("ns", "t", "?snapshots=refs", ("If-None-Match", all))).Status);
        Assert.Equal(304, (await Catalog.LoadTableAsync("ns", "t", "?snapshots=refs", ("If-None-Match", refs))).Status);
    }

    [Fact]
    [Trait("Behaviour", "122")]
    public async Task A_tag_of_one_table_is_none_of_another()
    {
        var first = (await Catalog.CreateTableAsync("ns", "t1")).Ok().ETag!;
        var second = (await Catalog.CreateTableAsync("ns", "t2")).Ok().ETag!;

        Assert.NotEqual(first, second);
        Assert.Equal(200, (await Catalog.LoadTableAsync("ns", "t2", "", ("If-None-Match", first))).Status);
    }

    [Fact]
    [Trait("Behaviour", "123")]
    [Trait("Behaviour", "217")]
    public async Task Tags_of_create_register_and_commit_are_good_for_a_load()
    {
        var created = (await Catalog.CreateTableAsync("ns", "t")).Ok();
        await KnownAsync(created.ETag!);

        var committed = (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("k", "v"))).Ok();
        await KnownAsync(committed.ETag!);

        (await Catalog.DeleteAsync("/namespaces/ns/tables/t")).NoContent();
        var registered = (await Catalog.PostAsync("/namespaces/ns/register", $$"""{"name":"t","metadata-location":"{{committed.MetadataLocation}}"}""")).Ok();
        await KnownAsync(registered.ETag!);

        async Task KnownAsync(string tag) => Assert.Equal(304, (await Catalog.LoadTableAsync("ns", "t", "?snapshots=all", ("If-None-Match", tag))).Status);
    }

    [Fact]
    [Trait("Behaviour", "125")]
    public async Task Odd_headers_are_read_as_far_as_they_can_be()
    {
        var tag = (await Catalog.CreateTableAsync("ns", "t")).Ok().ETag!;

        Assert.Equal(304, await StatusAsync($"W/{tag}"));
        Assert.Equal(304, await StatusAsync($"\"other\", {tag}"));
        Assert.Equal(304, await StatusAsync($"\"a,b\",W/\"c\" ,{tag},"));
        Assert.Equal(200, await StatusAsync("\"other\""));
        Assert.Equal(200, await StatusAsync("*"));
        Assert.Equal(200, await StatusAsync("\"unfinished, W/, ,,"));
        Assert.Equal(200, await StatusAsync(new string('x', 4000)));

        async Task<int> StatusAsync(string header) => (await Catalog.LoadTableAsync("ns", "t", "", ("If-None-Match", header))).Status;
    }
}
