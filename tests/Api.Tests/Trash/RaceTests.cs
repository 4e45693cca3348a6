namespace Frazil.Api.Tests;

public sealed class RaceTestsInMemory() : RaceTests(new MemoryWorld());

public sealed class RaceTestsEmbedded() : RaceTests(new EmbeddedWorld());

[Trait("Needs", "dynamodb")]
[Trait("Needs", "s3")]
public sealed class RaceTestsAws() : RaceTests(new AwsWorld());

[Trait("Needs", "azurite")]
public sealed class RaceTestsAzure() : RaceTests(new AzureWorld());

/// <summary>
/// Two operations on one table in the trash, interleaved in every way: at each call of one to the store, the other runs from its beginning to its end. Exactly one of them wins.
/// </summary>
public abstract class RaceTests(World world) : TrashTests(world)
{
    private string uuid = null!;
    private string id = null!;
    private string metadataLocation = null!;

    /// <summary>One operation, and where the table stands when it won.</summary>
    public enum Rival
    {
        Undrop,
        UndropElsewhere,
        PurgeNow,
        Expire,
        ExpireWithPurge,
        Register,
    }

    [Theory]
    [InlineData(Rival.Undrop, Rival.Expire)]
    [InlineData(Rival.Undrop, Rival.ExpireWithPurge)]
    [InlineData(Rival.Undrop, Rival.PurgeNow)]
    [InlineData(Rival.Undrop, Rival.UndropElsewhere)]
    [InlineData(Rival.Undrop, Rival.Register)]
    [InlineData(Rival.Expire, Rival.Undrop)]
    [InlineData(Rival.Expire, Rival.PurgeNow)]
    [InlineData(Rival.Expire, Rival.Register)]
    [InlineData(Rival.ExpireWithPurge, Rival.Undrop)]
    [InlineData(Rival.ExpireWithPurge, Rival.PurgeNow)]
    [InlineData(Rival.PurgeNow, Rival.Undrop)]
    [InlineData(Rival.PurgeNow, Rival.PurgeNow)]
    [InlineData(Rival.PurgeNow, Rival.ExpireWithPurge)]
    [InlineData(Rival.Register, Rival.Undrop)]
    [InlineData(Rival.Register, Rival.PurgeNow)]
    public async Task Exactly_one_of_two_wins(Rival first, Rival second)
    {
        var calls = await WithTrashAsync(first, second, async () =>
        {
            Seam.Clear();
            Assert.True(await RunAsync(first));
            return Seam.Calls;
        });
        Assert.InRange(calls.Count, 3, 100);
        foreach (var number in Sampling.Turns(World, calls))
        {
            await WithTrashAsync(first, second, async () =>
            {
                var other = await World.StartAsync();
                var isSecondDone = false;
                Seam.Clear();
                Seam.Before(call => call.Number == number, async _ => isSecondDone = await RunAsync(second, other));

                var isFirstDone = await RunAsync(first);

                var at = $"{first} against {second} at call {number}";
                Assert.True(isFirstDone != isSecondDone, $"{at}: {isFirstDone} {isSecondDone}");
                Assert.True(await StandingAsync(uuid) == PlaceOf(isFirstDone ? first : second), at);
                Assert.Empty(await TrashAsync());
                await other.DisposeAsync();
                return [];
            });
        }
    }

    [Fact]
    public async Task A_drop_and_a_commit_do_not_lose_each_other()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        Seam.Clear();
        (await DropAsync("t")).NoContent();
        foreach (var number in Sampling.Turns(World, Seam.Calls))
        {
            var created = (await Catalog.CreateTableAsync("ns", $"t{number}")).Ok();
            var table = created.Metadata.GetProperty("table-uuid").GetString()!;
            var other = await World.StartAsync();
            Reply? commit = null;
            Seam.Clear();
            Seam.Before(call => call.Number == number, async _ => commit = await Catalog.Through(other).CommitAsync("ns", $"t{number}", "", Sample.SetProperty("k", "v")));

            (await DropAsync($"t{number}")).NoContent();

            Assert.Equal(200, commit!.Status);
            Assert.Equal("trash", await StandingAsync(table));
            (await UndropAsync(await TrashedAsync($"t{number}"))).NoContent();
            Assert.Equal("v", (await Catalog.LoadTableAsync("ns", $"t{number}")).Ok().Metadata.GetProperty("properties").GetProperty("k").GetString());
        }
    }

    [Fact]
    public async Task A_commit_that_meets_a_drop_is_refused_and_its_table_comes_back_without_it()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        Seam.Clear();
        (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("k", "v"))).Ok();
        foreach (var number in Sampling.Turns(World, Seam.Calls))
        {
            var created = (await Catalog.CreateTableAsync("ns", $"t{number}")).Ok();
            var other = await World.StartAsync();
            Seam.Clear();
            Seam.Before(call => call.Number == number, async _ => (await Catalog.Through(other).DeleteAsync($"/namespaces/ns/tables/t{number}")).NoContent());

            (await Catalog.CommitAsync("ns", $"t{number}", "", Sample.SetProperty("k", "v"))).Error(404, "NoSuchTableException");

            Assert.Equal("trash", await StandingAsync(created.Metadata.GetProperty("table-uuid").GetString()!));
            (await UndropAsync(await TrashedAsync($"t{number}"))).NoContent();
            Assert.Equal(created.MetadataLocation, (await Catalog.LoadTableAsync("ns", $"t{number}")).Ok().MetadataLocation);
            Assert.True(await Catalog.FileExistsAsync(created.MetadataLocation));
        }
    }

    /// <summary>Runs a test with one table in the trash, whose time is over when one of the two is the timer's.</summary>
    private async Task<IReadOnlyList<Call>> WithTrashAsync(Rival first, Rival second, Func<Task<IReadOnlyList<Call>>> test)
    {
        var created = (await Catalog.CreateTableAsync("ns", "t")).Ok();
        uuid = created.Metadata.GetProperty("table-uuid").GetString()!;
        metadataLocation = created.MetadataLocation;
        var isPurged = first == Rival.ExpireWithPurge || second == Rival.ExpireWithPurge;
        (await DropAsync("t", isPurged ? "?purgeRequested=true" : "")).NoContent();
        id = await TrashedAsync("t");
        Clock.Advance(Week);
        var result = await test();
        foreach (var table in await Catalog.NamesAsync("ns"))
        {
            (await DropAsync(table, "?force=true")).NoContent();
        }

        return result;
    }

    /// <summary>Whether it won.</summary>
    private async Task<bool> RunAsync(Rival rival, Server? server = null)
    {
        server ??= Server;
        var management = new ApiClient(server, $"/management/v1/warehouse/{Catalog.Name}");
        switch (rival)
        {
            case Rival.Expire or Rival.ExpireWithPurge:
                return (await RunAsync(server, JobList.Expire)).Done == 1;
            case Rival.Register:
                var register = await Catalog.Through(server).PostAsync("/namespaces/ns/register", $$"""{"name":"registered","metadata-location":"{{metadataLocation}}"}""");
                return register.Status == 200;
            case Rival.PurgeNow:
                return (await management.PostAsync($"/deleted-tabulars/{id}/purge", "")).Status == 200;
            case Rival.UndropElsewhere:
                var target = $$"""{"targets":[{"type":"table","id":"{{id}}"}],"name":{{Sample.Identifier(("ns", "elsewhere"))}} }""";
                return (await management.PostAsync("/deleted-tabulars/undrop", target)).Status == 204;
            default:
                return (await UndropAsync(management, id)).Status == 204;
        }
    }

    private static string PlaceOf(Rival rival) => rival switch
    {
        Rival.Undrop => "live ns.t",
        Rival.UndropElsewhere => "live ns.elsewhere",
        Rival.Register => "live ns.registered",
        Rival.Expire => "gone",
        _ => "task Scheduled",
    };
}
