using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Frazil.HostStory;
using Frazil.LambdaEmulator;

namespace Frazil.Lambda.Tests;

/// <summary>The story, told to Lambda and to Kestrel: the same answers, byte for byte.</summary>
public sealed partial class StoryTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("frazil-lambda-");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    [Trait("Needs", "dynamodb")]
    [Trait("Needs", "s3")]
    public async Task Lambda_answers_as_Kestrel_does()
    {
        await using var cloud = await Cloud.CreateAsync();
        var kestrel = await TellKestrelAsync(cloud);

        await using var api = cloud.Function("api");
        await using var jobs = cloud.Function("jobs");
        await using var door = await FrontDoor.OpenAsync(api, jobs: jobs);
        var lambda = await Story.TellAsync(new LambdaStoryHost(cloud, door, jobs.InvokeAsync));

        var difference = kestrel.DifferenceTo(lambda);
        Assert.True(difference is null, difference);
        Assert.True(lambda.Exchanges.Count > 90, $"the story has only {lambda.Exchanges.Count} exchanges");
        Assert.Equal((1, 1), (api.StartCount, jobs.StartCount));
        Assert.DoesNotContain(api.Output.Concat(jobs.Output), line => line.Contains(StoryHost.ClientSecret, StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Needs", "dynamodb")]
    [Trait("Needs", "s3")]
    [Trait("Needs", "rie")]
    public async Task Under_AWS_own_emulator_it_answers_as_Kestrel_does_timers_included()
    {
        await using var cloud = await Cloud.CreateAsync();
        var kestrel = await TellKestrelAsync(cloud);

        await using var api = await cloud.UnderRuntimeInterfaceAsync("api");
        await using var jobs = await cloud.UnderRuntimeInterfaceAsync("jobs");
        await using var door = await FrontDoor.OpenAsync(api.InvokeAsync, DoorKind.FunctionUrl, 0, jobs.InvokeAsync);
        var lambda = await Story.TellAsync(new LambdaStoryHost(cloud, door, jobs.InvokeAsync));

        var difference = kestrel.DifferenceTo(lambda);
        Assert.True(difference is null, difference);
        Assert.True(lambda.Exchanges.Count > 90, $"the story has only {lambda.Exchanges.Count} exchanges");
        Assert.Equal((1, 1), (api.StartCount, jobs.StartCount));
        Assert.DoesNotContain(api.Output.Concat(jobs.Output), line => line.Contains(StoryHost.ClientSecret, StringComparison.Ordinal));
    }

    private async Task<Transcript> TellKestrelAsync(Cloud cloud)
    {
        var start = new ProcessStartInfo(
            Built.Local,
            [
                "serve", "--port", "0", "--auth", "--data", folder.FullName, "--warehouse", $"{cloud.Warehouse}-kestrel", "--s3-region", Cloud.Region,
            ])
        {
            RedirectStandardOutput = true,
            WorkingDirectory = folder.FullName,
        };
        start.Environment["FRAZIL__AUTH__ROOTSECRET"] = StoryHost.ClientSecret;

        // As a function reaches it: no endpoint in the catalog's definition, and so none in answers.
        start.Environment["AWS_ENDPOINT_URL_S3"] = Cloud.Required("FRAZIL_TEST_S3");
        start.Environment["AWS_ACCESS_KEY_ID"] = Cloud.Required("FRAZIL_TEST_S3_ACCESS_KEY");
        start.Environment["AWS_SECRET_ACCESS_KEY"] = Cloud.Required("FRAZIL_TEST_S3_SECRET_KEY");
        using var server = Process.Start(start)!;
        try
        {
            string? address = null;
            while (address is null && await server.StandardOutput.ReadLineAsync() is { } line)
            {
                address = line.Contains("listens on", StringComparison.Ordinal) ? Address().Match(line).Value : null;
            }

            _ = server.StandardOutput.ReadToEndAsync();
            return await Story.TellAsync(new LocalStoryHost(new Uri(address!), $"{cloud.Warehouse}-kestrel"));
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync();
        }
    }

    [GeneratedRegex(@"http://[0-9a-zA-Z.\[\]:]+")]
    private static partial Regex Address();

    private sealed class LambdaStoryHost(Cloud cloud, FrontDoor door, Invoke jobs) : StoryHost
    {
        public override Uri Address => door.Url;

        public override string Warehouse => cloud.Warehouse;

        public override async Task<JsonElement> RunJobAsync(string job)
        {
            var result = await jobs(Encoding.UTF8.GetBytes($$"""{"job":"{{job}}"}"""));
            Assert.False(result.IsFailure, result.Text);
            return JsonDocument.Parse(result.Payload).RootElement;
        }
    }
}
