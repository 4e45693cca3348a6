using System.Globalization;
using System.Text.RegularExpressions;
using Frazil.Benchmarks.Load.Cases;

namespace Frazil.Benchmarks.Load;

/// <summary>
/// The load driver: starts a server over SQLite and files, runs every case against it for a bounded time, and checks the answers meanwhile. The exit code is 1 when one
/// was wrong, and never depends on how fast anything was.
/// </summary>
internal static class LoadCommand
{
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(2);

    public static async Task<int> RunAsync(IReadOnlyList<string> words)
    {
        LoadOptions options;
        try
        {
            options = LoadOptions.Read(words);
        }
        catch (FormatException exception)
        {
            await Console.Error.WriteLineAsync($"{exception.Message}\n{LoadOptions.Usage}");
            return 2;
        }

        var folder = Directory.CreateTempSubdirectory("frazil-load-").FullName;
        try
        {
            await MeasureAsync(options, folder);
            return 0;
        }
        catch (CheckFailedException failure)
        {
            await Console.Error.WriteLineAsync($"FAILED: {failure.Message}");
            return 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task MeasureAsync(LoadOptions options, string folder)
    {
        await MeasureStartsAsync(options, Path.Join(folder, "starts"));
        var data = Path.Join(folder, "data");
        await using var server = options.Uri is null ? await ServerProcess.StartAsync(options, data) : null;
        using var client = new CatalogClient(options.Uri ?? server!.Url);
        var prefix = string.Create(CultureInfo.InvariantCulture, $"bench_{DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()}");
        try
        {
            await RunCasesAsync(options, client, server is null ? null : new Seeds(Path.Join(data, "frazil.sqlite")), prefix);
            if (server is not null)
            {
                Console.WriteLine(Text($"resident after the run: {server.ResidentBytes / 1024.0 / 1024:0} MiB, the metadata cache (128 MiB) included"));
            }
        }
        catch (CheckFailedException) when (server is not null)
        {
            Console.WriteLine($"the server's last lines:\n{string.Join('\n', server.Output)}");
            throw;
        }

        if (server is null)
        {
            foreach (var @namespace in (await client.WalkAsync("/v1/namespaces", "namespaces")).Where(name => name.StartsWith(prefix, StringComparison.Ordinal)))
            {
                await client.DropAsync(@namespace);
            }
        }
    }

    private static async Task RunCasesAsync(LoadOptions options, CatalogClient client, Seeds? seeds, string prefix)
    {
        var began = TimeProvider.System.GetTimestamp();
        await client.CreateNamespaceAsync(prefix);
        IReadOnlyList<Case> cases =
        [
            .. await Reads.MakeAsync(client, prefix),
            .. await Commits.MakeAsync(client, prefix),
            .. await Siblings.MakeAsync(client, seeds, prefix, options.Siblings),
            .. seeds is null ? [] : await SpreadLoads.MakeAsync(client, seeds, prefix, options.Spread),
            .. await LargeTables.MakeAsync(client, prefix, options.Snapshots, options.Columns),
        ];
        Console.WriteLine(Text($"prepared in {TimeProvider.System.GetElapsedTime(began).TotalSeconds:0} s"));

        var constant = Reads.ConstantRoute();
        var runner = new Runner(client, options);
        var report = new Report();
        for (var round = 0; round < options.Rounds; round++)
        {
            var first = await runner.RunAsync(constant);
            report.Add(constant, first, first);
            var beside = constant with { IsWarm = true, Share = 0.5 };
            foreach (var one in cases.Where(one => Regex.IsMatch(one.Name, options.Only)))
            {
                try
                {
                    // Side by side, since the machine may be another one a second later.
                    var before = options.Quick ? first : await runner.RunAsync(beside);
                    report.Add(one, await runner.RunAsync(one), before);
                }
                catch (CheckFailedException failure)
                {
                    throw new CheckFailedException($"{one.Name}: {failure.Message}");
                }
            }
        }

        Console.Write(options.Quick ? "" : report.ToText());
        Console.WriteLine(Text($"every answer of {report.Operations} operations in {report.Cases} cases was right; {options.Rounds} round{(options.Rounds == 1 ? "" : "s")} in {TimeProvider.System.GetElapsedTime(began).TotalSeconds:0} s with the preparation"));
    }

    private static async Task MeasureStartsAsync(LoadOptions options, string data)
    {
        if (options.Uri is not null || options.Starts == 0)
        {
            return;
        }

        List<double> wall = [], processor = [], resident = [];
        for (var i = 0; i < options.Starts; i++)
        {
            await using var server = await ServerProcess.StartAsync(options, data);
            wall.Add(server.FirstAnswer.TotalMilliseconds);
            processor.Add(server.ProcessorTime.TotalMilliseconds);
            if (i == options.Starts - 1)
            {
                await Task.Delay(IdleTime);
                resident.Add(server.ResidentBytes / 1024.0 / 1024);
            }
        }

        Console.WriteLine(Text(
            $"start to first answer: median {Report.MedianOf(wall):0} ms, least {wall.Min():0} ms (processor {Report.MedianOf(processor):0} ms) of {options.Starts}; resident when idle {resident[0]:0} MiB"));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
