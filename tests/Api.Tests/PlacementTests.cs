using System.Globalization;

namespace Frazil.Api.Tests;

public sealed class PlacementTestsInMemory() : PlacementTests(new MemoryWorld());

public sealed class PlacementTestsEmbedded() : PlacementTests(new EmbeddedWorld());

[Trait("Needs", "dynamodb")]
[Trait("Needs", "s3")]
public sealed class PlacementTestsAws() : PlacementTests(new AwsWorld());

[Trait("Needs", "azurite")]
public sealed class PlacementTestsAzure() : PlacementTests(new AzureWorld());

/// <summary>
/// Everything that takes a location, at once, over few names and places, through two processes whose calls come in an order of chance: no two tables ever overlap, and none has for itself where a
/// namespace's tables go (<see cref="CatalogState"/>), whatever order it was.
/// </summary>
public abstract class PlacementTests(World world) : CatalogTests(world)
{
    private static readonly string[] Namespaces = ["a", "b", "ns"];

    /// <summary>Places in, at and above each other, folders of the namespaces among them, and two of the form that the catalog gives.</summary>
    private static readonly string[] Places =
    [
        "a", "a/b", "b", "ns", "p", "p/q", "p/q/r", "p/s", "a/x", "p/t-0123456789abcdef0123456789abcdef", "p/t-0123456789abcdef0123456789abcdef/u", "a/t-0123456789abcdef0123456789abcdef/u",
    ];

    [Fact]
    public async Task No_two_claims_overlap_and_no_folder_is_in_one_whatever_the_order()
    {
        var rounds = World.IsSlow ? 4 : 60;
        for (var seed = 1; seed <= rounds; seed++)
        {
            var random = new Random(seed);
            var catalog = await Server.OpenAsync(World.NewCatalogName());
            (await catalog.CreateNamespaceAsync("ns")).Ok();
            await using var one = await Server.StartAsync(World, new FrazilOptions());
            await using var two = await Server.StartAsync(World, new FrazilOptions());
            Disturb(one, seed);
            Disturb(two, -seed);
            for (var step = 0; step < 5; step++)
            {
                var replies = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Draw(random)).Select((request, i) => Task.Run(() => request(catalog.Through(i % 2 == 0 ? one : two)))));

                Assert.All(replies, reply => Assert.True(reply.Status < 500, $"seed {seed}: {reply.Text}"));
                await Task.WhenAll(CatalogState.ReadAsync(World, catalog.Name));
            }
        }
    }

    /// <summary>Some calls take a while longer than others.</summary>
    private static void Disturb(Server server, int seed)
    {
        var random = new Random(seed);
        server.Seam.Before(
            _ => true,
            async _ =>
            {
                int pause;
                lock (random)
                {
                    pause = random.Next(4);
                }

                for (var i = 0; i < pause; i++)
                {
                    await Task.Yield();
                    if (i == 2)
                    {
                        await Task.Delay(1);
                    }
                }
            },
            times: int.MaxValue);
    }

    private static Func<CatalogClient, Task<Reply>> Draw(Random random)
    {
        var @namespace = Namespaces[random.Next(Namespaces.Length)];
        var table = "t" + random.Next(4).ToString(CultureInfo.InvariantCulture);
        var place = Places[random.Next(Places.Length)];
        var isRemoved = random.Next(2) == 0;
        return random.Next(14) switch
        {
            0 or 1 or 2 => catalog => catalog.CreateTableAsync(@namespace, table),
            3 => catalog => catalog.CreateViewAsync(@namespace, table),
            4 or 5 => catalog => catalog.CreateTableAsync(@namespace, table, $$""","location":"{{catalog.Base}}/{{place}}" """),
            6 => catalog => catalog.CommitAsync(@namespace, table, Sample.AssertCreate, Sample.CreateUpdates),
            7 => catalog => catalog.CommitAsync(@namespace, table, "", $$"""{"action":"set-location","location":"{{catalog.Base}}/{{place}}"}"""),
            8 => catalog => catalog.CommitAsync(@namespace, table, "", Sample.SetProperty("write.data.path", $"{catalog.Base}/{place}")),
            9 => catalog => catalog.CreateNamespaceAsync(@namespace),
            10 => catalog => catalog.PostAsync("/namespaces", $$"""{"namespace":["{{@namespace}}"],"properties":{"location":"{{catalog.Base}}/{{place}}"} }"""),
            11 => catalog => catalog.PostAsync($"/namespaces/{@namespace}/properties", $$"""{"updates":{"location":"{{catalog.Base}}/{{place}}"} }"""),
            12 => catalog => catalog.DeleteAsync($"/namespaces/{@namespace}/tables/{table}"),
            _ => catalog => isRemoved
                ? catalog.PostAsync($"/namespaces/{@namespace}/properties", """{"removals":["location"]}""")
                : catalog.DeleteAsync($"/namespaces/{@namespace}"),
        };
    }
}
