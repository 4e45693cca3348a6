using System.Globalization;
using System.Text;
using Frazil.Iceberg;

namespace Frazil.Benchmarks.Micro;

/// <summary>Metadata of chosen sizes, as files have it.</summary>
internal static class Documents
{
    public const string Location = "s3://lake/db/t";

    public static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000);

    /// <summary>A table of optional strings.</summary>
    public static TableMetadata Table(int columns) => TableMetadata.Create(
        new Schema(0, [.. Enumerable.Range(1, columns).Select(id => new NestedField(id, $"column_{id}", PrimitiveType.Parse("string"), Required: false))]),
        null,
        null,
        Location,
        new Dictionary<string, string>(),
        new Guid("9c12d441-03fe-4693-9a96-a0705ddf69c1"),
        Now);

    /// <summary>A table with a history of appends by Spark: 650 bytes a snapshot.</summary>
    public static byte[] WithSnapshots(int count)
    {
        string All(Func<int, string> item) => string.Join(',', Enumerable.Range(1, count).Select(item));
        var text = new StringBuilder(Encoding.UTF8.GetString(Table(3).ToJson()));
        text.Replace("\"current-snapshot-id\":-1", string.Create(CultureInfo.InvariantCulture, $"\"current-snapshot-id\":{count}"));
        text.Replace("\"last-sequence-number\":0", string.Create(CultureInfo.InvariantCulture, $"\"last-sequence-number\":{count}"));
        text.Replace("\"snapshot-log\":[]", $"\"snapshot-log\":[{All(id => $$"""{"snapshot-id":{{id}},"timestamp-ms":{{At(id, count)}}}""")}]");
        text.Replace("\"snapshots\":[]", $"\"snapshots\":[{All(id => Snapshot(id, At(id, count)))}]");
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>The append that follows a history of that length.</summary>
    public static IReadOnlyList<TableUpdate> Append(int count) =>
    [
        Update($$"""{"action":"add-snapshot","snapshot":{{Snapshot(count + 1, At(count + 1, count))}}}"""),
        Update($$"""{"action":"set-snapshot-ref","ref-name":"main","type":"branch","snapshot-id":{{count + 1}}}"""),
    ];

    private static TableUpdate Update(string json)
    {
        using var document = Json.Parse(Encoding.UTF8.GetBytes(json));
        return TableUpdate.Read(document.RootElement, default);
    }

    private static long At(int id, int count) => Now.ToUnixTimeMilliseconds() - ((count - id) * 1000L);

    private static string Snapshot(int id, long at) => $$"""
        {"snapshot-id":{{id}},{{(id > 1 ? $"\"parent-snapshot-id\":{id - 1}," : "")}}"sequence-number":{{id}},"timestamp-ms":{{at}},"summary":{"operation":"append","added-data-files":"4","added-records":"40000","added-files-size":"1234567","changed-partition-count":"4","total-records":"{{id}}40000","total-files-size":"{{id}}1234567","total-data-files":"{{id}}4","total-delete-files":"0","total-position-deletes":"0","total-equality-deletes":"0","engine-name":"spark","engine-version":"3.5.4","iceberg-version":"Apache Iceberg 1.9.0"},"manifest-list":"s3://lake/db/t/metadata/snap-{{id}}-1-9c12d441-03fe-4693-9a96-a0705ddf69c1.avro","schema-id":0}
        """;
}
