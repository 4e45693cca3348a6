namespace Frazil.Api.Tests;

/// <summary>Requests under an Idempotency-Key take effect once.</summary>
public sealed class IdempotencyTests : CatalogTests
{
    public static TheoryData<string> Names => Mutations.Names;

    [Theory]
    [MemberData(nameof(Names))]
    [Trait("Behaviour", "275")]
    public async Task The_same_request_is_answered_the_same_and_takes_effect_once(string name)
    {
        var catalog = await Mutations.PrepareAsync(Server);
        var header = Key();
        var first = await Mutations.Of(name).SendToAsync(catalog, header);
        Assert.True(first.Status is 200 or 204, first.Text);
        var state = (await CatalogState.ReadAsync(World, catalog.Name)).ToString();
        await using var other = await Server.StartAsync(World, new FrazilOptions());

        var second = await Mutations.Of(name).SendToAsync(catalog.Through(other), header);

        Assert.Equal((first.Status, first.Text, first.ETag), (second.Status, second.Text, second.ETag));
        Assert.DoesNotContain(other.Seam.Calls, call => call.IsChange);
        Assert.Equal(state, (await CatalogState.ReadAsync(World, catalog.Name)).ToString());
    }

    [Theory]
    [MemberData(nameof(Names))]
    [Trait("Behaviour", "278")]
    public async Task A_key_of_another_request_is_422_and_changes_nothing(string name)
    {
        var catalog = await Mutations.PrepareAsync(Server);
        var header = Key();
        (await catalog.PostAsync("/namespaces/ns/properties", """{"updates":{"first":"1"}}""", header)).Ok();
        var state = (await CatalogState.ReadAsync(World, catalog.Name)).ToString();

        (await Mutations.Of(name).SendToAsync(catalog, header)).Error(422, "UnprocessableEntityException", "Idempotency-Key");

        Assert.Equal(state, (await CatalogState.ReadAsync(World, catalog.Name)).ToString());
    }

    [Fact]
    [Trait("Behaviour", "278")]
    public async Task Another_body_path_or_query_is_another_request()
    {
        (await Catalog.CreateTableAsync("ns", "a")).Ok();
        (await Catalog.CreateTableAsync("ns", "b")).Ok();
        var commit = Key();
        (await Catalog.CommitAsync("ns", "a", "", Sample.SetProperty("k", "1"), commit)).Ok();
        var drop = Key();
        (await Catalog.DeleteAsync("/namespaces/ns/tables/a", drop)).NoContent();

        (await Catalog.CommitAsync("ns", "a", "", Sample.SetProperty("k", "2"), commit)).Error(422, "UnprocessableEntityException");
        (await Catalog.CommitAsync("ns", "b", "", Sample.SetProperty("k", "1"), commit)).Error(422, "UnprocessableEntityException");
        (await Catalog.DeleteAsync("/namespaces/ns/tables/a?purgeRequested=true", drop)).Error(422, "UnprocessableEntityException");
        (await Catalog.DeleteAsync("/namespaces/ns/tables/a", drop)).NoContent();
    }

    [Theory]
    [MemberData(nameof(Names))]
    [Trait("Behaviour", "280")]
    public async Task Two_requests_of_one_key_at_once_have_one_effect(string name)
    {
        var mutation = Mutations.Of(name);
        var after = await AfterAsync(mutation);
        await using var one = await Server.StartAsync(World, new FrazilOptions());
        await using var two = await Server.StartAsync(World, new FrazilOptions());
        for (var at = 0; ; at++)
        {
            var catalog = await Mutations.PrepareAsync(Server);
            var header = Key();
            one.Seam.Clear();
            var gate = one.Seam.HoldBefore(call => call.Number == at);
            var held = mutation.SendToAsync(catalog.Through(one), header);
            var isHeld = await Task.WhenAny(held, gate.Reached) != held;

            var faster = await mutation.SendToAsync(catalog.Through(two), header);
            gate.Open();
            var slower = await held;

            Assert.True(faster.Status is 200 or 204, $"{name}, held before call {at}: {faster.Status} {faster.Text}");
            Assert.Equal((faster.Status, faster.Text), (slower.Status, slower.Text));
            Assert.Equal(after, (await CatalogState.ReadAsync(World, catalog.Name)).ToString());
            if (!isHeld)
            {
                return;
            }
        }
    }

    [Fact]
    [Trait("Behaviour", "276")]
    public async Task A_refusal_is_given_again_although_it_would_succeed_now()
    {
        var exists = Key();
        var missing = Key();
        var message = (await CreateAsync(exists)).Error(409, "AlreadyExistsException");
        (await Catalog.DeleteAsync("/namespaces/later", missing)).Error(404, "NoSuchNamespaceException");
        (await Catalog.DeleteAsync("/namespaces/ns")).NoContent();
        (await Catalog.CreateNamespaceAsync("later")).Ok();

        Assert.Equal(message, (await CreateAsync(exists)).Error(409, "AlreadyExistsException"));
        (await Catalog.DeleteAsync("/namespaces/later", missing)).Error(404, "NoSuchNamespaceException");
        (await CreateAsync(Key())).Ok();

        Task<Reply> CreateAsync((string, string) header) => Catalog.PostAsync("/namespaces", """{"namespace":["ns"]}""", header);
    }

    [Theory]
    [MemberData(nameof(Names))]
    [Trait("Behaviour", "277")]
    public async Task A_failure_of_the_server_is_not_remembered(string name)
    {
        foreach (var failure in (Func<Exception>[])[() => new IOException("disk"), () => new Storage.StoreThrottledException("slow down")])
        {
            var catalog = await Mutations.PrepareAsync(Server);
            var header = Key();
            await using var failing = await Server.StartAsync(World, new FrazilOptions());
            failing.Seam.FailBefore(call => call.Kind == CallKind.Write, failure);

            Assert.InRange((await Mutations.Of(name).SendToAsync(catalog.Through(failing), header)).Status, 500, 503);

            var retry = await Mutations.Of(name).SendToAsync(catalog, header);
            Assert.True(retry.Status is 200 or 204, retry.Text);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("not-a-uuid")]
    [InlineData("0123456789abcdef0123456789abcdef")]
    [InlineData("{01234567-89ab-cdef-0123-456789abcdef}")]
    [InlineData("01234567-89ab-cdef-0123-456789abcdeg")]
    [Trait("Behaviour", "279")]
    public async Task A_key_that_is_no_uuid_is_400(string key)
    {
        (await Catalog.PostAsync("/namespaces", """{"namespace":["new"]}""", ("Idempotency-Key", key))).Error(400, "BadRequestException", "Idempotency-Key");

        (await Catalog.GetAsync("/namespaces/new")).Error(404, "NoSuchNamespaceException");
    }

    [Theory]
    [InlineData("0190b6a2-5c4e-7cc3-98c4-dc0c0c07398f")]
    [InlineData("9c12d441-03fe-4693-9a96-a0705ddf69c1")]
    [InlineData("9C12D441-03FE-4693-9A96-A0705DDF69C1")]
    [Trait("Behaviour", "279")]
    public async Task A_uuid_of_any_version_is_a_key(string key)
    {
        (await Catalog.PostAsync("/namespaces", """{"namespace":["new"]}""", ("Idempotency-Key", key))).Ok();
        (await Catalog.PostAsync("/namespaces", """{"namespace":["new"]}""", ("Idempotency-Key", key.ToLowerInvariant()))).Ok();
    }

    [Fact]
    [Trait("Behaviour", "281")]
    [Trait("Limit", nameof(Limits.IdempotencyKeyLifetime))]
    public async Task A_key_is_remembered_for_its_lifetime_at_least()
    {
        var header = Key();
        (await Catalog.PostAsync("/namespaces", """{"namespace":["new"]}""", header)).Ok();
        Clock.Advance(Limits.IdempotencyKeyLifetime);
        await Server.Operations.Jobs.RunAsync(JobList.Sweep, TimeSpan.FromMinutes(1), CancellationToken.None);

        (await Catalog.PostAsync("/namespaces", """{"namespace":["new"]}""", header)).Ok();
        Clock.Advance(Limits.IdempotencyKeyLifetime * 2);
        await Server.Operations.Jobs.RunAsync(JobList.Sweep, TimeSpan.FromMinutes(1), CancellationToken.None);
        (await Catalog.PostAsync("/namespaces", """{"namespace":["new"]}""", header)).Error(409, "AlreadyExistsException");
    }

    [Fact]
    [Trait("Behaviour", "275")]
    public async Task A_staged_create_is_given_again()
    {
        var header = Key();
        var first = (await Catalog.CreateTableAsync("ns", "t", ""","stage-create":true""", header)).Ok();

        Assert.Equal(first.Text, (await Catalog.CreateTableAsync("ns", "t", ""","stage-create":true""", header)).Ok().Text);
    }

    [Fact]
    [Trait("Behaviour", "275")]
    public async Task A_commit_whose_file_is_gone_since_is_not_called_missing()
    {
        (await Catalog.CreateTableAsync("ns", "t", ""","properties":{"write.metadata.previous-versions-max":"1","write.metadata.delete-after-commit.enabled":"true"}""")).Ok();
        var header = Key();
        (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("k", "first"), header)).Ok();
        for (var i = 0; i < 3; i++)
        {
            (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("k", $"{i}"))).Ok();
        }

        await using var fresh = await Server.StartAsync(World, new FrazilOptions());
        var reply = await Catalog.Through(fresh).CommitAsync("ns", "t", "", Sample.SetProperty("k", "first"), header);

        // A client that is told 404 takes its commit for failed and deletes the files that it added.
        reply.Error(500, "CommitStateUnknownException", "was carried out");
        Assert.Equal("2", (await Catalog.LoadTableAsync("ns", "t")).Ok().Metadata.GetProperty("properties").GetProperty("k").GetString());
    }

    private static (string, string) Key() => ("Idempotency-Key", Guid.NewGuid().ToString());

    private async Task<string> AfterAsync(Mutation mutation)
    {
        var catalog = await Mutations.PrepareAsync(Server);
        await mutation.SendToAsync(catalog, Key());
        return (await CatalogState.ReadAsync(World, catalog.Name)).ToString();
    }
}
