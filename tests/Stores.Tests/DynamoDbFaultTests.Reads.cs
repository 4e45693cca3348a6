using System.Net;
using System.Text.Json.Nodes;
using Amazon.DynamoDBv2;
using Amazon.Runtime;
using Frazil.AwsBackend;
using Frazil.Storage;

namespace Frazil.Stores.Tests;

/// <summary>Reads over the same network, and how a store is set up.</summary>
public sealed partial class DynamoDbFaultTests
{
    [Fact]
    public async Task Reads_are_tried_again()
    {
        await ApplyAsync(Create("f/a", "1"), Create("f/b", "2"));
        var throttled = Faults.Answered(HttpStatusCode.BadRequest, """{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"slow down"}""");
        Faults.Fault[] trouble = [throttled, Faults.LostBefore(), Faults.LostAfter(), Faults.Answered(HttpStatusCode.InternalServerError, InternalError), Faults.TimedOut()];
        faults.Next(trouble);
        Assert.NotNull(await store.ReadAsync(partition, "f/a", default));
        faults.Next(trouble);
        Assert.Equal(2, (await store.ReadManyAsync(partition, ["f/a", "f/b"], default)).Count(item => item is not null));
        faults.Next(trouble);
        Assert.Equal(2, (await store.ListAsync(partition, "f/", null, 10, default)).Count);

        faults.Next([.. Enumerable.Repeat(throttled, Attempts.Max)]);
        await Assert.ThrowsAsync<StoreThrottledException>(() => store.ReadAsync(partition, "f/a", default).AsTask());
    }

    [Fact]
    public async Task Every_read_is_strongly_consistent()
    {
        // The emulator always is, so what was asked for is looked at.
        var asked = new List<string>();
        faults.Weather = () => async (request, send) =>
        {
            asked.Add(await request.Content!.ReadAsStringAsync());
            return await send();
        };
        await store.ReadAsync(partition, "f/a", default);
        await store.ReadManyAsync(partition, ["f/a", "f/b"], default);
        await store.ListAsync(partition, "f/", "f/a", 10, default);
        await store.WriteAsync(partition, NewCommitId(), [new Write.Check("f/a", "v")], default);
        Assert.Equal(4, asked.Count);
        Assert.All(asked, body => Assert.Contains("\"ConsistentRead\":true", body));
    }

    [Fact]
    public async Task Rows_that_a_many_keys_read_leaves_out_are_asked_for_again()
    {
        string[] ids = [.. Enumerable.Range(0, 40).Select(i => $"f/{i:00}")];
        await ApplyAsync([.. ids.Select(id => Create(id, id))]);
        faults.Next(Partial(15), Partial(0), Partial(1), Partial(20));
        Assert.Equal(ids, (await store.ReadManyAsync(partition, ids, default)).Select(item => item!.Id));
        Assert.Equal(5, faults.Requests);

        faults.Next([.. Enumerable.Repeat(Partial(0), Attempts.Max)]);
        await Assert.ThrowsAsync<StoreThrottledException>(() => store.ReadManyAsync(partition, ids, default).AsTask());
    }

    [Fact]
    public async Task A_list_looks_further_the_more_rows_have_ended()
    {
        for (var i = 0; i < 10; i++)
        {
            await ApplyAsync([.. Enumerable.Range(0, 40).Select(n => Create($"f/{i:00}-{n:00}", "old") with { ExpiresAt = clock.GetUtcNow() + TimeSpan.FromMinutes(1) })]);
        }

        string[] live = [.. Enumerable.Range(0, 5).Select(n => $"f/10-{n}")];
        await ApplyAsync([.. live.Select(id => Create(id, "1"))]);
        clock.Shift(TimeSpan.FromMinutes(2));

        faults.Next();
        Assert.Equal(live[..3], (await store.ListAsync(partition, "f/", null, 3, default)).Select(item => item.Id));
        Assert.InRange(faults.Requests, 1, 6);
        faults.Next();
        Assert.Equal(live[..1], (await store.ListAsync(partition, "f/", null, 1, default)).Select(item => item.Id));
        Assert.InRange(faults.Requests, 1, 10);
    }

    [Fact]
    public void A_client_that_repeats_requests_by_itself_is_refused()
    {
        using var repeats = new AmazonDynamoDBClient(new BasicAWSCredentials("x", "x"), new AmazonDynamoDBConfig { ServiceURL = "http://127.0.0.1:1" });
        Assert.Contains("AwsClients.Configure", Assert.Throws<ArgumentException>(() => new DynamoDbKeyValueStore(repeats, table, time, new IdSource())).Message);
    }

    [Fact]
    public async Task A_table_is_made_once_and_a_foreign_one_left_alone()
    {
        using var client = Aws.DynamoDb();
        var fresh = $"fresh-{Guid.NewGuid():N}";
        var stores = Enumerable.Range(0, 4).Select(_ => new DynamoDbKeyValueStore(client, fresh, time, new IdSource())).ToList();
        Assert.Contains("CreateTableIfMissingAsync", (await Assert.ThrowsAsync<IOException>(() => stores[0].ReadAsync(partition, "a", default).AsTask())).Message);
        await Task.WhenAll(stores.Select(each => each.CreateTableIfMissingAsync(default)));
        await stores[0].CreateTableIfMissingAsync(default);
        Assert.True((await stores[0].WriteAsync(partition, NewCommitId(), [Create("a", "1")], default)).IsApplied);
        Assert.Equal("PAY_PER_REQUEST", (await client.DescribeTableAsync(fresh)).Table.BillingModeSummary.BillingMode.Value);

        var foreign = $"foreign-{Guid.NewGuid():N}";
        await client.CreateTableAsync(new Amazon.DynamoDBv2.Model.CreateTableRequest
        {
            TableName = foreign,
            BillingMode = BillingMode.PAY_PER_REQUEST,
            AttributeDefinitions = [new("id", ScalarAttributeType.S)],
            KeySchema = [new("id", KeyType.HASH)],
        });
        await Assert.ThrowsAsync<InvalidDataException>(() => new DynamoDbKeyValueStore(client, foreign, time, new IdSource()).CreateTableIfMissingAsync(default));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_table_that_was_made_without_a_time_to_live_gets_one_where_that_is_allowed(bool isAllowed)
    {
        using var client = Aws.DynamoDb();
        var bare = $"bare-{Guid.NewGuid():N}";
        await client.CreateTableAsync(new Amazon.DynamoDBv2.Model.CreateTableRequest
        {
            TableName = bare,
            BillingMode = BillingMode.PAY_PER_REQUEST,
            AttributeDefinitions = [new("p", ScalarAttributeType.S), new("r", ScalarAttributeType.S)],
            KeySchema = [new("p", KeyType.HASH), new("r", KeyType.RANGE)],
        });
        var changes = 0;
        faults.Weather = () => async (request, send) =>
        {
            var operation = request.Headers.GetValues("X-Amz-Target").Single();
            changes += operation.EndsWith("UpdateTimeToLive", StringComparison.Ordinal) ? 1 : 0;
            return isAllowed || !operation.EndsWith("TimeToLive", StringComparison.Ordinal)
                ? await send()
                : await Faults.Answered(HttpStatusCode.BadRequest, """{"__type":"com.amazon.coral.service#AccessDeniedException","message":"denied"}""")(request, send);
        };
        var opened = new DynamoDbKeyValueStore(Aws.DynamoDb(faults), bare, time, new IdSource());
        await opened.CreateTableIfMissingAsync(default);
        await opened.CreateTableIfMissingAsync(default);

        var removal = (await client.DescribeTimeToLiveAsync(bare)).TimeToLiveDescription;
        Assert.Equal(isAllowed ? ("ENABLED", "e", 1) : ("DISABLED", null, 0), (removal.TimeToLiveStatus.Value, removal.AttributeName, changes));
        Assert.True((await opened.WriteAsync(partition, NewCommitId(), [Create("a", "1")], default)).IsApplied);
    }

    /// <summary>A many-keys read of which only the first rows are done, as DynamoDB answers under load.</summary>
    private static Faults.Fault Partial(int done) => async (request, send) =>
    {
        var body = JsonNode.Parse(await request.Content!.ReadAsStringAsync())!;
        var (table, keys) = body["RequestItems"]!.AsObject().Select(pair => (pair.Key, pair.Value!["Keys"]!.AsArray())).Single();
        var left = keys.Skip(done).Select(key => key!.DeepClone()).ToArray();
        var whole = JsonNode.Parse(await (await send()).Content.ReadAsStringAsync())!;
        var wanted = keys.Take(done).Select(key => key!["r"]!["S"]!.GetValue<string>()).ToHashSet();
        var rows = whole["Responses"]![table]!.AsArray().Where(row => wanted.Contains(row!["r"]!["S"]!.GetValue<string>())).Select(row => row!.DeepClone()).ToArray();
        return await Faults.Answered(
            HttpStatusCode.OK,
            new JsonObject
            {
                ["Responses"] = new JsonObject { [table] = new JsonArray(rows) },
                ["UnprocessedKeys"] = new JsonObject { [table] = new JsonObject { ["Keys"] = new JsonArray(left), ["ConsistentRead"] = true } },
            }.ToJsonString())(request, send);
    };
}
