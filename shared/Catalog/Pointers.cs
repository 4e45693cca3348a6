using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil;

/// <summary>A pointer as read: what it says, and the version that a write must name.</summary>
/// <param name="Entity">What it says.</param>
/// <param name="Version">The row's version.</param>
internal sealed record Pointer(TableEntity Entity, string Version);

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

        var item = await writer.Store.ReadAsync(call.Catalog.Partition, Keys.Table(name), cancellationToken);
        return item is null ? null : new Pointer(TableEntity.Read(item.Value), item.Version);
    }

    public async ValueTask<Pointer> RequireAsync(CallContext call, TableIdentifier name, TableKind kind, CancellationToken cancellationToken) =>
        await ReadAsync(call, name, cancellationToken) is { } pointer && pointer.Entity.Kind == kind ? pointer : throw NoSuch(name, kind);

    public async ValueTask<(IReadOnlyList<TableIdentifier> Identifiers, string? NextPageToken)> ListAsync(
        CallContext call, Namespace @namespace, TableKind kind, Paging paging, CancellationToken cancellationToken)
    {
        await namespaces.LoadAsync(call, @namespace, cancellationToken);
        var (items, next) = await ListPager.ListAsync(
            writer.Store, call.Catalog.Partition, Keys.Tables(@namespace), kind.ToString(), paging, item => TableEntity.Read(item.Value).Kind == kind, cancellationToken);
        return ([.. items.Select(item => new TableIdentifier(@namespace, Keys.NameOf(item.Id)))], next);
    }

    /// <summary>Where a table or view goes that brings no location: below its namespace's location, with its uuid, so that no two ever share a prefix.</summary>
    public static string DefaultLocation(CallContext call, TableIdentifier name, NamespaceEntity @namespace, Guid uuid)
    {
        var parent = @namespace.Properties.TryGetValue("location", out var location)
            ? location.TrimEnd('/')
            : string.Join('/', name.Namespace.Levels.Select(Names.ForLocation).Prepend(call.Catalog.Entity.Storage.BaseLocation.TrimEnd('/')));
        return $"{parent}/{Names.ForLocation(name.Name)}-{uuid:N}";
    }

    /// <summary>The locations that a table or view keeps for itself: its own, and those of its properties that are not below it.</summary>
    public static IReadOnlyList<Location> OwnLocations(string location, IReadOnlyDictionary<string, string> properties)
    {
        List<Location> own = [Location.Parse(location)];
        foreach (var property in LocationProperties)
        {
            if (properties.TryGetValue(property, out var text) && Location.Parse(text, property) is var place && !own.Any(place.IsWithin))
            {
                own.Add(place);
            }
        }

        return own;
    }

    /// <summary>
    /// Makes a pointer: checks name, namespace and locations, has the metadata file written, then writes one batch.
    /// Tried again when the namespace or a claim changed meanwhile; a name that is taken ends it.
    /// </summary>
    public async ValueTask CreateAsync(
        CallContext call, TableIdentifier name, TableEntity entity, Outcome outcome, Func<TableKind, CatalogException> taken, Func<ValueTask> writeFile, CancellationToken cancellationToken)
    {
        var written = false;
        for (var attempt = 1; ; attempt++)
        {
            List<Write> writes = [.. await PrepareCreateAsync(call, name, entity, taken, cancellationToken), .. Idempotency.Record(call, outcome, clock.GetUtcNow())];
            if (!written)
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

            await PauseAsync(attempt, cancellationToken);
        }
    }

    /// <summary>The rows that make a pointer, after every check that can refuse it.</summary>
    public async ValueTask<IReadOnlyList<Write>> PrepareCreateAsync(
        CallContext call, TableIdentifier name, TableEntity entity, Func<TableKind, CatalogException> taken, CancellationToken cancellationToken)
    {
        var (_, version) = await namespaces.RequireAsync(call, name.Namespace, cancellationToken);
        if (await ReadAsync(call, name, cancellationToken) is { } other)
        {
            throw taken(other.Entity.Kind);
        }

        var claims = await Claims.ClaimAsync(writer, call.Catalog, entity.Id, [.. entity.Claims.Select(claim => Location.Parse(claim))], cancellationToken);
        return [new Write.Create(Keys.Table(name), entity.ToValue()), new Write.Check(Keys.Namespace(name.Namespace), version), .. claims];
    }

    /// <summary>Removes a name. Files stay.</summary>
    public async ValueTask<Pointer> DropAsync(CallContext call, TableIdentifier name, TableKind kind, Func<Pointer, ValueTask<Outcome>> outcome, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var pointer = await RequireAsync(call, name, kind, cancellationToken);
            var answer = await outcome(pointer);
            List<Write> writes =
            [
                new Write.Delete(Keys.Table(name), pointer.Version),
                .. await Claims.ReleaseAsync(writer, call.Catalog, pointer.Entity, cancellationToken),
                .. Idempotency.Record(call, answer, clock.GetUtcNow()),
            ];
            var result = await writer.WriteAsync(call.Catalog.Partition, writes, cancellationToken);
            if (result.IsApplied)
            {
                return pointer;
            }

            Idempotency.ThrowIfTaken(call, result);
            if (attempt == MaxAttempts)
            {
                throw Busy(name);
            }

            await PauseAsync(attempt, cancellationToken);
        }
    }

    /// <summary>Moves a name: one batch, so that every reader sees exactly one of the two.</summary>
    public async ValueTask<Outcome> RenameAsync(CallContext call, TableIdentifier from, TableIdentifier to, TableKind kind, CancellationToken cancellationToken)
    {
        Names.Require(to.Name, kind == TableKind.Table ? "table name" : "view name");
        for (var attempt = 1; ; attempt++)
        {
            var pointer = await RequireAsync(call, from, kind, cancellationToken);
            var (_, namespaceVersion) = await namespaces.RequireAsync(call, to.Namespace, cancellationToken);
            if (await ReadAsync(call, to, cancellationToken) is { } other)
            {
                throw new CatalogException(ErrorKind.AlreadyExists, $"Cannot rename {from} to {to}. {other.Entity.Kind} already exists");
            }

            List<Write> writes =
            [
                new Write.Delete(Keys.Table(from), pointer.Version),
                new Write.Create(Keys.Table(to), pointer.Entity.ToValue()),
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

    /// <summary>Waits a little, and randomly, before another try.</summary>
    public Task PauseAsync(int attempt, CancellationToken cancellationToken) =>
        Task.Delay(TimeSpan.FromMilliseconds(Math.Min(2 * Math.Pow(2, attempt), 500) * (0.5 + ids.NextChance())), clock, cancellationToken);

    public static CatalogException NoSuch(TableIdentifier name, TableKind kind) => kind == TableKind.Table
        ? new(ErrorKind.NoSuchTable, $"Table does not exist: {name}")
        : new(ErrorKind.NoSuchView, $"View does not exist: {name}");

    /// <summary>409 for a name that is taken, in the words that clients look for.</summary>
    public static CatalogException Taken(TableIdentifier name, TableKind wanted, TableKind found) => new(
        ErrorKind.AlreadyExists, wanted == found ? $"{found} already exists: {name}" : $"{found} with same name already exists: {name}");

    public static CatalogException Busy(TableIdentifier name) =>
        CatalogException.CommitFailed($"Cannot commit {name}: others were faster in every try; nothing was changed. Try again");

    private static readonly string[] LocationProperties = ["write.data.path", "write.metadata.path", "write.object-storage.path", "write.folder-storage.path"];
}
