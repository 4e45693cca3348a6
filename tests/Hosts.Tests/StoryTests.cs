using Frazil.HostStory;

namespace Frazil.Hosts.Tests;

/// <summary>The story that every host must take the same way, told to this one over two stores.</summary>
public sealed class StoryTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task The_story_is_the_same_over_a_file_and_over_memory()
    {
        var file = await TellAsync("sqlite");
        var memory = await TellAsync("memory");

        var difference = file.DifferenceTo(memory);
        Assert.True(difference is null, difference);
        Assert.True(file.Exchanges.Count > 90, $"the story has only {file.Exchanges.Count} exchanges");
    }

    private async Task<Transcript> TellAsync(string store)
    {
        var environment = new Dictionary<string, string> { ["FRAZIL__AUTH__ROOTSECRET"] = StoryHost.ClientSecret };
        var warehouse = folder.Join($"warehouse-{store}");
        await using var server = await FrazilProcess.ServeAsync(
            folder.Path, environment, "serve", "--port", "0", "--auth", "--store", store, "--data", folder.Join($"data-{store}"), "--warehouse", warehouse);
        return await Story.TellAsync(new LocalStoryHost(server.Url, $"file://{warehouse}"));
    }
}
