namespace Frazil;

/// <summary>
/// Lets the writers of one row that are in this process take turns, so that they do not waste files and writes on races with each other.
/// A courtesy only: truth is decided by the store's conditions, also between processes.
/// </summary>
internal sealed class Turns
{
    private readonly Dictionary<string, Turn> turns = new(StringComparer.Ordinal);
    private readonly Lock gate = new();

    /// <summary>Waits for the turns of rows, in one order, so that two of them never wait for each other. Dispose the answer to end them.</summary>
    public async ValueTask<IDisposable> TakeAsync(string partition, IReadOnlyList<string> rows, CancellationToken cancellationToken)
    {
        if (rows is [var row])
        {
            return await TakeAsync($"{partition} {row}", cancellationToken);
        }

        var held = new Leases();
        try
        {
            foreach (var next in rows.Order(StringComparer.Ordinal))
            {
                held.Add(await TakeAsync($"{partition} {next}", cancellationToken));
            }

            return held;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    private async ValueTask<IDisposable> TakeAsync(string key, CancellationToken cancellationToken)
    {
        Turn turn;
        lock (gate)
        {
            if (!turns.TryGetValue(key, out turn!))
            {
                turns.Add(key, turn = new Turn());
            }

            turn.Holders++;
        }

        try
        {
            await turn.Semaphore.WaitAsync(cancellationToken);
        }
        catch
        {
            Leave(key, turn);
            throw;
        }

        return new Lease(this, key, turn);
    }

    private void Leave(string key, Turn turn)
    {
        lock (gate)
        {
            if (--turn.Holders == 0)
            {
                turns.Remove(key);
            }
        }
    }

    private sealed class Turn
    {
        public SemaphoreSlim Semaphore { get; } = new(1, 1);

        public int Holders { get; set; }
    }

    private sealed class Leases : List<IDisposable>, IDisposable
    {
        public void Dispose() => ForEach(lease => lease.Dispose());
    }

    private sealed class Lease(Turns owner, string key, Turn turn) : IDisposable
    {
        private Turn? held = turn;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref held, null) is { } mine)
            {
                mine.Semaphore.Release();
                owner.Leave(key, mine);
            }
        }
    }
}
