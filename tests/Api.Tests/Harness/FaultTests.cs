using Frazil.Storage;

namespace Frazil.Api.Tests;

/// <summary>A test of mutations whose writes meet faults.</summary>
public abstract class FaultTests(World world) : CatalogTests(world)
{
    protected static UnknownOutcomeException Lost() => new("no answer");

    /// <summary>Whether requests have an idempotency key: without and with, one after the other.</summary>
    protected virtual IReadOnlyList<bool> WithKeys => [false, true];

    /// <summary>Tries something at each write of a mutation, without and with an idempotency key; then the same request, sent again when all is well, must succeed.</summary>
    protected async Task EachWriteAsync(string name, params Func<Trial, Task>[] trials)
    {
        var mutation = Mutations.Of(name);
        foreach (var withKey in WithKeys)
        {
            string? Key() => withKey ? Guid.NewGuid().ToString() : null;
            await using var undisturbed = await Server.StartAsync(World, new FrazilOptions());
            var first = new Trial(mutation, (await Mutations.PrepareAsync(Server)).Through(undisturbed), 0, "", "", Key());
            var before = await first.StateAsync();
            Assert.True((await first.SendAsync()).Status is 200 or 204);
            var after = await first.StateAsync();
            var writes = undisturbed.Seam.Count(CallKind.Write);
            Assert.True(writes > 0);
            for (var i = 0; i < writes * trials.Length; i++)
            {
                var at = i / trials.Length;
                await using var server = await Server.StartAsync(World, new FrazilOptions());
                var one = new Trial(mutation, (await Mutations.PrepareAsync(Server)).Through(server), at, before, after, Key());
                await trials[i % trials.Length](one);
                server.Seam.Clear();
                await one.EndAsync(undisturbed);
            }
        }
    }

    protected sealed class Trial(Mutation mutation, CatalogClient catalog, int at, string before, string after, string? key)
    {
        private readonly (string, string)[] headers = key is null ? [] : [("Idempotency-Key", key)];

        public Seam Seam => catalog.Server.Seam;

        public string Before => before;

        /// <summary>The write of this trial.</summary>
        public bool IsAt(Call call) => call.Kind == CallKind.Write && Seam.Calls.Count(other => other.Kind == CallKind.Write && other.Number < call.Number) == at;

        public bool IsAtOrLater(Call call) => call.Kind == CallKind.Write && Seam.Calls.Count(other => other.Kind == CallKind.Write && other.Number < call.Number) >= at;

        public Task<Reply> SendAsync() => mutation.SendToAsync(catalog, headers);

        public async Task<string> StateAsync() => (await CatalogState.ReadAsync(catalog.Server.World, catalog.Name)).ToString();

        public async Task SucceedsAsync()
        {
            var reply = await SendAsync();
            Assert.True(reply.Status is 200 or 204, $"{mutation}, write {at}: {reply.Status} {reply.Text}");
            Assert.Equal(after, await StateAsync());
        }

        public async Task SucceedsOrIsUnknownAsync()
        {
            var reply = await SendAsync();
            if (reply.Status is 200 or 204)
            {
                Assert.Equal(after, await StateAsync());
            }
            else
            {
                reply.Error(500, "CommitStateUnknownException");
            }
        }

        /// <summary>All is well again: the request is repeated.</summary>
        public async Task EndAsync(Server fresh)
        {
            var state = await StateAsync();
            Assert.True(state == before || state == after, $"{mutation}, write {at}: neither before nor after\n{state}");
            var reply = await mutation.SendToAsync(catalog.Through(fresh), headers);
            Assert.True(
                reply.Status is 200 or 204 || (key is null && state == after && reply.Status is 404 or 409), $"{mutation}, write {at}, key {key}: the retry was answered {reply.Status} {reply.Text}");
            Assert.Equal(after, await StateAsync());
        }
    }
}
