using System.Globalization;
using System.IO.Compression;
using System.Text;
using Frazil.Iceberg;

namespace Frazil.Api.Tests;

/// <summary>HTTP and JSON as they come, well or badly made.</summary>
public sealed class HttpTests : CatalogTests
{
    private static readonly string[] Targets =
    [
        "/namespaces", "/namespaces/ns/properties", "/namespaces/ns/tables", "/namespaces/ns/register", "/namespaces/ns/tables/t", "/namespaces/ns/tables/t/metrics",
        "/tables/rename", "/transactions/commit", "/namespaces/ns/views", "/namespaces/ns/views/v", "/views/rename", "/namespaces/ns/register-view",
    ];

    public static TheoryData<string> MalformedBodies =>
    [
        "", "nothing", "{", """{"namespace":["a"]""", "[]", "5", "\"text\"", "null", """{"a":1,"a":2}""", """{"a":01}""", """{"a":1}}""", "{'a':1}", """{"a":NaN}""",
        """{"a":""" + string.Concat(Enumerable.Repeat("[", 1000)) + string.Concat(Enumerable.Repeat("]", 1000)) + "}",
        """{"\ud800":1}""",
    ];

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        (await Catalog.CreateViewAsync("ns", "v")).Ok();
        Seam.Clear();
    }

    [Theory]
    [MemberData(nameof(MalformedBodies))]
    [Trait("Behaviour", "282")]
    public async Task A_body_that_is_no_JSON_object_is_400_on_every_route(string body)
    {
        foreach (var target in Targets)
        {
            (await Catalog.PostAsync(target, body)).Error(400, "BadRequestException");
        }

        Assert.DoesNotContain(Seam.Calls, call => call.IsChange);
    }

    [Theory]
    [InlineData("1e400")]
    [InlineData("99999999999999999999")]
    [InlineData("1.5")]
    [Trait("Behaviour", "282")]
    public async Task A_number_that_is_no_64_bit_integer_is_400(string number) =>
        (await Catalog.CommitAsync("ns", "t", $$"""{"type":"assert-ref-snapshot-id","ref":"main","snapshot-id":{{number}}}""", "")).Error(400, "BadRequestException", "snapshot-id");

    [Theory]
    [InlineData("/namespaces", """{"namespace":"a"}""", "namespace")]
    [InlineData("/namespaces/ns/tables", """{"name":5,"schema":{"type":"struct","fields":[]}}""", "name")]
    [InlineData("/namespaces/ns/tables", """{"name":"u","schema":[]}""", "schema")]
    [InlineData("/namespaces/ns/tables", """{"name":"u","schema":{"type":"struct","fields":[]},"stage-create":"yes"}""", "stage-create")]
    [InlineData("/namespaces/ns/tables", """{"name":"u","schema":{"type":"struct","fields":[]},"properties":[]}""", "properties")]
    [InlineData("/namespaces/ns/register", """{"name":"u","metadata-location":{}}""", "metadata-location")]
    [InlineData("/namespaces/ns/properties", """{"removals":{}}""", "removals")]
    [InlineData("/transactions/commit", """{"table-changes":{}}""", "table-changes")]
    [InlineData("/namespaces/ns/views", """{"name":[],"schema":{},"view-version":{}}""", "name")]
    [Trait("Behaviour", "283")]
    public async Task A_member_of_the_wrong_type_is_400_and_named(string target, string body, string member) =>
        (await Catalog.PostAsync(target, body)).Error(400, "BadRequestException", $"'{member}'");

    [Fact]
    [Trait("Behaviour", "284")]
    public async Task Members_that_nobody_knows_are_ignored()
    {
        (await Catalog.PostAsync("/namespaces", """{"namespace":["a"],"future":{"x":[1]}}""")).Ok();
        (await Catalog.CreateTableAsync("ns", "u", ""","future":true""")).Ok();
        (await Catalog.CommitAsync("ns", "t", """{"type":"assert-current-schema-id","current-schema-id":0,"future":1}""", """{"future":1,"action":"set-properties","updates":{"k":"v"}}""")).Ok();
    }

    [Fact]
    [Trait("Behaviour", "285")]
    public async Task A_byte_order_mark_is_skipped_and_what_is_no_UTF8_is_400()
    {
        (await Catalog.PostAsync("/namespaces", "\uFEFF" + """{"namespace":["bom"]}""")).Ok();
        foreach (var bytes in (byte[][])[[0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D], [0xFF, 0xFE, 0x7B, 0x00, 0x7D, 0x00], [0xC3, 0x28], [0x00]])
        {
            (await Catalog.SendAsync("POST", "/namespaces", new ByteArrayContent(bytes))).Error(400, "BadRequestException");
        }
    }

    [Theory]
    [InlineData("GET", "^/v1")]
    [InlineData("GET", "^/v2/config")]
    [InlineData("GET", "^/v1/default/nothing")]
    [InlineData("POST", "^/v1/default/namespaces/ns/tables/t/unheard-of")]
    [InlineData("GET", "^/v1/default/namespaces/ns/tables/t/../../..")]
    [Trait("Behaviour", "286")]
    public async Task A_path_that_is_none_is_404(string method, string target) => (await Catalog.SendAsync(method, target, null)).Error(404, "NoSuchEndpointException");

    [Theory]
    [InlineData("gzip")]
    [InlineData("GZIP")]
    [InlineData("X-Gzip")]
    [Trait("Behaviour", "288")]
    public async Task Gzip_is_taken_in_any_case_and_only_whole(string encoding)
    {
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            await gzip.WriteAsync(Encoding.UTF8.GetBytes($$$"""{"namespace":["zipped"],"properties":{"k":"{{{string.Concat(Enumerable.Range(0, 50))}}}"}}"""));
        }

        var whole = packed.ToArray();
        for (var length = 1; length < whole.Length; length++)
        {
            (await SendAsync(whole[..length])).Error(400, "BadRequestException");
        }

        Assert.Equal(404, (await Catalog.HeadAsync("/namespaces/zipped")).Status);
        (await SendAsync(whole)).Ok();

        Task<Reply> SendAsync(byte[] body)
        {
            var content = new ByteArrayContent(body);
            content.Headers.TryAddWithoutValidation("Content-Encoding", encoding);
            return Catalog.SendAsync("POST", "/namespaces", content);
        }
    }

    [Theory]
    [InlineData("FFFFFFFFFFFFFFFFF")]
    [InlineData("FFFFFFFFFFFFFFFF")]
    [InlineData("-1")]
    [InlineData("zz")]
    public async Task A_chunk_whose_size_is_none_is_400(string size)
    {
        await using var raw = await RawConnection.OpenAsync(Server);
        await raw.SendAsync($"POST /v1/default/namespaces HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{size}\r\n{{");

        Assert.Equal(400, (await raw.ReadAsync()).Status);
        (await Catalog.CreateNamespaceAsync($"after{size}")).Ok();
    }

    [Theory]
    [InlineData("PUT", "/namespaces", "GET, POST")]
    [InlineData("DELETE", "/namespaces", "GET, POST")]
    [InlineData("PATCH", "/namespaces/ns/tables/t", "GET, POST, DELETE, HEAD")]
    [InlineData("GET", "/tables/rename", "POST")]
    [InlineData("BREW", "/namespaces", "GET, POST")]
    [Trait("Behaviour", "286")]
    public async Task A_method_that_is_none_of_the_path_is_405_and_tells_which_are(string method, string target, string allowed)
    {
        var reply = await Catalog.SendAsync(method, target, null);

        reply.Error(405, "MethodNotAllowedException");
        Assert.Equal(allowed, reply.Headers["Allow"]);
    }

    [Theory]
    [InlineData("/namespaces/%ff%fe")]
    [InlineData("/namespaces?parent=%zz")]
    [InlineData("^/v1/%ff/namespaces")]
    [Trait("Behaviour", "287")]
    public async Task An_escape_that_is_none_is_400(string target) => (await Catalog.GetAsync(target)).Error(400, "BadRequestException");

    [Fact]
    [Trait("Behaviour", "288")]
    [Trait("Limit", nameof(Limits.MaxBodyBytes))]
    public async Task A_body_above_the_limit_is_413_however_it_comes()
    {
        var limit = Limits.MaxBodyBytes.ToString(CultureInfo.InvariantCulture);
        await using var raw = await RawConnection.OpenAsync(Server);
        await raw.SendAsync($"POST /v1/default/namespaces HTTP/1.1\r\nHost: x\r\nContent-Length: {Limits.MaxBodyBytes + 1L}\r\n\r\n");
        var (status, _, body) = await raw.ReadAsync();
        Assert.Equal(413, status);
        Assert.Contains(limit, body, StringComparison.Ordinal);

        using var bomb = new MemoryStream();
        await using (var gzip = new GZipStream(bomb, CompressionLevel.Fastest, leaveOpen: true))
        {
            for (var i = 0; i <= Limits.MaxBodyBytes / (1024 * 1024); i++)
            {
                await gzip.WriteAsync(new byte[1024 * 1024]);
            }
        }

        var content = new ByteArrayContent(bomb.ToArray());
        content.Headers.Add("Content-Encoding", "gzip");
        (await Catalog.SendAsync("POST", "/namespaces", content)).Error(413, "RequestEntityTooLargeException", limit);
        Assert.DoesNotContain(Seam.Calls, call => call.IsChange);
    }

    [Fact]
    [Trait("Behaviour", "288")]
    public async Task A_commit_of_more_than_10_MB_is_taken_and_its_table_compressed_on_the_way_out()
    {
        var location = (await Catalog.LoadTableAsync("ns", "t")).Ok().Metadata.GetProperty("location").GetString()!;
        var filler = $$""","unknown":"{{new string('x', 5000)}}" """;
        var updates = string.Join(',', Enumerable.Range(1, 2200).Select(id => Sample.AddSnapshot(id, id, location, id == 1 ? null : id - 1, more: filler)));
        Assert.True(updates.Length > 10_000_000);

        (await Catalog.CommitAsync("ns", "t", "", updates)).Ok();

        var plain = (await Catalog.LoadTableAsync("ns", "t")).Ok();
        Assert.Equal(2200, plain.Metadata.GetProperty("snapshots").GetArrayLength());
        var gzip = await Catalog.LoadTableAsync("ns", "t", "", ("Accept-Encoding", "gzip"));
        Assert.Equal("gzip", gzip.Headers["Content-Encoding"]);
        Assert.True(gzip.Body.Length < plain.Body.Length / 10);
        Assert.Equal(plain.Text, await InflateAsync(gzip.Body));
    }

    [Fact]
    [Trait("Behaviour", "289")]
    public async Task Answers_are_compressed_for_whom_wants_it()
    {
        (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("k", new string('x', 20_000)))).Ok();
        var plain = (await Catalog.LoadTableAsync("ns", "t")).Ok();

        foreach (var query in (string[])["", "?snapshots=refs"])
        {
            var gzip = await Catalog.LoadTableAsync("ns", "t", query, ("Accept-Encoding", "br, gzip;q=0.5"));
            Assert.Equal("gzip", gzip.Headers["Content-Encoding"]);
            Assert.Equal(plain.Text, await InflateAsync(gzip.Body));
        }

        Assert.False((await Catalog.LoadTableAsync("ns", "t", "", ("Accept-Encoding", "gzip;q=0"))).Headers.ContainsKey("Content-Encoding"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("application/json; charset=UTF-8")]
    [InlineData("text/plain")]
    [Trait("Behaviour", "289")]
    public async Task A_body_is_read_whatever_it_is_called(string? contentType)
    {
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes("""{"namespace":["a"]}"""));
        if (contentType is not null)
        {
            content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }

        (await Catalog.SendAsync("POST", "/namespaces", content)).Ok();
    }

    [Fact]
    [Trait("Behaviour", "290")]
    public async Task A_connection_stays_in_step_after_answers_without_a_body()
    {
        var tag = (await Catalog.LoadTableAsync("ns", "t")).Ok().ETag;
        await using var raw = await RawConnection.OpenAsync(Server);
        await raw.SendAsync(
            "HEAD /v1/default/namespaces/ns HTTP/1.1\r\nHost: x\r\n\r\n"
            + "HEAD /v1/default/namespaces/missing HTTP/1.1\r\nHost: x\r\n\r\n"
            + $"GET /v1/default/namespaces/ns/tables/t HTTP/1.1\r\nHost: x\r\nIf-None-Match: {tag}\r\n\r\n"
            + "DELETE /v1/default/namespaces/ns/views/v HTTP/1.1\r\nHost: x\r\n\r\n"
            + "GET /v1/default/namespaces/ns HTTP/1.1\r\nHost: x\r\n\r\n");

        Assert.Equal(204, (await raw.ReadAsync(isHead: true)).Status);
        Assert.Equal(404, (await raw.ReadAsync(isHead: true)).Status);
        Assert.Equal(304, (await raw.ReadAsync()).Status);
        Assert.Equal(204, (await raw.ReadAsync()).Status);
        var (status, _, body) = await raw.ReadAsync();
        Assert.Equal((200, $$$"""{"namespace":["ns"],"properties":{"location":"{{{Catalog.Base}}}/ns"}}"""), (status, body));
    }

    [Fact]
    [Trait("Behaviour", "291")]
    public void Every_kind_of_error_has_a_status_and_a_type()
    {
        foreach (var kind in Enum.GetValues<ErrorKind>())
        {
            Assert.InRange(CatalogException.CodeOf(kind), 400, 599);
            Assert.Matches("^[A-Z][A-Za-z]+(Exception|Error)$", CatalogException.TypeOf(kind));
        }
    }

    [Fact]
    [Trait("Behaviour", "20")]
    public async Task Credentials_that_nobody_asked_for_are_ignored() => (await Catalog.GetAsync("/namespaces", ("Authorization", "Bearer None"))).Ok();

    [Fact]
    [Trait("Behaviour", "293")]
    public async Task A_browsers_preflight_is_answered_and_allows_nothing()
    {
        var reply = await Catalog.SendAsync("OPTIONS", "/namespaces", null, ("Origin", "https://example.org"), ("Access-Control-Request-Method", "POST"));

        reply.Error(405, "MethodNotAllowedException");
        Assert.DoesNotContain(reply.Headers.Keys, name => name.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    [Trait("Behaviour", "291")]
    [Trait("Behaviour", "294")]
    public async Task A_failure_inside_tells_the_log_and_not_the_client()
    {
        Seam.FailBefore(call => call.Kind == CallKind.Read, () => new InvalidOperationException("inner detail"));

        var reply = await Catalog.LoadTableAsync("ns", "t");

        reply.Error(500, "InternalServerError");
        Assert.DoesNotContain("inner detail", reply.Text, StringComparison.Ordinal);
        Assert.Contains(Server.Log.All, line => line.Contains("inner detail", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Behaviour", "295")]
    public async Task The_log_tells_the_operation_and_no_secret()
    {
        (await Catalog.LoadTableAsync("ns", "t", "?token=query-secret", ("Authorization", "Bearer header-secret"))).Ok();
        await Server.DisposeAsync(); // a request is logged after it was answered, and a server stops when its requests have ended

        Assert.Contains(Server.Log.All, line => line.Contains("loadTable", StringComparison.Ordinal) && line.Contains("/namespaces/ns/tables/t", StringComparison.Ordinal));
        Assert.DoesNotContain(Server.Log.All, line => line.Contains("secret", StringComparison.Ordinal));
    }

    private static async Task<string> InflateAsync(byte[] body)
    {
        await using var gzip = new GZipStream(new MemoryStream(body), CompressionMode.Decompress);
        using var reader = new StreamReader(gzip, Encoding.UTF8);
        return await reader.ReadToEndAsync();
    }
}
