using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Frazil.HostStory;

namespace Frazil.Functions.Tests;

/// <summary>The story, told to the worker and to Kestrel: the same answers, byte for byte.</summary>
[Trait("Needs", "azurite")]
public sealed partial class StoryTests : IAsyncLifetime
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("frazil-story-");
    private Transcript kestrel = null!;

    private static string Local
    {
        get
        {
            // artifacts/bin/Frazil.Functions.Tests/<configuration>/ is where this runs.
            var own = new DirectoryInfo(AppContext.BaseDirectory);
            return Path.Join(own.Parent!.Parent!.FullName, "Frazil.Local", own.Name, OperatingSystem.IsWindows() ? "frazil.exe" : "frazil");
        }
    }

    public async Task InitializeAsync()
    {
        var warehouse = new Uri(Path.Join(folder.FullName, "warehouse")).AbsoluteUri;
        await using var local = await LocalServer.StartAsync(Local, folder, "--warehouse", warehouse);
        kestrel = await Story.TellAsync(new LocalStoryHost(local.Address, warehouse));
    }

    public Task DisposeAsync()
    {
        folder.Delete(recursive: true);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task The_worker_answers_as_Kestrel_does_over_files()
    {
        await using var worker = await Worker.StartAsync((SettingNames.RootSecret, StoryHost.ClientSecret));
        AssertSame(worker, await Story.TellAsync(new WorkerStoryHost(worker, worker.Warehouse)));
        Assert.True(kestrel.Exchanges.Count > 90, $"the story has only {kestrel.Exchanges.Count} exchanges");
    }

    [Fact]
    public async Task The_worker_answers_as_Kestrel_does_over_blobs()
    {
        await using var worker = await Worker.StartOnBlobsAsync((SettingNames.RootSecret, StoryHost.ClientSecret));
        AssertSame(worker, await Story.TellAsync(new WorkerStoryHost(worker, worker.Warehouse)));
    }

    private void AssertSame(Worker worker, Transcript told)
    {
        var difference = kestrel.DifferenceTo(told);
        Assert.True(difference is null, difference);
        Assert.DoesNotContain(worker.Host.Logs, line => line.Contains(StoryHost.ClientSecret, StringComparison.Ordinal));
        Assert.DoesNotContain(StoryHost.ClientSecret, worker.Host.Words, StringComparison.Ordinal);
    }

    private sealed partial class WorkerStoryHost(Worker worker, string warehouse) : StoryHost
    {
        public override Uri Address => worker.Host.Address;

        public override string Warehouse => warehouse;

        // A timer's function gives nothing back; what it did is in its log.
        public override async Task<JsonElement> RunJobAsync(string job)
        {
            await worker.Host.FireAsync(job);
            var done = worker.Host.Logs.Select(line => Done().Match(line)).Last(match => match.Success);
            long Number(int group) => long.Parse(done.Groups[group].Value, CultureInfo.InvariantCulture);
            return JsonSerializer.Deserialize<JsonElement>(string.Create(
                CultureInfo.InvariantCulture,
                $$"""{"job":"{{done.Groups[1].Value}}","done":{{Number(2)}},"failed":{{Number(3)}},"files-deleted":{{Number(4)}},"is-more":{{(done.Groups[5].Value == "True" ? "true" : "false")}}}"""));
        }

        [GeneratedRegex("Job ([a-z]+): (\\d+) done, (\\d+) failed, (\\d+) files deleted, more is due: (True|False)")]
        private static partial Regex Done();
    }
}
