using System.Diagnostics;

namespace Frazil;

/// <summary>
/// What one request was about, where its time went and what memory it holds, gathered on its way for the one line that is logged of it. Whoever answers a request calls
/// <see cref="Begin"/> and, at its end, <see cref="Release"/>; the measured stores and the commits below add to <see cref="Current"/>, and to nothing when nobody began.
/// </summary>
/// <remarks>Operations that run side by side each add their whole duration: the sum can be more than the request took.</remarks>
#pragma warning disable CA1001 // the whole ends with Release, as parts of it do with Dispose
public sealed class Measures
#pragma warning restore CA1001
{
    // The part of a request that is under way: where nobody began one, the whole of it.
    private static readonly AsyncLocal<Part?> Ambient = new();

    private readonly Part whole;
    private long storeTicks;
    private long fileTicks;

    private Measures(MemoryBudget memory) => whole = new Part(this, null, memory);

    /// <summary>Those of the request under way, or null.</summary>
    public static Measures? Current => Ambient.Value?.Measures;

    /// <summary>Milliseconds that finding out who asks took.</summary>
    public double AuthMs { get; set; }

    /// <summary>Milliseconds in the key-value store.</summary>
    public double StoreMs => TimeSpan.FromTicks(Interlocked.Read(ref storeTicks)).TotalMilliseconds;

    /// <summary>Milliseconds in the files of the warehouse.</summary>
    public double FileMs => TimeSpan.FromTicks(Interlocked.Read(ref fileTicks)).TotalMilliseconds;

    /// <summary>The commit id of the last batch that was sent to the store (<see cref="StoreWriter"/>), or null when nothing was to be written.</summary>
    public string? CommitId { get; internal set; }

    /// <summary>The metadata file that a commit wrote last and, unless it failed, made current; of a transaction one of them. Null when it wrote none.</summary>
    public string? MetadataLocation { get; internal set; }

    /// <summary>Attempts that the commit took; 0 when the request was none.</summary>
    public int Attempts { get; internal set; }

    /// <summary>The id of the table or view that was read or changed last; null when none was found.</summary>
    public Guid? TableId { get; internal set; }

    /// <summary>Begins to gather for what the caller does from here on.</summary>
    /// <param name="memory">What the memory that it holds is taken from.</param>
    public static Measures Begin(MemoryBudget memory)
    {
        var measures = new Measures(memory);
        Ambient.Value = measures.whole;
        return measures;
    }

    /// <summary>
    /// Begins a part of the request under way, at whose end the memory that was held within it is given back: for what is tried again and again, or done to one thing after the other. Otherwise
    /// their sum is held, and what could be done is refused.
    /// </summary>
    /// <returns>To be disposed of at its end, by the method that began it; null when no request is under way.</returns>
    public static Part? BeginPart() => Ambient.Value is { } outer ? Ambient.Value = outer.Begin() : null;

    /// <summary>Counts memory that the request holds until its end, or until that of the part under way. Asked for before it is taken, where it may be much.</summary>
    /// <param name="bytes">How much.</param>
    /// <exception cref="Iceberg.CatalogException">503 when requests hold too much already; 413 when this one wants more than there is for all.</exception>
    public void Hold(long bytes) => (Ambient.Value is { } part && part.Measures == this ? part : whole).Hold(bytes);

    /// <summary>Gives back what the request held. What goes on for others after its end holds no more.</summary>
    public void Release() => whole.Release();

    internal void AddStore(TimeSpan elapsed) => Interlocked.Add(ref storeTicks, elapsed.Ticks);

    internal void AddFile(TimeSpan elapsed) => Interlocked.Add(ref fileTicks, elapsed.Ticks);

    /// <summary>What holds memory for as long as it lasts.</summary>
    public sealed class Part : IDisposable
    {
        // So far below nothing that whatever is added stays below.
        private const long Over = long.MinValue / 2;

        private readonly Part? outer;
        private readonly MemoryBudget memory;
        private long held;

        internal Part(Measures measures, Part? outer, MemoryBudget memory) => (Measures, this.outer, this.memory) = (measures, outer, memory);

        internal Measures Measures { get; }

        /// <summary>Bytes that it holds, and what it is a part of.</summary>
        private long Held => Math.Max(0, Interlocked.Read(ref held)) + (outer?.Held ?? 0);

        /// <summary>Leaves what it holds to what it is a part of: it went well, and what was made is needed beyond it.</summary>
        public void Keep() => outer!.Add(End());

        /// <summary>Ends it. What goes on for others holds no more.</summary>
        public void Dispose()
        {
            Release();
            Ambient.Value = outer;
        }

        internal Part Begin() => new(Measures, this, memory);

        internal void Hold(long bytes)
        {
            memory.Take(bytes, Held);
            Add(bytes);
        }

        internal void Release() => memory.Return(End());

        private void Add(long bytes)
        {
            if (Interlocked.Add(ref held, bytes) < 0)
            {
                memory.Return(bytes);
            }
        }

        private long End() => Math.Max(0, Interlocked.Exchange(ref held, Over));
    }
}

/// <summary>
/// Spans for whoever traces: one of a request, one of each operation on the store and on files, one of a job's run, in the source <see cref="MetricList.Namespace"/>.
/// While nobody listens none is made, and nothing is allocated.
/// </summary>
public static class Spans
{
    private static readonly ActivitySource Source = new(MetricList.Namespace);

    /// <summary>Begins the span of a request: below the one under way in this process (a function's), else below the client's.</summary>
    /// <param name="method">The HTTP method; the span is named by its operation as soon as that is known.</param>
    /// <param name="client">The client's span, as <c>traceparent</c> and <c>tracestate</c> tell it; the default when they tell none.</param>
    /// <returns>The span, or null when nobody listens or this trace is not to be recorded.</returns>
    public static Activity? StartRequest(string method, ActivityContext client) =>
        Source.HasListeners() ? Source.StartActivity(method, ActivityKind.Server, Activity.Current is null ? client : default) : null;

    internal static Activity? StartJob(string job)
    {
        if (!Source.HasListeners() || Source.StartActivity("job " + job) is not { } span)
        {
            return null;
        }

        span.SetTag("job", job);
        return span;
    }

    /// <param name="name">The span's name: what is asked, and what for.</param>
    /// <param name="store">The tag <c>store</c>, as in metrics.</param>
    /// <param name="operation">The tag <c>op</c>, as in metrics.</param>
    internal static Activity? StartOperation(string name, KeyValuePair<string, object?> store, string operation)
    {
        if (!Source.HasListeners() || Source.StartActivity(name, ActivityKind.Client) is not { } span)
        {
            return null;
        }

        span.SetTag(store.Key, store.Value);
        span.SetTag("op", operation);
        return span;
    }

    /// <summary>Marks a span as failed, by the kind of the failure alone: messages belong into the log.</summary>
    internal static void Failed(this Activity? span, Exception exception)
    {
        if (span is not null)
        {
            span.SetTag("error.type", exception.GetType().Name);
            span.SetStatus(ActivityStatusCode.Error);
        }
    }
}
