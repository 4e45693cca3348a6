using System.IO.Compression;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil.Api.Tests;

/// <summary>What is at a limit is taken; what is beyond it is refused, with an error that says the limit. (Other limits: see the tests with the trait <c>Limit</c>.)</summary>
public sealed class LimitTests : CatalogTests
{
    [Fact]
    [Trait("Limit", nameof(Limits.MaxNameLength))]
    public async Task The_name_of_a_table_or_view()
    {
        (await Catalog.CreateTableAsync("ns", Name(Limits.MaxNameLength))).Ok();
        (await Catalog.CreateViewAsync("ns", 'v' + Name(Limits.MaxNameLength - 1))).Ok();

        RefusedBy(Limits.MaxNameLength, await Catalog.CreateTableAsync("ns", Name(Limits.MaxNameLength + 1)));
        RefusedBy(Limits.MaxNameLength, await Catalog.CreateViewAsync("ns", Name(Limits.MaxNameLength + 1)));
        (await Catalog.LoadTableAsync("ns", Name(Limits.MaxNameLength + 1))).Error(404, "NoSuchTableException");
    }

    [Fact]
    [Trait("Limit", nameof(Limits.MaxNamespaceLength))]
    public async Task The_whole_name_of_a_namespace()
    {
        (await Catalog.CreateNamespaceAsync(Name(Limits.MaxNamespaceLength))).Ok();

        RefusedBy(Limits.MaxNamespaceLength, await Catalog.CreateNamespaceAsync(Name(Limits.MaxNamespaceLength + 1)));
        RefusedBy(Limits.MaxNamespaceLength, await Catalog.CreateNamespaceAsync("ns", Name(Limits.MaxNamespaceLength - 2)));
    }

    [Fact]
    [Trait("Limit", nameof(Limits.MaxNamespaceLevels))]
    public async Task The_levels_of_a_namespace()
    {
        string[] levels = [.. Enumerable.Repeat("n", Limits.MaxNamespaceLevels + 1)];
        for (var length = 1; length <= Limits.MaxNamespaceLevels; length++)
        {
            (await Catalog.CreateNamespaceAsync(levels[..length])).Ok();
        }

        RefusedBy(Limits.MaxNamespaceLevels, await Catalog.CreateNamespaceAsync(levels));
    }

    [Fact]
    [Trait("Limit", nameof(Limits.MaxNamespacePropertiesBytes))]
    public async Task The_properties_of_a_namespace()
    {
        var most = new string('v', Limits.MaxNamespacePropertiesBytes - """{"k":""}""".Length);
        (await Catalog.PostAsync("/namespaces", $$$"""{"namespace":["full"],"properties":{"k":"{{{most}}}"}}""")).Ok();

        RefusedBy(Limits.MaxNamespacePropertiesBytes, await Catalog.PostAsync("/namespaces", $$$"""{"namespace":["over"],"properties":{"k":"{{{most}}}v"}}"""));
        RefusedBy(Limits.MaxNamespacePropertiesBytes, await Catalog.PostAsync("/namespaces/full/properties", """{"updates":{"l":""}}"""));
        RefusedBy(Limits.MaxNamespacePropertiesBytes, await Catalog.PostAsync("/namespaces/ns/properties", $$"""{"removals":["{{most}}"]}"""));
        Assert.Equal(404, (await Catalog.HeadAsync("/namespaces/over")).Status);
    }

    [Fact]
    [Trait("Limit", nameof(Limits.MaxLocationLength))]
    public async Task The_length_of_a_location()
    {
        RefusedBy(Limits.MaxLocationLength, await Catalog.CreateTableAsync("ns", "t", Location(Limits.MaxLocationLength + 1)));
        (await Catalog.CreateTableAsync("ns", "t", Location(Limits.MaxLocationLength - 100))).Ok(); // the name of the metadata file has to fit too

        string Location(int length) => $$""","location":"{{Catalog.Base}}/{{new string('l', length - Catalog.Base.Length - 1)}}" """;
    }

    [Fact]
    [Trait("Limit", nameof(Limits.MaxLocationDepth))]
    public async Task The_depth_of_a_location()
    {
        RefusedBy(Limits.MaxLocationDepth, await Catalog.CreateTableAsync("ns", "t", Location(Limits.MaxLocationDepth + 1)));
        (await Catalog.CreateTableAsync("ns", "t", Location(Limits.MaxLocationDepth - 2))).Ok(); // the folder and name of the metadata file count too

        string Location(int depth)
        {
            var parts = Catalog.Base["memory://".Length..].Split('/').Length;
            return $$""","location":"{{Catalog.Base}}/{{string.Join('/', Enumerable.Repeat("d", depth - parts))}}" """;
        }
    }

    [Fact]
    [Trait("Limit", nameof(Limits.MaxMetadataBytes))]
    public async Task A_metadata_file_that_unpacks_to_more_is_not_unpacked()
    {
        var location = $"{Catalog.Base}/bomb/metadata/00001-x.gz.metadata.json";
        using var bomb = new MemoryStream();
        await using (var gzip = new GZipStream(bomb, CompressionLevel.Optimal, leaveOpen: true))
        {
            var zeros = new byte[1024 * 1024];
            for (var i = 0; i <= Limits.MaxMetadataBytes / zeros.Length; i++)
            {
                await gzip.WriteAsync(zeros);
            }
        }

        Assert.True(await World.Files.CreateAsync(location, bomb.ToArray(), CancellationToken.None));

        RefusedBy(Limits.MaxMetadataBytes, await Catalog.PostAsync("/namespaces/ns/register", $$"""{"name":"t","metadata-location":"{{location}}"}"""));
    }

    [Fact]
    [Trait("Limit", nameof(Limits.MaxCommitAttempts))]
    public async Task A_commit_that_loses_every_race_is_409_and_leaves_no_file()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        var faster = Catalog.Through(await World.StartAsync());
        var lost = 0;
        Seam.Before(call => call.Kind == CallKind.Write, async _ => (await faster.CommitAsync("ns", "t", "", Sample.SetProperty("faster", $"{++lost}"))).Ok(), int.MaxValue);

        (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("slower", "yes"))).Error(409, "CommitFailedException", "nothing was changed");

        Assert.Equal(Limits.MaxCommitAttempts, lost);
        Assert.Equal(1 + lost, (await World.ListFilesAsync()).Count);
        Assert.DoesNotContain("slower", (await faster.LoadTableAsync("ns", "t")).Ok().Text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Limit", nameof(Limits.MaxWriteAttempts))]
    public async Task A_batch_without_an_answer_is_sent_so_many_times()
    {
        Seam.FailBefore(call => call.Kind == CallKind.Write, static () => new UnknownOutcomeException("lost"), int.MaxValue);

        (await Catalog.CreateNamespaceAsync("never")).Error(500, "CommitStateUnknownException");

        Assert.Equal(Limits.MaxWriteAttempts, Seam.Count(CallKind.Write));
    }

    [Fact]
    [Trait("Limit", nameof(Limits.CatalogCacheTime))]
    public async Task A_change_of_a_catalogs_definition_acts_everywhere_after_a_while()
    {
        (await Catalog.CreateTableAsync("ns", "before")).Ok();
        var other = await World.StartAsync();
        var moved = World.Profile(Catalog.Name) with { BaseLocation = $"{World.Root}/moved" };
        await other.Operations.Catalogs.PutAsync(Catalog.Name, moved, new Dictionary<string, string>(), Entities.DeleteProfile.Soft, CancellationToken.None);

        Clock.Advance(Limits.CatalogCacheTime);

        Assert.StartsWith($"{World.Root}/moved/", (await Catalog.CreateTableAsync("ns", "after")).Ok().MetadataLocation, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Limit", nameof(Limits.MaxUpdates))]
    public async Task The_updates_of_a_request()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        (await Catalog.CreateViewAsync("ns", "v")).Ok();
        static string Updates(int count) => string.Join(',', Enumerable.Repeat("""{"action":"remove-properties","removals":["x"]}""", count));

        RefusedBy(Limits.MaxUpdates, await Catalog.CommitAsync("ns", "t", "", Updates(Limits.MaxUpdates + 1)));
        RefusedBy(Limits.MaxUpdates, await Catalog.ReplaceViewAsync("ns", "v", "", Updates(Limits.MaxUpdates + 1)));
        (await Catalog.CommitAsync("ns", "t", "", Updates(Limits.MaxUpdates))).Ok();
        (await Catalog.ReplaceViewAsync("ns", "v", "", Updates(Limits.MaxUpdates))).Ok();
    }

    /// <summary>Lists within lists, as deep as they are taken: what comes after has to be able to read them.</summary>
    [Fact]
    public async Task The_deepest_schema_that_is_taken_can_be_committed_to_loaded_and_purged()
    {
        var (taken, refused) = (0, 0);
        for (var depth = Json.MaxRequestDepth - 12; depth < Json.MaxDepth + 4; depth++)
        {
            var type = string.Concat(Enumerable.Range(2, depth).Select(id => $$"""{"type":"list","element-id":{{id}},"element-required":true,"element":""")) + "\"int\"" + new string('}', depth);
            var schema = Sample.SchemaOf(Sample.Field(1, "x", type));
            var made = await Catalog.PostAsync("/namespaces/ns/tables", $$"""{"name":"t","schema":{{schema}}}""");
            if (made.Status != 200)
            {
                made.Error(400, "BadRequestException", "depth");
                refused++;
                continue;
            }

            taken++;
            (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("k", "v"))).Ok();
            var fresh = Catalog.Through(await World.StartAsync(Options));
            (await fresh.LoadTableAsync("ns", "t")).Ok();
            (await fresh.CommitAsync("ns", "t", "", Sample.SetProperty("k", "w"))).Ok();
            (await fresh.DeleteAsync("/namespaces/ns/tables/t?purgeRequested=true&force=true")).NoContent();
        }

        Assert.True(taken > 5 && refused > 5, $"{taken} taken, {refused} refused");
    }

    [Fact]
    [Trait("Limit", nameof(Limits.MaxErrorMessageLength))]
    public async Task The_message_of_an_error_does_not_repeat_whatever_was_sent()
    {
        var name = new string('n', 20 * Limits.MaxErrorMessageLength);

        var message = (await Catalog.PostAsync("/namespaces/ns/properties", $$$"""{"removals":["{{{name}}}"],"updates":{"{{{name}}}":"v"}}""")).Error(422, "UnprocessableEntityException");

        Assert.Equal(Limits.MaxErrorMessageLength, message.Length);
        Assert.EndsWith("...", message, StringComparison.Ordinal);
    }

    private static string Name(int length) => new('n', length);

    private static void RefusedBy(int limit, Reply reply) => reply.Error(400, reply.Json.GetProperty("error").GetProperty("type").GetString()!, $"{limit}");
}
