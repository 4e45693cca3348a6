using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil;

/// <summary>Where a name is to be made: its namespace as read, and the version of it that the batch must check.</summary>
/// <param name="Namespace">The namespace.</param>
/// <param name="Version">The version of its row.</param>
internal sealed record Place(NamespaceEntity Namespace, string Version);

/// <summary>Making the pointer of a table or view: created, registered, or by a commit.</summary>
internal sealed class Creations(IKeyValueStore store, Namespaces namespaces, TimeProvider clock, IdSource ids)
{
    private readonly Pointers pointers = new(store);

    /// <summary>The place of a name that is to be made.</summary>
    /// <exception cref="CatalogException">404 without its namespace; what <paramref name="taken"/> gives when the name is taken.</exception>
    public async ValueTask<Place> RequireFreeAsync(CallContext call, TableIdentifier name, Func<TableKind, CatalogException> taken, CancellationToken cancellationToken)
    {
        var ((@namespace, version), other) = await Parallel.BothAsync(
            namespaces.RequireAsync(call, name.Namespace, cancellationToken), pointers.ReadAsync(call, name, cancellationToken));
        return other is null ? new Place(@namespace, version) : throw taken(other.Entity.Kind);
    }

    /// <summary>The pointer of something new.</summary>
    /// <param name="kind">Table or view.</param>
    /// <param name="uuid">The uuid of its metadata; null for one of which nobody has told: then it gets one.</param>
    /// <param name="location">Its location.</param>
    /// <param name="properties">Its properties, which may name more locations.</param>
    /// <param name="metadataLocation">Its metadata file.</param>
    /// <param name="registered">Whether that was made elsewhere.</param>
    public TableEntity NewEntity(TableKind kind, string? uuid, string location, IReadOnlyDictionary<string, string> properties, string metadataLocation, bool registered) => new()
    {
        Kind = kind,
        Id = ids.NewId(),
        Uuid = uuid ?? ids.NewId().ToString(),
        Location = location,
        MetadataLocation = metadataLocation,
        Version = 0,
        Claims = [.. TableLocations.Own(location, properties).Select(own => own.Text)],
        CreatedAt = clock.GetUtcNow(),
        UpdatedAt = clock.GetUtcNow(),
        Registered = registered,
    };

    /// <summary>The pointer that is to be made and the rows that make it, after every check that can refuse it.</summary>
    /// <param name="call">The request.</param>
    /// <param name="name">The name, which is free.</param>
    /// <param name="place">Its place.</param>
    /// <param name="entity">What the pointer says.</param>
    /// <param name="taken">What to throw when the name turns out to be taken.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async ValueTask<(ChangedTable Made, IReadOnlyList<Write> Writes)> PrepareAsync(
        CallContext call, TableIdentifier name, Place place, TableEntity entity, Func<TableKind, CatalogException> taken, CancellationToken cancellationToken)
    {
        entity = entity with { Parents = await namespaces.LineageAsync(call, name.Namespace, place.Namespace, cancellationToken) };
        Pointers.Note(entity.Id);
        return (new ChangedTable(entity.Id, name, null, entity),
        [
            new Write.Create(Keys.Table(name), entity.ToValue()),
            new Write.Create(Keys.Identity(entity.Id), new Identity(name.Namespace, name.Name).ToValue()),
            new Write.Check(Keys.Namespace(name.Namespace), place.Version),
            .. await ClaimAsync(call, name, entity, taken, cancellationToken),
        ]);
    }

    /// <summary>The change that registers a table or view: its metadata file is there, and looked for in every try.</summary>
    /// <param name="call">The request.</param>
    /// <param name="kind">What was asked for.</param>
    /// <param name="name">The name, which is free.</param>
    /// <param name="place">Its place.</param>
    /// <param name="entity">What the pointer says.</param>
    /// <param name="formerFiles">The metadata files that the registered one says it followed, its metadata log.</param>
    /// <param name="outcome">What to answer.</param>
    /// <param name="taken">What to throw when the name turns out to be taken.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async ValueTask<Change> PrepareRegistrationAsync(
        CallContext call,
        ChangeKind kind,
        TableIdentifier name,
        Place place,
        TableEntity entity,
        IEnumerable<string> formerFiles,
        Outcome outcome,
        Func<TableKind, CatalogException> taken,
        CancellationToken cancellationToken)
    {
        IReadOnlyList<Write> takenOver = [];
        if (await TakeOverAsync(call, entity, formerFiles, cancellationToken) is { } trashed)
        {
            // What it claimed before is still its own, and has to be given back when it is dropped again. Whose files they are has not changed either.
            var added = Claims.Of(entity).Where(location => !Claims.Of(trashed.Table).Any(location.IsWithin));
            entity = entity with
            {
                Id = trashed.Table.Id,
                Claims = TableLocations.Added(trashed.Table, added),
                Registered = trashed.Table.Registered,
                Protected = trashed.Table.Protected,
            };
            takenOver = trashed.Writes;
        }

        var (made, writes) = await PrepareAsync(call, name, place, entity, taken, cancellationToken);
        await MetadataFiles.RequireThereAsync(call.Catalog, entity.MetadataLocation, cancellationToken);
        return new Change(kind, [made], [.. takenOver, .. writes], outcome);
    }

    private async ValueTask<IReadOnlyList<Write>> ClaimAsync(
        CallContext call, TableIdentifier name, TableEntity entity, Func<TableKind, CatalogException> taken, CancellationToken cancellationToken)
    {
        try
        {
            return await Claims.ClaimAsync(store, call, entity.Id, Claims.Of(entity), cancellationToken);
        }
        catch (CatalogException exception) when (exception.Kind == ErrorKind.Forbidden)
        {
            // Who holds the location may have taken the name with it just now.
            throw await pointers.ReadAsync(call, name, cancellationToken) is { } faster ? taken(faster.Entity.Kind) : exception;
        }
    }

    /// <summary>
    /// When the location of what is to be registered is held by the very same table in the trash (one uuid), registering it brings it back:
    /// the place in the trash is given up in the same batch, and the id and its claims go on. Only the metadata that the trash has, or one that followed it, does so:
    /// anything else would leave the newest metadata to nobody.
    /// </summary>
    private async ValueTask<(TableEntity Table, IReadOnlyList<Write> Writes)?> TakeOverAsync(
        CallContext call, TableEntity entity, IEnumerable<string> formerFiles, CancellationToken cancellationToken)
    {
        if (await Claims.OwnerAsync(store, call, Location.Parse(entity.Claims[0]), cancellationToken) is not { } owner
            || await store.ReadAsync(call.Catalog.Partition, Keys.Trashed(owner), cancellationToken) is not { } item
            || TrashEntity.Read(item) is not { } trashed
            || !trashed.Table.Uuid.Equals(entity.Uuid, StringComparison.OrdinalIgnoreCase)
            || !(Location.Parse(entity.MetadataLocation).Equals(Location.Parse(trashed.Table.MetadataLocation)) || formerFiles.Contains(trashed.Table.MetadataLocation, StringComparer.Ordinal)))
        {
            return null;
        }

        return (trashed.Table, await DeletedTables.TakeOutAsync(store, call, item, trashed, cancellationToken));
    }
}
