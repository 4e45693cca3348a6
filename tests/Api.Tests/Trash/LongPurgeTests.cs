using System.Globalization;

namespace Frazil.Api.Tests;

/// <summary>Purges that take longer than a lease, or than many runs have time for. In memory: thousands of files are made and deleted.</summary>
public sealed class LongPurgeTests() : TableFilesTests(new MemoryWorld())
{
    [Fact]
    public async Task A_purge_that_runs_out_of_time_goes_on_in_the_next_run_and_has_not_failed()
    {
        var location = await MakeLargeTableAsync("t", manifests: 20, entries: 100);
        await DropAndExpireAsync("t");
        var total = (await World.ListFilesAsync(location)).Count;
        Seam.Clear();
        Seam.After(call => call.Kind == CallKind.DeleteFile, _ => Slow(), times: int.MaxValue);
        JobResult result;
        var runs = 0;
        long deleted = 0;
        do
        {
            result = await Server.Operations.Jobs.RunAsync(JobList.Purge, TimeSpan.FromSeconds(15), CancellationToken.None);
            runs++;
            deleted += result.FilesDeleted;
            Assert.Equal(0, result.Failed);
            Assert.True(result.FilesDeleted > 0, "every run gets on");
            Assert.InRange((await TaskAsync()).GetProperty("attempt").GetInt32(), 0, 1);
        }
        while (result.Done == 0);

        Assert.True(runs > Tasks.MaxAttempts, $"{runs} runs");
        Assert.Equal(total, deleted);
        Assert.Equal(total, (await TaskAsync()).GetProperty("files-deleted").GetInt64());
        Assert.Empty(await World.ListFilesAsync(location));
        Assert.True(Seam.Calls.Count(call => call.Kind == CallKind.ReadFile) < (runs * 2) + 30, "what is done is not read again");
    }

    [Fact]
    public async Task A_worker_gives_signs_of_life_and_keeps_its_task_for_longer_than_a_lease()
    {
        var location = await MakeLargeTableAsync("t", manifests: 10, entries: 100);
        await DropAndExpireAsync("t");
        Seam.Clear();
        Seam.After(call => call.Kind == CallKind.DeleteFile, _ => Slow(), times: int.MaxValue);
        var start = Clock.GetUtcNow();

        var result = await RunAsync(JobList.Purge);

        Assert.True(Clock.GetUtcNow() - start > Tasks.LeaseTime * 2);
        Assert.Equal(1, result.Done);
        Assert.Empty(await World.ListFilesAsync(location));
    }

    private Task Slow()
    {
        Clock.Advance(TimeSpan.FromSeconds(1));
        return Task.CompletedTask;
    }

    private async Task<string> MakeLargeTableAsync(string name, int manifests, int entries)
    {
        var location = (await Catalog.CreateTableAsync("ns", name)).Ok().Metadata.GetProperty("location").GetString()!;
        for (var m = 0; m < manifests; m++)
        {
            await MakeManifestAsync(
                $"{location}/metadata/m{m}.avro", [.. Enumerable.Range(0, entries).Select(i => string.Create(CultureInfo.InvariantCulture, $"{location}/data/{m}-{i}.parquet"))]);
        }

        await MakeListAsync($"{location}/metadata/snap-1.avro", [.. Enumerable.Range(0, manifests).Select(m => $"{location}/metadata/m{m}.avro")]);
        (await Catalog.CommitAsync("ns", name, "", Sample.Append(1, 1, location))).Ok();
        return location;
    }
}
