using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Frazil.HostStory;

/// <summary>
/// A short story that every host must take the same way: a token, namespaces and tables under plain and odd names, commits and conflicts, entity tags, metadata of 7 MB, transactions, views,
/// the trash and the jobs. It checks what each answer must be, and its transcript is what hosts are compared by.
/// </summary>
public static class Story
{
    private const string Gzip = "Accept-Encoding";

    // Slash, percent, plus, space, umlaut, an emoji, a dot, and what looks like an escape.
    private const string OddLevel = "ödd/ns 100%+🧊";
    private const string OddTable = "tä.b?l#e%2F";

    private static readonly string OddNamespacePath = $"{Uri.EscapeDataString("plain")}%1F{Uri.EscapeDataString(OddLevel)}";
    private static readonly string OddTablePath = $"/v1/default/namespaces/{OddNamespacePath}/tables/{Uri.EscapeDataString(OddTable)}";

    private const string Schema = """{"type":"struct","schema-id":0,"fields":[{"id":1,"name":"id","required":true,"type":"long"},{"id":2,"name":"text","required":false,"type":"string"}]}""";

    /// <summary>Tells it, from beginning to end.</summary>
    /// <exception cref="StoryException">An answer was not what it must be.</exception>
    public static async Task<Transcript> TellAsync(StoryHost host)
    {
        using var narrator = new Narrator(host);
        await PagesAsync(narrator);
        await TokenAsync(narrator);
        await NamespacesAsync(narrator);
        await TablesAsync(narrator);
        await CommitsAsync(narrator);
        await OddNamesAsync(narrator);
        await LargeMetadataAsync(narrator);
        await TransactionAsync(narrator);
        await ViewsAsync(narrator);
        await TrashAsync(narrator);
        await ErrorsAsync(narrator);
        return narrator.Transcript;
    }

    private static async Task PagesAsync(Narrator narrator)
    {
        (await narrator.SayAsync("GET /health/live", 200)).MustHold("\"ok\"");
        (await narrator.SayAsync("GET /health/ready", 200)).MustHold("\"ok\"");
        (await narrator.SayAsync("GET /openapi", 200)).MustHold("\"openapi\"");
        await narrator.SayAsync("HEAD /openapi", 200);
        await narrator.SayAsync("DELETE /openapi", 405);
        await narrator.SeePageAsync("<html");
    }

    private static async Task TokenAsync(Narrator narrator)
    {
        (await narrator.SayAsync("GET /v1/config?warehouse=default", 200)).MustHold("\"prefix\":\"default\"");
        await narrator.SayAsync("GET /v1/default/namespaces", 401);
        await narrator.SayAsync("GET /v1/default/namespaces", 401, null, ("Authorization", "Bearer eyJhbGciOiJub25lIn0.e30."));
        var form = new Dictionary<string, string> { ["grant_type"] = "client_credentials", ["client_id"] = StoryHost.ClientId, ["client_secret"] = "frazil_wrong", ["scope"] = "PRINCIPAL_ROLE:ALL" };
        await narrator.SayFormAsync("POST /v1/oauth/tokens", 401, form);
        form["client_secret"] = StoryHost.ClientSecret;
        await narrator.SayFormAsync("POST /v1/oauth/tokens", 200, form);
        var basic = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{StoryHost.ClientId}:{StoryHost.ClientSecret}"));
        var token = await narrator.SayFormAsync("POST /catalog/v1/oauth/tokens", 200, new() { ["grant_type"] = "client_credentials" }, ("Authorization", $"Basic {basic}"));
        narrator.Token = token.At("access_token").GetString();
        await narrator.SayAsync("GET /v1/default/namespaces", 200);
    }

    private static async Task NamespacesAsync(Narrator narrator)
    {
        await narrator.SayAsync("POST /v1/default/namespaces", 200, """{"namespace":["plain"],"properties":{"owner":"story","clef":"𝄞 \" \\ é"}}""");
        await narrator.SayAsync("POST /v1/default/namespaces", 409, """{"namespace":["plain"]}""");
        (await narrator.SayAsync("GET /v1/default/namespaces/plain", 200)).MustHold("\"owner\":\"story\"");
        await narrator.SayAsync("HEAD /api/catalog/v1/default/namespaces/plain", 204);
        await narrator.SayAsync("HEAD /v1/default/namespaces/missing", 404);
        await narrator.SayAsync("POST /v1/default/namespaces/plain/properties", 200, """{"removals":["owner"],"updates":{"a":"1,2"}}""");
        for (var i = 0; i < 3; i++)
        {
            await narrator.SayAsync("POST /v1/default/namespaces", 200, $$"""{"namespace":["page{{i}}"]}""");
        }

        var page = await narrator.SayAsync("GET /v1/default/namespaces?pageSize=3&pageToken=", 200);
        var next = Uri.EscapeDataString(page.At("next-page-token").GetString()!);
        (await narrator.SayAsync($"GET /v1/default/namespaces?pageSize=3&pageToken={next}", 200)).MustHold("plain");
    }

    private static async Task TablesAsync(Narrator narrator)
    {
        const string Tables = "/v1/default/namespaces/plain/tables";
        const string Create = $$$"""{"name":"t","schema":{{{Schema}}},"properties":{"write.format.default":"parquet"}}""";
        await narrator.SayAsync($"POST {Tables}", 200, $$"""{"name":"staged","schema":{{Schema}},"stage-create":true}""");
        var created = await narrator.SayAsync($"POST {Tables}", 200, Create, ("Idempotency-Key", "6f1c1d1e-8c7a-4b43-9a0c-2f4f0b6f4a11"));
        created.MustHold("metadata-location");
        await narrator.SayAsync($"POST {Tables}", 200, Create, ("Idempotency-Key", "6f1c1d1e-8c7a-4b43-9a0c-2f4f0b6f4a11"));
        await narrator.SayAsync($"POST {Tables}", 409, Create);
        (await narrator.SayAsync($"GET {Tables}", 200)).MustHold("\"t\"").MustNotHold("staged");
        await narrator.SayAsync($"HEAD {Tables}/t", 204);
        await narrator.SayAsync($"HEAD {Tables}/staged", 404);

        var loaded = await narrator.SayAsync($"GET {Tables}/t", 200);
        await narrator.SayAsync($"GET {Tables}/t", 304, null, ("If-None-Match", loaded.ETag!));
        await narrator.SayAsync($"GET {Tables}/t", 304, null, ("If-None-Match", $"\"other, one\", W/{loaded.ETag}"));
        await narrator.SayAsync($"GET {Tables}/t", 200, null, ("If-None-Match", "\"other\""));
        await narrator.SayAsync($"GET {Tables}/t/credentials", 200);
        await narrator.SayAsync($"POST {Tables}/t/metrics", 204, """{"report-type":"scan-report","table-name":"t","snapshot-id":1,"filter":true,"schema-id":0,"projected-field-ids":[1],"projected-field-names":["id"],"metrics":{}}""");
    }

    private static async Task CommitsAsync(Narrator narrator)
    {
        const string Table = "/v1/default/namespaces/plain/tables/t";
        var loaded = await narrator.SayAsync($"GET {Table}?snapshots=all", 200);
        var (uuid, location) = (loaded.At("metadata", "table-uuid").GetString(), loaded.At("metadata", "location").GetString());

        await narrator.SayAsync($"POST {Table}", 200, AddSnapshot(uuid!, location!, id: 11, parent: null, sequence: 1));
        await narrator.SayGzipAsync($"POST {Table}", 200, AddSnapshot(uuid!, location!, id: 12, parent: 11, sequence: 2), (Gzip, "gzip, deflate"));
        (await narrator.SayAsync($"POST {Table}", 409, AddSnapshot(uuid!, location!, id: 13, parent: 11, sequence: 3))).MustHold("CommitFailedException");
        await narrator.SayAsync(
            $"POST {Table}", 400, """{"requirements":[{"type":"assert-table-uuid","uuid":"00000000-0000-0000-0000-000000000000"}],"updates":[{"action":"no-such-action"}]}""");
        await narrator.SayAsync($"GET {Table}", 304, null, ("If-None-Match", (await narrator.SayAsync($"GET {Table}", 200)).ETag!));
        (await narrator.SayAsync($"GET {Table}", 200, null, ("If-None-Match", loaded.ETag!))).MustHold("\"snapshot-id\":12");
        (await narrator.SayAsync($"GET {Table}?snapshots=refs", 200)).MustHold("\"snapshot-id\":12").MustNotHold("snap-11.avro");
    }

    private static string AddSnapshot(string uuid, string location, long id, long? parent, long sequence)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        var parentMember = parent is null ? "" : string.Create(CultureInfo.InvariantCulture, $"\"parent-snapshot-id\":{parent},");
        return string.Create(CultureInfo.InvariantCulture, $$$"""
            {"requirements":[{"type":"assert-table-uuid","uuid":"{{{uuid}}}"},{"type":"assert-ref-snapshot-id","ref":"main","snapshot-id":{{{parent?.ToString(CultureInfo.InvariantCulture) ?? "null"}}}}],
             "updates":[{"action":"add-snapshot","snapshot":{"snapshot-id":{{{id}}},{{{parentMember}}}"sequence-number":{{{sequence}}},"timestamp-ms":{{{now}}},
               "manifest-list":"{{{location}}}/metadata/snap-{{{id}}}.avro","summary":{"operation":"append"},"schema-id":0}},
              {"action":"set-snapshot-ref","ref-name":"main","type":"branch","snapshot-id":{{{id}}}}]}
            """);
    }

    private static async Task OddNamesAsync(Narrator narrator)
    {
        await narrator.SayAsync("POST /v1/default/namespaces", 200, JsonSerializer.Serialize(new { @namespace = new[] { "plain", OddLevel } }));
        await narrator.SayAsync($"HEAD /v1/default/namespaces/{OddNamespacePath}", 204);
        await narrator.SayAsync($"HEAD /v1/default/namespaces/plain/{Uri.EscapeDataString(OddLevel)}", 404);
        await narrator.SayAsync($"GET /v1/default/namespaces?parent=plain", 200);
        await narrator.SayAsync($"POST /v1/default/namespaces/{OddNamespacePath}/tables", 200, $$$"""{"name":{{{JsonSerializer.Serialize(OddTable)}}},"schema":{{{Schema}}}}""");
        var loaded = await narrator.SayAsync($"GET {OddTablePath}", 200);
        await narrator.SayAsync($"GET {OddTablePath}", 304, null, ("If-None-Match", loaded.ETag!));
        await narrator.SayAsync($"POST {OddTablePath}", 200, """{"requirements":[],"updates":[{"action":"set-properties","updates":{"comment":"löschen? 🗑"}}]}""");
        await narrator.SayAsync($"GET /v1/default/namespaces/{OddNamespacePath}/tables", 200);

        // As Java's URLEncoder spells it: a space is a plus. From others a plus is a plus.
        var spelled = OddNamespacePath.Replace("%20", "+", StringComparison.Ordinal);
        await narrator.SayAsync($"HEAD /v1/default/namespaces/{spelled}", 204, null, ("X-Client-Version", "Apache Iceberg 1.10.0 (commit 2114bf631e49af532d66e2ce148ee49dd1dd1f1f)"));
        await narrator.SayAsync($"HEAD /v1/default/namespaces/{spelled}", 404);
        var source = JsonSerializer.Serialize(new { @namespace = new[] { "plain", OddLevel }, name = OddTable });
        await narrator.SayAsync("POST /v1/default/tables/rename", 204, $$$"""{"source":{{{source}}},"destination":{"namespace":["plain"],"name":"r e/n+amed"}}""");
        await narrator.SayAsync($"HEAD {OddTablePath}", 404);
        (await narrator.SayAsync($"GET /v1/default/namespaces/plain/tables/{Uri.EscapeDataString("r e/n+amed")}", 200)).MustHold("löschen?");
        await narrator.SayAsync($"DELETE /v1/default/namespaces/{OddNamespacePath}", 204);
    }

    /// <summary>Text that compresses to about a fifth: 7 MB of it are more than a function carries, and compressed they are not.</summary>
    private static async Task LargeMetadataAsync(Narrator narrator)
    {
        const int Commits = 7;
        const int PerCommit = 1024 * 1024;
        await narrator.SayAsync("POST /v1/default/namespaces/plain/tables", 200, $$$"""{"name":"large","schema":{{{Schema}}}}""", (Gzip, "gzip"));
        for (var commit = 0; commit < Commits; commit++)
        {
            var value = new StringBuilder(PerCommit);
            for (var word = 0; value.Length < PerCommit; word++)
            {
                value.Append(CultureInfo.InvariantCulture, $"words of property {commit} number {word * 7919 % 10_007}; ");
            }

            await narrator.SayAsync(
                "POST /v1/default/namespaces/plain/tables/large", 200, $$$"""{"requirements":[],"updates":[{"action":"set-properties","updates":{"p{{{commit}}}":"{{{value}}}"}}]}""", (Gzip, "gzip"));
        }

        var loaded = await narrator.SayAsync("GET /v1/default/namespaces/plain/tables/large", 200, null, (Gzip, "deflate, gzip;q=0.5"));
        if (!loaded.IsGzip || loaded.Text.Length < Commits * PerCommit)
        {
            throw new StoryException($"7 MB of metadata came as {loaded.Body.Length} bytes, compressed: {loaded.IsGzip}, {loaded.Text.Length} characters");
        }

        await narrator.SayAsync("GET /v1/default/namespaces/plain/tables/large", 304, null, (Gzip, "gzip"), ("If-None-Match", loaded.ETag!));
        await narrator.SayAsync("GET /v1/default/namespaces/plain/tables/large?snapshots=refs", 200, null, (Gzip, "gzip"));
    }

    private static async Task TransactionAsync(Narrator narrator)
    {
        await narrator.SayAsync("POST /v1/default/namespaces/page0/tables", 200, $$$"""{"name":"one","schema":{{{Schema}}}}""");
        await narrator.SayAsync("POST /v1/default/namespaces/page1/tables", 200, $$$"""{"name":"two","schema":{{{Schema}}}}""");
        const string Changes = """
            {"table-changes":[
              {"identifier":{"namespace":["page0"],"name":"one"},"requirements":[],"updates":[{"action":"set-properties","updates":{"together":"yes"}}]},
              {"identifier":{"namespace":["page1"],"name":"two"},"requirements":[{"type":"assert-ref-snapshot-id","ref":"main","snapshot-id":SNAPSHOT}],
               "updates":[{"action":"set-properties","updates":{"together":"yes"}}]}]}
            """;
        await narrator.SayAsync("POST /v1/default/transactions/commit", 409, Changes.Replace("SNAPSHOT", "5", StringComparison.Ordinal));
        (await narrator.SayAsync("GET /v1/default/namespaces/page0/tables/one", 200)).MustNotHold("together");
        await narrator.SayAsync("POST /v1/default/transactions/commit", 204, Changes.Replace("SNAPSHOT", "null", StringComparison.Ordinal));
        (await narrator.SayAsync("GET /v1/default/namespaces/page0/tables/one", 200)).MustHold("together");
    }

    private static async Task ViewsAsync(Narrator narrator)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        var view = string.Create(CultureInfo.InvariantCulture, $$$"""
            {"name":"v","schema":{{{Schema}}},"properties":{"comment":"a view"},"view-version":{"version-id":1,"timestamp-ms":{{{now}}},"schema-id":0,"summary":{"engine":"story"},
             "default-namespace":["plain"],"representations":[{"type":"sql","sql":"SELECT id FROM t WHERE text = '✓'","dialect":"spark"}]}}
            """);
        await narrator.SayAsync("POST /v1/default/namespaces/plain/views", 200, view);
        await narrator.SayAsync("POST /v1/default/namespaces/plain/views", 409, view);
        (await narrator.SayAsync("GET /v1/default/namespaces/plain/views/v", 200)).MustHold("✓");
        await narrator.SayAsync("GET /v1/default/namespaces/plain/views", 200);
        await narrator.SayAsync("POST /v1/default/views/rename", 204, """{"source":{"namespace":["plain"],"name":"v"},"destination":{"namespace":["page2"],"name":"w"}}""");
        await narrator.SayAsync("HEAD /v1/default/namespaces/page2/views/w", 204);
    }

    /// <summary>One entry of the trash at a time: it is listed in the order of ids, which differs from run to run.</summary>
    private static async Task TrashAsync(Narrator narrator)
    {
        await narrator.SayAsync("DELETE /v1/default/namespaces/plain/tables/t", 204);
        await narrator.SayAsync("GET /v1/default/namespaces/plain/tables/t", 404);
        var trash = await narrator.SayAsync("GET /management/v1/warehouse/default/deleted-tabulars", 200);
        var id = trash.At("tabulars").EnumerateArray().Single(entry => entry.GetProperty("name").GetString() == "t").GetProperty("id").GetString();
        await narrator.SayAsync("POST /management/v1/warehouse/default/deleted-tabulars/undrop", 204, $$"""{"targets":[{"type":"table","id":"{{id}}"}]}""");
        (await narrator.SayAsync("GET /v1/default/namespaces/plain/tables/t", 200)).MustHold("\"snapshot-id\":12");
        await narrator.SayAsync("DELETE /v1/default/namespaces/plain", 409);

        // Nothing is due but what is purged by hand.
        await narrator.RunAsync("expire");
        await narrator.SayAsync("DELETE /v1/default/namespaces/page0/tables/one?purgeRequested=true", 204);
        trash = await narrator.SayAsync("GET /management/v1/warehouse/default/deleted-tabulars", 200);
        id = trash.At("tabulars").EnumerateArray().Single(entry => entry.GetProperty("name").GetString() == "one").GetProperty("id").GetString();
        await narrator.SayAsync($"POST /management/v1/warehouse/default/deleted-tabulars/{id}/purge", 200);
        await narrator.PurgeAsync();
        await narrator.SayAsync("POST /management/v1/warehouse/default/task/list", 200, "{}");
        await narrator.RunAsync("sweep");
        await narrator.SayAsync("GET /v1/default/namespaces/page1/tables/two", 200);
    }

    private static async Task ErrorsAsync(Narrator narrator)
    {
        await narrator.SayAsync("GET /v1/default/namespaces/plain/tables/missing", 404);
        await narrator.SayAsync("GET /v1/missing/namespaces", 404);
        await narrator.SayAsync("GET /nowhere", 404);
        await narrator.SayAsync("GET /v1/default/namespaces/%ZZ", 404);
        await narrator.SayAsync("GET /v1/default/namespaces/%FF", 400);
        await narrator.SayAsync("PUT /v1/default/namespaces/plain", 405);
        await narrator.SayAsync("POST /v1/default/namespaces", 400, """{"namespace":[""");
        await narrator.SayAsync("POST /v1/default/namespaces", 400, "[]");
        await narrator.SayAsync("POST /v1/default/namespaces/plain/tables/t/plan", 406, "{}");
        await narrator.SayAsync("GET /v1/default/namespaces?pageSize=none", 400);
    }
}
