using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil;

/// <summary>A pointer as read: what it says, and the version that a write must name.</summary>
/// <param name="Entity">What it says.</param>
/// <param name="Version">The row's version.</param>
internal sealed record Pointer(TableEntity Entity, string Version);

/// <summary>What tables and views have in common: a name in a namespace that points to a metadata file. Reads those rows, and says what is wrong with a name.</summary>
internal sealed class Pointers(IKeyValueStore store)
{
    private const int MaxFollows = 20;

    public async ValueTask<Pointer?> ReadAsync(CallContext call, TableIdentifier name, CancellationToken cancellationToken)
    {
        if (!Names.CanExist(name))
        {
            return null;
        }

        if (await store.ReadAsync(call.Catalog.Partition, Keys.Table(name), cancellationToken) is not { } item)
        {
            return null;
        }

        var entity = TableEntity.Read(item);
        Note(entity.Id);
        return new Pointer(entity, item.Version);
    }

    public async ValueTask<Pointer> RequireAsync(CallContext call, TableIdentifier name, TableKind kind, CancellationToken cancellationToken) =>
        await ReadAsync(call, name, cancellationToken) is { } pointer && pointer.Entity.Kind == kind ? pointer : throw NoSuch(name, kind);

    /// <summary>
    /// The metadata that a pointer names, and the pointer to go with it. A file that is gone was deleted, it may be, by commits that moved the pointer since it was read
    /// (<c>write.metadata.delete-after-commit.enabled</c>), or with a table that was dropped: then the pointer tells, read again.
    /// </summary>
    /// <exception cref="CatalogException">404 <c>NotFoundException</c> when the pointer names a file that is not there; 404 when what it was for is gone.</exception>
    public async ValueTask<(Pointer Pointer, MetadataDocument Document)> FollowAsync(
        CallContext call, TableIdentifier name, Pointer pointer, MetadataFiles files, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var document = await files.ReadAsync(call.Catalog, pointer.Entity.MetadataLocation, pointer.Entity.Kind, cancellationToken);
                return (pointer, document.WithUuid(pointer.Entity.Uuid));
            }
            catch (CatalogException exception) when (exception.Kind == ErrorKind.NotFound && attempt < MaxFollows)
            {
                var now = await RequireAsync(call, name, pointer.Entity.Kind, cancellationToken);
                if (now.Entity.MetadataLocation == pointer.Entity.MetadataLocation)
                {
                    throw;
                }

                pointer = now;
            }
        }
    }

    /// <summary>A page of the tables, or views, of a namespace that is there.</summary>
    public async ValueTask<(IReadOnlyList<Listed<TableIdentifier>> Listed, string? NextPageToken)> ListAsync(
        CallContext call, Namespace @namespace, TableKind kind, Paging paging, CancellationToken cancellationToken)
    {
        return await ListPager.ListAsync(
            store,
            call.Catalog.Partition,
            Keys.Tables(@namespace),
            kind.ToString(),
            paging,
            item => Head.Read(item) is var head && head.Kind == kind ? new Listed<TableIdentifier>(new TableIdentifier(@namespace, Keys.NameOf(item.Id)), head.Id, head.Protected) : null,
            cancellationToken);
    }

    /// <summary>Tells the log which table or view a request is about.</summary>
    public static void Note(Guid id)
    {
        if (Measures.Current is { } measures)
        {
            measures.TableId = id;
        }
    }

    public static CatalogException NoSuch(TableIdentifier name, TableKind kind) => kind == TableKind.Table
        ? new(ErrorKind.NoSuchTable, $"Table does not exist: {name}")
        : new(ErrorKind.NoSuchView, $"View does not exist: {name}");

    /// <summary>409 for a name that is taken, in the words that clients look for.</summary>
    public static CatalogException Taken(TableIdentifier name, TableKind wanted, TableKind found) => new(
        ErrorKind.AlreadyExists, wanted == found ? $"{found} already exists: {name}" : $"{found} with same name already exists: {name}");

    /// <summary>409 for a commit that lost every race.</summary>
    public static CatalogException CommitLost(TableIdentifier name) =>
        CatalogException.CommitFailed($"Cannot commit {name}: others were faster in every try; nothing was changed. Try again");

    /// <summary>503 for anything else that lost every race: clients take a 409 there for a name that is taken.</summary>
    public static CatalogException Busy(TableIdentifier name) =>
        new(ErrorKind.SlowDown, $"{name} is being changed by others, who were faster in every try; nothing was changed. Try again");
}
