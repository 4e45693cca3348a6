using System.CommandLine;
using System.CommandLine.Parsing;
using System.Reflection;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil.Local;

/// <summary>The command line. Exit codes: 0 for done, 1 for failed, 2 for not understood.</summary>
internal static class FrazilCommand
{
    public const int Failed = 1;
    public const int NotUnderstood = 2;

    public static string Version { get; } =
        typeof(FrazilCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    public static async Task<int> RunAsync(string[] args)
    {
        // 'frazil' and 'frazil --port 9000' serve.
        string[] words = args is [] || (args[0].StartsWith('-') && args[0] is not ("--help" or "-h" or "-?" or "--version")) ? ["serve", .. args] : args;
        var root = new RootCommand("Frazil, an Apache Iceberg REST catalog. Without a command it serves.") { Serve(), Backup(), NewSecret(), VersionCommand() };
        foreach (var command in ManagementCommands.All())
        {
            root.Subcommands.Add(command);
        }

        var parsed = root.Parse(words, new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors.Select(error => error.Message).Distinct())
            {
                await Console.Error.WriteLineAsync($"frazil: {error}");
            }

            await Console.Error.WriteLineAsync($"Try 'frazil {(words[0] == "serve" ? "serve " : "")}--help'.");
            return NotUnderstood;
        }

        // Signals are the server's own to handle, and no exception is left to the parser's handler.
        return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false });
    }

    private static Command Serve() => Local(
        "serve",
        "Serves the catalog over HTTP. Every option is also an environment variable, which stands behind it (a list has commas in it), and a member of the section Frazil of appsettings.json: "
        + "--s3-endpoint is FRAZIL__S3_ENDPOINT and {\"Frazil\": {\"s3-endpoint\": ...}}. The option comes before the variable, the variable before the file.",
        SettingList.Options,
        async (options, _) =>
        {
            await new Server(options).RunAsync();
            return 0;
        });

    private static Command Backup() => Local(
        "backup",
        "Copies the store in the data folder (--store sqlite) into one file, as it is at one moment, while servers go on. Back up the tables' files after it.",
        [SettingList.Data, SettingList.Store, SettingList.Config],
        StoreCommands.BackupAsync,
        StoreCommands.BackupFile);

    private static Command NewSecret() => Local(
        "new-secret",
        "Makes a new secret of the root client and shows it, once. Servers over the store take it when they are started again; then the former secret, and every token got with it, are worth nothing.",
        [.. SettingList.OfStore, SettingList.RootClientId, SettingList.Json],
        StoreCommands.NewSecretAsync);

    private static Command VersionCommand()
    {
        var command = new Command("version", "Prints the version.");
        command.SetAction(_ => Console.Out.WriteLine(Version));
        return command;
    }

    /// <summary>A command that works on this machine and takes settings, as options, from the environment and from a file.</summary>
    private static Command Local(string name, string description, IEnumerable<Setting> settings, Func<ServeOptions, ParseResult, Task<int>> run, params Argument[] arguments)
    {
        var command = new Command(name, description);
        foreach (var argument in arguments)
        {
            command.Arguments.Add(argument);
        }

        var options = settings.ToDictionary(setting => setting, ToOption);
        foreach (var option in options.Values)
        {
            command.Options.Add(option);
        }

        command.SetAction(async (parsed, _) =>
        {
            var flags = options
                .Where(option => parsed.GetResult(option.Value) is { Implicit: false })
                .ToDictionary(option => option.Key, option => Texts(option.Key, parsed.GetResult(option.Value)!));
            try
            {
                return await run(ServeOptions.Read(new SettingSources(flags, Environment.GetEnvironmentVariables())), parsed);
            }
            catch (SettingException exception)
            {
                await Console.Error.WriteLineAsync($"frazil: {exception.Message}");
                return NotUnderstood;
            }

            // What may go wrong with files and stores says what it is; anything else is a fault of ours, and shows where.
            catch (Exception exception) when (exception is StartException or CatalogException or StoreThrottledException or StoreUnavailableException or IOException or InvalidDataException or UnauthorizedAccessException)
            {
                await Console.Error.WriteLineAsync($"frazil: {exception.Message}");
                return Failed;
            }
        });
        return command;
    }

    private static Option ToOption(Setting setting) => setting.Form == SettingForm.Switch
        ? new Option<bool>("--" + setting.Flag) { Description = setting.Help }
        : new Option<string[]>("--" + setting.Flag) { Description = setting.Help, HelpName = setting.Value, Arity = new ArgumentArity(1, 1000), AllowMultipleArgumentsPerToken = false };

    private static IReadOnlyList<string> Texts(Setting setting, OptionResult result) =>
        result.Tokens.Count == 0 && setting.Form == SettingForm.Switch ? ["true"] : [.. result.Tokens.Select(token => token.Value)];
}
