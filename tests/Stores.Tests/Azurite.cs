using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Azure.Storage;
using Azure.Storage.Blobs;
using Frazil.AzureBackend;

namespace Frazil.Stores.Tests;

/// <summary>The emulator of Azure Storage, as the environment names it.</summary>
internal static class Azurite
{
    /// <summary>The emulator's well-known account and key, the same for everybody.</summary>
    public const string Account = "devstoreaccount1";

    private const string Key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    public static TableClient Table(string name, SpoiltRequests? spoilt = null)
    {
        var options = AzureClients.ForTables();
        if (spoilt is not null)
        {
            options.Transport = new HttpClientTransport(spoilt);
        }

        return new TableClient(new Uri(Required("FRAZIL_TEST_AZURITE_TABLES")), name, new TableSharedKeyCredential(Account, Key), options);
    }

    public static BlobServiceClient Blobs(SpoiltRequests? spoilt = null)
    {
        var options = AzureClients.ForBlobs();
        if (spoilt is not null)
        {
            options.Transport = new HttpClientTransport(spoilt);
        }

        return new BlobServiceClient(new Uri(Required("FRAZIL_TEST_AZURITE_BLOBS")), new StorageSharedKeyCredential(Account, Key), options);
    }

    private static string Required(string variable) => Environment.GetEnvironmentVariable(variable)
        ?? throw new InvalidOperationException($"{variable} is not set: start the tests with tests/run, which starts the emulators and names them, or start one of tests/emulators and set what it prints");
}

/// <summary>Stands between an Azure client and the network, and spoils the next requests in the way each test orders.</summary>
internal sealed class SpoiltRequests() : DelegatingHandler(new SocketsHttpHandler())
{
    private readonly Queue<Func<HttpRequestMessage, Func<Task<HttpResponseMessage>>, Task<HttpResponseMessage>>> ordered = [];

    /// <summary>The next request does not arrive, and the connection breaks.</summary>
    public void LoseNextRequest() => ordered.Enqueue((_, _) => throw new HttpRequestException("An error occurred while sending the request.", new IOException("broken before it arrived")));

    /// <summary>The next request is carried out; then something happens, and its answer is lost.</summary>
    public void LoseNextAnswer(Func<Task>? meanwhile = null) => ordered.Enqueue(async (_, send) =>
    {
        (await send()).Dispose();
        await (meanwhile?.Invoke() ?? Task.CompletedTask);
        throw new HttpRequestException("The response ended prematurely.", new IOException("broken before the answer arrived"));
    });

    /// <summary>The next request is not carried out, and is answered so.</summary>
    public void AnswerNext(int status, string errorCode) => ordered.Enqueue((request, _) =>
    {
        var response = new HttpResponseMessage((System.Net.HttpStatusCode)status)
        {
            RequestMessage = request,
            Content = new StringContent($$"""{"odata.error":{"code":"{{errorCode}}","message":{"lang":"en-us","value":"{{errorCode}}"} } }""", System.Text.Encoding.UTF8, "application/json"),
        };
        response.Headers.Add("x-ms-error-code", errorCode);
        return Task.FromResult(response);
    });

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        ordered.TryDequeue(out var spoil) ? spoil(request, () => base.SendAsync(request, cancellationToken)) : base.SendAsync(request, cancellationToken);
}
