using System.Text.Json;

namespace Frazil.Iceberg;

/// <summary>
/// A view's metadata, of format version 1: what its metadata file says. Immutable; <see cref="ViewMetadataBuilder"/> makes the next one.
/// Unknown members are kept, and what does not change is written back as it was read.
/// </summary>
public sealed record ViewMetadata
{
    /// <summary>The only format version of views.</summary>
    public const int MaxFormatVersion = 1;

    private const int FirstVersionId = 1;
    private const int FirstSchemaId = 0;

    internal ViewMetadata()
    {
    }

    /// <summary>The view's identity, whatever its name.</summary>
    public required string Uuid { get; init; }

    /// <summary>Always 1.</summary>
    public required int FormatVersion { get; init; }

    /// <summary>The view's base location, without a slash at its end.</summary>
    public required string Location { get; init; }

    /// <summary>The id of the current version, which is one of <see cref="Versions"/>.</summary>
    public required int CurrentVersionId { get; init; }

    /// <summary>The versions, in the order of the document.</summary>
    public required IReadOnlyList<ViewVersion> Versions { get; init; }

    /// <summary>Which version was current since when, oldest first.</summary>
    public required IReadOnlyList<ViewVersionLogEntry> VersionLog { get; init; }

    /// <summary>The schemas, in the order of the document.</summary>
    public required IReadOnlyList<Schema> Schemas { get; init; }

    /// <summary>The view's properties, in the order of the document.</summary>
    public required IReadOnlyDictionary<string, string> Properties { get; init; }

    /// <summary>
    /// Whether the document that this was parsed from must not be shown to clients as it is, since it holds nulls or a byte order mark that not every reader takes.
    /// <see cref="ToJson"/> has what they are to see.
    /// </summary>
    public bool IsOfOldForm { get; internal init; }

    internal UnknownMembers Unknown { get; init; }

    /// <summary>The current version.</summary>
    public ViewVersion CurrentVersion => Version(CurrentVersionId)!;

    /// <summary>The schema of the current version.</summary>
    public Schema CurrentSchema => Schema(CurrentVersion.SchemaId)!;

    /// <summary>The version of an id, or null.</summary>
    public ViewVersion? Version(int id) => Versions.FirstOrDefault(version => version.VersionId == id);

    /// <summary>The schema of an id, or null.</summary>
    public Schema? Schema(int id) => Schemas.FirstOrDefault(schema => schema.SchemaId == id);

    /// <summary>Reads a metadata file.</summary>
    /// <param name="utf8Json">The file's bytes, uncompressed; see <see cref="MetadataLocation.Decode"/>. They must not change while the metadata lives.</param>
    /// <exception cref="CatalogException">400 <c>BadRequestException</c> when it is malformed, or when what it says contradicts itself.</exception>
    public static ViewMetadata Parse(ReadOnlyMemory<byte> utf8Json) => ViewMetadataReader.Read(utf8Json);

    /// <summary>The metadata of a new view, whose first version has the id 1 and the schema 0, whatever ids the request names.</summary>
    /// <param name="schema">The schema; its field ids stay.</param>
    /// <param name="version">The first version.</param>
    /// <param name="location">The view's location.</param>
    /// <param name="properties">The requested properties.</param>
    /// <param name="uuid">The view's uuid.</param>
    /// <exception cref="CatalogException">400 when the request makes no valid view.</exception>
    public static ViewMetadata Create(Schema schema, ViewVersion version, string location, IReadOnlyDictionary<string, string> properties, Guid uuid)
    {
        schema.ReadFully();
        version.CheckRepresentations();
        _ = ViewProperties.VersionsToKeep(properties);
        _ = MetadataLocation.UsesGzip(properties);
        return new()
        {
            Uuid = uuid.ToString(),
            FormatVersion = MaxFormatVersion,
            Location = TableLocation.Normalise(location),
            CurrentVersionId = FirstVersionId,
            Versions = [version.WithIds(FirstVersionId, FirstSchemaId)],
            VersionLog = [new ViewVersionLogEntry(version.TimestampMs, FirstVersionId)],
            Schemas = [schema.WithId(FirstSchemaId)],
            Properties = properties,
        };
    }

    /// <summary>Every member that names a place in storage, with the member's name: what a check of locations has to look at.</summary>
    public IEnumerable<(string What, string Location)> Locations() => TableProperties.Locations(Properties).Prepend(("location", Location));

    /// <summary>The metadata file's bytes: compact JSON, in an array of exactly its size.</summary>
    public byte[] ToJson() => Json.Write(this, static (writer, metadata) => metadata.WriteTo(writer));

    /// <summary>Writes the metadata as an object.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("view-uuid", Uuid);
        writer.WriteNumber("format-version", FormatVersion);
        writer.WriteString("location", Location);
        writer.WriteStringMap("properties", Properties);
        writer.WriteStartArray("schemas");
        foreach (var schema in Schemas)
        {
            schema.WriteTo(writer);
        }

        writer.WriteEndArray();
        writer.WriteNumber("current-version-id", CurrentVersionId);
        writer.WriteStartArray("versions");
        foreach (var version in Versions)
        {
            version.WriteTo(writer);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("version-log");
        foreach (var entry in VersionLog)
        {
            entry.WriteTo(writer);
        }

        writer.WriteEndArray();
        Unknown.WriteTo(writer);
        writer.WriteEndObject();
    }

    /// <summary>
    /// Reads also what is otherwise parsed on first use, and asks of all of it what the Java reference asks when it opens a view, so that every mistake of a foreign file
    /// shows: registerView's check.
    /// </summary>
    /// <exception cref="CatalogException">400 when something in it is malformed or invalid.</exception>
    public void ReadFully()
    {
        try
        {
            UuidText.Require(Uuid);
            _ = ViewProperties.VersionsToKeep(Properties);
            _ = MetadataLocation.UsesGzip(Properties);
            foreach (var schema in Schemas)
            {
                SchemaRules.CheckReadable(schema);
            }
        }
        catch (CatalogException exception)
        {
            throw new CatalogException(ErrorKind.BadRequest, $"Invalid view metadata: {exception.Message}", exception);
        }
    }
}

/// <summary>The view properties that the catalog itself understands.</summary>
public static class ViewProperties
{
    /// <summary>How many versions are kept.</summary>
    public const string VersionHistorySize = "version.history.num-entries";

    /// <summary>How many versions are kept by default.</summary>
    public const int VersionHistorySizeDefault = 10;

    /// <summary>Whether a new version may leave out dialects of the one before.</summary>
    public const string ReplaceDropDialectAllowed = "replace.drop-dialect.allowed";

    /// <summary>How many versions are kept.</summary>
    /// <exception cref="CatalogException">400 when the property is no integer above 0.</exception>
    internal static int VersionsToKeep(IReadOnlyDictionary<string, string> properties)
    {
        var size = TableProperties.Int32(properties, VersionHistorySize, VersionHistorySizeDefault);
        return size > 0 ? size : throw CatalogException.Validation($"{VersionHistorySize} must be positive but was {size}");
    }
}
