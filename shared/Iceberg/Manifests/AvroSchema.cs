using System.Text.Json;

namespace Frazil.Iceberg.Manifests;

/// <summary>
/// Reads an Avro schema (Avro specification, "Schema Declaration") into <see cref="AvroType"/>, for reading data only: defaults, aliases and orders are passed
/// over.
/// </summary>
internal sealed class AvroSchema
{
    private readonly bool fixedAsBytes;
    private readonly Dictionary<string, AvroType?> named = new(StringComparer.Ordinal);
    private bool hasFixed;

    private AvroSchema(bool fixedAsBytes) => this.fixedAsBytes = fixedAsBytes;

    /// <summary>
    /// The record that each entry of a file is, as the schema has it, and where the schema has values of fixed size that are neither decimals nor UUIDs also as
    /// Iceberg's Java library writes it (from 1.8 on): it puts a length before such a value, as if it were of variable size, and expects that of others.
    /// </summary>
    /// <exception cref="CatalogException">400 when it is not such a schema, refers to itself, or is past a limit.</exception>
    public static (AvroType.Record Type, AvroType.Record? AsJavaWrites) Parse(ReadOnlyMemory<byte> json)
    {
        if (json.Length > ManifestLimits.MaxSchemaBytes)
        {
            throw CatalogException.Validation($"the Avro schema of {json.Length} bytes is longer than the limit of {ManifestLimits.MaxSchemaBytes}");
        }

        try
        {
            using var document = Json.Parse(json);
            var schema = new AvroSchema(fixedAsBytes: false);
            var type = schema.ParseRoot(document.RootElement);
            return (type, schema.hasFixed ? new AvroSchema(fixedAsBytes: true).ParseRoot(document.RootElement) : null);
        }
        catch (CatalogException exception) when (exception.Kind == ErrorKind.BadRequest)
        {
            throw new CatalogException(ErrorKind.Validation, $"malformed Avro schema: {exception.Message}", exception);
        }
    }

    private AvroType.Record ParseRoot(JsonElement schema) =>
        ParseType(schema, "") as AvroType.Record ?? throw CatalogException.Validation("the Avro schema is not a record");

    private AvroType ParseType(JsonElement schema, string space)
    {
        var type = schema.ValueKind switch
        {
            JsonValueKind.String => ParseName(schema.AsString("type"), null, space),
            JsonValueKind.Array => ParseUnion(schema, space),
            _ => ParseObject(schema.RequireObject("type"), space),
        };
        return type.Depth <= ManifestLimits.MaxSchemaDepth
            ? type
            : throw CatalogException.Validation($"the Avro schema nests deeper than the limit of {ManifestLimits.MaxSchemaDepth}");
    }

    private AvroType ParseObject(JsonElement schema, string space)
    {
        var type = schema.RequiredMember("type");
        if (type.ValueKind != JsonValueKind.String)
        {
            return ParseType(type, space);
        }

        return type.AsString("type") switch
        {
            "record" or "error" => ParseRecord(schema, space),
            "fixed" => Define(schema, space, static (reader, schema, _) => reader.ParseFixed(schema)),
            "enum" => Define(schema, space, static (_, _, _) => new AvroType.Enum()),
            "array" => ParseArray(schema, space),
            "map" => new AvroType.Map(ParseType(schema.RequiredMember("values"), space)),
            var name => ParseName(name, ParseLogical(schema), space),
        };
    }

    private AvroType ParseName(string name, AvroType.LogicalType? logical, string space) => name switch
    {
        "null" => new AvroType.Null(),
        "boolean" => new AvroType.Boolean(),
        "int" => new AvroType.Int(logical),
        "long" => new AvroType.Long(logical),
        "float" => new AvroType.Float(),
        "double" => new AvroType.Double(),
        "bytes" => new AvroType.Bytes(logical),
        "string" => new AvroType.String(logical),
        _ => Find(name, space),
    };

    private AvroType Find(string name, string space)
    {
        if (!named.TryGetValue(FullName(name, space), out var type) && !named.TryGetValue(name, out type))
        {
            throw CatalogException.Validation($"the Avro schema names an unknown type '{name}'");
        }

        // A type that is still being read holds itself, and data of such a type could nest without end.
        return type ?? throw CatalogException.Validation($"the type '{name}' of the Avro schema refers to itself");
    }

    private AvroType Define(JsonElement schema, string space, Func<AvroSchema, JsonElement, string, AvroType> read)
    {
        var name = FullName(schema.RequiredString("name"), schema.OptionalString("namespace") ?? space);
        if (!named.TryAdd(name, null))
        {
            throw CatalogException.Validation($"the Avro schema defines '{name}' twice");
        }

        var dot = name.LastIndexOf('.');
        var type = read(this, schema, dot < 0 ? "" : name[..dot]);
        named[name] = type;
        return type;
    }

    private AvroType ParseRecord(JsonElement schema, string space) => Define(schema, space, static (reader, schema, inner) =>
    {
        var name = schema.RequiredString("name");
        var ids = new HashSet<int>(IdComparer.Instance);
        AvroField[] fields = [.. schema.RequiredList("fields", field => reader.ParseField(field, inner))];
        return fields.FirstOrDefault(field => field.FieldId != AvroField.NoFieldId && !ids.Add(field.FieldId)) is { } twice
            ? throw CatalogException.Validation($"the record '{name}' of the Avro schema has two fields with id {twice.FieldId}")
            : new AvroType.Record(name, fields);
    });

    private AvroField ParseField(JsonElement field, string space)
    {
        var name = field.RequireObject("field").RequiredString("name");
        var id = field.OptionalInt32("field-id") ?? AvroField.NoFieldId;
        return new AvroField(name, Math.Max(id, AvroField.NoFieldId), ParseType(field.RequiredMember("type"), space));
    }

    private AvroType.Array ParseArray(JsonElement schema, string space)
    {
        var items = ParseType(schema.RequiredMember("items"), space);
        return items.IsEmpty
            ? throw CatalogException.Validation("the Avro schema has a list of items without bytes, which nothing bounds")
            : new AvroType.Array(items);
    }

    private AvroType.Union ParseUnion(JsonElement schema, string space)
    {
        var branches = new List<AvroType>();
        foreach (var branch in schema.EnumerateArray())
        {
            branches.Add(ParseType(branch, space));
        }

        return branches.Count == 0 || branches.Any(branch => branch is AvroType.Union)
            ? throw CatalogException.Validation("the Avro schema has a union that is empty or holds another union")
            : new AvroType.Union([.. branches]);
    }

    private AvroType ParseFixed(JsonElement schema)
    {
        var (size, logical) = (schema.RequiredInt32("size"), ParseLogical(schema));
        if (size < 0)
        {
            throw CatalogException.Validation("the Avro schema has a fixed type of negative size");
        }

        hasFixed |= logical is null;
        return fixedAsBytes && logical is null ? new AvroType.Bytes(null) : new AvroType.Fixed(size, logical);
    }

    private static AvroType.LogicalType? ParseLogical(JsonElement schema) => schema.OptionalString("logicalType") is { } name
        ? new(name, schema.OptionalInt32("precision") ?? 0, schema.OptionalInt32("scale") ?? 0, schema.OptionalBoolean("adjust-to-utc") ?? false)
        : null;

    private static string FullName(string name, string space) => name.Contains('.', StringComparison.Ordinal) || space.Length == 0 ? name : $"{space}.{name}";
}
