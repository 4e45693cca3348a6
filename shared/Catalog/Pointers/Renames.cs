using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil;

/// <summary>Giving the pointer of a table or view another name.</summary>
internal sealed class Renames(Changes changes, Namespaces namespaces)
{
    private readonly IKeyValueStore store = changes.Store;
    private readonly Pointers pointers = new(changes.Store);

    /// <summary>Moves a name: one batch, so that every reader sees exactly one of the two. A rename into another namespace changes what the row says of the namespaces above.</summary>
    public ValueTask<Outcome> RenameAsync(CallContext call, TableIdentifier from, TableIdentifier to, TableKind kind, CancellationToken cancellationToken) =>
        changes.RunAsync(call, () => PrepareAsync(call, from, to, kind, cancellationToken), () => Pointers.Busy(from), cancellationToken);

    private async ValueTask<Change?> PrepareAsync(CallContext call, TableIdentifier from, TableIdentifier to, TableKind kind, CancellationToken cancellationToken)
    {
        Names.Require(to.Name, kind == TableKind.Table ? "table name" : "view name");

        // The destination is read first: whoever moved the source there meanwhile has taken it away, which the second read sees.
        var other = await pointers.ReadAsync(call, to, cancellationToken);
        var pointer = await pointers.RequireAsync(call, from, kind, cancellationToken);
        var (@namespace, namespaceVersion) = await namespaces.RequireAsync(call, to.Namespace, cancellationToken);
        if (other is not null)
        {
            throw new CatalogException(ErrorKind.AlreadyExists, $"Cannot rename {from} to {to}. {other.Entity.Kind} already exists");
        }

        var moved = pointer.Entity with { Parents = await namespaces.LineageAsync(call, to.Namespace, @namespace, cancellationToken) };
        IReadOnlyList<Write> writes =
        [
            new Write.Delete(Keys.Table(from), pointer.Version),
            new Write.Create(Keys.Table(to), moved.ToValue()),
            await RenameIdentityAsync(call, moved.Id, to, cancellationToken),
            new Write.Check(Keys.Namespace(to.Namespace), namespaceVersion),
        ];
        var change = new ChangedTable(moved.Id, to, pointer.Entity, moved) { FormerName = from };
        return new Change(kind == TableKind.Table ? ChangeKind.RenameTable : ChangeKind.RenameView, [change], writes, Outcome.Done.Instance);
    }

    private async ValueTask<Write> RenameIdentityAsync(CallContext call, Guid id, TableIdentifier to, CancellationToken cancellationToken)
    {
        var value = new Identity(to.Namespace, to.Name).ToValue();
        return await store.ReadAsync(call.Catalog.Partition, Keys.Identity(id), cancellationToken) is { } identity
            ? new Write.Replace(Keys.Identity(id), value, identity.Version)
            : new Write.Create(Keys.Identity(id), value);
    }
}
