using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil;

/// <summary>What was asked for: the verb of the operation's <c>operationId</c>, or of the management route.</summary>
public enum ChangeKind
{
    /// <summary>Nothing that anybody asked for: a mark, a lease, a sweep. Nobody is told of it and nobody approves it.</summary>
    Upkeep,

    /// <summary><c>createNamespace</c>.</summary>
    CreateNamespace,

    /// <summary><c>updateProperties</c>.</summary>
    UpdateProperties,

    /// <summary><c>dropNamespace</c>.</summary>
    DropNamespace,

    /// <summary><c>createTable</c>.</summary>
    CreateTable,

    /// <summary><c>registerTable</c>.</summary>
    RegisterTable,

    /// <summary><c>updateTable</c>: a commit, or the creation of a staged table.</summary>
    UpdateTable,

    /// <summary><c>commitTransaction</c>.</summary>
    CommitTransaction,

    /// <summary><c>dropTable</c>.</summary>
    DropTable,

    /// <summary><c>unregisterTable</c>.</summary>
    UnregisterTable,

    /// <summary><c>renameTable</c>.</summary>
    RenameTable,

    /// <summary><c>createView</c>.</summary>
    CreateView,

    /// <summary><c>registerView</c>.</summary>
    RegisterView,

    /// <summary><c>replaceView</c>.</summary>
    ReplaceView,

    /// <summary><c>dropView</c>.</summary>
    DropView,

    /// <summary><c>renameView</c>.</summary>
    RenameView,

    /// <summary>The flag that keeps something from being dropped was set or taken away.</summary>
    SetProtection,

    /// <summary>Drops were taken back.</summary>
    UndropTabulars,

    /// <summary>The time in the trash was ended by hand, files to be deleted.</summary>
    PurgeDeletedTabular,

    /// <summary>The time in the trash was over.</summary>
    ExpireTabular,

    /// <summary>A task was cancelled or made due.</summary>
    ControlTask,
}

/// <summary>One thing that a change is about.</summary>
/// <param name="Id">Its id.</param>
public abstract record ChangedObject(Guid Id);

/// <summary>A namespace that is changed.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Before">What its row said; null when it is made.</param>
/// <param name="After">What its row says; null when it is dropped.</param>
public sealed record ChangedNamespace(Guid Id, Namespace Name, NamespaceEntity? Before, NamespaceEntity? After) : ChangedObject(Id);

/// <summary>A table or view that is changed.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name, after a rename the new one.</param>
/// <param name="Before">What its pointer said; null when it is made.</param>
/// <param name="After">What its pointer says; null when it is dropped.</param>
public sealed record ChangedTable(Guid Id, TableIdentifier Name, TableEntity? Before, TableEntity? After) : ChangedObject(Id)
{
    /// <summary>The name before a rename; null when that is no rename.</summary>
    public TableIdentifier? FormerName { get; init; }

    /// <summary>Metadata files that left the table's log by this, to be deleted once it is made.</summary>
    public IReadOnlyList<string> ExpiredFiles { get; init; } = [];
}

/// <summary>A task that somebody steers.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Before">What it was.</param>
/// <param name="After">What it is.</param>
public sealed record ChangedTask(Guid Id, TaskEntity Before, TaskEntity After) : ChangedObject(Id);

/// <summary>One change of a catalog, prepared and not yet made: what it means, the rows that make it, and what the client is answered.</summary>
/// <param name="Kind">What was asked for.</param>
/// <param name="Objects">What it is about.</param>
/// <param name="Writes">The rows, all or nothing. None when there is nothing to change after all.</param>
/// <param name="Outcome">What to answer once it is made.</param>
internal sealed record Change(ChangeKind Kind, IReadOnlyList<ChangedObject> Objects, IReadOnlyList<Write> Writes, Outcome Outcome)
{
    /// <summary>Locations that it takes the careful way (<see cref="Frazil.Claims.TakeAsync"/>).</summary>
    public IReadOnlyList<Claim> Claims { get; init; } = [];

    /// <summary>Metadata files that its rows name and that are to be written before them.</summary>
    public IReadOnlyList<MetadataDocument> NewFiles { get; init; } = [];

    /// <summary>
    /// What has to be looked at or made in storage right before the batch, at whose locations nobody else is then: a registered file is there, folders are made. Done again whenever locations are looked at again.
    /// </summary>
    public Func<ValueTask>? Ready { get; init; }

    /// <summary>
    /// For a change that has to announce itself by rows of their own before it can be made: does that, at the last moment, and gives the writes that are still missing; null when others were faster.
    /// </summary>
    public Func<ValueTask<IReadOnlyList<Write>?>>? Announce { get; init; }

    /// <summary>Tells from what is stored whether the change was made at some time, where its rows do not tell (<see cref="StoreWriter.WriteAsync"/>).</summary>
    public Func<ValueTask<bool?>>? Landed { get; init; }

    /// <summary>Whether there is nothing to write.</summary>
    public bool IsNothing => Writes.Count == 0 && Announce is null;

    /// <summary>An answer for which nothing has to change.</summary>
    public static Change Nothing(ChangeKind kind, Outcome outcome) => new(kind, [], [], outcome);

    /// <summary>Rows that mean nothing to anybody outside.</summary>
    public static Change Upkeep(params IReadOnlyList<Write> writes) => new(ChangeKind.Upkeep, [], writes, Outcome.Done.Instance);
}
