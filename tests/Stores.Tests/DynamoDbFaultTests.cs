using System.Net;
using System.Text.Json.Nodes;
using Frazil.AwsBackend;
using Frazil.Storage;

namespace Frazil.Stores.Tests;

/// <summary>DynamoDB over a network that loses requests and answers: a batch that landed is never refused, one that was refused never lands, and what cannot be known is said to be unknown.</summary>
[Trait("Needs", "dynamodb")]
public sealed partial class DynamoDbFaultTests : IAsyncLifetime
{
    private const string InternalError = """{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"Internal server error"}""";

    private readonly string partition = $"test-{Guid.NewGuid():N}";
    private readonly Faults faults = new();
    private readonly InstantTime time = new();
    private readonly ShiftedClock clock = new();
    private DynamoDbKeyValueStore store = null!;
    private DynamoDbKeyValueStore other = null!;
    private string table = "";

    public async Task InitializeAsync()
    {
        table = await DynamoDbKeyValueStoreTests.TableAsync();
        store = new DynamoDbKeyValueStore(Aws.DynamoDb(faults), table, time, new IdSource(), clock);
        other = new DynamoDbKeyValueStore(Aws.DynamoDb(), table, TimeProvider.System, new IdSource());
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public static TheoryData<string> Shapes => ["create", "replace", "delete", "batch", "checked"];

    [Theory]
    [MemberData(nameof(Shapes))]
    public async Task A_write_whose_answer_is_lost_is_applied_once(string shape)
    {
        var writes = await WritesAsync(shape);
        faults.Next(Faults.LostAfter());
        Assert.True((await WriteAsync(writes)).IsApplied);
        await AssertAppliedAsync(shape);
        Assert.Equal(2, faults.Requests);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public async Task A_write_that_is_lost_is_sent_again(string shape)
    {
        var writes = await WritesAsync(shape);
        faults.Next(Faults.LostBefore(), Faults.TimedOut(), Faults.Answered(HttpStatusCode.InternalServerError, InternalError));
        Assert.True((await WriteAsync(writes)).IsApplied);
        await AssertAppliedAsync(shape);
        Assert.Equal(4, faults.Requests);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public async Task A_write_that_is_done_and_answered_with_an_error_is_applied_once(string shape)
    {
        var writes = await WritesAsync(shape);
        faults.Next(Faults.AnsweredAfter(HttpStatusCode.InternalServerError, InternalError), Faults.AnsweredAfter(HttpStatusCode.ServiceUnavailable, ""));
        Assert.True((await WriteAsync(writes)).IsApplied);
        await AssertAppliedAsync(shape);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public async Task A_write_whose_every_answer_is_lost_is_unknown_and_applied_when_sent_again(string shape)
    {
        var writes = await WritesAsync(shape);
        var commitId = NewCommitId();
        faults.Next([.. Enumerable.Repeat(Faults.LostAfter(), Attempts.Max)]);
        await Assert.ThrowsAsync<UnknownOutcomeException>(() => store.WriteAsync(partition, commitId, writes, default).AsTask());
        await AssertAppliedAsync(shape);
        Assert.Equal(Attempts.Max, faults.Requests);

        Assert.True((await store.WriteAsync(partition, commitId, writes, default)).IsApplied);
        await AssertAppliedAsync(shape);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public async Task A_write_that_never_arrives_is_unknown(string shape)
    {
        var writes = await WritesAsync(shape);
        faults.Next([.. Enumerable.Repeat(Faults.LostBefore(), Attempts.Max)]);
        await Assert.ThrowsAsync<UnknownOutcomeException>(() => WriteAsync(writes));
        Assert.True((await WriteAsync(writes)).IsApplied);
    }

    [Theory]
    [InlineData("replace")]
    [InlineData("batch")]
    [InlineData("checked")]
    [InlineData("delete")]
    public async Task A_write_that_landed_is_not_refused_though_another_came_after_it(string shape)
    {
        var writes = await WritesAsync(shape);
        faults.Next(Faults.LostAfter(ChangeAllAsync));
        Assert.True((await WriteAsync(writes)).IsApplied);
        Assert.Equal("other", await ValueOf("a"));
    }

    [Fact]
    public async Task A_create_that_landed_is_not_refused_though_another_replaced_it()
    {
        faults.Next(Faults.LostAfter(ChangeAllAsync));
        Assert.True((await WriteAsync(Create("a", "new"))).IsApplied);
        Assert.Equal("other", await ValueOf("a"));
    }

    [Theory]
    [InlineData("replace")]
    [InlineData("delete")]
    [InlineData("batch")]
    [InlineData("checked")]
    public async Task A_write_that_was_lost_and_came_too_late_is_refused_for_certain(string shape)
    {
        var writes = await WritesAsync(shape);
        faults.Next(Faults.LostBefore(ChangeAllAsync));
        Assert.False((await WriteAsync(writes)).IsApplied);
        Assert.Equal("other", await ValueOf("a"));
    }

    [Fact]
    public async Task A_create_that_was_lost_and_finds_the_row_taken_is_unknown()
    {
        // The lost request may yet arrive, when the other's row has gone again.
        faults.Next(Faults.LostBefore(ChangeAllAsync));
        await Assert.ThrowsAsync<UnknownOutcomeException>(() => WriteAsync(Create("a", "new")));
        faults.Next(Faults.LostBefore(ChangeAllAsync));
        await Assert.ThrowsAsync<UnknownOutcomeException>(() => WriteAsync(Create("a", "new"), Create("b", "new")));
    }

    [Fact]
    public async Task A_put_after_which_the_row_was_made_anew_is_unknown()
    {
        await ApplyAsync(Create("a", "old"));
        var version = await VersionOf("a");
        faults.Next(Faults.LostAfter(async () =>
        {
            await ApplyAsync(new Write.Delete("a", await VersionOf("a")));
            await ApplyAsync(Create("a", "other"));
        }));
        await Assert.ThrowsAsync<UnknownOutcomeException>(() => WriteAsync(new Write.Replace("a", Bytes("new"), version)));

        faults.Next(Faults.LostAfter(async () => await ApplyAsync(new Write.Delete("a", await VersionOf("a")))));
        await Assert.ThrowsAsync<UnknownOutcomeException>(async () => await WriteAsync(new Write.Replace("a", Bytes("new"), await VersionOf("a"))));
    }

    [Fact]
    public async Task A_delete_that_landed_is_applied_though_the_row_was_made_anew()
    {
        await ApplyAsync(Create("a", "old"));
        var version = await VersionOf("a");
        faults.Next(Faults.LostAfter(() => ApplyAsync(Create("a", "other"))));
        Assert.True((await WriteAsync(new Write.Delete("a", version))).IsApplied);
        Assert.Equal("other", await ValueOf("a"));
    }

    [Theory]
    [InlineData("ThrottlingException")]
    [InlineData("ProvisionedThroughputExceededException")]
    [InlineData("RequestLimitExceeded")]
    [InlineData("TransactionConflictException")]
    public async Task A_store_that_throttles_is_asked_again_a_few_times(string code)
    {
        var throttled = Faults.Answered(HttpStatusCode.BadRequest, $$"""{"__type":"com.amazonaws.dynamodb.v20120810#{{code}}","message":"slow down"}""");
        faults.Next(throttled, throttled);
        Assert.True((await WriteAsync(Create("a", "new"))).IsApplied);
        Assert.Equal(3, faults.Requests);

        faults.Next([.. Enumerable.Repeat(throttled, Attempts.Max)]);
        await Assert.ThrowsAsync<StoreThrottledException>(() => WriteAsync(Create("b", "new")));
        Assert.Equal(Attempts.Max, faults.Requests);
        Assert.Null(await ValueOf("b"));
        Assert.All(time.Waits, wait => Assert.InRange(wait, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(2)));
    }

    [Theory]
    [InlineData("TransactionConflict")]
    [InlineData("ProvisionedThroughputExceeded")]
    [InlineData("ThrottlingError")]
    public async Task A_transaction_that_meets_another_is_tried_again(string code)
    {
        var cancelled = Cancelled("None", code);
        faults.Next(cancelled, cancelled);
        Assert.True((await WriteAsync(Create("a", "new"), Create("b", "new"))).IsApplied);
        faults.Next([.. Enumerable.Repeat(cancelled, Attempts.Max)]);
        await Assert.ThrowsAsync<StoreThrottledException>(() => WriteAsync(Create("c", "new"), Create("d", "new")));
        Assert.Null(await ValueOf("c"));
    }

    [Fact]
    public async Task A_condition_that_fails_beside_a_conflict_is_a_refusal()
    {
        faults.Next(Cancelled("TransactionConflict", "ConditionalCheckFailed"));
        Assert.Equal("b", (await WriteAsync(Create("a", "new"), Create("b", "new"))).RefusedBy);
    }

    [Fact]
    public async Task A_transaction_that_is_still_under_way_is_waited_for()
    {
        faults.Next(
            Faults.LostAfter(),
            Faults.Answered(HttpStatusCode.BadRequest, """{"__type":"com.amazonaws.dynamodb.v20120810#TransactionInProgressException","message":"in progress"}"""));
        Assert.True((await WriteAsync(Create("a", "new"), Create("b", "new"))).IsApplied);
        Assert.Equal(3, faults.Requests);
    }

    [Fact]
    public async Task A_transaction_that_was_under_way_leaves_the_outcome_open()
    {
        // Another sending of this batch is at work: what is refused now may have been done by it, and undone by others.
        var inProgress = Faults.Answered(HttpStatusCode.BadRequest, """{"__type":"com.amazonaws.dynamodb.v20120810#TransactionInProgressException","message":"in progress"}""");
        await ApplyAsync(Create("a", "other"));
        faults.Next(inProgress);
        await Assert.ThrowsAsync<UnknownOutcomeException>(() => WriteAsync(Create("a", "new"), Create("b", "new")));
        faults.Next([.. Enumerable.Repeat(inProgress, Attempts.Max)]);
        await Assert.ThrowsAsync<UnknownOutcomeException>(() => WriteAsync(Create("b", "new"), Create("c", "new")));
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public async Task A_throttle_after_a_lost_answer_leaves_the_outcome_unknown(string shape)
    {
        var writes = await WritesAsync(shape);
        var throttled = Faults.Answered(HttpStatusCode.BadRequest, """{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"slow down"}""");
        faults.Next([Faults.LostAfter(), .. Enumerable.Repeat(throttled, Attempts.Max)]);
        await Assert.ThrowsAsync<UnknownOutcomeException>(() => WriteAsync(writes));
    }

    [Fact]
    public async Task A_rejection_after_a_lost_answer_leaves_the_outcome_unknown()
    {
        var rejected = Faults.Answered(HttpStatusCode.BadRequest, """{"__type":"com.amazon.coral.service#ExpiredTokenException","message":"expired"}""");
        faults.Next(Faults.LostAfter(), rejected);
        await Assert.ThrowsAsync<UnknownOutcomeException>(() => WriteAsync(Create("a", "new")));
        faults.Next(rejected);
        Assert.Contains("ExpiredToken", (await Assert.ThrowsAsync<IOException>(() => WriteAsync(Create("b", "new")))).Message);
        faults.Next(rejected);
        await Assert.ThrowsAsync<IOException>(() => store.ReadAsync(partition, "a", default).AsTask());
    }

    [Fact]
    public async Task A_request_that_DynamoDB_finds_invalid_is_a_bad_argument()
    {
        faults.Next(Faults.Answered(HttpStatusCode.BadRequest, """{"__type":"com.amazon.coral.validate#ValidationException","message":"Transaction payload size cannot exceed 4MB"}"""));
        Assert.Contains("4MB", (await Assert.ThrowsAsync<ArgumentException>(() => WriteAsync(Create("a", "new"), Create("b", "new")))).Message);
        faults.Next(Cancelled("None", "ValidationError"));
        await Assert.ThrowsAsync<ArgumentException>(() => WriteAsync(Create("a", "new"), Create("b", "new")));
    }

    [Fact]
    public async Task A_commit_id_that_served_another_batch_leaves_the_outcome_unknown()
    {
        // Under this token something was applied: that it was another batch, DynamoDB cannot know.
        var commitId = NewCommitId();
        Assert.True((await store.WriteAsync(partition, commitId, [Create("a", "1"), Create("b", "1")], default)).IsApplied);
        await Assert.ThrowsAsync<UnknownOutcomeException>(() => store.WriteAsync(partition, commitId, [Create("c", "1"), Create("d", "1")], default).AsTask());
        Assert.Null(await ValueOf("c"));
    }

    private static string NewCommitId() => Guid.NewGuid().ToString();

    private static ReadOnlyMemory<byte> Bytes(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    private static Write.Create Create(string id, string value) => new(id, Bytes(value));

    /// <summary>The answer to a transaction that was cancelled for these reasons, one a write.</summary>
    private static Faults.Fault Cancelled(params string[] codes) => Faults.Answered(
        HttpStatusCode.BadRequest,
        new JsonObject
        {
            ["__type"] = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            ["message"] = "Transaction cancelled",
            ["CancellationReasons"] = new JsonArray([.. codes.Select(code => new JsonObject { ["Code"] = code, ["Message"] = code == "None" ? null : "why" })]),
        }.ToJsonString());

    private async Task<WriteResult> WriteAsync(params Write[] writes) => await store.WriteAsync(partition, NewCommitId(), writes, default);

    private async Task ApplyAsync(params Write[] writes) => Assert.True((await other.WriteAsync(partition, NewCommitId(), writes, default)).IsApplied);

    private async Task<string> VersionOf(string id) => (await other.ReadAsync(partition, id, default))!.Version;

    private async Task<string?> ValueOf(string id) => await other.ReadAsync(partition, id, default) is { } item ? System.Text.Encoding.UTF8.GetString(item.Value.Span) : null;

    /// <summary>A write of each shape, over rows made for it.</summary>
    private async Task<Write[]> WritesAsync(string shape)
    {
        if (shape == "create")
        {
            return [Create("a", "new")];
        }

        await ApplyAsync(Create("a", "old"), Create("f/b", "old"), Create("guard", "old"));
        Write.Replace replace = new("a", Bytes("new"), await VersionOf("a"));
        return shape switch
        {
            "replace" => [replace],
            "delete" => [new Write.Delete("a", replace.Version)],
            "batch" => [replace, new Write.Delete("f/b", await VersionOf("f/b")), Create("f/c", "new")],
            _ => [new Write.Check("guard", await VersionOf("guard")), replace],
        };
    }

    private async Task AssertAppliedAsync(string shape)
    {
        Assert.Equal(shape == "delete" ? null : "new", await ValueOf("a"));
        Assert.Equal(shape == "batch" ? (null, "new") : (shape == "create" ? null : "old", null), (await ValueOf("f/b"), await ValueOf("f/c")));
    }

    /// <summary>Another writer, at every row there is and could be.</summary>
    private async Task ChangeAllAsync()
    {
        foreach (var id in new[] { "a", "f/b", "f/c" })
        {
            await ApplyAsync(await other.ReadAsync(partition, id, default) is { } row ? new Write.Replace(id, Bytes("other"), row.Version) : Create(id, "other"));
        }
    }
}
