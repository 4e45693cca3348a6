using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;

namespace Frazil.HostStory;

/// <summary>One request and its answer, for people and for comparison.</summary>
/// <param name="Request">Method and target.</param>
/// <param name="Answer">Status, headers and body, made comparable.</param>
public sealed record Exchange(string Request, string Answer);

/// <summary>
/// What was said in a story. Two hosts that say the same have equal transcripts: what must differ between any two runs (ids, times, tokens, where the warehouse is) is replaced by
/// what it is and in which order it appeared, so that an id that should be the same as before still has to be.
/// </summary>
public sealed partial class Transcript(string warehouse)
{
    private readonly Dictionary<string, string> names = new(StringComparer.Ordinal);
    private readonly List<Exchange> exchanges = [];

    // What one hop says to the next, or one host about itself.
    private static readonly HashSet<string> Ignored = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Content-Length", "Date", "Server", "Transfer-Encoding", "X-Request-Id",
    };

    public IReadOnlyList<Exchange> Exchanges => exchanges;

    /// <summary>Adds an answer.</summary>
    public void Add(string request, int status, IEnumerable<KeyValuePair<string, IEnumerable<string>>> headers, byte[] body)
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{status}\n");
        var isGzip = false;
        foreach (var (name, values) in headers.OrderBy(header => header.Key, StringComparer.OrdinalIgnoreCase))
        {
            if (!Ignored.Contains(name))
            {
                text.Append(CultureInfo.InvariantCulture, $"{name}: {string.Join(", ", values)}\n");
                isGzip |= name.Equals("Content-Encoding", StringComparison.OrdinalIgnoreCase) && values.Contains("gzip");
            }
        }

        text.Append('\n').Append(Encoding.UTF8.GetString(isGzip ? Inflate(body) : body));
        exchanges.Add(new Exchange(Normal(request), Normal(text.ToString())));
    }

    /// <summary>Adds what a job did.</summary>
    public void Add(string request, string answer) => exchanges.Add(new Exchange(request, Normal(answer)));

    /// <summary>The first difference to another transcript, or null.</summary>
    public string? DifferenceTo(Transcript other)
    {
        for (var i = 0; i < Math.Max(exchanges.Count, other.exchanges.Count); i++)
        {
            var (mine, theirs) = (exchanges.ElementAtOrDefault(i), other.exchanges.ElementAtOrDefault(i));
            if (mine != theirs)
            {
                var (left, right) = (mine?.Answer ?? "(nothing)", theirs?.Answer ?? "(nothing)");
                var at = left.Zip(right).TakeWhile(pair => pair.First == pair.Second).Count();
                return $"{i}: {mine?.Request ?? theirs?.Request}\n--- {Around(left, at)}\n+++ {Around(right, at)}";
            }
        }

        return null;
    }

    private static byte[] Inflate(byte[] body)
    {
        using var gzip = new GZipStream(new MemoryStream(body), CompressionMode.Decompress);
        using var plain = new MemoryStream();
        gzip.CopyTo(plain);
        return plain.ToArray();
    }

    private static string Around(string text, int at)
    {
        const int Before = 300;
        const int After = 300;
        var start = Math.Max(0, at - Before);
        return text.Substring(start, Math.Min(text.Length - start, Before + After));
    }

    private string Normal(string text)
    {
        text = text.Replace(warehouse, "{warehouse}", StringComparison.Ordinal);
        text = Token().Replace(text, match => Named("token", match.Value));
        text = PageToken().Replace(text, match => match.Groups[1].Value + Named("page", Uri.UnescapeDataString(match.Groups[2].Value)));
        text = ETag().Replace(text, match => $"ETag: {Named("etag", match.Groups[1].Value)}");
        text = Uuid().Replace(text, match => Named("uuid", match.Value.Replace("-", "", StringComparison.Ordinal)));
        text = Instant().Replace(text, "{time}");
        return Milliseconds().Replace(text, "{ms}");
    }

    private string Named(string kind, string value)
    {
        var key = $"{kind} {value}";
        if (!names.TryGetValue(key, out var name))
        {
            names[key] = name = $"{{{kind} {names.Keys.Count(known => known.StartsWith(kind, StringComparison.Ordinal)) + 1}}}";
        }

        return name;
    }

    [GeneratedRegex("[0-9a-f]{8}(-?)[0-9a-f]{4}\\1[0-9a-f]{4}\\1[0-9a-f]{4}\\1[0-9a-f]{12}")]
    private static partial Regex Uuid();

    [GeneratedRegex(@"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")]
    private static partial Regex Token();

    // Made from the catalog's id.
    [GeneratedRegex("(\"next-page-token\":\"|pageToken=)([^\"&]+)")]
    private static partial Regex PageToken();

    [GeneratedRegex("ETag: (.+)")]
    private static partial Regex ETag();

    [GeneratedRegex(@"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")]
    private static partial Regex Instant();

    // Milliseconds since 1970 have thirteen digits until 2286; the story's own numbers have fewer.
    [GeneratedRegex(@"(?<![\d.])1[6-9]\d{11}(?!\d)")]
    private static partial Regex Milliseconds();
}
