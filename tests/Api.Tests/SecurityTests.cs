using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Frazil.Security;

namespace Frazil.Api.Tests;

/// <summary>A catalog that asks for credentials.</summary>
#pragma warning disable CA1001 // disposed of by xunit, through IAsyncLifetime
public sealed class SecurityTests : IAsyncLifetime
#pragma warning restore CA1001
{
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
    [Trait("Behaviour", "12")]
    [Trait("Behaviour", "18")]
    public async Task Client_credentials_in_a_form_give_a_token_whatever_the_scope()
    {
        var reply = (await TokenAsync($"grant_type=client_credentials&client_id=root&client_secret={secret}&scope=PRINCIPAL_ROLE%3AALL")).Ok();

        Assert.Equal("bearer", reply.Json.GetProperty("token_type").GetString());
        Assert.Equal("urn:ietf:params:oauth:token-type:access_token", reply.Json.GetProperty("issued_token_type").GetString());
        Assert.Equal(3600, reply.Json.GetProperty("expires_in").GetInt32());
        Assert.Equal("no-store", reply.Headers["Cache-Control"]);
        (await server.Api.GetAsync("/namespaces", Bearer(reply.Json.GetProperty("access_token").GetString()!))).Ok();
    }

    [Theory]
    [InlineData("/v1/oauth/tokens")]
    [InlineData("/catalog/v1/oauth/tokens")]
    [InlineData("/api/catalog/v1/oauth/tokens")]
    [Trait("Behaviour", "13")]
    public async Task Client_credentials_as_http_basic_give_a_token_at_every_base(string path)
    {
        var basic = Convert.ToBase64String(Encoding.UTF8.GetBytes($"root:{secret}"));
        (await new ApiClient(server, "").SendAsync("POST", path, Form("grant_type=client_credentials"), ("Authorization", $"Basic {basic}"))).Ok();
    }

    [Theory]
    [InlineData("grant_type=client_credentials&client_id=root&client_secret=wrong")]
    [InlineData("grant_type=client_credentials&client_id=root&client_secret=")]
    [InlineData("grant_type=client_credentials&client_id=root")]
    [InlineData("grant_type=client_credentials&client_id=other&client_secret=SECRET")]
    [Trait("Behaviour", "14")]
    public async Task Wrong_credentials_are_an_oauth_error(string form)
    {
        var reply = await TokenAsync(form.Replace("SECRET", secret, StringComparison.Ordinal));

        Assert.Equal((401, "invalid_client"), (reply.Status, reply.Json.GetProperty("error").GetString()));
        Assert.DoesNotContain(secret, reply.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("client_id=root", "invalid_request")]
    [InlineData("grant_type=password", "unsupported_grant_type")]
    [InlineData("grant_type=%zz", "invalid_request")]
    [InlineData("", "invalid_request")]
    [Trait("Behaviour", "15")]
    public async Task A_grant_that_is_none_is_an_oauth_error(string form, string error)
    {
        var reply = await TokenAsync(form);

        Assert.Equal((400, error), (reply.Status, reply.Json.GetProperty("error").GetString()));
    }

    [Fact]
    [Trait("Behaviour", "16")]
    public async Task A_token_is_exchanged_for_a_fresh_one()
    {
        var token = await SignInAsync();
        const string Exchange = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token_type=urn:ietf:params:oauth:token-type:access_token&subject_token=";

        var fresh = (await TokenAsync(Exchange + token)).Ok().Json.GetProperty("access_token").GetString()!;
        (await server.Api.GetAsync("/namespaces", Bearer(fresh))).Ok();

        var refused = await TokenAsync(Exchange + token + "x");
        Assert.Equal((400, "invalid_grant"), (refused.Status, refused.Json.GetProperty("error").GetString()));
    }

    [Fact]
    [Trait("Behaviour", "17")]
    public async Task A_json_body_is_no_form()
    {
        var reply = await server.Api.PostAsync("/oauth/tokens", """{"grant_type":"client_credentials"}""");

        Assert.Equal((400, "invalid_request"), (reply.Status, reply.Json.GetProperty("error").GetString()));
    }

    [Fact]
    [Trait("Behaviour", "19")]
    public async Task A_credential_without_a_client_id_is_the_root_clients() =>
        (await TokenAsync($"grant_type=client_credentials&client_id=&client_secret={secret}")).Ok();

    [Theory]
    [InlineData("GET", "/v1/namespaces")]
    [InlineData("POST", "/v1/default/transactions/commit")]
    [InlineData("HEAD", "/v1/namespaces/a/tables/b")]
    [InlineData("GET", "/management/v1/warehouse")]
    [InlineData("POST", "/management/v1/job/purge/run")]
    [InlineData("POST", "/v1/namespaces/a/tables/b/plan")]
    [Trait("Behaviour", "20")]
    public async Task Every_route_wants_a_token(string method, string path)
    {
        var api = new ApiClient(server, "");
        foreach (var headers in new (string, string)[][] { [], [("Authorization", "Bearer None")], [("Authorization", "Bearer a.b.c")], [("Authorization", "Basic eDp5")] })
        {
            var reply = await api.SendAsync(method, path, method == "POST" ? new StringContent("{}") : null, headers);

            Assert.Equal(401, reply.Status);
            Assert.Equal("Bearer", reply.Headers["WWW-Authenticate"]);
            if (method != "HEAD")
            {
                reply.Error(401, "NotAuthorizedException");
            }
        }
    }

    [Fact]
    [Trait("Behaviour", "9")]
    public async Task Config_needs_no_token_but_refuses_a_wrong_one()
    {
        (await server.Api.GetAsync("/config")).Ok();
        (await server.Api.GetAsync("/config", Bearer("nonsense"))).Error(401, "NotAuthorizedException");
    }

    [Fact]
    [Trait("Behaviour", "21")]
    public async Task A_token_is_over_after_an_hour()
    {
        var token = await SignInAsync();
        world.Clock.Advance(AccessTokens.Lifetime - TimeSpan.FromSeconds(1));
        (await server.Api.GetAsync("/namespaces", Bearer(token))).Ok();

        world.Clock.Advance(TimeSpan.FromSeconds(2));
        (await server.Api.GetAsync("/namespaces", Bearer(token))).Error(401, "NotAuthorizedException");
    }

    [Theory]
    [InlineData("root", "p%2Bq+r s/t:u=0123456789abcdef01234567")]
    [InlineData("root", "%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%")]
    [InlineData("ro ot:x", "0123456789abcdef0123456789+%41bcdef")]
    public async Task Http_basic_takes_id_and_secret_form_encoded_as_well_as_raw(string id, string given)
    {
        var one = await world.StartAsync(root: RootCredentials.FromSecret(id, given));
        (string, string)[] pairs = [(Uri.EscapeDataString(id), Uri.EscapeDataString(given)), (WebUtility.UrlEncode(id), WebUtility.UrlEncode(given)), (id, given)];
        foreach (var (sentId, sentSecret) in pairs.Where(pair => !pair.Item1.Contains(':', StringComparison.Ordinal)))
        {
            var basic = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{sentId}:{sentSecret}"));
            (await one.Api.SendAsync("POST", "/oauth/tokens", Form("grant_type=client_credentials"), ("Authorization", $"Basic {basic}"))).Ok();
        }
    }

    [Fact]
    public async Task Exchanges_end_a_day_after_signing_in()
    {
        var (token, hours) = (await SignInAsync(), 0.0);
        while (await ExchangeAsync(token) is { Status: 200 } renewed)
        {
            Assert.True(renewed.Json.GetProperty("expires_in").GetInt32() <= 3600);
            token = renewed.Json.GetProperty("access_token").GetString()!;
            world.Clock.Advance(TimeSpan.FromMinutes(50));
            hours += 50 / 60.0;
            Assert.True(hours < 25, "it never ends");
        }

        Assert.True(hours >= 24 - (50 / 60.0), $"{hours}");
        world.Clock.Advance(TimeSpan.FromHours(24 - hours) > TimeSpan.Zero ? TimeSpan.FromHours(24 - hours) : TimeSpan.Zero);
        (await server.Api.GetAsync("/namespaces", Bearer(token))).Error(401, "NotAuthorizedException");
    }

    [Fact]
    public async Task A_token_that_has_ended_is_exchanged_with_its_credentials_and_not_without()
    {
        var token = await SignInAsync();
        world.Clock.Advance(TimeSpan.FromHours(30));

        Assert.Equal(400, (await ExchangeAsync(token)).Status);
        var basic = Convert.ToBase64String(Encoding.UTF8.GetBytes($"root:{secret}"));
        var fresh = (await ExchangeAsync(token, ("Authorization", $"Basic {basic}"))).Ok().Json.GetProperty("access_token").GetString()!;
        (await server.Api.GetAsync("/namespaces", Bearer(fresh))).Ok();
        Assert.Equal(401, (await ExchangeAsync(fresh, ("Authorization", $"Basic {Convert.ToBase64String("root:wrong"u8)}"))).Status);
    }

    [Fact]
    public void More_tokens_than_are_remembered_are_all_good_and_each_ends_in_its_time()
    {
        var tokens = server.Operations.Tokens!;
        var early = Enumerable.Range(0, AccessTokens.MaxRemembered + 10).Select(_ => tokens.Issue(new Caller("root")).Text).ToArray();
        world.Clock.Advance(TimeSpan.FromMinutes(30));
        var late = Enumerable.Range(0, AccessTokens.MaxRemembered).Select(number => tokens.Issue(new Caller($"p{number}")).Text).ToArray();

        Assert.All(early, token => Assert.Equal("root", tokens.Verify(token)?.Principal));
        Assert.All(late.Index(), token => Assert.Equal($"p{token.Index}", tokens.Verify(token.Item)?.Principal));
        world.Clock.Advance(TimeSpan.FromMinutes(31));
        Assert.All(early, token => Assert.Null(tokens.Verify(token)));
        Assert.All(late.Index(), token => Assert.Equal($"p{token.Index}", tokens.Verify(token.Item)?.Principal));
    }

    [Fact]
    public void A_token_that_was_checked_costs_no_memory_to_check_again()
    {
        var tokens = server.Operations.Tokens!;
        var header = $"Bearer {tokens.Issue(new Caller("root")).Text}";
        Assert.NotNull(tokens.Verify(header.AsSpan(7)));
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var i = 0; i < 1000; i++)
        {
            tokens.Verify(header.AsSpan(7));
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000);
    }

    [Fact]
    public async Task A_token_that_was_changed_anywhere_is_refused()
    {
        var token = await SignInAsync();
        for (var i = 0; i < token.Length; i += 7)
        {
            var changed = token.ToCharArray();
            changed[i] = changed[i] == 'A' ? 'B' : 'A';
            (await server.Api.GetAsync("/namespaces", Bearer(new string(changed)))).Error(401, "NotAuthorizedException");
        }

        var unsigned = $"eyJhbGciOiJub25lIn0.{token.Split('.')[1]}.";
        (await server.Api.GetAsync("/namespaces", Bearer(unsigned))).Error(401, "NotAuthorizedException");
    }

    [Fact]
    public async Task A_token_of_another_installation_is_refused()
    {
        var (other, _) = RootCredentials.Generate("root");
        var foreign = new AccessTokens(other, world.Clock, new IdSource()).Issue(new Caller("root")).Text;

        (await server.Api.GetAsync("/namespaces", Bearer(foreign))).Error(401, "NotAuthorizedException");
    }

    [Fact]
    public async Task Processes_with_the_same_secret_take_each_others_tokens()
    {
        const string Secret = "0123456789abcdef0123456789abcdef";
        var one = await world.StartAsync(root: RootCredentials.FromSecret("root", Secret));
        var two = await world.StartAsync(root: RootCredentials.FromSecret("root", Secret));
        var token = one.Operations.Tokens!.Issue(new Caller("root")).Text;

        (await two.Api.GetAsync("/namespaces", Bearer(token))).Ok();
    }

    [Fact]
    public void A_secret_that_could_be_guessed_is_refused() => Assert.Throws<ArgumentException>(() => RootCredentials.FromSecret("root", "admin"));

    [Fact]
    public async Task Neither_secret_nor_token_is_ever_logged()
    {
        var token = await SignInAsync();
        (await server.Api.GetAsync("/namespaces", Bearer(token))).Ok();
        await TokenAsync($"grant_type=client_credentials&client_id=other&client_secret={secret}");

        Assert.DoesNotContain(server.Log.All, line => line.Contains(secret, StringComparison.Ordinal) || line.Contains(token, StringComparison.Ordinal));
    }

    private static (string, string) Bearer(string token) => ("Authorization", $"Bearer {token}");

    private static StringContent Form(string form) => new(form, Encoding.UTF8, new MediaTypeHeaderValue("application/x-www-form-urlencoded"));

    private Task<Reply> TokenAsync(string form) => server.Api.SendAsync("POST", "/oauth/tokens", Form(form));

    private Task<Reply> ExchangeAsync(string token, params (string, string)[] headers) =>
        server.Api.SendAsync("POST", "/oauth/tokens", Form($"grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={token}"), headers);

    private async Task<string> SignInAsync() =>
        (await TokenAsync($"grant_type=client_credentials&client_id=root&client_secret={secret}")).Ok().Json.GetProperty("access_token").GetString()!;
}
