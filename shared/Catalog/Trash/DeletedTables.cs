using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil;

/// <summary>
/// The trash. Dropping a table or view moves its name here with a due time fixed at the drop; the name is free at once, the location stays claimed, and until it is due
/// the drop can be taken back. Undrop, expiry and purge each take the entry away in their batch, so one of them wins and the others find nothing.
/// </summary>
public sealed class DeletedTables(Changes changes, Namespaces namespaces, TimeProvider clock, IdSource ids)
{
    /// <summary>Tables and views that one undrop may bring back: what fits into one batch.</summary>
    public const int MaxUndrop = 20;

    private readonly Pointers pointers = new(changes.Store);

    /// <summary>What is in the trash, or what was dropped from one namespace.</summary>
    public async ValueTask<(IReadOnlyList<TrashEntity> Tables, string? NextPageToken)> ListAsync(
        CallContext call, Namespace? @namespace, Paging paging, CancellationToken cancellationToken) => await ListPager.ListAsync(
        changes.Store,
        call.Catalog.Partition,
        Keys.Trash,
        $"trash {Names.KeyOf(@namespace)}",
        paging,
        item => TrashEntity.Read(item) is var trashed && (@namespace is null || trashed.Name.Namespace.Equals(@namespace)) ? trashed : null,
        cancellationToken);

    /// <summary>One entry of the trash.</summary>
    /// <exception cref="CatalogException">404 when it is not in the trash.</exception>
    public async ValueTask<TrashEntity> GetAsync(CallContext call, Guid target, CancellationToken cancellationToken) =>
        TrashEntity.Read(await RequireAsync(call, target, cancellationToken));

    /// <summary>Takes drops back: all of them or none, in one batch.</summary>
    /// <param name="call">The request.</param>
    /// <param name="targets">Ids of what is in the trash.</param>
    /// <param name="name">A new name, when the old one is not wanted; only for a single target.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="CatalogException">
    /// 404 when one is not in the trash (its time is over, or somebody was faster), or its namespace or its metadata file is gone; 409 when its name is taken; 400 for too many at once.
    /// </exception>
    public async ValueTask UndropAsync(CallContext call, IReadOnlyList<Guid> targets, TableIdentifier? name, CancellationToken cancellationToken)
    {
        targets = [.. targets.Distinct()];
        if (targets.Count > MaxUndrop)
        {
            throw CatalogException.BadRequest($"At most {MaxUndrop} tables and views can be undropped at once");
        }

        if (name is not null && targets.Count != 1)
        {
            throw CatalogException.BadRequest("A new name can be given only when one table or view is undropped");
        }

        await changes.RunAsync(
            call,
            () => PrepareUndropAsync(call, targets, name, cancellationToken),
            static () => CatalogException.CommitFailed("Cannot undrop: others were faster in every try; nothing was changed. Try again"),
            cancellationToken);
    }

    /// <summary>Ends the time in the trash now, and has the files deleted: as if it had been dropped with a purge long ago.</summary>
    /// <exception cref="CatalogException">404 when it is not in the trash; 400 for a registered table, whose files are not this catalog's, and for one with <c>gc.enabled=false</c>.</exception>
    public async ValueTask<Guid> PurgeAsync(CallContext call, Guid target, CancellationToken cancellationToken)
    {
        var item = await RequireAsync(call, target, cancellationToken);
        var trashed = TrashEntity.Read(item);
        if (trashed.Table.Registered)
        {
            throw CatalogException.Validation($"{trashed.Name} was registered: its files were not made by this catalog and are never purged");
        }

        await Tables.RequireGarbageCollectionAsync(call, trashed.Name, trashed.Table, cancellationToken);

        var task = ids.NewTimeOrderedId(clock.GetUtcNow());
        return await MoveOnAsync(call, ChangeKind.PurgeDeletedTabular, item, trashed with { Purge = true }, task, cancellationToken) ? task : throw NotInTrash(target);
    }

    /// <summary>
    /// Ends the time in the trash of what is due: its files go to a purge task when that was asked for at the drop; else they stay and the claims on its locations end.
    /// </summary>
    /// <returns>How many moved on, and whether more is due.</returns>
    public async ValueTask<(int Expired, bool IsMore)> ExpireAsync(CallContext call, int limit, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var expired = 0;
        var page = await changes.Store.ListAsync(call.Catalog.Partition, Keys.Dues, null, limit, cancellationToken);
        foreach (var row in page)
        {
            var (due, id) = Keys.ReadTimed(row.Id);
            if (due > now)
            {
                return (expired, false);
            }

            if (await changes.Store.ReadAsync(call.Catalog.Partition, Keys.Trashed(id), cancellationToken) is { } item
                && await MoveOnAsync(call, ChangeKind.ExpireTabular, item, TrashEntity.Read(item), ids.NewTimeOrderedId(now), cancellationToken))
            {
                expired++;
            }
        }

        return (expired, page.Count == limit);
    }

    /// <summary>When the entry of the trash that is due first is due, or null when the trash is empty.</summary>
    internal async ValueTask<DateTimeOffset?> OldestDueAsync(CallContext call, CancellationToken cancellationToken) =>
        await changes.Store.ListAsync(call.Catalog.Partition, Keys.Dues, null, 1, cancellationToken) is [var first] ? Keys.ReadTimed(first.Id).At : null;

    /// <summary>The writes that take an entry out of the trash.</summary>
    internal static async ValueTask<IReadOnlyList<Write>> TakeOutAsync(
        IKeyValueStore store, CallContext call, Item item, TrashEntity trashed, CancellationToken cancellationToken)
    {
        var due = Keys.Due(trashed.DueAt, trashed.Table.Id);
        List<Write> writes = [new Write.Delete(item.Id, item.Version)];
        if (await store.ReadAsync(call.Catalog.Partition, due, cancellationToken) is { } row)
        {
            writes.Add(new Write.Delete(due, row.Version));
        }

        return writes;
    }

    private async ValueTask<Change?> PrepareUndropAsync(CallContext call, IReadOnlyList<Guid> targets, TableIdentifier? name, CancellationToken cancellationToken)
    {
        List<ChangedTable> tables = [];
        List<Write> writes = [];
        foreach (var target in targets)
        {
            var (table, rows) = await PrepareUndropAsync(call, target, name, cancellationToken);
            tables.Add(table);
            writes.AddRange(rows);
        }

        if (writes.OfType<Write.Create>().GroupBy(write => write.Id).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw new CatalogException(ErrorKind.AlreadyExists, $"Two of the tables and views had the name '{Keys.NameOf(twice.Key)}': undrop them one by one, under new names");
        }

        return Changes.Merge(writes) is { } merged ? new Change(ChangeKind.UndropTabulars, tables, merged, Outcome.Done.Instance) : null;
    }

    private async ValueTask<(ChangedTable Table, IReadOnlyList<Write> Writes)> PrepareUndropAsync(
        CallContext call, Guid target, TableIdentifier? newName, CancellationToken cancellationToken)
    {
        var item = await RequireAsync(call, target, cancellationToken);
        var trashed = TrashEntity.Read(item);
        var name = newName ?? trashed.Name;
        Names.Require(name.Name, "name");
        var (@namespace, version) = await namespaces.RequireAsync(call, name.Namespace, cancellationToken);
        if (await pointers.ReadAsync(call, name, cancellationToken) is { } other)
        {
            throw Pointers.Taken(name, trashed.Table.Kind, other.Entity.Kind);
        }

        if (!await IsThereAsync(call.Catalog.Files, trashed.Table.MetadataLocation, cancellationToken))
        {
            throw new CatalogException(
                ErrorKind.NotFound,
                $"Cannot undrop {trashed.Name}: its metadata file {trashed.Table.MetadataLocation} is gone, as when the engine that dropped it deleted its files (Spark's DROP TABLE ... PURGE does). "
                + "Nothing was changed: it stays in the trash, and can be undropped when the file is brought back");
        }

        var table = trashed.Table with { Parents = await namespaces.LineageAsync(call, name.Namespace, @namespace, cancellationToken) };
        return (new ChangedTable(target, name, null, table),
        [
            new Write.Create(Keys.Table(name), table.ToValue()),
            new Write.Create(Keys.Identity(target), new Identity(name.Namespace, name.Name).ToValue()),
            new Write.Check(Keys.Namespace(name.Namespace), version),
            .. await TakeOutAsync(changes.Store, call, item, trashed, cancellationToken),
        ]);
    }

    private static async ValueTask<bool> IsThereAsync(IObjectStore files, string location, CancellationToken cancellationToken)
    {
        await using var content = await files.OpenReadAsync(location, cancellationToken);
        return content is not null;
    }

    private async ValueTask<bool> MoveOnAsync(CallContext call, ChangeKind kind, Item item, TrashEntity trashed, Guid task, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        List<Write> writes = [.. await TakeOutAsync(changes.Store, call, item, trashed, cancellationToken), .. EndedTables.Mark(trashed.Table, now)];
        if (trashed.Purge)
        {
            writes.Add(Tasks.NewPurge(trashed, holdsClaims: true, task, now));
        }
        else
        {
            writes.AddRange(await Claims.ReleaseAsync(changes.Store, call, trashed.Table, cancellationToken));
        }

        return await changes.ApplyAsync(
            call, new Change(kind, [new ChangedTable(trashed.Table.Id, trashed.Name, trashed.Table, null)], writes, Outcome.Done.Instance), cancellationToken);
    }

    private async ValueTask<Item> RequireAsync(CallContext call, Guid target, CancellationToken cancellationToken) =>
        await changes.Store.ReadAsync(call.Catalog.Partition, Keys.Trashed(target), cancellationToken) ?? throw NotInTrash(target);

    private static CatalogException NotInTrash(Guid target) =>
        new(ErrorKind.NoSuchTable, $"Not in the trash: {target}. It was never dropped, was undropped already, or its time is over");
}
