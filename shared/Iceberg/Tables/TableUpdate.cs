using System.Text.Json;

namespace Frazil.Iceberg;

/// <summary>One change of a table's metadata, as a commit asks for it (<c>TableUpdate</c> of the REST specification). A closed set, told apart by <c>action</c>.</summary>
public abstract record TableUpdate
{
    private TableUpdate()
    {
    }

    /// <summary>The id that means "the one added last in this request".</summary>
    public const int LastAdded = -1;

    /// <summary>The update's name on the wire: <c>add-schema</c>.</summary>
    public abstract string Action { get; }

    /// <summary>The places in storage that the update names, each with the member that does.</summary>
    public virtual IEnumerable<(string What, string Location)> Locations() => [];

    /// <summary>Reads an update. <c>action</c> may stand anywhere in the object and be of any letter case.</summary>
    /// <param name="element">The update's JSON.</param>
    /// <param name="source">The request's body, of which some values stay slices; empty to copy them.</param>
    /// <exception cref="CatalogException">400 when the action is unknown, or a member is missing or of the wrong kind.</exception>
    public static TableUpdate Read(JsonElement element, ReadOnlyMemory<byte> source)
    {
        var action = element.RequireObject("table update").RequiredString("action");
        return action.ToLowerInvariant() switch
        {
            "assign-uuid" => new AssignUuid(UuidText.Require(element.RequiredString("uuid"))),
            "upgrade-format-version" => new UpgradeFormatVersion(element.RequiredInt32("format-version")),
            "add-schema" => new AddSchema(Schema.Read(element.RequiredMember("schema"), source)),
            "set-current-schema" => new SetCurrentSchema(element.RequiredInt32("schema-id")),
            "remove-schemas" => new RemoveSchemas(element.RequiredList("schema-ids", id => id.AsInt32("schema-ids"))),
            "add-spec" => new AddSpec(PartitionSpec.Read(element.RequiredMember("spec"), source)),
            "set-default-spec" => new SetDefaultSpec(element.RequiredInt32("spec-id")),
            "remove-partition-specs" => new RemovePartitionSpecs(element.RequiredList("spec-ids", id => id.AsInt32("spec-ids"))),
            "add-sort-order" => new AddSortOrder(SortOrder.Read(element.RequiredMember("sort-order"), source)),
            "set-default-sort-order" => new SetDefaultSortOrder(element.RequiredInt32("sort-order-id")),
            "set-location" => new SetLocation(TableLocation.Normalise(element.RequiredString("location"))),
            "set-properties" => new SetProperties(element.OptionalStringMap("updates") ?? element.OptionalStringMap("updated") ?? throw Json.Missing("updates")),
            "remove-properties" => new RemoveProperties(element.OptionalStrings("removals") ?? element.OptionalStrings("removed") ?? throw Json.Missing("removals")),
            _ => ReadSnapshotUpdate(action, element, source),
        };
    }

    private static TableUpdate ReadSnapshotUpdate(string action, JsonElement element, ReadOnlyMemory<byte> source) => action.ToLowerInvariant() switch
    {
        "add-snapshot" => new AddSnapshot(Snapshot.Read(element.RequiredMember("snapshot"), source)),
        "set-snapshot-ref" => new SetSnapshotRef(element.RequiredString("ref-name"), SnapshotReference.Read(element, source)),
        "remove-snapshot-ref" => new RemoveSnapshotRef(element.RequiredString("ref-name")),
        "remove-snapshots" => new RemoveSnapshots(element.RequiredList("snapshot-ids", id => id.AsInt64("snapshot-ids"))),
        "set-statistics" => new SetStatistics(StatisticsFile.Read(element.RequiredMember("statistics"), source)),
        "remove-statistics" => new RemoveStatistics(element.RequiredInt64("snapshot-id")),
        "set-partition-statistics" => new SetPartitionStatistics(PartitionStatisticsFile.Read(element.RequiredMember("partition-statistics"), source)),
        "remove-partition-statistics" => new RemovePartitionStatistics(element.RequiredInt64("snapshot-id")),
        "add-encryption-key" => new AddEncryptionKey(EncryptedKey.Read(element.RequiredMember("encryption-key"), source)),
        "remove-encryption-key" => new RemoveEncryptionKey(element.RequiredString("key-id")),
        _ => throw CatalogException.BadRequest($"Cannot parse table update: unknown action {action}"),
    };

    /// <summary>Gives the table its uuid. An existing table keeps the one it has.</summary>
    public sealed record AssignUuid(string Uuid) : TableUpdate
    {
        /// <inheritdoc />
        public override string Action => "assign-uuid";
    }

    /// <summary>Moves the table to a higher format version.</summary>
    public sealed record UpgradeFormatVersion(int FormatVersion) : TableUpdate
    {
        /// <inheritdoc />
        public override string Action => "upgrade-format-version";
    }

    /// <summary>Adds a schema. Its id is the catalog's choice.</summary>
    public sealed record AddSchema(Schema Schema) : TableUpdate
    {
        /// <inheritdoc />
        public override string Action => "add-schema";
    }

    /// <summary>Makes a schema the current one; <see cref="LastAdded"/> for the one added last.</summary>
    public sealed record SetCurrentSchema(int SchemaId) : TableUpdate
    {
        /// <inheritdoc />
        public override string Action => "set-current-schema";
    }

    /// <summary>Removes schemas, but not the current one.</summary>
    public sealed record RemoveSchemas(IReadOnlyList<int> SchemaIds) : TableUpdate
    {
        /// <inheritdoc />
        public override string Action => "remove-schemas";
    }

    /// <summary>Adds a partition spec over the current schema. Its id is the catalog's choice.</summary>
    public sealed record AddSpec(PartitionSpec Spec) : TableUpdate
    {
        /// <inheritdoc />
        public override string Action => "add-spec";
    }

    /// <summary>Makes a partition spec the one that writers use; <see cref="LastAdded"/> for the one added last.</summary>
    public sealed record SetDefaultSpec(int SpecId) : TableUpdate
    {
        /// <inheritdoc />
        public override string Action => "set-default-spec";
    }

    /// <summary>Removes partition specs, but not the default one.</summary>
    public sealed record RemovePartitionSpecs(IReadOnlyList<int> SpecIds) : TableUpdate
    {
        /// <inheritdoc />
        public override string Action => "remove-partition-specs";
    }

    /// <summary>Adds a sort order over the current schema. Its id is the catalog's choice.</summary>
    public sealed record AddSortOrder(SortOrder SortOrder) : TableUpdate
    {
        /// <inheritdoc />
        public override string Action => "add-sort-order";
    }

    /// <summary>Makes a sort order the one that writers use; <see cref="LastAdded"/> for the one added last.</summary>
    public sealed record SetDefaultSortOrder(int SortOrderId) : TableUpdate
    {
        /// <inheritdoc />
        public override string Action => "set-default-sort-order";
    }

    /// <summary>Adds a snapshot. It becomes current, or part of a branch, by <see cref="SetSnapshotRef"/>.</summary>
    public sealed record AddSnapshot(Snapshot Snapshot) : TableUpdate
    {
        /// <inheritdoc />
        public override string Action => "add-snapshot";

        /// <inheritdoc />
        public override IEnumerable<(string What, string Location)> Locations() => Snapshot.Locations();
    }

    /// <summary>Makes or moves a branch or tag, and sets all of its retention: what is absent is cleared.</summary>
    public sealed record SetSnapshotRef(string RefName, SnapshotReference Reference) : TableUpdate
    {
        /// <inheritdoc />
        public override string Action => "set-snapshot-ref";
    }

    /// <summary>Removes a branch or tag. Without <c>main</c> the table has no current snapshot.</summary>
    public sealed record RemoveSnapshotRef(string RefName) : TableUpdate
    {
        /// <inheritdoc />
        public override string Action => "remove-snapshot-ref";
    }

    /// <summary>Removes snapshots, with their statistics and the references to them.</summary>
    public sealed record RemoveSnapshots(IReadOnlyList<long> SnapshotIds) : TableUpdate
    {
        /// <inheritdoc />
        public override string Action => "remove-snapshots";
    }

    /// <summary>Moves the table's base location. No file is moved.</summary>
    public sealed record SetLocation(string Location) : TableUpdate
    {
        /// <inheritdoc />
        public override string Action => "set-location";

        /// <inheritdoc />
        public override IEnumerable<(string What, string Location)> Locations() => [("location", Location)];
    }

    /// <summary>Sets properties.</summary>
    public sealed record SetProperties(IReadOnlyDictionary<string, string> Updates) : TableUpdate
    {
        /// <inheritdoc />
        public override string Action => "set-properties";

        /// <inheritdoc />
        public override IEnumerable<(string What, string Location)> Locations() => TableProperties.Locations(Updates);
    }

    /// <summary>Removes properties; names that are not there are ignored.</summary>
    public sealed record RemoveProperties(IReadOnlyList<string> Removals) : TableUpdate
    {
        /// <inheritdoc />
        public override string Action => "remove-properties";
    }

    /// <summary>Sets the statistics file of a snapshot.</summary>
    public sealed record SetStatistics(StatisticsFile Statistics) : TableUpdate
    {
        /// <inheritdoc />
        public override string Action => "set-statistics";

        /// <inheritdoc />
        public override IEnumerable<(string What, string Location)> Locations() => [("statistics-path", Statistics.StatisticsPath)];
    }

    /// <summary>Removes the statistics file of a snapshot.</summary>
    public sealed record RemoveStatistics(long SnapshotId) : TableUpdate
    {
        /// <inheritdoc />
        public override string Action => "remove-statistics";
    }

    /// <summary>Sets the partition statistics file of a snapshot.</summary>
    public sealed record SetPartitionStatistics(PartitionStatisticsFile PartitionStatistics) : TableUpdate
    {
        /// <inheritdoc />
        public override string Action => "set-partition-statistics";

        /// <inheritdoc />
        public override IEnumerable<(string What, string Location)> Locations() => [("statistics-path", PartitionStatistics.StatisticsPath)];
    }

    /// <summary>Removes the partition statistics file of a snapshot.</summary>
    public sealed record RemovePartitionStatistics(long SnapshotId) : TableUpdate
    {
        /// <inheritdoc />
        public override string Action => "remove-partition-statistics";
    }

    /// <summary>Adds an encrypted key (format version 3). One of an id that is there already is ignored.</summary>
    public sealed record AddEncryptionKey(EncryptedKey EncryptionKey) : TableUpdate
    {
        /// <inheritdoc />
        public override string Action => "add-encryption-key";
    }

    /// <summary>Removes an encrypted key.</summary>
    public sealed record RemoveEncryptionKey(string KeyId) : TableUpdate
    {
        /// <inheritdoc />
        public override string Action => "remove-encryption-key";
    }
}
