using System.Net;
using Amazon.S3;
using Amazon.S3.Model;
using Frazil.AwsBackend;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil.Stores.Tests;

[Trait("Needs", "s3")]
public sealed class S3ObjectStoreTests : ObjectStoreTests, IAsyncLifetime
{
    private static readonly Lazy<Task<string>> Shared = new(async () =>
    {
        using var client = Aws.S3();
        var bucket = $"stores-{Guid.NewGuid():N}";
        await client.PutBucketAsync(bucket);
        return bucket;
    });

    private string bucket = "";
    private IObjectStore? store;

    protected override IObjectStore Store => store!;

    protected override string Folder => $"s3://{bucket}/warehouse";

    /// <summary>One bucket for the whole run; each test has its own folder.</summary>
    public static Task<string> BucketAsync() => Shared.Value;

    public async Task InitializeAsync()
    {
        bucket = await BucketAsync();
        store = new S3ObjectStore(Aws.S3(), [Folder], TimeProvider.System, new IdSource());
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Every_scheme_is_the_same_object()
    {
        var location = At("a");
        Assert.True(await CreateAsync(location.Replace("s3:", "s3a:", StringComparison.Ordinal), "x"));
        foreach (var scheme in new[] { "s3:", "s3a:", "s3n:" })
        {
            var alike = location.Replace("s3:", scheme, StringComparison.Ordinal);
            Assert.Equal("x", await ReadAsync(alike));
            Assert.False(await CreateAsync(alike, "y"));
            Assert.Equal([alike], await ListAsync(alike[..^2]));
        }
    }

    [Fact]
    public async Task Doubled_slashes_are_other_keys()
    {
        Assert.True(await CreateAsync(At("a/b"), "one"));
        Assert.True(await CreateAsync(At("a//b"), "two"));
        Assert.Equal(("one", "two"), (await ReadAsync(At("a/b")), await ReadAsync(At("a//b"))));
        using var client = Aws.S3();
        var keys = (await client.ListObjectsV2Async(new ListObjectsV2Request { BucketName = bucket, Prefix = At("a/")[$"s3://{bucket}/".Length..] })).S3Objects.Select(found => found.Key);
        Assert.Equal(new[] { At("a//b"), At("a/b") }.Select(location => location[$"s3://{bucket}/".Length..]), keys);
    }

    [Fact]
    public async Task A_key_is_raw()
    {
        await CreateAsync(At("a%2Fb c+d"), "x");
        using var client = Aws.S3();
        var found = await client.ListObjectsV2Async(new ListObjectsV2Request { BucketName = bucket, Prefix = At("")[$"s3://{bucket}/".Length..] });
        Assert.EndsWith("/a%2Fb c+d", Assert.Single(found.S3Objects).Key);
    }

    [Fact]
    public async Task A_key_has_1024_bytes_and_not_one_more()
    {
        var name = new string('a', 1024 - At("")[$"s3://{bucket}/".Length..].Length);
        Assert.True(await CreateAsync(At(name), "x"));
        Assert.Equal("x", await ReadAsync(At(name)));
        await RefusesAsync(At(name + "a"), ErrorKind.BadRequest);
    }

    [Theory]
    [InlineData("s3://")]
    [InlineData("s3:///a")]
    [InlineData("s3://ab/a")]
    [InlineData("s3://user@bucket/a")]
    [InlineData("s3://bucket:80/a")]
    [InlineData("s3://buck%65t/a")]
    [InlineData("s3://bucket?x/a")]
    [InlineData("s3://bucket")]
    [InlineData("s3://bucket/")]
    [InlineData("S3://bucket/a")]
    [InlineData("gs://bucket/a")]
    public Task What_is_no_object_is_refused(string location) => RefusesAsync(location, ErrorKind.BadRequest);

    [Fact]
    public async Task Another_bucket_is_outside() => await RefusesAsync($"s3://{bucket}x/warehouse/a", ErrorKind.Forbidden);

    [Fact]
    public async Task More_than_one_page_is_listed()
    {
        var names = Enumerable.Range(0, 1100).Select(i => At($"many/{i:0000}")).ToList();
        foreach (var chunk in names.Chunk(50))
        {
            await Task.WhenAll(chunk.Select(location => CreateAsync(location, "x")));
        }

        Assert.Equal(names, (await ListAsync(At("many"))).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_bucket_that_is_not_there_says_so()
    {
        var missing = $"missing-{Guid.NewGuid():N}";
        var nowhere = new S3ObjectStore(Aws.S3(), [$"s3://{missing}"], TimeProvider.System, new IdSource());

        // Of a small body, the HTTP client sends what the answer says is not wanted, and radosgw takes it for the beginning of the next request on that connection.
        var content = new byte[2000];
        Assert.Contains("does not exist", (await Assert.ThrowsAsync<IOException>(() => nowhere.ReadAsync($"s3://{missing}/a", default).AsTask())).Message);
        Assert.Contains("does not exist", (await Assert.ThrowsAsync<IOException>(() => nowhere.CreateAsync($"s3://{missing}/a", content, default).AsTask())).Message);
    }
}

/// <summary>S3 over a network that loses requests and answers.</summary>
[Trait("Needs", "s3")]
public sealed class S3FaultTests : IAsyncLifetime
{
    private readonly Faults faults = new();
    private S3ObjectStore store = null!;
    private S3ObjectStore other = null!;
    private string at = "";

    public async Task InitializeAsync()
    {
        var bucket = await S3ObjectStoreTests.BucketAsync();
        store = new S3ObjectStore(Aws.S3(faults), [$"s3://{bucket}"], new InstantTime(), new IdSource());
        other = new S3ObjectStore(Aws.S3(), [$"s3://{bucket}"], TimeProvider.System, new IdSource());
        at = $"s3://{bucket}/{Guid.NewGuid():N}/a";
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_creation_whose_answer_is_lost_is_told_from_another()
    {
        faults.Next(Faults.LostAfter());
        Assert.True(await CreateAsync("ours"));
        Assert.Equal(3, faults.Requests); // sent, refused by itself, looked at

        faults.Next(Faults.LostAfter());
        Assert.False(await CreateAsync("ours"));
        Assert.Equal("ours", await ReadAsync());
    }

    [Fact]
    public async Task A_read_that_breaks_off_holds_memory_once()
    {
        Assert.True(await CreateAsync(new string('x', 1000)));
        var memory = new MemoryBudget(1500);
        var measures = Measures.Begin(memory);
        faults.Next(Faults.CutShort(), Faults.CutShort(), Faults.CutShort());

        Assert.Equal(1000, (await store.ReadAsync(at, default))!.Value.Length);

        Assert.Equal(4, faults.Requests);
        Assert.Equal(1000, memory.Held);
        measures.Release();
        Assert.Equal(0, memory.Held);
    }

    [Fact]
    public async Task A_creation_that_finds_the_place_taken_asks_once()
    {
        Assert.True(await other.CreateAsync(at, Bytes("other"), default));
        faults.Next();
        Assert.False(await CreateAsync("ours"));
        Assert.Equal(1, faults.Requests);
    }

    [Fact]
    public async Task A_creation_that_is_lost_is_sent_again()
    {
        faults.Next(Faults.LostBefore(), Faults.TimedOut(), Faults.Answered(HttpStatusCode.InternalServerError, Error("InternalError")));
        Assert.True(await CreateAsync("ours"));
        Assert.Equal("ours", await ReadAsync());
        Assert.Equal(4, faults.Requests);
    }

    [Fact]
    public async Task A_creation_that_is_lost_loses_to_another_with_the_same_content()
    {
        faults.Next(Faults.LostBefore(async () => Assert.True(await other.CreateAsync(at, Bytes("same"), default))));
        Assert.False(await CreateAsync("same"));
    }

    [Fact]
    public async Task A_creation_that_is_done_and_answered_with_an_error_is_ours()
    {
        faults.Next(Faults.AnsweredAfter(HttpStatusCode.ServiceUnavailable, Error("ServiceUnavailable")), Faults.AnsweredAfter(HttpStatusCode.InternalServerError, Error("InternalError")));
        Assert.True(await CreateAsync("ours"));
        Assert.Equal("ours", await ReadAsync());
    }

    [Fact]
    public async Task A_creation_whose_every_answer_is_lost_is_looked_up()
    {
        faults.Next([.. Enumerable.Repeat(Faults.LostAfter(), Attempts.Max)]);
        Assert.True(await CreateAsync("ours"));
    }

    [Fact]
    public async Task A_creation_that_nobody_can_look_up_is_unknown()
    {
        faults.Next([.. Enumerable.Repeat(Faults.LostAfter(), 2 * Attempts.Max)]);
        await Assert.ThrowsAsync<UnknownOutcomeException>(() => CreateAsync("ours"));
        Assert.Equal("ours", await ReadAsync());
    }

    [Fact]
    public async Task A_creation_that_never_arrives_is_unknown()
    {
        faults.Next([.. Enumerable.Repeat(Faults.LostBefore(), Attempts.Max)]);
        await Assert.ThrowsAsync<UnknownOutcomeException>(() => CreateAsync("ours"));
        Assert.Null(await ReadAsync());
    }

    [Fact]
    public async Task A_creation_beside_another_is_tried_again()
    {
        var conflict = Faults.Answered(HttpStatusCode.Conflict, Error("ConditionalRequestConflict"));
        faults.Next(conflict, conflict);
        Assert.True(await CreateAsync("ours"));
        faults.Next([.. Enumerable.Repeat(conflict, Attempts.Max)]);
        await Assert.ThrowsAsync<StoreThrottledException>(() => CreateAsync("ours"));
    }

    [Fact]
    public async Task A_store_that_throttles_is_asked_again_a_few_times()
    {
        var slowDown = Faults.Answered(HttpStatusCode.ServiceUnavailable, Error("SlowDown"));
        faults.Next(slowDown, slowDown);
        Assert.True(await CreateAsync("ours"));
        faults.Next(slowDown, slowDown);
        Assert.NotNull(await store.ReadAsync(at, default));
        faults.Next([.. Enumerable.Repeat(slowDown, Attempts.Max)]);
        await Assert.ThrowsAsync<StoreThrottledException>(() => CreateAsync("ours"));
        faults.Next([.. Enumerable.Repeat(slowDown, Attempts.Max)]);
        await Assert.ThrowsAsync<StoreThrottledException>(() => store.ReadAsync(at, default).AsTask());
    }

    [Fact]
    public async Task A_denial_says_so_and_leaves_nothing_open()
    {
        var denied = Faults.Answered(HttpStatusCode.Forbidden, Error("AccessDenied"));
        faults.Next(denied);
        Assert.Equal(ErrorKind.Forbidden, (await Assert.ThrowsAsync<CatalogException>(() => CreateAsync("ours"))).Kind);
        faults.Next(denied);
        Assert.Equal(ErrorKind.Forbidden, (await Assert.ThrowsAsync<CatalogException>(() => store.ReadAsync(at, default).AsTask())).Kind);
    }

    [Fact]
    public async Task A_read_whose_answer_breaks_off_is_read_again()
    {
        var content = new byte[300_000];
        Random.Shared.NextBytes(content);
        Assert.True(await other.CreateAsync(at, content, default));
        faults.Next(Faults.LostBefore(), BrokenOff(), BrokenOff());
        Assert.True((await store.ReadAsync(at, default))!.Value.Span.SequenceEqual(content));
        Assert.Equal(4, faults.Requests);
    }

    [Fact]
    public async Task A_file_too_large_to_be_read_whole_is_said_to_be_and_is_not_fetched()
    {
        faults.Next((request, _) =>
        {
            var answer = new HttpResponseMessage(HttpStatusCode.OK) { RequestMessage = request, Content = new StreamContent(Stream.Null) };
            answer.Content.Headers.ContentLength = IObjectStore.MaxReadBytes + 1L;
            return Task.FromResult(answer);
        });
        Assert.Contains($"{IObjectStore.MaxReadBytes}", (await Assert.ThrowsAsync<CatalogException>(() => store.ReadAsync(at, default).AsTask())).Message);
        Assert.Equal(1, faults.Requests);
    }

    [Fact]
    public void A_client_that_repeats_requests_by_itself_is_refused()
    {
        using var repeats = new AmazonS3Client(new Amazon.Runtime.BasicAWSCredentials("x", "x"), new AmazonS3Config { ServiceURL = "http://127.0.0.1:1" });
        Assert.Contains("AwsClients.Configure", Assert.Throws<ArgumentException>(() => new S3ObjectStore(repeats, ["s3://bucket"], TimeProvider.System, new IdSource())).Message);
    }

    private static string Error(string code) => $"<Error><Code>{code}</Code><Message>why</Message></Error>";

    private static ReadOnlyMemory<byte> Bytes(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    /// <summary>Half of the body, then a broken connection.</summary>
    private static Faults.Fault BrokenOff() => async (_, send) =>
    {
        var response = await send();
        var body = await response.Content.ReadAsByteArrayAsync();
        var content = new StreamContent(new BreakingStream(body.AsSpan(0, body.Length / 2).ToArray()));
        content.Headers.ContentLength = body.Length;
        response.Content = content;
        return response;
    };

    private async Task<bool> CreateAsync(string text) => await store.CreateAsync(at, Bytes(text), default);

    private async Task<string?> ReadAsync() => await other.ReadAsync(at, default) is { } content ? System.Text.Encoding.UTF8.GetString(content.Span) : null;

    private sealed class BreakingStream(byte[] part) : MemoryStream(part)
    {
        public override int Read(byte[] buffer, int offset, int count) => Whole(base.Read(buffer, offset, count));

        public override async Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => Whole(await base.ReadAsync(buffer.AsMemory(offset, count), cancellationToken));

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => Whole(await base.ReadAsync(buffer, cancellationToken));

        private static int Whole(int read) => read > 0 ? read : throw new IOException("the connection broke in the midst of the answer");
    }
}
