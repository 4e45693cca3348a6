using System.Text;
using System.Text.Json;
using Frazil.Api;
using Frazil.Entities;
using Frazil.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Frazil.Hosts.Tests;

/// <summary>What <c>/health/ready</c> says of a store that is in trouble.</summary>
public sealed class ReadinessTests
{
    private static readonly Item Catalog = new(
        "catalog/default",
        new CatalogEntity { Id = Guid.Empty, Name = "default", Storage = new StorageProfile { Type = StorageType.Memory, BaseLocation = "memory://warehouse" }, CreatedAt = DateTimeOffset.UnixEpoch }.ToValue(),
        "1",
        "c");

    private readonly FakeTimeProvider clock = new();

    [Fact]
    public async Task A_store_that_fails_makes_it_unavailable_with_a_reason_and_no_details() =>
        Assert.Equal((503, "the store failed: IOException"), await ReadyAsync(_ => throw new IOException("disk /dev/secret is gone")));

    [Fact]
    public async Task A_store_that_throttles_makes_it_unavailable() =>
        Assert.Equal((503, "the store is throttling"), await ReadyAsync(_ => throw new StoreThrottledException("slow down")));

    [Fact]
    public async Task A_store_that_does_not_answer_makes_it_unavailable_after_two_seconds()
    {
        var asked = new TaskCompletionSource();
        var answer = ReadyAsync(async cancellationToken =>
        {
            asked.SetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return null;
        });
        await asked.Task;

        clock.Advance(TimeSpan.FromSeconds(1.9));
        Assert.False(answer.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(0.2));

        Assert.Equal((503, "the store did not answer within 2 s"), await answer);
    }

    [Fact]
    public async Task A_store_that_would_take_no_writes_makes_it_unavailable_with_the_reason() =>
        Assert.Equal((503, "its disk is full"), await ReadyAsync(
            _ => ValueTask.FromResult<Item?>(Catalog), () => throw new StoreUnavailableException("its disk is full", "the disk of /dev/secret is full")));

    [Fact]
    public async Task A_store_that_answers_makes_it_ready() => Assert.Equal((200, null), await ReadyAsync(_ => ValueTask.FromResult<Item?>(Catalog)));

    [Fact]
    public async Task A_store_without_the_catalog_makes_it_unavailable() => Assert.Equal((503, "the catalog is not there"), await ReadyAsync(_ => ValueTask.FromResult<Item?>(null)));

    [Fact]
    public async Task A_catalog_that_cannot_be_read_makes_it_unavailable()
    {
        var (status, reason) = await ReadyAsync(_ => ValueTask.FromResult<Item?>(Catalog with { Value = "{\"name\":"u8.ToArray() }));
        Assert.Equal(503, status);
        Assert.StartsWith("the store failed: ", reason, StringComparison.Ordinal);
    }

    private async Task<(int Status, string? Reason)> ReadyAsync(Func<CancellationToken, ValueTask<Item?>> read, Func<ValueTask>? check = null)
    {
        var operations = new Operations(new ReadOnlyStore(read, check), _ => new InMemoryObjectStore("memory://warehouse"), new FrazilOptions(), clock, new IdSource());
        var body = new MemoryStream();
        var http = new DefaultHttpContext();
        http.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(body));
        http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget = "/health/ready";
        http.Request.Method = "GET";

        await new FrazilPipeline(operations, NullLogger<FrazilPipeline>.Instance).InvokeAsync(http);

        var answer = JsonSerializer.Deserialize<JsonElement>(Encoding.UTF8.GetString(body.ToArray()));
        return (http.Response.StatusCode, answer.TryGetProperty("reason", out var reason) ? reason.GetString() : null);
    }

    /// <summary>A store whose reads do as a test says.</summary>
    private sealed class ReadOnlyStore(Func<CancellationToken, ValueTask<Item?>> read, Func<ValueTask>? check) : IKeyValueStore
    {
        public ValueTask CheckAsync(CancellationToken cancellationToken) => check?.Invoke() ?? default;

        public ValueTask<Item?> ReadAsync(string partition, string id, CancellationToken cancellationToken) => read(cancellationToken);

        public ValueTask<IReadOnlyList<Item?>> ReadManyAsync(string partition, IReadOnlyList<string> ids, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<IReadOnlyList<Item>> ListAsync(string partition, string prefix, string? after, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<int> SweepAsync(string partition, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<WriteResult> WriteAsync(string partition, string commitId, IReadOnlyList<Write> writes, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
