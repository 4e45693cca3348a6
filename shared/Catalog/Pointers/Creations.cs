using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil;

/// <summary>Where a name is to be made: its namespace as read, and the version of it that the batch must check.</summary>
/// <param name="Namespace">The namespace.</param>
/// <param name="Version">The version of its row.</param>
internal sealed record Place(NamespaceEntity Namespace, string Version);

/// <summary>A pointer that is to be made or moved.</summary>
/// <param name="Changed">What it was and will be.</param>
/// <param name="Writes">Its rows.</param>
/// <param name="Claims">Locations that it takes besides, the careful way.</param>
internal sealed record PreparedPointer(ChangedTable Changed, IReadOnlyList<Write> Writes, IReadOnlyList<Claim> Claims);

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

    /// <summary>The folder of a place: where something goes that brings no location.</summary>
    public ValueTask<string> ChooseFolderAsync(CallContext call, TableIdentifier name, Place place, CancellationToken cancellationToken) =>
        Folders.ChooseAsync(store, call, name.Namespace, place.Namespace, ids, cancellationToken);

    /// <summary>The pointer that is to be made, the rows that make it, and the locations that it takes.</summary>
    /// <param name="call">The request.</param>
    /// <param name="name">The name, which is free.</param>
    /// <param name="place">Its place.</param>
    /// <param name="entity">What the pointer says.</param>
    /// <param name="folder">The folder, when it goes there under a name that the catalog gave it for this very try; null when a client has to do with where it is.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <param name="isAlone">Whether it is all of its batch.</param>
    public async ValueTask<PreparedPointer> PrepareAsync(
        CallContext call, TableIdentifier name, Place place, TableEntity entity, string? folder, CancellationToken cancellationToken, bool isAlone = true)
    {
        entity = entity with { Parents = await namespaces.LineageAsync(call, name.Namespace, place.Namespace, cancellationToken) };
        Pointers.Note(entity.Id);
        var own = Claims.Of(entity);
        List<Write> writes =
        [
            new Write.Create(Keys.Table(name), entity.ToValue()),
            new Write.Create(Keys.Identity(entity.Id), new Identity(name.Namespace, name.Name).ToValue()),
        ];
        Claim[] claims = [.. own.Select(location => new Claim(location, entity.Id))];
        var isGiven = folder is not null && own.Count == 1;
        if (isGiven)
        {
            call.Catalog.RequireClaimable(own[0]);
        }

        if (isGiven && Folders.IsHeld(call.Catalog, name.Namespace, place.Namespace))
        {
            writes.Add(new Write.Check(Keys.Namespace(name.Namespace), place.Version));
            writes.Add(Claims.Make(own[0], entity.Id));
            claims = [];
        }
        else if (isGiven && isAlone)
        {
            var holding = await namespaces.HealedAsync(call, name.Namespace, place.Namespace with { Folder = folder, HoldsFolder = true }, cancellationToken);
            writes.Add(new Write.Replace(Keys.Namespace(name.Namespace), holding.ToValue(), place.Version));
            writes.AddRange(await Folders.ReleaseAsync(store, call, place.Namespace, cancellationToken));
            claims = [new Claim(Location.Parse(folder!), place.Namespace.Id) { IsFolder = true }, .. claims];
        }
        else
        {
            writes.Add(new Write.Check(Keys.Namespace(name.Namespace), place.Version));
        }

        return new PreparedPointer(new ChangedTable(entity.Id, name, null, entity), writes, claims);
    }

    /// <summary>The change that registers a table or view: its metadata file is there, and looked for after its location was.</summary>
    /// <param name="call">The request.</param>
    /// <param name="kind">What was asked for.</param>
    /// <param name="name">The name, which is free.</param>
    /// <param name="place">Its place.</param>
    /// <param name="entity">What the pointer says.</param>
    /// <param name="formerFiles">The metadata files that the registered one says it followed, its metadata log.</param>
    /// <param name="outcome">What to answer.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async ValueTask<Change> PrepareRegistrationAsync(
        CallContext call,
        ChangeKind kind,
        TableIdentifier name,
        Place place,
        TableEntity entity,
        IEnumerable<string> formerFiles,
        Outcome outcome,
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

        var (made, writes, claims) = await PrepareAsync(call, name, place, entity, folder: null, cancellationToken);
        return new Change(kind, [made], [.. takenOver, .. writes], outcome) { Claims = claims, Ready = () => MetadataFiles.RequireThereAsync(call.Catalog, entity.MetadataLocation, cancellationToken) };
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
