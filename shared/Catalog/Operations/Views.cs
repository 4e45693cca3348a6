using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil;

/// <summary>The body of <c>createView</c>.</summary>
/// <param name="Name">The view's name.</param>
/// <param name="Schema">Its schema.</param>
/// <param name="Version">Its first version.</param>
/// <param name="Location">Where its metadata shall be, or null for the catalog to choose.</param>
/// <param name="Properties">Its properties.</param>
public sealed record CreateViewRequest(string Name, Schema Schema, ViewVersion Version, string? Location, IReadOnlyDictionary<string, string> Properties);

/// <summary>The operations on views (REST operations 28 to 35).</summary>
public sealed class Views
{
    private readonly StoreWriter writer;
    private readonly Namespaces namespaces;
    private readonly Pointers pointers;
    private readonly MetadataFiles files;
    private readonly Idempotency idempotency;
    private readonly TimeProvider clock;
    private readonly IdSource ids;

    /// <param name="writer">The store.</param>
    /// <param name="namespaces">The namespaces that hold views.</param>
    /// <param name="files">Metadata files.</param>
    /// <param name="idempotency">Records of requests.</param>
    /// <param name="clock">The time.</param>
    /// <param name="ids">Fresh ids.</param>
    public Views(StoreWriter writer, Namespaces namespaces, MetadataFiles files, Idempotency idempotency, TimeProvider clock, IdSource ids)
    {
        this.writer = writer;
        this.namespaces = namespaces;
        this.files = files;
        this.idempotency = idempotency;
        this.clock = clock;
        this.ids = ids;
        pointers = new Pointers(writer, namespaces, clock, ids);
    }

    /// <summary><c>listViews</c>.</summary>
    /// <exception cref="CatalogException">404 when the namespace does not exist; 400 for a page token of another list.</exception>
    public ValueTask<(IReadOnlyList<Listed<TableIdentifier>> Listed, string? NextPageToken)> ListAsync(
        CallContext call, Namespace @namespace, Paging paging, CancellationToken cancellationToken) =>
        pointers.ListAsync(call, @namespace, TableKind.View, paging, cancellationToken);

    /// <summary><c>viewExists</c>: reads the pointer only.</summary>
    public async ValueTask<bool> ExistsAsync(CallContext call, TableIdentifier view, CancellationToken cancellationToken) =>
        await pointers.ReadAsync(call, view, cancellationToken) is { Entity.Kind: TableKind.View };

    /// <summary><c>loadView</c>.</summary>
    /// <exception cref="CatalogException">404.</exception>
    public async ValueTask<Outcome> LoadAsync(CallContext call, TableIdentifier view, CancellationToken cancellationToken)
    {
        var pointer = await pointers.RequireAsync(call, view, TableKind.View, cancellationToken);
        var (_, document) = await pointers.FollowAsync(call, view, pointer, files, cancellationToken);
        CatalogMeter.Loads.Add(1, CatalogMeter.Mode("all"));
        return new Outcome.Metadata(ResultForm.LoadView, document);
    }

    /// <summary><c>createView</c>.</summary>
    /// <exception cref="CatalogException">404 without its namespace; 409 when the name is taken; 400 or 403 when something is refused.</exception>
    public async ValueTask<Outcome> CreateAsync(CallContext call, Namespace @namespace, CreateViewRequest request, CancellationToken cancellationToken)
    {
        var name = new TableIdentifier(@namespace, request.Name);
        Names.Require(request.Name, "view name");
        var place = await pointers.RequireFreeAsync(call, name, kind => Pointers.Taken(name, TableKind.View, kind), cancellationToken);
        var uuid = ids.NewId();
        var location = request.Location?.TrimEnd('/') ?? Pointers.DefaultLocation(call, name, place.Namespace, uuid);
        call.Catalog.RequireAllowed("location", location);
        var metadata = ViewMetadata.Create(request.Schema, request.Version, location, request.Properties, uuid);
        call.Catalog.RequireAllowed(metadata.Locations());
        var file = MetadataLocation.First(metadata.Location, metadata.Properties, ids.NewId()).ToString();
        call.Catalog.RequireAllowed("metadata location", file);
        var document = new MetadataDocument(file, metadata.ToJson(), metadata);
        return await CreatePointerAsync(call, name, place, NewEntity(metadata, file, registered: false), document, isNew: true, cancellationToken);
    }

    /// <summary><c>registerView</c>: a name for a metadata file that is there already.</summary>
    /// <exception cref="CatalogException">404 without namespace or file; 409 when the name is taken; 400 or 403 when the file or what it names is refused.</exception>
    public async ValueTask<Outcome> RegisterAsync(CallContext call, TableIdentifier view, string metadataLocation, CancellationToken cancellationToken)
    {
        Names.Require(view.Name, "view name");
        await pointers.RequireFreeAsync(call, view, kind => Pointers.Taken(view, TableKind.View, kind), cancellationToken);
        call.Catalog.RequireAllowed("metadata location", metadataLocation);
        var document = await files.ReadAsync(call.Catalog, metadataLocation, cancellationToken);
        var metadata = document.ToView();
        metadata.ReadFully(); // the file is anybody's, and what is wrong with it must show now, not at somebody's first use
        call.Catalog.RequireAllowed(metadata.Locations());
        return await CreatePointerAsync(call, view, place: null, NewEntity(metadata, metadataLocation, registered: true), document, isNew: false, cancellationToken);
    }

    /// <summary><c>replaceView</c>: a commit to a view. A lost race whose requirements still hold is tried again here.</summary>
    /// <exception cref="CatalogException">404; 409 <c>CommitFailedException</c>; 400 or 403 when an update is refused; 500 <c>CommitStateUnknownException</c>.</exception>
    public async ValueTask<Outcome> CommitAsync(
        CallContext call, TableIdentifier view, IReadOnlyList<ViewRequirement> requirements, IReadOnlyList<ViewUpdate> updates, CancellationToken cancellationToken)
    {
        call.Catalog.RequireAllowed(updates.SelectMany(update => update.Locations()));
        using var turn = await writer.Turns.TakeAsync($"{call.Catalog.Partition} {Keys.Table(view)}", cancellationToken);
        for (var attempt = 1; ; attempt++)
        {
            if (await CatalogMeter.CountCommitAsync(attempt, TryCommitAsync(call, view, requirements, updates, cancellationToken)) is { } outcome)
            {
                return outcome;
            }

            if (attempt == Limits.MaxCommitAttempts)
            {
                throw Pointers.CommitLost(view);
            }

            await pointers.PauseAsync(attempt, cancellationToken);
        }
    }

    /// <summary><c>dropView</c>: to the trash when the catalog keeps one. The metadata file stays.</summary>
    /// <exception cref="CatalogException">404; 409 when it is protected.</exception>
    public async ValueTask<Outcome> DropAsync(CallContext call, TableIdentifier view, DropOptions options, CancellationToken cancellationToken)
    {
        await pointers.DropAsync(
            call, view, TableKind.View, options with { Purge = false }, toTrash: true, static _ => ValueTask.FromResult<Outcome>(Outcome.Done.Instance), cancellationToken);
        return Outcome.Done.Instance;
    }

    /// <summary><c>renameView</c>.</summary>
    /// <exception cref="CatalogException">404 for the source or the destination's namespace; 409 when the destination's name is taken.</exception>
    public ValueTask<Outcome> RenameAsync(CallContext call, TableIdentifier from, TableIdentifier to, CancellationToken cancellationToken) =>
        pointers.RenameAsync(call, from, to, TableKind.View, cancellationToken);

    private async ValueTask<Outcome?> TryCommitAsync(
        CallContext call, TableIdentifier view, IReadOnlyList<ViewRequirement> requirements, IReadOnlyList<ViewUpdate> updates, CancellationToken cancellationToken)
    {
        var (pointer, before) = await pointers.FollowAsync(call, view, await pointers.RequireAsync(call, view, TableKind.View, cancellationToken), files, cancellationToken);
        var metadata = before.ToView();
        foreach (var requirement in requirements)
        {
            requirement.Check(metadata);
        }

        var change = ViewMetadataBuilder.From(metadata).Apply(updates).Build(clock.GetUtcNow());
        if (!change.HasChanges)
        {
            var same = new Outcome.Metadata(ResultForm.LoadView, before);
            await idempotency.RecordAsync(call, same, cancellationToken);
            return same;
        }

        var next = change.Metadata;
        var file = MetadataLocation.Next(pointer.Entity.MetadataLocation, next.Location, next.Properties, ids.NewId()).ToString();
        call.Catalog.RequireAllowed("metadata location", file);
        var document = new MetadataDocument(file, next.ToJson(), next);
        var outcome = new Outcome.Metadata(ResultForm.LoadView, document);
        var claimed = Claims.Of(pointer.Entity);
        var added = Pointers.OwnLocations(next.Location, next.Properties).Where(location => !claimed.Any(location.IsWithin)).ToArray();
        var entity = pointer.Entity with
        {
            Location = next.Location,
            MetadataLocation = file,
            Version = pointer.Entity.Version + 1,
            Claims = Pointers.AddClaims(pointer.Entity, added),
            UpdatedAt = clock.GetUtcNow(),
        };
        List<Write> writes =
        [
            new Write.Replace(Keys.Table(view), entity.ToValue(), pointer.Version),
            .. await Claims.ClaimAsync(writer, call.Catalog, entity.Id, added, cancellationToken),
            .. Idempotency.Record(call, outcome, clock.GetUtcNow()),
        ];
        var isApplied = false;
        try
        {
            await MetadataFiles.CreateAsync(call.Catalog, document, cancellationToken);
            var result = await writer.WriteAsync(call.Catalog.Partition, writes, cancellationToken);
            isApplied = result.IsApplied;
            Idempotency.ThrowIfTaken(call, result);
        }
        catch (Exception exception) when (Failures.CertainlyNothingHappened(exception))
        {
            await MetadataFiles.DeleteQuietlyAsync(call.Catalog, file);
            throw;
        }

        if (!isApplied)
        {
            await MetadataFiles.DeleteQuietlyAsync(call.Catalog, file);
            return null;
        }

        files.Keep(call.Catalog, document);
        return outcome;
    }

    private TableEntity NewEntity(ViewMetadata metadata, string metadataLocation, bool registered) => new()
    {
        Kind = TableKind.View,
        Id = ids.NewId(),
        Uuid = metadata.Uuid,
        Location = metadata.Location,
        MetadataLocation = metadataLocation,
        Version = 0,
        Claims = [.. Pointers.OwnLocations(metadata.Location, metadata.Properties).Select(location => location.Text)],
        CreatedAt = clock.GetUtcNow(),
        UpdatedAt = clock.GetUtcNow(),
        Registered = registered,
    };

    private async ValueTask<Outcome> CreatePointerAsync(
        CallContext call, TableIdentifier name, Place? place, TableEntity entity, MetadataDocument document, bool isNew, CancellationToken cancellationToken)
    {
        var outcome = new Outcome.Metadata(ResultForm.LoadView, document);
        try
        {
            await pointers.CreateAsync(
                call,
                name,
                place,
                entity,
                outcome,
                kind => Pointers.Taken(name, TableKind.View, kind),
                () => isNew ? MetadataFiles.CreateAsync(call.Catalog, document, cancellationToken) : MetadataFiles.RequireThereAsync(call.Catalog, document.Location, cancellationToken),
                cancellationToken,
                takesOver: !isNew);
        }
        catch (Exception exception) when (isNew && Failures.CertainlyNothingHappened(exception))
        {
            await MetadataFiles.DeleteQuietlyAsync(call.Catalog, document.Location);
            throw;
        }

        if (isNew)
        {
            files.Keep(call.Catalog, document);
        }

        return outcome;
    }
}
