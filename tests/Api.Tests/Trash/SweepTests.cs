using Frazil.Entities;
using Frazil.Storage;

namespace Frazil.Api.Tests;

public sealed class SweepTestsInMemory() : SweepTests(new MemoryWorld());

public sealed class SweepTestsEmbedded() : SweepTests(new EmbeddedWorld());

[Trait("Needs", "dynamodb")]
[Trait("Needs", "s3")]
public sealed class SweepTestsAws() : SweepTests(new AwsWorld());

[Trait("Needs", "azurite")]
public sealed class SweepTestsAzure() : SweepTests(new AzureWorld());

/// <summary>What the sweep forgets, and what it does not.</summary>
public abstract class SweepTests(World world) : TableFilesTests(world)
{
    private const int PageSize = 20;

    private static readonly TimeSpan Grace = TimeSpan.FromHours(1);

    [Theory]
    [InlineData("dropped for good")]
    [InlineData("dropped and purged for good")]
    [InlineData("unregistered")]
    [InlineData("expired")]
    [InlineData("expired and purged")]
    [InlineData("purged from the trash")]
    public async Task The_reports_of_a_table_go_when_it_is_gone_for_good(string how)
    {
        await MakeReportedAsync("neighbour");
        await MakeReportedAsync("t");
        switch (how)
        {
            case "dropped for good":
                (await DropAsync("t", "?force=true")).NoContent();
                break;
            case "dropped and purged for good":
                (await DropAsync("t", "?force=true&purgeRequested=true")).NoContent();
                break;
            case "unregistered":
                (await Catalog.SendAsync("POST", "/namespaces/ns/tables/t/unregister", null)).Ok();
                break;
            case "purged from the trash":
                (await DropAsync("t")).NoContent();
                (await Management.PostAsync($"/deleted-tabulars/{await TrashedAsync("t")}/purge", "")).Ok();
                break;
            default:
                (await DropAsync("t", how == "expired" ? "" : "?purgeRequested=true")).NoContent();
                Clock.Advance(Week);
                Assert.Equal(1, (await RunAsync(JobList.Expire)).Done);
                break;
        }

        await RunAsync(JobList.Purge);
        Clock.Advance(Grace);
        Assert.Equal(0, (await RunAsync(JobList.Sweep)).Done);
        Assert.Equal(2, await CountAsync("report/"));
        Clock.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal(new JobResult(JobList.Sweep, 1, 0, 0, false), await RunAsync(JobList.Sweep));

        Assert.Equal((1, 0), (await CountAsync("report/"), await CountAsync(Keys.EndedTables)));
        Assert.Contains("scan-report", await ReportsAsync("neighbour"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_reports_of_a_table_in_the_trash_are_kept_and_come_back_with_it()
    {
        await MakeReportedAsync("t");
        (await DropAsync("t")).NoContent();
        Clock.Advance(Week - TimeSpan.FromMilliseconds(1));
        Assert.Equal(0, (await RunAsync(JobList.Sweep)).Done);

        (await UndropAsync(await TrashedAsync("t"))).NoContent();

        Clock.Advance(TimeSpan.FromDays(30));
        Assert.Equal(0, (await RunAsync(JobList.Sweep)).Done);
        Assert.Contains("scan-report", await ReportsAsync("t"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_report_that_was_on_its_way_when_its_table_went_is_swept_too()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        var other = await World.StartAsync();
        Seam.Clear();
        var held = Seam.HoldBefore(call => call.Kind == CallKind.Write);
        var report = ReportAsync("t");
        await held.Reached;
        (await Catalog.Through(other).DeleteAsync("/namespaces/ns/tables/t?force=true")).NoContent();
        held.Open();
        (await report).NoContent();
        Assert.Equal(1, await CountAsync("report/"));
        Clock.Advance(Grace + TimeSpan.FromMilliseconds(1));

        await RunAsync(JobList.Sweep);

        Assert.Equal(0, await CountAsync("report/"));
    }

    [Fact]
    public async Task A_sweep_takes_tables_in_pages_while_its_time_lasts_and_the_next_goes_on()
    {
        const int tables = (PageSize * 2) + 3;
        for (var i = 0; i < tables; i++)
        {
            await MakeReportedAsync($"t{i}");
            (await DropAsync($"t{i}", "?force=true")).NoContent();
        }

        Clock.Advance(Grace + TimeSpan.FromMilliseconds(1));
        Seam.Clear();
        Seam.After(call => call.Target == Keys.EndedTables, _ => AdvanceAsync(TimeSpan.FromMinutes(1)), times: int.MaxValue);

        foreach (var (done, isMore) in ((int, bool)[])[(PageSize, true), (PageSize, true), (3, false)])
        {
            var result = await Server.Operations.Jobs.RunAsync(JobList.Sweep, isMore ? TimeSpan.FromMinutes(1) : TimeSpan.FromHours(1), CancellationToken.None);
            Assert.Equal((done, isMore), (result.Done, result.IsMore));
        }

        Assert.Equal((0, 0), (await CountAsync("report/"), await CountAsync(Keys.EndedTables)));
    }

    [Fact]
    public async Task Two_sweeps_at_once_lose_nothing_and_leave_nothing()
    {
        await MakeReportedAsync("live");
        await RunAsync(JobList.Sweep); // looks once for rows of earlier versions
        await MakeSweepableAsync("first");
        Assert.Equal(World.RemovesEndedRows ? 1 : 3, (await RunAsync(JobList.Sweep)).Done);
        foreach (var number in Sampling.Turns(World, Seam.Calls))
        {
            await MakeSweepableAsync($"t{number}");
            var other = await World.StartAsync();
            JobResult? second = null;
            Seam.Before(call => call.Number == number, async _ => second = await RunAsync(other, JobList.Sweep));

            var first = await RunAsync(JobList.Sweep);

            Assert.Equal(World.RemovesEndedRows ? 1 : 3, first.Done + second!.Done);
            Assert.Equal(
                (1, 0, 0, 0), (await CountAsync("report/"), await CountAsync(Keys.EndedTables), await CountAsync(Keys.Tasks), await CountAsync(Keys.IdempotencyRecords)));
        }
    }

    /// <summary>A task, the rest of a table and an idempotency record, each past its time.</summary>
    private async Task MakeSweepableAsync(string table)
    {
        await MakeReportedAsync(table);
        (await DropAsync(table, "?force=true&purgeRequested=true")).NoContent();
        await RunAsync(JobList.Purge);
        (await Catalog.CreateTableAsync("ns", $"{table}-keyed", "", ("Idempotency-Key", Guid.CreateVersion7().ToString()))).Ok();
        Clock.Advance(Tasks.RetentionTime + TimeSpan.FromSeconds(1));
        Seam.Clear();
    }

    [Fact]
    public async Task A_cancelled_task_that_holds_its_locations_is_not_forgotten_before_they_are_free()
    {
        var location = await MakeTableAsync("t");
        await DropAndExpireAsync("t");
        var worker = await World.StartAsync();
        var isDead = false;
        worker.Seam.FailBefore(_ => isDead, () => new ProcessDiedException(), times: int.MaxValue);
        worker.Seam.Before(call => call.Kind == CallKind.DeleteFile, async _ =>
        {
            (await ControlAsync(await TaskAsync(), "cancel")).NoContent();
            isDead = true;
        });
        await Assert.ThrowsAsync<ProcessDiedException>(() => RunAsync(worker, JobList.Purge));
        Clock.Advance(Tasks.RetentionTime * 2);

        await RunAsync(JobList.Sweep);

        Assert.Equal("cancelled", StatusOf(await TaskAsync()));
        await RunAsync(JobList.Purge);
        (await Catalog.CreateTableAsync("ns", "at", $$""","location":"{{location}}" """)).Ok();
        Clock.Advance(Tasks.LeaseTime + TimeSpan.FromSeconds(1));
        Assert.Empty(await TasksAsync());
    }

    [Fact]
    public async Task Records_of_an_earlier_version_are_given_their_end_by_a_walk_that_is_not_made_again()
    {
        var partition = Keys.Partition(CatalogEntity.Read((await World.Store.ReadAsync(Keys.Project, Keys.Catalog(Catalog.Name), CancellationToken.None))!).Id);
        for (var i = 0; i < 60; i++)
        {
            (await Catalog.PostAsync("/namespaces", $$"""{"namespace":["n{{i}}"]}""", ("Idempotency-Key", Guid.CreateVersion7().ToString()))).Ok();
        }

        foreach (var batch in (await RecordsAsync()).Chunk(30))
        {
            Assert.All(batch, record => Assert.NotNull(record.ExpiresAt));
            Assert.True((await World.Store.WriteAsync(
                partition, $"earlier-{Guid.NewGuid():N}", [.. batch.Select(record => new Write.Replace(record.Id, record.Value, record.Version))], CancellationToken.None)).IsApplied);
        }

        Assert.All(await RecordsAsync(), record => Assert.Null(record.ExpiresAt));
        await RunAsync(JobList.Sweep);
        Assert.All(await RecordsAsync(), record => Assert.InRange(record.ExpiresAt!.Value - Clock.GetUtcNow(), TimeSpan.FromHours(47), TimeSpan.FromHours(49)));
        await RunAsync(JobList.Sweep);
        Seam.Clear();
        await RunAsync(JobList.Sweep);
        Assert.DoesNotContain(Seam.Calls, call => call.Kind == CallKind.List && call.Target is Keys.IdempotencyRecords or Keys.Tasks);
        Clock.Advance((Limits.IdempotencyKeyLifetime * 2) + TimeSpan.FromSeconds(1));
        Assert.Empty(await RecordsAsync());
        Assert.Equal(World.RemovesEndedRows ? 0 : 60, (await RunAsync(JobList.Sweep)).Done);

        Task<IReadOnlyList<Item>> RecordsAsync() => World.Store.ListAsync(partition, Keys.IdempotencyRecords, null, 100, CancellationToken.None).AsTask();
    }

    [Fact]
    public async Task Large_and_unreadable_records_of_an_earlier_version_keep_nothing_from_its_end()
    {
        var partition = (await Server.Operations.Catalogs.GetAsync(Catalog.Name, CancellationToken.None)).Partition;
        var padding = new string('x', 200 * 1024);
        for (var i = 0; i < 15; i++)
        {
            var value = i % 7 == 3 ? "{\"fingerprint\":" : $$"""{"fingerprint":"f","at-ms":{{Clock.GetUtcNow().ToUnixTimeMilliseconds()}},"outcome":"done","padding":"{{padding}}"}""";
            Assert.True((await World.Store.WriteAsync(
                partition, $"earlier-{i}", [new Write.Create($"{Keys.IdempotencyRecords}{i:D2}", System.Text.Encoding.UTF8.GetBytes(value))], CancellationToken.None)).IsApplied);
        }

        (await Catalog.PostAsync("/namespaces", """{"namespace":["later"]}""", ("Idempotency-Key", Guid.CreateVersion7().ToString()))).Ok();
        Assert.False((await RunAsync(JobList.Sweep)).IsMore);
        Clock.Advance((Limits.IdempotencyKeyLifetime * 2) + TimeSpan.FromSeconds(1));

        Assert.Equal(World.RemovesEndedRows ? 0 : 14, (await RunAsync(JobList.Sweep)).Done);

        Assert.Equal(2, await CountAsync(Keys.IdempotencyRecords));
        await RunAsync(JobList.Sweep);
        Seam.Clear();
        await RunAsync(JobList.Sweep);
        Assert.DoesNotContain(Seam.Calls, call => call.Kind == CallKind.List && call.Target is Keys.IdempotencyRecords or Keys.Tasks);
    }

    private async Task MakeReportedAsync(string table)
    {
        (await Catalog.CreateTableAsync("ns", table)).Ok();
        (await ReportAsync(table)).NoContent();
    }

    private Task<Reply> ReportAsync(string table) => Catalog.PostAsync($"/namespaces/ns/tables/{table}/metrics", """{"report-type":"scan-report"}""");

    private async Task<string> ReportsAsync(string table)
    {
        var call = new CallContext(await Server.Operations.Catalogs.GetAsync(Catalog.Name, CancellationToken.None));
        var name = new Iceberg.TableIdentifier(new Iceberg.Namespace("ns"), table);
        return System.Text.Encoding.UTF8.GetString((await Server.Operations.Reports.ListAsync(call, name, CancellationToken.None)).Span);
    }

    private async Task<int> CountAsync(string folder) =>
        (await World.Store.ListAsync((await Server.Operations.Catalogs.GetAsync(Catalog.Name, CancellationToken.None)).Partition, folder, null, 1000, CancellationToken.None)).Count;

    private Task AdvanceAsync(TimeSpan time)
    {
        Clock.Advance(time);
        return Task.CompletedTask;
    }
}
