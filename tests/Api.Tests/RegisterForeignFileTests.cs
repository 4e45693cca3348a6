using System.Text;
using System.Text.Json.Nodes;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil.Api.Tests;

/// <summary>A registered file may come from anywhere. What is wrong with it shows when it is registered, not when a client first needs that part.</summary>
public sealed class RegisterForeignFileTests : CatalogTests
{
    [Fact]
    public async Task A_mistake_in_an_old_schema_is_refused()
    {
        var created = (await Catalog.CreateTableAsync("ns", "t")).Ok();
        var metadata = JsonNode.Parse(created.Metadata.GetRawText())!;
        metadata["schemas"]!.AsArray().Add(JsonNode.Parse("""{"type":"struct","schema-id":7,"fields":[{"id":1,"name":"a","required":true,"type":"money"}]}"""));
        var location = created.MetadataLocation.Replace("00000-", "00001-", StringComparison.Ordinal);
        await Catalog.WriteFileAsync(location, metadata.ToJsonString());

        var reply = await Catalog.PostAsync("/namespaces/ns/register", $$"""{"name":"other","metadata-location":"{{location}}"}""");

        reply.Error(400, "BadRequestException", "Cannot parse type string to primitive: money");
    }

    [Fact]
    public async Task A_mistake_in_an_old_schema_of_a_view_is_refused()
    {
        var created = (await Catalog.CreateViewAsync("ns", "v")).Ok();
        var metadata = JsonNode.Parse(created.Metadata.GetRawText())!;
        metadata["schemas"]!.AsArray().Add(JsonNode.Parse("""{"type":"struct","schema-id":7,"fields":[{"id":1,"name":"a","required":true,"type":"money"}]}"""));
        var location = created.MetadataLocation.Replace("00000-", "00001-", StringComparison.Ordinal);
        await Catalog.WriteFileAsync(location, metadata.ToJsonString());

        var reply = await Catalog.PostAsync("/namespaces/ns/register-view", $$"""{"name":"other","metadata-location":"{{location}}"}""");

        reply.Error(400, "BadRequestException", "Cannot parse type string to primitive: money");
    }

    /// <summary>Version 1 as its first writers had it.</summary>
    private string EarlyV1(string folder) => $$$"""
        {"format-version":1,"location":"{{{Catalog.Base}}}/{{{folder}}}","last-updated-ms":1600000000000,"last-column-id":1,"schema":{"type":"struct","fields":[{"id":1,"name":"x","required":false,"type":"long"}]},"partition-spec":[],"properties":{}}
        """;

    [Fact]
    public async Task A_v1_file_without_uuid_can_be_committed_to()
    {
        var file = await PutAsync("old", EarlyV1("old"));

        var registered = (await RegisterAsync("t", file)).Ok();
        var uuid = registered.Metadata.GetProperty("table-uuid").GetString()!;

        Assert.Equal(file, registered.MetadataLocation);
        Assert.Equal(uuid, (await Catalog.LoadTableAsync("ns", "t")).Ok().Metadata.GetProperty("table-uuid").GetString());
        Assert.Equal(EarlyV1("old"), await Catalog.ReadFileAsync(file));
        var committed = (await Catalog.CommitAsync("ns", "t", Sample.AssertUuid(uuid), Sample.SetProperty("k", "v"))).Ok();
        Assert.Equal(uuid, JsonNode.Parse((await Catalog.ReadFileAsync(committed.MetadataLocation))!)!["table-uuid"]!.GetValue<string>());
        Assert.Equal(uuid, (await Catalog.LoadTableAsync("ns", "t")).Ok().Metadata.GetProperty("table-uuid").GetString());
        Assert.Equal(1, committed.Metadata.GetProperty("format-version").GetInt32());
    }

    [Fact]
    public async Task An_old_form_is_shown_as_clients_read_it_today()
    {
        var reply = (await RegisterAsync("t", await PutAsync("old", EarlyV1("old")))).Ok();

        foreach (var shown in new[] { reply, (await Catalog.LoadTableAsync("ns", "t")).Ok(), (await Catalog.LoadTableAsync("ns", "t", "?snapshots=refs")).Ok() })
        {
            Assert.Equal(0, shown.Metadata.GetProperty("schemas")[0].GetProperty("schema-id").GetInt32());
            Assert.Equal(0, shown.Metadata.GetProperty("current-schema-id").GetInt32());
            Assert.Equal("""[{"spec-id":0,"fields":[]}]""", shown.Metadata.GetProperty("partition-specs").GetRawText());
            Assert.Equal(0, shown.Metadata.GetProperty("default-spec-id").GetInt32());
            Assert.Equal("""[{"order-id":0,"fields":[]}]""", shown.Metadata.GetProperty("sort-orders").GetRawText());
            Assert.Equal(0, shown.Metadata.GetProperty("default-sort-order-id").GetInt32());
        }
    }

    [Fact]
    public async Task The_uuid_of_a_file_that_has_none_is_that_of_the_row_which_leads_to_it()
    {
        const string chance = "0e7f6a3c-51a4-4c0a-9c0e-2f5f6f1c7a11";
        await RegisterAsBeforeAsync(chance);

        Assert.Equal(chance, (await Catalog.LoadTableAsync("ns", "t")).Ok().Metadata.GetProperty("table-uuid").GetString());
        var committed = (await Catalog.CommitAsync("ns", "t", Sample.AssertUuid(chance), Sample.SetProperty("k", "v"))).Ok();
        Assert.Equal(chance, committed.Metadata.GetProperty("table-uuid").GetString());
    }

    [Fact]
    public async Task A_request_that_is_repeated_shows_the_uuid_that_it_showed()
    {
        const string chance = "0e7f6a3c-51a4-4c0a-9c0e-2f5f6f1c7a11";
        await RegisterAsBeforeAsync(chance);
        var key = ("Idempotency-Key", "01890a5d-ac96-774b-bcce-b302099a8057");

        var first = (await Catalog.CommitAsync("ns", "t", Sample.AssertUuid(chance), "", key)).Ok();
        var again = (await Catalog.CommitAsync("ns", "t", Sample.AssertUuid(chance), "", key)).Ok();

        Assert.Equal(chance, first.Metadata.GetProperty("table-uuid").GetString());
        Assert.Equal(first.Text, again.Text);
    }

    /// <summary>As an earlier version registered a file without uuid: with one by chance, in a row without format and checksum.</summary>
    private async Task RegisterAsBeforeAsync(string chance)
    {
        (await RegisterAsync("t", await PutAsync("old", EarlyV1("old")))).Ok();
        var row = Assert.Single(await World.Store.ListAsync(Partition, "tv/ns/", null, 10, CancellationToken.None));
        var members = JsonNode.Parse(row.Value.Span)!.AsObject();
        Assert.True(members.Remove("v") && members.Remove("crc"));
        members["uuid"] = chance;
        Assert.True((await World.Store.WriteAsync(Partition, "c", [new Write.Replace(row.Id, Encoding.UTF8.GetBytes(members.ToJsonString()), row.Version)], CancellationToken.None)).IsApplied);
    }

    [Fact]
    public async Task A_file_of_the_current_form_is_passed_on_byte_for_byte()
    {
        var text = (await StagedAsync("x")).Replace("{\"format-version\"", "{ \"odd\" : [ 1 ],\"format-version\"", StringComparison.Ordinal);

        var registered = (await RegisterAsync("t", await PutAsync("x", text))).Ok();

        Assert.Equal(text, registered.Metadata.GetRawText());
    }

    [Fact]
    public async Task A_uuid_of_any_length_that_is_none_is_refused()
    {
        foreach (var uuid in new[] { "x", new string('x', 300_000) })
        {
            var text = JsonNode.Parse(await StagedAsync("x"))!;
            text["table-uuid"] = uuid;

            (await RegisterAsync("t", await PutAsync("x", text.ToJsonString()))).Error(400, "BadRequestException", "not a UUID");
        }
    }

    [Fact]
    public async Task A_table_that_was_moved_keeps_its_history_and_nothing_of_it_is_touched()
    {
        var text = JsonNode.Parse(await StagedAsync("x"))!;
        text["metadata-log"] = JsonNode.Parse("""[{"timestamp-ms":1,"metadata-file":"hdfs://old/t/metadata/00001-x.metadata.json"},{"timestamp-ms":2,"metadata-file":"nonsense"}]""");
        text["properties"] = JsonNode.Parse("""{"write.metadata.previous-versions-max":"1","write.metadata.delete-after-commit.enabled":"true"}""");

        var registered = (await RegisterAsync("t", await PutAsync("x", text.ToJsonString()))).Ok();

        Assert.Equal(2, registered.Metadata.GetProperty("metadata-log").GetArrayLength());
        Assert.Equal(1, (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("k", "v"))).Ok().Metadata.GetProperty("metadata-log").GetArrayLength());
        (await Catalog.DeleteAsync("/namespaces/ns/tables/t?purgeRequested=true")).NoContent();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_the_new_metadata_still_names_is_not_deleted_after_a_commit(bool timesDiffer)
    {
        // A log that lists the current file, and another one twice: not every writer kept it well.
        var location = $"{Catalog.Base}/x";
        var (current, other) = ($"{location}/metadata/00002-x.metadata.json", $"{location}/metadata/00001-x.metadata.json");
        var text = JsonNode.Parse(await StagedAsync("x"))!;
        var log = new JsonArray();
        var at = 0;
        foreach (var file in new[] { current, other, $"{location}//metadata/00001-x.metadata.json", other })
        {
            at += timesDiffer ? 1 : 0;
            log.Add(new JsonObject { ["timestamp-ms"] = at, ["metadata-file"] = file });
        }

        text["metadata-log"] = log;
        text["properties"] = JsonNode.Parse("""{"write.metadata.previous-versions-max":"2","write.metadata.delete-after-commit.enabled":"true"}""");
        await Catalog.WriteFileAsync(other, "{}");
        await Catalog.WriteFileAsync(current, text.ToJsonString());
        (await RegisterAsync("t", current)).Ok();

        foreach (var value in new[] { "1", "2", "3" })
        {
            var committed = (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("k", value))).Ok();

            Assert.All(
                committed.Metadata.GetProperty("metadata-log").EnumerateArray().Select(entry => entry.GetProperty("metadata-file").GetString()!).Append(committed.MetadataLocation),
                file => Assert.True(Catalog.FileExistsAsync(file).GetAwaiter().GetResult(), file));
        }

        Assert.False(await Catalog.FileExistsAsync(other));
    }

    public static TheoryData<string> Damages => ["cut", "members of the answer behind it", "nothing", "no object", "another kind", "not UTF-8", "cut gzip"];

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task A_damaged_file_is_an_error_that_names_it_and_is_never_passed_on(string damage)
    {
        var file = (await Catalog.CreateTableAsync("ns", "t")).Ok().MetadataLocation;
        var whole = Encoding.UTF8.GetBytes((await Catalog.ReadFileAsync(file))!);
        var damaged = Damaged(whole, damage);
        await World.Files.DeleteAsync(file, CancellationToken.None);
        Assert.True(await World.Files.CreateAsync(file, damaged, CancellationToken.None));
        var fresh = Catalog.Through(await World.StartAsync(Options));   // nothing is cached there

        var reply = await fresh.LoadTableAsync("ns", "t");
        Assert.Contains(file, reply.Error(500, "InternalServerError", "is damaged"), StringComparison.Ordinal);
        Assert.DoesNotContain("storage-credentials", reply.Text, StringComparison.Ordinal);
        (await fresh.LoadTableAsync("ns", "t", "?snapshots=refs")).Error(500, "InternalServerError", file);
        (await fresh.CommitAsync("ns", "t", "", Sample.SetProperty("k", "v"))).Error(500, "InternalServerError", file);
        (await fresh.DeleteAsync("/namespaces/ns/tables/t?purgeRequested=true")).Error(500, "InternalServerError", file);
        await World.Files.CreateAsync($"{Catalog.Base}/x/metadata/1.metadata.json", damaged, CancellationToken.None);
        (await fresh.PostAsync("/namespaces/ns/register", $$"""{"name":"u","metadata-location":"{{Catalog.Base}}/x/metadata/1.metadata.json"}""")).Error(400, "BadRequestException");
    }

    [Fact]
    public async Task A_damaged_file_of_a_view_is_an_error_that_names_it()
    {
        var file = (await Catalog.CreateViewAsync("ns", "v")).Ok().MetadataLocation;
        var whole = Encoding.UTF8.GetBytes((await Catalog.ReadFileAsync(file))!);
        await World.Files.DeleteAsync(file, CancellationToken.None);
        Assert.True(await World.Files.CreateAsync(file, Damaged(whole, "members of the answer behind it"), CancellationToken.None));

        (await Catalog.Through(await World.StartAsync(Options)).GetAsync("/namespaces/ns/views/v")).Error(500, "InternalServerError", file);
    }

    /// <summary>Whatever is accepted: each member of each level of a file left out, or of another value.</summary>
    [Fact]
    public async Task Whatever_is_registered_can_be_loaded_committed_to_and_dropped_with_a_purge()
    {
        var early = EarlyV1("x");
        var late = await StagedAsync("x");
        var (accepted, count) = (0, 0);
        foreach (var mutant in new[] { early, late }.SelectMany(MutantsOf))
        {
            var file = $"{Catalog.Base}/x/metadata/{count++:D5}-x.metadata.json";
            await Catalog.WriteFileAsync(file, mutant);
            var reply = await RegisterAsync("t", file);
            if (reply.Status != 200)
            {
                Assert.True(reply.Status is 400 or 403, $"{reply.Status} {reply.Text}\n{mutant}");
                await World.Files.DeleteAsync(file, CancellationToken.None);
                continue;
            }

            accepted++;
            Assert.Equal(reply.Metadata.GetRawText(), (await Catalog.LoadTableAsync("ns", "t")).Ok().Metadata.GetRawText());
            var uuid = reply.Metadata.GetProperty("table-uuid").GetString()!;
            Clock.Advance(TimeSpan.FromSeconds(1));
            var committed = await Catalog.CommitAsync("ns", "t", Sample.AssertUuid(uuid), Sample.SetProperty("k", "v"));
            Assert.True(committed.Status == 200, $"{committed.Text}\n{mutant}");
            var dropped = await Catalog.DeleteAsync("/namespaces/ns/tables/t?purgeRequested=true&force=true");
            Assert.True(dropped.Status == 204, $"{dropped.Text}\n{mutant}");
            await World.Files.DeleteAsync(file, CancellationToken.None);
        }

        Assert.True(accepted > 50, $"{accepted} of {count}");
    }

    private string Partition => Server.Operations.Catalogs.GetAsync(Catalog.Name, CancellationToken.None).AsTask().GetAwaiter().GetResult().Partition;

    private async Task<string> StagedAsync(string folder) =>
        (await Catalog.CreateTableAsync("ns", "staged", $$""","stage-create":true,"location":"{{Catalog.Base}}/{{folder}}" """)).Ok().Metadata.GetRawText();

    private int files;

    private async Task<string> PutAsync(string folder, string text)
    {
        var file = $"{Catalog.Base}/{folder}/metadata/{files++:D5}-x.metadata.json";
        await Catalog.WriteFileAsync(file, text);
        return file;
    }

    private Task<Reply> RegisterAsync(string name, string file) => Catalog.PostAsync("/namespaces/ns/register", $$"""{"name":"{{name}}","metadata-location":"{{file}}"}""");

    private static byte[] Damaged(byte[] whole, string damage) => damage switch
    {
        "cut" => whole[..^10],
        "members of the answer behind it" => [.. whole, .. ""","storage-credentials":[{"prefix":"s3://","config":{}}],"x":{}"""u8],
        "nothing" => [],
        "no object" => "[]"u8.ToArray(),
        "another kind" => "{\"view-uuid\":\"x\"}"u8.ToArray(),
        "not UTF-8" => [.. "{\"x\":\"\xFF"u8, 0xFF, .. "\","u8, .. whole.AsSpan()[1..]],
        "cut gzip" => MetadataLocation.Encode(whole)[..^12],
        _ => throw new ArgumentOutOfRangeException(nameof(damage), damage, "no such damage"),
    };

    private static IEnumerable<string> MutantsOf(string document)
    {
        string?[] values = [null, "null", "0", "1", "77", "\"x\"", "[]", "{}", "[77]"];
        var paths = Paths(JsonNode.Parse(document)!).ToList();
        foreach (var path in paths)
        {
            foreach (var value in values)
            {
                var root = JsonNode.Parse(document)!;
                var node = Find(root, path)!;
                if (value is not null)
                {
                    node.ReplaceWith(JsonNode.Parse(value));
                }
                else if (node.Parent is JsonObject members)
                {
                    members.Remove(node.GetPropertyName());
                }
                else
                {
                    node.Parent!.AsArray().Remove(node);
                }

                yield return root.ToJsonString();
            }
        }
    }

    private static IEnumerable<string> Paths(JsonNode node) => Children(node).SelectMany(child => Paths(child).Prepend(child.GetPath()));

    private static JsonNode? Find(JsonNode node, string path) =>
        node.GetPath() == path ? node : Children(node).Select(child => Find(child, path)).FirstOrDefault(found => found is not null);

    private static IEnumerable<JsonNode> Children(JsonNode node) => node switch
    {
        JsonObject members => members.Select(member => member.Value).OfType<JsonNode>(),
        JsonArray items => items.OfType<JsonNode>(),
        _ => [],
    };
}
