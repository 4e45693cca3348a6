using System.Text.Json;
using Frazil.Entities;

namespace Frazil.Api.Tests;

public sealed class JobTestsInMemory() : JobTests(new MemoryWorld());

public sealed class JobTestsEmbedded() : JobTests(new EmbeddedWorld());

[Trait("Needs", "dynamodb")]
[Trait("Needs", "s3")]
public sealed class JobTestsAws() : JobTests(new AwsWorld());

[Trait("Needs", "azurite")]
public sealed class JobTestsAzure() : JobTests(new AzureWorld());

/// <summary>Leases, tries, cancellation and the time that a run has.</summary>
public abstract class JobTests(World world) : TableFilesTests(world)
{
    [Fact]
    public async Task Two_workers_do_not_share_a_task()
    {
        var location = await MakeTableAsync("t");
        await DropAndExpireAsync("t");
        var other = await World.StartAsync();
        Seam.Clear();
        var held = Seam.HoldBefore(call => call.Kind == CallKind.DeleteFile);
        var first = RunAsync(JobList.Purge);
        await held.Reached;

        Assert.Equal(new JobResult(JobList.Purge, 0, 0, 0, false), await RunAsync(other, JobList.Purge));

        Assert.Equal("running", StatusOf(await TaskAsync()));
        held.Open();
        Assert.Equal(1, (await first).Done);
        Assert.Empty(await World.ListFilesAsync(location));
    }

    [Fact]
    public async Task A_worker_that_sleeps_past_its_lease_loses_its_task_and_deletes_nothing_more()
    {
        var location = await MakeTableAsync("t");
        await DropAndExpireAsync("t");
        var other = await World.StartAsync();
        Seam.Clear();
        var held = Seam.HoldBefore(call => call.Kind == CallKind.ReadFile && call.Target.EndsWith("m2.avro", StringComparison.Ordinal));
        var sleeper = RunAsync(JobList.Purge);
        await held.Reached;
        Clock.Advance(Tasks.LeaseTime - TimeSpan.FromMilliseconds(1));
        Assert.Equal(0, (await RunAsync(other, JobList.Purge)).Done);
        Clock.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal(1, (await RunAsync(other, JobList.Purge)).Done);
        Assert.Empty(await World.ListFilesAsync(location));
        Seam.Clear();
        held.Open();

        Assert.Equal(new JobResult(JobList.Purge, 0, 0, 0, false), await sleeper);
        Assert.Equal(0, Seam.Count(CallKind.DeleteFile));
        Assert.Equal("success", StatusOf(await TaskAsync()));
    }

    [Fact]
    public async Task A_cancelled_worker_stops_and_only_then_the_location_is_free()
    {
        var location = await MakeTableAsync("t");
        await DropAndExpireAsync("t");
        Seam.Clear();
        var held = Seam.HoldBefore(call => call.Kind == CallKind.ReadFile && call.Target.EndsWith("m2.avro", StringComparison.Ordinal));
        var worker = RunAsync(JobList.Purge);
        await held.Reached;

        (await ControlAsync(await TaskAsync(), "cancel")).NoContent();
        (await ControlAsync(await TaskAsync(), "cancel")).Error(400, "ValidationException", "ended already");
        (await ControlAsync(await TaskAsync(), "run-now")).Error(400, "ValidationException", "Cancelled");
        (await CreateAtAsync(location)).Error(403, "ForbiddenException");
        Clock.Advance(TimeSpan.FromMinutes(1)); // it is time for a sign of life
        held.Open();

        Assert.Equal(0, (await worker).Done);
        Assert.Equal("cancelled", StatusOf(await TaskAsync()));
        var left = await World.ListFilesAsync(location);
        Assert.Contains($"{location}/data/d-deletes.parquet", left);
        Assert.Contains($"{location}/metadata/m2.avro", left);
        (await CreateAtAsync(location)).Ok();
        Clock.Advance(TimeSpan.FromDays(1));
        Assert.Equal(0, (await RunAsync(JobList.Purge)).FilesDeleted);
        Assert.Equal("cancelled", StatusOf(await TaskAsync()));
    }

    [Fact]
    public async Task The_location_of_a_cancelled_task_whose_worker_died_is_free_when_the_lease_is_over()
    {
        var location = await MakeTableAsync("t");
        await DropAndExpireAsync("t");
        var other = await World.StartAsync();
        Seam.Clear();
        var isDead = false;
        Seam.FailBefore(_ => isDead, () => new ProcessDiedException(), times: int.MaxValue);
        Seam.Before(
            call => call.Kind == CallKind.DeleteFile,
            async _ =>
            {
                (await Through(other).PostAsync("/task/control", Control(await TaskIdAsync(other), "cancel"))).NoContent();
                isDead = true;
            });
        await Assert.ThrowsAsync<ProcessDiedException>(() => RunAsync(JobList.Purge));
        isDead = false;
        await RunAsync(other, JobList.Purge);
        (await CreateAtAsync(location)).Error(403, "ForbiddenException");
        Clock.Advance(Tasks.LeaseTime);

        await RunAsync(other, JobList.Purge);

        (await CreateAtAsync(location)).Ok();
        Assert.Equal("cancelled", StatusOf(await TaskAsync()));
    }

    [Fact]
    public async Task A_scheduled_task_that_is_cancelled_never_runs()
    {
        var location = await MakeTableAsync("t");
        await DropAndExpireAsync("t");

        (await ControlAsync(await TaskAsync(), "cancel")).NoContent();

        Assert.Equal(0, (await RunAsync(JobList.Purge)).FilesDeleted);
        Assert.Equal(13, (await World.ListFilesAsync(location)).Count);
        (await CreateAtAsync(location)).Ok();
    }

    [Fact]
    public async Task A_try_that_fails_is_repeated_later_each_time_until_the_task_is_given_up_and_run_now_revives_it()
    {
        var location = await MakeTableAsync("t");
        await DropAndExpireAsync("t");
        Seam.Clear();
        Seam.FailBefore(call => call.Kind == CallKind.DeleteFile, () => new IOException("no network"), times: int.MaxValue);
        var bounds = TimeSpan.FromSeconds(30);
        for (var attempt = 1; attempt < Tasks.MaxAttempts; attempt++)
        {
            Assert.Equal(1, (await RunAsync(JobList.Purge)).Failed);

            var task = await TaskAsync();
            Assert.Equal("scheduled", StatusOf(task));
            Assert.Equal(attempt, task.GetProperty("attempt").GetInt32());
            Assert.Equal("no network", task.GetProperty("message").GetString());
            var delay = task.GetProperty("scheduled-for").GetDateTimeOffset() - Clock.GetUtcNow();
            bounds *= 2;
            Assert.InRange(delay, bounds * 0.49, bounds * 1.51);
            Assert.Equal(new JobResult(JobList.Purge, 0, 0, 0, false), await RunAsync(JobList.Purge)); // not before its time
            Clock.Advance(delay + TimeSpan.FromMilliseconds(1));
        }

        Assert.Equal(1, (await RunAsync(JobList.Purge)).Failed);
        Assert.Equal("failed", StatusOf(await TaskAsync()));
        Clock.Advance(TimeSpan.FromDays(365));
        Assert.Equal(new JobResult(JobList.Purge, 0, 0, 0, false), await RunAsync(JobList.Purge));
        Assert.Equal(1, (await RunAsync(JobList.Sweep)).Done); // what was kept beside the table; the task waits for a person, however long
        Assert.Equal(13, (await World.ListFilesAsync(location)).Count);
        (await CreateAtAsync(location)).Error(403, "ForbiddenException");
        Assert.Single((await Management.PostAsync("/task/list", """{"status":"failed"}""")).Ok().Json.GetProperty("tasks").EnumerateArray());

        Seam.Clear();
        (await ControlAsync(await TaskAsync(), "run-now")).NoContent();

        Assert.Equal(1, (await RunAsync(JobList.Purge)).Done);
        Assert.Empty(await World.ListFilesAsync(location));
    }

    [Fact]
    public async Task A_table_whose_metadata_is_damaged_is_not_tried_again()
    {
        var location = await MakeTableAsync("t");
        var file = (await Catalog.LoadTableAsync("ns", "t")).Ok().MetadataLocation;
        await DropAndExpireAsync("t");
        await DeleteFileAsync(file);
        await PutAsync(file, "{"u8.ToArray());

        Assert.Equal(1, (await RunAsync(JobList.Purge)).Failed);

        var task = await TaskAsync();
        Assert.Equal("failed", StatusOf(task));
        Assert.Contains(file, task.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(13, (await World.ListFilesAsync(location)).Count);
    }

    [Fact]
    public async Task The_delays_of_two_tasks_that_fail_together_are_not_the_same()
    {
        foreach (var name in (string[])["a", "b", "c"])
        {
            await MakeTableAsync(name);
            (await DropAsync(name, "?purgeRequested=true&force=true")).NoContent();
        }

        Seam.Clear();
        Seam.FailBefore(call => call.Kind == CallKind.DeleteFile, () => new IOException("no network"), times: int.MaxValue);
        await RunAsync(JobList.Purge);

        Assert.Equal(3, (await TasksAsync()).Select(task => task.GetProperty("scheduled-for").GetString()).Distinct().Count());
    }

    [Fact]
    public async Task A_task_whose_workers_all_died_is_given_up()
    {
        var location = await MakeTableAsync("t");
        await DropAndExpireAsync("t");
        for (var attempt = 1; attempt <= Tasks.MaxAttempts; attempt++)
        {
            var worker = await World.StartAsync();
            var isLeased = false;
            worker.Seam.After(call => call.Kind == CallKind.Write && call.Target.Contains("task/", StringComparison.Ordinal), _ => Task.FromResult(isLeased = true));
            worker.Seam.FailBefore(_ => isLeased, () => new ProcessDiedException(), times: int.MaxValue);
            await Assert.ThrowsAsync<ProcessDiedException>(() => RunAsync(worker, JobList.Purge));
            Assert.Equal("running", StatusOf(await TaskAsync()));
            Clock.Advance(Tasks.LeaseTime);
        }

        await RunAsync(JobList.Purge);

        var task = await TaskAsync();
        Assert.Equal("failed", StatusOf(task));
        Assert.Contains("without a result", task.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(13, (await World.ListFilesAsync(location)).Count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public async Task A_run_without_time_begins_nothing_and_says_that_there_is_more(int seconds)
    {
        await MakeTableAsync("t");
        await DropAndExpireAsync("t");
        var files = await World.ListFilesAsync();
        Seam.Clear();

        foreach (var job in JobList.All)
        {
            Assert.Equal(
                new JobResult(job.Name, 0, 0, 0, IsMore: true), await Server.Operations.Jobs.RunAsync(job.Name, TimeSpan.FromSeconds(seconds), CancellationToken.None));
        }

        Assert.Empty(Seam.Calls);
        Assert.Equal(files, await World.ListFilesAsync());
        Assert.Equal(1, (await RunAsync(JobList.Purge)).Done);
    }

    [Fact]
    public async Task A_run_that_is_stopped_gives_its_task_back()
    {
        var location = await MakeTableAsync("t");
        await DropAndExpireAsync("t");
        using var stop = new CancellationTokenSource();
        Seam.Clear();
        Seam.Before(call => call.Kind == CallKind.DeleteFile, _ => stop.CancelAsync());

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Server.Operations.Jobs.RunAsync(JobList.Purge, TimeSpan.FromHours(1), stop.Token).AsTask());

        var task = await TaskAsync();
        Assert.Equal("scheduled", StatusOf(task));
        Assert.Equal(0, task.GetProperty("attempt").GetInt32());
        Assert.Equal(1, (await RunAsync(JobList.Purge)).Done);
        Assert.Empty(await World.ListFilesAsync(location));
    }

    [Fact]
    public async Task A_run_that_is_stopped_while_it_takes_its_task_gives_it_back_and_no_number_of_them_uses_it_up()
    {
        var location = await MakeTableAsync("t");
        await DropAndExpireAsync("t");
        for (var run = 0; run <= Tasks.MaxAttempts; run++)
        {
            using var stop = new CancellationTokenSource();
            Seam.Clear();
            Seam.After(call => call.Kind == CallKind.Write && call.Target.Contains("task/", StringComparison.Ordinal), _ => stop.CancelAsync());

            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Server.Operations.Jobs.RunAsync(JobList.Purge, TimeSpan.FromHours(1), stop.Token).AsTask());

            var task = await TaskAsync();
            Assert.Equal(("scheduled", 0), (StatusOf(task), task.GetProperty("attempt").GetInt32()));
        }

        Seam.Clear();
        Assert.Equal(1, (await RunAsync(JobList.Purge)).Done);
        Assert.Empty(await World.ListFilesAsync(location));
    }

    [Fact]
    public async Task A_run_that_is_stopped_has_not_failed_whatever_a_part_makes_of_the_end()
    {
        var location = await MakeTableAsync("t");
        await DropAndExpireAsync("t");
        for (var run = 0; run <= Tasks.MaxAttempts; run++)
        {
            using var stop = new CancellationTokenSource();
            Seam.Clear();
            Seam.Before(call => call.Kind == CallKind.ReadFile && call.Target.EndsWith("m2.avro", StringComparison.Ordinal), async _ =>
            {
                await stop.CancelAsync();
                throw new IOException("the connection was closed");
            });

            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Server.Operations.Jobs.RunAsync(JobList.Purge, TimeSpan.FromHours(1), stop.Token).AsTask());

            var task = await TaskAsync();
            Assert.Equal(("scheduled", 0), (StatusOf(task), task.GetProperty("attempt").GetInt32()));
        }

        Seam.Clear();
        Assert.Equal(1, (await RunAsync(JobList.Purge)).Done);
        Assert.Empty(await World.ListFilesAsync(location));
    }

    [Fact]
    public async Task A_catalog_that_fails_does_not_keep_the_others_waiting()
    {
        var location = await MakeTableAsync("t");
        await DropAndExpireAsync("t");
        await Server.OpenAsync("a-first-one");
        Seam.Clear();
        Seam.FailBefore(call => call.Kind == CallKind.List && call.Target == Keys.Tasks, () => new IOException("this one is broken"));

        await Assert.ThrowsAsync<IOException>(() => RunAsync(JobList.Purge));

        Assert.Empty(await World.ListFilesAsync(location));
    }

    [Theory]
    [InlineData("""{"action":{"action-type":"explode"},"task-ids":["7d9a6c1e-0000-7000-8000-000000000000"]}""", 400, "action-type")]
    [InlineData("""{"action":{"action-type":"cancel"},"task-ids":["junk"]}""", 400, "UUID")]
    [InlineData("""{"action":{"action-type":"cancel"},"task-ids":["7d9a6c1e-0000-7000-8000-000000000000"]}""", 404, "Task does not exist")]
    public async Task Control_of_what_is_no_task_is_refused(string body, int status, string message)
    {
        var reply = await Management.PostAsync("/task/control", body);

        Assert.Equal(status, reply.Status);
        Assert.Contains(message, reply.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tasks_are_listed_in_pages_and_by_state()
    {
        for (var i = 0; i < 3; i++)
        {
            (await Catalog.CreateTableAsync("ns", $"t{i}")).Ok();
            (await DropAsync($"t{i}", "?purgeRequested=true&force=true")).NoContent();
            Clock.Advance(TimeSpan.FromMilliseconds(5));
        }

        var first = (await Management.PostAsync("/task/list", """{"page-size":2}""")).Ok().Json;
        var token = first.GetProperty("next-page-token").GetString();
        var second = (await Management.PostAsync("/task/list", $$"""{"page-size":2,"page-token":"{{token}}"}""")).Ok().Json;

        Assert.Equal(["t0", "t1"], Names(first));
        Assert.Equal(["t2"], Names(second));
        Assert.Equal(JsonValueKind.Null, second.GetProperty("next-page-token").ValueKind);
        Assert.Empty(Names((await Management.PostAsync("/task/list", """{"status":"failed"}""")).Ok().Json));
        (await Management.PostAsync("/task/list", """{"status":"odd"}""")).Error(400, "BadRequestException", "status");
        (await Management.PostAsync("/task/list", """{"page-size":0}""")).Error(400, "BadRequestException", "page-size");
        (await Management.PostAsync("/task/list", $$"""{"status":"failed","page-token":"{{token}}"}""")).Error(400, "BadRequestException", "pageToken");
    }

    private static IEnumerable<string> Names(JsonElement page) =>
        page.GetProperty("tasks").EnumerateArray().Select(task => task.GetProperty("entity").GetProperty("name").GetString()!);

    private Task<Reply> CreateAtAsync(string location) => Catalog.CreateTableAsync("ns", "at", $$""","location":"{{location}}" """);

    private ApiClient Through(Server server) => new(server, $"/management/v1/warehouse/{Catalog.Name}");

    private async Task<string> TaskIdAsync(Server server) =>
        (await Through(server).PostAsync("/task/list", "")).Ok().Json.GetProperty("tasks")[0].GetProperty("task-id").GetString()!;

    private static string Control(string id, string action) => $$"""{"action":{"action-type":"{{action}}"},"task-ids":["{{id}}"]}""";
}
