using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;

namespace Frazil.Functions.Tests;

/// <summary>Two worker processes over one table: what was acknowledged is there, and what was refused is not.</summary>
[Trait("Needs", "azurite")]
public sealed class TwoWorkersTests : IAsyncLifetime
{
    private const string Schema = """{"type":"struct","schema-id":0,"fields":[{"id":1,"name":"id","required":true,"type":"long"}]}""";
    private const string Tables = "/v1/default/namespaces/a/tables";

    private readonly ConcurrentDictionary<string, Outcome> outcomes = new();
    private Worker one = null!;
    private Worker two = null!;

    private enum Outcome
    {
        Applied,
        Refused,
        Unknown,
    }

    public async Task InitializeAsync()
    {
        one = await Worker.StartAsync();
        two = await one.StartAnotherAsync();
        await one.SignInAsync();
        await two.SignInAsync();
        await one.SayAsync("POST /v1/default/namespaces", 200, """{"namespace":["a"]}""");
        foreach (var table in (string[])["t", "u"])
        {
            await two.SayAsync($"POST {Tables}", 200, $$"""{"name":"{{table}}","schema":{{Schema}}}""");
        }
    }

    public async Task DisposeAsync()
    {
        await two.DisposeAsync();
        await one.DisposeAsync();
    }

    [Fact]
    public async Task Concurrent_commits_lose_nothing()
    {
        const int WritersEach = 4;
        const int Commits = 15;
        await Task.WhenAll(Enumerable.Range(0, 2 * WritersEach).Select(writer => WriteAsync(writer % 2 == 0 ? one : two, writer, Commits, stop: CancellationToken.None)));

        await AssertHistoryAsync(one);
        await AssertHistoryAsync(two);
        Assert.DoesNotContain(Outcome.Unknown, outcomes.Values);
        Assert.InRange(outcomes.Values.Count(outcome => outcome == Outcome.Applied), WritersEach * Commits, 2 * WritersEach * Commits);
    }

    [Fact]
    public async Task One_name_is_given_to_one_of_two()
    {
        const int Names = 12;
        var winners = await Task.WhenAll(Enumerable.Range(0, Names).Select(async name =>
        {
            using var mine = Send(one, name);
            using var theirs = Send(two, name);
            return (await mine, await theirs) switch
            {
                (HttpStatusCode.OK, HttpStatusCode.Conflict) => 1,
                (HttpStatusCode.Conflict, HttpStatusCode.OK) => 2,
                var both => throw new InvalidOperationException($"n{name}: {both}"),
            };
        }));
        Assert.Equal(Names, winners.Length);

        static async Task<HttpStatusCode> Send(Worker worker, int name)
        {
            using var answer = await worker.SendAsync($"POST {Tables}", $$"""{"name":"n{{name}}","schema":{{Schema}}}""");
            return answer.StatusCode;
        }
    }

    [Fact]
    public async Task A_worker_that_is_killed_loses_nothing_that_it_acknowledged()
    {
        using var stop = new CancellationTokenSource();
        Task[] doomed = [.. Enumerable.Range(0, 4).Select(writer => WriteAsync(one, writer, int.MaxValue, stop.Token))];
        Task[] others = [.. Enumerable.Range(10, 2).Select(writer => WriteAsync(two, writer, int.MaxValue, stop.Token))];
        while (outcomes.Values.Count(outcome => outcome == Outcome.Applied) < 40)
        {
            await Task.WhenAny([.. doomed, .. others, Task.Delay(10)]);
        }

        // Some of four writers' requests are always under way.
        one.Kill();
        await Task.WhenAll(doomed);
        var before = outcomes.Count;
        while (outcomes.Count < before + 10)
        {
            await Task.WhenAny([.. others, Task.Delay(10)]);
        }

        await stop.CancelAsync();
        await Task.WhenAll(others);
        await AssertHistoryAsync(two);

        await using var three = await one.StartAnotherAsync();
        await three.SignInAsync();
        await AssertHistoryAsync(three);
        await three.SayAsync($"POST {Tables}/t", 200, """{"requirements":[],"updates":[{"action":"set-properties","updates":{"after":"yes"}}]}""");
    }

    /// <summary>Commits to one table, and every third time to two tables at once; at the worker that is to be killed until it is gone.</summary>
    private async Task WriteAsync(Worker worker, int writer, int commits, CancellationToken stop)
    {
        for (var i = 0; i < commits && !stop.IsCancellationRequested; i++)
        {
            var key = $"w{writer}-{i}";
            var request = i % 3 < 2
                ? worker.SendAsync($"POST {Tables}/t", Change("t", key))
                : worker.SendAsync("POST /v1/default/transactions/commit", $$"""{"table-changes":[{{Change("t", key)}},{{Change("u", key)}}]}""");
            try
            {
                using var answer = await request;
                outcomes[key] = answer.StatusCode switch
                {
                    HttpStatusCode.OK or HttpStatusCode.NoContent => Outcome.Applied,
                    HttpStatusCode.Conflict or HttpStatusCode.ServiceUnavailable => Outcome.Refused,
                    _ => Outcome.Unknown,
                };
            }
            catch (HttpRequestException)
            {
                outcomes[key] = Outcome.Unknown;
            }

            if (outcomes[key] == Outcome.Unknown && worker == one)
            {
                return;
            }
        }
    }

    private static string Change(string table, string key) => JsonSerializer.Serialize(new
    {
        identifier = new { @namespace = (string[])["a"], name = table },
        requirements = Array.Empty<object>(),
        updates = new[] { new { action = "set-properties", updates = new Dictionary<string, string> { [key] = "x" } } },
    });

    private async Task AssertHistoryAsync(Worker worker)
    {
        var (t, u) = (await PropertiesAsync(worker, "t"), await PropertiesAsync(worker, "u"));
        foreach (var (key, outcome) in outcomes)
        {
            var isInBoth = int.Parse(key[(key.IndexOf('-', StringComparison.Ordinal) + 1)..], System.Globalization.CultureInfo.InvariantCulture) % 3 == 2;
            if (outcome != Outcome.Unknown)
            {
                Assert.True(t.Contains(key) == (outcome == Outcome.Applied), $"{key}: {outcome}");
            }

            Assert.True(u.Contains(key) == (isInBoth && t.Contains(key)), $"{key} is in one of two tables");
        }

        Assert.Subset(outcomes.Keys.ToHashSet(), t);
    }

    private static async Task<HashSet<string>> PropertiesAsync(Worker worker, string table)
    {
        using var loaded = JsonDocument.Parse(await worker.SayAsync($"GET {Tables}/{table}", 200));
        return loaded.RootElement.GetProperty("metadata").TryGetProperty("properties", out var properties)
            ? [.. properties.EnumerateObject().Select(property => property.Name).Where(name => name.StartsWith('w') && !name.Contains('.', StringComparison.Ordinal))]
            : [];
    }
}
