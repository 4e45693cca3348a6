using System.Collections.Concurrent;
using System.Threading.Channels;
using Frazil.FunctionsHost.Protocol;
using Grpc.Core;

namespace Frazil.FunctionsHost;

/// <summary>The worker did not do what it was asked to.</summary>
public sealed class WorkerException(string message) : Exception(message);

/// <summary>The conversation with one worker: sends, and finds for each answer the question.</summary>
internal sealed class WorkerChannel(Action<RpcLog> log)
{
    private readonly Channel<StreamingMessage> outbox = Channel.CreateUnbounded<StreamingMessage>();
    private readonly ConcurrentDictionary<string, TaskCompletionSource<StreamingMessage>> answers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, TaskCompletionSource<InvocationResponse>> invocations = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string? ended;

    /// <summary>The worker has connected.</summary>
    public Task Started => started.Task;

    /// <summary>Invocations under way.</summary>
    public int Pending => invocations.Count;

    /// <summary>Asks, and waits for the answer.</summary>
    public async Task<StreamingMessage> AskAsync(StreamingMessage message, TimeSpan patience)
    {
        message.RequestId = Guid.NewGuid().ToString();
        var answer = new TaskCompletionSource<StreamingMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
        answers[message.RequestId] = answer;
        Post(message);
        FailIfEnded();
        try
        {
            return await answer.Task.WaitAsync(patience);
        }
        catch (TimeoutException)
        {
            throw new WorkerException($"the worker did not answer {message.ContentCase} within {patience.TotalSeconds:0} s");
        }
        finally
        {
            answers.TryRemove(message.RequestId, out _);
        }
    }

    /// <summary>Starts an invocation.</summary>
    public Task<InvocationResponse> InvokeAsync(InvocationRequest request)
    {
        var response = new TaskCompletionSource<InvocationResponse>(TaskCreationOptions.RunContinuationsAsynchronously);
        invocations[request.InvocationId] = response;
        Post(new StreamingMessage { RequestId = Guid.NewGuid().ToString(), InvocationRequest = request });
        FailIfEnded();
        return response.Task;
    }

    /// <summary>Sends what has no answer.</summary>
    public void Post(StreamingMessage message) => outbox.Writer.TryWrite(message);

    /// <summary>Fails everything that waits: the worker is gone.</summary>
    public void End(string reason)
    {
        ended ??= reason;
        FailIfEnded();
        outbox.Writer.TryComplete();
    }

    /// <summary>Carries the stream until it ends.</summary>
    public async Task RunAsync(IAsyncStreamReader<StreamingMessage> reader, IServerStreamWriter<StreamingMessage> writer, CancellationToken cancellationToken)
    {
        started.TrySetResult();
        var sending = SendAsync(writer, cancellationToken);
        try
        {
            while (await reader.MoveNext(cancellationToken))
            {
                Receive(reader.Current);
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or Grpc.Core.RpcException)
        {
            // A worker that stops breaks its stream off.
        }

        End("the worker's stream has ended");
        await sending;
    }

    private async Task SendAsync(IServerStreamWriter<StreamingMessage> writer, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var message in outbox.Reader.ReadAllAsync(cancellationToken))
            {
                await writer.WriteAsync(message, cancellationToken);
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or InvalidOperationException)
        {
            // The stream is gone; the reader tells.
        }
    }

    private void Receive(StreamingMessage message)
    {
        switch (message.ContentCase)
        {
            case StreamingMessage.ContentOneofCase.RpcLog:
                log(message.RpcLog);
                break;
            case StreamingMessage.ContentOneofCase.InvocationResponse:
                if (invocations.TryRemove(message.InvocationResponse.InvocationId, out var invocation))
                {
                    invocation.TrySetResult(message.InvocationResponse);
                }

                break;
            case StreamingMessage.ContentOneofCase.None:
                break;
            default:
                if (answers.TryGetValue(message.RequestId, out var answer))
                {
                    answer.TrySetResult(message);
                }

                break;
        }
    }

    private void FailIfEnded()
    {
        if (ended is null)
        {
            return;
        }

        var exception = new WorkerException(ended);
        started.TrySetException(exception);
        foreach (var answer in answers.Values)
        {
            answer.TrySetException(exception);
        }

        foreach (var (id, invocation) in invocations)
        {
            invocations.TryRemove(id, out _);
            invocation.TrySetException(exception);
        }
    }
}

/// <summary>The service that workers connect to. A worker names itself in its first message.</summary>
internal sealed class WorkerService(Func<string, WorkerChannel?> find) : FunctionRpc.FunctionRpcBase
{
    public override async Task EventStream(IAsyncStreamReader<StreamingMessage> requestStream, IServerStreamWriter<StreamingMessage> responseStream, ServerCallContext context)
    {
        if (await requestStream.MoveNext(context.CancellationToken)
            && requestStream.Current is { ContentCase: StreamingMessage.ContentOneofCase.StartStream } first
            && find(first.StartStream.WorkerId) is { } channel)
        {
            await channel.RunAsync(requestStream, responseStream, context.CancellationToken);
        }
    }
}
