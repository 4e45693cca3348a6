using System.Text;
using System.Threading.Channels;

namespace Frazil.LambdaEmulator;

/// <summary>What a function is.</summary>
public sealed record LambdaOptions
{
    /// <summary>A .dll, which is run with <c>dotnet</c>, or an executable.</summary>
    public required string Program { get; init; }

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Instances at most. Each takes one invocation at a time; a further one is started when all are busy.</summary>
    public int MaxInstances { get; init; } = 1;

    /// <summary>When an invocation is ended, and its instance with it. May be changed: it counts for what is invoked from then on.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether an instance that waits for work is frozen, as Lambda does: nothing that it left running goes on until its next invocation.</summary>
    public bool Freezes { get; init; } = true;

    public string Region { get; init; } = "us-east-1";

    /// <summary>Gets every line that an instance writes.</summary>
    public Action<string>? Log { get; init; }
}

/// <summary>What an invocation came to: an answer, or what it failed with.</summary>
public sealed record InvocationResult(string RequestId, ReadOnlyMemory<byte> Payload, bool IsFailure)
{
    public string Text => Encoding.UTF8.GetString(Payload.Span);
}

/// <summary>From the start of an instance's process.</summary>
/// <param name="ToReady">Until it asked for work: the init phase.</param>
/// <param name="ToAnswer">Until its first answer.</param>
/// <param name="PeakBytes">The most memory that it had resident by then.</param>
public sealed record ColdStart(TimeSpan ToReady, TimeSpan ToAnswer, long PeakBytes);

/// <summary>A function: its instances, and the invocations that wait for one.</summary>
public sealed class LambdaFunction(LambdaOptions options) : IAsyncDisposable
{
    /// <summary>Bytes of an event, and of an answer. Lambda calls it 6 MB, and allows a little more.</summary>
    public const int MaxPayloadBytes = 6_291_556;

    private readonly Channel<Invocation> waiting = Channel.CreateUnbounded<Invocation>();
    private readonly List<Instance> instances = [];
    private int outstanding;
    private bool isDisposed;

    public LambdaOptions Options { get; } = options;

    internal ChannelReader<Invocation> Waiting => waiting.Reader;

    public IReadOnlyList<ColdStart> ColdStarts => [.. All.Select(instance => instance.ColdStart).OfType<ColdStart>()];

    /// <summary>What the instances wrote.</summary>
    public IReadOnlyList<string> Output => [.. All.SelectMany(instance => instance.Output)];

    /// <summary>Instances that run.</summary>
    public int InstanceCount => All.Count(instance => instance.IsAlive);

    /// <summary>Instances that were started.</summary>
    public int StartCount => All.Length;

    private Instance[] All
    {
        get
        {
            lock (instances)
            {
                return [.. instances];
            }
        }
    }

    /// <summary>Invokes it with an event, and waits for its answer.</summary>
    public async Task<InvocationResult> InvokeAsync(ReadOnlyMemory<byte> payload)
    {
        var invocation = new Invocation(Guid.NewGuid().ToString(), payload);
        Interlocked.Increment(ref outstanding);
        try
        {
            await waiting.Writer.WriteAsync(invocation);
            await ScaleAsync();
            return await invocation.Result;
        }
        finally
        {
            Interlocked.Decrement(ref outstanding);
        }
    }

    public Task<InvocationResult> InvokeAsync(string payload) => InvokeAsync(Encoding.UTF8.GetBytes(payload));

    /// <summary>Ends an instance in the middle of its invocation, as a lack of memory would.</summary>
    /// <returns>Whether one was busy.</returns>
    public bool KillBusy() => All.Any(instance => instance.KillIfBusy());

    public async ValueTask DisposeAsync()
    {
        lock (instances)
        {
            isDisposed = true;
        }

        await Task.WhenAll(All.Select(instance => instance.DisposeAsync().AsTask()));
    }

    /// <summary>Starts an instance when more invocations are under way than instances run.</summary>
    internal async Task ScaleAsync()
    {
        Instance instance;
        lock (instances)
        {
            var alive = instances.Count(one => one.IsAlive);
            if (isDisposed || alive >= Options.MaxInstances || alive >= Volatile.Read(ref outstanding))
            {
                return;
            }

            instance = new Instance(this);
            instances.Add(instance);
        }

        await instance.StartAsync();
    }

    /// <summary>The invocation for which an instance was started that ended before it took one.</summary>
    internal Invocation? TakeOrphan() => waiting.Reader.TryRead(out var invocation) ? invocation : null;
}

/// <summary>An event on its way.</summary>
internal sealed class Invocation(string id, ReadOnlyMemory<byte> payload)
{
    private readonly TaskCompletionSource<InvocationResult> result = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Id { get; } = id;

    public ReadOnlyMemory<byte> Payload { get; } = payload;

    public Task<InvocationResult> Result => result.Task;

    public bool Answer(ReadOnlyMemory<byte> answer) => result.TrySetResult(new InvocationResult(Id, answer, IsFailure: false));

    public bool Fail(ReadOnlyMemory<byte> error) => result.TrySetResult(new InvocationResult(Id, error, IsFailure: true));

    public bool Fail(string type, string message) => Fail(Encoding.UTF8.GetBytes($$"""{"errorType":"{{type}}","errorMessage":"RequestId: {{Id}} Error: {{message}}"}"""));
}
