using System.Text.Json;

namespace Frazil.Iceberg;

/// <summary>One change of a view's metadata, as a replace asks for it (<c>ViewUpdate</c> of the REST specification). A closed set, told apart by <c>action</c>.</summary>
public abstract record ViewUpdate
{
    private ViewUpdate()
    {
    }

    /// <summary>The id that means "the one added last in this request".</summary>
    public const int LastAdded = -1;

    /// <summary>The update's name on the wire: <c>add-view-version</c>.</summary>
    public abstract string Action { get; }

    /// <summary>The places in storage that the update names, each with the member that does.</summary>
    public virtual IEnumerable<(string What, string Location)> Locations() => [];

    /// <summary>Reads an update. <c>action</c> may stand anywhere in the object and be of any letter case.</summary>
    /// <param name="element">The update's JSON.</param>
    /// <param name="source">The request's body, of which some values stay slices; empty to copy them.</param>
    /// <exception cref="CatalogException">400 when the action is unknown or a table's, or a member is missing or of the wrong kind.</exception>
    public static ViewUpdate Read(JsonElement element, ReadOnlyMemory<byte> source)
    {
        var action = element.RequireObject("view update").RequiredString("action");
        return action.ToLowerInvariant() switch
        {
            "assign-uuid" => new AssignUuid(UuidText.Require(element.RequiredString("uuid"))),
            "upgrade-format-version" => new UpgradeFormatVersion(element.RequiredInt32("format-version")),
            "add-schema" => new AddSchema(Schema.Read(element.RequiredMember("schema"), source)),
            "set-location" => new SetLocation(TableLocation.Normalise(element.RequiredString("location"))),
            "set-properties" => new SetProperties(element.OptionalStringMap("updates") ?? element.OptionalStringMap("updated") ?? throw Json.Missing("updates")),
            "remove-properties" => new RemoveProperties(element.OptionalStrings("removals") ?? element.OptionalStrings("removed") ?? throw Json.Missing("removals")),
            "add-view-version" => new AddViewVersion(ViewVersion.Read(element.RequiredMember("view-version"), source)),
            "set-current-view-version" => new SetCurrentViewVersion(element.RequiredInt32("view-version-id")),
            _ => throw CatalogException.BadRequest($"Cannot parse view update: unknown action {action}"),
        };
    }

    /// <summary>Gives the view its uuid, which must be the one it has.</summary>
    public sealed record AssignUuid(string Uuid) : ViewUpdate
    {
        /// <inheritdoc />
        public override string Action => "assign-uuid";
    }

    /// <summary>Moves the view to a higher format version, of which there is none yet.</summary>
    public sealed record UpgradeFormatVersion(int FormatVersion) : ViewUpdate
    {
        /// <inheritdoc />
        public override string Action => "upgrade-format-version";
    }

    /// <summary>Adds a schema. Its id is the catalog's choice.</summary>
    public sealed record AddSchema(Schema Schema) : ViewUpdate
    {
        /// <inheritdoc />
        public override string Action => "add-schema";
    }

    /// <summary>Moves the view's base location.</summary>
    public sealed record SetLocation(string Location) : ViewUpdate
    {
        /// <inheritdoc />
        public override string Action => "set-location";

        /// <inheritdoc />
        public override IEnumerable<(string What, string Location)> Locations() => [("location", Location)];
    }

    /// <summary>Sets properties.</summary>
    public sealed record SetProperties(IReadOnlyDictionary<string, string> Updates) : ViewUpdate
    {
        /// <inheritdoc />
        public override string Action => "set-properties";

        /// <inheritdoc />
        public override IEnumerable<(string What, string Location)> Locations() => TableProperties.Locations(Updates);
    }

    /// <summary>Removes properties; names that are not there are ignored.</summary>
    public sealed record RemoveProperties(IReadOnlyList<string> Removals) : ViewUpdate
    {
        /// <inheritdoc />
        public override string Action => "remove-properties";
    }

    /// <summary>Adds a version. Its id is the catalog's choice when the one asked for is taken.</summary>
    public sealed record AddViewVersion(ViewVersion ViewVersion) : ViewUpdate
    {
        /// <inheritdoc />
        public override string Action => "add-view-version";
    }

    /// <summary>Makes a version the current one; <see cref="LastAdded"/> for the one added last.</summary>
    public sealed record SetCurrentViewVersion(int ViewVersionId) : ViewUpdate
    {
        /// <inheritdoc />
        public override string Action => "set-current-view-version";
    }
}

/// <summary>What must hold of a view for a replace to apply (<c>ViewRequirement</c> of the REST specification). A closed set, told apart by <c>type</c>.</summary>
public abstract record ViewRequirement
{
    private ViewRequirement()
    {
    }

    /// <summary>Checks the requirement.</summary>
    /// <param name="current">The view's metadata; null when the view does not exist.</param>
    /// <exception cref="CatalogException">409 <c>CommitFailedException</c> <c>Requirement failed: …</c> when it does not hold.</exception>
    public abstract void Check(ViewMetadata? current);

    /// <summary>Reads a requirement. <c>type</c> may stand anywhere in the object and be of any letter case.</summary>
    /// <exception cref="CatalogException">400 when the type is unknown or a table's, or a member is missing or of the wrong kind.</exception>
    public static ViewRequirement Read(JsonElement element)
    {
        var type = element.RequireObject("view requirement").RequiredString("type");
        return type.ToLowerInvariant() switch
        {
            "assert-view-uuid" => new AssertViewUuid(element.RequiredString("uuid")),
            _ => throw CatalogException.BadRequest($"Cannot parse view requirement: unknown type {type}"),
        };
    }

    /// <summary>The view is this one, whatever its name.</summary>
    public sealed record AssertViewUuid(string Uuid) : ViewRequirement
    {
        /// <inheritdoc />
        public override void Check(ViewMetadata? current)
        {
            if (current is null)
            {
                throw CatalogException.CommitFailed("Requirement failed: view does not exist");
            }

            if (!UuidText.Same(Uuid, current.Uuid))
            {
                throw CatalogException.CommitFailed($"Requirement failed: view UUID does not match: expected {current.Uuid} != {Uuid}");
            }
        }
    }
}
