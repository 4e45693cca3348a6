namespace Frazil.Iceberg;

/// <summary>What a builder made.</summary>
/// <param name="Metadata">The new metadata; the current one itself when nothing changed.</param>
/// <param name="HasChanges">Whether anything changed. When not, no file is written and no pointer moved.</param>
public sealed record ViewMetadataChange(ViewMetadata Metadata, bool HasChanges);

/// <summary>
/// The only place where view metadata changes: applies updates in order, and refuses with 400 those that would make it invalid. An update that changes nothing
/// leaves no trace. Not thread-safe; used once.
/// </summary>
public sealed class ViewMetadataBuilder
{
    private const int FirstSchemaId = 0;

    internal static readonly Sameness<ViewVersion> SameMeaning = new(static (one, other) => one.MeansTheSameAs(other), static version => version.MeaningHash());

    private readonly ViewMetadata current;
    private readonly IdentifiedItems<Schema> schemas;
    private readonly IdentifiedItems<ViewVersion> versions;
    private readonly HashSet<int> addedVersions = new(IdComparer.Instance);
    private readonly OrderedMap<string, string> properties = new(StringComparer.Ordinal);
    private string location;
    private int currentVersionId;
    private bool hasChanges;

    private ViewMetadataBuilder(ViewMetadata current)
    {
        this.current = current;
        schemas = new(current.Schemas, schema => schema.SchemaId, TableMetadataBuilder.SameSchema);
        versions = new(current.Versions, version => version.VersionId, SameMeaning);
        location = current.Location;
        currentVersionId = current.CurrentVersionId;
        foreach (var (name, value) in current.Properties)
        {
            properties.Set(name, value);
        }
    }

    /// <summary>Starts from a view's metadata.</summary>
    public static ViewMetadataBuilder From(ViewMetadata current) => new(current);

    /// <summary>Applies updates in order.</summary>
    /// <exception cref="CatalogException">400 when one is refused. The builder must not be used any further.</exception>
    public ViewMetadataBuilder Apply(IEnumerable<ViewUpdate> updates)
    {
        foreach (var update in updates)
        {
            Apply(update);
        }

        return this;
    }

    /// <summary>Applies an update.</summary>
    /// <exception cref="CatalogException">400 when it is refused. The builder must not be used any further.</exception>
    public ViewMetadataBuilder Apply(ViewUpdate update)
    {
        switch (update)
        {
            case ViewUpdate.AssignUuid assign: AssignUuid(assign.Uuid); break;
            case ViewUpdate.UpgradeFormatVersion upgrade: UpgradeFormatVersion(upgrade.FormatVersion); break;
            case ViewUpdate.AddSchema add: AddSchema(add.Schema); break;
            case ViewUpdate.SetLocation set: SetLocation(set.Location); break;
            case ViewUpdate.SetProperties set: SetProperties(set.Updates); break;
            case ViewUpdate.RemoveProperties remove: RemoveProperties(remove.Removals); break;
            case ViewUpdate.AddViewVersion add: AddVersion(add.ViewVersion); break;
            case ViewUpdate.SetCurrentViewVersion set: SetCurrentVersion(set.ViewVersionId); break;
            default: throw new ArgumentOutOfRangeException(nameof(update), update, "no such update");
        }

        return this;
    }

    /// <summary>Makes the new metadata.</summary>
    /// <param name="now">The time.</param>
    /// <exception cref="CatalogException">400 when the updates together make no valid view.</exception>
    public ViewMetadataChange Build(DateTimeOffset now)
    {
        if (!hasChanges)
        {
            return new(current, HasChanges: false);
        }

        var newProperties = properties.ToDictionary();
        _ = MetadataLocation.UsesGzip(newProperties);
        CheckDialects(newProperties);
        var log = BuildLog(now);
        var kept = KeptVersions(newProperties);
        var metadata = current with
        {
            Location = location,
            CurrentVersionId = currentVersionId,
            Versions = [.. versions.ToList().Where(version => kept.Contains(version.VersionId))],
            VersionLog = kept.Count == versions.Count ? log : WithoutGaps(log, kept),
            Schemas = schemas.ToList(),
            Properties = newProperties,
        };
        return new(metadata, HasChanges: true);
    }

    private void AssignUuid(string uuid)
    {
        if (!UuidText.Same(uuid, current.Uuid))
        {
            throw CatalogException.Validation("Cannot reassign uuid");
        }
    }

    private void UpgradeFormatVersion(int version)
    {
        if (version > ViewMetadata.MaxFormatVersion)
        {
            throw CatalogException.Validation($"Cannot upgrade view to unsupported format version: v{version} (supported: v{ViewMetadata.MaxFormatVersion})");
        }

        if (version < current.FormatVersion)
        {
            throw CatalogException.Validation($"Cannot downgrade v{current.FormatVersion} view to v{version}");
        }
    }

    private void AddSchema(Schema schema)
    {
        schema.ReadFully();
        if (schemas.Reuse(schema) is null)
        {
            schemas.Add(schema.WithId(schemas.NextId(FirstSchemaId)));
            hasChanges = true;
        }
    }

    private void SetLocation(string moved)
    {
        hasChanges |= moved != location;
        location = moved;
    }

    private void SetProperties(IReadOnlyDictionary<string, string> updates)
    {
        foreach (var (name, value) in updates)
        {
            if (!properties.TryGet(name, out var existing) || existing != value)
            {
                properties.Set(name, value);
                hasChanges = true;
            }
        }
    }

    private void RemoveProperties(IReadOnlyList<string> removals)
    {
        foreach (var name in removals)
        {
            hasChanges |= properties.Remove(name);
        }
    }

    private void AddVersion(ViewVersion version)
    {
        var schemaId = version.SchemaId == ViewUpdate.LastAdded
            ? schemas.LastAdded ?? throw CatalogException.Validation("Cannot set last added schema: no schema has been added")
            : version.SchemaId;
        if (schemas.Find(schemaId) is null)
        {
            throw CatalogException.Validation($"Cannot add version with unknown schema: {schemaId}");
        }

        version.CheckRepresentations();
        var bound = version.WithIds(version.VersionId, schemaId);
        if (versions.Reuse(bound) is null)
        {
            var id = Math.Max(version.VersionId, versions.NextId(first: 1));
            versions.Add(bound.WithIds(id, schemaId));
            addedVersions.Add(id);
            hasChanges = true;
        }
    }

    private void SetCurrentVersion(int id)
    {
        var wanted = id == ViewUpdate.LastAdded
            ? versions.LastAdded ?? throw CatalogException.Validation("Cannot set last version id: no current version id has been set")
            : id;
        if (versions.Find(wanted) is null)
        {
            throw CatalogException.Validation($"Cannot set current version to unknown version: {wanted}");
        }

        hasChanges |= wanted != currentVersionId;
        currentVersionId = wanted;
    }

    /// <summary>An engine that could read the view before must be able to read it after, unless the view's owner allows otherwise.</summary>
    private void CheckDialects(IReadOnlyDictionary<string, string> newProperties)
    {
        if (TableProperties.Boolean(newProperties, ViewProperties.ReplaceDropDialectAllowed, defaultValue: false))
        {
            return;
        }

        var before = current.CurrentVersion.Dialects.ToHashSet(StringComparer.Ordinal);
        var after = versions.Find(currentVersionId)!.Dialects.ToHashSet(StringComparer.Ordinal);
        if (!after.IsSupersetOf(before))
        {
            throw CatalogException.Validation(
                $"Cannot replace view due to loss of view dialects ({ViewProperties.ReplaceDropDialectAllowed}=false):\n"
                + $"Previous dialects: [{string.Join(", ", before)}]\nNew dialects: [{string.Join(", ", after)}]");
        }
    }

    private IReadOnlyList<ViewVersionLogEntry> BuildLog(DateTimeOffset now)
    {
        if (currentVersionId == current.CurrentVersionId)
        {
            return current.VersionLog;
        }

        var since = addedVersions.Contains(currentVersionId) ? versions.Find(currentVersionId)!.TimestampMs : now.ToUnixTimeMilliseconds();
        return [.. current.VersionLog, new ViewVersionLogEntry(since, currentVersionId)];
    }

    /// <summary>The current version, what this request added, and the highest ids up to the number that the view keeps.</summary>
    private HashSet<int> KeptVersions(IReadOnlyDictionary<string, string> newProperties)
    {
        var kept = new HashSet<int>(addedVersions, IdComparer.Instance) { currentVersionId };
        var limit = Math.Max(kept.Count, ViewProperties.VersionsToKeep(newProperties));
        foreach (var version in versions.ToList().OrderByDescending(version => version.VersionId))
        {
            if (kept.Count == limit)
            {
                break;
            }

            kept.Add(version.VersionId);
        }

        return kept;
    }

    /// <summary>Where a removed version leaves a gap, the history before the gap goes too, since it would seem to reach to the gap's end.</summary>
    private static List<ViewVersionLogEntry> WithoutGaps(IReadOnlyList<ViewVersionLogEntry> log, HashSet<int> kept)
    {
        var retained = new List<ViewVersionLogEntry>(log.Count);
        foreach (var entry in log)
        {
            if (kept.Contains(entry.VersionId))
            {
                retained.Add(entry);
            }
            else
            {
                retained.Clear();
            }
        }

        return retained;
    }
}
