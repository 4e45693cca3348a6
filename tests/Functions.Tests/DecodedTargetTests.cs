using Frazil.Api;
using Frazil.AzureFunctions;

namespace Frazil.Functions.Tests;

public sealed class DecodedTargetTests
{
    [Theory]
    [InlineData("a b")]
    [InlineData("a%b")]
    [InlineData("a%1Fb")]
    [InlineData("a%252")]
    [InlineData("ü🧊")]
    [InlineData("a?b#c&d=e;f,g:h@i!$'()*~\\|^`{}[]<>\"")]
    [InlineData("a.b..c")]
    public void A_name_is_read_as_it_was_meant(string name)
    {
        var target = RequestTarget.Parse(DecodedTarget.Encode($"/v1/default/namespaces/{name}"));
        Assert.Null(DecodedTarget.Refuse($"/v1/default/namespaces/{name}"));
        Assert.Equal(4, target.Segments.Count);
        Assert.Equal(name, RequestTarget.Decode(target.Segments[3]));
    }

    [Fact]
    public void Levels_stay_apart() =>
        Assert.Equal(["a", "b"], RequestTarget.DecodeNamespace(RequestTarget.Parse(DecodedTarget.Encode("/v1/p/namespaces/a\u001Fb")).Segments[3], "%1F").Levels);

    [Theory]
    [InlineData("/v1/p/namespaces/a%2Fb", "slash")]
    [InlineData("/v1/p/namespaces/a%2fb", "slash")]
    [InlineData("/v1/p/namespaces/a+b", "plus")]
    [InlineData("/v1/p/namespaces/a/tables/", "'.' or '..'")]
    public void What_cannot_be_told_is_refused(string path, string reason) => Assert.Contains(reason, DecodedTarget.Refuse(path), StringComparison.Ordinal);

    [Theory]
    [InlineData("/")]
    [InlineData("/health/ready")]
    public void Pages_are_told(string path)
    {
        Assert.Null(DecodedTarget.Refuse(path));
        Assert.Equal(path, DecodedTarget.Encode(path));
    }

    [Theory]
    [InlineData("/v1/p/namespaces/a%2Fb", "/v1/p/namespaces/a/b")]
    [InlineData("/v1/p/namespaces/a%2Fb", "/v1/p/namespaces/a%2Fb")]
    [InlineData("/v1/p/namespaces/a%252Fb", "/v1/p/namespaces/a%2Fb")]
    [InlineData("/v1/p/namespaces/a%25252Fb", "/v1/p/namespaces/a/b")]
    [InlineData("/v1/p/namespaces/a%5Cb", "/v1/p/namespaces/a/b")]
    [InlineData("/v1/p/namespaces/a+b", "/v1/p/namespaces/a+b")]
    [InlineData("/v1/p/namespaces/a%2Bb?x=%2F..", "/v1/p/namespaces/a+b")]
    [InlineData("/v1/p/namespaces/%2E%2E/tables/.", "/v1/p/tables/")]
    [InlineData("/v1//p/./namespaces/", "/v1/p/namespaces")]
    [InlineData("/v1/p/namespaces/%C3%A4%F0%9F%A7%8A%1F%25", "/v1/p/namespaces/ä🧊\u001F%")]
    [InlineData("/v1/p/namespaces/%FF%ZZ", "/v1/p/namespaces/%FF%ZZ")]
    [InlineData("/", "/")]
    [InlineData("https://host/v1/a%2Fb?c=/", "/v1/a/b")]
    public void What_was_sent_is_known_by_what_is_left_of_it(string target, string path) => Assert.True(DecodedTarget.IsOf(target, path));

    [Theory]
    [InlineData("/v1/p/namespaces/b", "/v1/p/namespaces/a")]
    [InlineData("/v1/p/namespaces/a%20b", "/v1/p/namespaces/a+b")]
    [InlineData("/v1/p/namespaces/A", "/v1/p/namespaces/a")]
    [InlineData("/v1/p/namespaces/a/b", "/v1/p/namespaces/a")]
    [InlineData("/v1/p?/namespaces", "/v1/p/namespaces")]
    [InlineData("v1/p/namespaces", "/v1/p/namespaces")]
    [InlineData("http://host/v1", "/v2")]
    [InlineData("", "/")]
    public void What_speaks_of_another_path_is_not_taken_for_what_was_sent(string target, string path) => Assert.False(DecodedTarget.IsOf(target, path));

    [Fact]
    public void Escapes_of_escapes_cost_no_more_than_their_length()
    {
        const int Levels = 100_000;
        var target = "/%" + string.Concat(Enumerable.Repeat("25", Levels)) + "41";
        var watch = System.Diagnostics.Stopwatch.StartNew();
        Assert.True(DecodedTarget.IsOf(target, "/A"));
        Assert.InRange(watch.ElapsedMilliseconds, 0, 1000);
    }
}
