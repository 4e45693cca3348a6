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
    public async Task A_server_that_cannot_be_reached_leaves_nothing_open()
    {
        var config = AwsClients.Configure(new AmazonDynamoDBConfig { ServiceURL = "http://127.0.0.1:1", AuthenticationRegion = "us-east-1" });
        using var client = new AmazonDynamoDBClient(new BasicAWSCredentials("x", "x"), config);
        var unreachable = new DynamoDbKeyValueStore(client, table, time, new IdSource());
        Assert.Contains("cannot be reached", (await Assert.ThrowsAsync<IOException>(() => unreachable.WriteAsync(partition, NewCommitId(), [Create("a", "1")], default).AsTask())).Message);
        await Assert.ThrowsAsync<IOException>(() => unreachable.ReadAsync(partition, "a", default).AsTask());
        await Assert.ThrowsAsync<IOException>(() => unreachable.CreateTableIfMissingAsync(default));
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
