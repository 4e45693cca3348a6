using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil;

/// <summary>A pointer as read: what it says, and the version that a write must name.</summary>
/// <param name="Entity">What it says.</param>
/// <param name="Version">The row's version.</param>
internal sealed record Pointer(TableEntity Entity, string Version);

/// <summary>Where a name is to be made: its namespace as read, and the version of it that the batch must check.</summary>
/// <param name="Namespace">The namespace.</param>
/// <param name="Version">The version of its row.</param>
internal sealed record Place(NamespaceEntity Namespace, string Version);

/// <summary>How something is dropped.</summary>
/// <param name="Purge">Whether its files are to be deleted, at once or when its time in the trash is over.</param>
/// <param name="Force">Whether to drop it even if it is protected, and for good even if the catalog keeps a trash.</param>
public sealed record DropOptions(bool Purge = false, bool Force = false)
{
    /// <summary>Files stay, protection counts, the catalog's delete profile decides.</summary>
    public static readonly DropOptions Default = new();
}

/// <summary>What tables and views have in common: a name in a namespace that points to a metadata file.</summary>
internal sealed class Pointers(StoreWriter writer, Namespaces namespaces, TimeProvider clock, IdSource ids)
{
    private const int MaxAttempts = 20;

    public async ValueTask<Pointer?> ReadAsync(CallContext call, TableIdentifier name, CancellationToken cancellationToken)
    {
        if (!Names.CanExist(name))
        {
            return null;
        }

        if (await writer.Store.ReadAsync(call.Catalog.Partition, Keys.Table(name), cancellationToken) is not { } item)
        {
            return null;
        }

        var entity = TableEntity.Read(item.Value);
        Note(entity.Id);
        return new Pointer(entity, item.Version);
    }

    private static void Note(Guid id)
    {
        if (Measures.Current is { } measures)
        {
            measures.TableId = id;
        }
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
                return (pointer, await files.ReadAsync(call.Catalog, pointer.Entity.MetadataLocation, cancellationToken));
            }
            catch (CatalogException exception) when (exception.Kind == ErrorKind.NotFound && attempt < MaxAttempts)
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

    public async ValueTask<(IReadOnlyList<Listed<TableIdentifier>> Listed, string? NextPageToken)> ListAsync(
        CallContext call, Namespace @namespace, TableKind kind, Paging paging, CancellationToken cancellationToken)
    {
        await namespaces.LoadAsync(call, @namespace, cancellationToken);
        var (items, next) = await ListPager.ListAsync(
            writer.Store, call.Catalog.Partition, Keys.Tables(@namespace), kind.ToString(), paging, item => TableEntity.ReadKind(item.Value) == kind, cancellationToken);
        return ([.. items.Select(item => (Name: new TableIdentifier(@namespace, Keys.NameOf(item.Id)), Entity: TableEntity.Read(item.Value)))
            .Select(row => new Listed<TableIdentifier>(row.Name, row.Entity.Id, row.Entity.Protected))], next);
    }

    /// <summary>Where a table or view goes that brings no location: below its namespace's location, with its uuid, so that no two ever share a prefix.</summary>
    public static string DefaultLocation(CallContext call, TableIdentifier name, NamespaceEntity @namespace, Guid uuid) =>
        $"{Namespaces.LocationOf(call.Catalog, name.Namespace, @namespace)}/{Names.ForLocation(name.Name)}-{uuid:N}";

    /// <summary>The locations that a table or view keeps for itself: its own, and those of its properties that are not below it.</summary>
    public static IReadOnlyList<Location> OwnLocations(string location, IReadOnlyDictionary<string, string> properties)
    {
        List<Location> own = [Location.Parse(location)];
        foreach (var (property, text) in TableProperties.Locations(properties))
        {
            if (Location.Parse(text, property) is var place && !own.Any(place.IsWithin))
            {
                own.Add(place);
            }
        }

        return own;
    }

    /// <summary>The claims of a table or view with those that a change adds.</summary>
    /// <exception cref="CatalogException">400 for more than <see cref="Limits.MaxTableLocations"/>.</exception>
    public static IReadOnlyList<string> AddClaims(TableEntity entity, IEnumerable<Location> added)
    {
        string[] claims = [.. entity.Claims, .. added.Select(location => location.Text)];
        return claims.Length <= Limits.MaxTableLocations
            ? claims
            : throw CatalogException.Validation($"A table or view must not have more than {Limits.MaxTableLocations} locations in its life: it holds every one that it ever had");
    }

    /// <summary>The place of a name that is to be made.</summary>
    /// <exception cref="CatalogException">404 without its namespace; what <paramref name="taken"/> gives when the name is taken.</exception>
    public async ValueTask<Place> RequireFreeAsync(CallContext call, TableIdentifier name, Func<TableKind, CatalogException> taken, CancellationToken cancellationToken)
    {
        var ((@namespace, version), other) = await Parallel.BothAsync(
            namespaces.RequireAsync(call, name.Namespace, cancellationToken), ReadAsync(call, name, cancellationToken));
        return other is null ? new Place(@namespace, version) : throw taken(other.Entity.Kind);
    }

    /// <summary>
    /// Makes a pointer: checks name, namespace and locations, has the metadata file written (or, when the pointer takes over what is there, looked for in every try), then writes one batch.
    /// Tried again when the namespace or a claim changed meanwhile; a name that is taken ends it.
    /// </summary>
    /// <param name="call">The request.</param>
    /// <param name="name">The name.</param>
    /// <param name="place">What was read of its place already, good for the first try; null when nothing was.</param>
    /// <param name="entity">What the pointer says.</param>
    /// <param name="outcome">What to answer.</param>
    /// <param name="taken">What to throw when the name is taken.</param>
    /// <param name="writeFile">Writes the metadata file.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <param name="takesOver">Whether the very same table may come out of the trash by this.</param>
    public async ValueTask CreateAsync(
        CallContext call,
        TableIdentifier name,
        Place? place,
        TableEntity entity,
        Outcome outcome,
        Func<TableKind, CatalogException> taken,
        Func<ValueTask> writeFile,
        CancellationToken cancellationToken,
        bool takesOver = false)
    {
        using var turn = await writer.Turns.TakeAsync($"{call.Catalog.Partition} {Keys.LocationVersion}", cancellationToken);
        var written = false;
        for (var attempt = 1; ; attempt++)
        {
            List<Write> writes = [];
            var made = entity;
            if (takesOver && await TakeOverAsync(call, entity, cancellationToken) is { } trashed)
            {
                // What it claimed before is still its own, and has to be given back when it is dropped again. Whose files they are has not changed either.
                var added = Claims.Of(entity).Where(location => !Claims.Of(trashed.Table).Any(location.IsWithin));
                made = entity with
                {
                    Id = trashed.Table.Id,
                    Claims = AddClaims(trashed.Table, added),
                    Registered = trashed.Table.Registered,
                    Protected = trashed.Table.Protected,
                };
                writes.AddRange(trashed.Writes);
            }

            writes.AddRange([.. await PrepareCreateAsync(call, name, place, made, taken, cancellationToken), .. Idempotency.Record(call, outcome, clock.GetUtcNow())]);
            if (!written || takesOver)
            {
                await writeFile();
                written = true;
            }

            var result = await writer.WriteAsync(call.Catalog.Partition, writes, cancellationToken);
            if (result.IsApplied)
            {
                return;
            }

            Idempotency.ThrowIfTaken(call, result);
            if (attempt == MaxAttempts)
            {
                throw Busy(name);
            }

            place = null;
            await PauseAsync(attempt, cancellationToken);
        }
    }

    /// <summary>
    /// When the location of what is to be registered is held by the very same table in the trash (one uuid), registering it brings it back:
    /// the place in the trash is given up in the same batch, and the id and its claims go on.
    /// </summary>
    private async ValueTask<(TableEntity Table, IReadOnlyList<Write> Writes)?> TakeOverAsync(CallContext call, TableEntity entity, CancellationToken cancellationToken)
    {
        if (await Claims.OwnerAsync(writer.Store, call.Catalog, Location.Parse(entity.Claims[0]), cancellationToken) is not { } owner
            || await writer.Store.ReadAsync(call.Catalog.Partition, Keys.Trashed(owner), cancellationToken) is not { } item
            || TrashEntity.Read(item.Value) is not { } trashed
            || !trashed.Table.Uuid.Equals(entity.Uuid, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        return (trashed.Table, await DeletedTables.TakeOutAsync(writer.Store, call.Catalog, item, trashed, cancellationToken));
    }

    /// <summary>The rows that make a pointer, after every check that can refuse it.</summary>
    public async ValueTask<IReadOnlyList<Write>> PrepareCreateAsync(
        CallContext call, TableIdentifier name, Place? place, TableEntity entity, Func<TableKind, CatalogException> taken, CancellationToken cancellationToken)
    {
        place ??= await RequireFreeAsync(call, name, taken, cancellationToken);
        entity = entity with { Parents = await namespaces.LineageAsync(call, name.Namespace, place.Namespace, cancellationToken) };
        Note(entity.Id);
        return
        [
            new Write.Create(Keys.Table(name), entity.ToValue()),
            new Write.Create(Keys.Identity(entity.Id), new Identity(name.Namespace, name.Name).ToValue()),
            new Write.Check(Keys.Namespace(name.Namespace), place.Version),
            .. await ClaimAsync(),
        ];

        async ValueTask<IReadOnlyList<Write>> ClaimAsync()
        {
            try
            {
                return await Claims.ClaimAsync(writer, call.Catalog, entity.Id, Claims.Of(entity), cancellationToken);
            }
            catch (CatalogException exception) when (exception.Kind == ErrorKind.Forbidden)
            {
                // Who holds the location may have taken the name with it just now.
                throw await ReadAsync(call, name, cancellationToken) is { } faster ? taken(faster.Entity.Kind) : exception;
            }
        }
    }

    /// <summary>
    /// Removes a name, in one batch: to the trash when the catalog keeps one, else for good. The name is free at once.
    /// </summary>
    /// <param name="call">The request.</param>
    /// <param name="name">Which.</param>
    /// <param name="kind">Table or view.</param>
    /// <param name="options">How.</param>
    /// <param name="toTrash">Whether the trash is wanted where there is one.</param>
    /// <param name="outcome">What to answer; may refuse.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async ValueTask DropAsync(
        CallContext call, TableIdentifier name, TableKind kind, DropOptions options, bool toTrash, Func<Pointer, ValueTask<Outcome>> outcome, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var pointer = await RequireAsync(call, name, kind, cancellationToken);
            if (pointer.Entity.Protected && !options.Force)
            {
                throw new CatalogException(ErrorKind.Protected, $"{kind} {name} is protected: take the protection away first, or drop it with force=true");
            }

            var answer = await outcome(pointer);
            List<Write> writes =
            [
                new Write.Delete(Keys.Table(name), pointer.Version),
                .. await DropIdentityAsync(call, pointer.Entity.Id, cancellationToken),
                .. await PutAwayAsync(call, name, pointer.Entity, options, toTrash, cancellationToken),
                .. Idempotency.Record(call, answer, clock.GetUtcNow()),
            ];
            var result = await writer.WriteAsync(call.Catalog.Partition, writes, cancellationToken, () => IsGoneAsync(call, pointer.Entity.Id));
            if (result.IsApplied)
            {
                return;
            }

            Idempotency.ThrowIfTaken(call, result);
            if (attempt == MaxAttempts)
            {
                throw Busy(name);
            }

            await PauseAsync(attempt, cancellationToken);
        }
    }

    /// <summary>Whether no name stands any more for what was to be dropped: then it was, by this drop or another. Null when one does: then it cannot be told.</summary>
    private async ValueTask<bool?> IsGoneAsync(CallContext call, Guid id) =>
        await writer.Store.ReadAsync(call.Catalog.Partition, Keys.Identity(id), CancellationToken.None) is null ? true : null;

    /// <summary>The row that lets the id be found, taken away.</summary>
    public async ValueTask<IReadOnlyList<Write>> DropIdentityAsync(CallContext call, Guid id, CancellationToken cancellationToken) =>
        await writer.Store.ReadAsync(call.Catalog.Partition, Keys.Identity(id), cancellationToken) is { } identity
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

        Write[] ended = [.. await Claims.ReleaseAsync(writer, call.Catalog, entity, cancellationToken), .. EndedTables.Mark(entity, now)];
        if (!isPurged)
        {
            return ended;
        }

        // The location is free again; the purge claims it anew when it begins, and refuses when somebody else has taken it.
        var subject = new TrashEntity { Table = entity, Name = name, DroppedAt = now, DueAt = now, Purge = true };
        return [.. ended, Tasks.NewPurge(subject, holdsClaims: false, ids.NewTimeOrderedId(now), now)];
    }

    /// <summary>Moves a name: one batch, so that every reader sees exactly one of the two.</summary>
    public async ValueTask<Outcome> RenameAsync(CallContext call, TableIdentifier from, TableIdentifier to, TableKind kind, CancellationToken cancellationToken)
    {
        Names.Require(to.Name, kind == TableKind.Table ? "table name" : "view name");
        for (var attempt = 1; ; attempt++)
        {
            // The destination is read first: whoever moved the source there meanwhile has taken it away, which the second read sees.
            var other = await ReadAsync(call, to, cancellationToken);
            var pointer = await RequireAsync(call, from, kind, cancellationToken);
            var (@namespace, namespaceVersion) = await namespaces.RequireAsync(call, to.Namespace, cancellationToken);
            if (other is not null)
            {
                throw new CatalogException(ErrorKind.AlreadyExists, $"Cannot rename {from} to {to}. {other.Entity.Kind} already exists");
            }

            var moved = pointer.Entity with { Parents = await namespaces.LineageAsync(call, to.Namespace, @namespace, cancellationToken) };
            List<Write> writes =
            [
                new Write.Delete(Keys.Table(from), pointer.Version),
                new Write.Create(Keys.Table(to), moved.ToValue()),
                .. await RenameIdentityAsync(call, pointer.Entity.Id, to, cancellationToken),
                new Write.Check(Keys.Namespace(to.Namespace), namespaceVersion),
                .. Idempotency.Record(call, Outcome.Done.Instance, clock.GetUtcNow()),
            ];
            var result = await writer.WriteAsync(call.Catalog.Partition, writes, cancellationToken);
            if (result.IsApplied)
            {
                return Outcome.Done.Instance;
            }

            Idempotency.ThrowIfTaken(call, result);
            if (attempt == MaxAttempts)
            {
                throw Busy(from);
            }

            await PauseAsync(attempt, cancellationToken);
        }
    }

    private async ValueTask<IReadOnlyList<Write>> RenameIdentityAsync(CallContext call, Guid id, TableIdentifier to, CancellationToken cancellationToken)
    {
        var value = new Identity(to.Namespace, to.Name).ToValue();
        return await writer.Store.ReadAsync(call.Catalog.Partition, Keys.Identity(id), cancellationToken) is { } identity
            ? [new Write.Replace(Keys.Identity(id), value, identity.Version)]
            : [new Write.Create(Keys.Identity(id), value)];
    }

    /// <summary>Waits a little, and randomly, before another try.</summary>
    public Task PauseAsync(int attempt, CancellationToken cancellationToken) =>
        Task.Delay(TimeSpan.FromMilliseconds(Math.Min(2 * Math.Pow(2, attempt), 500) * (0.5 + ids.NextChance())), clock, cancellationToken);

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
    private static CatalogException Busy(TableIdentifier name) =>
        new(ErrorKind.SlowDown, $"{name} is being changed by others, who were faster in every try; nothing was changed. Try again");
}
