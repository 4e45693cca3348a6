using System.IO.Compression;
using System.Text.Json;

namespace Frazil.Benchmarks.Load.Cases;

/// <summary>A table of very many snapshots, and one of very many columns.</summary>
internal static class LargeTables
{
    private const int MaxCommits = 12;

    public static async Task<IReadOnlyList<Case>> MakeAsync(CatalogClient client, string @namespace, int snapshots, int columns)
    {
        var (path, _, _) = await WithSnapshotsAsync(client, @namespace, "history", snapshots);
        var whole = await client.GetAsync(path);
        var referenced = await client.GetAsync(path + "?snapshots=refs");
        Checks.That(SnapshotsOf(whole) == snapshots, "the table does not have its snapshots");
        Checks.That(SnapshotsOf(referenced) == 1, "snapshots=refs gives others than the referenced snapshot");
        var zipped = await client.GetAsync(path, "gzip");
        Checks.That(Unzip(zipped).SequenceEqual(whole), "the gzip answer is another than the plain one");
        string etag;
        using (var connection = await RawConnection.OpenAsync(client.Url))
        {
            etag = (await connection.SendAsync(RawRequest.Get(path))).ETag!;
        }

        await client.CreateTableAsync(@namespace, "wide", columns);
        var widePath = $"/v1/namespaces/{@namespace}/tables/wide";
        var wide = await client.GetAsync(widePath);
        return
        [
            new($"load, {snapshots:N0} snapshots", _ => Reads.Same(RawRequest.Get(path), 200, whole)) { MetadataBytes = () => whole.Length },
            new($"load, {snapshots:N0} snapshots, gzip", _ => Reads.Same(RawRequest.Get(path, "Accept-Encoding: gzip"), 200, zipped)) { MetadataBytes = () => whole.Length },
            new($"load, {snapshots:N0} snapshots, refs only", _ => Reads.Same(RawRequest.Get(path + "?snapshots=refs"), 200, referenced)),
            new($"load, {snapshots:N0} snapshots, 304", _ => Reads.Same(RawRequest.Get(path, $"If-None-Match: {etag}"), 304, [])),
            await AppendsAsync(client, @namespace, snapshots),
            new($"load, {columns:N0} columns", _ => Reads.Same(RawRequest.Get(widePath), 200, wide)) { MetadataBytes = () => wide.Length },
        ];
    }

    /// <summary>One writer appends to a long history; each append is there afterwards.</summary>
    private static async Task<Case> AppendsAsync(CatalogClient client, string @namespace, int snapshots)
    {
        var (path, uuid, location) = await WithSnapshotsAsync(client, @namespace, "appended", snapshots);
        var (last, size) = ((long)snapshots, 0L);
        return new($"append, {snapshots:N0} snapshots", _ => async connection =>
        {
            var body = Bodies.Append(uuid, location, last, last + 1, last + 1, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
            var answer = await connection.SendAsync(RawRequest.Post(path, body));
            Checks.That(answer.Status == 200, $"{answer.Status}: {answer.Text}");
            (last, size) = (last + 1, answer.Body.Length);
        })
        {
            Connections = 1,
            MaxOperations = MaxCommits,
            MetadataBytes = () => size,
            Check = async () =>
            {
                var loaded = await client.GetJsonAsync(path);
                Checks.That(loaded.GetProperty("metadata").GetProperty("snapshots").GetArrayLength() == last, "an append that was acknowledged is not there");
                Checks.That(Commits.Seen(loaded) == (last, last), "the last append is not the current snapshot");
            },
        };
    }

    private static async Task<(string Path, string Uuid, string Location)> WithSnapshotsAsync(CatalogClient client, string @namespace, string table, int snapshots)
    {
        var uuid = await client.CreateTableAsync(@namespace, table);
        var path = $"/v1/namespaces/{@namespace}/tables/{table}";
        var location = (await client.GetJsonAsync(path)).GetProperty("metadata").GetProperty("location").GetString()!;
        await client.PostAsync(path, Bodies.AppendMany(uuid, location, snapshots, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()));
        return (path, uuid, location);
    }

    private static int SnapshotsOf(byte[] loaded) => JsonSerializer.Deserialize<JsonElement>(loaded).GetProperty("metadata").GetProperty("snapshots").GetArrayLength();

    private static byte[] Unzip(byte[] zipped)
    {
        using var gzip = new GZipStream(new MemoryStream(zipped), CompressionMode.Decompress);
        using var result = new MemoryStream();
        gzip.CopyTo(result);
        return result.ToArray();
    }
}
