using System.Text.Json;

namespace Frazil.Iceberg;

/// <summary>The kinds of snapshot references.</summary>
public enum SnapshotReferenceType
{
    /// <summary>Moves with commits.</summary>
    Branch,

    /// <summary>Stays.</summary>
    Tag,
}

/// <summary>A branch or tag.</summary>
public sealed record SnapshotReference
{
    /// <summary>The branch that is the table's current state.</summary>
    public const string Main = "main";

    /// <param name="snapshotId">The snapshot.</param>
    /// <param name="type">Branch or tag.</param>
    /// <param name="minSnapshotsToKeep">Of a branch: how many snapshots expiry keeps at least; null for the table's default.</param>
    /// <param name="maxSnapshotAgeMs">Of a branch: how old a snapshot may become, in milliseconds; null for the table's default.</param>
    /// <param name="maxRefAgeMs">How old the reference may become, in milliseconds; null for the table's default.</param>
    public SnapshotReference(
        long snapshotId,
        SnapshotReferenceType type,
        int? minSnapshotsToKeep = null,
        long? maxSnapshotAgeMs = null,
        long? maxRefAgeMs = null)
    {
        SnapshotId = snapshotId;
        Type = type;
        MinSnapshotsToKeep = minSnapshotsToKeep;
        MaxSnapshotAgeMs = maxSnapshotAgeMs;
        MaxRefAgeMs = maxRefAgeMs;
    }

    /// <summary>The snapshot.</summary>
    public long SnapshotId { get; }

    /// <summary>Branch or tag.</summary>
    public SnapshotReferenceType Type { get; }

    /// <summary>Of a branch: how many snapshots expiry keeps at least; null for the table's default.</summary>
    public int? MinSnapshotsToKeep { get; }

    /// <summary>Of a branch: how old a snapshot may become, in milliseconds; null for the table's default.</summary>
    public long? MaxSnapshotAgeMs { get; }

    /// <summary>How old the reference may become, in milliseconds; null for the table's default.</summary>
    public long? MaxRefAgeMs { get; }

    /// <summary><c>branch</c> or <c>tag</c>.</summary>
    public string TypeName => Type == SnapshotReferenceType.Branch ? "branch" : "tag";

    private SourceSlice Source { get; init; }

    /// <summary>Reads a reference. Its retention is not checked; <see cref="CheckRetention"/> does that where one is set.</summary>
    /// <exception cref="CatalogException">400 when a member is missing or of the wrong kind.</exception>
    public static SnapshotReference Read(JsonElement element, ReadOnlyMemory<byte> source)
    {
        _ = source;   // nothing of the request is kept
        element.RequireObject("snapshot reference");
        return new(
            element.RequiredInt64("snapshot-id"),
            element.RequiredString("type").ToLowerInvariant() switch
            {
                "branch" => SnapshotReferenceType.Branch,
                "tag" => SnapshotReferenceType.Tag,
                var other => throw CatalogException.BadRequest($"Cannot parse 'type' of a snapshot reference: expected branch or tag, got {other}"),
            },
            element.OptionalInt32("min-snapshots-to-keep"),
            element.OptionalInt64("max-snapshot-age-ms"),
            element.OptionalInt64("max-ref-age-ms"));
    }

    /// <summary>Tags have no retention of snapshots; every retention is greater than 0; <c>main</c> is a branch.</summary>
    /// <exception cref="CatalogException">400 when not.</exception>
    public void CheckRetention(string name)
    {
        var problem = this switch
        {
            { Type: SnapshotReferenceType.Tag } when name == Main => "Cannot set main to a tag: main must be a branch",
            { Type: SnapshotReferenceType.Tag, MinSnapshotsToKeep: not null } => "Tags do not support setting minSnapshotsToKeep",
            { Type: SnapshotReferenceType.Tag, MaxSnapshotAgeMs: not null } => "Tags do not support setting maxSnapshotAgeMs",
            { MinSnapshotsToKeep: <= 0 } => "Min snapshots to keep must be greater than 0",
            { MaxSnapshotAgeMs: <= 0 } => "Max snapshot age must be greater than 0 ms",
            { MaxRefAgeMs: <= 0 } => "Max reference age must be greater than 0",
            _ => null,
        };
        if (problem is not null)
        {
            throw CatalogException.Validation(problem);
        }
    }

    /// <summary>Writes the reference as an object.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        if (Source.TryWriteTo(writer))
        {
            return;
        }

        writer.WriteStartObject();
        writer.WriteNumber("snapshot-id", SnapshotId);
        writer.WriteString("type", TypeName);
        writer.WriteOptional("min-snapshots-to-keep", MinSnapshotsToKeep);
        writer.WriteOptional("max-snapshot-age-ms", MaxSnapshotAgeMs);
        writer.WriteOptional("max-ref-age-ms", MaxRefAgeMs);
        writer.WriteEndObject();
    }

    internal static SnapshotReference ReadStored(ReadOnlyMemory<byte> slice)
    {
        using var document = Json.Parse(slice);
        return Read(document.RootElement, slice) with { Source = new SourceSlice(slice) };
    }
}
