using Frazil.Entities;
using Frazil.Iceberg;

namespace Frazil;

/// <summary>Dropping a namespace with all that is in it.</summary>
public sealed partial class Namespaces
{
    /// <summary>
    /// Drops a namespace, the namespaces below it, and their tables and views, which go to the trash where the catalog keeps one. Looks first whether something is protected.
    /// Not one batch: what was dropped before a failure stays dropped (each table can be undropped by itself), and the same request goes on where it ended.
    /// </summary>
    /// <exception cref="CatalogException">404; 409 when something in it is protected, or is made in it faster than it can be dropped; 400 when a purge is asked for and a table has <c>gc.enabled=false</c>.</exception>
    public ValueTask<Outcome> DropRecursivelyAsync(CallContext call, Namespace @namespace, DropOptions options, CancellationToken cancellationToken)
    {
        return changes.OnceAsync(call, DropAllAsync, cancellationToken);

        async ValueTask<Outcome> DropAllAsync()
        {
            await RequireAsync(call, @namespace, cancellationToken);
            if (!options.Force || options.Purge)
            {
                await RequireDroppableAsync(call, @namespace, options, cancellationToken);
            }

            await DropContentAsync(call with { Idempotency = null }, @namespace, options, cancellationToken);
            return await changes.RaceAsync(call, () => PrepareDropAsync(call, @namespace, options, cancellationToken), () => Busy(@namespace), cancellationToken);
        }
    }

    private async ValueTask RequireDroppableAsync(CallContext call, Namespace @namespace, DropOptions options, CancellationToken cancellationToken)
    {
        if (!options.Force && await ReadAsync(call, @namespace, cancellationToken) is { Entity.Protected: true })
        {
            throw new CatalogException(ErrorKind.Protected, $"Namespace {@namespace} is protected: take the protection away first, or drop it with force=true");
        }

        foreach (var (name, table) in await TablesAsync(call, @namespace, cancellationToken))
        {
            if (table.Protected && !options.Force)
            {
                throw new CatalogException(ErrorKind.Protected, $"{table.Kind} {name} is protected: take the protection away first, or drop with force=true");
            }

            if (options.Purge)
            {
                await Tables.RequireGarbageCollectionAsync(call, name, table, cancellationToken);
            }
        }

        foreach (var child in await ChildrenAsync(call, @namespace, cancellationToken))
        {
            await RequireDroppableAsync(call, child, options, cancellationToken);
        }
    }

    private async ValueTask DropContentAsync(CallContext call, Namespace @namespace, DropOptions options, CancellationToken cancellationToken)
    {
        foreach (var child in await ChildrenAsync(call, @namespace, cancellationToken))
        {
            try
            {
                await DropContentAsync(call, child, options, cancellationToken);
                await DropAsync(call, child, options, cancellationToken);
            }
            catch (CatalogException exception) when (exception.Kind == ErrorKind.NoSuchNamespace)
            {
                // Somebody else dropped it.
            }
        }

        var drops = new Drops(changes, clock, ids);
        foreach (var (name, table) in await TablesAsync(call, @namespace, cancellationToken))
        {
            try
            {
                var kind = table.Kind == TableKind.Table ? ChangeKind.DropTable : ChangeKind.DropView;
                await drops.DropAsync(call, kind, name, table.Kind, options, toTrash: true, static _ => new(Outcome.Done.Instance), cancellationToken);
            }
            catch (CatalogException exception) when (exception.Kind is ErrorKind.NoSuchTable or ErrorKind.NoSuchView)
            {
                // Somebody else dropped it.
            }
        }
    }

    private async ValueTask<IReadOnlyList<(TableIdentifier Name, TableEntity Table)>> TablesAsync(CallContext call, Namespace @namespace, CancellationToken cancellationToken)
    {
        var (items, _) = await ListPager.ListAsync(Store, call.Catalog.Partition, Keys.Tables(@namespace), "all", Paging.None, static item => item, cancellationToken);
        return [.. items.Select(item => (new TableIdentifier(@namespace, Keys.NameOf(item.Id)), TableEntity.Read(item)))];
    }
}
