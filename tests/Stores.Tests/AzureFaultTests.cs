using System.Text;
using Frazil.AzureBackend;
using Frazil.Storage;

namespace Frazil.Stores.Tests;

/// <summary>What the Azure stores make of requests and answers that are lost.</summary>
[Trait("Needs", "azurite")]
#pragma warning disable CA1001 // disposed of by xunit, through IAsyncLifetime
public sealed class AzureFaultTests : IAsyncLifetime
#pragma warning restore CA1001
{
    private readonly SpoiltRequests spoilt = new();
    private readonly string partition = $"test-{Guid.NewGuid():N}";
    private AzureTablesKeyValueStore store = null!;
    private AzureTablesKeyValueStore other = null!;
    private BlobObjectStore files = null!;
    private string folder = "";

    public async Task InitializeAsync()
    {
        var table = await AzureTablesKeyValueStoreTests.TableAsync();
        store = new AzureTablesKeyValueStore(Azurite.Table(table, spoilt), TimeProvider.System, new IdSource());
        other = new AzureTablesKeyValueStore(Azurite.Table(table), TimeProvider.System, new IdSource());
        folder = $"abfss://{await BlobObjectStoreTests.ContainerAsync()}@{Azurite.Account}.dfs.core.windows.net/{Guid.NewGuid():N}";
        files = new BlobObjectStore(Azurite.Blobs(spoilt), [folder], TimeProvider.System, new IdSource());
    }

    public Task DisposeAsync()
    {
        spoilt.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_batch_whose_request_is_lost_is_sent_again()
    {
        spoilt.LoseNextRequest();
        Assert.True((await WriteAsync(store, new Write.Create("a/1", Bytes("x")), new Write.Create("a/2", Bytes("y")))).IsApplied);
        Assert.Equal("y", await ReadAsync("a/2"));
    }

    [Fact]
    public async Task A_batch_whose_answer_is_lost_is_applied_and_never_reported_as_refused()
    {
        spoilt.LoseNextAnswer();
        Assert.True((await WriteAsync(store, new Write.Create("a/1", Bytes("x")), new Write.Create("a/2", Bytes("y")))).IsApplied);

        spoilt.LoseNextAnswer();
        Assert.True((await WriteAsync(store, new Write.Replace("a/1", Bytes("z"), await VersionAsync("a/1")))).IsApplied);
        Assert.Equal("z", await ReadAsync("a/1"));
    }

    [Fact]
    public async Task A_batch_whose_answer_is_lost_and_whose_row_was_overwritten_since_is_unknown()
    {
        Assert.True((await WriteAsync(other, new Write.Create("a/1", Bytes("0")))).IsApplied);
        var version = await VersionAsync("a/1");
        spoilt.LoseNextAnswer(async () => Assert.True((await WriteAsync(other, new Write.Replace("a/1", Bytes("2"), await VersionAsync("a/1")))).IsApplied));
        await Assert.ThrowsAsync<UnknownOutcomeException>(() => WriteAsync(store, new Write.Replace("a/1", Bytes("1"), version)));
    }

    [Fact]
    public async Task A_batch_whose_request_is_lost_and_whose_place_another_took_is_certainly_refused()
    {
        Assert.True((await WriteAsync(other, new Write.Create("a/1", Bytes("0")))).IsApplied);
        var version = await VersionAsync("a/1");
        spoilt.LoseNextRequest();
        Assert.True((await WriteAsync(other, new Write.Replace("a/1", Bytes("2"), version))).IsApplied);
        Assert.Equal("a/1", (await WriteAsync(store, new Write.Replace("a/1", Bytes("1"), version))).RefusedBy);
    }

    [Fact]
    public async Task A_delete_whose_answer_is_lost_is_unknown()
    {
        Assert.True((await WriteAsync(other, new Write.Create("a/1", Bytes("0")))).IsApplied);
        var version = await VersionAsync("a/1");
        spoilt.LoseNextAnswer();
        await Assert.ThrowsAsync<UnknownOutcomeException>(() => WriteAsync(store, new Write.Delete("a/1", version)));
    }

    [Fact]
    public async Task A_busy_server_is_asked_again_and_then_named_as_throttling()
    {
        spoilt.AnswerNext(503, "ServerBusy");
        Assert.True((await WriteAsync(store, new Write.Create("a/1", Bytes("x")))).IsApplied);
        for (var i = 0; i < Attempts.Max; i++)
        {
            spoilt.AnswerNext(503, "ServerBusy");
        }

        await Assert.ThrowsAsync<StoreThrottledException>(() => WriteAsync(store, new Write.Create("a/2", Bytes("x"))));
        Assert.Null(await ReadAsync("a/2"));
    }

    [Fact]
    public async Task A_listing_whose_answer_is_lost_is_asked_again_a_few_times()
    {
        Assert.True(await files.CreateAsync($"{folder}/a", Bytes("x"), default));
        spoilt.LoseNextAnswer();
        Assert.Equal([$"{folder}/a"], await files.ListAsync(folder, default).ToListAsync());
        for (var i = 0; i < Attempts.Max; i++)
        {
            spoilt.LoseNextAnswer();
        }

        await Assert.ThrowsAsync<IOException>(async () => await files.ListAsync(folder, default).ToListAsync());
        Assert.Equal([$"{folder}/a"], await files.ListAsync(folder, default).ToListAsync());
    }

    [Fact]
    public async Task A_file_whose_answer_is_lost_is_created_once_and_known_as_ours()
    {
        spoilt.LoseNextAnswer();
        Assert.True(await files.CreateAsync($"{folder}/a", Bytes("x"), default));
        spoilt.LoseNextRequest();
        Assert.True(await files.CreateAsync($"{folder}/b", Bytes("y"), default));
        Assert.False(await files.CreateAsync($"{folder}/a", Bytes("z"), default));
        Assert.Equal("x", Encoding.UTF8.GetString((await files.ReadAsync($"{folder}/a", default))!.Value.Span));
    }

    private static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private Task<WriteResult> WriteAsync(AzureTablesKeyValueStore to, params Write[] writes) => to.WriteAsync(partition, $"{Guid.NewGuid():N}", writes, default).AsTask();

    private async Task<string?> ReadAsync(string id) => await other.ReadAsync(partition, id, default) is { } item ? Encoding.UTF8.GetString(item.Value.Span) : null;

    private async Task<string> VersionAsync(string id) => (await other.ReadAsync(partition, id, default))!.Version;
}
