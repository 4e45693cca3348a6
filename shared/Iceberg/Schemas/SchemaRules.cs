namespace Frazil.Iceberg;

/// <summary>What the specification asks of a schema that somebody adds to a table.</summary>
internal static class SchemaRules
{
    /// <summary>The first format version with column defaults.</summary>
    private const int DefaultsFormatVersion = 3;

    /// <summary>How many mistakes of one schema a message lists.</summary>
    private const int MaxProblems = 20;

    /// <summary>Ids and names are unique, identifier fields fit, and the format version has the types and defaults.</summary>
    /// <exception cref="CatalogException">400 when not.</exception>
    public static void Check(Schema schema, int formatVersion)
    {
        schema.ReadFully();
        CheckProblems(schema, formatVersion);
        CheckIdentifiers(schema);
    }

    /// <summary>The same but for the format version, which is not asked for when a table is opened.</summary>
    /// <exception cref="CatalogException">400 when not.</exception>
    public static void CheckReadable(Schema schema)
    {
        schema.ReadFully();
        CheckProblems(schema, TableMetadata.MaxFormatVersion);
        CheckIdentifiers(schema);
    }

    private static void CheckIdentifiers(Schema schema)
    {
        foreach (var id in schema.IdentifierFieldIds.Distinct(IdComparer.Instance))
        {
            CheckIdentifier(schema, id);
        }
    }

    private static void CheckProblems(Schema schema, int formatVersion)
    {
        var problems = schema.AllFields().SelectMany(field => ProblemsOf(field, schema, formatVersion)).Take(MaxProblems).ToList();
        if (problems.Count > 0)
        {
            throw CatalogException.Validation($"Invalid schema for v{formatVersion}:\n- {string.Join("\n- ", problems)}");
        }
    }

    private static IEnumerable<string> ProblemsOf(NestedField field, Schema schema, int formatVersion)
    {
        if (field.Type is PrimitiveType primitive && primitive.MinFormatVersion > formatVersion)
        {
            yield return $"Invalid type for {schema.FullNameOf(field.Id)}: {primitive} is not supported until v{primitive.MinFormatVersion}";
        }

        if (field.Required && field.Type is PrimitiveType { Kind: PrimitiveKind.Unknown })
        {
            yield return $"Invalid type for {schema.FullNameOf(field.Id)}: a field of type unknown must be optional";
        }

        if (!field.InitialDefault.IsEmpty && formatVersion < DefaultsFormatVersion)
        {
            yield return $"Invalid initial default for {schema.FullNameOf(field.Id)}: "
                + $"non-null default ({field.InitialDefault}) is not supported until v{DefaultsFormatVersion}";
        }

        (string, RawJson)[] defaults = [("initial", field.InitialDefault), ("write", field.WriteDefault)];
        foreach (var (what, value) in defaults)
        {
            if (!value.IsEmpty && !IsDefaultOf(field.Type, value))
            {
                yield return $"Invalid {what} default for {schema.FullNameOf(field.Id)}: {value} is no value of type {field.Type}";
            }
        }
    }

    private static bool IsDefaultOf(IcebergType type, RawJson value)
    {
        using var document = Json.Parse(value.Utf8);
        return SingleValue.IsOf(type, document.RootElement);
    }

    private static void CheckIdentifier(Schema schema, int id)
    {
        var field = schema.Find(id)
            ?? throw CatalogException.Validation($"Cannot add fieldId {id} as an identifier field: field does not exist");
        if (!field.Required)
        {
            throw NotIdentifier(schema, id, "not a required field");
        }

        if (field.Type is not PrimitiveType { Kind: not PrimitiveKind.Variant } primitive)
        {
            throw NotIdentifier(schema, id, "not a primitive type field");
        }

        if (primitive.Kind is PrimitiveKind.Float or PrimitiveKind.Double)
        {
            throw NotIdentifier(schema, id, "must not be float or double field");
        }

        for (var parent = schema.ParentOf(id); parent is not null; parent = schema.ParentOf(parent.Id))
        {
            if (parent.Type is not StructType)
            {
                throw NotIdentifier(schema, id, $"must not be nested in {parent}");
            }

            if (!parent.Required)
            {
                throw NotIdentifier(schema, id, $"must not be nested in an optional field {parent}");
            }
        }
    }

    private static CatalogException NotIdentifier(Schema schema, int id, string reason) =>
        CatalogException.Validation($"Cannot add field {schema.FullNameOf(id)} as an identifier field: {reason}");
}
