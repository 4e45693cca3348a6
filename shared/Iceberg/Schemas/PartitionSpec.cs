using System.Text.Json;

namespace Frazil.Iceberg;

/// <summary>A field of a partition spec.</summary>
/// <param name="SourceId">The column's field id; the first one of a transform of several columns.</param>
/// <param name="FieldId">The partition field's id, from 1000; null in a request that leaves the choice to the catalog.</param>
/// <param name="Name">The partition field's name.</param>
/// <param name="Transform">How values come from the column.</param>
public sealed record PartitionField(int SourceId, int? FieldId, string Name, Transform Transform)
{
    /// <summary>The columns of a transform of several (format version 3, <c>source-ids</c>); empty for the usual transform of one.</summary>
    public IReadOnlyList<int> SourceIds { get; init; } = [];

    internal UnknownMembers Unknown { get; init; }

    /// <inheritdoc />
    public bool Equals(PartitionField? other) =>
        other is not null && FieldId == other.FieldId && IsSameAs(other) && Unknown == other.Unknown;

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(FieldId, SameHash(), Unknown);

    /// <summary>Reads a partition field.</summary>
    /// <exception cref="CatalogException">400 when a member is missing or of the wrong kind.</exception>
    public static PartitionField Read(JsonElement element, ReadOnlyMemory<byte> source)
    {
        element.RequireObject("partition field");
        var sources = element.OptionalInt32s("source-ids") ?? [];
        var sourceId = element.OptionalInt32("source-id") ?? (sources.Count > 0 ? sources[0] : throw Json.Missing("source-id"));
        return new(sourceId, element.OptionalInt32("field-id"), element.RequiredString("name"), Transform.Parse(element.RequiredString("transform")))
        {
            SourceIds = sources.Count > 1 ? sources : [],
            Unknown = UnknownMembers.Of(element, source, "source-id", "source-ids", "field-id", "name", "transform"),
        };
    }

    /// <summary>Writes the field as an object.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        SortField.WriteSource(writer, SourceId, SourceIds);
        writer.WriteOptional("field-id", FieldId);
        writer.WriteString("name", Name);
        writer.WriteString("transform", Transform.Text);
        Unknown.WriteTo(writer);
        writer.WriteEndObject();
    }

    /// <summary>As Java's messages have it: <c>1000: id_bucket: bucket[16](1)</c>.</summary>
    public override string ToString() => FieldId is null ? $"{Name}: {Transform}({SourceId})" : $"{FieldId}: {Name}: {Transform}({SourceId})";

    /// <summary>Whether both make the same values under the same name, whatever their field ids.</summary>
    internal bool IsSameAs(PartitionField other) =>
        SourceId == other.SourceId && Name == other.Name && Transform == other.Transform && SourceIds.SequenceEqual(other.SourceIds);

    /// <summary>The hash that goes with <see cref="IsSameAs"/>.</summary>
    internal int SameHash() => HashCode.Combine(SourceId, Name, Transform.Text, SortField.HashOf(SourceIds));
}

/// <summary>How a table's rows are put into partitions.</summary>
/// <param name="SpecId">The id, unique in its table.</param>
/// <param name="Fields">The fields, in order; none when unpartitioned.</param>
public sealed record PartitionSpec(int SpecId, IReadOnlyList<PartitionField> Fields)
{
    /// <summary>The first id of a partition field.</summary>
    public const int FirstFieldId = 1000;

    /// <summary>The id, unique in its table.</summary>
    public int SpecId { get; } = SpecId;

    /// <summary>The fields, in order; none when unpartitioned.</summary>
    public IReadOnlyList<PartitionField> Fields { get; } = Fields;

    /// <summary>The spec of a table without partitions, under the id 0.</summary>
    public static PartitionSpec Unpartitioned { get; } = new(0, []);

    /// <summary>Whether rows are not partitioned: there is no field, or every field is void.</summary>
    public bool IsUnpartitioned => Fields.All(each => each.Transform.Kind == TransformKind.Void);

    internal UnknownMembers Unknown { get; init; }

    private SourceSlice Source { get; init; }

    /// <summary>Whether it is written as it was read, since nothing in it had to be made up.</summary>
    internal bool IsAsRead => !Source.Utf8.IsEmpty;

    /// <inheritdoc />
    public bool Equals(PartitionSpec? other) => other is not null && SpecId == other.SpecId && Fields.SequenceEqual(other.Fields);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(SpecId, CompatibilityHash());

    /// <summary>Reads a spec that a client sent. Without <c>spec-id</c>, the id is 0.</summary>
    /// <exception cref="CatalogException">400 when a member is missing or of the wrong kind.</exception>
    public static PartitionSpec Read(JsonElement element, ReadOnlyMemory<byte> source)
    {
        element.RequireObject("partition spec");
        return new(element.OptionalInt32("spec-id") ?? 0, element.RequiredList("fields", field => PartitionField.Read(field, source)))
        {
            Unknown = UnknownMembers.Of(element, source, "spec-id", "fields"),
        };
    }

    /// <summary>Writes the spec as an object.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        if (Source.TryWriteTo(writer))
        {
            return;
        }

        writer.WriteStartObject();
        writer.WriteNumber("spec-id", SpecId);
        writer.WritePropertyName("fields");
        WriteFieldsTo(writer);
        Unknown.WriteTo(writer);
        writer.WriteEndObject();
    }

    /// <summary>The highest id of a field, or 999 when there is none.</summary>
    internal int HighestFieldId => Fields.Max(each => each.FieldId) ?? FirstFieldId - 1;

    /// <summary>The same spec under another id and with other fields, to be written anew.</summary>
    internal PartitionSpec Rewritten(int specId, IReadOnlyList<PartitionField> fields) => new(specId, fields) { Unknown = Unknown };

    /// <summary>Writes the fields as an array, as version 1 has them in <c>partition-spec</c>.</summary>
    internal void WriteFieldsTo(Utf8JsonWriter writer)
    {
        writer.WriteStartArray();
        foreach (var field in Fields)
        {
            field.WriteTo(writer);
        }

        writer.WriteEndArray();
    }

    /// <summary>A spec of stored metadata, written back as it was. Fields without ids, as early version 1 tables have them, are numbered from 1000.</summary>
    internal static PartitionSpec ReadStored(ReadOnlyMemory<byte> slice)
    {
        using var document = Json.Parse(slice);
        var element = document.RootElement.RequireObject("partition spec");
        _ = element.RequiredInt32("spec-id");
        var spec = Read(element, slice);
        return spec.Fields.All(field => field.FieldId is not null) && !SortField.HasSourceList(element)
            ? spec with { Source = new SourceSlice(slice) }
            : spec.Rewritten(spec.SpecId, Numbered(spec.Fields));
    }

    /// <summary>The fields of version 1's <c>partition-spec</c>, as the spec 0.</summary>
    internal static PartitionSpec ReadStoredFields(ReadOnlyMemory<byte> slice)
    {
        using var document = Json.Parse(slice);
        if (document.RootElement.ValueKind != JsonValueKind.Array)
        {
            throw CatalogException.BadRequest("Cannot parse 'partition-spec': expected an array");
        }

        var fields = document.RootElement.EnumerateArray().Select(field => PartitionField.Read(field, slice)).ToList();
        return new(0, Numbered(fields));
    }

    /// <summary>Whether both have the same fields in the same order, whatever the ids.</summary>
    internal bool IsCompatibleWith(PartitionSpec other)
    {
        if (Fields.Count != other.Fields.Count)
        {
            return false;
        }

        for (var at = 0; at < Fields.Count; at++)
        {
            if (!Fields[at].IsSameAs(other.Fields[at]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The hash that goes with <see cref="IsCompatibleWith"/>.</summary>
    internal int CompatibilityHash()
    {
        var hash = new HashCode();
        foreach (var field in Fields)
        {
            hash.Add(field.SameHash());
        }

        return hash.ToHashCode();
    }

    private static IReadOnlyList<PartitionField> Numbered(IReadOnlyList<PartitionField> fields)
    {
        var missing = fields.Count(field => field.FieldId is null);
        if (missing == 0)
        {
            return fields;
        }

        return missing == fields.Count
            ? [.. fields.Select((field, at) => field with { FieldId = FirstFieldId + at })]
            : throw CatalogException.BadRequest($"Cannot parse spec with missing field IDs: {missing} missing of {fields.Count}");
    }
}
