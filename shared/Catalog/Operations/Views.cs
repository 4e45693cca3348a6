using Frazil.Entities;
using Frazil.Iceberg;

namespace Frazil;

/// <summary>The body of <c>createView</c>.</summary>
/// <param name="Name">The view's name.</param>
/// <param name="Schema">Its schema.</param>
/// <param name="Version">Its first version.</param>
/// <param name="Location">Where its metadata shall be, or null for the catalog to choose.</param>
/// <param name="Properties">Its properties.</param>
public sealed record CreateViewRequest(string Name, Schema Schema, ViewVersion Version, string? Location, IReadOnlyDictionary<string, string> Properties);

/// <summary>The operations on views (REST operations 28 to 35).</summary>
public sealed class Views(Changes changes, Namespaces namespaces, MetadataFiles files, TimeProvider clock, IdSource ids)
{
    private readonly Pointers pointers = new(changes.Store);
    private readonly Creations creations = new(changes.Store, namespaces, clock, ids);
    private readonly Moves moves = new(namespaces);
    private readonly Drops drops = new(changes, clock, ids);
    private readonly Renames renames = new(changes, namespaces);

    /// <summary><c>listViews</c>.</summary>
    /// <exception cref="CatalogException">404 when the namespace does not exist; 400 for a page token of another list.</exception>
    public async ValueTask<(IReadOnlyList<Listed<TableIdentifier>> Listed, string? NextPageToken)> ListAsync(
        CallContext call, Namespace @namespace, Paging paging, CancellationToken cancellationToken)
    {
        await namespaces.LoadAsync(call, @namespace, cancellationToken);
        return await pointers.ListAsync(call, @namespace, TableKind.View, paging, cancellationToken);
    }

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
    public ValueTask<Outcome> CreateAsync(CallContext call, Namespace @namespace, CreateViewRequest request, CancellationToken cancellationToken)
    {
        var name = new TableIdentifier(@namespace, request.Name);
        return changes.RunAsync(call, () => PrepareCreateAsync(call, name, request, cancellationToken), () => Pointers.Busy(name), cancellationToken);
    }

    /// <summary><c>registerView</c>: a name for a metadata file that is there already.</summary>
    /// <exception cref="CatalogException">404 without namespace or file; 409 when the name is taken; 400 or 403 when the file or what it names is refused.</exception>
    public ValueTask<Outcome> RegisterAsync(CallContext call, TableIdentifier view, string metadataLocation, CancellationToken cancellationToken) => changes.RunAsync(
        call, () => PrepareRegisterAsync(call, view, metadataLocation, cancellationToken), () => Pointers.Busy(view), cancellationToken);

    /// <summary><c>replaceView</c>: a commit to a view. A lost race whose requirements still hold is tried again here.</summary>
    /// <exception cref="CatalogException">404; 409 <c>CommitFailedException</c>; 400 or 403 when an update is refused; 500 <c>CommitStateUnknownException</c>.</exception>
    public ValueTask<Outcome> CommitAsync(
        CallContext call, TableIdentifier view, IReadOnlyList<ViewRequirement> requirements, IReadOnlyList<ViewUpdate> updates, CancellationToken cancellationToken) => changes.RunAsync(
        call, () => PrepareCommitAsync(call, view, requirements, updates, cancellationToken), () => Pointers.CommitLost(view), cancellationToken, [Keys.Table(view)], isCommit: true);

    /// <summary><c>dropView</c>: to the trash when the catalog keeps one. The metadata file stays.</summary>
    /// <exception cref="CatalogException">404; 409 when it is protected.</exception>
    public ValueTask<Outcome> DropAsync(CallContext call, TableIdentifier view, DropOptions options, CancellationToken cancellationToken) => drops.DropAsync(
        call, ChangeKind.DropView, view, TableKind.View, options with { Purge = false }, toTrash: true, static _ => new(Outcome.Done.Instance), cancellationToken);

    /// <summary><c>renameView</c>.</summary>
    /// <exception cref="CatalogException">404 for the source or the destination's namespace; 409 when the destination's name is taken.</exception>
    public ValueTask<Outcome> RenameAsync(CallContext call, TableIdentifier from, TableIdentifier to, CancellationToken cancellationToken) =>
        renames.RenameAsync(call, from, to, TableKind.View, cancellationToken);

    private async ValueTask<Change?> PrepareCreateAsync(CallContext call, TableIdentifier name, CreateViewRequest request, CancellationToken cancellationToken)
    {
        Names.Require(request.Name, "view name");
        var place = await creations.RequireFreeAsync(call, name, kind => Pointers.Taken(name, TableKind.View, kind), cancellationToken);
        var uuid = ids.NewId();
        var folder = request.Location is null ? await creations.ChooseFolderAsync(call, name, place, cancellationToken) : null;
        var location = request.Location?.TrimEnd('/') ?? TableLocations.Default(folder!, name, uuid);
        call.Catalog.RequireAllowed("location", location);
        var metadata = ViewMetadata.Create(request.Schema, request.Version, location, request.Properties, uuid);
        call.Catalog.RequireAllowed(metadata.Locations());
        var json = metadata.ToJson();
        var file = MetadataLocation.First(metadata.Location, metadata.Properties, json.Length, ids.NewId()).ToString();
        call.Catalog.RequireAllowed("metadata location", file);
        var document = new MetadataDocument(file, json, metadata);
        var entity = creations.NewEntity(TableKind.View, metadata.Uuid, metadata.Location, metadata.Properties, file, registered: false);
        var (made, writes, claims) = await creations.PrepareAsync(call, name, place, entity, folder, cancellationToken);
        return new Change(ChangeKind.CreateView, [made], writes, new Outcome.Metadata(ResultForm.LoadView, document)) { NewFiles = [document], Claims = claims };
    }

    private async ValueTask<Change?> PrepareRegisterAsync(CallContext call, TableIdentifier view, string metadataLocation, CancellationToken cancellationToken)
    {
        Names.Require(view.Name, "view name");
        var place = await creations.RequireFreeAsync(call, view, kind => Pointers.Taken(view, TableKind.View, kind), cancellationToken);
        call.Catalog.RequireAllowed("metadata location", metadataLocation);
        var document = await files.ReadForeignAsync(call.Catalog, metadataLocation, TableKind.View, cancellationToken);
        var metadata = document.ToView();
        metadata.ReadFully(); // the file is anybody's, and what is wrong with it must show now, not at somebody's first use
        call.Catalog.RequireAllowed(metadata.Locations());
        var entity = creations.NewEntity(TableKind.View, metadata.Uuid, metadata.Location, metadata.Properties, metadataLocation, registered: true);
        return await creations.PrepareRegistrationAsync(
            call,
            ChangeKind.RegisterView,
            view,
            place,
            entity,
            [],
            new Outcome.Metadata(ResultForm.LoadView, document),
            cancellationToken);
    }

    private async ValueTask<Change?> PrepareCommitAsync(
        CallContext call, TableIdentifier view, IReadOnlyList<ViewRequirement> requirements, IReadOnlyList<ViewUpdate> updates, CancellationToken cancellationToken)
    {
        TableCommits.RequireFewUpdates(updates.Count);
        call.Catalog.RequireAllowed(updates.SelectMany(update => update.Locations()));
        var (pointer, before) = await pointers.FollowAsync(call, view, await pointers.RequireAsync(call, view, TableKind.View, cancellationToken), files, cancellationToken);
        var metadata = before.ToView();
        foreach (var requirement in requirements)
        {
            requirement.Check(metadata);
        }

        var change = ViewMetadataBuilder.From(metadata).Apply(updates).Build(clock.GetUtcNow());
        if (!change.HasChanges)
        {
            return Change.Nothing(ChangeKind.ReplaceView, new Outcome.Metadata(ResultForm.LoadView, before));
        }

        var next = change.Metadata;
        var json = next.ToJson();
        var file = MetadataLocation.Next(pointer.Entity.MetadataLocation, next.Location, next.Properties, json.Length, ids.NewId()).ToString();
        call.Catalog.RequireAllowed("metadata location", file);
        var document = new MetadataDocument(file, json, next);
        var entity = pointer.Entity with { Location = next.Location, MetadataLocation = file, UpdatedAt = clock.GetUtcNow() };
        var (moved, writes, claims) = await moves.PrepareAsync(call, view, pointer, entity, TableLocations.Own(next.Location, next.Properties), cancellationToken);
        return new Change(ChangeKind.ReplaceView, [moved], writes, new Outcome.Metadata(ResultForm.LoadView, document)) { NewFiles = [document], Claims = claims };
    }
}
