namespace Frazil.Api.Tests;

/// <summary>
/// Runs two requests of two processes in every interleaving with up to two changes of turn: the first is held before its i-th call, the second before its j-th,
/// then the first goes on to its end, then the second. Each outcome must be one that the requests have when they come one after the other.
/// </summary>
public static class Interleavings
{
    /// <summary>How many interleavings were tried.</summary>
    public static async Task<int> ExploreAsync(Server preparing, Func<CatalogClient, Task<Reply>> first, Func<CatalogClient, Task<Reply>> second)
    {
        var world = preparing.World;
        await using var one = await Server.StartAsync(world, new FrazilOptions());
        await using var two = await Server.StartAsync(world, new FrazilOptions());
        string[] serial =
        [
            await RunAsync(preparing, async catalog => (await first(catalog.Through(one)), await second(catalog.Through(two)))),
            await RunAsync(preparing, async catalog =>
            {
                var reply = await second(catalog.Through(two));
                return (await first(catalog.Through(one)), reply);
            }),
        ];
        var tried = 0;
        for (var i = 0; ; i++)
        {
            var isHeldFirst = false;
            for (var j = 0; ; j++)
            {
                var isHeldSecond = false;
                var outcome = await RunAsync(preparing, async catalog =>
                {
                    var (firstTask, firstGate, firstHeld) = await StartAsync(one.Seam, i, () => first(catalog.Through(one)));
                    var (secondTask, secondGate, secondHeld) = await StartAsync(two.Seam, j, () => second(catalog.Through(two)));
                    (isHeldFirst, isHeldSecond) = (firstHeld, secondHeld);
                    firstGate.Open();
                    var reply = await firstTask;
                    secondGate.Open();
                    return (reply, await secondTask);
                });
                tried++;
                Assert.True(
                    serial.Contains(outcome),
                    $"first held before call {i}, second before call {j}:\n{outcome}\n\none after the other:\n{serial[0]}\n\nor:\n{serial[1]}\n\nfirst: {string.Join("; ", one.Seam.Calls)}\nsecond: {string.Join("; ", two.Seam.Calls)}");
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

    private static async Task<(Task<Reply> Reply, Gate Gate, bool IsHeld)> StartAsync(Seam seam, int number, Func<Task<Reply>> request)
    {
        seam.Clear();
        var gate = seam.HoldBefore(call => call.Number == number);
        var reply = request();
        return (reply, gate, await Task.WhenAny(reply, gate.Reached) != reply);
    }

    private static async Task<string> RunAsync(Server preparing, Func<CatalogClient, Task<(Reply First, Reply Second)>> run)
    {
        var catalog = await Mutations.PrepareAsync(preparing);
        var (first, second) = await run(catalog);
        return $"{Describe(first)}\n{Describe(second)}\n{await CatalogState.ReadAsync(preparing.World, catalog.Name)}";
    }

    private static string Describe(Reply reply)
    {
        Assert.True(reply.Status < 500, reply.Text);
        return reply.Status < 400 ? $"{reply.Status}" : $"{reply.Status} {reply.Json.GetProperty("error").GetProperty("type").GetString()}";
    }
}
