using System.Text.Json;
using Frazil.Entities;
using Frazil.Storage;

namespace Frazil.Api.Tests;

public sealed class ListTests : CatalogTests
{
    [Fact]
    [Trait("Behaviour", "41")]
    [Trait("Behaviour", "42")]
    [Trait("Behaviour", "43")]
    [Trait("Behaviour", "44")]
    public async Task A_list_of_namespaces_has_the_direct_children_of_its_parent()
    {
        (await Catalog.CreateNamespaceAsync("ns", "b")).Ok();
        (await Catalog.CreateNamespaceAsync("ns", "b", "c")).Ok();

        Assert.Equal("""[["ns"]]""", await NamespacesAsync(""));
        Assert.Equal("""[["ns"]]""", await NamespacesAsync("?parent="));
        Assert.Equal("""[["ns","b"]]""", await NamespacesAsync("?parent=ns"));
        Assert.Equal("""[["ns","b","c"]]""", await NamespacesAsync("?parent=ns%1Fb"));
        Assert.Equal("[]", await NamespacesAsync("?parent=ns%1Fb%1Fc"));
    }

    [Fact]
    [Trait("Behaviour", "45")]
    public async Task A_list_below_a_missing_parent_is_404() =>
        Assert.Equal("Namespace does not exist: missing", (await Catalog.GetAsync("/namespaces?parent=missing")).Error(404, "NoSuchNamespaceException"));

    [Fact]
    [Trait("Behaviour", "46")]
    public async Task A_parent_that_was_encoded_twice_is_found()
    {
        (await Catalog.CreateNamespaceAsync("ns", "b c")).Ok();
        (await Catalog.CreateNamespaceAsync("ns", "b c", "d")).Ok();
        (await Catalog.CreateNamespaceAsync("ns", "50%25")).Ok();
        (await Catalog.CreateNamespaceAsync("ns", "50%25", "exact")).Ok();
        (await Catalog.CreateNamespaceAsync("ns", "50%")).Ok();

        Assert.Equal("""[["ns","b c","d"]]""", await NamespacesAsync("?parent=ns%1Fb%2520c"));
        Assert.Equal("""[["ns","50%25","exact"]]""", await NamespacesAsync("?parent=ns%1F50%2525"));
        (await Catalog.GetAsync("/namespaces?parent=ns%1F%2541%25zz")).Error(404, "NoSuchNamespaceException", "ns.%41%zz");
    }

    [Fact]
    [Trait("Behaviour", "47")]
    [Trait("Behaviour", "49")]
    public async Task A_list_without_a_page_token_is_whole()
    {
        await MakeNamespacesAsync(1500);

        foreach (var query in (string[])["", "&pageSize=10"])
        {
            var list = (await Catalog.GetAsync($"/namespaces?parent=ns{query}")).Ok().Json;
            Assert.Equal(1500, list.GetProperty("namespaces").GetArrayLength());
            Assert.Equal(JsonValueKind.Null, list.GetProperty("next-page-token").ValueKind);
        }
    }

    [Theory]
    [InlineData(30, 10)]
    [InlineData(31, 10)]
    [InlineData(1, 10)]
    [InlineData(0, 10)]
    [InlineData(3, 1)]
    [Trait("Behaviour", "48")]
    public async Task Pages_give_every_namespace_once_and_end_with_a_null_token(int count, int size)
    {
        await MakeNamespacesAsync(count);

        var pages = await PagesAsync("/namespaces?parent=ns", "namespaces", size, _ => Task.CompletedTask);

        Assert.Equal(count, pages.Sum(page => page.Length));
        Assert.Distinct(pages.SelectMany(page => page));
        Assert.All(pages.SkipLast(1), page => Assert.Equal(size, page.Length));
        Assert.True(pages.Count <= Math.Max(1, (count + size - 1) / size));
    }

    [Fact]
    [Trait("Behaviour", "48")]
    [Trait("Limit", nameof(Limits.MaxPageSize))]
    public async Task A_page_size_above_the_limit_is_cut_to_it()
    {
        await MakeNamespacesAsync(1100);

        var pages = await PagesAsync("/namespaces?parent=ns", "namespaces", 100_000, _ => Task.CompletedTask);

        Assert.Equal([Limits.MaxPageSize, 1100 - Limits.MaxPageSize], pages.Select(page => page.Length));
    }

    [Theory]
    [InlineData("garbage")]
    [InlineData("%00%01")]
    [InlineData("AAAAAAAAAAAAAAAAAAAA")]
    [InlineData("%C3%28")]
    [Trait("Behaviour", "50")]
    public async Task A_page_token_that_is_none_is_400(string token) =>
        (await Catalog.GetAsync($"/namespaces?pageToken={token}")).Error(400, "BadRequestException");

    [Fact]
    [Trait("Behaviour", "50")]
    [Trait("Behaviour", "130")]
    public async Task A_page_token_of_another_list_is_400()
    {
        (await Catalog.CreateNamespaceAsync("ns", "a")).Ok();
        (await Catalog.CreateNamespaceAsync("ns", "b")).Ok();
        (await Catalog.CreateTableAsync("ns", "t1")).Ok();
        (await Catalog.CreateTableAsync("ns", "t2")).Ok();
        var ofNamespaces = await TokenAsync("/namespaces?parent=ns");
        var ofTables = await TokenAsync("/namespaces/ns/tables?");

        foreach (var target in (string[])[
            $"/namespaces?pageToken={ofNamespaces}", $"/namespaces/ns/tables?pageToken={ofNamespaces}", $"/namespaces/ns/views?pageToken={ofTables}", $"/namespaces?parent=ns&pageToken={ofTables}"])
        {
            (await Catalog.GetAsync(target)).Error(400, "BadRequestException", "pageToken");
        }

        async Task<string> TokenAsync(string list) => (await Catalog.GetAsync($"{list}&pageToken=&pageSize=1")).Ok().Json.GetProperty("next-page-token").GetString()!;
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("abc")]
    [InlineData("1.5")]
    [InlineData("99999999999999999999")]
    [Trait("Behaviour", "51")]
    [Trait("Behaviour", "130")]
    public async Task A_page_size_that_is_no_positive_number_is_400(string size)
    {
        foreach (var list in (string[])["/namespaces", "/namespaces/ns/tables", "/namespaces/ns/views"])
        {
            (await Catalog.GetAsync($"{list}?pageSize={size}")).Error(400, "BadRequestException", "pageSize");
        }
    }

    [Fact]
    [Trait("Behaviour", "52")]
    public async Task Changes_while_paging_break_nothing()
    {
        await MakeNamespacesAsync(20);

        var pages = await PagesAsync("/namespaces?parent=ns", "namespaces", 5, async page =>
        {
            (await Catalog.CreateNamespaceAsync("ns", $"n{page:D4}x")).Ok();
            (await Catalog.DeleteAsync($"/namespaces/ns%1Fn{(page * 5) + 4:D4}")).NoContent(); // the row that the token names
        });

        var seen = pages.SelectMany(page => page).ToArray();
        Assert.Distinct(seen);
        Assert.Superset(Enumerable.Range(0, 20).Select(i => $$"""["ns","n{{i:D4}}"]""").ToHashSet(), seen.ToHashSet());
    }

    [Theory]
    [InlineData("tables")]
    [InlineData("views")]
    [Trait("Behaviour", "130")]
    [Trait("Behaviour", "231")]
    public async Task Tables_and_views_are_paged_like_namespaces(string kind)
    {
        for (var i = 0; i < 7; i++)
        {
            (await Catalog.CreateTableAsync("ns", $"t{i}")).Ok();
            (await Catalog.CreateViewAsync("ns", $"v{i}")).Ok();
        }

        var whole = (await Catalog.GetAsync($"/namespaces/ns/{kind}?pageSize=2")).Ok().Json;
        Assert.Equal(7, whole.GetProperty("identifiers").GetArrayLength());
        Assert.Equal(JsonValueKind.Null, whole.GetProperty("next-page-token").ValueKind);

        var pages = await PagesAsync($"/namespaces/ns/{kind}?", "identifiers", 3, _ => Task.CompletedTask);
        Assert.Equal([3, 3, 1], pages.Select(page => page.Length));
        Assert.Equal(Enumerable.Range(0, 7).Select(i => $$"""{"namespace":["ns"],"name":"{{kind[0]}}{{i}}"}"""), pages.SelectMany(page => page));
    }

    [Fact]
    public async Task A_page_costs_a_bounded_number_of_store_calls_whatever_lies_beside()
    {
        (await Catalog.CreateViewAsync("ns", "a")).Ok();
        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        var partition = Keys.Partition(CatalogEntity.Read((await World.Store.ReadAsync(Keys.Project, Keys.Catalog(Catalog.Name), CancellationToken.None))!).Id);
        var table = (await World.Store.ReadAsync(partition, "tv/ns/t", CancellationToken.None))!.Value;
        for (var batch = 0; batch < 100; batch++)
        {
            Assert.True((await World.Store.WriteAsync(
                partition, $"many-{batch}", [.. Enumerable.Range(0, 100).Select(i => new Write.Create($"tv/ns/t{batch:D2}{i:D2}", table))], CancellationToken.None)).IsApplied);
        }

        (await Catalog.CreateViewAsync("ns", "z")).Ok();
        List<string> views = [];
        var (token, pages) = ("", 0);
        do
        {
            Seam.Clear();
            var page = (await Catalog.GetAsync($"/namespaces/ns/views?pageSize=10&pageToken={token}")).Ok().Json;
            Assert.InRange(Seam.Count(CallKind.List), 1, 4);
            views.AddRange(page.GetProperty("identifiers").EnumerateArray().Select(view => view.GetProperty("name").GetString()!));
            token = page.GetProperty("next-page-token").GetString();
            pages++;
        }
        while (token is not null);

        Assert.Equal(["a", "z"], views);
        Assert.InRange(pages, 2, 5);
    }

    [Fact]
    [Trait("Behaviour", "128")]
    [Trait("Behaviour", "231")]
    public async Task Tables_and_views_are_listed_apart()
    {
        Assert.Equal("""{"next-page-token":null,"identifiers":[]}""", (await Catalog.GetAsync("/namespaces/ns/tables")).Ok().Text);
        Assert.Equal("""{"next-page-token":null,"identifiers":[]}""", (await Catalog.GetAsync("/namespaces/ns/views")).Ok().Text);
        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        (await Catalog.CreateViewAsync("ns", "v")).Ok();

        Assert.Equal(["t"], await Catalog.NamesAsync("ns"));
        Assert.Equal(["v"], await Catalog.NamesAsync("ns", "views"));
    }

    [Theory]
    [InlineData("tables")]
    [InlineData("views")]
    [InlineData("functions")]
    [Trait("Behaviour", "129")]
    [Trait("Behaviour", "252")]
    public async Task A_list_of_a_missing_namespace_is_404(string kind) =>
        (await Catalog.GetAsync($"/namespaces/missing/{kind}")).Error(404, "NoSuchNamespaceException", "Namespace does not exist: missing");

    [Fact]
    [Trait("Behaviour", "252")]
    public async Task There_are_no_functions()
    {
        Assert.Equal("[]", (await Catalog.GetAsync("/namespaces/ns/functions")).Ok().Json.GetProperty("identifiers").GetRawText());
        (await Catalog.GetAsync("/namespaces/ns/functions/f")).Error(404, "NoSuchFunctionException", "Function does not exist: ns.f");
    }

    private async Task<string> NamespacesAsync(string query) => (await Catalog.GetAsync("/namespaces" + query)).Ok().Json.GetProperty("namespaces").GetRawText();

    private async Task MakeNamespacesAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            (await Catalog.CreateNamespaceAsync("ns", $"n{i:D4}")).Ok();
        }
    }

    private async Task<List<string[]>> PagesAsync(string target, string member, int size, Func<int, Task> between)
    {
        List<string[]> pages = [];
        string? token = "";
        while (token is not null)
        {
            var reply = (await Catalog.GetAsync($"{target}&pageToken={token}&pageSize={size}")).Ok().Json;
            pages.Add([.. reply.GetProperty(member).EnumerateArray().Select(item => item.GetRawText())]);
            token = reply.GetProperty("next-page-token").GetString();
            await between(pages.Count - 1);
        }

        return pages;
    }
}
