using System.Text.RegularExpressions;

namespace Frazil.Hosts.Tests;

/// <summary>Commands of <c>frazil</c> that the documentation names are there, with the flags that it names.</summary>
public sealed partial class DocumentationTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("operations.md", 8)]
    [InlineData("backup.md", 5)]
    public async Task Every_command_of_a_page_knows_the_flags_that_stand_beside_it(string page, int atLeast)
    {
        var commands = CommandPattern().Matches(Read("docs", page)).Select(match => match.Groups[1].Value.Split('#')[0].Trim()).Distinct().ToArray();
        Assert.True(commands.Length >= atLeast);
        foreach (var command in commands.SelectMany(Each))
        {
            var words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var (exitCode, output, errors) = await FrazilProcess.RunAsync(folder.Path, [.. words.TakeWhile(word => WordPattern().IsMatch(word)), "--help"]);
            Assert.True(exitCode == 0, $"frazil {command}: {errors}");
            Assert.All(FlagPattern().Matches(command).Select(match => match.Value), flag => Assert.Contains(flag + " ", output, StringComparison.Ordinal));
        }
    }

    /// <summary><c>tasks show|cancel|run ID</c> is three commands.</summary>
    private static IEnumerable<string> Each(string command)
    {
        var words = command.Split(' ');
        var choice = Array.FindIndex(words, word => word.Contains('|', StringComparison.Ordinal) && WordPattern().IsMatch(word.Replace("|", "", StringComparison.Ordinal)));
        return choice < 0 ? [command] : words[choice].Split('|').Select(one => string.Join(' ', [.. words[..choice], one, .. words[(choice + 1)..]]));
    }

    private static string Read(params string[] path)
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Join(root!.FullName, "Serverless.sln")))
        {
            root = root.Parent;
        }

        return File.ReadAllText(Path.Combine([root.FullName, .. path]));
    }

    [GeneratedRegex(@"(?:^|`)frazil ([a-z][^`\n]*)", RegexOptions.Multiline)]
    private static partial Regex CommandPattern();

    [GeneratedRegex("^[a-z]+$")]
    private static partial Regex WordPattern();

    [GeneratedRegex("--[a-z-]+")]
    private static partial Regex FlagPattern();
}
