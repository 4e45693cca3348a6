namespace Frazil.Storage;

/// <summary>The rules of a batch, the same for every backend.</summary>
public static class Batches
{
    /// <summary>Refuses a batch that breaks a limit of <see cref="IKeyValueStore"/>, before anything is sent.</summary>
    /// <exception cref="ArgumentException">The sentence names the limit.</exception>
    public static void Check(string partition, string commitId, IReadOnlyList<Write> writes)
    {
        Ids.CheckPartition(partition);
        CheckCommitId(commitId);
        ArgumentNullException.ThrowIfNull(writes);
        if (writes.Count == 0 || CountOf(writes) > IKeyValueStore.MaxBatch)
        {
            throw new ArgumentException($"a batch has 1 to {IKeyValueStore.MaxBatch} writes (MaxBatch), this one has {CountOf(writes)}", nameof(writes));
        }

        var bytes = 0L;
        var ids = new HashSet<string>(writes.Count, StringComparer.Ordinal);
        foreach (var write in writes)
        {
            Ids.Check(write.Id);
            if (!ids.Add(write.Id))
            {
                throw new ArgumentException($"a batch writes each id once; '{write.Id}' comes twice", nameof(writes));
            }

            CheckVersion(write, commitId);
            bytes += CheckValue(write);
        }

        if (bytes > IKeyValueStore.MaxBatchBytes)
        {
            throw new ArgumentException($"the values of a batch have at most {IKeyValueStore.MaxBatchBytes} bytes together (MaxBatchBytes), these have {bytes}", nameof(writes));
        }
    }

    /// <summary>What makes a batch too large for one, or null: a predicate that names the limit.</summary>
    public static string? ExcessOf(IReadOnlyList<Write> writes)
    {
        if (CountOf(writes) is > IKeyValueStore.MaxBatch and var count)
        {
            return $"must not take more than {IKeyValueStore.MaxBatch} rows, this one takes {count}";
        }

        var bytes = 0L;
        foreach (var write in writes)
        {
            var length = NewValue(write)?.Length ?? 0;
            if (length > IKeyValueStore.MaxValueBytes)
            {
                return $"must not write a row of more than {IKeyValueStore.MaxValueBytes} bytes, '{write.Id}' would have {length}";
            }

            bytes += length;
        }

        return bytes > IKeyValueStore.MaxBatchBytes ? $"must not write more than {IKeyValueStore.MaxBatchBytes} bytes of rows, this one writes {bytes}" : null;
    }

    /// <summary>The version that a write requires of its row; null for a <see cref="Write.Create"/>, which requires that there is none.</summary>
    public static string? RequiredVersion(Write write) => write switch
    {
        Write.Create => null,
        Write.Replace replace => replace.Version,
        Write.Delete delete => delete.Version,
        Write.Check check => check.Version,
        _ => throw new ArgumentOutOfRangeException(nameof(write), write, "no such kind of write"),
    };

    /// <summary>The value that a write puts; null for one that puts none.</summary>
    public static ReadOnlyMemory<byte>? NewValue(Write write) => write switch
    {
        Write.Create create => create.Value,
        Write.Replace replace => replace.Value,
        _ => null,
    };

    /// <summary>When the row of a write ends, in whole seconds of Unix time, rounded up; null when it does not.</summary>
    public static long? EndOf(Write write) => (write switch
    {
        Write.Create create => create.ExpiresAt,
        Write.Replace replace => replace.ExpiresAt,
        _ => null,
    }) is { } end ? (end.ToUnixTimeMilliseconds() + 999) / 1000 : null;

    /// <summary>Whether a row with this end, in seconds of Unix time, has ended.</summary>
    public static bool HasEnded(long? end, TimeProvider clock) => end <= clock.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>Writes as they count for <see cref="IKeyValueStore.MaxBatch"/>.</summary>
    private static int CountOf(IReadOnlyList<Write> writes) => writes.Count + writes.Count(write => EndOf(write) is not null);

    /// <summary>
    /// Decides a batch against the rows as they stand, for a store that holds still meanwhile and whose versions are commit ids.
    /// </summary>
    /// <param name="commitId">The batch.</param>
    /// <param name="writes">Its writes.</param>
    /// <param name="versionOf">The version of a row now, null when there is none.</param>
    /// <param name="isRepeat">The batch was applied before: a row that it made or replaced still carries its commit id. There is nothing left to do.</param>
    /// <returns>Applied when every condition holds (or held, for a repeat), else the first that does not.</returns>
    public static WriteResult Judge(string commitId, IReadOnlyList<Write> writes, Func<string, string?> versionOf, out bool isRepeat)
    {
        string? refusedBy = null;
        isRepeat = false;
        foreach (var write in writes)
        {
            var version = versionOf(write.Id);
            if (version == RequiredVersion(write))
            {
                continue;
            }

            refusedBy ??= write.Id;
            if (version == commitId && NewValue(write) is not null)
            {
                isRepeat = true;
                return WriteResult.Applied;
            }
        }

        return new WriteResult(refusedBy);
    }

    private static void CheckCommitId(string commitId)
    {
        ArgumentException.ThrowIfNullOrEmpty(commitId);
        if (commitId.Length > IKeyValueStore.MaxCommitIdLength || !commitId.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'))
        {
            throw new ArgumentException($"a commit id is 1 to {IKeyValueStore.MaxCommitIdLength} of the characters A-Z a-z 0-9 - (MaxCommitIdLength)", nameof(commitId));
        }
    }

    private static void CheckVersion(Write write, string commitId)
    {
        switch (RequiredVersion(write))
        {
            case null when write is not Write.Create:
            case "":
                throw new ArgumentException($"the write of '{write.Id}' names no version", nameof(write));
            case { } version when version == commitId:
                throw new ArgumentException($"the write of '{write.Id}' names the batch's own commit id as its version: a commit id serves for one batch", nameof(write));
        }
    }

    private static int CheckValue(Write write)
    {
        var length = NewValue(write)?.Length ?? 0;
        return length <= IKeyValueStore.MaxValueBytes
            ? length
            : throw new ArgumentException($"a value has at most {IKeyValueStore.MaxValueBytes} bytes (MaxValueBytes), that of '{write.Id}' has {length}", nameof(write));
    }
}
