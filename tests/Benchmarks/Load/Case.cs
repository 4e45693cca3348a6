namespace Frazil.Benchmarks.Load;

/// <summary>One counted operation of a client. Throws <see cref="CheckFailedException"/> when the answer is wrong.</summary>
internal delegate ValueTask Step(RawConnection connection);

/// <summary>One thing that is measured.</summary>
/// <param name="Name">Its name in the report.</param>
/// <param name="NewWorker">Makes the client of a number, from 0.</param>
internal sealed record Case(string Name, Func<int, Step> NewWorker)
{
    /// <summary>Operations of one round, at most; for such as leave much behind.</summary>
    public int MaxOperations { get; init; } = 20_000;

    /// <summary>Clients side by side.</summary>
    public int Connections { get; init; } = 4;

    /// <summary>Whether it is measured so often that it needs no warming up.</summary>
    public bool IsWarm { get; init; }

    /// <summary>How long it is measured, as a part of what was asked for.</summary>
    public double Share { get; init; } = 1;

    /// <summary>What goes on meanwhile and is not counted: then what the server counts is not the case's alone.</summary>
    public Step? Background { get; init; }

    /// <summary>Done before each round.</summary>
    public Func<Task> Prepare { get; init; } = static () => Task.CompletedTask;

    /// <summary>Checks what a round left behind.</summary>
    public Func<Task> Check { get; init; } = static () => Task.CompletedTask;

    /// <summary>Bytes of the table's metadata, when allocations are to be seen against it.</summary>
    public Func<long>? MetadataBytes { get; init; }
}

/// <summary>What one round of a case gave.</summary>
/// <param name="Operations">Operations done.</param>
/// <param name="Elapsed">Time it took.</param>
/// <param name="Counted">What the server counted meanwhile.</param>
/// <param name="Milliseconds">How long each operation took, in order of length.</param>
internal sealed record Round(int Operations, TimeSpan Elapsed, Counters Counted, double[] Milliseconds)
{
    public double PerSecond => Operations / Elapsed.TotalSeconds;

    public double PerProcessorSecond => Operations / Counted.ProcessorSeconds;

    public double Percentile(double part) => Milliseconds.Length == 0 ? 0 : Milliseconds[(int)(part * (Milliseconds.Length - 1))];
}
