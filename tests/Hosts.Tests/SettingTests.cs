using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Frazil.Hosts.Tests;

/// <summary>What <c>frazil</c> understands, and what it says when it does not.</summary>
public sealed partial class SettingTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("Unrecognized command or argument '--prot'", "serve", "--prot", "1")]
    [InlineData("Unrecognized command or argument 'sreve'", "sreve")]
    [InlineData("--port must be a whole number from 0 to 65535, not 'abc'", "--port", "abc")]
    [InlineData("--port must be a whole number from 0 to 65535, not '65536'", "--port=65536")]
    [InlineData("--port is given more than once", "--port", "1", "--port", "2")]
    [InlineData("--host must be an IP address, localhost or *, not 'nowhere'", "--host", "nowhere")]
    [InlineData("0.0.0.0 can be reached from other machines", "--host", "0.0.0.0")]
    [InlineData("can be reached from other machines", "--host", "*")]
    [InlineData("--store must be one of sqlite, dynamodb, memory, not 'postgres'", "--store", "postgres")]
    [InlineData("--log-level must be one of debug, information, warning, error, not 'loud'", "--log-level", "loud")]
    [InlineData("--warehouse: this host cannot serve 'gs' storage", "--warehouse", "gs://bucket/x")]
    [InlineData("Invalid --warehouse", "--warehouse", "file:///a/../b")]
    [InlineData("--s3-endpoint must be an http or https URL", "--s3-endpoint", "localhost:9000")]
    [InlineData("--namespace-separator must be one URL-encoded character", "--namespace-separator", "ab")]
    [InlineData("--data must not be empty", "--data", "")]
    [InlineData("Cannot read the settings file missing.json", "--config", "missing.json")]
    [InlineData("Cannot read the catalogs file missing.json", "--port", "0", "--catalogs", "missing.json")]
    [InlineData("Cannot read the credentials file missing.json", "--credentials", "missing.json")]
    public async Task A_mistake_is_a_sentence_and_exit_code_2(string sentence, params string[] words)
    {
        var (exitCode, output, errors) = await FrazilProcess.RunAsync(folder.Path, words);

        Assert.Equal(2, exitCode);
        Assert.Contains(sentence, errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
        Assert.Empty(output);
        Assert.False(Directory.Exists(folder.Join("frazil-data")));
    }

    [Theory]
    [InlineData("""{"Frazil":{"Prot":1}}""", "appsettings.json has 'Frazil:Prot', which is no setting; the nearest is 'port'")]
    [InlineData("""{"Frazil":{"Prot":null}}""", "appsettings.json has 'Frazil:Prot', which is no setting; the nearest is 'port'")]
    [InlineData("""{"Frazil":{"AllowLocations":[]}}""", "which is no setting; the nearest is 'allow-location'")]
    [InlineData("""{"Frazil":{"s3":{"regoin":"x"}}}""", "'Frazil:s3:regoin', which is no setting; the nearest is 's3-region'")]
    [InlineData("""{"Frazil":{"Credentials":{"a":{"key":"x"}}}}""", "which is no setting")]
    [InlineData("""{"Frazil":{"config":"other.json"}}""", "which is no setting")]
    [InlineData("""{"Frazil":{"root-secret":"x"}}""", "a secret: set FRAZIL__AUTH__ROOTSECRET in the environment instead")]
    [InlineData("""{"Frazil":{"Port":"x"}}""", "Frazil:port in appsettings.json must be a whole number")]
    [InlineData("""{"Frazil":"port"}""", "'Frazil' in appsettings.json is not a JSON object")]
    [InlineData("""{"Frazil":""", "appsettings.json is not JSON")]
    public async Task A_mistake_in_the_settings_file_is_a_sentence(string text, string sentence)
    {
        folder.Write("appsettings.json", text);

        var (exitCode, _, errors) = await FrazilProcess.RunAsync(folder.Path);

        Assert.Equal(2, exitCode);
        Assert.Contains(sentence, errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"catalogs":[{"name":"a/b","storage":{"storage-type":"file","base-location":"file:///tmp/x"}}]}""", "The catalog 'a/b' cannot be served")]
    [InlineData("""{"catalogs":[{"name":"a","storage":{"storage-type":"floppy","base-location":"file:///tmp/x"}}]}""", "storage-type")]
    [InlineData("""{"catalogs":[{"name":"a"}]}""", "storage")]
    [InlineData("""{"catalogs":[],"defaults":{}}""", "has 'defaults', which means nothing there; the nearest is 'catalogs'")]
    [InlineData("""{"catalogs":[{"name":"a","keepDroped":"0","storage":{"storage-type":"memory","base-location":"memory:/x"}}]}""", "has 'a.keepDroped', which means nothing there; the nearest is 'keep-dropped'")]
    [InlineData("""{"catalogs":[{"name":"a","storage":{"storage-type":"s3","base-location":"s3://b/x","regoin":"x"}}]}""", "has 'a.storage.regoin', which means nothing there; the nearest is 'region'")]
    [InlineData("""{"catalogs":[{"name":"a","storage":{"storage-type":"azure","base-location":"abfss://c@a.dfs.core.windows.net/x"}}]}""", "cannot serve")]
    public async Task A_mistake_in_the_catalogs_file_is_a_sentence(string text, string sentence)
    {
        var (exitCode, _, errors) = await FrazilProcess.RunAsync(folder.Path, "--port", "0", "--catalogs", folder.Write("catalogs.json", text));

        Assert.Equal(2, exitCode);
        Assert.Contains(sentence, errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("FRAZIL__STOER", "FRAZIL__STORE")]
    [InlineData("FRAZIL__AUTH__ENABLED", "FRAZIL__AUTH")]
    [InlineData("FRAZIL__CATALOG__KEEPDROPPED", "FRAZIL__KEEP_DROPPED")]
    [InlineData("FRAZIL__WAREHUOSE", "FRAZIL__WAREHOUSE")]
    [InlineData("FRAZIL__CREDENTIALS__LAKE__ACCESSKEY", "FRAZIL__CREDENTIALS__<NAME>__ACCESS_KEY_ID")]
    [InlineData("FRAZIL__AUTH__SECRETSOURCE", "FRAZIL__AUTH__ROOTSECRET")]
    public async Task A_variable_that_is_no_setting_ends_the_start(string variable, string nearest)
    {
        var (exitCode, output, errors) = await FrazilProcess.RunAsync(folder.Path, new Dictionary<string, string> { [variable] = "true" }, "--port", "0");

        Assert.Equal(2, exitCode);
        Assert.Equal($"frazil: {variable} is set but is no setting of this version; the nearest is {nearest}. Correct it, or unset it", errors);
        Assert.Empty(output);
    }

    [Fact]
    public async Task Two_names_of_one_setting_may_not_say_different_things()
    {
        var (exitCode, _, errors) = await FrazilProcess.RunAsync(
            folder.Path, new Dictionary<string, string> { ["FRAZIL__WAREHOUSE"] = "one", ["FRAZIL__CATALOG__BASELOCATION"] = "two" }, "--port", "0");

        Assert.Equal(2, exitCode);
        Assert.Equal("frazil: FRAZIL__CATALOG__BASELOCATION and FRAZIL__WAREHOUSE are the same setting and say different things; unset one of them", errors);
    }

    [Fact]
    public async Task A_file_of_settings_without_their_section_is_a_mistake_only_where_it_is_named()
    {
        var file = folder.Write("appsettings.json", """{"port":1}""");

        var (exitCode, _, errors) = await FrazilProcess.RunAsync(folder.Path, "--config", file);
        Assert.Equal(2, exitCode);
        Assert.Contains("has no section 'Frazil'", errors, StringComparison.Ordinal);

        await using var server = await FrazilProcess.ServeAsync(folder.Path);
    }

    /// <summary>Names that are known say nothing here: the variables are empty, the members null. The last name is not known; that it is complained of shows that all before it are.</summary>
    [Fact]
    public async Task Every_option_is_a_variable_and_a_member_by_one_rule_and_help_prints_the_variable()
    {
        var (_, help, _) = await FrazilProcess.RunAsync(folder.Path, "serve", "--help");
        var options = OptionPattern().Matches(help).Select(match => (Option: match.Groups[1].Value, Variable: match.Groups[2].Value)).ToArray();
        Assert.True(options.Length >= 27, help);
        Assert.All(options, option => Assert.Equal("FRAZIL__" + option.Option.ToUpperInvariant().Replace('-', '_'), option.Variable));

        var variables = options.ToDictionary(option => option.Variable, _ => "");
        var (_, _, unknown) = await FrazilProcess.RunAsync(folder.Path, new Dictionary<string, string>(variables) { ["FRAZIL__ZZZ"] = "" }, "--port", "0");
        Assert.StartsWith("frazil: FRAZIL__ZZZ is set but is no setting", unknown, StringComparison.Ordinal);

        var members = options.Where(option => option.Option != "config").Select(option => $"\"{option.Option}\":null");
        folder.Write("appsettings.json", $"{{\"Frazil\":{{{string.Join(',', members)},\"zzz\":null}}}}");
        var (_, _, unknownMember) = await FrazilProcess.RunAsync(folder.Path, "--port", "0");
        Assert.Contains("'Frazil:zzz', which is no setting", unknownMember, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Variables_of_options_take_effect()
    {
        var environment = new Dictionary<string, string>
        {
            ["FRAZIL__PORT"] = "0",
            ["FRAZIL__AUTH"] = "true",
            ["FRAZIL__AUTH__ROOTSECRET"] = new string('s', 40) + "\n",
            ["FRAZIL__WAREHOUSE"] = folder.Join("tables"),
            ["FRAZIL__DEFAULT_CATALOG"] = "lake",
            ["FRAZIL__KEEP_DROPPED"] = "90s",
        };

        await using var server = await FrazilProcess.ServeAsync(folder.Path, environment);

        Assert.Contains(folder.Join("tables"), await server.LineAsync(line => line.Contains("'lake' keeps tables in", StringComparison.Ordinal)), StringComparison.Ordinal);
        await server.GetAsync("/v1/namespaces", HttpStatusCode.Unauthorized);
        var (code, _, errors) = await FrazilProcess.RunAsync(
            folder.Path, new Dictionary<string, string> { ["FRAZIL_CREDENTIAL"] = "root:" + new string('s', 40) + "\r\n" }, "trash", "list", "--uri", server.Url.ToString(), "--warehouse", "lake");
        Assert.True(code == 0, errors);
    }

    [Fact]
    public async Task Help_names_every_setting_and_version_is_a_number()
    {
        var (exitCode, help, _) = await FrazilProcess.RunAsync(folder.Path, "serve", "--help");
        Assert.Equal(0, exitCode);
        Assert.All(["--host", "--port", "--data", "--store", "--warehouse", "--allow-location", "--catalogs", "--json"], flag => Assert.Contains(flag, help, StringComparison.Ordinal));

        var (_, version, _) = await FrazilProcess.RunAsync(folder.Path, "version");
        Assert.Matches(@"^\d+\.\d+\.\d+", version);
    }

    [Fact]
    public async Task Flags_come_before_the_environment_and_the_environment_before_the_file()
    {
        folder.Write("appsettings.json", """{"Frazil":{"Port":1,"Catalog":{"Name":"from-file"},"NamespaceSeparator":"%2E","Data":"data-of-file"}}""");
        var environment = new Dictionary<string, string> { ["FRAZIL__PORT"] = "2", ["FRAZIL__CATALOG__NAME"] = "from-environment", ["FRAZIL__CREDENTIALS__SPARE__ACCESSKEYID"] = "a", ["FRAZIL__CREDENTIALS__SPARE__SECRET_ACCESS_KEY"] = "b" };

        await using var server = await FrazilProcess.ServeAsync(folder.Path, environment, "--port", "0");
        var overrides = (await server.GetAsync("/v1/config")).GetProperty("overrides");

        Assert.True(server.Url.Port > 2);
        Assert.Equal("from-environment", overrides.GetProperty("prefix").GetString());
        Assert.Equal("%2E", overrides.GetProperty("namespace-separator").GetString());
        Assert.True(File.Exists(Path.Join(folder.Path, "data-of-file", "frazil.sqlite")));
    }

    [Fact]
    public async Task Catalogs_of_a_file_are_served_beside_the_default_one()
    {
        var catalogs = folder.Write("catalogs.json", $$$"""
            {"catalogs":[{"name":"lake","storage":{"storage-type":"file","base-location":"file://{{{folder.Path}}}/lake"},"properties":{"defaults.a":"b"}}]}
            """);

        await using var server = await FrazilProcess.ServeAsync(folder.Path, "--catalogs", catalogs);

        Assert.Equal("b", (await server.GetAsync("/v1/config?warehouse=lake")).GetProperty("defaults").GetProperty("a").GetString());
        Assert.Equal("default", (await server.GetAsync("/v1/config")).GetProperty("overrides").GetProperty("prefix").GetString());
        await server.GetAsync("/v1/config?warehouse=sea", HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_location_is_allowed_by_flag_and_only_then()
    {
        await using var server = await FrazilProcess.ServeAsync(folder.Path, "--allow-location", folder.Join("more"), "--allow-location", $"file:{folder.Join("third")}/");
        await server.CreateTableAsync("inside");
        string Create(string name, string place) =>
            $$$"""{"name":"{{{name}}}","location":"file://{{{folder.Join(place)}}}","schema":{"type":"struct","fields":[]}}""";

        await server.PostAsync("/v1/namespaces/n/tables", Create("a", "more/a"));
        await server.PostAsync("/v1/namespaces/n/tables", Create("b", "third/b"));
        await server.PostAsync("/v1/namespaces/n/tables", Create("c", "elsewhere/c"), HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task A_port_in_use_is_one_sentence_and_exit_code_1()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;

        var (exitCode, output, errors) = await FrazilProcess.RunAsync(folder.Path, "--port", $"{port}");

        Assert.Equal(1, exitCode);
        Assert.Equal($"frazil: Port {port} of 127.0.0.1 is in use: another server listens there. Stop it, or name another one with --port", errors);
        Assert.Empty(output);
    }

    [Fact]
    public async Task A_data_folder_that_cannot_be_used_is_one_sentence_and_exit_code_1()
    {
        var file = folder.Write("file", "");

        var (exitCode, _, errors) = await FrazilProcess.RunAsync(folder.Path, "--port", "0", "--data", Path.Join(file, "data"));

        Assert.Equal(1, exitCode);
        Assert.StartsWith($"frazil: Cannot use the data folder {file}/data: ", errors, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', errors);
    }

    [Fact]
    public async Task A_store_of_something_else_is_left_alone()
    {
        Directory.CreateDirectory(folder.Join("frazil-data"));
        folder.Write("frazil-data/frazil.sqlite", "this is a letter to my mother, and no database at all; it has more than a hundred bytes, as letters do");

        var (exitCode, _, errors) = await FrazilProcess.RunAsync(folder.Path, "--port", "0");

        Assert.Equal(1, exitCode);
        Assert.Contains("is not a SQLite database", errors, StringComparison.Ordinal);
        Assert.StartsWith("this is a letter", await File.ReadAllTextAsync(folder.Join("frazil-data/frazil.sqlite")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_for_everybody_takes_insecure_and_a_loud_warning()
    {
        await using var server = await FrazilProcess.ServeAsync(folder.Path, "--host", "0.0.0.0", "--insecure");

        Assert.Contains("WARN", await server.LineAsync(line => line.Contains("CAN BE REACHED FROM OTHER MACHINES", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [GeneratedRegex(@"^ +--([a-z0-9-]+)[^(]*(?:\([^F][^)]*\)[^(]*)*\((FRAZIL__\w+)", RegexOptions.Multiline)]
    private static partial Regex OptionPattern();
}
