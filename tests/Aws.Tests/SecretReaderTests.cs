using System.Net;
using System.Text;
using Amazon.Runtime;
using Frazil.AwsBackend;

namespace Frazil.Aws.Tests;

/// <summary>Secrets from AWS' two keepers, each on the other end of a wire that the test holds.</summary>
public sealed class SecretReaderTests : IDisposable
{
    private const string Secret = "frazil_0123456789abcdef0123456789abcdef";

    private readonly Wire wire = new();
    private readonly Dictionary<string, string> environment = [];

    public void Dispose() => wire.Dispose();

    [Fact]
    public async Task A_parameter_is_read_decrypted_in_one_signed_request()
    {
        wire.Answers(HttpStatusCode.OK, $$$"""{"Parameter":{"Name":"/frazil/secret","Type":"SecureString","Value":"{{{Secret}}}","Version":1}}""");

        Assert.Equal(Secret, await ReadAsync("ssm:/frazil/secret"));
        var (request, body) = Assert.Single(wire.Requests);
        Assert.Equal("https://ssm.eu-central-1.amazonaws.com/", request.RequestUri!.ToString());
        Assert.Equal("AmazonSSM.GetParameter", Assert.Single(request.Headers.GetValues("X-Amz-Target")));
        Assert.Equal("""{"Name":"/frazil/secret","WithDecryption":true}""", body);
        Assert.Contains("/eu-central-1/ssm/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target,", Assert.Single(request.Headers.GetValues("Authorization")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_secret_is_read_whole()
    {
        wire.Answers(HttpStatusCode.OK, $$"""{"ARN":"arn:aws:secretsmanager:x","SecretString":"{{Secret}}"}""");

        Assert.Equal(Secret, await ReadAsync("secretsmanager:frazil/root"));
        var (request, body) = Assert.Single(wire.Requests);
        Assert.Equal("https://secretsmanager.eu-central-1.amazonaws.com/", request.RequestUri!.ToString());
        Assert.Equal("secretsmanager.GetSecretValue", Assert.Single(request.Headers.GetValues("X-Amz-Target")));
        Assert.Equal("""{"SecretId":"frazil/root"}""", body);
    }

    [Fact]
    public async Task A_variable_needs_no_request()
    {
        environment["SOME_SECRET"] = Secret;

        Assert.Equal(Secret, await ReadAsync("env:SOME_SECRET"));
        Assert.Empty(wire.Requests);
    }

    [Theory]
    [InlineData("AWS_ENDPOINT_URL_SSM")]
    [InlineData("AWS_ENDPOINT_URL")]
    public async Task An_endpoint_of_the_environment_is_used(string variable)
    {
        environment[variable] = "http://127.0.0.1:4566/";
        wire.Answers(HttpStatusCode.OK, $$$"""{"Parameter":{"Value":"{{{Secret}}}"}}""");

        await ReadAsync("ssm:a");
        Assert.Equal("http://127.0.0.1:4566/", Assert.Single(wire.Requests).Request.RequestUri!.ToString());
    }

    [Fact]
    public async Task What_fails_for_the_moment_is_asked_again()
    {
        wire.Fails();
        wire.Answers(HttpStatusCode.InternalServerError, "");
        wire.Answers(HttpStatusCode.BadRequest, """{"__type":"ThrottlingException"}""");
        wire.Answers(HttpStatusCode.OK, $$$"""{"Parameter":{"Value":"{{{Secret}}}"}}""");

        Assert.Equal(Secret, await ReadAsync("ssm:a"));
        Assert.Equal(4, wire.Requests.Count);
    }

    [Theory]
    [InlineData("ParameterNotFound", "com.amazonaws.ssm#ParameterNotFound")]
    [InlineData("AccessDeniedException", "AccessDeniedException")]
    public async Task What_fails_for_good_is_asked_once_and_says_why(string expected, string type)
    {
        wire.Answers(HttpStatusCode.BadRequest, $$"""{"__type":"{{type}}","message":"{{Secret}}"}""");

        var failure = await Assert.ThrowsAsync<SecretUnavailableException>(() => ReadAsync("ssm:/frazil/secret"));
        Assert.Equal($"The secret in ParameterStore /frazil/secret cannot be read: 400 {expected}", failure.Message);
        Assert.Single(wire.Requests);
    }

    [Theory]
    [InlineData("""{"Parameter":{"Value":""}}""")]
    [InlineData("""{"Parameter":{}}""")]
    [InlineData("{}")]
    public async Task No_text_is_no_secret(string answer)
    {
        wire.Answers(HttpStatusCode.OK, answer);
        await Assert.ThrowsAsync<SecretUnavailableException>(() => ReadAsync("ssm:a"));
    }

    [Fact]
    public async Task A_keeper_that_never_answers_is_given_up()
    {
        for (var i = 0; i < 20; i++)
        {
            wire.Fails();
        }

        var failure = await Assert.ThrowsAsync<SecretUnavailableException>(() => ReadAsync("ssm:a"));
        Assert.Contains("did not answer", failure.Message, StringComparison.Ordinal);
        Assert.InRange(wire.Requests.Count, 2, 10);
    }

    [Theory]
    [InlineData("")]
    [InlineData("ssm")]
    [InlineData("ssm:")]
    [InlineData("vault:a")]
    [InlineData(Secret)]
    public void What_is_no_source_is_refused_without_being_repeated(string text)
    {
        var failure = Assert.Throws<FormatException>(() => SecretSource.Parse(text));
        Assert.Equal("It must be ssm:NAME, secretsmanager:NAME or env:VARIABLE", failure.Message);
    }

    private async Task<string> ReadAsync(string source)
    {
        using var http = new HttpClient(wire, disposeHandler: false);
        var reader = new SecretReader(
            http, new SessionAWSCredentials("AKID", "secret", "token"), "eu-central-1", environment.GetValueOrDefault, new InstantTime(), new IdSource());
        return await reader.ReadAsync(SecretSource.Parse(source), CancellationToken.None);
    }

    /// <summary>The other end: answers in order, and keeps what it was asked.</summary>
    private sealed class Wire : HttpMessageHandler
    {
        private readonly Queue<Func<HttpResponseMessage>> answers = [];

        public List<(HttpRequestMessage Request, string Body)> Requests { get; } = [];

        public void Answers(HttpStatusCode status, string body) =>
            answers.Enqueue(() => new HttpResponseMessage(status) { Content = new StringContent(body, Encoding.UTF8, "application/x-amz-json-1.1") });

        public void Fails() => answers.Enqueue(() => throw new HttpRequestException("no route"));

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Requests.Add((request, request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken)));
            return answers.Dequeue()();
        }
    }

    /// <summary>Waits are over at once; a timeout is far away.</summary>
    private sealed class InstantTime : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, dueTime == SecretReader.Timeout ? TimeSpan.FromMinutes(5) : TimeSpan.Zero, period);
    }
}
