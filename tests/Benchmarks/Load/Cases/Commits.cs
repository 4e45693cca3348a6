using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;

namespace Frazil.Benchmarks.Load.Cases;

/// <summary>Commits to one table, to many, and to several at once.</summary>
internal static class Commits
{
    public static async Task<IReadOnlyList<Case>> MakeAsync(CatalogClient client, string @namespace) =>
    [
        await PropertiesAsync(client, @namespace, "commit, 1 writer on 1 table", 1, 1),
        await PropertiesAsync(client, @namespace, "commit, 4 writers on 1 table", 1, 4),
        await PropertiesAsync(client, @namespace, "commit, 8 writers on 8 tables", 8, 8),
        Appends(client, @namespace, "append, 1 writer on 1 table", 1),
        Appends(client, @namespace, "append, 4 writers on 1 table", 4),
        .. await TransactionsAsync(client, @namespace),
    ];

    /// <summary>Each writer counts in a property of its own, on its own table or on one of all: every count that was acknowledged has to be there, and no other commit.</summary>
    private static async Task<Case> PropertiesAsync(CatalogClient client, string @namespace, string name, int tables, int writers)
    {
        var uuids = new string[tables];
        for (var i = 0; i < tables; i++)
        {
            uuids[i] = await client.CreateTableAsync(@namespace, $"c{tables}_{writers}_{i}");
        }

        string PathOf(int table) => $"/v1/namespaces/{@namespace}/tables/c{tables}_{writers}_{table}";
        var acknowledged = new long[writers];
        return new(name, writer => async connection =>
        {
            var (next, table) = (acknowledged[writer] + 1, writer % tables);
            await CommitAsync(connection, RawRequest.Post(PathOf(table), Bodies.SetProperty(uuids[table], $"w{writer}", next)), answer =>
                Checks.That(Reads.Number(answer.Body.Span, $"w{writer}") == next, $"the answer to commit {next} shows something else"));
            acknowledged[writer] = next;
        })
        {
            Connections = writers,
            Check = async () =>
            {
                for (var table = 0; table < tables; table++)
                {
                    var loaded = await client.GetJsonAsync(PathOf(table));
                    var mine = Enumerable.Range(0, writers).Where(writer => writer % tables == table).ToArray();
                    CheckCounts(loaded, mine, acknowledged);
                    var version = VersionOf(loaded);
                    Checks.That(version == mine.Sum(writer => acknowledged[writer]), $"{version} commits are in the table and {mine.Sum(writer => acknowledged[writer])} were acknowledged");
                }
            },
        };
    }

    /// <summary>Each writer appends to what it saw last; when another was faster it loads and tries again. At the end the chain of parents holds every append once.</summary>
    private static Case Appends(CatalogClient client, string @namespace, string name, int writers)
    {
        var round = 0;
        var (path, uuid, location) = ("", "", "");
        var acknowledged = new ConcurrentBag<long>();
        return new(name, writer =>
        {
            (long? Parent, long Sequence) seen = (null, 0);
            var count = 0;
            return async connection =>
            {
                var id = ((writer + 1) * 1_000_000_000L) + ++count;
                while (true)
                {
                    var body = Bodies.Append(uuid, location, seen.Parent, id, seen.Sequence + 1, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
                    var answer = await connection.SendAsync(RawRequest.Post(path, body));
                    if (answer.Status == 200)
                    {
                        seen = (id, seen.Sequence + 1);
                        acknowledged.Add(id);
                        return;
                    }

                    Checks.That(answer.Status == 409, $"{answer.Status}: {answer.Text}");
                    seen = Seen(JsonDocument.Parse((await connection.SendAsync(RawRequest.Get(path + "?snapshots=refs"))).Body).RootElement);
                }
            };
        })
        {
            Connections = writers,
            Prepare = async () =>
            {
                // A table of its own for each round, since a longer history costs more.
                var table = string.Create(CultureInfo.InvariantCulture, $"a{writers}_{round++}");
                path = $"/v1/namespaces/{@namespace}/tables/{table}";
                uuid = await client.CreateTableAsync(@namespace, table);
                location = (await client.GetJsonAsync(path)).GetProperty("metadata").GetProperty("location").GetString()!;
                acknowledged.Clear();
            },
            Check = async () => CheckChain(await client.GetJsonAsync(path), acknowledged),
        };
    }

    /// <summary>Three tables changed at once: they are always the same, whoever looks.</summary>
    private static async Task<IReadOnlyList<Case>> TransactionsAsync(CatalogClient client, string @namespace)
    {
        const int Writers = 2;
        List<(string Name, string Uuid)> tables = [];
        foreach (var name in (string[])["x1", "x2", "x3"])
        {
            tables.Add((name, await client.CreateTableAsync(@namespace, name)));
        }

        var acknowledged = new long[Writers];
        Step NewWriter(int writer) => async connection =>
        {
            var next = acknowledged[writer] + 1;
            await CommitAsync(connection, RawRequest.Post("/v1/transactions/commit", Bodies.SetProperties(@namespace, tables, $"w{writer}", next)), static _ => { });
            acknowledged[writer] = next;
        };
        async Task Check()
        {
            foreach (var (name, _) in tables)
            {
                var loaded = await client.GetJsonAsync($"/v1/namespaces/{@namespace}/tables/{name}");
                CheckCounts(loaded, [0, 1], acknowledged);
                Checks.That(VersionOf(loaded) == acknowledged.Sum(), $"{VersionOf(loaded)} transactions are in {name} and {acknowledged.Sum()} were acknowledged");
            }
        }

        byte[][] loads = [.. tables.Select(table => RawRequest.Get($"/v1/namespaces/{@namespace}/tables/{table.Name}"))];
        return
        [
            new("transaction of 3 tables, 2 writers", NewWriter) { Connections = Writers, Check = Check },
            new("3 loads while a transaction writer commits", _ => async connection =>
            {
                // What one table shows of a transaction, a table that is read later shows as well.
                long[] before = [0, 0];
                foreach (var load in loads)
                {
                    var answer = await connection.SendAsync(load);
                    Checks.That(answer.Status == 200, $"{answer.Status}: {answer.Text}");
                    long[] now = [Reads.Number(answer.Body.Span, "w0"), Reads.Number(answer.Body.Span, "w1")];
                    Checks.That(now[0] >= before[0] && now[1] >= before[1], $"half a transaction: {before[0]}, {before[1]} in one table and {now[0]}, {now[1]} in the next");
                    before = now;
                }
            })
            {
                Background = NewWriter(0),
                Check = Check,
            },
        ];
    }

    /// <summary>Sends a commit until it is applied: a 409 says that it was not.</summary>
    private static async ValueTask CommitAsync(RawConnection connection, byte[] request, Action<RawAnswer> check)
    {
        while (true)
        {
            var answer = await connection.SendAsync(request);
            if (answer.Status is 200 or 204)
            {
                check(answer);
                return;
            }

            Checks.That(answer.Status == 409, $"{answer.Status}: {answer.Text}");
        }
    }

    private static void CheckCounts(JsonElement loaded, IEnumerable<int> writers, long[] acknowledged)
    {
        var properties = loaded.GetProperty("metadata").GetProperty("properties");
        foreach (var writer in writers)
        {
            var found = properties.TryGetProperty($"w{writer}", out var value) ? long.Parse(value.GetString()!, CultureInfo.InvariantCulture) : 0;
            Checks.That(found == acknowledged[writer], $"writer {writer} was acknowledged {acknowledged[writer]} commits and the table has {found}");
        }
    }

    /// <summary>How often the table was committed to: the number in its metadata file's name.</summary>
    private static long VersionOf(JsonElement loaded)
    {
        var location = loaded.GetProperty("metadata-location").GetString()!;
        var name = location[(location.LastIndexOf('/') + 1)..];
        return long.Parse(name[..name.IndexOf('-', StringComparison.Ordinal)], CultureInfo.InvariantCulture);
    }

    public static (long? Parent, long Sequence) Seen(JsonElement loaded)
    {
        var metadata = loaded.GetProperty("metadata");
        var current = metadata.TryGetProperty("current-snapshot-id", out var id) && id.ValueKind == JsonValueKind.Number && id.GetInt64() != -1 ? id.GetInt64() : (long?)null;
        return (current, metadata.GetProperty("last-sequence-number").GetInt64());
    }

    private static void CheckChain(JsonElement loaded, ConcurrentBag<long> acknowledged)
    {
        var snapshots = loaded.GetProperty("metadata").GetProperty("snapshots").EnumerateArray().ToDictionary(snapshot => snapshot.GetProperty("snapshot-id").GetInt64());
        Checks.That(snapshots.Count == acknowledged.Count, $"{snapshots.Count} snapshots are in the table and {acknowledged.Count} were acknowledged");
        Checks.That(acknowledged.All(snapshots.ContainsKey), "a snapshot that was acknowledged is not there");
        var (next, sequence) = Seen(loaded);
        var length = 0;
        for (; next is { } id; length++, sequence--)
        {
            Checks.That(snapshots[id].GetProperty("sequence-number").GetInt64() == sequence, $"snapshot {id} does not have the sequence number {sequence}");
            next = snapshots[id].TryGetProperty("parent-snapshot-id", out var parent) ? parent.GetInt64() : null;
        }

        Checks.That(length == snapshots.Count, $"main's history has {length} of {snapshots.Count} snapshots");
    }
}
