using System.Text;

namespace Frazil.Api.Tests;

/// <summary>What a client sent is shown so that it can do nothing to whoever reads it.</summary>
public sealed class SafeTextTests : CatalogTests
{
    /// <summary>Every character that moves, hides or ends something, and is none that a text needs.</summary>
    private static readonly string[] Steering =
    [
        .. Enumerable.Range(0, 0xD800).Concat(Enumerable.Range(0xE000, 0x110000 - 0xE000)).Select(value => new Rune(value))
            .Where(rune => Rune.IsControl(rune)
                || Rune.GetUnicodeCategory(rune) is System.Globalization.UnicodeCategory.Format or System.Globalization.UnicodeCategory.LineSeparator or System.Globalization.UnicodeCategory.ParagraphSeparator)
            .Select(rune => rune.ToString()).Where(text => text != "\t"),
    ];

    [Fact]
    public void Characters_that_steer_are_escaped()
    {
        Assert.True(Steering.Length > 150);
        foreach (var steering in Steering.Append("\uD800"))
        {
            var shown = SafeText.Show($"a{steering}b");
            Assert.DoesNotContain(steering, shown, StringComparison.Ordinal);
            Assert.StartsWith("a", shown, StringComparison.Ordinal);
            Assert.EndsWith("b", shown, StringComparison.Ordinal);
        }

        Assert.Equal("a\\u202eb\\u2028c\\u000ad", SafeText.Show("a\u202Eb\u2028c\nd"));
        Assert.Equal("a\r\n\tb\\u001b", SafeText.Show("a\r\n\tb\u001b", keepsLines: true));
    }

    [Theory]
    [InlineData("")]
    [InlineData("plain text, with ~!@#$%^&*() and 'quotes'")]
    [InlineData("Größe 名前 \U0001F600 \u00A0")]
    [InlineData("keyJoint of frzsomething and eyJust")]
    public void Other_text_stays_as_it_is(string text) => Assert.Equal(text, SafeText.Show(text));

    [Fact]
    public void Secrets_and_tokens_are_hidden_wherever_they_stand()
    {
        var (root, secret) = Security.RootCredentials.Generate("root");
        var token = new Security.AccessTokens(root, Clock, new IdSource()).Issue(new Security.Caller("root")).Text;
        foreach (var hidden in new[] { secret, token, token[..60] })
        {
            foreach (var text in new[] { hidden, $"a {hidden} b", $"/v1/{hidden}/x", $"'{hidden}'", $"x={hidden}&y={hidden}", $"ü{hidden}\n" })
            {
                Assert.DoesNotContain(hidden[^15..], SafeText.Show(text), StringComparison.Ordinal);
                Assert.DoesNotContain(hidden[^15..], SafeText.ShowPath(text), StringComparison.Ordinal);
            }
        }

        Assert.Equal("/v1/frzs_***/tables", SafeText.Show($"/v1/{secret}/tables"));
        Assert.Equal("eyJ***", SafeText.Show(token));
    }

    [Fact]
    public async Task No_error_and_no_line_of_the_log_has_such_a_character_in_it()
    {
        foreach (var steering in new[] { "\u202E", "\u2066", "\u2028", "\u200B", "\uFEFF" })
        {
            var name = $"x{steering}y";
            var path = Uri.EscapeDataString(name);
            Reply[] replies =
            [
                await Catalog.CreateTableAsync(path, "t"), await Catalog.LoadTableAsync("ns", path), await Catalog.GetAsync($"/namespaces?parent={path}"),
                await Catalog.GetAsync($"/namespaces/ns/tables?pageSize={path}"), await Catalog.PostAsync("/namespaces/ns/tables", $$$"""{"name":"t","schema":{"type":"{{{name}}}"}}"""),
                await Catalog.CommitAsync("ns", path, "", Sample.SetProperty("k", "v")), await Catalog.PostAsync("/namespaces/ns/register", $$"""{"name":"r","metadata-location":"{{name}}"}"""),
            ];
            foreach (var reply in replies)
            {
                Assert.InRange(reply.Status, 400, 499);
                Assert.DoesNotContain(steering, reply.Json.GetProperty("error").GetProperty("message").GetString()!, StringComparison.Ordinal);
            }

            Assert.NotEmpty(Server.Log.All);
            Assert.DoesNotContain(Server.Log.All, line => line.Contains(steering, StringComparison.Ordinal));
        }
    }
}
