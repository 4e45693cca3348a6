using Frazil.Storage;

namespace Frazil.Api.Tests;

public sealed class UnknownOutcomeTestsInMemory() : UnknownOutcomeTests(new MemoryWorld());

public sealed class UnknownOutcomeTestsEmbedded() : UnknownOutcomeTests(new EmbeddedWorld())
{
    // For time's sake: with a key each batch has one row more, and the retry must be answered the same.
    protected override IReadOnlyList<bool> WithKeys => [true];
}

/// <summary>The store or the storage does not answer. What landed is a success or unknown, never a conflict; what a pointer names stays.</summary>
public abstract class UnknownOutcomeTests(World world) : FaultTests(world)
{
    private const int Always = int.MaxValue;

    public static TheoryData<string> Names => Mutations.Names;

    [Theory]
    [MemberData(nameof(Names))]
    [Trait("Behaviour", "215")]
    public async Task A_lost_answer_is_made_good(string name) => await EachWriteAsync(name, async trial =>
    {
        trial.Seam.FailAfter(trial.IsAt, Lost);

        await trial.SucceedsAsync();
    });

    [Theory]
    [MemberData(nameof(Names))]
    [Trait("Behaviour", "215")]
    public async Task A_lost_request_is_sent_again(string name) => await EachWriteAsync(name, async trial =>
    {
        trial.Seam.FailBefore(trial.IsAt, Lost);

        await trial.SucceedsAsync();
    });

    [Theory]
    [MemberData(nameof(Names))]
    [Trait("Behaviour", "215")]
    public async Task When_no_answer_ever_comes_what_landed_is_read_back_or_unknown(string name) => await EachWriteAsync(name, async trial =>
    {
        trial.Seam.FailAfter(trial.IsAtOrLater, Lost, Always);

        await trial.SucceedsOrIsUnknownAsync();
    });

    [Theory]
    [MemberData(nameof(Names))]
    [Trait("Behaviour", "215")]
    [Trait("Behaviour", "277")]
    public async Task When_no_request_ever_arrives_nobody_can_tell(string name) => await EachWriteAsync(name, async trial =>
    {
        trial.Seam.FailBefore(trial.IsAtOrLater, Lost, Always);

        (await trial.SendAsync()).Error(500, "CommitStateUnknownException");
        Assert.Equal(trial.Before, await trial.StateAsync());
    });

    [Theory]
    [MemberData(nameof(Names))]
    [Trait("Behaviour", "215")]
    public async Task When_the_store_is_gone_after_the_write_nobody_can_tell(string name) => await EachWriteAsync(name, async trial =>
    {
        var isGone = false;
        trial.Seam.Before(_ => isGone, _ => throw new IOException("the store is gone"), Always);
        trial.Seam.After(trial.IsAt, _ =>
        {
            isGone = true;
            throw Lost();
        });

        var reply = await trial.SendAsync();

        reply.Error(500, reply.Json.GetProperty("error").GetProperty("type").GetString()!);
    });

    [Theory]
    [MemberData(nameof(Names))]
    [Trait("Behaviour", "292")]
    public async Task A_throttled_write_is_503_and_changed_nothing(string name) => await EachWriteAsync(name, async trial =>
    {
        trial.Seam.FailBefore(trial.IsAtOrLater, () => new StoreThrottledException("slow down"), Always);

        var reply = await trial.SendAsync();

        reply.Error(503, "SlowDownException");
        Assert.True(int.Parse(reply.Headers["Retry-After"], System.Globalization.CultureInfo.InvariantCulture) >= 1);
        Assert.Equal(trial.Before, await trial.StateAsync());
    });

    [Theory]
    [MemberData(nameof(Names))]
    [Trait("Behaviour", "292")]
    public async Task A_throttled_read_is_503_and_changed_nothing(string name)
    {
        var mutation = Mutations.Of(name);
        for (var at = 0; ; at += World.IsSlow ? 4 : 1)
        {
            var catalog = await Mutations.PrepareAsync(Server);
            var before = (await CatalogState.ReadAsync(World, catalog.Name)).ToString();
            await using var server = await Server.StartAsync(World, new FrazilOptions());
            var isReached = false;
            server.Seam.Before(call => call.Number == at && call.Kind is CallKind.Read or CallKind.ReadMany or CallKind.List, _ =>
            {
                isReached = true;
                throw new StoreThrottledException("slow down");
            });

            var reply = await mutation.SendToAsync(catalog.Through(server));

            if (isReached)
            {
                reply.Error(503, "SlowDownException");
                Assert.Equal(before, (await CatalogState.ReadAsync(World, catalog.Name)).ToString());
            }
            else if (server.Seam.Calls.Count <= at)
            {
                return;
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_file_of_which_nobody_knows_whether_it_is_there_is_500_and_no_pointer_moves(string name)
    {
        var mutation = Mutations.Of(name);
        foreach (var failure in (Func<Exception>[])[Lost, () => new IOException("disk full")])
        {
            foreach (var isAfter in (bool[])[false, true])
            {
                var catalog = await Mutations.PrepareAsync(Server);
                var before = (await CatalogState.ReadAsync(World, catalog.Name)).ToString();
                await using var server = await Server.StartAsync(World, new FrazilOptions());
                (isAfter ? (Action<Func<Call, bool>, Func<Exception>, int>)server.Seam.FailAfter : server.Seam.FailBefore)(call => call.Kind == CallKind.CreateFile, failure, 1);

                var reply = await mutation.SendToAsync(catalog.Through(server));

                if (server.Seam.Count(CallKind.CreateFile) > 0)
                {
                    reply.Error(500, "InternalServerError");
                    Assert.Equal(before, (await CatalogState.ReadAsync(World, catalog.Name)).ToString());
                    var retry = await mutation.SendToAsync(catalog.Through(server));
                    Assert.True(retry.Status is 200 or 204, retry.Text);
                }
            }
        }
    }
}
