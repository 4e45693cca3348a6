namespace Frazil.Hosts.Tests;

/// <summary>The commands that look after a running catalog, against one.</summary>
public sealed class ManagementCommandTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_table_is_dropped_undropped_and_purged_from_the_command_line()
    {
        await using var server = await FrazilProcess.ServeAsync(folder.Path);
        await server.CreateTableAsync("t");
        await DropAsync(server);

        var listed = await OkAsync(server, "trash", "list");
        var id = IdOf(listed, "n.t");
        Assert.Contains("forget", listed, StringComparison.Ordinal);
        Assert.Equal("undropped 1", await OkAsync(server, "trash", "undrop", id));
        Assert.DoesNotContain("n.t", await OkAsync(server, "trash", "list"), StringComparison.Ordinal);
        await server.GetAsync("/v1/namespaces/n/tables/t");
        await DropAsync(server);
        Assert.Equal("undropped 1", await OkAsync(server, "trash", "undrop", id, "--namespace", "n", "--name", "u"));
        await server.GetAsync("/v1/namespaces/n/tables/u");
        await DropAsync(server, "u");
        Assert.Contains("n.u", await OkAsync(server, "trash", "list", "--namespace", "n"), StringComparison.Ordinal);
        Assert.DoesNotContain("n.u", await OkAsync(server, "trash", "list", "--namespace", "n", "--namespace", "deeper"), StringComparison.Ordinal);

        Assert.Contains("1 files would be deleted, 0 left alone", await OkAsync(server, "trash", "purge", id, "--dry-run"), StringComparison.Ordinal);
        var task = (await OkAsync(server, "trash", "purge", id)).Trim().Split(' ')[1];

        // The local server does not wait for its timer.
        await Eventually.TrueAsync(async () => (await OkAsync(server, "tasks", "list", "--status", "success")).Contains(task, StringComparison.Ordinal));
        Assert.Contains("files-deleted", await OkAsync(server, "jobs", "run", "purge"), StringComparison.Ordinal);
        Assert.Contains(task, await OkAsync(server, "tasks", "list", "--status", "success"), StringComparison.Ordinal);
        Assert.Contains("\"status\":\"success\"", await OkAsync(server, "tasks", "show", task, "--json"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_task_is_cancelled_from_the_command_line()
    {
        await using var server = await FrazilProcess.ServeAsync(folder.Path);
        await server.CreateTableAsync("t");
        var location = (await server.GetAsync("/v1/namespaces/n/tables/t")).GetProperty("metadata").GetProperty("location").GetString()!;
        var list = $"{location}/metadata/list.avro";
        await File.WriteAllTextAsync(new Uri(list).LocalPath, "this is no manifest list");
        await server.PostAsync("/v1/namespaces/n/tables/t", $$$"""
            {"requirements":[],"updates":[{"action":"add-snapshot","snapshot":{"snapshot-id":1,"sequence-number":1,"timestamp-ms":{{{DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()}}},
            "manifest-list":"{{{list}}}","summary":{"operation":"append"},"schema-id":0}}]}
            """);
        await DropAsync(server);
        var id = IdOf(await OkAsync(server, "trash", "list"), "n.t");

        // A purge of what cannot be read is given up, and waits for a person: who mends it and has it run, or calls it off.
        var task = (await OkAsync(server, "trash", "purge", id)).Trim().Split(' ')[1];
        await Eventually.TrueAsync(async () => (await OkAsync(server, "tasks", "list", "--status", "failed")).Contains(task, StringComparison.Ordinal));
        await OkAsync(server, "tasks", "run", task);
        await Eventually.TrueAsync(async () => (await OkAsync(server, "tasks", "list", "--status", "failed")).Contains(task, StringComparison.Ordinal));

        await OkAsync(server, "tasks", "cancel", task);

        Assert.Contains("cancelled", await OkAsync(server, "tasks", "show", task), StringComparison.Ordinal);
        await RefusedAsync(server, 1, "ended already", "tasks", "cancel", task);
    }

    [Theory]
    [InlineData("\n", 0)]
    [InlineData("\r\n", 0)]
    [InlineData("\nX-Header: x", 1)]
    [InlineData("é", 1)]
    public async Task A_token_of_the_environment_may_end_in_a_line_end_and_what_no_header_can_hold_is_a_sentence(string tail, int expected)
    {
        await using var server = await FrazilProcess.ServeAsync(folder.Path);

        var (code, _, errors) = await FrazilProcess.RunAsync(folder.Path, new Dictionary<string, string> { ["FRAZIL_TOKEN"] = "abc" + tail }, "trash", "list", "--uri", server.Url.ToString());

        Assert.True(code == expected, errors);
        Assert.True(expected == 0 || errors == "frazil: the token of --token or FRAZIL_TOKEN has a character that no token has", errors);
    }

    [Fact]
    public async Task What_the_catalog_refuses_is_said_and_is_exit_code_1()
    {
        await using var server = await FrazilProcess.ServeAsync(folder.Path);

        await RefusedAsync(server, 1, "Not in the trash", "trash", "undrop", Guid.NewGuid().ToString());
        await RefusedAsync(server, 1, "Warehouse does not exist: missing", "trash", "list", "--warehouse", "missing");
        await RefusedAsync(server, 1, "both --name and --namespace", "trash", "undrop", Guid.NewGuid().ToString(), "--name", "u");
        await RefusedAsync(server, 2, "junk", "trash", "undrop", "junk");
        await RefusedAsync(server, 2, "nightly", "jobs", "run", "nightly");
        var (code, _, errors) = await FrazilProcess.RunAsync(folder.Path, "trash", "list", "--uri", "http://127.0.0.1:1");
        Assert.Equal(1, code);
        Assert.Contains("cannot be reached", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Credentials_come_as_an_option_or_from_the_environment()
    {
        var secret = new Dictionary<string, string> { ["FRAZIL__AUTH__ROOTSECRET"] = new('s', 43) };
        await using var server = await FrazilProcess.ServeAsync(folder.Path, secret, "serve", "--port", "0", "--data", folder.Join("data"), "--auth");

        await RefusedAsync(server, 1, "401", "trash", "list");
        await RefusedAsync(server, 1, "401", "trash", "list", "--credential", "root:wrong");
        Assert.StartsWith("ID", await OkAsync(server, "trash", "list", "--credential", $"root:{secret.Values.Single()}"), StringComparison.Ordinal);
        var environment = new Dictionary<string, string> { ["FRAZIL_CREDENTIAL"] = $"root:{secret.Values.Single()}", ["FRAZIL_URI"] = server.Url.ToString() };
        var (code, output, errors) = await FrazilProcess.RunAsync(folder.Path, environment, "jobs", "run", "expire");
        Assert.True(code == 0, errors);
        Assert.Contains("expire", output, StringComparison.Ordinal);
    }

    private static async Task DropAsync(FrazilProcess server, string table = "t")
    {
        using var reply = await server.Client.DeleteAsync($"/v1/namespaces/n/tables/{table}");
        Assert.Equal(204, (int)reply.StatusCode);
    }

    private static string IdOf(string list, string name) => list.Split('\n').Single(line => line.Contains($" {name} ", StringComparison.Ordinal)).Split(' ')[0];

    private async Task<string> OkAsync(FrazilProcess server, params string[] words)
    {
        var (code, output, errors) = await FrazilProcess.RunAsync(folder.Path, [.. words, "--uri", server.Url.ToString()]);
        Assert.True(code == 0, $"{string.Join(' ', words)}: {code} {errors}");
        return output;
    }

    private async Task RefusedAsync(FrazilProcess server, int expected, string message, params string[] words)
    {
        var (code, _, errors) = await FrazilProcess.RunAsync(folder.Path, [.. words, "--uri", server.Url.ToString()]);
        Assert.Equal((expected, true), (code, errors.Contains(message, StringComparison.Ordinal)));
    }
}
