using System.Text.Json.Nodes;

namespace Frazil.Iceberg;

/// <summary>
/// What a client sends by the thousand is told apart by hashes that take in all that equality does, and that nobody can foresee: else one request of a few megabytes keeps a
/// core busy for minutes.
/// </summary>
public sealed class HashTests
{
    private const int Count = 1_000;

    private const string OneSchema = """
        {"type": "struct", "schema-id": 0, "identifier-field-ids": [1], "x": 1, "fields": [
          {"id": 1, "name": "a", "required": true, "type": "long"},
          {"id": 2, "name": "b", "required": false, "type": "long", "doc": "d", "initial-default": 1, "write-default": 2, "x": {"y": [0]}},
          {"id": 3, "name": "c", "required": true, "type": {"type": "list", "element-id": 4, "element": {"type": "map", "key-id": 5, "key": "string", "value-id": 6, "value": "fixed[8]", "value-required": true}, "element-required": true}},
          {"id": 7, "name": "z", "required": true, "type": "long"}]}
        """;

    private const string OneSpec = """
        {"spec-id": 0, "fields": [
          {"source-id": 1, "name": "a", "transform": "void", "field-id": 1000}, {"source-id": 1, "name": "b", "transform": "bucket[16]", "field-id": 1001},
          {"source-ids": [2, 3], "name": "m", "transform": "bucket[4]", "field-id": 1002}, {"source-id": 1, "name": "c", "transform": "void", "field-id": 1003}]}
        """;

    private const string OneOrder = """
        {"order-id": 1, "fields": [
          {"source-id": 1, "transform": "identity", "direction": "asc", "null-order": "nulls-first"},
          {"source-ids": [2, 3], "transform": "truncate[4]", "direction": "asc", "null-order": "nulls-first", "x": 1},
          {"source-id": 1, "transform": "identity", "direction": "asc", "null-order": "nulls-first"}]}
        """;

    private const string OneVersion = """
        {"version-id": 1, "timestamp-ms": 1, "schema-id": 0, "summary": {"a": "b"}, "default-catalog": "c", "default-namespace": ["n", "m"], "x": 1,
         "representations": [{"type": "sql", "sql": "select 1", "dialect": "spark", "x": 1}, {"type": "sql", "sql": "select 1", "dialect": "trino"}]}
        """;

    [Fact]
    public void Schemas_that_differ_anywhere_are_told_apart_without_comparing() =>
        ToldApart(OneSchema, TableMetadataBuilder.SameSchema, static json => Samples.Schema(json), "schema-id");

    [Fact]
    public void Partition_specs_that_differ_anywhere_are_told_apart_without_comparing() =>
        ToldApart(OneSpec, TableMetadataBuilder.SameSpec, static json => PartitionSpec.Read(Samples.Element(json), default), "spec-id", "field-id");

    [Fact]
    public void Sort_orders_that_differ_anywhere_are_told_apart_without_comparing() =>
        ToldApart(OneOrder, TableMetadataBuilder.SameOrder, static json => SortOrder.Read(Samples.Element(json), default), "order-id");

    [Fact]
    public void View_versions_that_differ_anywhere_are_told_apart_without_comparing() =>
        ToldApart(OneVersion, ViewMetadataBuilder.SameMeaning, static json => ViewVersion.Read(Samples.Element(json), default), "version-id", "timestamp-ms");

    [Fact]
    public void What_means_the_same_has_one_hash()
    {
        var (one, other) = (Raw("""{"a": [1, "\u0041"], "b": null}"""), Raw("""{"b":null,"a":[1,"A"]}"""));

        Assert.Equal(one, other);
        Assert.Equal(one.GetHashCode(), other.GetHashCode());
        Assert.NotEqual(Raw("1"), Raw("1.0"));
        Assert.NotEqual(Raw("1e99999999999999999999"), Raw("1e99999999999999999998"));
        Assert.NotEqual(Raw("\"\\ud800\""), Raw("\"\\ud801\""));
        Assert.Equal(Samples.Schema(OneSchema).StructHash(), Samples.Schema(JsonNode.Parse(OneSchema)!.ToJsonString()).StructHash());
    }

    [Fact]
    public void Ids_that_share_the_runtimes_hash_take_no_longer_than_others()
    {
        static long[] Ids(Func<long, long> of) => [.. Enumerable.Range(1, 20_000).Select(id => of(id))];
        var ratios = Enumerable.Range(0, 3).Select(_ => Time(Ids(id => (id << 32) | id)) / Time(Ids(id => id))).ToList();

        // Twenty thousand ids of one hash are compared two hundred million times.
        Assert.True(ratios.Min() < 5, $"ids of one hash took {string.Join(", ", ratios)} times as long as others");

        static double Time(long[] ids)
        {
            var snapshots = string.Join(',', ids.Select(id => Samples.Snapshot(id, 2, timestamp: Samples.LastUpdated)));
            var document = JsonNode.Parse(Samples.V2)!.AsObject();
            foreach (var member in new[] { "refs", "snapshot-log", "statistics", "partition-statistics" })
            {
                document.Remove(member);
            }

            document["current-snapshot-id"] = ids[0];
            document["snapshots"] = JsonNode.Parse($"[{snapshots}]");
            var text = document.ToJsonString();
            var update = new TableUpdate.RemoveSnapshots(ids[1..]);
            var before = Environment.CpuUsage.TotalTime;
            TableMetadataBuilder.From(Samples.Parse(text), Samples.CurrentFile).Apply([update]).Build(Samples.Now, () => Samples.NewUuid, null);
            return (Environment.CpuUsage.TotalTime - before).TotalMilliseconds;
        }
    }

    private static RawJson Raw(string json) => new(System.Text.Encoding.UTF8.GetBytes(json));

    /// <summary>For every number and text of a document, a thousand documents that differ there and nowhere else: put into a set, none is compared with another.</summary>
    private static void ToldApart<T>(string document, IEqualityComparer<T> sameness, Func<string, T> read, params string[] noPartOfIt)
    {
        var places = Places(JsonNode.Parse(document)!).Where(place => !noPartOfIt.Contains(place.Name)).Select(place => place.Path).ToList();
        Assert.True(places.Count > 8);
        foreach (var place in places)
        {
            var counting = new Counting<T>(sameness);
            var set = new HashSet<T>(counting);
            for (var i = 0; i < Count; i++)
            {
                if (Replace(document, place, i) is { } variant)
                {
                    set.Add(read(variant));
                }
            }

            Assert.True(set.Count is 0 or Count, $"{place}: {set.Count} of {Count} told apart");
            Assert.True(counting.Comparisons < Count / 10, $"{place}: compared {counting.Comparisons} times");
        }
    }

    private static IEnumerable<(string Path, string Name)> Places(JsonNode node) => node switch
    {
        JsonObject members => members.SelectMany(member => Places(member.Value!).Select(place => (place.Path, place.Name.Length == 0 ? member.Key : place.Name))),
        JsonArray items => items.SelectMany(item => Places(item!)),
        _ => [(node.GetPath(), "")],
    };

    /// <summary>The document with the value of this number at a place; null where the place takes one of a few words.</summary>
    private static string? Replace(string document, string path, int i)
    {
        var root = JsonNode.Parse(document)!;
        var node = Find(root, path)!;
        var text = node.GetValueKind() == System.Text.Json.JsonValueKind.String ? (string?)node : null;
        JsonNode? value = text switch
        {
            null when node.GetValueKind() != System.Text.Json.JsonValueKind.Number => null,
            null => 100 + i,
            "struct" or "list" or "map" or "asc" or "nulls-first" or "void" or "identity" or "sql" => null,
            "long" or "string" => $"fixed[{i + 1}]",
            "fixed[8]" => $"fixed[{i + 1}]",
            _ when text.EndsWith(']') => $"{text[..text.IndexOf('[', StringComparison.Ordinal)]}[{i + 1}]",
            _ => $"v{i}",
        };
        if (value is null)
        {
            return null;
        }

        node.ReplaceWith(value);
        return root.ToJsonString();
    }

    private static JsonNode? Find(JsonNode node, string path) => node.GetPath() == path ? node : node switch
    {
        JsonObject members => members.Select(member => Find(member.Value!, path)).FirstOrDefault(found => found is not null),
        JsonArray items => items.Select(item => Find(item!, path)).FirstOrDefault(found => found is not null),
        _ => null,
    };

    private sealed class Counting<T>(IEqualityComparer<T> inner) : IEqualityComparer<T>
    {
        public int Comparisons { get; private set; }

        public bool Equals(T? x, T? y)
        {
            Comparisons++;
            return inner.Equals(x!, y!);
        }

        public int GetHashCode(T value) => inner.GetHashCode(value!);
    }
}
