using Microsoft.AspNetCore.Http;

namespace Frazil.Api.Tests;

/// <summary>Each mutation by itself: what the tests of crashes, races and lost answers build on.</summary>
public sealed class MutationTests : CatalogTests
{
    public static TheoryData<string> Names => Mutations.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Each_mutation_changes_something_once(string name)
    {
        var catalog = await Mutations.PrepareAsync(Server);
        var before = await CatalogState.ReadAsync(World, catalog.Name);

        var reply = await Mutations.Of(name).SendToAsync(catalog);

        Assert.True(reply.Status is 200 or 204, reply.Text);
        Assert.NotEqual(before.ToString(), (await CatalogState.ReadAsync(World, catalog.Name)).ToString());
    }

    /// <summary>The client goes away at each call that its request makes, up to the batch: from there on nothing is written for it.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public async Task Nothing_is_written_for_a_client_that_went_away_before_its_batch_was_sent(string name)
    {
        for (var number = 0; ; number++)
        {
            var catalog = await Mutations.PrepareAsync(Server);
            var before = await CatalogState.ReadAsync(World, catalog.Name);
            var at = number;
            Call? last = null;
            Server.Log.Clear();
            Seam.Clear();
            Seam.Before(call => call.Number == at, async call =>
            {
                last = call;
                if (call.Kind != CallKind.Write)
                {
                    await GoAwayAsync(Server.LastRequest!);
                }
            });

            try
            {
                await Mutations.Of(name).SendToAsync(catalog);
            }
            catch (HttpRequestException) when (last is not null)
            {
                // Nobody is there to be answered.
            }

            if (last is null or { Kind: CallKind.Write })
            {
                Assert.NotNull(last);
                return;
            }

            for (var i = 0; !Server.Log.All.Any(line => line.Contains("the client went away", StringComparison.Ordinal)); i++)
            {
                Assert.True(i < 1000, $"{last}: {string.Join('\n', Server.Log.All)}");
                await Task.Delay(10);
            }

            Assert.DoesNotContain(Seam.Calls, call => call.Kind == CallKind.Write || (call.Kind == CallKind.CreateFile && last.Kind != CallKind.CreateFile));
            Assert.Equal(before.ToString(), (await CatalogState.ReadAsync(World, catalog.Name)).ToString());
        }

        static async Task GoAwayAsync(HttpContext request)
        {
            var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var registration = request.RequestAborted.Register(gone.SetResult);
            request.Abort();
            await gone.Task.WaitAsync(TimeSpan.FromSeconds(30));
        }
    }
}
