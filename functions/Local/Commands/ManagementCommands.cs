using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Frazil.Iceberg;

namespace Frazil.Local;

/// <summary>The commands that look after a running catalog over HTTP, wherever it runs: trash, tasks, jobs.</summary>
internal static class ManagementCommands
{
    private static readonly Option<Uri> UriOption = new("--uri")
    {
        Description = "The address of the catalog, also FRAZIL_URI [default: http://127.0.0.1:8181]",
        HelpName = "URI",
        CustomParser = result => Uri.TryCreate(result.Tokens.Single().Value, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" ? uri : Refuse(result, "--uri must be an http or https address"),
    };

    private static readonly Option<string> WarehouseOption = new("--warehouse") { Description = "The catalog's name or id", HelpName = "NAME", DefaultValueFactory = _ => "default" };

    private static readonly Option<string> TokenOption = new("--token") { Description = "A bearer token; better in FRAZIL_TOKEN, where others of this machine cannot see it", HelpName = "TOKEN" };

    private static readonly Option<string> CredentialOption = new("--credential")
    {
        Description = "Client credentials that a token is fetched for; better in FRAZIL_CREDENTIAL",
        HelpName = "ID:SECRET",
    };

    private static readonly Option<bool> JsonOption = new("--json") { Description = "Print the catalog's answer as it is" };

    private static readonly Option<string[]> NamespaceOption = new("--namespace") { Description = "A namespace; given once for each of its levels", HelpName = "LEVEL", AllowMultipleArgumentsPerToken = false };

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Command> All() => [Trash(), TasksCommand(), JobsCommand()];

    private static Command Trash()
    {
        var ids = Ids("Ids, as 'trash list' shows them");
        var one = new Argument<Guid>("id") { Description = "An id, as 'trash list' shows it" };
        var name = new Option<string>("--name") { Description = "A new name, for a single table or view", HelpName = "NAME" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Tell which files would go, and change nothing" };
        return new Command("trash", "Dropped tables and views that can be taken back.")
        {
            Verb("list", "Lists what is in the trash.", [NamespaceOption], (client, parsed, token) => ListTrashAsync(client, parsed.GetValue(NamespaceOption) ?? [], token)),
            Verb("undrop", "Takes drops back, all of them or none.", [ids, name, NamespaceOption], (client, parsed, token) =>
                UndropAsync(client, parsed.GetRequiredValue(ids), parsed.GetValue(name), parsed.GetValue(NamespaceOption) ?? [], token)),
            Verb("purge", "Ends the time in the trash now; the files are deleted by the job 'purge'.", [one, dryRun], (client, parsed, token) =>
                PurgeAsync(client, parsed.GetRequiredValue(one), parsed.GetValue(dryRun), token)),
        };
    }

    private static Command TasksCommand()
    {
        var ids = Ids("Ids, as 'tasks list' shows them");
        var one = new Argument<Guid>("id") { Description = "An id, as 'tasks list' shows it" };
        var status = new Option<string>("--status") { Description = "Only tasks of this state", HelpName = "STATUS" };
        status.AcceptOnlyFromAmong("scheduled", "running", "success", "failed", "cancelled");
        return new Command("tasks", "Purges: what runs, what is done, and what was given up.")
        {
            Verb("list", "Lists tasks, oldest first.", [status], (client, parsed, token) => ListTasksAsync(client, parsed.GetValue(status), token)),
            Verb("show", "Shows a task.", [one], async (client, parsed, token) =>
                new Shown(await client.SendAsync(HttpMethod.Get, $"/task/by-id/{parsed.GetRequiredValue(one)}", null, token), Members)),
            Verb("cancel", "Calls tasks off: files that are left stay for ever.", [ids], (client, parsed, token) => ControlAsync(client, "cancel", parsed.GetRequiredValue(ids), token)),
            Verb("run", "Makes tasks due now, also those that were given up.", [ids], (client, parsed, token) => ControlAsync(client, "run-now", parsed.GetRequiredValue(ids), token)),
        };
    }

    private static Command JobsCommand()
    {
        var job = new Argument<string>("name") { Description = "The job" };
        job.AcceptOnlyFromAmong([.. JobList.All.Select(known => known.Name)]);
        return new Command("jobs", "Timed jobs.")
        {
            Verb("run", "Runs a job now, for a short time; what is left is done by the next run.", [job], async (client, parsed, token) =>
                new Shown(await client.SendToAsync(HttpMethod.Post, $"/management/v1/job/{parsed.GetRequiredValue(job)}/run", null, token), Members)),
        };
    }

    /// <summary>Some ids. Left to itself the parser lets an array of what are no ids pass, as an empty one.</summary>
    private static Argument<Guid[]> Ids(string description) => new("id")
    {
        Description = description,
        Arity = ArgumentArity.OneOrMore,
        CustomParser = result =>
        {
            List<Guid> ids = [];
            foreach (var token in result.Tokens)
            {
                if (Guid.TryParse(token.Value, out var id))
                {
                    ids.Add(id);
                }
                else
                {
                    result.AddError($"'{token.Value}' is no id");
                }
            }

            return [.. ids];
        },
    };

    private static Command Verb(string name, string description, IReadOnlyList<Symbol> symbols, Func<ManagementClient, ParseResult, CancellationToken, Task<Shown>> run)
    {
        var command = new Command(name, description);
        foreach (var symbol in symbols)
        {
            if (symbol is Argument argument)
            {
                command.Arguments.Add(argument);
            }
            else
            {
                command.Options.Add((Option)symbol);
            }
        }

        foreach (var option in (Option[])[UriOption, WarehouseOption, TokenOption, CredentialOption, JsonOption])
        {
            command.Options.Add(option);
        }

        command.SetAction(async (parsed, token) =>
        {
            try
            {
                using var client = Client(parsed);
                var shown = await run(client, parsed, token);
                await Console.Out.WriteAsync(parsed.GetValue(JsonOption) && shown.Answer.ValueKind != JsonValueKind.Undefined ? shown.Answer.GetRawText() + "\n" : shown.Text(shown.Answer));
                return 0;
            }
            catch (Exception exception) when (exception is CommandException or CatalogException)
            {
                await Console.Error.WriteLineAsync($"frazil: {Printable(exception.Message)}");
                return FrazilCommand.Failed;
            }
        });
        return command;
    }

    private static ManagementClient Client(ParseResult parsed)
    {
        var address = OfEnvironment("FRAZIL_URI") ?? "http://127.0.0.1:8181";
        var uri = parsed.GetValue(UriOption)
            ?? (Uri.TryCreate(address, UriKind.Absolute, out var named) && named.Scheme is "http" or "https" ? named : throw new CommandException("FRAZIL_URI must be an http or https address"));
        return new ManagementClient(
            uri,
            parsed.GetValue(WarehouseOption)!,
            parsed.GetValue(TokenOption) ?? OfEnvironment("FRAZIL_TOKEN"),
            parsed.GetValue(CredentialOption) ?? OfEnvironment("FRAZIL_CREDENTIAL"));
    }

    /// <summary>A variable without the line end that a file brings along, or null when it says nothing.</summary>
    private static string? OfEnvironment(string variable) => Environment.GetEnvironmentVariable(variable)?.Trim() is { Length: > 0 } text ? text : null;

    private static async Task<Shown> ListTrashAsync(ManagementClient client, string[] @namespace, CancellationToken cancellationToken)
    {
        var filter = @namespace.Length == 0 ? "" : "&namespace=" + string.Join("%1F", @namespace.Select(Uri.EscapeDataString));
        var answer = await PagesAsync("tabulars", token => client.SendAsync(HttpMethod.Get, $"/deleted-tabulars?pageToken={Uri.EscapeDataString(token)}{filter}", null, cancellationToken));
        return new Shown(answer, list => Table(
            ["ID", "KIND", "NAME", "DROPPED", "DUE", "THEN"],
            list.GetProperty("tabulars").EnumerateArray().Select(item => (string[])
            [
                item.RequiredString("id"), item.RequiredString("typ"), NameOf(item), item.RequiredString("deleted-at"), item.RequiredString("expiration-date"),
                item.RequiredBoolean("purge") ? "purge" : "forget",
            ])));
    }

    private static async Task<Shown> UndropAsync(ManagementClient client, Guid[] ids, string? name, string[] @namespace, CancellationToken cancellationToken)
    {
        if (name is null != (@namespace.Length == 0))
        {
            throw new CommandException("a new name needs both --name and --namespace");
        }

        var body = Json.Write((ids, name, @namespace), static (writer, undrop) =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("targets");
            foreach (var id in undrop.ids)
            {
                writer.WriteStartObject();
                writer.WriteString("id", id);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            if (undrop.name is not null)
            {
                writer.WriteStartObject("name");
                writer.WriteStrings("namespace", undrop.@namespace);
                writer.WriteString("name", undrop.name);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        });
        return new Shown(await client.SendAsync(HttpMethod.Post, "/deleted-tabulars/undrop", body, cancellationToken), _ => $"undropped {ids.Length}\n");
    }

    private static async Task<Shown> PurgeAsync(ManagementClient client, Guid id, bool isDryRun, CancellationToken cancellationToken)
    {
        var answer = await client.SendAsync(HttpMethod.Post, $"/deleted-tabulars/{id}/purge{(isDryRun ? "?dryRun=true" : "")}", null, cancellationToken);
        return new Shown(answer, purge => !isDryRun
            ? $"task {purge.RequiredString("task-id")}\n"
            : string.Concat(purge.GetProperty("files").EnumerateArray().Select(file => Printable(file.GetString()!) + "\n"))
                + string.Create(CultureInfo.InvariantCulture, $"{purge.RequiredInt64("files-to-delete")} files would be deleted, {purge.RequiredInt64("files-to-skip")} left alone\n"));
    }

    private static async Task<Shown> ListTasksAsync(ManagementClient client, string? status, CancellationToken cancellationToken)
    {
        var answer = await PagesAsync("tasks", token => client.SendAsync(HttpMethod.Post, "/task/list", Json.Write((status, token), static (writer, list) =>
        {
            writer.WriteStartObject();
            writer.WriteOptional("status", list.status);
            writer.WriteString("page-token", list.token);
            writer.WriteEndObject();
        }), cancellationToken));
        return new Shown(answer, list => Table(
            ["ID", "STATUS", "NAME", "ATTEMPT", "SCHEDULED FOR", "DELETED", "MESSAGE"],
            list.GetProperty("tasks").EnumerateArray().Select(task => (string[])
            [
                task.RequiredString("task-id"), task.RequiredString("status"), NameOf(task.GetProperty("entity")), task.GetProperty("attempt").GetRawText(),
                task.RequiredString("scheduled-for"), task.GetProperty("files-deleted").GetRawText(), task.OptionalString("message") ?? "",
            ])));
    }

    private static async Task<Shown> ControlAsync(ManagementClient client, string action, Guid[] ids, CancellationToken cancellationToken)
    {
        var body = Json.Write((action, ids), static (writer, control) =>
        {
            writer.WriteStartObject();
            writer.WriteStartObject("action");
            writer.WriteString("action-type", control.action);
            writer.WriteEndObject();
            writer.WriteStrings("task-ids", control.ids.Select(id => id.ToString()));
            writer.WriteEndObject();
        });
        return new Shown(await client.SendAsync(HttpMethod.Post, "/task/control", body, cancellationToken), _ => "");
    }

    /// <summary>A list with the items of all its pages.</summary>
    private static async Task<JsonElement> PagesAsync(string items, Func<string, Task<JsonElement>> fetch)
    {
        List<JsonElement> all = [];
        string? token = "";
        while (token is not null)
        {
            var page = await fetch(token);
            all.AddRange(page.GetProperty(items).EnumerateArray());
            token = page.OptionalString("next-page-token");
        }

        using var document = JsonDocument.Parse(Json.Write((items, all), static (writer, list) =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray(list.items);
            list.all.ForEach(item => item.WriteTo(writer));
            writer.WriteEndArray();
            writer.WriteEndObject();
        }));
        return document.RootElement.Clone();
    }

    private static string NameOf(JsonElement entity) =>
        string.Join('.', entity.GetProperty("namespace").EnumerateArray().Select(level => level.GetString()).Append(entity.RequiredString("name")));

    private static string Members(JsonElement answer) => Table(
        [],
        answer.EnumerateObject().Select(member => (string[])
        [
            member.Name, member.Value.ValueKind switch
            {
                JsonValueKind.Object => NameOf(member.Value),
                JsonValueKind.String => member.Value.GetString()!,
                _ => member.Value.GetRawText(),
            },
        ]));

    /// <summary>Columns as wide as what stands in them.</summary>
    private static string Table(string[] header, IEnumerable<string[]> rows)
    {
        var lines = (header.Length == 0 ? rows : rows.Prepend(header)).Select(row => row.Select(Printable).ToArray()).ToArray();
        var widths = lines.Length == 0 ? [] : Enumerable.Range(0, lines[0].Length).Select(column => lines.Max(line => line[column].Length)).ToArray();
        return string.Concat(lines.Select(line => string.Join("  ", line.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd() + "\n"));
    }

    /// <summary>Text of others, without what a terminal would obey.</summary>
    private static string Printable(string text) => string.Concat(text.Select(c => char.IsControl(c) ? '?' : c));

    private static Uri? Refuse(System.CommandLine.Parsing.ArgumentResult result, string message)
    {
        result.AddError(message);
        return null;
    }

    /// <summary>An answer, and how people are shown it.</summary>
    private sealed record Shown(JsonElement Answer, Func<JsonElement, string> Text);
}
