namespace Frazil.Api.Tests;

/// <summary>
/// A purge of a table that was dropped for good, whose location is free until the purge claims it, and somebody who puts a table there: whoever comes first has it. At each call of one
/// the other runs from its beginning to its end, and the other way round.
/// </summary>
public sealed class PurgeRaceTests() : TableFilesTests(new MemoryWorld())
{
    private string location = "";
    private string file = "";

    [Theory]
    [InlineData("register it again")]
    [InlineData("create a table there")]
    [InlineData("create a table below")]
    [InlineData("move a table there")]
    [InlineData("cancel")]
    public async Task A_purge_deletes_no_file_of_a_table_that_came_to_its_location(string what)
    {
        await MakeDroppedAsync("first");
        Assert.Equal(1, (await RunAsync(JobList.Purge)).Done);
        foreach (var number in Seam.Calls.Select(call => call.Number).ToArray())
        {
            await MakeDroppedAsync($"purge{number}");
            var other = await World.StartAsync();
            Reply? reply = null;
            Seam.Before(call => call.Number == number, async _ => reply = await SendAsync(what, other, $"purge{number}"));

            var result = await RunAsync(JobList.Purge);

            await AssertAsync(what, reply!, result, $"{what} at call {number} of the purge");
        }
    }

    [Theory]
    [InlineData("register it again")]
    [InlineData("create a table there")]
    [InlineData("create a table below")]
    [InlineData("move a table there")]
    [InlineData("cancel")]
    public async Task Whoever_comes_to_the_location_of_a_purge_finds_it_empty_or_keeps_all_that_is_there(string what)
    {
        await MakeDroppedAsync("first");
        Assert.True((await SendAsync(what, Server, "first")).Status is 200 or 204);
        var calls = Seam.Calls;
        await CancelRestAsync();
        foreach (var number in calls.Select(call => call.Number))
        {
            await MakeDroppedAsync($"other{number}");
            var worker = await World.StartAsync();
            JobResult? result = null;
            Seam.Before(call => call.Number == number, async _ => result = await RunAsync(worker, JobList.Purge));

            var reply = await SendAsync(what, Server, $"other{number}");

            await AssertAsync(what, reply, result!, $"the purge at call {number} of {what}");
        }
    }

    private async Task AssertAsync(string what, Reply reply, JobResult result, string at)
    {
        var files = await World.ListFilesAsync(location);
        if (what == "cancel")
        {
            // A cancelled task keeps what is left; one that was done before could not be cancelled.
            Assert.True(reply.Status == 204 ? result.Done == 0 : reply.Status == 400 && files.Count == 0, $"{at}: {reply.Status} {result}");
        }
        else if (reply.Status == 200)
        {
            Assert.True(result is { Done: 0, Failed: 1 } ? files.Count >= 13 : result is { Done: 1, Failed: 0 } && files.Count == 1, $"{at}: {result}, {files.Count} files");
        }
        else
        {
            Assert.True(reply.Status is 403 or 404, $"{at}: {reply.Status} {reply.Text}");
            Assert.True(result is { Done: 1, Failed: 0 } && files.Count == 0, $"{at}: {result}, {files.Count} files");
        }

        // Each pointer's metadata is there, and each location is held by whom it belongs to.
        await CatalogState.ReadAsync(World, Catalog.Name);
        await CancelRestAsync();
    }

    private async Task CancelRestAsync()
    {
        foreach (var task in await TasksAsync())
        {
            if (StatusOf(task) is "failed" or "scheduled")
            {
                (await ControlAsync(task, "cancel")).NoContent();
            }
        }
    }

    private Task<Reply> SendAsync(string what, Server server, string name) => what switch
    {
        "register it again" => Catalog.Through(server).PostAsync("/namespaces/ns/register", $$"""{"name":"{{name}}-again","metadata-location":"{{file}}"}"""),
        "create a table there" => Catalog.Through(server).CreateTableAsync("ns", $"{name}-there", $$""","location":"{{location}}" """),
        "create a table below" => Catalog.Through(server).CreateTableAsync("ns", $"{name}-below", $$""","location":"{{location}}/below" """),
        "move a table there" => Catalog.Through(server).CommitAsync("ns", $"{name}-mover", "", $$"""{"action":"set-location","location":"{{location}}"}"""),
        _ => CancelAsync(server),
    };

    private async Task<Reply> CancelAsync(Server server)
    {
        var management = new ApiClient(server, $"/management/v1/warehouse/{Catalog.Name}");
        var id = (await TasksAsync())[^1].GetProperty("task-id").GetString();
        return await management.PostAsync("/task/control", $$"""{"action":{"action-type":"cancel"},"task-ids":["{{id}}"]}""");
    }

    /// <summary>A table with files that was dropped for good with a purge, and another that could be moved.</summary>
    private async Task MakeDroppedAsync(string name)
    {
        location = await MakeTableAsync(name, $$""","location":"{{Catalog.Base}}/{{name}}" """); // a chosen place: below a name that the catalog gave, nobody chooses one
        file = (await Catalog.LoadTableAsync("ns", name)).Ok().MetadataLocation;
        (await Catalog.CreateTableAsync("ns", $"{name}-mover")).Ok();
        (await DropAsync(name, "?purgeRequested=true&force=true")).NoContent();
        Clock.Advance(TimeSpan.FromMilliseconds(5));
        Seam.Clear();
    }
}
