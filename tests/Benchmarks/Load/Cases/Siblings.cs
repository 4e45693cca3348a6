using System.Text.Json;

namespace Frazil.Benchmarks.Load.Cases;

/// <summary>Lists, and creations in long lists: what they cost must not depend on how many siblings there are.</summary>
internal static class Siblings
{
    private const int PageSize = 100;

    /// <summary>Names in the list that is asked for whole.</summary>
    private const int WholeList = 200;

    /// <summary>Creations beside each other: the rate is to grow with them, and none is to be turned away.</summary>
    private static readonly int[] Writers = [1, 4, 16];

    /// <param name="client">Talks to the server.</param>
    /// <param name="seeds">Fills lists, or null when the server's store cannot be reached: then lists stay short.</param>
    /// <param name="prefix">What the names of namespaces begin with.</param>
    /// <param name="longest">Names in the longest list.</param>
    public static async Task<IReadOnlyList<Case>> MakeAsync(CatalogClient client, Seeds? seeds, string prefix, int longest)
    {
        int[] counts = seeds is null ? [10, WholeList, 300] : longest > 1000 ? [10, WholeList, 1000, longest] : [10, WholeList, longest];
        List<Case> cases = [];
        foreach (var count in counts)
        {
            var @namespace = $"{prefix}_{count}";
            await FillAsync(client, seeds, @namespace, count);
            var pages = await FirstPagesAsync(client, @namespace, count);
            cases.AddRange(pages);
        }

        // What is created beside few stays out of the short list, which would grow; in the long one it comes after the pages that are measured.
        var (few, many) = ($"{prefix}_few", $"{prefix}_{counts[^1]}");
        await FillAsync(client, seeds, few, counts[0]);
        foreach (var writers in Writers)
        {
            await client.CreateNamespaceAsync($"{prefix}_by_{writers}");
        }

        return
        [
            .. cases,
            CreateTables(client, few, counts[0]),
            CreateTables(client, many, counts[^1]),
            .. Writers.Select(writers => CreateTables(client, $"{prefix}_by_{writers}", 0) with { Name = $"createTable, {writers} writers in 1 namespace", Connections = writers }),
            CreateNamespaces(client, few, counts[0]),
            CreateNamespaces(client, many, counts[^1]),
        ];
    }

    private static async Task FillAsync(CatalogClient client, Seeds? seeds, string @namespace, int count)
    {
        await client.CreateNamespaceAsync(@namespace);
        if (seeds is not null)
        {
            await client.CreateNamespaceAsync(@namespace + "_pattern");
            await client.CreateTableAsync(@namespace + "_pattern", "pattern");
            var pattern = await client.GetJsonAsync($"v1/namespaces/{@namespace}_pattern/tables/pattern");
            await seeds.AddTablesAsync(
                @namespace, count, pattern.GetProperty("metadata-location").GetString()!, pattern.GetProperty("metadata").GetProperty("location").GetString()!);
            await seeds.AddNamespacesAsync(@namespace, count);
            return;
        }

        for (var number = 0; number < count; number++)
        {
            await client.CreateTableAsync(@namespace, Seeds.NameOf(number));
            await client.CreateNamespaceAsync(@namespace, Seeds.NameOf(number));
        }
    }

    /// <summary>The first page, and one from the middle, after the whole list was walked and found right.</summary>
    private static async Task<IReadOnlyList<Case>> FirstPagesAsync(CatalogClient client, string @namespace, int count)
    {
        var path = $"/v1/namespaces/{@namespace}/tables";
        var expected = Enumerable.Range(0, count).Select(Seeds.NameOf).ToArray();
        Checks.That((await client.WalkAsync(path, "identifiers")).SequenceEqual(expected), $"the list of {count} tables is wrong");
        Checks.That((await client.WalkAsync($"/v1/namespaces?parent={@namespace}", "namespaces")).SequenceEqual(expected), $"the list of {count} namespaces is wrong");

        if (count == WholeList)
        {
            var whole = await client.GetAsync(path);
            Checks.That(NamesOf(whole).SequenceEqual(expected), "the whole list is wrong");
            return [new($"list of {count}", _ => Reads.Same(RawRequest.Get(path), 200, whole))];
        }

        var first = await client.GetAsync($"{path}?pageSize={PageSize}&pageToken=");
        Checks.That(NamesOf(first).SequenceEqual(expected.Take(PageSize)), "the first page is wrong");
        List<Case> cases = [new($"list, page of {PageSize} of {count:N0}", _ => Reads.Same(RawRequest.Get($"{path}?pageSize={PageSize}&pageToken="), 200, first))];
        if (count > 10 * PageSize)
        {
            var token = "";
            var half = count / 2;
            for (var passed = 0; passed < half;)
            {
                var size = Math.Min(1000, half - passed);
                var page = await client.GetJsonAsync($"{path}?pageSize={size}&pageToken={token}");
                (token, passed) = (page.GetProperty("next-page-token").GetString()!, passed + size);
            }

            var middle = await client.GetAsync($"{path}?pageSize={PageSize}&pageToken={token}");
            Checks.That(NamesOf(middle).SequenceEqual(expected.Skip(half).Take(PageSize)), "a page in the middle is wrong");
            cases.Add(new($"list, page of {PageSize} in the middle of {count:N0}", _ => Reads.Same(RawRequest.Get($"{path}?pageSize={PageSize}&pageToken={token}"), 200, middle)));
        }

        return cases;
    }

    private static IEnumerable<string> NamesOf(byte[] page) =>
        JsonSerializer.Deserialize<JsonElement>(page).GetProperty("identifiers").EnumerateArray().Select(item => item.GetProperty("name").GetString()!);

    private static Case CreateTables(CatalogClient client, string @namespace, int siblings)
    {
        var path = $"/v1/namespaces/{@namespace}/tables";
        var made = 0;
        return new($"createTable beside {siblings:N0}", _ => async connection =>
        {
            var answer = await connection.SendAsync(RawRequest.Post(path, Bodies.CreateTable($"u{Interlocked.Increment(ref made):D6}", 3)));
            Checks.That(answer.Status == 200, $"{answer.Status}: {answer.Text}");
        })
        {
            MaxOperations = 1_000,
            Check = async () => CheckMade(await client.WalkAsync(path, "identifiers"), siblings, made),
        };
    }

    private static Case CreateNamespaces(CatalogClient client, string @namespace, int siblings)
    {
        var made = 0;
        return new($"createNamespace beside {siblings:N0}", _ => async connection =>
        {
            var answer = await connection.SendAsync(RawRequest.Post("/v1/namespaces", $$"""{"namespace":["{{@namespace}}","u{{Interlocked.Increment(ref made):D6}}"]}"""));
            Checks.That(answer.Status == 200, $"{answer.Status}: {answer.Text}");
        })
        {
            MaxOperations = 2_000,
            Check = async () => CheckMade(await client.WalkAsync($"/v1/namespaces?parent={@namespace}", "namespaces"), siblings, made),
        };
    }

    private static void CheckMade(IReadOnlyList<string> names, int seeded, int made)
    {
        var expected = Enumerable.Range(0, seeded).Select(Seeds.NameOf).Concat(Enumerable.Range(1, made).Select(number => $"u{number:D6}"));
        Checks.That(names.SequenceEqual(expected), $"the list has {names.Count} names; {seeded} were there and {made} were acknowledged");
    }
}
