using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Frazil.HostStory;

/// <summary>A <c>frazil serve --auth</c> of its own, in a folder of its own, with the story's root client.</summary>
public sealed partial class LocalServer : IAsyncDisposable
{
    private readonly Process process;

    private LocalServer(Process process, Uri address)
    {
        this.process = process;
        Address = address;
    }

    /// <summary>Where it answers.</summary>
    public Uri Address { get; }

    /// <summary>Starts one.</summary>
    /// <param name="program">The <c>frazil</c> that was built.</param>
    /// <param name="folder">Where it keeps what it keeps.</param>
    /// <param name="arguments">Further arguments.</param>
    /// <exception cref="StoryException">It did not start.</exception>
    public static async Task<LocalServer> StartAsync(string program, DirectoryInfo folder, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, ["serve", "--port", "0", "--auth", "--data", folder.FullName, .. arguments]) { RedirectStandardOutput = true, WorkingDirectory = folder.FullName };
        start.Environment["FRAZIL__AUTH__ROOTSECRET"] = StoryHost.ClientSecret;
        var process = Process.Start(start)!;
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.Contains("listens on", StringComparison.Ordinal))
            {
                // So that it never waits for somebody to read what it says.
                _ = process.StandardOutput.ReadToEndAsync();
                return new LocalServer(process, new Uri(AddressPattern().Match(line).Value));
            }
        }

        await process.WaitForExitAsync();
        throw new StoryException($"{program} ended with exit code {process.ExitCode} before it listened");
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    [GeneratedRegex(@"http://[0-9a-zA-Z.\[\]:]+")]
    private static partial Regex AddressPattern();
}
