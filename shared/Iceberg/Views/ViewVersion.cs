using System.Text.Json;

namespace Frazil.Iceberg;

/// <summary>One way of saying what a view is: SQL in a dialect. Other kinds are kept as they are.</summary>
/// <param name="Type"><c>sql</c>, or a kind this version does not know.</param>
/// <param name="Sql">The query; null unless the kind is <c>sql</c>.</param>
/// <param name="Dialect">The query's dialect; null unless the kind is <c>sql</c>.</param>
public sealed record ViewRepresentation(string Type, string? Sql, string? Dialect)
{
    private const string SqlType = "sql";

    internal UnknownMembers Unknown { get; init; }

    /// <summary>The dialect in lower case, by which representations are told apart; null unless the kind is <c>sql</c>.</summary>
    public string? DialectKey => Dialect?.ToLowerInvariant();

    /// <summary>Reads a representation.</summary>
    /// <exception cref="CatalogException">400 when a member is missing or of the wrong kind.</exception>
    public static ViewRepresentation Read(JsonElement element, ReadOnlyMemory<byte> source)
    {
        var type = element.RequireObject("representation").RequiredString("type");
        return type.Equals(SqlType, StringComparison.OrdinalIgnoreCase)
            ? new(SqlType, element.RequiredString("sql"), element.RequiredString("dialect")) { Unknown = UnknownMembers.Of(element, source, "type", "sql", "dialect") }
            : new(type, null, null) { Unknown = UnknownMembers.Of(element, source, "type") };
    }

    /// <summary>Writes the representation as an object.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", Type);
        writer.WriteOptional("sql", Sql);
        writer.WriteOptional("dialect", Dialect);
        Unknown.WriteTo(writer);
        writer.WriteEndObject();
    }
}

/// <summary>A version of a view.</summary>
public sealed record ViewVersion
{
    /// <param name="versionId">The id.</param>
    /// <param name="timestampMs">When it was made, in milliseconds since 1970, by the writer's clock.</param>
    /// <param name="schemaId">The id of its schema.</param>
    /// <param name="summary">What made it.</param>
    /// <param name="representations">What the view is.</param>
    /// <param name="defaultCatalog">The catalog of names without one; null for the view's own.</param>
    /// <param name="defaultNamespace">The namespace of names without one; may be empty.</param>
    public ViewVersion(
        int versionId,
        long timestampMs,
        int schemaId,
        IReadOnlyDictionary<string, string> summary,
        IReadOnlyList<ViewRepresentation> representations,
        string? defaultCatalog,
        IReadOnlyList<string> defaultNamespace)
    {
        VersionId = versionId;
        TimestampMs = timestampMs;
        SchemaId = schemaId;
        Summary = summary;
        Representations = representations;
        DefaultCatalog = defaultCatalog;
        DefaultNamespace = defaultNamespace;
    }

    /// <summary>The id, unique in its view; -1 where a request means "the last one added".</summary>
    public int VersionId { get; }

    /// <summary>When it was made, in milliseconds since 1970, by the writer's clock.</summary>
    public long TimestampMs { get; }

    /// <summary>The id of its schema; -1 where a request means "the last one added".</summary>
    public int SchemaId { get; }

    /// <summary>What made it: engine, version and the like.</summary>
    public IReadOnlyDictionary<string, string> Summary { get; }

    /// <summary>What the view is, at most once per dialect.</summary>
    public IReadOnlyList<ViewRepresentation> Representations { get; }

    /// <summary>The catalog of names without one; null for the view's own.</summary>
    public string? DefaultCatalog { get; }

    /// <summary>The namespace of names without one; may be empty.</summary>
    public IReadOnlyList<string> DefaultNamespace { get; }

    internal UnknownMembers Unknown { get; init; }

    private SourceSlice Source { get; init; }

    /// <summary>The dialects it is said in, in lower case.</summary>
    public IEnumerable<string> Dialects => Representations.Select(representation => representation.DialectKey).OfType<string>();

    /// <inheritdoc />
    public bool Equals(ViewVersion? other) => other is not null && VersionId == other.VersionId && TimestampMs == other.TimestampMs && MeansTheSameAs(other);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(VersionId, TimestampMs);

    /// <summary>Reads a version that a client sent.</summary>
    /// <exception cref="CatalogException">400 when a member is missing or of the wrong kind.</exception>
    public static ViewVersion Read(JsonElement element, ReadOnlyMemory<byte> source)
    {
        element.RequireObject("view version");
        return new(
            element.RequiredInt32("version-id"),
            element.RequiredInt64("timestamp-ms"),
            element.RequiredInt32("schema-id"),
            element.OptionalStringMap("summary") ?? throw Json.Missing("summary"),
            element.RequiredList("representations", item => ViewRepresentation.Read(item, source)),
            element.OptionalString("default-catalog"),
            element.RequiredList("default-namespace", level => level.AsString("default-namespace")))
        {
            Unknown = UnknownMembers.Of(
                element, source, "version-id", "timestamp-ms", "schema-id", "summary", "representations", "default-catalog", "default-namespace"),
        };
    }

    /// <summary>Writes the version as an object.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        if (Source.TryWriteTo(writer))
        {
            return;
        }

        writer.WriteStartObject();
        writer.WriteNumber("version-id", VersionId);
        writer.WriteNumber("timestamp-ms", TimestampMs);
        writer.WriteNumber("schema-id", SchemaId);
        writer.WriteStringMap("summary", Summary);
        writer.WriteOptional("default-catalog", DefaultCatalog);
        writer.WriteStrings("default-namespace", DefaultNamespace);
        writer.WriteStartArray("representations");
        foreach (var representation in Representations)
        {
            representation.WriteTo(writer);
        }

        writer.WriteEndArray();
        Unknown.WriteTo(writer);
        writer.WriteEndObject();
    }

    /// <summary>Whether both behave the same: all but id and time are equal.</summary>
    internal bool MeansTheSameAs(ViewVersion other) =>
        SchemaId == other.SchemaId
        && DefaultCatalog == other.DefaultCatalog
        && DefaultNamespace.SequenceEqual(other.DefaultNamespace)
        && Representations.SequenceEqual(other.Representations)
        && Summary.Count == other.Summary.Count
        && Summary.All(item => other.Summary.TryGetValue(item.Key, out var value) && value == item.Value)
        && Unknown == other.Unknown;

    /// <summary>The hash that goes with <see cref="MeansTheSameAs"/>.</summary>
    internal int MeaningHash()
    {
        var hash = new HashCode();
        hash.Add(SchemaId);
        hash.Add(DefaultCatalog);
        foreach (var level in DefaultNamespace)
        {
            hash.Add(level);
        }

        foreach (var representation in Representations)
        {
            hash.Add(representation);
        }

        // The order of a summary's entries means nothing.
        hash.Add(Summary.Aggregate(0, (sum, item) => sum + HashCode.Combine(item.Key, item.Value)));
        hash.Add(Unknown);
        return hash.ToHashCode();
    }

    /// <summary>The same version under other ids, to be written anew.</summary>
    internal ViewVersion WithIds(int versionId, int schemaId) =>
        new(versionId, TimestampMs, schemaId, Summary, Representations, DefaultCatalog, DefaultNamespace) { Unknown = Unknown };

    /// <summary>There is a representation, and none of a dialect that another one has.</summary>
    /// <exception cref="CatalogException">400 <c>IllegalArgumentException</c> when not, which is what Java clients look for.</exception>
    internal void CheckRepresentations()
    {
        if (Representations.Count == 0)
        {
            throw new CatalogException(ErrorKind.IllegalArgument, "Invalid view version: Cannot add a version without representations");
        }

        var dialects = new HashSet<string>(StringComparer.Ordinal);
        foreach (var dialect in Dialects)
        {
            if (!dialects.Add(dialect))
            {
                throw new CatalogException(ErrorKind.IllegalArgument, $"Invalid view version: Cannot add multiple queries for dialect {dialect}");
            }
        }
    }

    internal static ViewVersion ReadStored(ReadOnlyMemory<byte> slice)
    {
        using var document = Json.Parse(slice);
        return Read(document.RootElement, slice) with { Source = new SourceSlice(slice) };
    }
}

/// <summary>One line of a view's history: from then on, this version was the current one.</summary>
public sealed record ViewVersionLogEntry
{
    /// <param name="timestampMs">Since when, in milliseconds since 1970.</param>
    /// <param name="versionId">The version.</param>
    public ViewVersionLogEntry(long timestampMs, int versionId) => (TimestampMs, VersionId) = (timestampMs, versionId);

    /// <summary>Since when, in milliseconds since 1970.</summary>
    public long TimestampMs { get; }

    /// <summary>The version.</summary>
    public int VersionId { get; }

    private SourceSlice Source { get; init; }

    /// <summary>Reads an entry.</summary>
    /// <exception cref="CatalogException">400 when a member is missing or of the wrong kind.</exception>
    public static ViewVersionLogEntry Read(JsonElement element, ReadOnlyMemory<byte> source)
    {
        element.RequireObject("version log entry");
        return new(element.RequiredInt64("timestamp-ms"), element.RequiredInt32("version-id")) { Source = new SourceSlice(element.Raw(source)) };
    }

    /// <summary>Writes the entry as an object.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        if (Source.TryWriteTo(writer))
        {
            return;
        }

        writer.WriteStartObject();
        writer.WriteNumber("timestamp-ms", TimestampMs);
        writer.WriteNumber("version-id", VersionId);
        writer.WriteEndObject();
    }

    internal static ViewVersionLogEntry ReadStored(ReadOnlyMemory<byte> slice)
    {
        using var document = Json.Parse(slice);
        return Read(document.RootElement, slice);
    }
}
