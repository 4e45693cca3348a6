using Frazil.Entities;
using Frazil.Iceberg;

namespace Frazil;

/// <summary>The body of <c>createTable</c>.</summary>
/// <param name="Name">The table's name.</param>
/// <param name="Schema">Its schema; field ids are assigned anew.</param>
/// <param name="PartitionSpec">Its partition spec, or null for none.</param>
/// <param name="WriteOrder">Its sort order, or null for none.</param>
/// <param name="Location">Where it shall be, or null for the catalog to choose.</param>
/// <param name="StageCreate">Whether only the metadata is wanted, to be committed later.</param>
/// <param name="Properties">Its properties.</param>
public sealed record CreateTableRequest(
    string Name, Schema Schema, PartitionSpec? PartitionSpec, SortOrder? WriteOrder, string? Location, bool StageCreate, IReadOnlyDictionary<string, string> Properties);

/// <summary>The operations on tables but commits (REST operations 9, 10, 17 to 26).</summary>
public sealed class Tables(Changes changes, Namespaces namespaces, MetadataFiles files, TimeProvider clock, IdSource ids)
{
    private readonly Pointers pointers = new(changes.Store);
    private readonly Creations creations = new(changes.Store, namespaces, clock, ids);
    private readonly Moves moves = new(namespaces);
    private readonly Drops drops = new(changes, clock, ids);
    private readonly Renames renames = new(changes, namespaces);

    /// <summary><c>listTables</c>.</summary>
    /// <exception cref="CatalogException">404 when the namespace does not exist; 400 for a page token of another list.</exception>
    public async ValueTask<(IReadOnlyList<Listed<TableIdentifier>> Listed, string? NextPageToken)> ListAsync(
        CallContext call, Namespace @namespace, Paging paging, CancellationToken cancellationToken)
    {
        await namespaces.LoadAsync(call, @namespace, cancellationToken);
        return await pointers.ListAsync(call, @namespace, TableKind.Table, paging, cancellationToken);
    }

    /// <summary><c>tableExists</c>: reads the pointer only.</summary>
    public async ValueTask<bool> ExistsAsync(CallContext call, TableIdentifier table, CancellationToken cancellationToken) =>
        await pointers.ReadAsync(call, table, cancellationToken) is { Entity.Kind: TableKind.Table };

    /// <summary><c>loadTable</c>.</summary>
    /// <param name="call">The request.</param>
    /// <param name="table">Which.</param>
    /// <param name="referencedSnapshotsOnly">Whether <c>snapshots=refs</c> was asked for.</param>
    /// <param name="isKnown">Tells whether the client has the answer of this entity tag already; null when it has none.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The table, or null when the client has it: then no file was read.</returns>
    /// <exception cref="CatalogException">404 <c>NoSuchTableException</c>; 404 <c>NotFoundException</c> when the metadata file is missing.</exception>
    public async ValueTask<Outcome.Metadata?> LoadAsync(
        CallContext call, TableIdentifier table, bool referencedSnapshotsOnly, Func<string, bool>? isKnown, CancellationToken cancellationToken)
    {
        var pointer = await pointers.RequireAsync(call, table, TableKind.Table, cancellationToken);
        if (isKnown is not null
            && isKnown(files.Tag(call.Catalog, pointer.Entity.MetadataLocation, referencedSnapshotsOnly))
            && call.Catalog.Files.ExistsNearby(pointer.Entity.MetadataLocation) is not false)
        {
            CatalogMeter.Loads.Add(1, CatalogMeter.Mode("304"));
            return null;
        }

        var (_, document) = await pointers.FollowAsync(call, table, pointer, files, cancellationToken);
        CatalogMeter.Loads.Add(1, CatalogMeter.Mode(referencedSnapshotsOnly ? "refs" : "all"));
        return new Outcome.Metadata(ResultForm.LoadTable, document) { ReferencedSnapshotsOnly = referencedSnapshotsOnly };
    }

    /// <summary><c>createTable</c>, staged or not.</summary>
    /// <exception cref="CatalogException">404 without its namespace; 409 when the name is taken; 400 or 403 when something is refused.</exception>
    public ValueTask<Outcome> CreateAsync(CallContext call, Namespace @namespace, CreateTableRequest request, CancellationToken cancellationToken)
    {
        var name = new TableIdentifier(@namespace, request.Name);
        return changes.RunAsync(
            call, () => PrepareCreateAsync(call, name, request, cancellationToken), () => Pointers.Busy(name), cancellationToken);
    }

    /// <summary><c>registerTable</c>: a name for a metadata file that is there already.</summary>
    /// <param name="call">The request.</param>
    /// <param name="table">The name.</param>
    /// <param name="metadataLocation">The file, kept as spelled.</param>
    /// <param name="overwrite">Whether an existing table of the name may be replaced.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="CatalogException">
    /// 404 without namespace or file; 409 when the name is taken; 400 for a file that is no table metadata; 403 when it, or anything that it names, is outside of the allowed locations.
    /// </exception>
    public ValueTask<Outcome> RegisterAsync(CallContext call, TableIdentifier table, string metadataLocation, bool overwrite, CancellationToken cancellationToken) => changes.RunAsync(
        call, () => PrepareRegisterAsync(call, table, metadataLocation, overwrite, cancellationToken), () => overwrite ? Pointers.CommitLost(table) : Pointers.Busy(table), cancellationToken);

    /// <summary><c>dropTable</c>: to the trash when the catalog keeps one. Without a purge, files stay for ever.</summary>
    /// <exception cref="CatalogException">404; 409 when it is protected; 400 when a purge is asked for of a table with <c>gc.enabled=false</c>.</exception>
    public ValueTask<Outcome> DropAsync(CallContext call, TableIdentifier table, DropOptions options, CancellationToken cancellationToken) => drops.DropAsync(
        call,
        ChangeKind.DropTable,
        table,
        TableKind.Table,
        options,
        toTrash: true,
        async pointer =>
        {
            if (options.Purge)
            {
                await RequireGarbageCollectionAsync(call, table, pointer.Entity, cancellationToken);
            }

            return Outcome.Done.Instance;
        },
        cancellationToken);

    /// <summary><c>unregisterTable</c>: lets go of the name, keeps every file, and tells where the metadata is.</summary>
    /// <exception cref="CatalogException">404.</exception>
    public ValueTask<Outcome> UnregisterAsync(CallContext call, TableIdentifier table, CancellationToken cancellationToken) => drops.DropAsync(
        call,
        ChangeKind.UnregisterTable,
        table,
        TableKind.Table,
        DropOptions.Default,
        toTrash: false,
        async pointer => new Outcome.Metadata(ResultForm.CommitTable, (await pointers.FollowAsync(call, table, pointer, files, cancellationToken)).Document),
        cancellationToken);

    /// <summary><c>renameTable</c>.</summary>
    /// <exception cref="CatalogException">404 for the source or the destination's namespace; 409 when the destination's name is taken.</exception>
    public ValueTask<Outcome> RenameAsync(CallContext call, TableIdentifier from, TableIdentifier to, CancellationToken cancellationToken) =>
        renames.RenameAsync(call, from, to, TableKind.Table, cancellationToken);

    /// <summary>Requires a table to exist: for operations that only concern it. Gives its pointer's facts.</summary>
    /// <exception cref="CatalogException">404.</exception>
    public async ValueTask<TableEntity> RequireAsync(CallContext call, TableIdentifier table, CancellationToken cancellationToken) =>
        (await pointers.RequireAsync(call, table, TableKind.Table, cancellationToken)).Entity;

    /// <summary>Refuses the purge of a table whose files others may use.</summary>
    /// <exception cref="CatalogException">400 when the table says <c>gc.enabled=false</c>.</exception>
    internal static void RequireGarbageCollection(TableMetadata metadata, string name)
    {
        if (metadata.Properties.TryGetValue("gc.enabled", out var enabled) && enabled.Equals("false", StringComparison.OrdinalIgnoreCase))
        {
            throw CatalogException.Validation($"Cannot purge table {name}: GC is disabled (deleting files may corrupt other tables)");
        }
    }

    /// <summary>The same for a table that is not loaded. Without its metadata file a table can still be dropped; the purge will find nothing to follow.</summary>
    internal static async ValueTask RequireGarbageCollectionAsync(CallContext call, TableIdentifier name, TableEntity table, CancellationToken cancellationToken)
    {
        using var part = Measures.BeginPart();
        if (table.Kind == TableKind.Table && await call.Catalog.Files.ReadAsync(table.MetadataLocation, cancellationToken) is { } stored)
        {
            RequireGarbageCollection(MetadataFiles.ParseTable(table.MetadataLocation, stored), name.ToString());
        }
    }

    /// <summary>Engines that write files beside us (DuckDB) expect to find the folders of a table that was created.</summary>
    private static async ValueTask MakeFoldersAsync(CallContext call, TableMetadata metadata, CancellationToken cancellationToken)
    {
        await call.Catalog.Files.MakeFolderAsync(metadata.Properties.GetValueOrDefault("write.data.path") ?? metadata.Location + "/data", cancellationToken);
        await call.Catalog.Files.MakeFolderAsync(metadata.Properties.GetValueOrDefault(TableProperties.MetadataPath) ?? metadata.Location + "/metadata", cancellationToken);
    }

    private async ValueTask<Change?> PrepareCreateAsync(CallContext call, TableIdentifier name, CreateTableRequest request, CancellationToken cancellationToken)
    {
        Names.Require(request.Name, "table name");
        var place = await creations.RequireFreeAsync(call, name, kind => Pointers.Taken(name, TableKind.Table, kind), cancellationToken);
        var uuid = ids.NewId();
        var folder = request.Location is null ? await creations.ChooseFolderAsync(call, name, place, cancellationToken) : null;
        var location = request.Location?.TrimEnd('/') ?? TableLocations.Default(folder!, name, uuid);
        call.Catalog.RequireAllowed("location", location);
        var metadata = TableMetadata.Create(request.Schema, request.PartitionSpec, request.WriteOrder, location, request.Properties, uuid, clock.GetUtcNow());
        call.Catalog.RequireAllowed(metadata.Locations());
        var entity = creations.NewEntity(TableKind.Table, metadata.Uuid, metadata.Location, metadata.Properties, "", registered: false);
        if (request.StageCreate)
        {
            // Nothing is stored, but what could never be committed is refused now, before anything is written at that location.
            await Claims.TakeAsync(changes.Store, call, [.. Claims.Of(entity).Select(own => new Claim(own, entity.Id))], cancellationToken);
            await MakeFoldersAsync(call, metadata, cancellationToken);
            return Change.Nothing(ChangeKind.CreateTable, new Outcome.Staged(metadata.ToJson()));
        }

        var json = metadata.ToJson();
        var file = MetadataLocation.First(metadata.Location, metadata.Properties, json.Length, ids.NewId()).ToString();
        call.Catalog.RequireAllowed("metadata location", file);
        var document = new MetadataDocument(file, json, metadata);
        var (made, writes, claims) = await creations.PrepareAsync(call, name, place, entity with { MetadataLocation = file }, folder, cancellationToken);
        return new Change(ChangeKind.CreateTable, [made], writes, new Outcome.Metadata(ResultForm.LoadTable, document)) { NewFiles = [document], Claims = claims, Ready = () => MakeFoldersAsync(call, metadata, cancellationToken) };
    }

    private async ValueTask<Change?> PrepareRegisterAsync(CallContext call, TableIdentifier table, string metadataLocation, bool overwrite, CancellationToken cancellationToken)
    {
        Names.Require(table.Name, "table name");
        var (@namespace, version) = await namespaces.RequireAsync(call, table.Namespace, cancellationToken);
        var existing = await RequireReplaceableAsync(call, table, overwrite, cancellationToken);
        call.Catalog.RequireAllowed("metadata location", metadataLocation);
        var document = await files.ReadForeignAsync(call.Catalog, metadataLocation, TableKind.Table, cancellationToken);
        var metadata = document.ToTable();
        metadata.ReadFully(); // the file is anybody's, and what is wrong with it must show now, not at somebody's first use
        call.Catalog.RequireAllowed(metadata.Locations());
        var entity = creations.NewEntity(TableKind.Table, metadata.Uuid, metadata.Location, metadata.Properties, metadataLocation, registered: true);
        var outcome = new Outcome.Metadata(ResultForm.LoadTable, document);
        if (existing is not null)
        {
            return await PrepareOverwriteAsync(call, table, existing, entity, outcome, cancellationToken);
        }

        return await creations.PrepareRegistrationAsync(
            call,
            ChangeKind.RegisterTable,
            table,
            new Place(@namespace, version),
            entity,
            metadata.MetadataLog.Select(entry => entry.MetadataFile),
            outcome,
            cancellationToken);
    }

    /// <summary>What is to be registered over, or null when the name is free.</summary>
    private async ValueTask<Pointer?> RequireReplaceableAsync(CallContext call, TableIdentifier table, bool overwrite, CancellationToken cancellationToken)
    {
        var existing = await pointers.ReadAsync(call, table, cancellationToken);
        return existing is null || (overwrite && existing.Entity.Kind == TableKind.Table) ? existing : throw Pointers.Taken(table, TableKind.Table, existing.Entity.Kind);
    }

    /// <summary>Null when others changed the table meanwhile.</summary>
    private async ValueTask<Change?> PrepareOverwriteAsync(
        CallContext call, TableIdentifier table, Pointer existing, TableEntity entity, Outcome outcome, CancellationToken cancellationToken)
    {
        if (existing.Entity.MetadataLocation == entity.MetadataLocation)
        {
            return Change.Nothing(ChangeKind.RegisterTable, outcome);
        }

        var claimed = Claims.Of(existing.Entity);
        if (claimed.Any(Location.Parse(entity.MetadataLocation).IsWithin) && !await IsKeptAsync(call, table, existing, entity.MetadataLocation, cancellationToken))
        {
            return null;
        }

        var next = entity with { Id = existing.Entity.Id, CreatedAt = existing.Entity.CreatedAt, Protected = existing.Entity.Protected };
        var (moved, writes, claims) = await moves.PrepareAsync(call, table, existing, next, Claims.Of(entity), cancellationToken);
        return new Change(ChangeKind.RegisterTable, [moved], writes, outcome)
        {
            Claims = claims,
            Ready = () => MetadataFiles.RequireThereAsync(call.Catalog, entity.MetadataLocation, cancellationToken),
        };
    }

    /// <summary>
    /// Looks whether a metadata file of the table's own will be there when the pointer is moved to it: commits delete what leaves their log, where the table asks for that, so such a
    /// file must be in the log of what the pointer names. False when the pointer has moved on.
    /// </summary>
    private async ValueTask<bool> IsKeptAsync(CallContext call, TableIdentifier table, Pointer pointer, string file, CancellationToken cancellationToken)
    {
        TableMetadata? metadata = null;
        try
        {
            var (now, document) = await pointers.FollowAsync(call, table, pointer, files, cancellationToken);
            if (now.Version != pointer.Version)
            {
                return false;
            }

            metadata = document.ToTable();
        }
        catch (CatalogException exception) when (exception.Kind == ErrorKind.NoSuchTable)
        {
            return false;
        }
        catch (CatalogException exception) when (exception.Kind == ErrorKind.NotFound)
        {
            // The table's file is lost, and this is how it is mended.
        }

        if (metadata is not null && OldMetadata.IsDeleted(metadata) && !metadata.MetadataLog.Any(entry => entry.MetadataFile == file))
        {
            throw new CatalogException(
                ErrorKind.NotFound,
                $"Cannot register {file}: the table deletes metadata files that leave its log (write.metadata.delete-after-commit.enabled), and this one is not in it. Switch that off first");
        }

        await MetadataFiles.RequireThereAsync(call.Catalog, file, cancellationToken);
        return true;
    }
}
