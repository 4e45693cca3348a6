using System.Net;
using Frazil.AwsBackend;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil.Stores.Tests;

/// <summary>The same batch sent again: in another second, by another writer, over rows that have ended.</summary>
public sealed partial class DynamoDbFaultTests
{
    private const string Mismatch = """{"__type":"com.amazonaws.dynamodb.v20120810#IdempotentParameterMismatchException","message":"other parameters"}""";
    private const string Expired = """{"__type":"com.amazon.coral.service#ExpiredTokenException","message":"expired"}""";

    [Theory]
    [MemberData(nameof(Shapes))]
    public async Task A_write_that_is_sent_again_in_another_second_is_applied_once(string shape)
    {
        var writes = await WritesAsync(shape);
        faults.Next(Faults.LostAfter(NextSecondAsync), Faults.LostAfter(NextSecondAsync), Faults.LostAfter(NextSecondAsync));
        Assert.True((await WriteAsync(writes)).IsApplied);
        await AssertAppliedAsync(shape);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public async Task A_write_that_another_writer_sends_again_in_another_second_is_applied_once(string shape)
    {
        var writes = await WritesAsync(shape);
        var commitId = NewCommitId();
        faults.Next([.. Enumerable.Repeat(Faults.LostAfter(NextSecondAsync), Attempts.Max)]);
        await Assert.ThrowsAsync<UnknownOutcomeException>(() => store.WriteAsync(partition, commitId, writes, default).AsTask());

        await NextSecondAsync();
        var another = new DynamoDbKeyValueStore(Aws.DynamoDb(), table, TimeProvider.System, new IdSource(), clock);
        Assert.True((await another.WriteAsync(partition, commitId, writes, default)).IsApplied);
        await AssertAppliedAsync(shape);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_creation_over_an_ended_row_survives_lost_answers(int rows)
    {
        foreach (var fault in new[] { Faults.LostAfter(NextSecondAsync), Faults.LostBefore(NextSecondAsync) })
        {
            // The first request is refused by the ended rows; the second takes their places.
            var writes = await OverEndedAsync(rows);
            faults.Next(Faults.None, fault, fault);
            Assert.True((await WriteAsync(writes)).IsApplied);
            Assert.All(await Task.WhenAll(writes.Select(write => ValueOf(write.Id))), value => Assert.Equal("new", value));
        }
    }

    [Fact]
    public async Task A_creation_whose_ended_row_is_removed_meanwhile_is_applied()
    {
        foreach (var rows in new[] { 1, 2 })
        {
            var writes = await OverEndedAsync(rows);
            faults.Next(RemovedAfter(writes[0].Id));
            Assert.True((await WriteAsync(writes)).IsApplied);
            Assert.Equal("new", await ValueOf(writes[0].Id));
            Assert.Equal(3, faults.Requests);
        }
    }

    [Fact]
    public async Task Of_two_creations_over_an_ended_row_the_later_is_refused()
    {
        foreach (var rows in new[] { 1, 2 })
        {
            var writes = await OverEndedAsync(rows);
            faults.Next(Faults.None, Faults.LostBefore(() => ByAnotherAsync(writes)));
            Assert.Equal(writes[0].Id, (await WriteAsync(writes)).RefusedBy);
            Assert.Equal("other", await ValueOf(writes[0].Id));
        }
    }

    [Fact]
    public async Task A_lost_creation_that_finds_an_ended_row_is_unknown_until_it_is_sent_again()
    {
        // The lost request may yet arrive once the row is removed.
        var commitId = NewCommitId();
        var writes = await OverEndedAsync(2);
        faults.Next(Faults.LostBefore(NextSecondAsync));
        await Assert.ThrowsAsync<UnknownOutcomeException>(() => store.WriteAsync(partition, commitId, writes, default).AsTask());
        Assert.True((await store.WriteAsync(partition, commitId, writes, default)).IsApplied);
        Assert.Equal("new", await ValueOf(writes[0].Id));
    }

    [Fact]
    public async Task Whatever_befalls_its_requests_a_change_is_told_as_it_went()
    {
        var seed = Random.Shared.Next();
        var chance = new Random(seed);
        var applied = 0;
        for (var i = 0; i < 80; i++)
        {
            var rows = chance.Next(1, 4);
            Write[] writes = chance.Next(2) == 0 ? await OverEndedAsync(rows) : [.. Enumerable.Range(0, rows).Select(n => Create($"f/{NewCommitId()}", "new"))];
            if (chance.Next(2) == 0)
            {
                var id = $"r/{NewCommitId()}";
                await ApplyAsync(Create(id, "old"));
                writes = [.. writes, new Write.Replace(id, Bytes("new"), await VersionOf(id))];
            }

            var badness = chance.Next(2, 12);
            faults.Weather = () => IsWorse() ? Spoilt(chance.Next(5)) : Faults.None;
            var told = await TellAsync(writes);
            faults.Weather = null;

            var values = await Task.WhenAll(writes.Select(write => ValueOf(write.Id)));
            var isMade = values.All(value => value == "new");
            Assert.True(isMade || !values.Contains("new"), $"half of a batch, seed {seed}, turn {i}");
            Assert.True(told switch { "applied" => isMade, "unknown" => true, _ => !isMade && told != "refused" }, $"{told}, but it {(isMade ? "was" : "was not")} made, seed {seed}, turn {i}");
            applied += told == "applied" ? 1 : 0;

            bool IsWorse() => chance.Next(12) < badness;
        }

        Assert.True(applied > 20, $"{applied} applied are too few to tell anything, seed {seed}");
    }

    [Theory]
    [InlineData(Mismatch)]
    [InlineData(Expired)]
    public async Task A_failure_of_a_later_sending_is_resolved_by_reading_back(string failure)
    {
        Write[] writes = [Create("a", "new"), Create("b", "new")];
        faults.Weather = Sendings(Faults.LostAfter(), failure);
        Assert.Equal("applied", await TellAsync(writes));

        writes = [Create("c", "new"), Create("d", "new")];
        faults.Weather = Sendings(Faults.LostBefore(), failure);
        Assert.Equal("unknown", await TellAsync(writes));
    }

    private static Faults.Fault Spoilt(int how) => how switch
    {
        0 => Faults.LostBefore(),
        1 => Faults.LostAfter(),
        2 => Faults.AnsweredAfter(HttpStatusCode.InternalServerError, InternalError),
        3 => Faults.Answered(HttpStatusCode.BadRequest, """{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"slow down"}"""),
        _ => Faults.TimedOut(),
    };

    /// <summary>The first sending of a batch, with all its requests, has this fault; every later one is answered with this error.</summary>
    private static Func<Faults.Fault> Sendings(Faults.Fault first, string later)
    {
        var sent = 0;
        return () => (request, send) => !request.Headers.GetValues("X-Amz-Target").Single().EndsWith("TransactWriteItems", StringComparison.Ordinal) ? send()
            : ++sent <= Attempts.Max ? first(request, send)
            : Faults.Answered(HttpStatusCode.BadRequest, later)(request, send);
    }

    /// <summary>What a catalog would tell of a change: each of its requests is made in a second of its own.</summary>
    private async Task<string> TellAsync(Write[] writes)
    {
        var spoiling = faults.Weather!;
        faults.Weather = () =>
        {
            clock.Shift(TimeSpan.FromSeconds(1));
            return spoiling();
        };
        try
        {
            return (await new StoreWriter(store, time, new IdSource()).WriteAsync(partition, writes, default)).IsApplied ? "applied" : "refused";
        }
        catch (CatalogException failure)
        {
            return failure.Kind switch { ErrorKind.CommitStateUnknown => "unknown", ErrorKind.SlowDown => "nothing", _ => throw new InvalidOperationException("what is that?", failure) };
        }
    }

    private Task NextSecondAsync()
    {
        clock.Shift(TimeSpan.FromSeconds(1));
        return Task.CompletedTask;
    }

    /// <summary>Creations in the way of which there are rows that have ended.</summary>
    private async Task<Write.Create[]> OverEndedAsync(int rows)
    {
        Write.Create[] writes = [.. Enumerable.Range(0, rows).Select(_ => Create($"f/{NewCommitId()}", "old") with { ExpiresAt = clock.GetUtcNow() + TimeSpan.FromMinutes(1) })];
        await ApplyAsync(writes);
        clock.Shift(TimeSpan.FromMinutes(2));
        return [.. writes.Select(write => Create(write.Id, "new"))];
    }

    /// <summary>The request is carried out, and then DynamoDB removes a row that has ended.</summary>
    private Faults.Fault RemovedAfter(string id) => async (_, send) =>
    {
        var answer = await send();
        using var client = Aws.DynamoDb();
        await client.DeleteItemAsync(table, new() { ["p"] = new($"{partition}\tf/"), ["r"] = new(id[2..]) });
        return answer;
    };

    private async Task ByAnotherAsync(Write.Create[] writes)
    {
        var another = new DynamoDbKeyValueStore(Aws.DynamoDb(), table, TimeProvider.System, new IdSource(), clock);
        Assert.True((await another.WriteAsync(partition, NewCommitId(), [.. writes.Select(write => Create(write.Id, "other"))], default)).IsApplied);
    }
}
