using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

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
public sealed class Tables
{
    private readonly StoreWriter writer;
    private readonly Namespaces namespaces;
    private readonly Pointers pointers;
    private readonly MetadataFiles files;
    private readonly Idempotency idempotency;
    private readonly TimeProvider clock;
    private readonly IdSource ids;

    /// <param name="writer">The store.</param>
    /// <param name="namespaces">The namespaces that hold tables.</param>
    /// <param name="files">Metadata files.</param>
    /// <param name="idempotency">Records of requests.</param>
    /// <param name="clock">The time.</param>
    /// <param name="ids">Fresh ids.</param>
    public Tables(StoreWriter writer, Namespaces namespaces, MetadataFiles files, Idempotency idempotency, TimeProvider clock, IdSource ids)
    {
        this.writer = writer;
        this.namespaces = namespaces;
        this.files = files;
        this.idempotency = idempotency;
        this.clock = clock;
        this.ids = ids;
        pointers = new Pointers(writer, namespaces, clock, ids);
    }

    /// <summary><c>listTables</c>.</summary>
    /// <exception cref="CatalogException">404 when the namespace does not exist; 400 for a page token of another list.</exception>
    public ValueTask<(IReadOnlyList<Listed<TableIdentifier>> Listed, string? NextPageToken)> ListAsync(
        CallContext call, Namespace @namespace, Paging paging, CancellationToken cancellationToken) =>
        pointers.ListAsync(call, @namespace, TableKind.Table, paging, cancellationToken);

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
            && isKnown(EntityTag.Of(pointer.Entity.MetadataLocation, referencedSnapshotsOnly))
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
    public async ValueTask<Outcome> CreateAsync(CallContext call, Namespace @namespace, CreateTableRequest request, CancellationToken cancellationToken)
    {
        var name = new TableIdentifier(@namespace, request.Name);
        Names.Require(request.Name, "table name");
        var place = await pointers.RequireFreeAsync(call, name, kind => Pointers.Taken(name, TableKind.Table, kind), cancellationToken);
        var uuid = ids.NewId();
        var location = request.Location?.TrimEnd('/') ?? Pointers.DefaultLocation(call, name, place.Namespace, uuid);
        call.Catalog.RequireAllowed("location", location);
        var metadata = TableMetadata.Create(request.Schema, request.PartitionSpec, request.WriteOrder, location, request.Properties, uuid, clock.GetUtcNow());
        call.Catalog.RequireAllowed(metadata.Locations());
        var table = NewEntity(metadata, "", registered: false);
        if (request.StageCreate)
        {
            // Nothing is stored, but what could never be committed is refused now, before anything is written at that location.
            await Claims.ClaimAsync(writer, call.Catalog, table.Id, Claims.Of(table), cancellationToken);
            var staged = new Outcome.Staged(metadata.ToJson());
            return await idempotency.RecordAsync(call, staged, cancellationToken) ?? staged;
        }

        var file = MetadataLocation.First(metadata.Location, metadata.Properties, ids.NewId());
        call.Catalog.RequireAllowed("metadata location", file.ToString());
        return await CreatePointerAsync(
            call, name, place, table with { MetadataLocation = file.ToString() }, new MetadataDocument(file.ToString(), metadata.ToJson(), metadata), cancellationToken);
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
    public async ValueTask<Outcome> RegisterAsync(CallContext call, TableIdentifier table, string metadataLocation, bool overwrite, CancellationToken cancellationToken)
    {
        Names.Require(table.Name, "table name");
        await namespaces.RequireAsync(call, table.Namespace, cancellationToken);
        await RequireReplaceableAsync(call, table, overwrite, cancellationToken);
        call.Catalog.RequireAllowed("metadata location", metadataLocation);
        var document = await files.ReadAsync(call.Catalog, metadataLocation, cancellationToken);
        var metadata = document.ToTable();
        metadata.ReadFully(); // the file is anybody's, and what is wrong with it must show now, not at somebody's first use
        call.Catalog.RequireAllowed(metadata.Locations());
        var entity = NewEntity(metadata, metadataLocation, registered: true);
        var outcome = new Outcome.Metadata(ResultForm.LoadTable, document);
        for (var attempt = 1; attempt <= Limits.MaxCommitAttempts; attempt++)
        {
            if (await RequireReplaceableAsync(call, table, overwrite, cancellationToken) is { } existing)
            {
                if (await TryOverwriteAsync(call, table, existing, entity, outcome, cancellationToken) is { } done)
                {
                    return done;
                }
            }
            else if (await TryRegisterAsync(call, table, entity, outcome, overwrite, cancellationToken))
            {
                return outcome;
            }

            await pointers.PauseAsync(attempt, cancellationToken);
        }

        throw Pointers.CommitLost(table);
    }

    /// <summary><c>dropTable</c>: to the trash when the catalog keeps one. Without a purge, files stay for ever.</summary>
    /// <exception cref="CatalogException">404; 409 when it is protected; 400 when a purge is asked for of a table with <c>gc.enabled=false</c>.</exception>
    public async ValueTask<Outcome> DropAsync(CallContext call, TableIdentifier table, DropOptions options, CancellationToken cancellationToken)
    {
        await pointers.DropAsync(
            call,
            table,
            TableKind.Table,
            options,
            toTrash: true,
            async pointer =>
            {
                if (options.Purge)
                {
                    await RequireGarbageCollectionAsync(call.Catalog, table, pointer.Entity, cancellationToken);
                }

                return Outcome.Done.Instance;
            },
            cancellationToken);
        return Outcome.Done.Instance;
    }

    /// <summary><c>unregisterTable</c>: lets go of the name, keeps every file, and tells where the metadata is.</summary>
    /// <exception cref="CatalogException">404.</exception>
    public async ValueTask<Outcome> UnregisterAsync(CallContext call, TableIdentifier table, CancellationToken cancellationToken)
    {
        Outcome? answer = null;
        await pointers.DropAsync(
            call,
            table,
            TableKind.Table,
            DropOptions.Default,
            toTrash: false,
            async pointer => answer = new Outcome.Metadata(ResultForm.CommitTable, (await pointers.FollowAsync(call, table, pointer, files, cancellationToken)).Document),
            cancellationToken);
        return answer!;
    }

    /// <summary><c>renameTable</c>.</summary>
    /// <exception cref="CatalogException">404 for the source or the destination's namespace; 409 when the destination's name is taken.</exception>
    public ValueTask<Outcome> RenameAsync(CallContext call, TableIdentifier from, TableIdentifier to, CancellationToken cancellationToken) =>
        pointers.RenameAsync(call, from, to, TableKind.Table, cancellationToken);

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
    internal static async ValueTask RequireGarbageCollectionAsync(Catalog catalog, TableIdentifier name, TableEntity table, CancellationToken cancellationToken)
    {
        if (table.Kind == TableKind.Table && await catalog.Files.ReadAsync(table.MetadataLocation, cancellationToken) is { } stored)
        {
            RequireGarbageCollection(TableMetadata.Parse(MetadataLocation.Decode(stored, Limits.MaxMetadataBytes)), name.ToString());
        }
    }

    internal TableEntity NewEntity(TableMetadata metadata, string metadataLocation, bool registered) => new()
    {
        Kind = TableKind.Table,
        Id = ids.NewId(),
        Uuid = metadata.Uuid ?? ids.NewId().ToString(),
        Location = metadata.Location,
        MetadataLocation = metadataLocation,
        Version = 0,
        Claims = [.. Pointers.OwnLocations(metadata.Location, metadata.Properties).Select(location => location.Text)],
        CreatedAt = clock.GetUtcNow(),
        UpdatedAt = clock.GetUtcNow(),
        Registered = registered,
    };

    private async ValueTask<Outcome> CreatePointerAsync(
        CallContext call, TableIdentifier name, Place place, TableEntity entity, MetadataDocument document, CancellationToken cancellationToken)
    {
        var outcome = new Outcome.Metadata(ResultForm.LoadTable, document);
        try
        {
            await pointers.CreateAsync(
                call,
                name,
                place,
                entity,
                outcome,
                kind => Pointers.Taken(name, TableKind.Table, kind),
                () => MetadataFiles.CreateAsync(call.Catalog, document, cancellationToken),
                cancellationToken);
        }
        catch (Exception exception) when (Failures.CertainlyNothingHappened(exception))
        {
            await MetadataFiles.DeleteQuietlyAsync(call.Catalog, document.Location);
            throw;
        }

        files.Keep(call.Catalog, document);
        return outcome;
    }

    /// <summary>What is to be registered over, or null when the name is free.</summary>
    private async ValueTask<Pointer?> RequireReplaceableAsync(CallContext call, TableIdentifier table, bool overwrite, CancellationToken cancellationToken)
    {
        var existing = await pointers.ReadAsync(call, table, cancellationToken);
        return existing is null || (overwrite && existing.Entity.Kind == TableKind.Table) ? existing : throw Pointers.Taken(table, TableKind.Table, existing.Entity.Kind);
    }

    /// <summary>False when the name was taken meanwhile by what may be overwritten.</summary>
    private async ValueTask<bool> TryRegisterAsync(
        CallContext call, TableIdentifier table, TableEntity entity, Outcome outcome, bool overwrite, CancellationToken cancellationToken)
    {
        try
        {
            await pointers.CreateAsync(
                call,
                table,
                place: null,
                entity,
                outcome,
                kind => Pointers.Taken(table, TableKind.Table, kind),
                () => MetadataFiles.RequireThereAsync(call.Catalog, entity.MetadataLocation, cancellationToken),
                cancellationToken,
                takesOver: true);
            return true;
        }
        catch (CatalogException exception) when (overwrite && exception.Kind == ErrorKind.AlreadyExists)
        {
            return false;
        }
    }

    /// <summary>One try. Null when others changed the table meanwhile.</summary>
    private async ValueTask<Outcome?> TryOverwriteAsync(
        CallContext call, TableIdentifier table, Pointer existing, TableEntity entity, Outcome outcome, CancellationToken cancellationToken)
    {
        if (existing.Entity.MetadataLocation == entity.MetadataLocation)
        {
            return await idempotency.RecordAsync(call, outcome, cancellationToken) ?? outcome;
        }

        var claimed = Claims.Of(existing.Entity);
        if (claimed.Any(Location.Parse(entity.MetadataLocation).IsWithin) && !await IsKeptAsync(call, table, existing, entity.MetadataLocation, cancellationToken))
        {
            return null;
        }

        var added = Claims.Of(entity).Where(claim => !claimed.Any(claim.IsWithin)).ToArray();
        var next = entity with
        {
            Id = existing.Entity.Id,
            Version = existing.Entity.Version + 1,
            CreatedAt = existing.Entity.CreatedAt,
            Parents = existing.Entity.Parents,
            Protected = existing.Entity.Protected,
            Claims = Pointers.AddClaims(existing.Entity, added),
        };
        List<Write> writes =
        [
            new Write.Replace(Keys.Table(table), next.ToValue(), existing.Version),
            .. await Claims.ClaimAsync(writer, call.Catalog, next.Id, added, cancellationToken),
            .. Idempotency.Record(call, outcome, clock.GetUtcNow()),
        ];
        var result = await writer.WriteAsync(call.Catalog.Partition, writes, cancellationToken);
        Idempotency.ThrowIfTaken(call, result);
        return result.IsApplied ? outcome : null;
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
