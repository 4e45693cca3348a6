namespace Frazil.Api.Tests;

public sealed class CrashTestsInMemory() : CrashTests(new MemoryWorld());

public sealed class CrashTestsEmbedded() : CrashTests(new EmbeddedWorld());

/// <summary>A process dies at each of its calls, before or after the call's work. Whoever comes next finds the state before or after, and can go on.</summary>
public abstract class CrashTests(World world) : CatalogTests(world)
{
    public static TheoryData<string> Names => Mutations.Names;

    [Theory]
    [MemberData(nameof(Names))]
    [Trait("Behaviour", "248")]
    public async Task A_crash_leaves_before_or_after_and_the_same_request_succeeds_then(string name)
    {
        var mutation = Mutations.Of(name);
        var survivor = await World.StartAsync();
        foreach (var withKey in (bool[])[false, true])
        {
            var (before, after, calls) = await UndisturbedAsync(mutation, withKey);
            foreach (var (number, afterWork) in Sampling.Deaths(World, calls))
            {
                await CrashAsync(mutation, number, afterWork, withKey, survivor, before, after);
            }
        }
    }

    private async Task CrashAsync(Mutation mutation, int call, bool afterWork, bool withKey, Server survivor, string before, string after)
    {
        var where = $"{mutation} dying {(afterWork ? "after" : "before")} call {call}{(withKey ? ", with a key" : "")}";
        var catalog = await Mutations.PrepareAsync(Server);
        (string, string)[] headers = withKey ? [("Idempotency-Key", Guid.NewGuid().ToString())] : [];
        Reply reply;
        await using (var doomed = await Server.StartAsync(World, new FrazilOptions()))
        {
            doomed.Seam.DieAt(call, afterWork);
            reply = await mutation.SendToAsync(catalog.Through(doomed), headers);
        }

        var state = (await CatalogState.ReadAsync(World, catalog.Name)).ToString();
        Assert.True(state == before || state == after, $"{where}: neither before nor after\n{state}\nbefore:\n{before}\nafter:\n{after}");
        Assert.True(reply.Status >= 500 || state == after, $"{where}: answered {reply.Status} {reply.Text}");

        var retry = await mutation.SendToAsync(catalog.Through(survivor), headers);
        Assert.True(retry.Status is 200 or 204 || (state == after && !withKey && retry.Status is 404 or 409), $"{where}: the retry was answered {retry.Status} {retry.Text}");
        Assert.Equal(after, (await CatalogState.ReadAsync(World, catalog.Name)).ToString());
    }

    private async Task<(string Before, string After, IReadOnlyList<Call> Calls)> UndisturbedAsync(Mutation mutation, bool withKey)
    {
        var catalog = await Mutations.PrepareAsync(Server);
        var before = (await CatalogState.ReadAsync(World, catalog.Name)).ToString();
        await using var fresh = await Server.StartAsync(World, new FrazilOptions());
        var reply = await mutation.SendToAsync(catalog.Through(fresh), withKey ? [("Idempotency-Key", Guid.NewGuid().ToString())] : []);
        Assert.True(reply.Status is 200 or 204, reply.Text);
        return (before, (await CatalogState.ReadAsync(World, catalog.Name)).ToString(), fresh.Seam.Calls);
    }
}
