using Frazil.Storage;

namespace Frazil.Api.Tests;

/// <summary>What can be asked of a store or of a storage.</summary>
public enum CallKind
{
    Read,
    ReadMany,
    List,
    Write,
    ReadFile,
    CreateFile,
    DeleteFile,
    Sweep,
}

/// <summary>One call of a process to what it stands on.</summary>
/// <param name="Number">Its place among the calls since the seam was cleared, from 0.</param>
/// <param name="Kind">What was asked.</param>
/// <param name="Target">The id, prefix, or location; of a batch the ids of its writes.</param>
/// <param name="Writes">A batch's writes.</param>
public sealed record Call(int Number, CallKind Kind, string Target, IReadOnlyList<Write> Writes)
{
    /// <summary>Whether it changes something.</summary>
    public bool IsChange => Kind is CallKind.Write or CallKind.CreateFile or CallKind.DeleteFile;

    public override string ToString() => $"#{Number} {Kind} {Target}";
}

/// <summary>The process is gone: whatever it asks for from now on does not happen.</summary>
public sealed class ProcessDiedException() : Exception("the process died here");

/// <summary>
/// Where a process meets its store and storage. A test counts the calls here, holds them, and makes them fail before or after they did their work.
/// </summary>
public sealed class Seam
{
    private readonly Lock gate = new();
    private readonly List<Call> calls = [];
    private readonly List<Rule> rules = [];
    private bool isDead;

    /// <summary>The calls since the seam was cleared.</summary>
    public IReadOnlyList<Call> Calls
    {
        get
        {
            lock (gate)
            {
                return [.. calls];
            }
        }
    }

    /// <summary>How many of them are of a kind.</summary>
    public int Count(CallKind kind) => Calls.Count(call => call.Kind == kind);

    /// <summary>Forgets calls and rules.</summary>
    public void Clear()
    {
        lock (gate)
        {
            calls.Clear();
            rules.Clear();
        }
    }

    /// <summary>Throws instead of doing the work.</summary>
    public void FailBefore(Func<Call, bool> matches, Func<Exception> failure, int times = 1) => Add(new Rule(matches, IsAfter: false, _ => throw failure()) { Left = times });

    /// <summary>Does the work, then throws: the answer is lost.</summary>
    public void FailAfter(Func<Call, bool> matches, Func<Exception> failure, int times = 1) => Add(new Rule(matches, IsAfter: true, _ => throw failure()) { Left = times });

    /// <summary>Does something at a call, before its work.</summary>
    public void Before(Func<Call, bool> matches, Func<Call, Task> action, int times = 1) => Add(new Rule(matches, IsAfter: false, action) { Left = times });

    /// <summary>Does something at a call, after its work.</summary>
    public void After(Func<Call, bool> matches, Func<Call, Task> action, int times = 1) => Add(new Rule(matches, IsAfter: true, action) { Left = times });

    /// <summary>Holds the first call that matches, before its work, until the gate is opened.</summary>
    public Gate HoldBefore(Func<Call, bool> matches) => Hold(matches, isAfter: false);

    /// <summary>Holds the first call that matches, after its work, until the gate is opened.</summary>
    public Gate HoldAfter(Func<Call, bool> matches) => Hold(matches, isAfter: true);

    /// <summary>The process dies when it makes a call of this number, before or after the call's work.</summary>
    public void DieAt(int number, bool afterWork) => Add(new Rule(call => call.Number == number, afterWork, _ =>
    {
        isDead = true;
        throw new ProcessDiedException();
    }));

    internal async ValueTask<T> RunAsync<T>(CallKind kind, string target, IReadOnlyList<Write> writes, Func<ValueTask<T>> work)
    {
        if (isDead)
        {
            throw new ProcessDiedException();
        }

        Call call;
        lock (gate)
        {
            call = new Call(calls.Count, kind, target, writes);
            calls.Add(call);
        }

        await ApplyAsync(call, isAfter: false);
        var result = await work();
        await ApplyAsync(call, isAfter: true);
        return result;
    }

    private async Task ApplyAsync(Call call, bool isAfter)
    {
        Rule? rule;
        lock (gate)
        {
            rule = rules.FirstOrDefault(rule => rule.IsAfter == isAfter && rule.Left > 0 && rule.Matches(call));
            if (rule is not null)
            {
                rule.Left--;
            }
        }

        if (rule is not null)
        {
            await rule.Action(call);
        }

        if (isDead)
        {
            throw new ProcessDiedException();
        }
    }

    private Gate Hold(Func<Call, bool> matches, bool isAfter)
    {
        var held = new Gate();
        Add(new Rule(matches, isAfter, held.WaitAsync));
        return held;
    }

    private void Add(Rule rule)
    {
        lock (gate)
        {
            rules.Add(rule);
        }
    }

    private sealed record Rule(Func<Call, bool> Matches, bool IsAfter, Func<Call, Task> Action)
    {
        public int Left { get; set; } = 1;
    }
}

/// <summary>Holds one call until a test lets it go on.</summary>
public sealed class Gate
{
    private readonly TaskCompletionSource<Call> reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The call that is held, as soon as it is.</summary>
    public Task<Call> Reached => reached.Task;

    /// <summary>Lets it go on.</summary>
    public void Open() => opened.TrySetResult();

    internal Task WaitAsync(Call call)
    {
        reached.TrySetResult(call);
        return opened.Task;
    }
}
