using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil;

/// <summary>One table's part of a commit: <c>CommitTableRequest</c>.</summary>
/// <param name="Table">The table.</param>
/// <param name="Requirements">What must hold for the table as it is; all of them.</param>
/// <param name="Updates">The changes, in order.</param>
public sealed record CommitTableRequest(TableIdentifier Table, IReadOnlyList<TableRequirement> Requirements, IReadOnlyList<TableUpdate> Updates)
{
    /// <summary>Whether the table is to be made by this commit.</summary>
    public bool IsCreate => Requirements.Any(requirement => requirement is TableRequirement.AssertCreate);
}

/// <summary>
/// Commits (REST operations 19 and 27). File first, pointer second: a new metadata file under a fresh name, then one batch that moves the pointer if nobody else did.
/// A requirement that fails goes back to the client. A lost race whose requirements still hold is tried again here.
/// </summary>
public sealed class TableCommits
{
    private readonly StoreWriter writer;
    private readonly Namespaces namespaces;
    private readonly Tables tables;
    private readonly Pointers pointers;
    private readonly MetadataFiles files;
    private readonly Idempotency idempotency;
    private readonly TimeProvider clock;
    private readonly IdSource ids;

    /// <param name="writer">The store.</param>
    /// <param name="namespaces">The namespaces that hold tables.</param>
    /// <param name="tables">The tables.</param>
    /// <param name="files">Metadata files.</param>
    /// <param name="idempotency">Records of requests.</param>
    /// <param name="clock">The time.</param>
    /// <param name="ids">Fresh ids.</param>
    public TableCommits(
        StoreWriter writer, Namespaces namespaces, Tables tables, MetadataFiles files, Idempotency idempotency, TimeProvider clock, IdSource ids)
    {
        this.writer = writer;
        this.namespaces = namespaces;
        this.tables = tables;
        this.files = files;
        this.idempotency = idempotency;
        this.clock = clock;
        this.ids = ids;
        pointers = new Pointers(writer, namespaces, clock, ids);
    }

    /// <summary><c>updateTable</c>: a commit to a table, or with <c>assert-create</c> the commit that makes a staged one.</summary>
    /// <exception cref="CatalogException">
    /// 404; 409 <c>CommitFailedException</c>: certainly not applied; 400 or 403 when an update is refused; 500 <c>CommitStateUnknownException</c>.
    /// </exception>
    public async ValueTask<Outcome> CommitAsync(CallContext call, CommitTableRequest request, CancellationToken cancellationToken)
    {
        var changes = await ApplyAsync(
            call, [request], changes => new Outcome.Metadata(ResultForm.CommitTable, changes[0].Document), cancellationToken);
        return new Outcome.Metadata(ResultForm.CommitTable, changes[0].Document);
    }

    /// <summary><c>commitTransaction</c>: changes to several tables, all or none. A table that is named more than once is changed in the order of the request.</summary>
    /// <exception cref="CatalogException">As <see cref="CommitAsync"/>; 400 for more tables than one batch holds.</exception>
    public async ValueTask<Outcome> CommitTransactionAsync(CallContext call, IReadOnlyList<CommitTableRequest> requests, CancellationToken cancellationToken)
    {
        if (requests.Count > 0)
        {
            await ApplyAsync(call, requests, static _ => Outcome.Done.Instance, cancellationToken);
        }

        return Outcome.Done.Instance;
    }

    private async ValueTask<IReadOnlyList<TableChange>> ApplyAsync(
        CallContext call, IReadOnlyList<CommitTableRequest> requests, Func<IReadOnlyList<TableChange>, Outcome> outcomeOf, CancellationToken cancellationToken)
    {
        var byTable = requests.GroupBy(request => request.Table).Select(group => group.ToArray()).ToArray();
        if (byTable.Length > Limits.MaxTransactionTables)
        {
            throw CatalogException.BadRequest($"A transaction must not change more than {Limits.MaxTransactionTables} tables");
        }

        List<IDisposable> held = [];
        try
        {
            // In one order, so that two transactions never wait for each other.
            var rows = byTable.Select(group => Keys.Table(group[0].Table));
            foreach (var row in (requests.Any(request => request.IsCreate) ? rows.Append(Keys.LocationVersion) : rows).Order(StringComparer.Ordinal))
            {
                held.Add(await writer.Turns.TakeAsync($"{call.Catalog.Partition} {row}", cancellationToken));
            }

            for (var attempt = 1; ; attempt++)
            {
                if (await CatalogMeter.CountCommitAsync(attempt, TryApplyAsync(call, byTable, outcomeOf, cancellationToken)) is { } changes)
                {
                    return changes;
                }

                if (attempt == Limits.MaxCommitAttempts)
                {
                    throw Pointers.CommitLost(requests[0].Table);
                }

                await pointers.PauseAsync(attempt, cancellationToken);
            }
        }
        finally
        {
            held.ForEach(turn => turn.Dispose());
        }
    }

    /// <summary>One try. Null when the race was lost: then nothing was changed, and the files of this try are gone again.</summary>
    private async ValueTask<IReadOnlyList<TableChange>?> TryApplyAsync(
        CallContext call, CommitTableRequest[][] byTable, Func<IReadOnlyList<TableChange>, Outcome> outcomeOf, CancellationToken cancellationToken)
    {
        var changes = await Parallel.EachAsync(byTable, group => PrepareAsync(call, group, cancellationToken));
        var changed = changes.Where(change => change.Writes.Count > 0).ToArray();
        var outcome = outcomeOf(changes);
        if (changed.Length == 0)
        {
            await idempotency.RecordAsync(call, outcome, cancellationToken);
            return changes;
        }

        RequireDisjointClaims(changed);

        if (Merge(changed.SelectMany(change => change.Writes)) is not { } merged)
        {
            return null;
        }

        Write[] writes = [.. merged, .. Idempotency.Record(call, outcome, clock.GetUtcNow())];
        if (writes.Length > IKeyValueStore.MaxBatch)
        {
            throw CatalogException.BadRequest($"A transaction must not take more than {IKeyValueStore.MaxBatch} rows: commit fewer tables, or create fewer, at once");
        }

        var isApplied = false;
        try
        {
            await Parallel.EachAsync(changed, async change =>
            {
                await MetadataFiles.CreateAsync(call.Catalog, change.Document, cancellationToken);
                return true;
            });
            var result = await writer.WriteAsync(call.Catalog.Partition, writes, cancellationToken, () => HasLandedAsync(call, changed[0]));
            isApplied = result.IsApplied;
            Idempotency.ThrowIfTaken(call, result);
        }
        catch (Exception exception) when (Failures.CertainlyNothingHappened(exception))
        {
            await Parallel.EachAsync(changed, change => DeleteAsync(call, change.Document.Location));
            throw;
        }

        if (!isApplied)
        {
            await Parallel.EachAsync(changed, change => DeleteAsync(call, change.Document.Location));
            return null;
        }

        foreach (var change in changed)
        {
            files.Keep(call.Catalog, change.Document);
            await DeleteExpiredAsync(call, change);
        }

        return changes;
    }

    /// <summary>
    /// The writes of several tables as one batch: creations share the namespace they check and the version row of locations. Null when two of them saw such a row at different
    /// versions: one version can be checked only, and what the other creation concluded from what it saw (that nobody claims its location, say) may not hold any more.
    /// </summary>
    private static IReadOnlyList<Write>? Merge(IEnumerable<Write> writes)
    {
        var byRow = writes.GroupBy(write => write.Id).ToArray();
        return byRow.All(row => row.All(write => Batches.RequiredVersion(write) == Batches.RequiredVersion(row.First()))) ? [.. byRow.Select(row => row.First())] : null;
    }

    /// <summary>What a table becomes. Everything that can refuse the change is asked here, before anything is written.</summary>
    private async ValueTask<TableChange> PrepareAsync(CallContext call, CommitTableRequest[] requests, CancellationToken cancellationToken)
    {
        var table = requests[0].Table;
        call.Catalog.RequireAllowed(requests.SelectMany(request => request.Updates).SelectMany(update => update.Locations()));
        return requests[0].IsCreate
            ? await PrepareCreateAsync(call, table, requests, cancellationToken)
            : await PrepareUpdateAsync(call, table, requests, cancellationToken);
    }

    private async ValueTask<TableChange> PrepareUpdateAsync(
        CallContext call, TableIdentifier table, CommitTableRequest[] requests, CancellationToken cancellationToken)
    {
        var (pointer, before) = await pointers.FollowAsync(call, table, await pointers.RequireAsync(call, table, TableKind.Table, cancellationToken), files, cancellationToken);
        var metadata = before.ToTable();
        var builder = TableMetadataBuilder.From(metadata, pointer.Entity.MetadataLocation);
        var change = Apply(builder, metadata, requests, defaultLocation: null);
        if (!change.HasChanges)
        {
            return new TableChange(table, pointer.Entity.Id, before, null, [], []);
        }

        var next = change.Metadata;
        var claimed = Claims.Of(pointer.Entity);
        var added = Pointers.OwnLocations(next.Location, next.Properties).Where(location => !claimed.Any(location.IsWithin)).ToArray();
        var document = NewDocument(call, MetadataLocation.Next(pointer.Entity.MetadataLocation, next.Location, next.Properties, ids.NewId()).ToString(), next);
        var entity = pointer.Entity with
        {
            Uuid = next.Uuid ?? pointer.Entity.Uuid,
            Location = next.Location,
            MetadataLocation = document.Location,
            Version = pointer.Entity.Version + 1,
            Claims = Pointers.AddClaims(pointer.Entity, added),
            UpdatedAt = clock.GetUtcNow(),
        };
        List<Write> writes =
        [
            new Write.Replace(Keys.Table(table), entity.ToValue(), pointer.Version),
            .. await Claims.ClaimAsync(writer, call.Catalog, entity.Id, added, cancellationToken),
        ];
        return new TableChange(table, entity.Id, document, pointer.Entity.MetadataLocation, writes, OldMetadata.ToDelete(change, entity));
    }

    private async ValueTask<TableChange> PrepareCreateAsync(
        CallContext call, TableIdentifier table, CommitTableRequest[] requests, CancellationToken cancellationToken)
    {
        var others = requests[0].Requirements.Where(requirement => requirement is not TableRequirement.AssertCreate).ToArray();
        if (others.Length > 0)
        {
            throw CatalogException.BadRequest($"Invalid create requirements: [{string.Join(", ", others.Select(other => other.GetType().Name))}]");
        }

        Names.Require(table.Name, "table name");
        var place = await pointers.RequireFreeAsync(call, table, kind => TakenByCommit(table, kind), cancellationToken);
        var builder = TableMetadataBuilder.ForCreate(requests[0].Updates);
        var uuid = ids.NewId();
        var change = Apply(builder, null, requests, Pointers.DefaultLocation(call, table, place.Namespace, uuid));
        var metadata = change.Metadata;
        call.Catalog.RequireAllowed(metadata.Locations());
        var document = NewDocument(call, MetadataLocation.First(metadata.Location, metadata.Properties, ids.NewId()).ToString(), metadata);
        var entity = tables.NewEntity(metadata, document.Location, registered: false);
        var writes = await pointers.PrepareCreateAsync(call, table, place, entity, kind => TakenByCommit(table, kind), cancellationToken);
        return new TableChange(table, entity.Id, document, null, writes, []);
    }

    /// <summary>Applies the requests of one table in order: the requirements of each are asked of what the ones before it left.</summary>
    private TableMetadataChange Apply(TableMetadataBuilder builder, TableMetadata? metadata, CommitTableRequest[] requests, string? defaultLocation)
    {
        var now = clock.GetUtcNow();
        for (var i = 0; ; i++)
        {
            foreach (var requirement in requests[i].Requirements)
            {
                requirement.Check(metadata);
            }

            builder.Apply(requests[i].Updates);
            var change = builder.Build(now, ids.NewId, defaultLocation);
            if (i == requests.Length - 1)
            {
                return change;
            }

            metadata = change.Metadata;
        }
    }

    private static MetadataDocument NewDocument(CallContext call, string location, TableMetadata metadata)
    {
        call.Catalog.RequireAllowed("metadata location", location);
        return new MetadataDocument(location, metadata.ToJson(), metadata);
    }

    /// <summary>Claims were checked against what is stored, but not yet against the other tables of the same transaction.</summary>
    private static void RequireDisjointClaims(TableChange[] changes)
    {
        if (changes.Length == 1)
        {
            return;
        }

        var claims = changes.SelectMany(change => change.Writes, (change, write) => (change.Table, write.Id))
            .Where(claim => claim.Id.StartsWith("loc/", StringComparison.Ordinal))
            .OrderBy(claim => claim.Id, StringComparer.Ordinal)
            .ToArray();
        for (var (outermost, i) = (0, 1); i < claims.Length; i++)
        {
            // A claim's key begins with the key of every location above it, and in ordinal order all that lies below a location follows it at once.
            if (!claims[i].Id.StartsWith(claims[outermost].Id, StringComparison.Ordinal))
            {
                outermost = i;
            }
            else if (claims[i].Table != claims[outermost].Table)
            {
                throw new CatalogException(ErrorKind.Forbidden, $"The locations of {claims[outermost].Table} and {claims[i].Table} overlap");
            }
        }
    }

    /// <summary>
    /// Whether a commit that was sent twice and refused in the end was applied the first time: the history of what is there now names its file, or names
    /// the file that it was made from as replaced by another.
    /// </summary>
    private async ValueTask<bool?> HasLandedAsync(CallContext call, TableChange change)
    {
        if (await pointers.ReadAsync(call, change.Table, CancellationToken.None) is not { } pointer)
        {
            return null;
        }

        if (pointer.Entity.MetadataLocation == change.Document.Location)
        {
            return true;
        }

        (pointer, var document) = await pointers.FollowAsync(call, change.Table, pointer, files, CancellationToken.None);
        var history = document.ToTable().MetadataLog;
        if (history.Any(entry => entry.MetadataFile == change.Document.Location))
        {
            return true;
        }

        return change.Base is { } origin && history.Any(entry => entry.MetadataFile == origin) ? false : null;
    }

    /// <summary>
    /// Deletes the files that left the log, unless the name stands for something else by now: whoever unregistered the table may register one of them again. What stays then is garbage.
    /// (Between the look and the deletion a moment is left: no storage deletes under the condition of a row.)
    /// </summary>
    private async ValueTask DeleteExpiredAsync(CallContext call, TableChange change)
    {
        if (change.Expired.Count == 0 || await ReadQuietlyAsync(call, change.Table) is not { } now || now.Id != change.Id || change.Expired.Contains(now.MetadataLocation))
        {
            return;
        }

        foreach (var file in change.Expired)
        {
            await MetadataFiles.DeleteQuietlyAsync(call.Catalog, file);
        }
    }

    /// <summary>The commit is made: nothing that fails after it may look like its failure.</summary>
    private async ValueTask<TableEntity?> ReadQuietlyAsync(CallContext call, TableIdentifier table)
    {
        try
        {
            return (await pointers.ReadAsync(call, table, CancellationToken.None))?.Entity;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            return null;
        }
    }

    private static async ValueTask<bool> DeleteAsync(CallContext call, string location)
    {
        await MetadataFiles.DeleteQuietlyAsync(call.Catalog, location);
        return true;
    }

    private static CatalogException TakenByCommit(TableIdentifier table, TableKind kind) => kind == TableKind.Table
        ? CatalogException.CommitFailed("Requirement failed: table already exists")
        : Pointers.Taken(table, TableKind.Table, kind);

    /// <param name="Table">The table.</param>
    /// <param name="Id">Its id.</param>
    /// <param name="Document">What it becomes, or what it is when nothing changes.</param>
    /// <param name="Base">The file it was made from, or null for a new table.</param>
    /// <param name="Writes">The rows to write; none when nothing changes.</param>
    /// <param name="Expired">Files to delete afterwards.</param>
    private sealed record TableChange(
        TableIdentifier Table, Guid Id, MetadataDocument Document, string? Base, IReadOnlyList<Write> Writes, IReadOnlyList<string> Expired);
}
