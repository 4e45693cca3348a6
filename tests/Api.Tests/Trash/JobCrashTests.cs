using Frazil.Entities;

namespace Frazil.Api.Tests;

public sealed class JobCrashTestsInMemory() : JobCrashTests(new MemoryWorld());

public sealed class JobCrashTestsEmbedded() : JobCrashTests(new EmbeddedWorld());

[Trait("Needs", "dynamodb")]
[Trait("Needs", "s3")]
public sealed class JobCrashTestsAws() : JobCrashTests(new AwsWorld());

[Trait("Needs", "azurite")]
public sealed class JobCrashTestsAzure() : JobCrashTests(new AzureWorld());

/// <summary>
/// The process that runs a job dies at each call to the store and to the storage, before and after the call's work. Another process runs the job again when the lease is over:
/// it ends as if nothing had happened, with no live file deleted and nothing lost from the trash.
/// </summary>
public abstract class JobCrashTests(World world) : IAsyncLifetime
{
    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await world.DisposeAsync();

    [Theory]
    [InlineData(JobList.Expire, false)]
    [InlineData(JobList.Expire, true)]
    [InlineData(JobList.Purge, true)]
    [InlineData(JobList.Purge, false)]
    [InlineData(JobList.Sweep, true)]
    public async Task A_job_that_died_anywhere_is_ended_by_the_next_run(string job, bool soft)
    {
        IReadOnlyList<Call> calls;
        await using (var story = await CrashStory.BeginAsync(world.Another(), job, soft))
        {
            await story.RunAsync();
            calls = story.Calls;
            await story.AssertEndAsync("without a crash");
        }

        Assert.InRange(calls.Count, 4, 200);
        foreach (var (number, afterWork) in Sampling.Deaths(world, calls))
        {
            await using var story = await CrashStory.BeginAsync(world.Another(), job, soft);
            await story.DieAsync(number, afterWork);
            await story.RunAgainAsync();
            await story.AssertEndAsync($"{job} died {(afterWork ? "after" : "before")} call {calls[number]}");
        }
    }
}

/// <summary>One table on its way from the trash to nowhere, one in the trash that is not due, and a live neighbour.</summary>
internal sealed class CrashStory(World world) : TableFilesTests(world), IAsyncDisposable
{
    private readonly Dictionary<string, (string Location, string Uuid)> tables = [];
    private IReadOnlyList<string> files = [];
    private string job = "";
    private bool isSoft;

    public IReadOnlyList<Call> Calls => Seam.Calls;

    public static async Task<CrashStory> BeginAsync(World world, string job, bool isSoft)
    {
        var story = new CrashStory(world) { job = job, isSoft = isSoft };
        await story.InitializeAsync();
        await story.MakeAsync();
        story.Seam.Clear();
        return story;
    }

    public Task RunAsync() => RunAsync(job);

    public async Task DieAsync(int number, bool afterWork)
    {
        Seam.DieAt(number, afterWork);
        try
        {
            await RunAsync(job);
        }
        catch (ProcessDiedException)
        {
        }
    }

    public async Task RunAgainAsync()
    {
        Clock.Advance(Tasks.LeaseTime);
        await RunAsync(await World.StartAsync(), job);
    }

    public async Task AssertEndAsync(string at)
    {
        var dead = job == JobList.Purge ? $"{tables["purged"].Location}/" : "/none/";
        Assert.True(files.Where(file => !file.StartsWith(dead, StringComparison.Ordinal)).SequenceEqual(await World.ListFilesAsync()), at);
        var reader = await World.StartAsync();
        var management = new ApiClient(reader, $"/management/v1/warehouse/{Catalog.Name}");
        (await Catalog.Through(reader).LoadTableAsync("ns", "live")).Ok();
        var trash = (await management.GetAsync("/deleted-tabulars")).Ok().Json.GetProperty("tabulars").EnumerateArray().Select(item => item.GetProperty("name").GetString());
        var taskStates = (await management.PostAsync("/task/list", "{}")).Ok().Json.GetProperty("tasks").EnumerateArray().Select(StatusOf);
        var (standing, statuses) = job switch
        {
            JobList.Purge => ("gone", "success"),
            JobList.Expire when isSoft => ("task Scheduled", "scheduled"),
            _ => ("gone", ""),
        };
        Assert.Equal((at, "young", statuses), (at, string.Join(' ', trash), string.Join(' ', taskStates)));
        Assert.Equal((at, standing), (at, await StandingAsync(tables["purged"].Uuid, reader)));
        Assert.Equal((at, "trash"), (at, await StandingAsync(tables["young"].Uuid, reader)));
        Assert.Equal((at, "live ns.live"), (at, await StandingAsync(tables["live"].Uuid, reader)));
        if (job == JobList.Sweep)
        {
            var partition = (await reader.Operations.Catalogs.GetAsync(Catalog.Name, CancellationToken.None)).Partition;
            Assert.Equal((at, 2), (at, (await World.Store.ListAsync(partition, "report/", null, 10, CancellationToken.None)).Count));
            Assert.Empty(await World.Store.ListAsync(partition, Keys.EndedTables, null, 10, CancellationToken.None));
            Assert.Empty(await World.Store.ListAsync(partition, Keys.IdempotencyRecords, null, 10, CancellationToken.None));
        }
    }

    async ValueTask IAsyncDisposable.DisposeAsync() => await World.DisposeAsync();

    private async Task MakeAsync()
    {
        foreach (var name in (string[])["purged", "live", "young"])
        {
            var location = name != "purged" && World.IsSlow
                ? (await Catalog.CreateTableAsync("ns", name)).Ok().Metadata.GetProperty("location").GetString()!
                : await MakeTableAsync(name);
            tables[name] = (location, (await Catalog.LoadTableAsync("ns", name)).Ok().Metadata.GetProperty("table-uuid").GetString()!);
        }

        switch (job)
        {
            case JobList.Expire:
                (await DropAsync("purged", isSoft ? "?purgeRequested=true" : "")).NoContent();
                Clock.Advance(Week);
                break;
            case JobList.Purge when isSoft:
                await DropAndExpireAsync("purged");
                break;
            case JobList.Purge:
                (await DropAsync("purged", "?purgeRequested=true&force=true")).NoContent();
                break;
            default:
                foreach (var name in tables.Keys)
                {
                    (await Catalog.PostAsync($"/namespaces/ns/tables/{name}/metrics", """{"report-type":"scan-report"}""")).NoContent();
                }

                (await Catalog.CreateTableAsync("ns", "keyed", "", ("Idempotency-Key", Guid.CreateVersion7().ToString()))).Ok();
                await DropAndExpireAsync("purged");
                await RunAsync(JobList.Purge);
                Clock.Advance(Tasks.RetentionTime + TimeSpan.FromDays(1));
                break;
        }

        (await DropAsync("young", "?purgeRequested=true")).NoContent();
        files = await World.ListFilesAsync();
    }
}
