using System.IO.Compression;
using System.Net.Sockets;
using System.Text;

namespace Frazil.Api.Tests;

/// <summary>HTTP and JSON as clients, broken clients and enemies send it.</summary>
public sealed class ProtocolTests : CatalogTests
{
    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        (await Catalog.CreateTableAsync("ns", "t")).Ok();
    }

    public static TheoryData<string> Malformed { get; } =
    [
        "", "{", "nonsense", "[]", "\"text\"", "null", "{\"namespace\":[\"a\"]", "{\"namespace\":[\"a\"]}x", "{\"namespace\":[\"a\"],\"namespace\":[\"b\"]}",
        new string('[', 1000), string.Concat(Enumerable.Repeat("{\"a\":", 1000)),
    ];

    [Theory]
    [MemberData(nameof(Malformed))]
    [Trait("Behaviour", "282")]
    [Trait("Behaviour", "291")]
    public async Task A_body_that_is_not_the_json_asked_for_is_a_bad_request(string body)
    {
        foreach (var route in new[] { "/namespaces", "/namespaces/ns/tables", "/namespaces/ns/tables/t", "/namespaces/ns/views", "/transactions/commit", "/tables/rename", "/namespaces/ns/properties", "/namespaces/ns/tables/t/metrics" })
        {
            (await Catalog.PostAsync(route, body)).Error(400, "BadRequestException");
        }
    }

    [Theory]
    [InlineData("""{"namespace":["\ud800"]}""")]
    [InlineData("""{"namespace":[1e999]}""")]
    [Trait("Behaviour", "282")]
    public async Task Half_a_character_and_an_endless_number_are_a_bad_request(string body) => (await Catalog.PostAsync("/namespaces", body)).Error(400, "BadRequestException");

    [Theory]
    [InlineData("/namespaces", """{"namespace":"a"}""", "namespace")]
    [InlineData("/namespaces", """{"namespace":[1]}""", "namespace")]
    [InlineData("/namespaces", """{"namespace":["a"],"properties":{"k":1}}""", "properties.k")]
    [InlineData("/namespaces/ns/tables", """{"name":5}""", "name")]
    [InlineData("/namespaces/ns/tables", """{"name":"x","schema":{"type":"struct","fields":[{"id":"1","name":"a","type":"int","required":true}]}}""", "id")]
    [InlineData("/namespaces/ns/tables/t", """{"requirements":{},"updates":[]}""", "requirements")]
    [InlineData("/namespaces/ns/tables/t", """{"requirements":[{"type":"assert-current-schema-id","current-schema-id":99999999999}],"updates":[]}""", "current-schema-id")]
    [InlineData("/namespaces/ns/tables/t", """{"requirements":[{"type":"assert-ref-snapshot-id","ref":"main","snapshot-id":9223372036854775808}],"updates":[]}""", "snapshot-id")]
    [Trait("Behaviour", "283")]
    public async Task A_member_of_the_wrong_type_is_named(string route, string body, string member) =>
        (await Catalog.PostAsync(route, body)).Error(400, "BadRequestException", $"'{member}'");

    [Fact]
    [Trait("Behaviour", "284")]
    public async Task Members_that_nobody_knows_are_passed_over()
    {
        (await Catalog.PostAsync("/namespaces", """{"namespace":["more"],"unknown":{"deep":[1,2]}}""")).Ok();
        (await Catalog.CreateTableAsync("more", "t", ""","unknown":true""")).Ok();
    }

    [Fact]
    [Trait("Behaviour", "285")]
    public async Task A_byte_order_mark_is_passed_over_and_bytes_that_are_no_utf8_are_a_bad_request()
    {
        (await Catalog.PostAsync("/namespaces", "\uFEFF{\"namespace\":[\"bom\"]}")).Ok();
        var body = Encoding.UTF8.GetBytes("""{"namespace":["?"]}""");
        body[Array.IndexOf(body, (byte)'?')] = 0xFF;
        (await Catalog.SendAsync("POST", "/namespaces", new ByteArrayContent(body))).Error(400, "BadRequestException");
    }

    [Theory]
    [InlineData("GET", "^/")]
    [InlineData("GET", "^/v1")]
    [InlineData("GET", "^/v2/config")]
    [InlineData("GET", "^/v1/default/nothing")]
    [InlineData("POST", "^/v1/default/namespaces/ns/tables/t/nothing/more")]
    [InlineData("GET", "^/management/v1/nothing")]
    [Trait("Behaviour", "286")]
    public async Task A_path_that_nobody_serves_is_404(string method, string target)
    {
        var reply = await Catalog.SendAsync(method, target, null);
        if (target != "^/" || reply.Status != 200)
        {
            reply.Error(404, "NoSuchEndpointException");
        }
    }

    [Theory]
    [InlineData("PUT", "/namespaces", "GET, POST")]
    [InlineData("PATCH", "/namespaces/ns/tables/t", "GET, POST, DELETE, HEAD")]
    [InlineData("GET", "/tables/rename", "POST")]
    [InlineData("DELETE", "^/v1/config", "GET")]
    [Trait("Behaviour", "286")]
    public async Task A_method_that_a_path_does_not_have_is_405_and_names_those_it_has(string method, string target, string allowed)
    {
        var reply = await Catalog.SendAsync(method, target, null);
        reply.Error(405, "MethodNotAllowedException");
        Assert.Equal(allowed, reply.Headers["Allow"]);
    }

    [Theory]
    [InlineData("/namespaces/%ff%fe")]
    [InlineData("/namespaces/ns/tables/%C3")]
    [InlineData("/namespaces?parent=%zz")]
    [Trait("Behaviour", "287")]
    public async Task A_bad_escape_is_a_bad_request(string target) => (await Catalog.GetAsync(target)).Error(400, "BadRequestException");

    [Fact]
    [Trait("Behaviour", "288")]
    public async Task A_body_over_the_limit_is_413_and_a_large_commit_is_taken()
    {
        var over = new StreamContent(new Zeros(Limits.MaxBodyBytes + 1));
        (await Catalog.SendAsync("POST", "/namespaces", over)).Error(413, "RequestEntityTooLargeException", $"{Limits.MaxBodyBytes}");

        using var bomb = new MemoryStream();
        await using (var gzip = new GZipStream(bomb, CompressionLevel.Fastest, leaveOpen: true))
        {
            await new Zeros(Limits.MaxBodyBytes + 1).CopyToAsync(gzip);
        }

        var packed = new ByteArrayContent(bomb.ToArray());
        packed.Headers.ContentEncoding.Add("gzip");
        (await Catalog.SendAsync("POST", "/namespaces", packed)).Error(413, "RequestEntityTooLargeException", $"{Limits.MaxBodyBytes}");

        (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("large", new string('x', 11 * 1024 * 1024)))).Ok();
    }

    [Fact]
    [Trait("Behaviour", "289")]
    public async Task Large_metadata_is_gzip_where_that_is_accepted_and_the_same_text()
    {
        (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("large", new string('x', 100_000)))).Ok();
        var plain = (await Catalog.LoadTableAsync("ns", "t")).Ok();

        var packed = await Catalog.LoadTableAsync("ns", "t", "", ("Accept-Encoding", "br;q=1, gzip;q=0.5"));

        Assert.Equal("gzip", packed.Headers["Content-Encoding"]);
        Assert.Equal(plain.ETag, packed.ETag);
        using var text = new MemoryStream();
        await using (var gzip = new GZipStream(new MemoryStream(packed.Body), CompressionMode.Decompress))
        {
            await gzip.CopyToAsync(text);
        }

        Assert.Equal(plain.Text, Encoding.UTF8.GetString(text.ToArray()));
        Assert.True(packed.Body.Length < plain.Body.Length / 10);
        Assert.DoesNotContain("Content-Encoding", (await Catalog.LoadTableAsync("ns", "t", "", ("Accept-Encoding", "gzip;q=0"))).Ok().Headers.Keys);
    }

    [Fact]
    [Trait("Behaviour", "289")]
    public async Task A_body_may_be_gzip_and_needs_no_content_type()
    {
        using var body = new MemoryStream();
        await using (var gzip = new GZipStream(body, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write("""{"namespace":["packed"]}"""u8);
        }

        var content = new ByteArrayContent(body.ToArray());
        content.Headers.ContentEncoding.Add("gzip");
        (await Catalog.SendAsync("POST", "/namespaces", content)).Ok();
        (await Catalog.SendAsync("POST", "/namespaces", new StringContent("""{"namespace":["typed"]}""", Encoding.UTF8, "text/plain"))).Ok();
    }

    [Fact]
    [Trait("Behaviour", "290")]
    public async Task Answers_without_a_body_leave_the_connection_in_step()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(Server.Address.Host, Server.Address.Port);
        await using var stream = client.GetStream();
        var requests = string.Concat(Enumerable.Repeat(
            "HEAD /v1/default/namespaces/ns HTTP/1.1\r\nHost: x\r\n\r\nHEAD /v1/default/namespaces/none HTTP/1.1\r\nHost: x\r\n\r\nHEAD /v1/default/namespaces/ns/tables/t HTTP/1.1\r\nHost: x\r\n\r\n", 3))
            + "GET /v1/default/namespaces/ns HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(requests));

        var answers = await new StreamReader(stream).ReadToEndAsync();

        var statuses = answers.Split('\n').Where(line => line.StartsWith("HTTP/1.1 ", StringComparison.Ordinal)).Select(line => line.Split(' ')[1]).ToArray();
        Assert.Equal([.. Enumerable.Repeat<string[]>(["204", "404", "204"], 3).SelectMany(part => part), "200"], statuses);
        Assert.EndsWith($$$"""{"namespace":["ns"],"properties":{"location":"{{{Catalog.Base}}}/ns"}}""", answers, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Behaviour", "294")]
    public async Task A_failure_inside_tells_the_log_and_not_the_client()
    {
        Seam.FailBefore(call => call.Kind == CallKind.Read, () => new InvalidOperationException("a secret of the inside"));

        var message = (await Catalog.LoadTableAsync("ns", "t")).Error(500, "InternalServerError");

        Assert.DoesNotContain("secret", message, StringComparison.Ordinal);
        Assert.Contains(Server.Log.All, line => line.Contains("a secret of the inside", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Behaviour", "213")]
    public async Task Twenty_commits_at_once_that_do_not_contradict_each_other_all_succeed()
    {
        var uuid = (await Catalog.LoadTableAsync("ns", "t")).Ok().Metadata.GetProperty("table-uuid").GetString()!;
        var other = Catalog.Through(await World.StartAsync());

        var replies = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => (i % 2 == 0 ? Catalog : other).CommitAsync("ns", "t", Sample.AssertUuid(uuid), Sample.SetProperty($"k{i}", $"{i}"))));

        Assert.All(replies, reply => reply.Ok());
        var properties = (await Catalog.LoadTableAsync("ns", "t")).Ok().Metadata.GetProperty("properties");
        Assert.All(Enumerable.Range(0, 20), i => Assert.Equal($"{i}", properties.GetProperty($"k{i}").GetString()));
    }

    [Fact]
    [Trait("Behaviour", "214")]
    public async Task Of_twenty_appends_at_once_to_one_state_exactly_one_wins()
    {
        var other = Catalog.Through(await World.StartAsync());
        long? head = null;
        for (var round = 0; round < 3; round++)
        {
            var location = (await Catalog.LoadTableAsync("ns", "t")).Ok().Metadata.GetProperty("location").GetString()!;
            var replies = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => (i % 2 == 0 ? Catalog : other).CommitAsync(
                "ns", "t", Sample.AssertRef("main", head), Sample.Append((round * 100) + i + 1, round + 1, location, head))));

            Assert.Single(replies, reply => reply.Status == 200);
            Assert.All(replies.Where(reply => reply.Status != 200), reply => reply.Error(409, "CommitFailedException"));
            head = replies.Single(reply => reply.Status == 200).Metadata.GetProperty("current-snapshot-id").GetInt64();
        }

        Assert.Equal(3, (await Catalog.LoadTableAsync("ns", "t")).Ok().Metadata.GetProperty("snapshots").GetArrayLength());
    }

    /// <summary>A stream of zeros, for bodies that nobody wants to hold.</summary>
    private sealed class Zeros(long length) : Stream
    {
        private long left = length;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = (int)Math.Min(left, count);
            Array.Clear(buffer, offset, read);
            left -= read;
            return read;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
