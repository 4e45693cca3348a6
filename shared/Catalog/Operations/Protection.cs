using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil;

/// <summary>What an id of the management API names.</summary>
public enum EntityKind
{
    /// <summary>A namespace.</summary>
    Namespace,

    /// <summary>A table.</summary>
    Table,

    /// <summary>A view.</summary>
    View,
}

/// <summary>The flag that keeps a namespace, table or view from being dropped by mistake. Named by id, since names may change.</summary>
public sealed class Protection(Changes changes, Namespaces namespaces)
{
    private const int MaxLooks = 20;

    /// <summary>Whether something is protected.</summary>
    /// <exception cref="CatalogException">404.</exception>
    public async ValueTask<bool> GetAsync(CallContext call, EntityKind kind, Guid id, CancellationToken cancellationToken)
    {
        var (_, _, item) = await FindAsync(call, kind, id, cancellationToken);
        return kind == EntityKind.Namespace ? NamespaceEntity.Read(item).Protected : TableEntity.Read(item).Protected;
    }

    /// <summary>Protects something, or takes its protection away.</summary>
    /// <exception cref="CatalogException">404.</exception>
    public async ValueTask SetAsync(CallContext call, EntityKind kind, Guid id, bool isProtected, CancellationToken cancellationToken) => await changes.RunAsync(
        call,
        () => PrepareAsync(call, kind, id, isProtected, cancellationToken),
        () => new CatalogException(ErrorKind.SlowDown, $"{kind} {id} is being changed by others; nothing was changed. Try again"),
        cancellationToken);

    private async ValueTask<Change?> PrepareAsync(CallContext call, EntityKind kind, Guid id, bool isProtected, CancellationToken cancellationToken)
    {
        var (identity, key, item) = await FindAsync(call, kind, id, cancellationToken);
        ChangedObject changed;
        byte[] value;
        if (kind == EntityKind.Namespace)
        {
            var before = NamespaceEntity.Read(item);
            var after = await namespaces.HealedAsync(call, identity.Namespace, before with { Protected = isProtected }, cancellationToken);
            (changed, value) = (new ChangedNamespace(id, identity.Namespace, before, after), after.ToValue());
        }
        else
        {
            var before = TableEntity.Read(item);
            var after = before with { Protected = isProtected, Parents = before.Parents ?? await namespaces.LineageAsync(call, identity.Namespace, cancellationToken) };
            (changed, value) = (new ChangedTable(id, new TableIdentifier(identity.Namespace, identity.Name!), before, after), after.ToValue());
        }

        return item.Value.Span.SequenceEqual(value)
            ? Change.Nothing(ChangeKind.SetProtection, Outcome.Done.Instance)
            : new Change(ChangeKind.SetProtection, [changed], [new Write.Replace(key, value, item.Version)], Outcome.Done.Instance);
    }

    /// <summary>The row of an id. The name is looked up first, and may be another's by the time that its row is read: then what was renamed is looked up again.</summary>
    private async ValueTask<(Identity Identity, string Key, Item Item)> FindAsync(CallContext call, EntityKind kind, Guid id, CancellationToken cancellationToken)
    {
        string? looked = null;
        for (var attempt = 0; attempt < MaxLooks && await changes.Store.ReadAsync(call.Catalog.Partition, Keys.Identity(id), cancellationToken) is { } row; attempt++)
        {
            var identity = Identity.Read(row);
            var key = identity.Name is { } name ? Keys.Table(new TableIdentifier(identity.Namespace, name)) : Keys.Namespace(identity.Namespace);
            if (await changes.Store.ReadAsync(call.Catalog.Partition, key, cancellationToken) is { } item && IdOf(identity, item) == id)
            {
                if (KindOf(identity, item) == kind)
                {
                    return (identity, key, item);
                }

                break;
            }

            if (looked == row.Version)
            {
                break;
            }

            looked = row.Version;
        }

        throw new CatalogException(
            kind switch
            {
                EntityKind.Namespace => ErrorKind.NoSuchNamespace,
                EntityKind.Table => ErrorKind.NoSuchTable,
                _ => ErrorKind.NoSuchView,
            },
            $"{kind} does not exist: {id}");
    }

    private static Guid IdOf(Identity identity, Item item) => identity.Name is null ? NamespaceEntity.Read(item).Id : TableEntity.Read(item).Id;

    private static EntityKind KindOf(Identity identity, Item item) => identity.Name is null
        ? EntityKind.Namespace
        : TableEntity.Read(item).Kind == TableKind.Table ? EntityKind.Table : EntityKind.View;
}
