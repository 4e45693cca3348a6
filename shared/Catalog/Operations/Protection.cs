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
public sealed class Protection(StoreWriter writer)
{
    private const int MaxAttempts = 20;

    /// <summary>Whether something is protected.</summary>
    /// <exception cref="CatalogException">404.</exception>
    public async ValueTask<bool> GetAsync(Catalog catalog, EntityKind kind, Guid id, CancellationToken cancellationToken)
    {
        var (_, item) = await FindAsync(catalog, kind, id, cancellationToken);
        return kind == EntityKind.Namespace ? NamespaceEntity.Read(item.Value).Protected : TableEntity.Read(item.Value).Protected;
    }

    /// <summary>Protects something, or takes its protection away.</summary>
    /// <exception cref="CatalogException">404.</exception>
    public async ValueTask SetAsync(Catalog catalog, EntityKind kind, Guid id, bool isProtected, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var (key, item) = await FindAsync(catalog, kind, id, cancellationToken);
            var value = kind == EntityKind.Namespace
                ? (NamespaceEntity.Read(item.Value) with { Protected = isProtected }).ToValue()
                : (TableEntity.Read(item.Value) with { Protected = isProtected }).ToValue();
            if (item.Value.Span.SequenceEqual(value)
                || (await writer.WriteAsync(catalog.Partition, [new Write.Replace(key, value, item.Version)], cancellationToken)).IsApplied)
            {
                return;
            }
        }

        throw new CatalogException(ErrorKind.SlowDown, $"{kind} {id} is being changed by others; nothing was changed. Try again");
    }

    /// <summary>The row of an id. The name is looked up first, and may be another's by the time that its row is read: then what was renamed is looked up again.</summary>
    private async ValueTask<(string Key, Item Item)> FindAsync(Catalog catalog, EntityKind kind, Guid id, CancellationToken cancellationToken)
    {
        string? looked = null;
        for (var attempt = 0; attempt < MaxAttempts && await writer.Store.ReadAsync(catalog.Partition, Keys.Identity(id), cancellationToken) is { } row; attempt++)
        {
            var identity = Identity.Read(row.Value);
            var key = identity.Name is { } name ? Keys.Table(new TableIdentifier(identity.Namespace, name)) : Keys.Namespace(identity.Namespace);
            if (await writer.Store.ReadAsync(catalog.Partition, key, cancellationToken) is { } item && IdOf(identity, item) == id)
            {
                if (KindOf(identity, item) == kind)
                {
                    return (key, item);
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

    private static Guid IdOf(Identity identity, Item item) => identity.Name is null ? NamespaceEntity.Read(item.Value).Id : TableEntity.Read(item.Value).Id;

    private static EntityKind KindOf(Identity identity, Item item) => identity.Name is null
        ? EntityKind.Namespace
        : TableEntity.Read(item.Value).Kind == TableKind.Table ? EntityKind.Table : EntityKind.View;
}
