using System.Buffers.Text;
using System.Text.Json;

namespace Frazil.Benchmarks.Load.Cases;

/// <summary>Reads of one small table, and the constant route beside which everything is seen.</summary>
internal static class Reads
{
    public const string Constant = "constant JSON (/health/live)";

    public static Case ConstantRoute() => new(Constant, _ => Same(RawRequest.Get("/health/live"), 200, """{"status":"ok"}"""u8.ToArray()));

    public static async Task<IReadOnlyList<Case>> MakeAsync(CatalogClient client, string @namespace)
    {
        var uuid = await client.CreateTableAsync(@namespace, "small");
        var path = $"/v1/namespaces/{@namespace}/tables/small";
        var body = await client.GetAsync(path);
        Checks.That(JsonDocument.Parse(body).RootElement.GetProperty("metadata").GetProperty("table-uuid").GetString() == uuid, "another table was loaded");

        string etag;
        using (var connection = await RawConnection.OpenAsync(client.Url))
        {
            etag = (await connection.SendAsync(RawRequest.Get(path))).ETag!;
        }

        return
        [
            new("load, small table", _ => Same(RawRequest.Get(path), 200, body)),
            new("load, small table, 304", _ => Same(RawRequest.Get(path, $"If-None-Match: {etag}"), 304, [])),
            await StaleTagsAsync(client, @namespace),
        ];
    }

    /// <summary>The same request over and over, always with the same answer.</summary>
    public static Step Same(byte[] request, int status, byte[] body) => async connection =>
    {
        var answer = await connection.SendAsync(request);
        Checks.That(answer.Status == status, $"{answer.Status} instead of {status}: {answer.Text}");
        Checks.That(answer.Body.Span.SequenceEqual(body), $"another body of {answer.Body.Length} bytes instead of {body.Length}");
    };

    /// <summary>Readers with an entity tag while a writer commits: a 304 for a tag that was out of date before the request was sent is stale.</summary>
    private static async Task<Case> StaleTagsAsync(CatalogClient client, string @namespace)
    {
        var uuid = await client.CreateTableAsync(@namespace, "tagged");
        var path = $"/v1/namespaces/{@namespace}/tables/tagged";
        var acknowledged = 0L;
        return new("load with ETag while a writer commits", _ =>
        {
            var (known, etag) = (-1L, "\"none\"");
            return async connection =>
            {
                var before = Interlocked.Read(ref acknowledged);
                var answer = await connection.SendAsync(RawRequest.Get(path, $"If-None-Match: {etag}"));
                if (answer.Status == 304)
                {
                    Checks.That(known >= before, $"a stale 304: for commit {known} when {before} was acknowledged already");
                    return;
                }

                Checks.That(answer.Status == 200, $"{answer.Status}: {answer.Text}");
                known = Number(answer.Body.Span, "n");
                etag = answer.ETag!;
                Checks.That(known >= before, $"a lost update: commit {known} was read when {before} was acknowledged already");
            };
        })
        {
            Background = async connection =>
            {
                var next = acknowledged + 1;
                var answer = await connection.SendAsync(RawRequest.Post(path, Bodies.SetProperty(uuid, "n", next)));
                Checks.That(answer.Status == 200, $"{answer.Status}: {answer.Text}");
                Interlocked.Exchange(ref acknowledged, next);
            },
        };
    }

    /// <summary>The number in a property of a table, found in the text; 0 when it is not there.</summary>
    public static long Number(ReadOnlySpan<byte> json, string property)
    {
        var name = System.Text.Encoding.UTF8.GetBytes($"\"{property}\":\"");
        var at = json.IndexOf(name);
        return at >= 0 && Utf8Parser.TryParse(json[(at + name.Length)..], out long value, out _) ? value : 0;
    }
}

/// <summary>Checks.</summary>
internal static class Checks
{
    /// <summary>Fails the run unless it holds.</summary>
    public static void That(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new CheckFailedException(otherwise);
        }
    }
}
