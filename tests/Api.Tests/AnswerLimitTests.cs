using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Frazil.Api.Tests;

/// <summary>What a host carries inside of a JSON document: counted as it will be written, to the byte.</summary>
public sealed class AnswerLimitTests
{
    [Theory]
    [InlineData("plain")]
    [InlineData("{\"a\":\"b\\\\c\",\"d\":[1,2]}")]
    [InlineData("tab\t line\n null\u0000 del\u007f")]
    [InlineData("ünïcode ✓ 🧊 \u2028 \uFEFF <&'+>")]
    [InlineData("")]
    public void A_text_fits_exactly_from_the_size_that_it_takes_as_a_string(string text)
    {
        var longer = string.Concat(Enumerable.Repeat(text, 700)); // over the length of what is counted at once
        foreach (var body in (string[])[text, longer])
        {
            var size = JsonEncodedText.Encode(body, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes.Length;
            var bytes = Encoding.UTF8.GetBytes(body);
            Assert.True(new AnswerLimit("test", size).FitsText(bytes, [], []));
            Assert.Equal(size == 0, new AnswerLimit("test", size - 1).FitsText(bytes, [], []) || size == 0);
            Assert.True(new AnswerLimit("test", size + 4).FitsText("ab"u8, bytes, "cd"u8));
            Assert.False(new AnswerLimit("test", size + 3).FitsText("ab"u8, bytes, "cd"u8));
        }
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 4)]
    [InlineData(3, 4)]
    [InlineData(4, 8)]
    [InlineData(6_000_000, 8_000_000)]
    public void A_compressed_body_fits_from_the_size_of_its_base64(int length, int size)
    {
        Assert.True(new AnswerLimit("test", size).FitsBinary(length));
        Assert.False(new AnswerLimit("test", size - 1).FitsBinary(length));
    }
}
