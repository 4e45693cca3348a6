using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Azure.Storage;
using Azure.Storage.Blobs;
using Frazil.AzureFunctions;
using Frazil.FunctionsHost;

namespace Frazil.Functions.Tests;

/// <summary>The worker as a process under the tests' host, over a fresh table of the emulator and a fresh folder.</summary>
public sealed class Worker : IAsyncDisposable
{
    /// <summary>The root secret.</summary>
    public const string Secret = "frazil_functions_0123456789abcdefghijklmnopqrstuvwxyz";

    /// <summary>The emulator's well-known key, the same for everybody.</summary>
    public const string AccountKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private static readonly string Configuration = new DirectoryInfo(AppContext.BaseDirectory).Name;

    private readonly DirectoryInfo? folder;
    private readonly Dictionary<string, string> settings;

    private Worker(Host host, Dictionary<string, string> settings, DirectoryInfo? folder)
    {
        Host = host;
        this.settings = settings;
        this.folder = folder;
        Http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ActivityHeadersPropagator = null }) { Timeout = TimeSpan.FromSeconds(120) };
    }

    /// <summary>The worker's program, where it was built.</summary>
    public static string Assembly { get; } = Path.GetFullPath(Path.Join(AppContext.BaseDirectory, "..", "..", "Frazil.AzureFunctions", Configuration, "Frazil.AzureFunctions.dll"));

    /// <summary>The host.</summary>
    public Host Host { get; }

    /// <summary>Where the catalog keeps its tables.</summary>
    public string Warehouse => settings[SettingNames.CatalogBaseLocation];

    private HttpClient Http { get; }

    /// <summary>Settings for a worker over the emulator.</summary>
    public static Dictionary<string, string> Settings(string warehouse) => new()
    {
        [SettingNames.Store] = "azuretables",
        [SettingNames.AzureTablesEndpoint] = Required("FRAZIL_TEST_AZURITE_TABLES"),
        [SettingNames.AzureTablesTable] = $"t{Guid.NewGuid():N}",
        [SettingNames.CatalogName] = "default",
        [SettingNames.CatalogBaseLocation] = warehouse,
        [SettingNames.RootClientId] = "root",
        [SettingNames.SecretSource] = "env:" + SettingNames.RootSecret,
        [SettingNames.RootSecret] = Secret,
        [DevelopmentSettings.AccountKey] = AccountKey,
    };

    /// <summary>Starts one behind App Service's front end, as in Azure.</summary>
    public static Task<Worker> StartAsync(params (string Name, string Text)[] changes) => StartAsync(hasFrontEnd: true, changes);

    /// <summary>Starts one.</summary>
    public static async Task<Worker> StartAsync(bool hasFrontEnd, params (string Name, string Text)[] changes)
    {
        var folder = Directory.CreateTempSubdirectory("frazil-functions-");
        var settings = Settings(new Uri(folder.FullName).AbsoluteUri);
        foreach (var (name, text) in changes)
        {
            settings[name] = text;
        }

        return new Worker(await Host.StartAsync(Assembly, 0, settings, hasFrontEnd), settings, folder);
    }

    /// <summary>Starts one whose files are blobs of the emulator, in a container of its own.</summary>
    public static async Task<Worker> StartOnBlobsAsync(params (string Name, string Text)[] changes)
    {
        var blobs = new Uri(Required("FRAZIL_TEST_AZURITE_BLOBS"));
        var container = new BlobServiceClient(blobs, new StorageSharedKeyCredential(blobs.AbsolutePath.Trim('/'), AccountKey)).GetBlobContainerClient($"worker-{Guid.NewGuid():N}");
        await container.CreateAsync();
        var warehouse = $"abfss://{container.Name}@{container.AccountName}.dfs.core.windows.net/warehouse";
        return await StartAsync([(SettingNames.CatalogBaseLocation, warehouse), (DevelopmentSettings.BlobsEndpoint, blobs.ToString()), .. changes]);
    }

    /// <summary>Starts a further one over the same table and the same files, as Azure does under load.</summary>
    public async Task<Worker> StartAnotherAsync() => new(await Host.StartAsync(Assembly, 0, settings), settings, folder: null);

    /// <summary>Ends the process where it stands.</summary>
    public void Kill()
    {
        using var process = System.Diagnostics.Process.GetProcessById(Host.ProcessId);
        process.Kill();
    }

    /// <summary>Signs in as root.</summary>
    public async Task SignInAsync()
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string> { ["grant_type"] = "client_credentials", ["client_id"] = "root", ["client_secret"] = Secret });
        var answer = await Http.PostAsync(new Uri(Host.Address, "/v1/oauth/tokens"), form);
        var token = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync()).RootElement.GetProperty("access_token").GetString();
        Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>Sends a request, its target as it stands here.</summary>
    public async Task<HttpResponseMessage> SendAsync(string request, string? body = null, params (string Name, string Text)[] headers)
    {
        var space = request.IndexOf(' ', StringComparison.Ordinal);
        var uri = new Uri(Host.Address.GetLeftPart(UriPartial.Authority) + request[(space + 1)..], new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        using var message = new HttpRequestMessage(new HttpMethod(request[..space]), uri) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };
        foreach (var (name, text) in headers)
        {
            message.Headers.TryAddWithoutValidation(name, text);
        }

        return await Http.SendAsync(message);
    }

    /// <summary>Sends a request that must be answered with a status; the body.</summary>
    public async Task<string> SayAsync(string request, int expected, string? body = null, params (string Name, string Text)[] headers)
    {
        using var answer = await SendAsync(request, body, headers);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True((int)answer.StatusCode == expected, $"{request} was answered {(int)answer.StatusCode} rather than {expected}: {text}\n{string.Join('\n', Host.Logs.TakeLast(20))}");
        return text;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Host.DisposeAsync();
        folder?.Delete(recursive: true);
    }

    /// <summary>What the tests' emulators are found by.</summary>
    public static string Required(string variable) => Environment.GetEnvironmentVariable(variable)
        ?? throw new InvalidOperationException($"{variable} is not set: start the tests with tests/run, which starts the emulators and names them, or start one of tests/emulators and set what it prints");
}
