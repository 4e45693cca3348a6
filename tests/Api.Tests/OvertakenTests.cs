using Frazil.Storage;

namespace Frazil.Api.Tests;

/// <summary>
/// A write's answer or request is lost, and before it is sent again somebody else changes something: every mutation against every other.
/// </summary>
public sealed class OvertakenTests : CatalogTests
{
    public static TheoryData<string> Names => Mutations.Names;

    [Theory]
    [MemberData(nameof(Names))]
    [Trait("Behaviour", "215")]
    [Trait("Behaviour", "216")]
    public async Task What_landed_is_never_answered_as_refused(string name)
    {
        foreach (var other in Mutations.All)
        {
            var (reply, overtaken, state) = await OvertakeAsync(Mutations.Of(name), other, hasLanded: true);

            Assert.True(reply.Status is 200 or 204 or 500, $"{name}, overtaken by {other}: {reply.Status} {reply.Text}");
            if (reply.Status == 500)
            {
                reply.Error(500, "CommitStateUnknownException");
            }

            Assert.Equal(overtaken, state);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    [Trait("Behaviour", "215")]
    [Trait("Behaviour", "216")]
    public async Task What_did_not_land_is_done_after_the_other_or_not_at_all(string name)
    {
        foreach (var other in Mutations.All)
        {
            var (reply, overtaken, state) = await OvertakeAsync(Mutations.Of(name), other, hasLanded: false);
            var (serialReply, serial) = await SerialAsync(other, Mutations.Of(name));

            if (reply.Status is 200 or 204 && serialReply.Status == 404 && IsDrop(name))
            {
                // What was to be dropped is gone, and nobody can tell who dropped it: that is what was asked for.
                Assert.Equal(overtaken, state);
            }
            else if (reply.Status is 200 or 204)
            {
                Assert.Equal(serialReply.Status, reply.Status);
                Assert.Equal(serial, state);
            }
            else
            {
                Assert.Equal(overtaken, state);
                Assert.True(reply.Status == 500 || reply.Status == serialReply.Status, $"{name}, overtaken by {other}: {reply.Status} {reply.Text}, one after the other: {serialReply.Status}");
                reply.Error(reply.Status, reply.Status == 500 ? "CommitStateUnknownException" : serialReply.Json.GetProperty("error").GetProperty("type").GetString()!);
            }
        }
    }

    private static bool IsDrop(string name) => name.StartsWith("drop", StringComparison.Ordinal) || name.StartsWith("unregister", StringComparison.Ordinal);

    /// <summary>The mutation's last write gets no answer; the other comes between. Gives the answer, the state that the other left, and the state in the end.</summary>
    private async Task<(Reply Reply, string Overtaken, string State)> OvertakeAsync(Mutation mutation, Mutation other, bool hasLanded)
    {
        var last = await CountWritesAsync(mutation) - 1;
        var catalog = await Mutations.PrepareAsync(Server);
        await using var server = await Server.StartAsync(World, new FrazilOptions());
        var overtaken = "";
        async Task OvertakeAsync(Call call)
        {
            await other.SendToAsync(catalog);
            overtaken = (await CatalogState.ReadAsync(World, catalog.Name)).ToString();
            throw new UnknownOutcomeException("no answer");
        }

        bool IsLast(Call call) => call.Kind == CallKind.Write && server.Seam.Calls.Count(earlier => earlier.Kind == CallKind.Write && earlier.Number < call.Number) == last;
        if (hasLanded)
        {
            server.Seam.After(IsLast, OvertakeAsync);
        }
        else
        {
            server.Seam.Before(IsLast, OvertakeAsync);
        }

        var reply = await mutation.SendToAsync(catalog.Through(server));
        Assert.NotEqual("", overtaken);
        return (reply, overtaken, (await CatalogState.ReadAsync(World, catalog.Name)).ToString());
    }

    private async Task<int> CountWritesAsync(Mutation mutation)
    {
        var catalog = await Mutations.PrepareAsync(Server);
        await mutation.SendToAsync(catalog);
        return Server.Seam.Count(CallKind.Write);
    }

    private async Task<(Reply Reply, string State)> SerialAsync(Mutation first, Mutation second)
    {
        var catalog = await Mutations.PrepareAsync(Server);
        await first.SendToAsync(catalog);
        var reply = await second.SendToAsync(catalog);
        return (reply, (await CatalogState.ReadAsync(World, catalog.Name)).ToString());
    }
}
