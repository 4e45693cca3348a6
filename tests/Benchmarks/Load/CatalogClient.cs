using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Frazil.Benchmarks.Load;

/// <summary>What prepares cases and checks what they left: an ordinary client, outside of what is measured.</summary>
internal sealed class CatalogClient(Uri url) : IDisposable
{
    private readonly HttpClient http = new() { BaseAddress = url, Timeout = TimeSpan.FromMinutes(2) };

    /// <summary>Where the server is.</summary>
    public Uri Url => url;

    /// <summary>What the server counted so far; zeros from a server that shows no metrics.</summary>
    public async Task<Counters> CountAsync()
    {
        using var response = await http.GetAsync("metrics");
        return response.IsSuccessStatusCode ? Counters.Parse(await response.Content.ReadAsStringAsync()) : Counters.None;
    }

    public async Task<byte[]> GetAsync(string path, string? acceptEncoding = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (acceptEncoding is not null)
        {
            request.Headers.AcceptEncoding.ParseAdd(acceptEncoding);
        }

        using var response = await http.SendAsync(request);
        return await BodyAsync(request, response);
    }

    public async Task<JsonElement> GetJsonAsync(string path) => JsonSerializer.Deserialize<JsonElement>(await GetAsync(path));

    public async Task<JsonElement> PostAsync(string path, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
        };
        using var response = await http.SendAsync(request);
        var answer = await BodyAsync(request, response);
        return answer.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(answer);
    }

    /// <summary>Makes a namespace. Its levels are joined by <c>%1F</c> in paths.</summary>
    public Task CreateNamespaceAsync(params string[] levels) =>
        PostAsync("v1/namespaces", $$"""{"namespace":[{{string.Join(',', levels.Select(level => $"\"{level}\""))}}]}""");

    /// <summary>Makes a table of optional strings and gives its uuid.</summary>
    public async Task<string> CreateTableAsync(string @namespace, string name, int columns = 3) =>
        (await PostAsync($"v1/namespaces/{@namespace}/tables", Bodies.CreateTable(name, columns))).GetProperty("metadata").GetProperty("table-uuid").GetString()!;

    /// <summary>The names of a list, all of its pages, in order.</summary>
    public async Task<IReadOnlyList<string>> WalkAsync(string path, string member)
    {
        List<string> names = [];
        var token = "";
        do
        {
            var page = await GetJsonAsync($"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}pageSize=1000&pageToken={token}");
            names.AddRange(page.GetProperty(member).EnumerateArray().Select(item => member == "namespaces" ? item.EnumerateArray().Last().GetString()! : item.GetProperty("name").GetString()!));
            token = page.GetProperty("next-page-token").GetString();
        }
        while (token is not null);
        return names;
    }

    /// <summary>Drops a namespace with everything in it.</summary>
    public async Task DropAsync(string @namespace)
    {
        using var response = await http.DeleteAsync($"v1/namespaces/{@namespace}?recursive=true&purge=true&force=true");
    }

    public void Dispose() => http.Dispose();

    private static async Task<byte[]> BodyAsync(HttpRequestMessage request, HttpResponseMessage response)
    {
        var body = await response.Content.ReadAsByteArrayAsync();
        return response.StatusCode is HttpStatusCode.OK or HttpStatusCode.NoContent
            ? body
            : throw new CheckFailedException($"{request.Method} {request.RequestUri}: {(int)response.StatusCode} {Encoding.UTF8.GetString(body)}");
    }
}

/// <summary>Bodies of requests.</summary>
internal static class Bodies
{
    /// <summary>A table whose columns are optional strings.</summary>
    public static string CreateTable(string name, int columns)
    {
        var fields = string.Join(',', Enumerable.Range(1, columns).Select(id => $$"""{"id":{{id}},"name":"column_{{id}}","required":false,"type":"string"}"""));
        return $$$"""{"name":"{{{name}}}","schema":{"type":"struct","schema-id":0,"fields":[{{{fields}}}]}}""";
    }

    /// <summary>A commit that sets one property.</summary>
    public static string SetProperty(string uuid, string key, long value) =>
        $$$"""{"requirements":[{"type":"assert-table-uuid","uuid":"{{{uuid}}}"}],"updates":[{"action":"set-properties","updates":{"{{{key}}}":"{{{value}}}"}}]}""";

    /// <summary>The same for several tables at once.</summary>
    public static string SetProperties(string @namespace, IEnumerable<(string Name, string Uuid)> tables, string key, long value) => $$"""
        {"table-changes":[{{string.Join(',', tables.Select(table => $$"""{"identifier":{"namespace":["{{@namespace}}"],"name":"{{table.Name}}"},{{SetProperty(table.Uuid, key, value)[1..]}}"""))}}]}
        """;

    /// <summary>An append: the snapshot that follows <paramref name="parent"/> on main.</summary>
    public static string Append(string uuid, string location, long? parent, long id, long sequence, long timestamp) => $$"""
        {"requirements":[{"type":"assert-table-uuid","uuid":"{{uuid}}"},{"type":"assert-ref-snapshot-id","ref":"main","snapshot-id":{{parent?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "null"}}}],
        "updates":[{{AddSnapshot(location, parent, id, sequence, timestamp)}},{{SetMain(id)}}]}
        """;

    /// <summary>Many snapshots in one commit.</summary>
    public static string AppendMany(string uuid, string location, int count, long timestamp) => $$"""
        {"requirements":[{"type":"assert-table-uuid","uuid":"{{uuid}}"}],
        "updates":[{{string.Join(',', Enumerable.Range(1, count).Select(id => AddSnapshot(location, id == 1 ? null : id - 1, id, id, timestamp)))}},{{SetMain(count)}}]}
        """;

    private static string AddSnapshot(string location, long? parent, long id, long sequence, long timestamp) => $$$"""
        {"action":"add-snapshot","snapshot":{"snapshot-id":{{{id}}},{{{(parent is { } value ? $"\"parent-snapshot-id\":{value}," : "")}}}"sequence-number":{{{sequence}}},"timestamp-ms":{{{timestamp}}},"summary":{"operation":"append","added-data-files":"4","added-records":"40000","added-files-size":"1234567","changed-partition-count":"4","total-records":"{{{id}}}40000","total-files-size":"{{{id}}}1234567","total-data-files":"{{{id}}}4","total-delete-files":"0","total-position-deletes":"0","total-equality-deletes":"0","engine-name":"spark","engine-version":"3.5.4","iceberg-version":"Apache Iceberg 1.9.0"},"manifest-list":"{{{location}}}/metadata/snap-{{{id}}}-1-9c12d441-03fe-4693-9a96-a0705ddf69c1.avro","schema-id":0}}
        """;

    private static string SetMain(long id) => $$"""{"action":"set-snapshot-ref","ref-name":"main","type":"branch","snapshot-id":{{id}}}""";
}
