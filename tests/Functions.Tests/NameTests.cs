using System.Text.Json;
using Frazil.AzureFunctions;

namespace Frazil.Functions.Tests;

/// <summary>Names that decoding would make into others: behind Azure's front end all are found, without it they are refused; never is one taken for another.</summary>
[Trait("Needs", "azurite")]
public sealed class NameTests
{
    private const string Namespaces = "/v1/default/namespaces";

    // Each is what another looks like when it was decoded once more or once less.
    private static readonly string[] Names =
    [
        "a/b", "a%2Fb", "a%252Fb", "a\\b", "a%5Cb", "a b", "a+b", "a%20b", "a%2Bb", "%2E", "%2E%2E", "...", "a", "a/", "/a", "a//b", "a/./b", "a/../b", "a/tables/t", "%", "%25", "ä/🧊+%",
    ];

    [Fact]
    public async Task Behind_the_front_end_every_name_is_itself()
    {
        await using var worker = await Worker.StartAsync();
        await worker.SignInAsync();
        foreach (var name in Names)
        {
            await worker.SayAsync($"POST {Namespaces}", 200, Json(new { @namespace = new[] { name }, properties = new { spelled = name } }));
            await worker.SayAsync($"POST {Namespaces}/{Uri.EscapeDataString(name)}/tables", 200, Json(new { name, schema = new { type = "struct", fields = Array.Empty<object>() }, properties = new { spelled = name } }));
        }

        foreach (var name in Names)
        {
            Assert.Equal(name, Spelled(await worker.SayAsync($"GET {Namespaces}/{Uri.EscapeDataString(name)}", 200), "properties"));
            Assert.Equal(name, Spelled(await worker.SayAsync($"GET {Namespaces}/{Uri.EscapeDataString(name)}/tables/{Uri.EscapeDataString(name)}", 200), "metadata", "properties"));
        }

        // No name is a dot or two, and nothing stands for them.
        await worker.SayAsync($"POST {Namespaces}", 400, """{"namespace":[".."]}""");
        await worker.SayAsync($"GET {Namespaces}/a/tables/%2E", 404);
        await worker.SayAsync($"GET {Namespaces}/a/tables/./credentials", 404);
        await worker.SayAsync($"DELETE {Namespaces}/a%2Ftables%2Ft/..", 400);

        // As Iceberg's Java client writes a space, and nobody else.
        Assert.Equal("a+b", Spelled(await worker.SayAsync($"GET {Namespaces}/a+b", 200), "properties"));
        Assert.Equal("a b", Spelled(await worker.SayAsync($"GET {Namespaces}/a+b", 200, null, ("X-Client-Version", "Apache Iceberg 1.10.0")), "properties"));
        foreach (var name in Names)
        {
            await worker.SayAsync($"DELETE {Namespaces}/{Uri.EscapeDataString(name)}/tables/{Uri.EscapeDataString(name)}", 204);
            await worker.SayAsync($"HEAD {Namespaces}/{Uri.EscapeDataString(name)}/tables/{Uri.EscapeDataString(name)}", 404);
            await worker.SayAsync($"DELETE {Namespaces}/{Uri.EscapeDataString(name)}", 204);
            await worker.SayAsync($"HEAD {Namespaces}/{Uri.EscapeDataString(name)}", 404);
        }
    }

    [Fact]
    public async Task Without_the_front_end_no_name_is_made_that_could_not_be_told()
    {
        await using var worker = await Worker.StartAsync(hasFrontEnd: false);
        await worker.SignInAsync();
        await worker.SayAsync($"POST {Namespaces}", 200, """{"namespace":["a"]}""");
        await worker.SayAsync($"POST {Namespaces}/a/tables", 200, """{"name":"t","schema":{"type":"struct","fields":[]}}""");
        foreach (var name in Names.Where(name => name.AsSpan().IndexOfAny("/+\\") >= 0 || name.Contains("%2F", StringComparison.Ordinal)))
        {
            var levels = Json(new[] { name });
            var refused = await worker.SayAsync($"POST {Namespaces}", 400, $$"""{"namespace":{{levels}}}""");
            Assert.Contains("could not be told from another", refused, StringComparison.Ordinal);
            await worker.SayAsync($"POST {Namespaces}/a/tables", 400, Json(new { name, schema = new { type = "struct", fields = Array.Empty<object>() } }));
            await worker.SayAsync("POST /v1/default/tables/rename", 400, Json(new { source = new { @namespace = (string[])["a"], name = "t" }, destination = new { @namespace = (string[])["a"], name } }));
        }

        Assert.EndsWith(""""namespaces":[["a"]]}"""", await worker.SayAsync($"GET {Namespaces}", 200), StringComparison.Ordinal);
        await worker.SayAsync($"HEAD {Namespaces}/a/tables/t", 204);
    }

    [Theory]
    [InlineData("GET /v1/default/namespaces/a%2Fb")]
    [InlineData("GET /v1/default/namespaces/a%252Fb")]
    [InlineData("GET /v1/default/namespaces/a+b")]
    [InlineData("GET /v1/default/namespaces/a%2Bb")]
    [InlineData("DELETE /v1/default/namespaces/a/tables/%2E%2E")]
    [InlineData("GET /v1/default/namespaces/a/tables/%2E")]
    public async Task Without_the_front_end_what_cannot_be_told_is_refused_and_said_to_be(string request)
    {
        await using var worker = await Worker.StartAsync(hasFrontEnd: false);
        await worker.SignInAsync();
        AssertUnclear(await worker.SayAsync(request, 400));
    }

    // No front end here overwrites the header, so this is a client that speaks for it.
    [Fact]
    public async Task A_header_that_speaks_of_another_path_is_refused()
    {
        await using var worker = await Worker.StartAsync(hasFrontEnd: false);
        await worker.SignInAsync();
        await worker.SayAsync($"POST {Namespaces}", 200, """{"namespace":["a"]}""");
        foreach (var target in (string[])[$"{Namespaces}/b", "", "a", "http://host/", $"{Namespaces}/a/../b"])
        {
            AssertUnclear(await worker.SayAsync($"GET {Namespaces}/a", 400, null, (DecodedTarget.SentHeader, target)));
        }

        AssertUnclear(await worker.SayAsync($"DELETE {Namespaces}/a", 400, null, (DecodedTarget.SentHeader, $"{Namespaces}/a"), (DecodedTarget.SentHeader, $"{Namespaces}/a")));
        await worker.SayAsync($"HEAD {Namespaces}/a", 204, null, (DecodedTarget.SentHeader, $"{Namespaces}/%61"));
    }

    private static void AssertUnclear(string answer)
    {
        using var error = JsonDocument.Parse(answer);
        var member = error.RootElement.GetProperty("error");
        Assert.Equal("BadRequestException", member.GetProperty("type").GetString());
        Assert.StartsWith("This host cannot tell ", member.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    private static string Json<T>(T value) => JsonSerializer.Serialize(value);

    private static string Spelled(string answer, params string[] path)
    {
        using var document = JsonDocument.Parse(answer);
        return path.Aggregate(document.RootElement, (element, name) => element.GetProperty(name)).GetProperty("spelled").GetString()!;
    }
}
