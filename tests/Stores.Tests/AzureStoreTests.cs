using Azure.Storage.Blobs;
using Frazil.AzureBackend;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil.Stores.Tests;

[Trait("Needs", "azurite")]
public sealed class AzureTablesKeyValueStoreTests : KeyValueStoreTests
{
    private static readonly Lazy<Task<string>> Shared = new(async () =>
    {
        var table = $"stores{Guid.NewGuid():N}";
        await new AzureTablesKeyValueStore(Azurite.Table(table), TimeProvider.System, new IdSource()).CreateTableIfMissingAsync(default);
        return table;
    });

    private IKeyValueStore? store;

    protected override IKeyValueStore Store => store!;

    protected override int ModelRuns => 10;

    /// <summary>One table for the whole run; each test has its own partition.</summary>
    public static Task<string> TableAsync() => Shared.Value;

    public override async Task InitializeAsync() => store = new AzureTablesKeyValueStore(Azurite.Table(await TableAsync()), TimeProvider.System, new IdSource(), Clock);
}

[Trait("Needs", "azurite")]
public sealed class BlobObjectStoreTests : ObjectStoreTests, IAsyncLifetime
{
    private static readonly Lazy<Task<string>> Shared = new(async () =>
    {
        var container = $"stores-{Guid.NewGuid():N}";
        await Azurite.Blobs().CreateBlobContainerAsync(container);
        return container;
    });

    private string container = "";
    private IObjectStore? store;

    protected override IObjectStore Store => store!;

    protected override string Folder => $"abfss://{container}@{Azurite.Account}.dfs.core.windows.net/warehouse";

    /// <summary>One container for the whole run; each test has its own folder.</summary>
    public static Task<string> ContainerAsync() => Shared.Value;

    public async Task InitializeAsync()
    {
        container = await ContainerAsync();
        store = new BlobObjectStore(Azurite.Blobs(), [Folder], TimeProvider.System, new IdSource());
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Every_spelling_is_the_same_blob()
    {
        Assert.True(await CreateAsync(At("a"), "x"));
        var rest = At("a").Split(".dfs.core.windows.net/", 2)[1];
        foreach (var alike in new[]
        {
            $"abfs://{container}@{Azurite.Account}.dfs.core.windows.net/{rest}",
            $"wasb://{container}@{Azurite.Account}.blob.core.windows.net/{rest}",
            $"wasbs://{container}@{Azurite.Account}.blob.core.windows.net/{rest}",
            $"https://{Azurite.Account}.blob.core.windows.net/{container}/{rest}",
        })
        {
            Assert.Equal("x", await ReadAsync(alike));
            Assert.False(await CreateAsync(alike, "y"));
        }
    }

    [Fact]
    public void A_root_in_an_account_that_is_not_reached_is_a_bad_request()
    {
        var refusal = Assert.Throws<CatalogException>(
            () => new BlobObjectStore(Azurite.Blobs(), [Folder, "abfss://lake@other.dfs.core.windows.net/warehouse"], TimeProvider.System, new IdSource()));
        Assert.Equal(ErrorKind.BadRequest, refusal.Kind);
        Assert.Contains($"in the storage account 'other', which this server does not reach; it reaches {Azurite.Account}", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_account_is_reached_by_its_own_client()
    {
        // Nothing listens on the discard port.
        var other = new BlobServiceClient(new Uri("http://127.0.0.1:9/other"), AzureClients.ForBlobs());
        var both = new BlobObjectStore([Azurite.Blobs(), other], [Folder, "abfss://lake@other.dfs.core.windows.net/warehouse"], TimeProvider.System, new IdSource());
        Assert.True(await both.CreateAsync(At("mine"), Bytes("x"), default));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await both.ReadAsync("abfss://lake@other.dfs.core.windows.net/warehouse/theirs", default));
        var refusal = await Assert.ThrowsAsync<CatalogException>(async () => await both.ReadAsync("abfss://lake@third.dfs.core.windows.net/warehouse/theirs", default));
        Assert.Equal(ErrorKind.Forbidden, refusal.Kind);
    }

    [Theory]
    [InlineData("abfss://lake.dfs.core.windows.net/warehouse/a")]
    [InlineData("s3://bucket/warehouse/a")]
    [InlineData("https://devstoreaccount1.blob.core.windows.net/")]
    public async Task What_names_no_blob_is_a_bad_request(string location)
    {
        var refusal = await Assert.ThrowsAsync<CatalogException>(async () => await Store.ReadAsync(location, default));
        Assert.Equal(ErrorKind.BadRequest, refusal.Kind);
    }
}
