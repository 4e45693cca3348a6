using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Frazil.Api.Tests;

public sealed class NoLimitIsAServerErrorTestsInMemory() : NoLimitIsAServerErrorTests(new MemoryWorld());

public sealed class NoLimitIsAServerErrorTestsEmbedded() : NoLimitIsAServerErrorTests(new EmbeddedWorld());

[Trait("Needs", "dynamodb")]
[Trait("Needs", "s3")]
public sealed class NoLimitIsAServerErrorTestsAws() : NoLimitIsAServerErrorTests(new AwsWorld());

[Trait("Needs", "azurite")]
public sealed class NoLimitIsAServerErrorTestsAzure() : NoLimitIsAServerErrorTests(new AzureWorld())
{
    /// <summary>Azurite looks for keys of a batch with JavaScript's <c>.</c>, which is no line separator: the emulator finds no such row.</summary>
    protected override bool Holds(string text) => text != "\u2028";
}

/// <summary>
/// Nothing at, under or over a limit is a 5xx, whatever the characters: stores count bytes where others count characters, escape some in keys and some in values. And what was taken can be read,
/// listed, changed, renamed, dropped, brought back and dropped again.
/// </summary>
public abstract class NoLimitIsAServerErrorTests(World world) : CatalogTests(world)
{
    /// <summary>Whether what stands in for the store can hold names of this character.</summary>
    protected virtual bool Holds(string text) => true;

    private ApiClient Management => new(Server, $"/management/v1/warehouse/{Catalog.Name}");

    /// <summary>One byte, two, three, four; those that keys escape; those that JSON escapes; one that is three bytes and six as JSON.</summary>
    public static TheoryData<string> Alphabet => ["a", "é", "\u3042", "\U0001F600", "%", "/", "!", "#", "?", "\\", "\"", ".a", " a", "\uFEFF", "\uE000", "\u2028"];

    [Theory]
    [MemberData(nameof(Alphabet))]
    public async Task Names_of_any_character(string text)
    {
        if (!Holds(text))
        {
            return;
        }

        var taken = 0;
        foreach (var (namespaceLength, nameLength) in ((int, int)[])[
            (Limits.MaxNamespaceLength, Limits.MaxNameLength),
            (Limits.MaxNamespaceLength + 1, Limits.MaxNameLength),
            (Limits.MaxNamespaceLength, Limits.MaxNameLength + 1),
            (Limits.MaxNamespaceLength / 3, Limits.MaxNameLength / 3),
            ((Limits.MaxNamespaceLength / 3) + 1, (Limits.MaxNameLength / 3) + 1),
            (200, 200)])
        {
            var (@namespace, name) = (Fill(text, namespaceLength), Fill(text, nameLength));
            var path = $"/namespaces/{Uri.EscapeDataString(@namespace)}";
            Sane(await Catalog.PostAsync("/namespaces", $$$"""{"namespace":[{{{Quote(@namespace)}}}],"properties":{{{{Quote(name)}}}:{{{Quote(name)}}}}}""", Key()));
            Sane(await Catalog.PostAsync(path + "/properties", $$$"""{"removals":[{{{Quote(@namespace)}}}],"updates":{{{{Quote(name)}}}:"v"}}""", Key()));
            Sane(await Catalog.GetAsync(path));
            Sane(await Catalog.GetAsync("/namespaces?pageToken=&pageSize=1"));
            Sane(await Catalog.GetAsync($"/namespaces?parent={Uri.EscapeDataString(@namespace)}&pageToken=&pageSize=1"));
            var made = Sane(await Catalog.PostAsync(path + "/tables", $$$"""{"name":{{{Quote(name)}}},"schema":{"type":"struct","fields":[]}}""", Key()));
            Sane(await Catalog.PostAsync(path + "/views", Sample.View(Quote("v" + name)[1..^1]), Key()));
            Sane(await Catalog.GetAsync($"{path}/tables/{Uri.EscapeDataString(name)}"));
            Sane(await Catalog.PostAsync($"{path}/tables/{Uri.EscapeDataString(name)}", $$$"""{"requirements":[],"updates":[{"action":"set-properties","updates":{{{{Quote(name)}}}:{{{Quote(name)}}}}}]}""", Key()));
            Sane(await Catalog.PostAsync($"{path}/tables/{Uri.EscapeDataString(name)}/metrics", """{"report-type":"scan-report"}"""));
            var page = Sane(await Catalog.GetAsync(path + "/tables?pageToken=&pageSize=1"));
            if (made.Status == 200)
            {
                taken++;
                Assert.Equal(name, page.Json.GetProperty("identifiers")[0].GetProperty("name").GetString());
                Renamed(await Catalog.PostAsync("/tables/rename", Rename(@namespace, name, "ns", name), Key()));
                Renamed(await Catalog.PostAsync("/tables/rename", Rename("ns", name, @namespace, name), Key()));
                (await Catalog.DeleteAsync($"{path}/tables/{Uri.EscapeDataString(name)}", Key())).NoContent();
                var trashed = (await Management.GetAsync("/deleted-tabulars")).Ok().Json.GetProperty("tabulars").EnumerateArray().Single(row => row.GetProperty("name").GetString() == name);
                var id = trashed.GetProperty("id").GetString();
                (await Management.PostAsync("/deleted-tabulars/undrop", $$$"""{"targets":[{"type":"table","id":"{{{id}}}"}]}""")).NoContent();
                (await Catalog.DeleteAsync($"{path}/tables/{Uri.EscapeDataString(name)}?purgeRequested=true", Key())).NoContent();
                Sane(await Management.GetAsync($"/deleted-tabulars?pageToken=&pageSize=1"));
            }

            Sane(await Catalog.DeleteAsync($"{path}/views/{Uri.EscapeDataString("v" + name)}", Key()));
            Sane(await Catalog.DeleteAsync(path, Key()));
        }

        Assert.NotEqual(0, taken);
    }

    [Theory]
    [InlineData("v")]
    [InlineData("\\u0001")]
    [InlineData("\\\"")]
    [InlineData("\u3042")]
    [InlineData("\U0001F600")]
    [InlineData("random")]
    public async Task Properties_of_a_namespace_of_any_character(string text)
    {
        var stored = Encoding.UTF8.GetByteCount(text == "\U0001F600" ? "\\uD83D\\uDE00" : text);
        foreach (var bytes in (int[])[Limits.MaxNamespacePropertiesBytes - 20, Limits.MaxNamespacePropertiesBytes, Limits.MaxNamespacePropertiesBytes + 20, 200 * 1024, 200 * 1024 * 6])
        {
            var value = text == "random" ? Random(bytes) : new StringBuilder().Insert(0, text, bytes / stored).ToString();
            var key = bytes.ToString(CultureInfo.InvariantCulture);
            var reply = Sane(await Catalog.PostAsync("/namespaces", $$$"""{"namespace":["n{{{key}}}"],"properties":{"k":"{{{value}}}"}}""", Key()));
            Assert.Equal(bytes < Limits.MaxNamespacePropertiesBytes ? 200 : 400, reply.Status);
            if (reply.Status == 200)
            {
                (await Catalog.GetAsync($"/namespaces/n{key}")).Ok();
                (await Catalog.PostAsync($"/namespaces/n{key}/properties", """{"removals":["x"],"updates":{"a":"b"}}""", Key())).Ok();
            }

            Sane(await Catalog.PostAsync("/namespaces/ns/properties", $$$"""{"updates":{"k":"{{{value}}}"}}""", Key()));
            Sane(await Catalog.PostAsync("/namespaces/ns/properties", $$$"""{"updates":{"{{{value}}}":"k"}}""", Key()));
            Sane(await Catalog.PostAsync("/namespaces/ns/properties", $$$"""{"removals":["{{{value}}}"]}""", Key()));
        }
    }

    [Fact]
    public async Task Twenty_thousand_removals_under_an_idempotency_key()
    {
        var key = Key();
        var removals = string.Join(',', Enumerable.Range(0, 20_000).Select(i => $"\"key-{i:D8}\""));

        Sane(await Catalog.PostAsync("/namespaces/ns/properties", $$$"""{"removals":[{{{removals}}}]}""", key));
        Assert.Equal(400, (await Catalog.PostAsync("/namespaces/ns/properties", $$$"""{"removals":[{{{removals}}}]}""", key)).Status);
    }

    [Theory]
    [InlineData("l")]
    [InlineData("\u3042")]
    [InlineData("\U0001F600")]
    [InlineData("%20")]
    public async Task Locations_and_paths_of_any_character(string text)
    {
        foreach (var length in (int[])[Limits.MaxLocationLength - 130, Limits.MaxLocationLength - 60, Limits.MaxLocationLength, Limits.MaxLocationLength + 1])
        {
            var made = Sane(await Catalog.CreateTableAsync("ns", $"t{length}", $$$""","location":"{{{Place("t", length)}}}" """, Key()));
            Sane(await Catalog.PostAsync("/namespaces", $$$"""{"namespace":["n{{{length}}}"],"properties":{"location":"{{{Place("n", length)}}}"}}""", Key()));
            Sane(await Catalog.CreateTableAsync($"n{length}", "t", "", Key()));
            if (made.Status != 200)
            {
                continue;
            }

            for (var i = 0; i < Limits.MaxTableLocations + 1; i++)
            {
                Sane(await Catalog.CommitAsync("ns", $"t{length}", "", Sample.SetProperty("write.data.path", Place($"d{i:D2}", length)), Key()));
            }

            Sane(await Catalog.GetAsync($"/namespaces/ns/tables/t{length}"));
            Assert.Equal(204, Sane(await Catalog.DeleteAsync($"/namespaces/ns/tables/t{length}?purgeRequested=true", Key())).Status);
        }

        // Segments of file names, which stores and file systems limit as well.
        string Place(string name, int length)
        {
            var place = new StringBuilder($"{Catalog.Base}/{name}-{length}");
            while (place.Length < length)
            {
                place.Append('/').Append(Fill(text, Math.Min(60, Math.Max(1, length - place.Length - 1))));
            }

            return place.ToString();
        }
    }

    [Fact]
    public async Task Page_tokens_that_were_tampered_with()
    {
        for (var i = 0; i < 3; i++)
        {
            (await Catalog.CreateTableAsync("ns", $"t{i}")).Ok();
        }

        var token = System.Buffers.Text.Base64Url.DecodeFromChars((await Catalog.GetAsync("/namespaces/ns/tables?pageToken=&pageSize=1")).Ok().Json.GetProperty("next-page-token").GetString());
        foreach (var (more, isToken) in ((byte[], bool)[])[
            ("x"u8.ToArray(), true), ("/"u8.ToArray(), true), ([0], false), ([0x1F], false), ([0x7F], false), ([0xC2, 0x85], false), ([0xFF], false), ([0xED, 0xA0, 0x80], false), (new byte[500], false),
            (Enumerable.Repeat((byte)'a', 499).ToArray(), true), (Enumerable.Repeat((byte)'a', 510).ToArray(), false), (Encoding.UTF8.GetBytes(new string('\u3042', 340)), true),
            (Encoding.UTF8.GetBytes(new string('\u3042', 345)), false), (Encoding.UTF8.GetBytes(new string('\u3042', 2000)), false)])
        {
            var target = $"/namespaces/ns/tables?pageToken={System.Buffers.Text.Base64Url.EncodeToString([.. token, .. more])}";
            Assert.Equal(isToken ? 200 : 400, Sane(await Catalog.GetAsync(target)).Status);
        }
    }

    private static Reply Sane(Reply reply)
    {
        Assert.True(reply.Status < 500, $"{reply.Text[..Math.Min(reply.Text.Length, 300)]} … {reply.Text[^Math.Min(reply.Text.Length, 400)..]}");
        return reply;
    }

    private static void Renamed(Reply reply) => Assert.True(reply.Status == 204, reply.Text);

    private static (string, string) Key() => ("Idempotency-Key", Guid.CreateVersion7().ToString());

    /// <summary>The text again and again, and what is missing of the length in letters. Sharp: as escaped for a key, which is how names are counted.</summary>
    private static string Fill(string text, int length)
    {
        var filled = new StringBuilder();
        while (Names.Escape(filled + text).Length <= length)
        {
            filled.Append(text);
        }

        return filled.Append('x', length - Names.Escape(filled.ToString()).Length).ToString();
    }

    private static string Quote(string text) => JsonSerializer.Serialize(text);

    private static string Rename(string fromNamespace, string from, string toNamespace, string to) =>
        $$$"""{"source":{"namespace":[{{{Quote(fromNamespace)}}}],"name":{{{Quote(from)}}}},"destination":{"namespace":[{{{Quote(toNamespace)}}}],"name":{{{Quote(to)}}}}}""";

    /// <summary>Characters that do not deflate.</summary>
    private static string Random(int bytes)
    {
        var random = new Random(1);
        var text = new StringBuilder(bytes);
        while (text.Length < bytes)
        {
            text.Append((char)random.Next('#', 'Z'));
        }

        return text.ToString();
    }
}
