using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil;

/// <summary>The operations on namespaces (REST operations 3 to 8).</summary>
public sealed partial class Namespaces(Changes changes, TimeProvider clock, IdSource ids)
{
    /// <summary>How old a mark of a drop must be to be taken for a crash's at once. A younger one is waited for, a quarter of a second or so.</summary>
    public static readonly TimeSpan DropMarkLifetime = TimeSpan.FromSeconds(5);

    /// <summary>Looks at a namespace that is being dropped before its mark is cleared. Clearing is always safe: the drop deletes the version that it marked, or begins anew.</summary>
    private const int Patience = 8;

    private const int MaxClearings = 10;

    private IKeyValueStore Store => changes.Store;

    /// <summary><c>listNamespaces</c>: the children of a namespace, or the top-level ones.</summary>
    /// <returns>Their full paths, and the token of the next page, or null.</returns>
    /// <exception cref="CatalogException">404 when the parent does not exist.</exception>
    public async ValueTask<(IReadOnlyList<Listed<Namespace>> Namespaces, string? NextPageToken)> ListAsync(
        CallContext call, Namespace? parent, Paging paging, CancellationToken cancellationToken)
    {
        if (parent is not null)
        {
            await RequireAsync(call, parent, cancellationToken);
        }

        return await ListPager.ListAsync(
            Store,
            call.Catalog.Partition,
            Keys.Namespaces(parent),
            "namespaces",
            paging,
            item => Head.Read(item) is var head ? new Listed<Namespace>(new Namespace([.. parent?.Levels ?? [], Keys.NameOf(item.Id)]), head.Id, head.Protected) : null,
            cancellationToken);
    }

    /// <summary><c>createNamespace</c>. The parent must exist.</summary>
    /// <exception cref="CatalogException">409 when it exists; 404 when its parent does not; 400 when name or properties are refused.</exception>
    public ValueTask<Outcome> CreateAsync(
        CallContext call, Namespace @namespace, IReadOnlyDictionary<string, string> properties, Func<NamespaceEntity, byte[]> answer, CancellationToken cancellationToken)
    {
        var isAgain = false;
        return changes.RunAsync(call, PrepareAsync, () => Busy(@namespace), cancellationToken);

        async ValueTask<Change?> PrepareAsync()
        {
            Names.Require(@namespace);
            RequireProperties(call, properties);
            if (isAgain && await ReadAsync(call, @namespace, cancellationToken) is not null)
            {
                throw new CatalogException(ErrorKind.AlreadyExists, $"Namespace already exists: {@namespace}");
            }

            isAgain = true;
            (NamespaceEntity Entity, string Version)? above = @namespace.Parent is { } parent ? await RequireAsync(call, parent, cancellationToken) : null;
            var (entity, claims) = await PlaceAsync(call, @namespace, new NamespaceEntity
            {
                Id = ids.NewId(),
                Properties = properties,
                Parents = above is { } row ? await LineageAsync(call, @namespace.Parent!, row.Entity, cancellationToken) : [],
            }, cancellationToken);
            List<Write> writes =
            [
                new Write.Create(Keys.Namespace(@namespace), entity.ToValue()),
                new Write.Create(Keys.Identity(entity.Id), new Identity(@namespace, null).ToValue()),
            ];
            if (above is { Version: var version })
            {
                writes.Add(new Write.Check(Keys.Namespace(@namespace.Parent!), version));
            }

            return new Change(ChangeKind.CreateNamespace, [new ChangedNamespace(entity.Id, @namespace, null, entity)], writes, new Outcome.Document(answer(entity))) { Claims = claims };
        }
    }

    /// <summary><c>loadNamespaceMetadata</c> and <c>namespaceExists</c>.</summary>
    /// <exception cref="CatalogException">404.</exception>
    public async ValueTask<NamespaceEntity> LoadAsync(CallContext call, Namespace @namespace, CancellationToken cancellationToken) =>
        (await ReadAsync(call, @namespace, cancellationToken) ?? throw NoSuchNamespace(@namespace)).Entity;

    /// <summary>Where tables and views of a namespace go that bring no location: told from the row alone. Nothing is read.</summary>
    public static string LocationOf(Catalog catalog, Namespace @namespace, NamespaceEntity entity) =>
        Folders.Of(catalog, @namespace, entity);

    /// <summary>Whether a namespace exists.</summary>
    public async ValueTask<bool> ExistsAsync(CallContext call, Namespace @namespace, CancellationToken cancellationToken) =>
        await ReadAsync(call, @namespace, cancellationToken) is not null;

    /// <summary><c>updateProperties</c>: removals and updates together, or none.</summary>
    /// <exception cref="CatalogException">404; 422 when a key is in both; 400 when a property is refused.</exception>
    public ValueTask<Outcome> UpdatePropertiesAsync(
        CallContext call, Namespace @namespace, IReadOnlyList<string> removals, IReadOnlyDictionary<string, string> updates, CancellationToken cancellationToken) =>
        changes.RunAsync(call, () => PrepareUpdateAsync(call, @namespace, removals, updates, cancellationToken), () => Busy(@namespace), cancellationToken);

    /// <summary>
    /// <c>dropNamespace</c>. Marks the namespace first, so that whoever makes something in it meanwhile is refused (their batch checks the namespace's version);
    /// then looks whether it is empty; then deletes it, or takes the mark away.
    /// </summary>
    /// <exception cref="CatalogException">404; 409 <c>NamespaceNotEmptyException</c>.</exception>
    public ValueTask<Outcome> DropAsync(CallContext call, Namespace @namespace, DropOptions options, CancellationToken cancellationToken) =>
        changes.RunAsync(call, () => PrepareDropAsync(call, @namespace, options, cancellationToken), () => Busy(@namespace), cancellationToken);

    /// <summary>
    /// A namespace in which something is to be made, with the version that the batch must check. A mark means that it is being dropped right now, or that a drop crashed:
    /// it is waited for, then cleared.
    /// </summary>
    /// <exception cref="CatalogException">404 when there is none; 503 when others change it in every try.</exception>
    internal async ValueTask<(NamespaceEntity Entity, string Version)> RequireAsync(CallContext call, Namespace @namespace, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < Patience + MaxClearings; attempt++)
        {
            var (entity, version) = await ReadAsync(call, @namespace, cancellationToken) ?? throw NoSuchNamespace(@namespace);
            if (entity.DroppingSince is not { } since)
            {
                return (entity, version);
            }

            if (attempt < Patience && clock.GetUtcNow() - since < DropMarkLifetime)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20 * (1 + ids.NextChance())), clock, cancellationToken);
                continue;
            }

            await MarkAsync(call, @namespace, entity with { DroppingSince = null }, version, cancellationToken);
        }

        throw Busy(@namespace);
    }

    /// <summary>
    /// The ids of a namespace and of those above it, outermost first: what a row in it holds as its parents. They are in its own row, except where an earlier version wrote that:
    /// then the rows above are read. Null when one of those is not there.
    /// </summary>
    internal async ValueTask<IReadOnlyList<Guid>?> LineageAsync(CallContext call, Namespace @namespace, NamespaceEntity entity, CancellationToken cancellationToken)
    {
        if (entity.Parents is { } parents)
        {
            return [.. parents, entity.Id];
        }

        if (@namespace.Parent is null)
        {
            return [entity.Id];
        }

        List<string> above = [];
        for (var parent = @namespace.Parent; parent is not null; parent = parent.Parent)
        {
            above.Insert(0, Keys.Namespace(parent));
        }

        var rows = await Store.ReadManyAsync(call.Catalog.Partition, above, cancellationToken);
        return rows.All(row => row is not null) ? [.. rows.Select(row => NamespaceEntity.Read(row!).Id), entity.Id] : null;
    }

    /// <summary>The same, of a namespace that is not read yet.</summary>
    internal async ValueTask<IReadOnlyList<Guid>?> LineageAsync(CallContext call, Namespace @namespace, CancellationToken cancellationToken) =>
        await ReadAsync(call, @namespace, cancellationToken) is { } row ? await LineageAsync(call, @namespace, row.Entity, cancellationToken) : null;

    /// <summary>The namespace of an id.</summary>
    /// <exception cref="CatalogException">404.</exception>
    public async ValueTask<Namespace> FindAsync(CallContext call, Guid id, CancellationToken cancellationToken) =>
        await Store.ReadAsync(call.Catalog.Partition, Keys.Identity(id), cancellationToken) is { } item && Identity.Read(item) is { Name: null } identity
            ? identity.Namespace
            : throw new CatalogException(ErrorKind.NoSuchNamespace, $"Namespace does not exist: {id}");

    internal async ValueTask<(NamespaceEntity Entity, string Version)?> ReadAsync(CallContext call, Namespace @namespace, CancellationToken cancellationToken)
    {
        if (!Names.CanExist(@namespace))
        {
            return null;
        }

        var item = await Store.ReadAsync(call.Catalog.Partition, Keys.Namespace(@namespace), cancellationToken);
        return item is null ? null : (NamespaceEntity.Read(item), item.Version);
    }

    private async ValueTask<Change?> PrepareUpdateAsync(
        CallContext call, Namespace @namespace, IReadOnlyList<string> removals, IReadOnlyDictionary<string, string> updates, CancellationToken cancellationToken)
    {
        var both = removals.Where(updates.ContainsKey).ToArray();
        if (both.Length > 0)
        {
            throw new CatalogException(ErrorKind.Unprocessable, $"Invalid namespace update, cannot simultaneously set and remove keys: [{string.Join(", ", both)}]");
        }

        var (before, version) = await RequireAsync(call, @namespace, cancellationToken);
        var properties = new Dictionary<string, string>(before.Properties, StringComparer.Ordinal);
        List<string> removed = [];
        List<string> missing = [];
        foreach (var key in removals.Distinct(StringComparer.Ordinal))
        {
            (properties.Remove(key) ? removed : missing).Add(key);
        }

        foreach (var (key, value) in updates)
        {
            properties[key] = value;
        }

        RequireProperties(call, properties);
        var answer = Json.Write((updates, removed, missing), static (writer, answer) =>
        {
            writer.WriteStartObject();
            writer.WriteStrings("updated", answer.updates.Keys);
            writer.WriteStrings("removed", answer.removed);
            writer.WriteStrings("missing", answer.missing);
            writer.WriteEndObject();
        });
        if (answer.Length > Limits.MaxNamespacePropertiesBytes)
        {
            throw CatalogException.BadRequest($"Invalid namespace update: the keys to set and to remove must not be larger than {Limits.MaxNamespacePropertiesBytes} bytes as JSON, these have {answer.Length}");
        }

        var outcome = new Outcome.Document(answer);
        if (updates.Count == 0 && removed.Count == 0)
        {
            return Change.Nothing(ChangeKind.UpdateProperties, outcome);
        }

        var after = await HealedAsync(call, @namespace, before with { Properties = properties }, cancellationToken);
        IReadOnlyList<Write> released = [];
        IReadOnlyList<Claim> claims = [];
        if (before.Properties.GetValueOrDefault("location") != properties.GetValueOrDefault("location"))
        {
            // The namespace's version moves with it: whoever is making something at the old place is refused, and looks again.
            (after, claims) = await PlaceAsync(call, @namespace, after with { Folder = null, HoldsFolder = false }, cancellationToken);
            released = await Folders.ReleaseAsync(Store, call, before, cancellationToken);
            if (released is [{ Id: var old }] && claims is [var same] && Keys.Folder(same.Location, same.Owner) == old)
            {
                (released, claims) = ([], []); // Another spelling of the same place.
            }
        }

        return new Change(
            ChangeKind.UpdateProperties,
            [new ChangedNamespace(before.Id, @namespace, before, after)],
            [new Write.Replace(Keys.Namespace(@namespace), after.ToValue(), version), .. released],
            outcome)
        {
            Claims = claims,
        };
    }

    /// <summary>
    /// Gives a namespace its folder: one that was chosen by its <c>location</c> property is held from now on; else it is only looked whether the wanted one can be had, so that the place that is
    /// told to clients is one where they can make tables. It is held when the first of them goes there by itself.
    /// </summary>
    private async ValueTask<(NamespaceEntity Entity, IReadOnlyList<Claim> Claims)> PlaceAsync(
        CallContext call, Namespace @namespace, NamespaceEntity entity, CancellationToken cancellationToken)
    {
        if (entity.Properties.TryGetValue("location", out var text))
        {
            var location = await Folders.RequireChosenAsync(Store, call, text, cancellationToken);
            return (entity with { Folder = Folders.Of(call.Catalog, @namespace, entity), HoldsFolder = true }, [new Claim(location, entity.Id) { IsFolder = true }]);
        }

        var folder = await Folders.ChooseAsync(Store, call, @namespace, entity, ids, cancellationToken);
        return (folder == Folders.Of(call.Catalog, @namespace, entity) ? entity : entity with { Folder = folder }, []);
    }

    private async ValueTask<Change?> PrepareDropAsync(CallContext call, Namespace @namespace, DropOptions options, CancellationToken cancellationToken)
    {
        var (before, version) = await RequireAsync(call, @namespace, cancellationToken);
        if (before.Protected && !options.Force)
        {
            throw new CatalogException(ErrorKind.Protected, $"Namespace {@namespace} is protected: take the protection away first, or drop it with force=true");
        }

        if (!await IsEmptyAsync(call, @namespace, cancellationToken))
        {
            throw NotEmpty(@namespace);
        }

        return new Change(ChangeKind.DropNamespace, [new ChangedNamespace(before.Id, @namespace, before, null)], [], Outcome.Done.Instance)
        {
            Announce = () => AnnounceDropAsync(call, @namespace, before, version, cancellationToken),
            Landed = () => IsGoneAsync(call, before.Id),
        };
    }

    /// <summary>Marks the namespace and looks once more whether it is empty. Null when somebody changed it, or took the mark for an old one.</summary>
    private async ValueTask<IReadOnlyList<Write>?> AnnounceDropAsync(
        CallContext call, Namespace @namespace, NamespaceEntity before, string version, CancellationToken cancellationToken)
    {
        var key = Keys.Namespace(@namespace);
        var marked = before with { DroppingSince = clock.GetUtcNow() };
        if (!await MarkAsync(call, @namespace, marked, version, cancellationToken)
            || await Store.ReadAsync(call.Catalog.Partition, key, cancellationToken) is not { } item
            || !item.Value.Span.SequenceEqual(marked.ToValue()))
        {
            return null;
        }

        if (!await IsEmptyAsync(call, @namespace, cancellationToken))
        {
            await MarkAsync(call, @namespace, before, item.Version, cancellationToken);
            throw NotEmpty(@namespace);
        }

        var identity = await Store.ReadAsync(call.Catalog.Partition, Keys.Identity(before.Id), cancellationToken);
        return
        [
            new Write.Delete(key, item.Version),
            .. identity is null ? Array.Empty<Write>() : [new Write.Delete(identity.Id, identity.Version)],
            .. await Folders.ReleaseAsync(Store, call, before, cancellationToken),
        ];
    }

    /// <summary>Sets the mark of a drop, or takes it away. False when somebody else changed the namespace.</summary>
    private ValueTask<bool> MarkAsync(CallContext call, Namespace @namespace, NamespaceEntity entity, string version, CancellationToken cancellationToken) =>
        changes.ApplyAsync(call, Change.Upkeep(new Write.Replace(Keys.Namespace(@namespace), entity.ToValue(), version)), cancellationToken);

    /// <summary>A row that is to be written, with what rows of earlier versions lack.</summary>
    internal async ValueTask<NamespaceEntity> HealedAsync(CallContext call, Namespace @namespace, NamespaceEntity entity, CancellationToken cancellationToken) => entity.Parents is not null
        ? entity
        : entity with { Parents = @namespace.Parent is { } parent ? await LineageAsync(call, parent, cancellationToken) : [] };

    /// <summary>Whether a namespace that was to be dropped is there no more: then it was, by this drop or another. Null when it is: then it cannot be told.</summary>
    private async ValueTask<bool?> IsGoneAsync(CallContext call, Guid id) =>
        await Store.ReadAsync(call.Catalog.Partition, Keys.Identity(id), CancellationToken.None) is null ? true : null;

    internal static CatalogException NoSuchNamespace(Namespace @namespace) => new(ErrorKind.NoSuchNamespace, $"Namespace does not exist: {@namespace}");

    /// <summary>The children of a namespace, all of them.</summary>
    private async ValueTask<IReadOnlyList<Namespace>> ChildrenAsync(CallContext call, Namespace @namespace, CancellationToken cancellationToken) =>
        [.. (await ListAsync(call, @namespace, Paging.None, cancellationToken)).Namespaces.Select(child => child.Name)];

    private async ValueTask<bool> IsEmptyAsync(CallContext call, Namespace @namespace, CancellationToken cancellationToken) =>
        (await Store.ListAsync(call.Catalog.Partition, Keys.Tables(@namespace), null, 1, cancellationToken)).Count == 0
        && (await Store.ListAsync(call.Catalog.Partition, Keys.Namespaces(@namespace), null, 1, cancellationToken)).Count == 0;

    private static void RequireProperties(CallContext call, IReadOnlyDictionary<string, string> properties)
    {
        var bytes = Json.Write(properties, static (writer, properties) =>
        {
            writer.WriteStartObject();
            foreach (var (key, value) in properties)
            {
                writer.WriteString(key, value);
            }

            writer.WriteEndObject();
        }).Length;
        if (bytes > Limits.MaxNamespacePropertiesBytes)
        {
            throw CatalogException.BadRequest($"Invalid properties: as JSON they must not be larger than {Limits.MaxNamespacePropertiesBytes} bytes together, these have {bytes}");
        }

        if (properties.TryGetValue("location", out var location))
        {
            call.Catalog.RequireAllowed("namespace location", location);
        }
    }

    private static CatalogException NotEmpty(Namespace @namespace) => new(ErrorKind.NamespaceNotEmpty, $"Namespace {@namespace} is not empty");

    /// <summary>503: clients take a 409 here for a namespace that exists.</summary>
    private static CatalogException Busy(Namespace @namespace) =>
        new(ErrorKind.SlowDown, $"Namespace {@namespace} is being changed by others; nothing was changed. Try again");
}
