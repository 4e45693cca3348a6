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
}
