using System.Runtime.CompilerServices;
using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil;

/// <summary>Tasks as people see and steer them: list, inspect, cancel, run now. Workers lease them.</summary>
public sealed class Tasks(Changes changes, TimeProvider clock, IdSource ids)
{
    /// <summary>Tries of a task before it is given up and waits for a person.</summary>
    public const int MaxAttempts = 5;

    /// <summary>How long a worker has a task without a sign of life.</summary>
    public static readonly TimeSpan LeaseTime = TimeSpan.FromMinutes(5);

    /// <summary>How long a task that ended well or was cancelled is remembered.</summary>
    public static readonly TimeSpan RetentionTime = TimeSpan.FromDays(7);

    private const int MaxMessageLength = 1000;

    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromHours(1);

    /// <summary>The tasks of a catalog, oldest first.</summary>
    public async ValueTask<(IReadOnlyList<TaskEntity> Tasks, string? NextPageToken)> ListAsync(
        CallContext call, TaskState? state, Paging paging, CancellationToken cancellationToken) => await ListPager.ListAsync(
        changes.Store,
        call.Catalog.Partition,
        Keys.Tasks,
        $"tasks {state}",
        paging,
        item => TaskEntity.Read(item) is var task && (state is null || task.State == state) ? task : null,
        cancellationToken);

    /// <summary>A task.</summary>
    /// <exception cref="CatalogException">404.</exception>
    public async ValueTask<TaskEntity> GetAsync(CallContext call, Guid id, CancellationToken cancellationToken) =>
        TaskEntity.Read(await RequireAsync(call, id, cancellationToken));

    /// <summary>
    /// Calls a task off: the files that are left stay for ever, and the table's claims end. A worker that has the task finds out at its next sign of life, and until then may delete;
    /// so the claims end when it has, or when its lease is over.
    /// </summary>
    /// <exception cref="CatalogException">404; 400 when it has ended well or was cancelled already.</exception>
    public ValueTask CancelAsync(CallContext call, Guid id, CancellationToken cancellationToken) => ChangeAsync(call, id, async task => task.State switch
    {
        TaskState.Success or TaskState.Cancelled => throw CatalogException.Validation($"Task {id} has ended already: {task.State}"),
        TaskState.Running when task.LeasedUntil > clock.GetUtcNow() => (task with { State = TaskState.Cancelled, EndedAt = clock.GetUtcNow() }, []),
        _ => await CancelledAsync(call, task, cancellationToken),
    }, cancellationToken);

    /// <summary>Makes a task due now, also one that was given up.</summary>
    /// <exception cref="CatalogException">404; 400 when it has ended well, was cancelled, or is running.</exception>
    public ValueTask RunNowAsync(CallContext call, Guid id, CancellationToken cancellationToken) => ChangeAsync(call, id, task => task.State switch
    {
        TaskState.Scheduled or TaskState.Failed => ValueTask.FromResult<(TaskEntity, IReadOnlyList<Write>)>(
            (task with { State = TaskState.Scheduled, ScheduledFor = clock.GetUtcNow(), EndedAt = null, Attempt = 0 }, [])),
        _ => throw CatalogException.Validation($"Task {id} cannot be run now: it is {task.State}"),
    }, cancellationToken);

    /// <summary>
    /// When the row of a task ends; null for one that is not done, or waits for a person. A cancelled task whose worker never said that it stopped still holds its claims; the next run of the purge
    /// ends them. Never at once: whoever writes it looks at it again.
    /// </summary>
    internal static DateTimeOffset? EndOf(TaskEntity task, DateTimeOffset now) =>
        task is { State: TaskState.Success or TaskState.Cancelled, HoldsClaims: false, LeasedUntil: null, EndedAt: { } end }
            ? end + RetentionTime > now + LeaseTime ? end + RetentionTime : now + LeaseTime
            : null;

    /// <summary>The write that makes a purge task, to be part of the batch that drops or expires the table.</summary>
    internal static Write NewPurge(TrashEntity subject, bool holdsClaims, Guid id, DateTimeOffset now) => new Write.Create(Keys.Task(id), new TaskEntity
    {
        Id = id,
        Subject = subject,
        HoldsClaims = holdsClaims,
        State = TaskState.Scheduled,
        CreatedAt = now,
        ScheduledFor = now,
    }.ToValue());

    /// <summary>Takes the tasks that are due, one after the other, each for this worker alone. One pass: what becomes due behind it waits for the next.</summary>
    internal async IAsyncEnumerable<(TaskEntity Task, string Version)> LeaseDueAsync(CallContext call, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? after = null;
        while (true)
        {
            var page = await changes.Store.ListAsync(call.Catalog.Partition, Keys.Tasks, after, IKeyValueStore.MaxPage, cancellationToken);
            foreach (var item in page)
            {
                if (await LeaseAsync(call, item, cancellationToken) is { } leased)
                {
                    yield return leased;
                }
            }

            if (page.Count < IKeyValueStore.MaxPage)
            {
                yield break;
            }

            after = page[^1].Id;
        }
    }

    /// <summary>
    /// When the table whose purge is not done yet was due that was due first, or null when no purge is left to do. What was given up waits for a person, and does not count.
    /// </summary>
    internal async ValueTask<DateTimeOffset?> OldestDueAsync(CallContext call, CancellationToken cancellationToken)
    {
        DateTimeOffset? oldest = null;
        string? after = null;
        while (true)
        {
            var page = await changes.Store.ListAsync(call.Catalog.Partition, Keys.Tasks, after, IKeyValueStore.MaxPage, cancellationToken);
            foreach (var item in page)
            {
                if (TaskEntity.Read(item) is { State: TaskState.Scheduled or TaskState.Running, Subject.DueAt: var due } && !(due >= oldest))
                {
                    oldest = due;
                }
            }

            if (page.Count < IKeyValueStore.MaxPage)
            {
                return oldest;
            }

            after = page[^1].Id;
        }
    }

    /// <summary>What a task that nobody works on becomes when it is cancelled, with the end of its claims.</summary>
    internal async ValueTask<(TaskEntity Task, IReadOnlyList<Write> Others)> CancelledAsync(CallContext call, TaskEntity task, CancellationToken cancellationToken) => (
        task with { State = TaskState.Cancelled, EndedAt = task.EndedAt ?? clock.GetUtcNow(), LeasedUntil = null, HoldsClaims = false },
        task.HoldsClaims ? await Claims.ReleaseAsync(changes.Store, call, task.Subject.Table, cancellationToken) : []);

    /// <summary>A worker that lost its task says that it has stopped: when it was cancelled, the claims can end now.</summary>
    internal async ValueTask AcknowledgeAsync(CallContext call, Guid id, CancellationToken cancellationToken)
    {
        if (await changes.Store.ReadAsync(call.Catalog.Partition, Keys.Task(id), cancellationToken) is { } item
            && TaskEntity.Read(item) is { State: TaskState.Cancelled, LeasedUntil: not null } task)
        {
            var (ended, released) = await CancelledAsync(call, task, cancellationToken);
            await ReplaceAsync(call, ended, item.Version, released);
        }
    }

    /// <summary>
    /// A lease, a sign of life, or a result. Null when the task is not this worker's any more. Never cut off: a lease that was written, and whose worker does not know of it, would keep the task
    /// from everybody until it is over, and cost a try.
    /// </summary>
    internal async ValueTask<string?> ReplaceAsync(CallContext call, TaskEntity task, string version, IReadOnlyList<Write> others, IReadOnlyList<Claim>? claims = null)
    {
        var value = task.ToValue();
        var end = EndOf(task, clock.GetUtcNow());
        var change = Change.Upkeep([new Write.Replace(Keys.Task(task.Id), value, version) { ExpiresAt = end }, .. others]) with { Claims = claims ?? [] };
        if (!await changes.ApplyAsync(call, change, CancellationToken.None))
        {
            return null;
        }

        // Somebody may have cancelled it since: only what was written just now gives the right to go on.
        var item = await RequireAsync(call, task.Id, CancellationToken.None);
        return item.Value.Span.SequenceEqual(value) ? item.Version : null;
    }

    /// <summary>What a task becomes when a try failed: scheduled again, later each time, or given up.</summary>
    internal TaskEntity Failed(TaskEntity task, string message, bool isFinal)
    {
        var now = clock.GetUtcNow();
        message = message.Length <= MaxMessageLength ? message : message[..MaxMessageLength];
        if (isFinal || task.Attempt >= MaxAttempts)
        {
            CatalogMeter.DeadLetters.Add(1);
            return task with { State = TaskState.Failed, Message = message, EndedAt = now, LeasedUntil = null };
        }

        var delay = TimeSpan.FromTicks(Math.Min(FirstDelay.Ticks << Math.Min(task.Attempt, 10), LongestDelay.Ticks)) * (0.5 + ids.NextChance());
        return task with { State = TaskState.Scheduled, Message = message, ScheduledFor = now + delay, LeasedUntil = null };
    }

    private async ValueTask<(TaskEntity Task, string Version)?> LeaseAsync(CallContext call, Item item, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var task = TaskEntity.Read(item);
        if (task is { State: TaskState.Cancelled, LeasedUntil: { } lease } && lease <= now)
        {
            await AcknowledgeAsync(call, task.Id, cancellationToken); // Its worker died before it found out.
            return null;
        }

        if (!(task.State == TaskState.Scheduled && task.ScheduledFor <= now) && !(task.State == TaskState.Running && task.LeasedUntil <= now))
        {
            return null;
        }

        if (task.Attempt >= MaxAttempts)
        {
            await ReplaceAsync(call, Failed(task, "The worker ended without a result in every try", isFinal: true), item.Version, []);
            return null;
        }

        var leased = task with { State = TaskState.Running, Attempt = task.Attempt + 1, LeasedUntil = now + LeaseTime };
        return await ReplaceAsync(call, leased, item.Version, []) is { } version ? (leased, version) : null;
    }

    private async ValueTask ChangeAsync(
        CallContext call, Guid id, Func<TaskEntity, ValueTask<(TaskEntity Task, IReadOnlyList<Write> Others)>> change, CancellationToken cancellationToken)
    {
        await changes.RunAsync(
            call,
            PrepareAsync,
            () => new CatalogException(ErrorKind.SlowDown, $"Task {id} is being changed by others; nothing was changed. Try again"),
            cancellationToken);

        async ValueTask<Change?> PrepareAsync()
        {
            var item = await RequireAsync(call, id, cancellationToken);
            var before = TaskEntity.Read(item);
            var (after, others) = await change(before);
            return new Change(
                ChangeKind.ControlTask, [new ChangedTask(id, before, after)], [new Write.Replace(item.Id, after.ToValue(), item.Version) { ExpiresAt = EndOf(after, clock.GetUtcNow()) }, .. others], Outcome.Done.Instance);
        }
    }

    private async ValueTask<Item> RequireAsync(CallContext call, Guid id, CancellationToken cancellationToken) =>
        await changes.Store.ReadAsync(call.Catalog.Partition, Keys.Task(id), cancellationToken) ?? throw new CatalogException(ErrorKind.NoSuchTask, $"Task does not exist: {id}");
}
