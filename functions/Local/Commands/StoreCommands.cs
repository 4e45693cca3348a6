using System.CommandLine;
using Frazil.EmbeddedBackend;

namespace Frazil.Local;

/// <summary>The commands that look after a store itself, whether or not a server is running over it.</summary>
internal static class StoreCommands
{
    /// <summary>Where the backup goes.</summary>
    public static readonly Argument<string> BackupFile = new("file") { Description = "The file to write; it must not be there yet" };

    /// <summary>Copies the store as it is at one moment, while servers use it.</summary>
    public static async Task<int> BackupAsync(ServeOptions options, ParseResult parsed)
    {
        if (options.Store != StoreKind.Sqlite)
        {
            throw new SettingException($"Only a store in SQLite is backed up by this command, not one in {options.Store.ToString().ToLowerInvariant()}; docs/backup.md tells what to do for others");
        }

        var (source, target) = (Path.Join(options.Data, OpenedStore.FileName), Path.GetFullPath(parsed.GetRequiredValue(BackupFile)));
        SqliteBackup.Copy(source, target, new IdSource());
        await Console.Out.WriteLineAsync($"{source} as it was just now is in {target}. Now copy the tables' files, if they need a copy; for restoring see docs/backup.md");
        return 0;
    }

    /// <summary>Makes a new secret of the root client.</summary>
    public static async Task<int> NewSecretAsync(ServeOptions options, ParseResult parsed)
    {
        if (options.RootSecret is not null)
        {
            throw new SettingException($"{SettingNames.RootSecret} says what the secret is, and comes before any that is made here: unset it");
        }

        var (clock, ids) = (TimeProvider.System, new IdSource());
        var aws = new Lazy<AwsParts>(() => new AwsParts(options.Credentials, clock, ids));
        await using var store = await OpenedStore.OpenAsync(options with { Auth = true }, aws);
        return await new LocalCredentials(options, new StoreWriter(store.Store, clock, ids), clock).RenewAsync(CancellationToken.None) ? 0 : FrazilCommand.Failed;
    }
}
