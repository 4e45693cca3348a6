using System.Net;
using System.Text;
using Amazon.DynamoDBv2;
using Amazon.Runtime;
using Amazon.S3;
using Frazil.AwsBackend;

namespace Frazil.Stores.Tests;

/// <summary>The emulators of AWS' services, as the environment names them.</summary>
internal static class Aws
{
    public static AmazonDynamoDBClient DynamoDb(Faults? faults = null) => new(
        new BasicAWSCredentials("test", "test"),
        AwsClients.Configure(new AmazonDynamoDBConfig { ServiceURL = Required("FRAZIL_TEST_DYNAMODB"), AuthenticationRegion = "us-east-1", HttpClientFactory = faults }));

    public static AmazonS3Client S3(Faults? faults = null) => new(
        new BasicAWSCredentials(Required("FRAZIL_TEST_S3_ACCESS_KEY"), Required("FRAZIL_TEST_S3_SECRET_KEY")),
        AwsClients.Configure(new AmazonS3Config { ServiceURL = Required("FRAZIL_TEST_S3"), AuthenticationRegion = "us-east-1", HttpClientFactory = faults }));

    private static string Required(string variable) => Environment.GetEnvironmentVariable(variable)
        ?? throw new InvalidOperationException($"{variable} is not set: start the tests with tests/run, which starts the emulators and names them, or start one of tests/emulators and set what it prints");
}

/// <summary>Stands between an AWS client and the network, and spoils the next requests in the way each test orders.</summary>
internal sealed class Faults : HttpClientFactory
{
    private readonly Queue<Fault> ordered = [];

    public delegate Task<HttpResponseMessage> Fault(HttpRequestMessage request, Func<Task<HttpResponseMessage>> send);

    /// <summary>What befalls requests that no fault was ordered for; null for nothing.</summary>
    public Func<Fault?>? Weather { get; set; }

    /// <summary>Requests that went through here since the last <see cref="Next"/>.</summary>
    public int Requests { get; private set; }

    /// <summary>Nothing befalls the request.</summary>
    public static Fault None { get; } = (_, send) => send();

    /// <summary>The request does not arrive.</summary>
    public static Fault LostBefore(Func<Task>? meanwhile = null) => async (_, _) =>
    {
        await (meanwhile?.Invoke() ?? Task.CompletedTask);
        throw new HttpRequestException("An error occurred while sending the request.", new IOException("the connection broke before the request arrived"));
    };

    /// <summary>The request is carried out, and its answer does not arrive.</summary>
    public static Fault LostAfter(Func<Task>? meanwhile = null) => async (_, send) =>
    {
        (await send()).Dispose();
        await (meanwhile?.Invoke() ?? Task.CompletedTask);
        throw new HttpRequestException("The response ended prematurely.", new IOException("the connection broke before the answer arrived"));
    };

    /// <summary>The request is carried out, and answered with an error.</summary>
    public static Fault AnsweredAfter(HttpStatusCode status, string body) => async (request, send) =>
    {
        (await send()).Dispose();
        return await Answered(status, body)(request, send);
    };

    /// <summary>The request is carried out, and the connection breaks in the middle of the answer's body.</summary>
    public static Fault CutShort() => async (_, send) =>
    {
        var response = await send();
        var whole = await response.Content.ReadAsByteArrayAsync();
        var cut = new StreamContent(new MemoryStream(whole, 0, whole.Length / 2));
        foreach (var (name, values) in response.Content.Headers)
        {
            cut.Headers.TryAddWithoutValidation(name, values);
        }

        cut.Headers.ContentLength = whole.Length;
        response.Content = cut;
        return response;
    };

    /// <summary>The request is not carried out, and answered with an error.</summary>
    public static Fault Answered(HttpStatusCode status, string body) => (request, _) => Task.FromResult(
        new HttpResponseMessage(status) { RequestMessage = request, Content = new StringContent(body, Encoding.UTF8, body.StartsWith('{') ? "application/x-amz-json-1.0" : "application/xml") });

    /// <summary>Waits as long as the client does.</summary>
    public static Fault TimedOut() => (_, _) => throw new TaskCanceledException("The request was canceled due to the configured HttpClient.Timeout", new TimeoutException());

    public void Next(params Fault[] faults)
    {
        ordered.Clear();
        Requests = 0;
        foreach (var fault in faults)
        {
            ordered.Enqueue(fault);
        }
    }

    public override HttpClient CreateHttpClient(IClientConfig clientConfig) => new(new Handler(this));

    public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

    public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;

    private sealed class Handler(Faults faults) : DelegatingHandler(new SocketsHttpHandler())
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            faults.Requests++;
            var fault = faults.ordered.TryDequeue(out var ordered) ? ordered : faults.Weather?.Invoke();
            return fault is null ? base.SendAsync(request, cancellationToken) : fault(request, () => base.SendAsync(request, cancellationToken));
        }
    }
}

/// <summary>A clock whose timers ring at once, so that a test of retries does not wait for them.</summary>
internal sealed class InstantTime : TimeProvider
{
    public List<TimeSpan> Waits { get; } = [];

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Waits.Add(dueTime);
        return base.CreateTimer(callback, state, TimeSpan.Zero, period);
    }
}
