using System.Net;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Frazil.AwsBackend;
using Frazil.Storage;
using Moq;

namespace Frazil.Stores.Tests;

/// <summary>
/// What no emulator does: services that ask to slow down for as long as one likes, and clients that have no credentials. The vendor's client is a mock here, strict: whatever else is called fails the test.
/// </summary>
public sealed class VendorClientTests
{
    private const string Location = "s3://bucket/x/metadata/1.json";

    private readonly InstantTime time = new();
    private readonly Mock<IAmazonDynamoDB> dynamoDb = new(MockBehavior.Strict);
    private readonly Mock<IAmazonS3> s3 = new(MockBehavior.Strict);

    public VendorClientTests()
    {
        dynamoDb.SetupGet(client => client.Config).Returns(AwsClients.Configure(new AmazonDynamoDBConfig { ServiceURL = "http://127.0.0.1:9" }));
        s3.SetupGet(client => client.Config).Returns(AwsClients.Configure(new AmazonS3Config { ServiceURL = "http://127.0.0.1:9" }));
    }

    private DynamoDbKeyValueStore Store => new(dynamoDb.Object, "table", time, new IdSource());

    private S3ObjectStore Files => new(s3.Object, ["s3://bucket/x"], time, new IdSource());

    [Fact]
    public async Task A_table_that_throttles_for_good_is_asked_a_bounded_number_of_times_and_then_is_a_throttled_store()
    {
        dynamoDb.Setup(client => client.GetItemAsync(It.IsAny<GetItemRequest>(), It.IsAny<CancellationToken>())).ThrowsAsync(Throttled());
        await Assert.ThrowsAsync<StoreThrottledException>(() => Store.ReadAsync("partition", "a/1", CancellationToken.None).AsTask());
        dynamoDb.Verify(client => client.GetItemAsync(It.IsAny<GetItemRequest>(), It.IsAny<CancellationToken>()), Times.Exactly(Attempts.Max));

        dynamoDb.Setup(client => client.PutItemAsync(It.IsAny<PutItemRequest>(), It.IsAny<CancellationToken>())).ThrowsAsync(Throttled());
        await Assert.ThrowsAsync<StoreThrottledException>(() => WriteAsync());
        dynamoDb.Verify(client => client.PutItemAsync(It.IsAny<PutItemRequest>(), It.IsAny<CancellationToken>()), Times.Exactly(Attempts.Max));

        Assert.Equal(2 * (Attempts.Max - 1), time.Waits.Count);
    }

    [Fact]
    public async Task A_write_that_was_throttled_twice_is_applied_under_the_commit_id_of_its_first_try()
    {
        List<string> sent = [];
        var answers = new Queue<Exception?>([Throttled(), Throttled(), null]);
        dynamoDb.Setup(client => client.PutItemAsync(It.IsAny<PutItemRequest>(), It.IsAny<CancellationToken>()))
            .Callback((PutItemRequest request, CancellationToken _) => sent.Add(string.Join(',', request.Item.Where(value => value.Value.S is not null).Select(value => $"{value.Key}={value.Value.S}").Order(StringComparer.Ordinal))))
            .Returns(() => answers.Dequeue() is { } failure ? Task.FromException<PutItemResponse>(failure) : Task.FromResult(new PutItemResponse()));

        Assert.True((await WriteAsync()).IsApplied);

        Assert.Equal(3, sent.Count);
        Assert.Single(sent.Distinct());
        Assert.Contains("commit-1", sent[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_batch_that_is_throttled_for_good_was_certainly_not_applied()
    {
        var cancelled = new TransactionCanceledException("cancelled") { ErrorCode = "TransactionCanceledException", CancellationReasons = [new() { Code = "ThrottlingError" }, new() { Code = "None" }] };
        dynamoDb.Setup(client => client.TransactWriteItemsAsync(It.IsAny<TransactWriteItemsRequest>(), It.IsAny<CancellationToken>())).ThrowsAsync(cancelled);

        await Assert.ThrowsAsync<StoreThrottledException>(() => Store.WriteAsync(
            "partition", "commit-1", [new Write.Create("a/1", "{}"u8.ToArray()), new Write.Create("a/2", "{}"u8.ToArray())], CancellationToken.None).AsTask());

        dynamoDb.Verify(client => client.TransactWriteItemsAsync(It.IsAny<TransactWriteItemsRequest>(), It.IsAny<CancellationToken>()), Times.Exactly(Attempts.Max));
    }

    [Fact]
    public async Task A_bucket_that_asks_to_slow_down_for_good_is_a_throttled_store_and_nothing_is_deleted()
    {
        s3.Setup(client => client.PutObjectAsync(It.IsAny<PutObjectRequest>(), It.IsAny<CancellationToken>())).ThrowsAsync(SlowDown());
        s3.Setup(client => client.GetObjectAsync(It.IsAny<GetObjectRequest>(), It.IsAny<CancellationToken>())).ThrowsAsync(SlowDown());

        await Assert.ThrowsAsync<StoreThrottledException>(() => Files.CreateAsync(Location, "{}"u8.ToArray(), CancellationToken.None).AsTask());
        await Assert.ThrowsAsync<StoreThrottledException>(() => Files.ReadAsync(Location, CancellationToken.None).AsTask());

        s3.Verify(client => client.PutObjectAsync(It.IsAny<PutObjectRequest>(), It.IsAny<CancellationToken>()), Times.Exactly(Attempts.Max));
        s3.Verify(client => client.GetObjectAsync(It.IsAny<GetObjectRequest>(), It.IsAny<CancellationToken>()), Times.Exactly(Attempts.Max));
    }

    [Fact]
    public async Task Credentials_that_cannot_be_had_fail_a_creation_without_doubt_about_its_outcome()
    {
        s3.Setup(client => client.PutObjectAsync(It.IsAny<PutObjectRequest>(), It.IsAny<CancellationToken>()))
            .ThrowsAsync(new AmazonS3Exception("The security token included in the request is expired", ErrorType.Sender, "ExpiredToken", "1", HttpStatusCode.BadRequest));

        var failure = await Assert.ThrowsAnyAsync<Exception>(() => Files.CreateAsync(Location, "{}"u8.ToArray(), CancellationToken.None).AsTask());

        Assert.IsNotType<UnknownOutcomeException>(failure);
        Assert.Contains("expired", failure.Message, StringComparison.Ordinal);
        s3.Verify(client => client.PutObjectAsync(It.IsAny<PutObjectRequest>(), It.IsAny<CancellationToken>()), Times.Once);
    }

    private Task<WriteResult> WriteAsync() => Store.WriteAsync("partition", "commit-1", [new Write.Create("a/1", "{}"u8.ToArray())], CancellationToken.None).AsTask();

    private static ProvisionedThroughputExceededException Throttled() =>
        new("slow down", ErrorType.Sender, "ProvisionedThroughputExceededException", "1", HttpStatusCode.BadRequest);

    private static AmazonS3Exception SlowDown() => new("Please reduce your request rate.", ErrorType.Sender, "SlowDown", "1", HttpStatusCode.ServiceUnavailable);
}
