using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Frazil.Security;

namespace Frazil.Api.Tests;

/// <summary>What somebody can do who is not known yet: cost kilobytes and microseconds, and nothing else.</summary>
#pragma warning disable CA1001 // disposed of by xunit, through IAsyncLifetime
public sealed class StrangerTests : IAsyncLifetime
#pragma warning restore CA1001
{
    private const string Route = "/oauth/tokens";
    private const string Marker = "s3cr3tMarker";

    private readonly MemoryWorld world = new();
    private Server server = null!;
    private string secret = "";

    public async Task InitializeAsync()
    {
        (var root, secret) = RootCredentials.Generate("root");
        server = await world.StartAsync(root: root);
        await server.OpenAsync("default");
    }

    public async Task DisposeAsync() => await world.DisposeAsync();

    [Fact]
    [Trait("Limit", nameof(Limits.MaxTokenRequestBytes))]
    public async Task A_request_for_a_token_has_a_few_kilobytes_however_they_come()
    {
        var most = $"grant_type=client_credentials&client_id=root&client_secret={secret}&scope=";
        most += new string('s', Limits.MaxTokenRequestBytes - most.Length);
        (await server.Api.SendAsync("POST", Route, Form(most))).Ok();
        (await server.Api.SendAsync("POST", Route, Gzip(most))).Ok();

        foreach (var over in new HttpContent[] { Form(most + "s"), Chunked(most + "s"), Gzip(most + "s"), Gzip(string.Concat(Enumerable.Repeat("&a=", 1_000_000))) })
        {
            var refused = await server.Api.SendAsync("POST", Route, over);
            Assert.Equal((413, "invalid_request"), (refused.Status, refused.Json.GetProperty("error").GetString()));
            Assert.Contains($"{Limits.MaxTokenRequestBytes}", refused.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_form_of_nothing_but_fields_costs_little()
    {
        var form = Form(string.Concat(Enumerable.Repeat("&a=", Limits.MaxTokenRequestBytes / 3)));
        Assert.Equal(400, (await server.Api.SendAsync("POST", Route, form)).Status);
        var before = GC.GetTotalAllocatedBytes(precise: true);

        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(400, (await server.Api.SendAsync("POST", Route, Form(string.Concat(Enumerable.Repeat("&a=", Limits.MaxTokenRequestBytes / 3))))).Status);
        }

        // Client and server, and whatever else runs in this process: five times what a form split anew for each field took for one.
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 20L * 4 * 1024 * 1024);
    }

    [Fact]
    public void A_path_or_query_of_a_hundred_thousand_parts_costs_no_memory_to_take_apart()
    {
        string[] targets = ["/" + string.Concat(Enumerable.Repeat("a/", 100_000)), "/v1/config?" + string.Concat(Enumerable.Repeat("a=&", 100_000)), new string('/', 200_000)];
        foreach (var target in targets)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();

            var parsed = RequestTarget.Parse(target);
            Assert.True(parsed.Segments.Count <= RequestTarget.MaxSegments);
            Assert.Null(parsed.Query("warehouse"));
            _ = RouteTable.Find("GET", parsed, out _, out _, out _);

            // A few copies of it, and no object for each part.
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, (8 * target.Length) + 50_000);
        }

        Assert.All(RouteTable.Routes, route => Assert.True(route.Pattern.Count + 4 < RequestTarget.MaxSegments));
    }

    public static TheoryData<string, string, string, string> Places => new()
    {
        { "POST", Route, $"grant_type=client_credentials&client_id=root&client_secret=Passw%rd{Marker}", "" },
        { "POST", Route, $"grant_type=client_credentials&client_id={Marker}&client_secret={Marker}", "" },
        { "POST", Route, $"grant_type={Marker}", "" },
        { "POST", Route, $"{Marker}%zz=1", "" },
        { "POST", Route, $"grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={Marker}", "" },
        { "POST", Route, "grant_type=client_credentials", $"Authorization: Basic {Marker}" },
        { "POST", Route, "grant_type=client_credentials", $"Content-Encoding: {Marker}" },
        { "POST", Route, Marker, $"Content-Type: text/{Marker}" },
        { "POST", $"{Route}?client_secret={Marker}", "grant_type=client_credentials", "" },
        { "POST", $"{Route}?grant_type=%zz{Marker}", "", "" },
        { "POST", $"{Route}/{Marker}", "grant_type=client_credentials", "" },
        { "POST", $"{Route}%3Fclient_secret={Marker}", "grant_type=client_credentials", "" },
        { "POST", $"/oauth%2Ftokens/{Marker}", "grant_type=client_credentials", "" },
        { "GET", $"{Route}?client_secret={Marker}", "", "" },
        { "GET", $"{Route}/%zz{Marker}", "", "" },
    };

    [Theory]
    [MemberData(nameof(Places))]
    public async Task The_token_route_repeats_nothing_that_was_sent(string method, string target, string form, string header)
    {
        HttpContent? content = method == "GET" ? null : Form(form);
        (string, string)[] headers = header.Split(": ") is [var name, var value] ? [(name, value)] : [];
        if (headers is [("Content-Type", var type)])
        {
            content!.Headers.ContentType = new MediaTypeHeaderValue(type);
            headers = [];
        }

        var reply = await server.Api.SendAsync(method, target, content, headers);

        Assert.InRange(reply.Status, 400, 499);
        Assert.DoesNotContain(Marker, reply.Text, StringComparison.OrdinalIgnoreCase);
        for (var i = 0; server.Log.All.Count == 0; i++)
        {
            Assert.True(i < 1000, "nothing is logged");
            await Task.Delay(10);
        }

        Assert.DoesNotContain(server.Log.All, line => line.Contains(Marker, StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData("/v1/{0}/namespaces")]
    [InlineData("/v1/namespaces/{0}")]
    [InlineData("/v1/namespaces/ns/tables/x{0}")]
    [InlineData("/v1/{0}")]
    [InlineData("/{0}")]
    [InlineData("/v1/namespaces/%zz{0}")]
    [InlineData("/v1/namespaces?pageSize={0}")]
    [InlineData("/v1/config?warehouse={0}")]
    [InlineData("/management/v1/warehouse/{0}")]
    public async Task A_secret_or_token_in_a_path_is_not_repeated(string target)
    {
        var token = server.Operations.Tokens!.Issue(new Caller("root")).Text;
        foreach (var hidden in new[] { secret, token, secret.Replace("_", "%5F", StringComparison.Ordinal) })
        {
            var reply = await server.Api.SendAsync("GET", "^" + string.Format(System.Globalization.CultureInfo.InvariantCulture, target, hidden), null, ("Authorization", $"Bearer {token}"), ("X-Request-Id", hidden));
            var denied = await server.Api.SendAsync("GET", "^" + string.Format(System.Globalization.CultureInfo.InvariantCulture, target, hidden), null, ("Authorization", $"Bearer {token}x"));

            // What is left of them would sign nobody in.
            var tail = hidden[^20..];
            foreach (var text in server.Log.All.Append(reply.Text).Append(denied.Text).Append(string.Join(' ', reply.Headers)))
            {
                Assert.DoesNotContain(tail, text, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task Guessing_ends_in_429_and_goes_on_later()
    {
        var (wrong, refused) = (0, 0);
        Reply reply = null!;
        for (var i = 0; i < 2 * GuessLimit.ProcessTries; i++)
        {
            reply = await TryAsync($"guess{i}");
            wrong += reply.Status == 401 ? 1 : 0;
            refused += reply.Status == 429 ? 1 : 0;
        }

        Assert.Equal((GuessLimit.ProcessTries, GuessLimit.ProcessTries), (wrong, refused));
        Assert.Equal("1", reply.Headers["Retry-After"]);
        world.Clock.Advance(GuessLimit.ProcessInterval);
        Assert.Equal(401, (await TryAsync("one more")).Status);
        Assert.Equal(429, (await TryAsync("and another")).Status);
    }

    [Fact]
    public async Task Guesses_from_an_address_that_all_share_keep_the_owner_out_at_no_time()
    {
        for (var i = 0; i < 2 * GuessLimit.ProcessTries; i++)
        {
            await TryAsync($"guess{i}");
        }

        Assert.Equal(429, (await TryAsync("another")).Status);
        (await TryAsync(secret)).Ok();
        (await server.Api.SendAsync("POST", Route, Form($"grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=ended&client_id=root&client_secret={secret}"))).Ok();
    }

    [Fact]
    public async Task An_address_that_has_guessed_too_often_is_refused_before_anything_is_compared()
    {
        server.CallerAddress = IPAddress.Parse("203.0.113.7");
        for (var i = 0; i < GuessLimit.SourceTries; i++)
        {
            Assert.Equal(401, (await TryAsync($"guess{i}")).Status);
        }

        Assert.Equal(429, (await TryAsync(secret)).Status); // else it would be a guess, too

        server.CallerAddress = IPAddress.Parse("203.0.113.8");
        (await TryAsync(secret)).Ok();
        server.CallerAddress = IPAddress.Parse("203.0.113.7");
        world.Clock.Advance(GuessLimit.SourceInterval);
        (await TryAsync(secret)).Ok();
    }

    [Fact]
    public async Task A_client_that_repeats_an_old_secret_keeps_nobody_out()
    {
        for (var i = 0; i < 3 * GuessLimit.ProcessTries; i++)
        {
            Assert.Equal(401, (await TryAsync("the secret of last year")).Status);
        }

        (await TryAsync(secret)).Ok();
    }

    [Fact]
    public void One_address_that_guesses_keeps_no_other_out()
    {
        var guesses = new GuessLimit(world.Clock);
        var (bad, good) = (IPAddress.Parse("203.0.113.7"), IPAddress.Parse("203.0.113.8"));
        var tried = 0;
        for (var i = 0; i < 1000; i++)
        {
            if (guesses.WaitOf(bad) is null)
            {
                guesses.Wrong(bad, $"{i}");
                tried++;
            }
        }

        Assert.Equal(GuessLimit.SourceTries, tried);
        Assert.Null(guesses.WaitOf(good));
        Assert.Equal(GuessLimit.SourceInterval, guesses.WaitOf(bad));
        world.Clock.Advance(GuessLimit.SourceInterval);
        Assert.Null(guesses.WaitOf(bad));
    }

    [Fact]
    public void Many_addresses_that_guess_together_are_held_up_and_those_that_have_signed_in_are_not()
    {
        var guesses = new GuessLimit(world.Clock);
        var owner = IPAddress.Parse("2001:db8:1:2::1");
        guesses.Right(owner);
        var tried = 0;
        for (var i = 0; i < 10 * GuessLimit.MaxSources; i++)
        {
            var bot = new IPAddress([32, 1, 13, 184, (byte)(i >> 16), (byte)(i >> 8), (byte)i, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
            if (guesses.WaitOf(bot) is null)
            {
                guesses.Wrong(bot, $"{i}");
                tried++;
            }

            world.Clock.Advance(TimeSpan.FromMilliseconds(10));
        }

        var seconds = 10 * GuessLimit.MaxSources / 100.0;
        Assert.InRange(tried, GuessLimit.ProcessTries, GuessLimit.ProcessTries + (seconds / GuessLimit.ProcessInterval.TotalSeconds) + 1);
        Assert.Null(guesses.WaitOf(owner));
        Assert.Null(guesses.WaitOf(IPAddress.Parse("2001:db8:1:2:ffff::9"))); // the same network
        for (var i = 0; guesses.WaitOf(IPAddress.Parse("198.51.100.1")) is null; i++)
        {
            guesses.Wrong(IPAddress.Parse("198.51.100.1"), $"last {i}");
        }

        Assert.NotNull(guesses.WaitOf(IPAddress.Parse("198.51.100.2")));
        Assert.Null(guesses.WaitOf(owner));
    }

    private Task<Reply> TryAsync(string guess) => server.Api.SendAsync("POST", Route, Form($"grant_type=client_credentials&client_id=root&client_secret={guess}"));

    private static StringContent Form(string form) => new(form, Encoding.UTF8, new MediaTypeHeaderValue("application/x-www-form-urlencoded"));

    private static StreamContent Chunked(string form) => Typed(new StreamContent(new NoLength(Encoding.UTF8.GetBytes(form))));

    private static StreamContent Gzip(string form)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(Encoding.UTF8.GetBytes(form));
        }

        packed.Position = 0;
        var content = Typed(new StreamContent(packed));
        content.Headers.ContentEncoding.Add("gzip");
        return content;
    }

    private static StreamContent Typed(StreamContent content)
    {
        content.Headers.ContentType = new MediaTypeHeaderValue("application/x-www-form-urlencoded");
        return content;
    }

    private sealed class NoLength(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}
