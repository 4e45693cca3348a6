using System.Diagnostics;
using System.Reflection;
using System.Text;
using Frazil.Storage;

namespace Frazil.Stores.Tests;

/// <summary>Run when no other test runs: whoever listens hears the whole process.</summary>
[CollectionDefinition(nameof(SpanTests), DisableParallelization = true)]
public sealed class SpanTestsRunAlone;

/// <summary>Spans of what is asked of stores: none, at no cost, while nobody listens.</summary>
[Collection(nameof(SpanTests))]
public sealed class SpanTests
{
    private const int Calls = 10_000;
    private const string File = "memory://warehouse/f";

    // Without optimization an asynchronous method's state is an object of its own, whatever the method does.
    private const long LargestState = 256;

    private readonly InMemoryKeyValueStore plain = new();
    private readonly MeteredKeyValueStore store;
    private readonly MeteredObjectStore files = new MeteredObjectStore(new InMemoryObjectStore("memory://warehouse/"), "memory", TimeProvider.System);

    public SpanTests() => store = new MeteredKeyValueStore(plain, "memory", TimeProvider.System);

    [Fact]
    public async Task While_nobody_listens_a_measured_read_allocates_no_more_than_the_read()
    {
        await store.WriteAsync("p", "c1", [new Write.Create("a", Encoding.UTF8.GetBytes("1"))], default);

        var direct = Allocated(() => plain.ReadAsync("p", "a", default));
        var isOptimized = typeof(Spans).Assembly.GetCustomAttribute<DebuggableAttribute>()?.IsJITOptimizerDisabled != true;
        Assert.InRange(Allocated(() => store.ReadAsync("p", "a", default)), direct, direct + (isOptimized ? 0 : Calls * LargestState));
        Assert.Equal(0, Allocated(() =>
        {
            Assert.Null(Spans.StartRequest("GET", default));
            return default;
        }));
    }

    [Fact]
    public async Task Every_operation_is_a_span_below_the_request_s_and_calls_beside_each_other_stand_beside_each_other()
    {
        List<Activity> ended = [];
        using var listener = Listen(ended);
        using (var request = Spans.StartRequest("GET", new ActivityContext(ActivityTraceId.CreateFromString("4bf92f3577b34da6a3ce929d0e0e4736"), ActivitySpanId.CreateFromString("00f067aa0ba902b7"), ActivityTraceFlags.Recorded, isRemote: true)))
        {
            Assert.Equal(("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"), (request!.TraceId.ToHexString(), request.ParentSpanId.ToHexString()));
            await store.WriteAsync("p", "c1", [new Write.Create("a", Encoding.UTF8.GetBytes("1"))], default);
            await Task.WhenAll(store.ReadAsync("p", "a", default).AsTask(), store.ReadManyAsync("p", ["a"], default).AsTask());
            await store.ListAsync("p", "a/", null, 10, default);
            await files.CreateAsync(File, new byte[1], default);
            await files.ReadAsync(File, default);
            await using (await files.OpenReadAsync(File, default))
            {
            }

            await files.DeleteAsync(File, default);
            Assert.Same(request, Activity.Current);
            Assert.All(ended, span => Assert.Equal(request.SpanId, span.ParentSpanId));
        }

        Assert.Equal(
            ["store write", "store read", "store read_many", "store list", "file create", "file read", "file open", "file delete", "GET"], ended.Select(span => span.DisplayName));
        Assert.All(ended.SkipLast(1), span => Assert.Equal(("memory", span.DisplayName.Split(' ')[1], ActivityKind.Client), (span.GetTagItem("store"), span.GetTagItem("op"), span.Kind)));
    }

    [Fact]
    public async Task A_failure_marks_its_span_by_its_kind_and_not_by_its_message()
    {
        List<Activity> ended = [];
        using var listener = Listen(ended);
        await Assert.ThrowsAnyAsync<Exception>(() => files.ReadAsync("s3://elsewhere/hunter2", default).AsTask());

        var span = Assert.Single(ended);
        Assert.Equal((ActivityStatusCode.Error, "CatalogException"), (span.Status, span.GetTagItem("error.type")));
        Assert.DoesNotContain(span.TagObjects, tag => tag.Value?.ToString()!.Contains("hunter2", StringComparison.Ordinal) == true);
    }

    private static ActivityListener Listen(List<Activity> ended)
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == MetricList.Namespace,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = ended.Add,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }

    /// <summary>Bytes that so many calls allocate on this thread. All of them must complete at once.</summary>
    private static long Allocated(Func<ValueTask<Item?>> call)
    {
        for (var warm = 0; warm < 2; warm++)
        {
            Run();
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        Run();
        return GC.GetAllocatedBytesForCurrentThread() - before;

        void Run()
        {
            for (var i = 0; i < Calls; i++)
            {
                var result = call();
                Assert.True(result.IsCompletedSuccessfully);
            }
        }
    }
}
