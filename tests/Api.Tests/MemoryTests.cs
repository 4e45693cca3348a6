using System.Globalization;

namespace Frazil.Api.Tests;

/// <summary>Requests hold no more memory together than there is for them, and who cannot have it is told to come again before anything was done.</summary>
public sealed class MemoryTests : CatalogTests
{
    private const int Mebibyte = 1024 * 1024;

    protected override FrazilOptions Options => new() { RequestMemoryBytes = 3 * Mebibyte, MetadataCacheBytes = 0 };

    [Fact]
    public async Task What_was_announced_and_did_not_come_takes_nothing()
    {
        List<RawConnection> idle = [];
        for (var i = 0; i < 60; i++)
        {
            idle.Add(await RawConnection.OpenAsync(Server));
            await idle[i].SendAsync(Head(Limits.MaxBodyBytes) + "{");
        }

        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        Assert.Equal(0, Server.Operations.Memory.Held);
        idle.ForEach(connection => connection.DisposeAsync().AsTask().Wait());
    }

    [Fact]
    public async Task A_body_for_which_there_is_no_memory_now_is_503_with_Retry_After_and_is_taken_later()
    {
        var body = Body("first", 1_000_000);
        await using var first = await RawConnection.OpenAsync(Server);
        await first.SendAsync(Head(body.Length) + body[..900_000]);
        await EventuallyAsync(() => Server.Operations.Memory.Held >= 1_500_000);

        var refused = await Catalog.PostAsync("/namespaces", Body("second", 1_000_000));

        refused.Error(503, "SlowDownException", "memory");
        Assert.Equal("1", refused.Headers["Retry-After"]);
        (await Catalog.CreateNamespaceAsync("small")).Ok();
        await first.SendAsync(body[900_000..]);
        Assert.Equal(200, (await first.ReadAsync()).Status);
        (await Catalog.PostAsync("/namespaces", Body("second", 1_000_000))).Ok();
        await EventuallyAsync(() => Server.Operations.Memory.Held == 0);
    }

    [Fact]
    public async Task What_would_never_have_enough_memory_is_413_and_says_so()
    {
        (await Catalog.PostAsync("/namespaces", Body("large", 4 * Mebibyte))).Error(413, "RequestEntityTooLargeException", (3 * Mebibyte).ToString(CultureInfo.InvariantCulture));
        (await Catalog.PostAsync("/namespaces", $$"""{"namespace":["many"],"x":[{{string.Join(',', Enumerable.Repeat("0", 100_000))}}]}""")).Error(413, "RequestEntityTooLargeException");
        await EventuallyAsync(() => Server.Operations.Memory.Held == 0);
    }

    [Fact]
    public async Task A_large_table_is_parsed_by_as_many_at_once_as_there_is_memory_for_and_nothing_of_the_others_is_done()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("large", new string('x', 600_000)))).Ok();

        var replies = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Catalog.CommitAsync("ns", "t", "", Sample.SetProperty($"k{i}", "v"))));

        var properties = (await Catalog.LoadTableAsync("ns", "t")).Ok().Metadata.GetProperty("properties");
        Assert.Contains(replies, reply => reply.Status == 200);
        foreach (var (i, reply) in replies.Index())
        {
            Assert.True(reply.Status is 200 or 503, $"{reply.Status} {reply.Text}");
            Assert.Equal(reply.Status == 200, properties.TryGetProperty($"k{i}", out _));
        }

        await EventuallyAsync(() => Server.Operations.Memory.Held == 0);
    }

    [Fact]
    public async Task Large_answers_to_clients_that_do_not_read_them_are_counted()
    {
        // More than what the system buffers for a connection.
        var properties = string.Join(',', Enumerable.Range(0, 170).Select(i => $"\"k{i}\":\"{new string('v', 1000)}\""));
        (await Catalog.PostAsync("/namespaces", $$$"""{"namespace":["full"],"properties":{{{{properties}}}}}""")).Ok();
        List<RawConnection> slow = [];
        var request = "GET /v1/default/namespaces/full HTTP/1.1\r\nHost: x\r\n\r\n";
        for (var i = 0; i < 20; i++)
        {
            slow.Add(await RawConnection.OpenAsync(Server));
            await slow[i].SendAsync(string.Concat(Enumerable.Repeat(request, 100)));
        }

        await EventuallyAsync(() => Server.Operations.Memory.Held > 2 * Mebibyte);
        var replies = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Catalog.GetAsync("/namespaces/full")));
        Assert.All(replies, reply => Assert.True(reply.Status is 200 or 503, $"{reply.Status}"));
        Assert.Contains(replies, reply => reply.Status == 503 && reply.Headers["Retry-After"] == "1");
        (await Catalog.CreateTableAsync("ns", "meanwhile")).Ok();

        slow.ForEach(connection => connection.DisposeAsync().AsTask().Wait());
        await EventuallyAsync(() => Server.Operations.Memory.Held == 0);
    }

    [Fact]
    public async Task Work_that_goes_on_after_its_request_holds_nothing_any_more()
    {
        var memory = new MemoryBudget(100);
        var measures = Measures.Begin(memory);
        measures.Hold(60);
        Assert.Equal(60, memory.Held);
        measures.Release();
        measures.Hold(60);
        measures.Hold(60);
        measures.Release();
        Assert.Equal(0, memory.Held);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 10_000; i++)
            {
                var one = Measures.Begin(memory);
                try
                {
                    one.Hold(30);
                    Assert.InRange(memory.Held, 30, 100 + (8 * 30));
                }
                catch (Iceberg.CatalogException exception)
                {
                    Assert.Equal(Iceberg.ErrorKind.SlowDown, exception.Kind);
                }

                one.Release();
            }
        })));
        Assert.Equal(0, memory.Held);
    }

    [Fact]
    public async Task A_lost_race_holds_no_memory_however_often_it_is_lost()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("large", new string('x', 250_000)))).Ok();
        var other = await (await World.StartAsync(new FrazilOptions { MetadataCacheBytes = 0 })).OpenAsync("default");
        var races = 0;
        Seam.Before(
            call => call.Kind == CallKind.Write, async _ => (await other.CommitAsync("ns", "t", "", Sample.SetProperty("other", $"{races++}"))).Ok(), times: 10);

        (await Catalog.CommitAsync("ns", "t", "", Sample.SetProperty("own", "v"))).Ok();

        Assert.Equal(10, races);
        await EventuallyAsync(() => Server.Operations.Memory.Held == 0);
    }

    [Fact]
    public void What_one_part_of_a_request_held_is_there_for_the_next_and_what_it_keeps_is_held_to_the_end()
    {
        var memory = new MemoryBudget(100);
        var measures = Measures.Begin(memory);
        measures.Hold(10);
        for (var i = 0; i < 20; i++)
        {
            using var part = Measures.BeginPart();
            measures.Hold(80);
            Assert.Equal(90, memory.Held);
            using (Measures.BeginPart())
            {
                measures.Hold(10);
                Assert.Equal(Iceberg.ErrorKind.PayloadTooLarge, Assert.Throws<Iceberg.CatalogException>(() => measures.Hold(1)).Kind);
            }
        }

        Assert.Equal(10, memory.Held);
        using (var part = Measures.BeginPart())
        {
            measures.Hold(80);
            part!.Keep();
            measures.Hold(5); // too late: it has ended
        }

        Assert.Equal(90, memory.Held);
        measures.Release();
        Assert.Equal(0, memory.Held);
        using (var part = Measures.BeginPart())
        {
            measures.Hold(80);
            part!.Keep();
        }

        Assert.Equal(0, memory.Held);
    }

    private static string Head(int length) => $"POST /v1/default/namespaces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n";

    private static string Body(string name, int length)
    {
        var body = $$"""{"namespace":["{{name}}"],"x":" """;
        return $"{body}{new string('x', length - body.Length - 2)}\"}}";
    }

    private static async Task EventuallyAsync(Func<bool> condition)
    {
        for (var i = 0; !condition(); i++)
        {
            Assert.True(i < 1000, "it never comes");
            await Task.Delay(10);
        }
    }
}
