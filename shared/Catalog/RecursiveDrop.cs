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
    /// <exception cref="CatalogException">404; 409 when something in it is protected, or is made in it faster than it can be dropped.</exception>
    public async ValueTask<Outcome> DropRecursivelyAsync(CallContext call, Namespace @namespace, DropOptions options, CancellationToken cancellationToken)
    {
        await RequireAsync(call, @namespace, cancellationToken);
        if (!options.Force)
        {
            await RequireUnprotectedAsync(call, @namespace, cancellationToken);
        }

        await DropContentAsync(call with { Idempotency = null }, @namespace, options, cancellationToken);
        return await DropAsync(call, @namespace, options, cancellationToken);
    }

    private async ValueTask RequireUnprotectedAsync(CallContext call, Namespace @namespace, CancellationToken cancellationToken)
    {
        if (await ReadAsync(call, @namespace, cancellationToken) is { Entity.Protected: true })
        {
            throw new CatalogException(ErrorKind.Protected, $"Namespace {@namespace} is protected: take the protection away first, or drop it with force=true");
        }

        foreach (var (name, table) in await TablesAsync(call, @namespace, cancellationToken))
        {
            if (table.Protected)
            {
                throw new CatalogException(ErrorKind.Protected, $"{table.Kind} {name} is protected: take the protection away first, or drop with force=true");
            }
        }

        foreach (var child in await ChildrenAsync(call, @namespace, cancellationToken))
        {
            await RequireUnprotectedAsync(call, child, cancellationToken);
        }
    }

    private async ValueTask DropContentAsync(CallContext call, Namespace @namespace, DropOptions options, CancellationToken cancellationToken)
    {
        foreach (var child in await ChildrenAsync(call, @namespace, cancellationToken))
        {
            await DropContentAsync(call, child, options, cancellationToken);
            await DropAsync(call, child, options, cancellationToken);
        }

        var pointers = new Pointers(writer, this, clock, ids);
        foreach (var (name, table) in await TablesAsync(call, @namespace, cancellationToken))
        {
            try
            {
                await pointers.DropAsync(call, name, table.Kind, options, toTrash: true, static _ => ValueTask.FromResult<Outcome>(Outcome.Done.Instance), cancellationToken);
            }
            catch (CatalogException exception) when (exception.Kind is ErrorKind.NoSuchTable or ErrorKind.NoSuchView)
            {
                // Somebody else dropped it.
            }
        }
    }

    private async ValueTask<IReadOnlyList<(TableIdentifier Name, TableEntity Table)>> TablesAsync(CallContext call, Namespace @namespace, CancellationToken cancellationToken)
    {
        var (items, _) = await ListPager.ListAsync(Store, call.Catalog.Partition, Keys.Tables(@namespace), "all", Paging.None, static _ => true, cancellationToken);
        return [.. items.Select(item => (new TableIdentifier(@namespace, Keys.NameOf(item.Id)), TableEntity.Read(item.Value)))];
    }
}
