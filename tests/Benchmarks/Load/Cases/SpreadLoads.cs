using System.Text;

namespace Frazil.Benchmarks.Load.Cases;

/// <summary>Loads spread over few and over very many small tables, each with a metadata file of its own: what the cache is for, and what it costs.</summary>
internal static class SpreadLoads
{
    private const int Few = 500;

    public static async Task<IReadOnlyList<Case>> MakeAsync(CatalogClient client, Seeds seeds, string prefix, int many)
    {
        var @namespace = $"{prefix}_spread";
        await client.CreateNamespaceAsync(@namespace);
        await client.CreateTableAsync(@namespace, "pattern");
        var pattern = await client.GetJsonAsync($"v1/namespaces/{@namespace}/tables/pattern");
        var metadata = Encoding.UTF8.GetBytes(pattern.GetProperty("metadata").GetRawText());
        var location = pattern.GetProperty("metadata").GetProperty("location").GetString()!;
        var folder = new Uri(location + "/metadata/").LocalPath;
        for (var number = 0; number < many; number++)
        {
            await File.WriteAllBytesAsync(folder + FileOf(number), metadata);
        }

        await seeds.AddTablesAsync(@namespace, many, number => $"{location}/metadata/{FileOf(number)}", location);
        return [.. new[] { Few, many }.Select(count => new Case($"load, spread over {count:N0} tables", worker => Loads(@namespace, count, worker)) { MaxOperations = 400_000, Share = 8 })];
    }

    private static string FileOf(int number) => $"{number:D5}-9c12d441-03fe-4693-9a96-a0705ddf69c1.metadata.json";

    private static Step Loads(string @namespace, int count, int worker)
    {
        var chance = new Random(worker);
        return async connection =>
        {
            var number = chance.Next(count);
            var answer = await connection.SendAsync(RawRequest.Get($"/v1/namespaces/{@namespace}/tables/{Seeds.NameOf(number)}"));
            Checks.That(answer.Status == 200, $"{answer.Status}: {answer.Text}");
            Checks.That(answer.Body.Span.IndexOf(Encoding.UTF8.GetBytes(FileOf(number))) > 0, $"another table than {number} was loaded");
        };
    }
}
