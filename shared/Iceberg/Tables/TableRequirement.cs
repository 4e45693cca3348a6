using System.Text.Json;

namespace Frazil.Iceberg;

/// <summary>What must hold of a table for a commit to apply (<c>TableRequirement</c> of the REST specification). A closed set, told apart by <c>type</c>.</summary>
public abstract record TableRequirement
{
    private TableRequirement()
    {
    }

    /// <summary>Checks the requirement.</summary>
    /// <param name="current">The table's metadata; null when the table does not exist.</param>
    /// <exception cref="CatalogException">409 <c>CommitFailedException</c> <c>Requirement failed: …</c> when it does not hold.</exception>
    public abstract void Check(TableMetadata? current);

    /// <summary>Reads a requirement. <c>type</c> may stand anywhere in the object and be of any letter case.</summary>
    /// <exception cref="CatalogException">400 when the type is unknown, or a member is missing or of the wrong kind.</exception>
    public static TableRequirement Read(JsonElement element)
    {
        var type = element.RequireObject("table requirement").RequiredString("type");
        return type.ToLowerInvariant() switch
        {
            "assert-create" => new AssertCreate(),
            "assert-table-uuid" => new AssertTableUuid(element.RequiredString("uuid")),
            "assert-ref-snapshot-id" => new AssertRefSnapshotId(element.RequiredString("ref"), element.OptionalInt64("snapshot-id")),
            "assert-last-assigned-field-id" => new AssertLastAssignedFieldId(element.RequiredInt32("last-assigned-field-id")),
            "assert-current-schema-id" => new AssertCurrentSchemaId(element.RequiredInt32("current-schema-id")),
            "assert-last-assigned-partition-id" => new AssertLastAssignedPartitionId(element.RequiredInt32("last-assigned-partition-id")),
            "assert-default-spec-id" => new AssertDefaultSpecId(element.RequiredInt32("default-spec-id")),
            "assert-default-sort-order-id" => new AssertDefaultSortOrderId(element.RequiredInt32("default-sort-order-id")),
            _ => throw CatalogException.BadRequest($"Cannot parse table requirement: unknown type {type}"),
        };
    }

    private static TableMetadata Existing(TableMetadata? current) => current ?? throw Failed("table does not exist");

    private static CatalogException Failed(string reason) => CatalogException.CommitFailed($"Requirement failed: {reason}");

    private static void RequireSame(string what, int expected, int actual)
    {
        if (expected != actual)
        {
            throw Failed($"{what} changed: expected id {expected} != {actual}");
        }
    }

    /// <summary>The table does not exist.</summary>
    public sealed record AssertCreate : TableRequirement
    {
        /// <inheritdoc />
        public override void Check(TableMetadata? current)
        {
            if (current is not null)
            {
                throw Failed("table already exists");
            }
        }
    }

    /// <summary>The table is this one, whatever its name.</summary>
    public sealed record AssertTableUuid(string Uuid) : TableRequirement
    {
        /// <inheritdoc />
        public override void Check(TableMetadata? current)
        {
            var actual = Existing(current).Uuid;
            if (!UuidText.Same(Uuid, actual))
            {
                throw Failed($"UUID does not match: expected {actual ?? "none"} != {Uuid}");
            }
        }
    }

    /// <summary>A branch or tag is at this snapshot; null: there is no such branch or tag.</summary>
    public sealed record AssertRefSnapshotId(string Ref, long? SnapshotId) : TableRequirement
    {
        /// <inheritdoc />
        public override void Check(TableMetadata? current)
        {
            var reference = Existing(current).Refs.GetValueOrDefault(Ref);
            if (reference is null)
            {
                if (SnapshotId is { } expected)
                {
                    throw Failed($"branch or tag {Ref} is missing, expected {expected}");
                }

                return;
            }

            if (SnapshotId is null)
            {
                throw Failed($"{reference.TypeName} {Ref} was created concurrently");
            }

            if (SnapshotId != reference.SnapshotId)
            {
                throw Failed($"{reference.TypeName} {Ref} has changed: expected id {SnapshotId} != {reference.SnapshotId}");
            }
        }
    }

    /// <summary>No field id has been given out since.</summary>
    public sealed record AssertLastAssignedFieldId(int LastAssignedFieldId) : TableRequirement
    {
        /// <inheritdoc />
        public override void Check(TableMetadata? current) => RequireSame("last assigned field id", LastAssignedFieldId, Existing(current).LastColumnId);
    }

    /// <summary>The current schema is this one.</summary>
    public sealed record AssertCurrentSchemaId(int CurrentSchemaId) : TableRequirement
    {
        /// <inheritdoc />
        public override void Check(TableMetadata? current) => RequireSame("current schema", CurrentSchemaId, Existing(current).CurrentSchemaId);
    }

    /// <summary>No partition field id has been given out since.</summary>
    public sealed record AssertLastAssignedPartitionId(int LastAssignedPartitionId) : TableRequirement
    {
        /// <inheritdoc />
        public override void Check(TableMetadata? current) => RequireSame("last assigned partition id", LastAssignedPartitionId, Existing(current).LastPartitionId);
    }

    /// <summary>The default partition spec is this one.</summary>
    public sealed record AssertDefaultSpecId(int DefaultSpecId) : TableRequirement
    {
        /// <inheritdoc />
        public override void Check(TableMetadata? current) => RequireSame("default partition spec", DefaultSpecId, Existing(current).DefaultSpecId);
    }

    /// <summary>The default sort order is this one.</summary>
    public sealed record AssertDefaultSortOrderId(int DefaultSortOrderId) : TableRequirement
    {
        /// <inheritdoc />
        public override void Check(TableMetadata? current) => RequireSame("default sort order", DefaultSortOrderId, Existing(current).DefaultSortOrderId);
    }
}
