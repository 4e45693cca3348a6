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
public sealed class TableCommits(Changes changes, Namespaces namespaces, MetadataFiles files, TimeProvider clock, IdSource ids)
{
    private readonly Pointers pointers = new(changes.Store);
    private readonly Creations creations = new(changes.Store, namespaces, clock, ids);
    private readonly Moves moves = new(namespaces);

    /// <summary><c>updateTable</c>: a commit to a table, or with <c>assert-create</c> the commit that makes a staged one.</summary>
    /// <exception cref="CatalogException">
    /// 404; 409 <c>CommitFailedException</c>: certainly not applied; 400 or 403 when an update is refused; 500 <c>CommitStateUnknownException</c>.
    /// </exception>
    public ValueTask<Outcome> CommitAsync(CallContext call, CommitTableRequest request, CancellationToken cancellationToken) =>
        ApplyAsync(call, ChangeKind.UpdateTable, [request], static parts => new Outcome.Metadata(ResultForm.CommitTable, parts[0].Document), cancellationToken);

    /// <summary><c>commitTransaction</c>: changes to several tables, all or none. A table that is named more than once is changed in the order of the request.</summary>
    /// <exception cref="CatalogException">As <see cref="CommitAsync"/>; 400 for more tables than one batch holds.</exception>
    public ValueTask<Outcome> CommitTransactionAsync(CallContext call, IReadOnlyList<CommitTableRequest> requests, CancellationToken cancellationToken) => requests.Count == 0
        ? new(Outcome.Done.Instance)
        : ApplyAsync(call, ChangeKind.CommitTransaction, requests, static _ => Outcome.Done.Instance, cancellationToken);

    private ValueTask<Outcome> ApplyAsync(
        CallContext call, ChangeKind kind, IReadOnlyList<CommitTableRequest> requests, Func<IReadOnlyList<Part>, Outcome> outcomeOf, CancellationToken cancellationToken)
    {
        if (requests.Count > Limits.MaxTransactionChanges)
        {
            throw CatalogException.BadRequest($"A transaction must not have more than {Limits.MaxTransactionChanges} changes of tables");
        }

        RequireFewUpdates(requests.Sum(request => request.Updates.Count));
        var byTable = requests.GroupBy(request => request.Table).Select(group => group.ToArray()).ToArray();
        return changes.RunAsync(
            call,
            () => PrepareAsync(call, kind, byTable, outcomeOf, cancellationToken),
            () => Pointers.CommitLost(requests[0].Table),
            cancellationToken,
            [.. byTable.Select(group => Keys.Table(group[0].Table))],
            isCommit: true);
    }

    /// <exception cref="CatalogException">400 when a request makes more updates than it may.</exception>
    internal static void RequireFewUpdates(int updates)
    {
        if (updates > Limits.MaxUpdates)
        {
            throw CatalogException.BadRequest($"A request must not make more than {Limits.MaxUpdates} updates");
        }
    }

    /// <summary>One try. Null when the race is lost already.</summary>
    private async ValueTask<Change?> PrepareAsync(
        CallContext call, ChangeKind kind, CommitTableRequest[][] byTable, Func<IReadOnlyList<Part>, Outcome> outcomeOf, CancellationToken cancellationToken)
    {
        if (byTable.Length > Limits.MaxTransactionTables)
        {
            throw CatalogException.BadRequest($"A transaction must not change more than {Limits.MaxTransactionTables} tables");
        }

        var parts = await Parallel.EachAsync(byTable, group => PrepareAsync(call, group, byTable.Length == 1, cancellationToken));
        var changed = parts.Where(part => part.Writes.Count > 0).ToArray();
        var outcome = outcomeOf(parts);
        if (changed.Length == 0)
        {
            return Change.Nothing(kind, outcome);
        }

        IReadOnlyList<Write>? writes = changed is [var only] ? only.Writes : Changes.Merge(changed.SelectMany(part => part.Writes));
        return writes is null ? null : new Change(kind, [.. changed.Select(part => part.Changed!)], writes, outcome)
        {
            Claims = [.. changed.SelectMany(part => part.Claims)],
            NewFiles = [.. changed.Select(part => part.Document)],
            Landed = () => HasLandedAsync(call, changed[0]),
        };
    }

    /// <summary>What a table becomes. Everything that can refuse the change is asked here, before anything is written.</summary>
    private async ValueTask<Part> PrepareAsync(CallContext call, CommitTableRequest[] requests, bool isAlone, CancellationToken cancellationToken)
    {
        var table = requests[0].Table;
        call.Catalog.RequireAllowed(requests.SelectMany(request => request.Updates).SelectMany(update => update.Locations()));
        return requests[0].IsCreate
            ? await PrepareCreateAsync(call, table, requests, isAlone, cancellationToken)
            : await PrepareUpdateAsync(call, table, requests, cancellationToken);
    }

    private async ValueTask<Part> PrepareUpdateAsync(
        CallContext call, TableIdentifier table, CommitTableRequest[] requests, CancellationToken cancellationToken)
    {
        var (pointer, before) = await pointers.FollowAsync(call, table, await pointers.RequireAsync(call, table, TableKind.Table, cancellationToken), files, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        var metadata = before.ToTable();
        var builder = TableMetadataBuilder.From(metadata, pointer.Entity.MetadataLocation);
        var change = Apply(builder, metadata, requests, defaultLocation: null, cancellationToken);
        if (!change.HasChanges)
        {
            return new Part(table, before, null, null, [], []);
        }

        var next = change.Metadata;
        var document = NewDocument(call, next, bytes => MetadataLocation.Next(pointer.Entity.MetadataLocation, next.Location, next.Properties, bytes, ids.NewId()));
        var entity = pointer.Entity with { Uuid = next.Uuid, Location = next.Location, MetadataLocation = document.Location, UpdatedAt = clock.GetUtcNow() };
        var (moved, writes, claims) = await moves.PrepareAsync(call, table, pointer, entity, TableLocations.Own(next.Location, next.Properties), cancellationToken);
        return new Part(table, document, pointer.Entity.MetadataLocation, moved with { ExpiredFiles = OldMetadata.ToDelete(change, moved.After!) }, writes, claims);
    }

    private async ValueTask<Part> PrepareCreateAsync(
        CallContext call, TableIdentifier table, CommitTableRequest[] requests, bool isAlone, CancellationToken cancellationToken)
    {
        var others = requests[0].Requirements.Where(requirement => requirement is not TableRequirement.AssertCreate).ToArray();
        if (others.Length > 0)
        {
            throw CatalogException.BadRequest($"Invalid create requirements: [{string.Join(", ", others.Select(other => other.GetType().Name))}]");
        }

        Names.Require(table.Name, "table name");
        var place = await creations.RequireFreeAsync(call, table, kind => TakenByCommit(table, kind), cancellationToken);
        var builder = TableMetadataBuilder.ForCreate(requests[0].Updates);
        var uuid = ids.NewId();
        var isChosen = requests[0].Updates.Any(static update => update is TableUpdate.SetLocation);
        var folder = isChosen ? null : await creations.ChooseFolderAsync(call, table, place, cancellationToken);
        var given = folder is null ? null : TableLocations.Default(folder, table, uuid);
        var change = Apply(builder, null, requests, given, cancellationToken);
        var metadata = change.Metadata;
        call.Catalog.RequireAllowed(metadata.Locations());
        var document = NewDocument(call, metadata, bytes => MetadataLocation.First(metadata.Location, metadata.Properties, bytes, ids.NewId()));
        var entity = creations.NewEntity(TableKind.Table, metadata.Uuid, metadata.Location, metadata.Properties, document.Location, registered: false);
        var (made, writes, claims) = await creations.PrepareAsync(call, table, place, entity, metadata.Location == given ? folder : null, cancellationToken, isAlone);
        return new Part(table, document, null, made, writes, claims);
    }

    /// <summary>Applies the requests of one table in order: the requirements of each are asked of what the ones before it left.</summary>
    private TableMetadataChange Apply(TableMetadataBuilder builder, TableMetadata? metadata, CommitTableRequest[] requests, string? defaultLocation, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        for (var i = 0; ; i++)
        {
            foreach (var requirement in requests[i].Requirements)
            {
                requirement.Check(metadata);
            }

            foreach (var update in requests[i].Updates)
            {
                cancellationToken.ThrowIfCancellationRequested();
                builder.Apply(update);
            }

            var change = builder.Build(now, ids.NewId, defaultLocation);
            if (i == requests.Length - 1)
            {
                return change;
            }

            metadata = change.Metadata;
        }
    }

    private static MetadataDocument NewDocument(CallContext call, TableMetadata metadata, Func<int, MetadataLocation> locationOf)
    {
        var json = metadata.ToJson();
        var location = locationOf(json.Length).ToString();
        call.Catalog.RequireAllowed("metadata location", location);
        return new MetadataDocument(location, json, metadata);
    }

    /// <summary>
    /// Whether a commit that was sent twice and refused in the end was applied the first time: the history of what is there now names its file, or names
    /// the file that it was made from as replaced by another.
    /// </summary>
    private async ValueTask<bool?> HasLandedAsync(CallContext call, Part part)
    {
        if (await pointers.ReadAsync(call, part.Table, CancellationToken.None) is not { } pointer)
        {
            return null;
        }

        if (pointer.Entity.MetadataLocation == part.Document.Location)
        {
            return true;
        }

        (pointer, var document) = await pointers.FollowAsync(call, part.Table, pointer, files, CancellationToken.None);
        var history = document.ToTable().MetadataLog;
        if (history.Any(entry => entry.MetadataFile == part.Document.Location))
        {
            return true;
        }

        return part.Base is { } origin && history.Any(entry => entry.MetadataFile == origin) ? false : null;
    }

    private static CatalogException TakenByCommit(TableIdentifier table, TableKind kind) => kind == TableKind.Table
        ? CatalogException.CommitFailed("Requirement failed: table already exists")
        : Pointers.Taken(table, TableKind.Table, kind);

    /// <summary>One table's part of a commit.</summary>
    /// <param name="Table">The table.</param>
    /// <param name="Document">What it becomes, or what it is when nothing changes.</param>
    /// <param name="Base">The file it was made from, or null for a new table.</param>
    /// <param name="Changed">What changes; null when nothing does.</param>
    /// <param name="Writes">The rows to write; none when nothing changes.</param>
    /// <param name="Claims">Locations that it takes besides.</param>
    private sealed record Part(TableIdentifier Table, MetadataDocument Document, string? Base, ChangedTable? Changed, IReadOnlyList<Write> Writes, IReadOnlyList<Claim> Claims);
}
