using Xunit.Sdk;

namespace Frazil.Api.Tests;

/// <summary>
/// Runs two requests of two processes in every interleaving with up to two changes of turn: the first is held before its i-th call, the second before its j-th,
/// then the first goes on to its end, then the second. Each outcome must be one that the requests have when they come one after the other.
/// </summary>
public static class Interleavings
{
    /// <summary>Two requests to a catalog that <see cref="Mutations.PrepareAsync"/> made. How many interleavings were tried.</summary>
    public static async Task<int> ExploreAsync(Server preparing, Func<CatalogClient, Task<Reply>> first, Func<CatalogClient, Task<Reply>> second)
    {
        await using var one = await Server.StartAsync(preparing.World, new FrazilOptions());
        await using var two = await Server.StartAsync(preparing.World, new FrazilOptions());
        return await ExploreAsync(async () => new Scene(await Mutations.PrepareAsync(preparing), one, two, Keep: true), Described(first), Described(second));
    }

    /// <summary>Two operations on what is made anew for each interleaving. How many were tried.</summary>
    public static async Task<int> ExploreAsync(Func<Task<Scene>> prepare, Func<CatalogClient, Task<string>> first, Func<CatalogClient, Task<string>> second)
    {
        string[] serial =
        [
            await RunAsync(prepare, async scene => (await first(scene.ThroughOne), await second(scene.ThroughTwo))),
            await RunAsync(prepare, async scene =>
            {
                var outcome = await second(scene.ThroughTwo);
                return (await first(scene.ThroughOne), outcome);
            }),
        ];
        Assert.All(serial, outcome => Assert.DoesNotContain("contradiction", outcome, StringComparison.Ordinal));
        var tried = 0;
        for (var i = 0; ; i++)
        {
            var isHeldFirst = false;
            for (var j = 0; ; j++)
            {
                var isHeldSecond = false;
                var calls = "";
                var outcome = await RunAsync(prepare, async scene =>
                {
                    var (firstTask, firstGate, firstHeld) = await StartAsync(scene.One.Seam, i, () => first(scene.ThroughOne));
                    var (secondTask, secondGate, secondHeld) = await StartAsync(scene.Two.Seam, j, () => second(scene.ThroughTwo));
                    (isHeldFirst, isHeldSecond) = (firstHeld, secondHeld);
                    firstGate.Open();
                    var outcome = await firstTask;
                    secondGate.Open();
                    var other = await secondTask;
                    calls = $"first: {string.Join("; ", scene.One.Seam.Calls)}\nsecond: {string.Join("; ", scene.Two.Seam.Calls)}";
                    return (outcome, other);
                });
                tried++;
                Assert.True(
                    serial.Contains(outcome),
                    $"first held before call {i}, second before call {j}:\n{outcome}\n\none after the other:\n{serial[0]}\n\nor:\n{serial[1]}\n\n{calls}");
                if (!isHeldSecond)
                {
                    break;
                }
            }

            if (!isHeldFirst)
            {
                return tried;
            }
        }
    }

    /// <summary>What a request was answered, as far as it does not depend on chance.</summary>
    public static Func<CatalogClient, Task<string>> Described(Func<CatalogClient, Task<Reply>> request) => async catalog => Describe(await request(catalog));

    private static async Task<(Task<string> Outcome, Gate Gate, bool IsHeld)> StartAsync(Seam seam, int number, Func<Task<string>> operation)
    {
        seam.Clear();
        var gate = seam.HoldBefore(call => call.Number == number);
        var outcome = operation();
        return (outcome, gate, await Task.WhenAny(outcome, gate.Reached) != outcome);
    }

    private static async Task<string> RunAsync(Func<Task<Scene>> prepare, Func<Scene, Task<(string First, string Second)>> run)
    {
        await using var scene = await prepare();
        var (first, second) = await run(scene);
        try
        {
            return $"{first}\n{second}\n{await CatalogState.ReadAsync(scene.Catalog.Server.World, scene.Catalog.Name)}";
        }
        catch (XunitException exception)
        {
            return $"{first}\n{second}\ncontradiction: {exception.Message}";
        }
    }

    private static string Describe(Reply reply)
    {
        Assert.True(reply.Status < 500, reply.Text);
        return reply.Status < 400 ? $"{reply.Status}" : $"{reply.Status} {reply.Json.GetProperty("error").GetProperty("type").GetString()}";
    }
}

/// <summary>A catalog and two processes over it.</summary>
/// <param name="Catalog">The catalog, through the process that made it.</param>
/// <param name="One">A process.</param>
/// <param name="Two">Another.</param>
/// <param name="Keep">Whether the world outlives the scene.</param>
public sealed record Scene(CatalogClient Catalog, Server One, Server Two, bool Keep) : IAsyncDisposable
{
    public CatalogClient ThroughOne => Catalog.Through(One);

    public CatalogClient ThroughTwo => Catalog.Through(Two);

    public async ValueTask DisposeAsync()
    {
        if (!Keep)
        {
            await Catalog.Server.World.DisposeAsync();
        }
    }
}
