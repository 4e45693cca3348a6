using Amazon.Runtime;
using Frazil.AwsBackend;

namespace Frazil.Aws.Tests;

/// <summary>Signatures of AWS' own published test suite for Signature Version 4.</summary>
public sealed class SignatureV4Tests
{
    private const string Scope = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date";

    private static readonly DateTimeOffset At = new(2015, 8, 30, 12, 36, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("GET", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")]
    [InlineData("POST", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b")]
    public void A_vanilla_request_has_the_published_signature(string method, string signature)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), "https://example.amazonaws.com/");
        Sign(request, new ImmutableCredentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", null));

        Assert.Equal($"{Scope}, Signature={signature}", Assert.Single(request.Headers.GetValues("Authorization")));
        Assert.Equal("20150830T123600Z", Assert.Single(request.Headers.GetValues("X-Amz-Date")));
    }

    [Fact]
    public void A_session_token_is_sent_and_signed()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "https://example.amazonaws.com/");
        Sign(request, new ImmutableCredentials("AKIDEXAMPLE", "secret", "token"));

        Assert.Equal("token", Assert.Single(request.Headers.GetValues("X-Amz-Security-Token")));
        Assert.Contains("SignedHeaders=host;x-amz-date;x-amz-security-token,", Assert.Single(request.Headers.GetValues("Authorization")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://example.amazonaws.com/?a=b")]
    [InlineData("/relative")]
    public void What_it_cannot_sign_is_refused(string uri)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(uri, UriKind.RelativeOrAbsolute));
        Assert.Throws<ArgumentException>(() => Sign(request, new ImmutableCredentials("a", "b", null)));
    }

    private static void Sign(HttpRequestMessage request, ImmutableCredentials credentials) => SignatureV4.Sign(request, [], credentials, "us-east-1", "service", At);
}
