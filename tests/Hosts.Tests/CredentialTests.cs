using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Frazil.Hosts.Tests;

/// <summary>The root client of a local catalog: how its secret is made, shown, kept and replaced, and who may start a server without it.</summary>
public sealed class CredentialTests : IDisposable
{
    private static readonly Dictionary<string, string> NoVariables = [];

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_secret_is_shown_at_the_first_start_and_good_at_every_one()
    {
        string secret;
        await using (var first = await FrazilProcess.ServeAsync(folder.Path, "--auth"))
        {
            secret = await ShownAsync(first);
            Assert.Equal(HttpStatusCode.OK, await SignInAsync(first, secret));
            Assert.Equal(HttpStatusCode.Unauthorized, await SignInAsync(first, secret + "x"));
            await first.StopAsync();
        }

        await using var second = await FrazilProcess.ServeAsync(folder.Path, "--auth");
        Assert.Equal(HttpStatusCode.OK, await SignInAsync(second, secret));
        Assert.Empty(second.Errors);
    }

    [Fact]
    public async Task A_first_start_that_fails_makes_no_secret()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var (exitCode, _, errors) = await FrazilProcess.RunAsync(folder.Path, "--auth", "--port", $"{((IPEndPoint)other.LocalEndpoint).Port}");
        Assert.Equal(1, exitCode);
        Assert.DoesNotContain("root credentials", errors, StringComparison.Ordinal);

        await using var server = await FrazilProcess.ServeAsync(folder.Path, "--auth");
        Assert.Equal(HttpStatusCode.OK, await SignInAsync(server, await ShownAsync(server)));
    }

    [Fact]
    public async Task A_secret_that_cannot_be_shown_does_not_count()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        // Standard error is a device that is always full.
        using (var start = System.Diagnostics.Process.Start("sh", ["-c", $"cd '{folder.Path}' && exec '{FrazilProcess.Executable}' --auth --port 0 2>/dev/full"]))
        {
            await start.WaitForExitAsync().WaitAsync(FrazilProcess.Patience);
            Assert.NotEqual(0, start.ExitCode);
        }

        await using var server = await FrazilProcess.ServeAsync(folder.Path, "--auth");
        Assert.Equal(HttpStatusCode.OK, await SignInAsync(server, await ShownAsync(server)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("""{"client-id":"root","key":"AAAA""")]
    public async Task A_former_file_of_credentials_that_a_killed_start_left_behind_stops_no_start(string left)
    {
        Directory.CreateDirectory(folder.Join("frazil-data"));
        folder.Write("frazil-data/auth.json", left);

        await using var server = await FrazilProcess.ServeAsync(folder.Path, "--auth");

        Assert.Equal(HttpStatusCode.OK, await SignInAsync(server, await ShownAsync(server)));
    }

    [Fact]
    public async Task A_former_file_of_credentials_is_taken_over()
    {
        var (credentials, secret) = Security.RootCredentials.Generate("root");
        Directory.CreateDirectory(folder.Join("frazil-data"));
        folder.Write("frazil-data/auth.json", JsonSerializer.Serialize(new Dictionary<string, string>
        {
            ["client-id"] = "root",
            ["key"] = Convert.ToBase64String(credentials.Key),
            ["secret-hash"] = Convert.ToBase64String(credentials.SecretHash),
        }));
        var (exitCode, _, errors) = await FrazilProcess.RunAsync(folder.Path, "--port", "0");
        Assert.Equal(2, exitCode);
        Assert.Contains("was served with --auth until now", errors, StringComparison.Ordinal);

        await using (var server = await FrazilProcess.ServeAsync(folder.Path, "--auth"))
        {
            Assert.Equal(HttpStatusCode.OK, await SignInAsync(server, secret));
            Assert.Empty(server.Errors);
            await server.StopAsync();
        }

        File.Delete(folder.Join("frazil-data/auth.json"));
        await using var again = await FrazilProcess.ServeAsync(folder.Path, "--auth");
        Assert.Equal(HttpStatusCode.OK, await SignInAsync(again, secret));
    }

    [Fact]
    public async Task With_json_the_secret_is_a_JSON_line()
    {
        await using var server = await FrazilProcess.ServeAsync(folder.Path, "--auth", "--json");

        var line = JsonSerializer.Deserialize<JsonElement>(await server.ErrorLineAsync(line => line.Contains("root credentials", StringComparison.Ordinal)));

        Assert.Equal("root", line.GetProperty("clientId").GetString());
        Assert.Equal(HttpStatusCode.OK, await SignInAsync(server, line.GetProperty("clientSecret").GetString()!));
        await server.StopAsync();
        Assert.All(server.Errors.Split('\n'), text => JsonSerializer.Deserialize<JsonElement>(text));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_served_with_credentials_is_served_without_them_only_when_somebody_says_so(bool isGiven)
    {
        var environment = isGiven ? new Dictionary<string, string> { ["FRAZIL__AUTH__ROOTSECRET"] = new('s', 43) } : NoVariables;
        await using (var server = await FrazilProcess.ServeAsync(folder.Path, environment, "--port", "0", "--auth"))
        {
            await server.StopAsync();
        }

        var (exitCode, output, errors) = await FrazilProcess.RunAsync(folder.Path, "--port", "0");
        Assert.Equal(2, exitCode);
        Assert.Contains("was served with --auth until now", errors, StringComparison.Ordinal);
        Assert.Empty(output);

        await using var insecure = await FrazilProcess.ServeAsync(folder.Path, "--insecure");
        await insecure.GetAsync("/v1/namespaces");
    }

    [Fact]
    public async Task A_secret_that_the_environment_gave_and_gives_no_more_ends_the_start()
    {
        await using (var server = await FrazilProcess.ServeAsync(folder.Path, new Dictionary<string, string> { ["FRAZIL__AUTH__ROOTSECRET"] = new('s', 43) }, "--port", "0", "--auth"))
        {
            await server.StopAsync();
        }

        var (exitCode, _, errors) = await FrazilProcess.RunAsync(folder.Path, "--port", "0", "--auth");

        Assert.Equal(2, exitCode);
        Assert.Contains("FRAZIL__AUTH__ROOTSECRET: set it, or make a new secret with 'frazil new-secret'", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_secret_takes_the_place_of_the_one_that_was_lost()
    {
        string old;
        await using var first = await FrazilProcess.ServeAsync(folder.Path, "--auth");
        old = await ShownAsync(first);

        var (exitCode, _, shown) = await FrazilProcess.RunAsync(folder.Path, "new-secret");
        Assert.True(exitCode == 0, shown);
        var secret = shown.Split(':')[^1];
        Assert.Equal(HttpStatusCode.OK, await SignInAsync(first, old));
        await first.StopAsync();

        await using var second = await FrazilProcess.ServeAsync(folder.Path, "--auth");
        Assert.Equal(HttpStatusCode.Unauthorized, await SignInAsync(second, old));
        Assert.Equal(HttpStatusCode.OK, await SignInAsync(second, secret));
    }

    [Fact]
    public async Task A_secret_that_the_environment_gives_takes_the_place_of_the_one_that_was_made_for_all_servers()
    {
        string made;
        var given = new string('s', 43);
        await using (var first = await FrazilProcess.ServeAsync(folder.Path, "--auth"))
        {
            made = await ShownAsync(first);
            await first.StopAsync();
        }

        await using (var second = await FrazilProcess.ServeAsync(folder.Path, new Dictionary<string, string> { ["FRAZIL__AUTH__ROOTSECRET"] = given }, "--port", "0", "--auth"))
        {
            Assert.Equal(HttpStatusCode.OK, await SignInAsync(second, given));
            Assert.Equal(HttpStatusCode.Unauthorized, await SignInAsync(second, made));
            await second.StopAsync();
        }

        // A server that was not told would take the old one.
        var (exitCode, _, errors) = await FrazilProcess.RunAsync(folder.Path, "--port", "0", "--auth");
        Assert.Equal(2, exitCode);
        Assert.Contains("FRAZIL__AUTH__ROOTSECRET: set it, or make a new secret with 'frazil new-secret'", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_root_client_of_another_name_takes_a_new_secret()
    {
        await using (var server = await FrazilProcess.ServeAsync(folder.Path, "--auth"))
        {
            await server.StopAsync();
        }

        var (exitCode, _, errors) = await FrazilProcess.RunAsync(folder.Path, "--port", "0", "--auth", "--root-client-id", "admin");
        Assert.Equal(2, exitCode);
        Assert.Contains("The root client of this store is 'root', not 'admin'", errors, StringComparison.Ordinal);

        var (_, _, shown) = await FrazilProcess.RunAsync(folder.Path, "new-secret", "--root-client-id", "admin", "--json");
        Assert.Equal("admin", JsonSerializer.Deserialize<JsonElement>(shown).GetProperty("clientId").GetString());
    }

    [Fact]
    public async Task Servers_that_start_at_once_take_the_same_secret()
    {
        var servers = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => FrazilProcess.ServeAsync(folder.Path, "--auth")));
        try
        {
            var shown = servers.SelectMany(server => server.Errors.Split('\n')).Where(line => line.StartsWith("The root credentials", StringComparison.Ordinal)).Select(line => line.Split(':')[^1]).ToArray();
            var good = new List<string>();
            foreach (var secret in shown)
            {
                var answers = await Task.WhenAll(servers.Select(server => SignInAsync(server, secret)));
                Assert.Single(answers.Distinct());
                good.AddRange(answers[0] == HttpStatusCode.OK ? [secret] : []);
            }

            Assert.Single(good);
            Assert.Equal(shown.Length - 1, servers.Sum(server => server.Errors.Split('\n').Count(line => line.StartsWith("These do not count", StringComparison.Ordinal))));
        }
        finally
        {
            await Task.WhenAll(servers.Select(server => server.DisposeAsync().AsTask()));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task With_credentials_the_data_folder_and_the_store_are_the_owners_alone(bool isServedBefore)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        if (isServedBefore)
        {
            await using var open = await FrazilProcess.ServeAsync(folder.Path);
            await open.CreateTableAsync("t");
            await open.StopAsync();
        }

        await using var server = await FrazilProcess.ServeAsync(folder.Path, "--auth");
        await SignInAsync(server, await ShownAsync(server));

        const UnixFileMode others = ~(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(folder.Join("frazil-data")) & others);
        var files = Directory.GetFiles(folder.Join("frazil-data"), "frazil.sqlite*");
        Assert.Equal(3, files.Length);
        foreach (var file in files)
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }
    }

    [Fact]
    public async Task A_folder_that_holds_more_than_the_catalogs_own_files_is_not_closed_to_others_but_said_to_be_open()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        folder.Write("letter.txt", "mine");
        File.SetUnixFileMode(folder.Path, (UnixFileMode)0b111_101_101);

        await using var server = await FrazilProcess.ServeAsync(folder.Path, "--auth", "--data", folder.Path);

        await server.LineAsync(line => line.Contains("can be entered by others", StringComparison.Ordinal));
        Assert.Equal((UnixFileMode)0b111_101_101, File.GetUnixFileMode(folder.Path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(folder.Join("frazil.sqlite")));
    }

    [Fact]
    public async Task A_first_start_on_a_locked_store_is_one_sentence_and_exit_code_1()
    {
        Directory.CreateDirectory(folder.Join("frazil-data"));
        using var holder = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={folder.Join("frazil-data/frazil.sqlite")};Pooling=false");
        holder.Open();
        using var command = holder.CreateCommand();
        command.CommandText = "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE item (x)";
        command.ExecuteNonQuery();

        var (exitCode, _, errors) = await FrazilProcess.RunAsync(folder.Path, "--auth", "--port", "0");

        Assert.Equal(1, exitCode);
        Assert.Contains("is locked by another process", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', errors);
    }

    private static async Task<string> ShownAsync(FrazilProcess server) =>
        (await server.ErrorLineAsync(line => line.StartsWith("The root credentials, shown only now: ", StringComparison.Ordinal))).Split(':')[^1];

    private static async Task<HttpStatusCode> SignInAsync(FrazilProcess server, string secret)
    {
        using var form = new FormUrlEncodedContent([new("grant_type", "client_credentials"), new("client_id", "root"), new("client_secret", secret)]);
        using var answer = await server.Client.PostAsync("/v1/oauth/tokens", form);
        return answer.StatusCode;
    }
}
