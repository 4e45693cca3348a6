using Amazon.DynamoDBv2;
using Amazon.Runtime;
using Amazon.S3;
using Azure.Data.Tables;
using Azure.Storage;
using Azure.Storage.Blobs;
using Frazil.AwsBackend;
using Frazil.AzureBackend;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil.Stores.Tests;

/// <summary>Services at whose address nobody answers: nothing was asked, so nothing was done, and everybody is told so.</summary>
public sealed class UnreachableTests
{
    private const string Nowhere = "http://127.0.0.1:1";

    [Theory]
    [InlineData("dynamodb")]
    [InlineData("azure")]
    public async Task A_store_that_cannot_be_reached_is_unavailable(string kind)
    {
        var store = Store(kind);
        var failure = await Assert.ThrowsAsync<StoreUnavailableException>(() => store.WriteAsync("p", "c1", [new Write.Create("a", default)], default).AsTask());
        Assert.Contains("cannot be reached", failure.Message, StringComparison.Ordinal);
        Assert.Equal("its store cannot be reached", failure.Reason);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.WriteAsync("p", "c2", [new Write.Create("a", default), new Write.Create("b", default)], default).AsTask());
        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.ReadAsync("p", "a", default).AsTask());
        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.ListAsync("p", "f/", null, 10, default).AsTask());

        var told = await Assert.ThrowsAsync<CatalogException>(() => new StoreWriter(store, new InstantTime(), new IdSource()).WriteAsync("p", [new Write.Create("a", default)], default).AsTask());
        Assert.Equal(ErrorKind.Unavailable, told.Kind);
    }

    [Theory]
    [InlineData("s3")]
    [InlineData("azure")]
    public async Task A_storage_that_cannot_be_reached_is_unavailable(string kind)
    {
        var (files, location) = Files(kind);
        var failure = await Assert.ThrowsAsync<StoreUnavailableException>(() => files.CreateAsync(location, new byte[] { 1 }, default).AsTask());
        Assert.Equal("its storage cannot be reached", failure.Reason);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => files.ReadAsync(location, default).AsTask());
        await Assert.ThrowsAsync<StoreUnavailableException>(() => files.OpenReadAsync(location, default).AsTask());
        await Assert.ThrowsAsync<StoreUnavailableException>(() => files.DeleteAsync(location, default).AsTask());
    }

    [Fact]
    public async Task A_table_is_not_made_where_nobody_answers() =>
        await Assert.ThrowsAsync<StoreUnavailableException>(() => ((DynamoDbKeyValueStore)Store("dynamodb")).CreateTableIfMissingAsync(default));

    private static IKeyValueStore Store(string kind) => kind == "dynamodb"
        ? new DynamoDbKeyValueStore(
            new AmazonDynamoDBClient(new BasicAWSCredentials("x", "x"), AwsClients.Configure(new AmazonDynamoDBConfig { ServiceURL = Nowhere, AuthenticationRegion = "us-east-1" })),
            "t",
            new InstantTime(),
            new IdSource())
        : new AzureTablesKeyValueStore(
            new TableClient(new Uri(Nowhere), "t", new TableSharedKeyCredential("account", "a2V5"), AzureClients.ForTables()), new InstantTime(), new IdSource());

    private static (IObjectStore Files, string Location) Files(string kind) => kind == "s3"
        ? (new S3ObjectStore(
            new AmazonS3Client(new BasicAWSCredentials("x", "x"), AwsClients.Configure(new AmazonS3Config { ServiceURL = Nowhere, AuthenticationRegion = "us-east-1", ForcePathStyle = true })),
            ["s3://bucket/w"],
            new InstantTime(),
            new IdSource()), "s3://bucket/w/a")
        : (new BlobObjectStore(
            new BlobServiceClient(new Uri($"{Nowhere}/account"), new StorageSharedKeyCredential("account", "a2V5"), AzureClients.ForBlobs()),
            ["abfss://container@account.dfs.core.windows.net/w"],
            new InstantTime(),
            new IdSource()), "abfss://container@account.dfs.core.windows.net/w/a");
}
