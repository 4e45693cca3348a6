using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil;

/// <summary>How something is dropped.</summary>
/// <param name="Purge">Whether its files are to be deleted, at once or when its time in the trash is over.</param>
/// <param name="Force">Whether to drop it even if it is protected, and for good even if the catalog keeps a trash.</param>
public sealed record DropOptions(bool Purge = false, bool Force = false)
{
    /// <summary>Files stay, protection counts, the catalog's delete profile decides.</summary>
    public static readonly DropOptions Default = new();
}

/// <summary>Taking the pointer of a table or view away.</summary>
internal sealed class Drops(Changes changes, TimeProvider clock, IdSource ids)
{
    private readonly IKeyValueStore store = changes.Store;
    private readonly Pointers pointers = new(changes.Store);

    /// <summary>
    /// Removes a name, in one batch: to the trash when the catalog keeps one, else for good. The name is free at once.
    /// </summary>
    /// <param name="call">The request.</param>
    /// <param name="change">What was asked for.</param>
    /// <param name="name">Which.</param>
    /// <param name="kind">Table or view.</param>
    /// <param name="options">How.</param>
    /// <param name="toTrash">Whether the trash is wanted where there is one.</param>
    /// <param name="outcome">What to answer; may refuse.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public ValueTask<Outcome> DropAsync(
        CallContext call, ChangeKind change, TableIdentifier name, TableKind kind, DropOptions options, bool toTrash, Func<Pointer, ValueTask<Outcome>> outcome, CancellationToken cancellationToken) =>
        changes.RunAsync(call, () => PrepareAsync(call, change, name, kind, options, toTrash, outcome, cancellationToken), () => Pointers.Busy(name), cancellationToken);

    private async ValueTask<Change?> PrepareAsync(
        CallContext call, ChangeKind change, TableIdentifier name, TableKind kind, DropOptions options, bool toTrash, Func<Pointer, ValueTask<Outcome>> outcome, CancellationToken cancellationToken)
    {
        var pointer = await pointers.RequireAsync(call, name, kind, cancellationToken);
        if (pointer.Entity.Protected && !options.Force)
        {
            throw new CatalogException(ErrorKind.Protected, $"{kind} {name} is protected: take the protection away first, or drop it with force=true");
        }

        var answer = await outcome(pointer);
        IReadOnlyList<Write> writes =
        [
            new Write.Delete(Keys.Table(name), pointer.Version),
            .. await DropIdentityAsync(call, pointer.Entity.Id, cancellationToken),
            .. await PutAwayAsync(call, name, pointer.Entity, options, toTrash, cancellationToken),
        ];
        return new Change(change, [new ChangedTable(pointer.Entity.Id, name, pointer.Entity, null)], writes, answer) { Landed = () => IsGoneAsync(call, pointer.Entity.Id) };
    }

    /// <summary>Whether no name stands any more for what was to be dropped: then it was, by this drop or another. Null when one does: then it cannot be told.</summary>
    private async ValueTask<bool?> IsGoneAsync(CallContext call, Guid id) =>
        await store.ReadAsync(call.Catalog.Partition, Keys.Identity(id), CancellationToken.None) is null ? true : null;

    /// <summary>The row that lets the id be found, taken away.</summary>
    private async ValueTask<IReadOnlyList<Write>> DropIdentityAsync(CallContext call, Guid id, CancellationToken cancellationToken) =>
        await store.ReadAsync(call.Catalog.Partition, Keys.Identity(id), cancellationToken) is { } identity
            ? [new Write.Delete(Keys.Identity(id), identity.Version)]
            : [];

    /// <summary>What becomes of a dropped pointer: a place in the trash, a task to purge its files, or nothing.</summary>
    private async ValueTask<IReadOnlyList<Write>> PutAwayAsync(
        CallContext call, TableIdentifier name, TableEntity entity, DropOptions options, bool toTrash, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var isPurged = options.Purge && !entity.Registered;
        if (toTrash && !options.Force && call.Catalog.Entity.DeleteProfile.Expiration is { } expiration)
        {
            var trashed = new TrashEntity { Table = entity, Name = name, DroppedAt = now, DueAt = now + expiration, Purge = isPurged };
            return [new Write.Create(Keys.Trashed(entity.Id), trashed.ToValue()), new Write.Create(Keys.Due(trashed.DueAt, entity.Id), default)];
        }

        Write[] ended = [.. await Claims.ReleaseAsync(store, call, entity, cancellationToken), .. EndedTables.Mark(entity, now)];
        if (!isPurged)
        {
            return ended;
        }

        // The location is free again; the purge claims it anew when it begins, and refuses when somebody else has taken it.
        var subject = new TrashEntity { Table = entity, Name = name, DroppedAt = now, DueAt = now, Purge = true };
        return [.. ended, Tasks.NewPurge(subject, holdsClaims: false, ids.NewTimeOrderedId(now), now)];
    }
}
