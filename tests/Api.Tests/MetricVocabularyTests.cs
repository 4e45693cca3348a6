using System.Diagnostics.Metrics;
using Frazil.Security;
using Frazil.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;

namespace Frazil.Api.Tests;

/// <summary>Run when no other test runs: whoever listens hears the whole process.</summary>
[CollectionDefinition(nameof(MetricVocabularyTests), DisableParallelization = true)]
public sealed class MetricVocabularyTestsRunAlone;

/// <summary>Every metric that dashboards and alarms may watch (<see cref="MetricList"/>) is really counted, in its unit and with exactly its tags.</summary>
[Collection(nameof(MetricVocabularyTests))]
public sealed class MetricVocabularyTests : TableFilesTests, IDisposable
{
    private readonly MeterListener listener = new();
    private readonly Dictionary<string, Instrument> instruments = [];
    private readonly Dictionary<string, List<KeyValuePair<string, object?>[]>> seen = [];

    private double lag = -1;

    public MetricVocabularyTests()
        : base(new MemoryWorld())
    {
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (instrument.Meter == CatalogMeter.Meter)
            {
                listening.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, _, tags, _) => Take(instrument, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) =>
        {
            Take(instrument, tags);
            lag = instrument.Name == MetricList.PurgeLag.Name ? value : lag;
        });
        listener.Start();
    }

    public void Dispose() => listener.Dispose();

    [Fact]
    public async Task What_a_catalog_lives_through_is_counted_under_every_name_of_the_list_and_no_other()
    {
        await ReadAndCommitAsync();
        await LoseEveryRaceAsync();
        await MeetBadWeatherAsync();
        await RepeatRequestsAsync();
        await PurgeAsync();
        await AuthenticateAsync();
        await AnswerMoreThanTheHostCarriesAsync();
        CatalogMeter.Observe(Server.Operations.Files);
        listener.RecordObservableInstruments();

        Assert.Equal(MetricList.All.Select(metric => metric.Name).Order(StringComparer.Ordinal), seen.Keys.Order(StringComparer.Ordinal));
        foreach (var metric in MetricList.All)
        {
            Assert.All(seen[metric.Name], tags => Assert.Equal(metric.Tags, tags.Select(tag => tag.Key)));
            Assert.All(seen[metric.Name], tags => Assert.All(tags, tag => Assert.IsType<string>(tag.Value)));
            Assert.Equal((metric.Name, metric.Unit, metric.Kind), (metric.Name, instruments[metric.Name].Unit, KindOf(instruments[metric.Name])));
        }

        Assert.Equal(["conflict", "ok", "retry_exhausted", "unknown"], Values(MetricList.Commits, "outcome"));
        Assert.Equal(["304", "all", "refs"], Values(MetricList.Loads, "mode"));
        Assert.Equal(["hit", "miss"], Values(MetricList.MetadataCache, "result"));
        Assert.Equal(["mismatch", "new", "replay"], Values(MetricList.Idempotency, "outcome"));
        Assert.Equal(["denied", "ok"], Values(MetricList.Auth, "outcome"));
        Assert.Equal(["false", "true"], Values(MetricList.MetadataBytes, "gz"));
        Assert.Equal(["2xx", "3xx", "4xx", "5xx"], Values(MetricList.Requests, "status"));
        Assert.Equal(JobList.All.Select(job => job.Name).Order(StringComparer.Ordinal), Values(MetricList.JobRuns, "job"));
        Assert.Equal(["ok"], Values(MetricList.JobRuns, "outcome"));
        Assert.Equal(["list", "read", "read_many", "sweep", "write"], Values(MetricList.StoreLatency, "op"));
        Assert.Equal(["create", "delete", "open", "read"], Values(MetricList.FileLatency, "op"));
    }

    [Fact]
    public async Task Purge_lag_is_how_long_the_oldest_has_waited_in_the_trash_or_for_its_purge()
    {
        await MakeTableAsync("t");
        await RunAsync(JobList.Purge);
        Assert.Equal(0, lag);

        (await DropAsync("t", "?purgeRequested=true")).NoContent();
        await RunAsync(JobList.Purge);
        Assert.Equal(0, lag); // not due yet

        Clock.Advance(Week + TimeSpan.FromHours(1));
        await RunAsync(JobList.Purge);
        Assert.Equal(3600, lag); // due, and nobody took it out of the trash

        await RunAsync(JobList.Expire);
        Seam.FailBefore(call => call.Kind == CallKind.DeleteFile, () => new IOException("no network"), times: int.MaxValue);
        Clock.Advance(TimeSpan.FromHours(1));
        await RunAsync(JobList.Purge);
        Assert.Equal(7200, lag); // its purge fails, and will be tried again

        Seam.Clear();
        Clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(1, (await RunAsync(JobList.Purge)).Done);
        Assert.Equal(0, lag);
    }

    [Theory]
    [InlineData(JobList.Expire)]
    [InlineData(JobList.Purge)]
    [InlineData(JobList.Sweep)]
    public async Task A_run_that_fails_for_a_catalog_does_not_count_as_a_run(string job)
    {
        // The list of catalogs is another one than those that are walked in a catalog.
        Seam.FailBefore(call => call.Kind == CallKind.List && !call.Target.StartsWith("catalog", StringComparison.Ordinal), () => new IOException("no network"), times: int.MaxValue);
        await Assert.ThrowsAsync<IOException>(() => RunAsync(job));
        Assert.DoesNotContain(MetricList.JobRuns.Name, seen.Keys);

        Seam.Clear();
        await RunAsync(job);
        Assert.Single(seen[MetricList.JobRuns.Name]);
    }

    private async Task ReadAndCommitAsync()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("large", new string('x', 10_000)))).Ok();
        var etag = (await Catalog.LoadTableAsync("ns", "t")).Ok().ETag!;
        await Catalog.LoadTableAsync("ns", "t", "", ("Accept-Encoding", "gzip"));
        (await Catalog.LoadTableAsync("ns", "t", "?snapshots=refs")).Ok();
        Assert.Equal(304, (await Catalog.LoadTableAsync("ns", "t", "", ("If-None-Match", etag))).Status);
        (await Catalog.Through(await World.StartAsync()).LoadTableAsync("ns", "t")).Ok(); // nothing is cached there
        (await Catalog.CommitAsync("ns", "t", Sample.AssertUuid(Guid.Empty.ToString()), Sample.SetProperty("a", "b"))).Error(409, "CommitFailedException");
    }

    private async Task LoseEveryRaceAsync()
    {
        var faster = Catalog.Through(await World.StartAsync());
        var count = 0;
        Seam.Before(call => call.Kind == CallKind.Write, async _ => (await faster.CommitAsync("ns", "t", "", Sample.SetProperty("a", $"{count++}"))).Ok(), times: int.MaxValue);
        Seam.FailBefore(call => call.Kind == CallKind.DeleteFile, () => new IOException("no network"));
        (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("b", "b"))).Error(409, "CommitFailedException");
        Assert.Equal(Limits.MaxCommitAttempts, count);
        Seam.Clear();
    }

    private async Task MeetBadWeatherAsync()
    {
        Seam.FailBefore(call => call.Kind == CallKind.Write, () => new UnknownOutcomeException("no answer"), times: int.MaxValue);
        (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("c", "c"))).Error(500, "CommitStateUnknownException");
        Seam.Clear();
        Seam.FailBefore(call => call.Kind == CallKind.Read, () => new StoreThrottledException("slow down"));
        (await Catalog.LoadTableAsync("ns", "t")).Error(503, "SlowDownException");
        Seam.Clear();
    }

    private async Task RepeatRequestsAsync()
    {
        var key = ("Idempotency-Key", Guid.NewGuid().ToString());
        (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("d", "d"), key)).Ok();
        (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("d", "d"), key)).Ok();
        Assert.InRange((await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("d", "e"), key)).Status, 400, 499);
    }

    private async Task PurgeAsync()
    {
        await MakeTableAsync("purged");
        await DropAndExpireAsync("purged");
        Seam.FailBefore(call => call.Kind == CallKind.DeleteFile, () => new IOException("no network"), times: int.MaxValue);
        for (var attempt = 0; attempt < Tasks.MaxAttempts; attempt++)
        {
            Assert.Equal(1, (await RunAsync(JobList.Purge)).Failed);
            Clock.Advance(TimeSpan.FromHours(2));
        }

        Seam.Clear();
        await MakeTableAsync("another");
        await DropAndExpireAsync("another");
        Assert.Equal(1, (await RunAsync(JobList.Purge)).Done);
        await RunAsync(JobList.Sweep);
    }

    private async Task AuthenticateAsync()
    {
        var (root, secret) = RootCredentials.Generate("root");
        var guarded = await World.StartAsync(root: root);
        using var form = new FormUrlEncodedContent([new("grant_type", "client_credentials"), new("client_id", "root"), new("client_secret", secret)]);
        (await guarded.Api.SendAsync("POST", "/oauth/tokens", form)).Ok();
        Assert.Equal(401, (await guarded.Api.GetAsync("/namespaces", ("Authorization", "Bearer nonsense"))).Status);
    }

    private async Task AnswerMoreThanTheHostCarriesAsync()
    {
        var http = new DefaultHttpContext();
        http.Features.Set(new AnswerLimit("test", 10));
        http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget = "/v1/config";
        http.Request.Method = "GET";
        await new FrazilPipeline(Server.Operations, NullLogger<FrazilPipeline>.Instance).InvokeAsync(http);
        Assert.NotEqual(200, http.Response.StatusCode);
    }

    private void Take(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (seen)
        {
            instruments[instrument.Name] = instrument;
            if (!seen.TryGetValue(instrument.Name, out var all))
            {
                seen[instrument.Name] = all = [];
            }

            all.Add(tags.ToArray());
        }
    }

    private IEnumerable<string> Values(Metric metric, string tag) =>
        seen[metric.Name].Select(tags => (string)tags.Single(one => one.Key == tag).Value!).Distinct().Order(StringComparer.Ordinal);

    private static MetricKind KindOf(Instrument instrument) => instrument switch
    {
        Counter<long> => MetricKind.Counter,
        Histogram<double> => MetricKind.Histogram,
        ObservableGauge<long> => MetricKind.Gauge,
        _ => throw new InvalidOperationException($"{instrument.Name} is of a kind that no host exports: {instrument.GetType()}"),
    };
}
